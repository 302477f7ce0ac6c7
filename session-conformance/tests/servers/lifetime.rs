//! Processes share a server, and it ends with the last of them.
//!
//! What the environment tells, or what ends with a process, is tried in processes of their own: this binary with
//! nothing but the test `child`.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Output, Stdio};
use std::{env, fs, process};

use session_conformance::servers::{MariaDb, Memcached};
use tempfile::TempDir;

use crate::ask::{ask, block_on, until};

/// Plays the user of a server in a process of its own. What it does is in `ROLE`.
#[test]
#[ignore = "a part of other tests, which run it in a process of its own"]
fn child() {
    let start = || block_on(Memcached::start());
    match env::var("ROLE").unwrap_or_default().as_str() {
        "say" => match start() {
            Ok(server) => println!("url {} end", server.url()),
            Err(error) => println!("error {error} end"),
        },
        "crash" => {
            let server = start().unwrap();
            println!("url {} end", server.url());
            process::abort();
        }
        "hold" => {
            let server = start().unwrap();
            println!("url {} end", server.url());
            let _ = std::io::stdin().read_to_string(&mut String::new());
        }
        "start a database" => drop(block_on(MariaDb::start())),
        "pause and crash" => {
            let server = block_on(Memcached::alone(&[])).unwrap();
            server.nodes()[0].pause().unwrap();
            println!("url {} end", server.url());
            process::abort();
        }
        "come and go" => {
            for _ in 0..30 {
                let server = start().unwrap();
                assert!(ask(server.url(), "version\r\n")[0].starts_with("VERSION"));
            }
            println!("done end");
        }
        role => panic!("ROLE is {role:?}"),
    }
}

/// As [`role`], with a server whose processes and files are this machine's own, not a container's.
fn role_by_program(name: &str, folder: &Path) -> Command {
    let mut command = role(name, folder);
    command.env("SESSION_TEST_SERVERS", "program");
    command
}

/// A command that runs `child`, which shares no server with the rest of this binary.
fn role(role: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "lifetime::child", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("ROLE", role).env("TMPDIR", folder).env("SESSION_TEST_LINGER", "0").stdin(Stdio::null());
    command.env_remove("SESSION_TEST_MEMCACHED_URL").env_remove("SESSION_TEST_MARIADB_URL");
    command
}

/// Reads the URL that a user says first of all.
fn url_of(user: &mut ChildStdout) -> String {
    let lines = BufReader::new(user).lines();
    let mut urls = lines.filter_map(|line| Some(line.unwrap().split_once("url ")?.1.split_once(" end")?.0.to_owned()));
    urls.next().expect("the user says a URL")
}

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    // For the user that the server runs as.
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    folder
}

fn said<'a>(output: &'a Output, what: &str) -> &'a str {
    let text = str::from_utf8(&output.stdout).unwrap();
    let line = text.split_once(what).unwrap_or_else(|| panic!("no {what:?} in {output:?}")).1;
    line.split_once(" end\n").unwrap_or_else(|| panic!("no end in {output:?}")).0
}

/// Waits until the server is gone, and all that it left on disk.
fn ends(url: &str, folder: &Path) {
    let address = url.strip_prefix("memcached://").unwrap();
    until("the server ends", || TcpStream::connect(address).is_err());
    until("its folder goes", || homes(folder) == 0);
}

/// Counts the folders of servers that run.
fn homes(folder: &Path) -> usize {
    let is_home = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("run-") && path.is_dir();
    entries(folder, 4).iter().filter(|path| is_home(path)).count()
}

/// Finds a file in the folders of servers.
fn find(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    entries(folder, 5).into_iter().find(|path| wanted(path))
}

/// Lists what is there down to this depth: of user, version, kind, home and so on. It may go while it is looked at.
fn entries(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let here: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    let below = if depth == 1 { Vec::new() } else { here.iter().flat_map(|path| entries(path, depth - 1)).collect() };
    [here, below].concat()
}

#[test]
fn a_server_ends_when_its_user_does() {
    let folder = folder();
    let output = role("say", folder.path()).output().unwrap();
    ends(said(&output, "url "), folder.path());
}

#[test]
fn a_server_ends_when_its_user_crashes() {
    let folder = folder();
    let output = role("crash", folder.path()).output().unwrap();
    assert!(!output.status.success());
    ends(said(&output, "url "), folder.path());
}

#[test]
fn a_server_ends_when_its_user_is_killed_while_it_starts() {
    let folder = folder();
    let mut user = role("say", folder.path()).stdout(Stdio::null()).spawn().unwrap();
    until("a server is about to start", || homes(folder.path()) > 0);
    user.kill().unwrap();
    user.wait().unwrap();
    until("its folder goes", || homes(folder.path()) == 0);
}

#[test]
fn a_database_that_loses_its_user_while_it_starts_leaves_nothing() {
    let folder = folder();
    let mut user = role_by_program("start a database", folder.path()).stdout(Stdio::null()).spawn().unwrap();
    let begun = || find(folder.path(), |path| path.ends_with("data")).is_some();
    until("the database makes its files", begun);
    user.kill().unwrap();
    user.wait().unwrap();
    until("its folder goes", || homes(folder.path()) == 0);
}

#[test]
fn processes_that_start_at_once_get_one_server() {
    let folder = folder();
    let hold = || role("hold", folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut users: Vec<_> = (0..6).map(|_| hold()).collect();
    // Each says its URL, and then waits for us, so that all have one at the same time.
    let urls: Vec<_> = users.iter_mut().map(|user| url_of(user.stdout.as_mut().unwrap())).collect();
    assert!(urls.iter().all(|url| *url == urls[0]), "{urls:?}");
    assert_eq!(homes(folder.path()), 1);
    for mut user in users {
        drop(user.stdin.take());
        assert!(user.wait().unwrap().success());
    }
    ends(&urls[0], folder.path());
}

#[test]
fn a_server_that_its_starter_stopped_and_left_is_ended_and_replaced() {
    let folder = folder();
    let mut starter =
        role_by_program("hold", folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let url = url_of(starter.stdout.as_mut().unwrap());
    let pid = find(folder.path(), |path| path.extension().is_some_and(|extension| extension == "pid")).unwrap();
    let pid = fs::read_to_string(pid).unwrap();
    assert!(Command::new("kill").args(["-STOP", pid.trim()]).status().unwrap().success());
    starter.kill().unwrap();
    starter.wait().unwrap();
    until("its folder goes", || homes(folder.path()) == 0);
    let output = role_by_program("say", folder.path()).output().unwrap();
    assert_ne!(said(&output, "url "), url);
}

#[test]
fn a_paused_server_of_a_test_that_crashes_leaves_nothing() {
    let folder = folder();
    let output = role("pause and crash", folder.path()).output().unwrap();
    ends(said(&output, "url "), folder.path());
}

#[test]
fn users_that_come_and_go_always_find_a_server_that_answers() {
    let folder = folder();
    let users: Vec<_> =
        (0..3).map(|_| role("come and go", folder.path()).stdout(Stdio::piped()).spawn().unwrap()).collect();
    for user in users {
        let output = user.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        said(&output, "done");
    }
    until("the folder of the last one goes", || homes(folder.path()) == 0);
}

#[test]
fn a_url_in_the_environment_is_taken_as_it_is() {
    let folder = folder();
    let output =
        role("say", folder.path()).env("SESSION_TEST_MEMCACHED_URL", "memcached://example:1").output().unwrap();
    assert_eq!(said(&output, "url "), "memcached://example:1");
}

#[test]
fn without_any_way_the_error_names_all_three() {
    let folder = folder();
    let output = role("say", folder.path())
        .envs([("SESSION_TEST_SERVERS", "docker"), ("DOCKER_HOST", "unix:///nowhere/docker.sock")])
        .output()
        .unwrap();
    let error = said(&output, "error ");
    for part in ["SESSION_TEST_MEMCACHED_URL", "Docker, for the image memcached:1.6", "install memcached"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
}

#[test]
fn a_way_that_there_is_not_is_refused() {
    let folder = folder();
    let output = role("say", folder.path()).env("SESSION_TEST_SERVERS", "podman").output().unwrap();
    assert!(said(&output, "error ").contains("can be docker or program"), "{output:?}");
}

#[test]
fn a_folder_of_programs_is_run_within_by_itself() {
    let folder = folder();
    let mut user = role_by_program("hold", folder.path());
    let mut user = user.env("SESSION_TEST_ROOT", "/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let url = url_of(user.stdout.as_mut().unwrap());
    let pid = find(folder.path(), |path| path.extension().is_some_and(|extension| extension == "pid")).unwrap();
    let pid = fs::read_to_string(pid).unwrap();
    let mounts = |process: &str| fs::read_link(format!("/proc/{}/ns/mnt", process.trim())).unwrap();
    assert_ne!(mounts(&pid), mounts("self"), "its mounts are this machine's");
    drop(user.stdin.take());
    assert!(user.wait().unwrap().success());
    ends(&url, folder.path());
}

#[test]
fn a_folder_without_the_program_is_told_and_so_is_one_that_is_not_there() {
    let (folder, empty) = (folder(), TempDir::new().unwrap());
    for (root, told) in [(empty.path().to_owned(), "where packages put it in"), (empty.path().join("none"), "No such")]
    {
        let mut command = role("say", folder.path());
        let output = command.env_remove("SESSION_TEST_SERVERS").env("SESSION_TEST_ROOT", &root).output().unwrap();
        let error = said(&output, "error ");
        assert!(error.contains(told) && error.contains(&*root.to_string_lossy()), "{error}");
        assert!(error.contains("SESSION_TEST_ROOT"), "{error}");
    }
}
