//! Servers are shared by processes, answer, and end when nobody uses them any more, crash or not.
//!
//! What the environment tells, or what ends with a process, is tried in processes of their own: this binary with
//! nothing but the test `child`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use session_conformance::servers::{
    MariaDb, Memcached, MySql, Postgres, Redis, RedisCluster, RedisSentinel, ServerError,
};
use tempfile::TempDir;
use tokio::runtime::Builder;

/// Longer than any server takes to end.
const LIMIT: Duration = Duration::from_secs(60);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Sends `question` to each address in the URL, and gives what all of them answer until they hang up.
fn ask(url: &str, question: &str) -> Vec<String> {
    let (_, address) = url.split_once("://").unwrap();
    let (_, addresses) = address.rsplit_once('@').unwrap_or(("", address));
    let addresses = addresses.split('/').next().unwrap();
    addresses.split(',').map(|address| ask_one(address, question).unwrap()).collect()
}

fn ask_one(address: &str, question: &str) -> std::io::Result<String> {
    let mut server = TcpStream::connect(address)?;
    server.set_read_timeout(Some(LIMIT))?;
    server.write_all(question.as_bytes())?;
    server.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    server.read_to_string(&mut answer)?;
    Ok(answer)
}

fn password(url: &str) -> &str {
    let (user, _) = url.split_once("://").unwrap().1.rsplit_once('@').unwrap();
    user.split_once(':').unwrap().1
}

#[test]
fn redis_keeps_what_it_is_given_and_asks_for_the_password() {
    let server = block_on(Redis::start()).unwrap();
    let url = server.url();
    assert!(url.starts_with("redis://"), "{url}");
    let key = format!("servers-{}", process::id());
    let answers = ask(url, &format!("AUTH {}\r\nSET {key} kept EX 60\r\nGET {key}\r\n", password(url)));
    assert!(answers[0].contains("$4\r\nkept"), "{answers:?}");
    let answers = ask(url, &format!("GET {key}\r\n"));
    assert!(answers[0].starts_with("-NOAUTH"), "{answers:?}");
}

#[test]
fn a_cluster_has_three_masters_with_a_replica_each() {
    let server = block_on(RedisCluster::start()).unwrap();
    let answers = ask(server.url(), &format!("AUTH {}\r\nINFO replication\r\n", password(server.url())));
    assert_eq!(answers.len(), 6);
    assert_eq!(answers.iter().filter(|answer| answer.contains("role:master")).count(), 3, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.contains("master_link_status:up")).count(), 3, "{answers:?}");
}

#[test]
fn three_sentinels_agree_on_a_master_with_two_replicas() {
    let server = block_on(RedisSentinel::start()).unwrap();
    let answers = ask(server.url(), "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster\r\n");
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let port = answers[0].lines().nth(4).unwrap();
    let login = format!("AUTH {}\r\n", password(server.url()));
    let master = ask_one(&format!("127.0.0.1:{port}"), &format!("{login}INFO replication\r\n")).unwrap();
    assert!(master.contains("role:master") && master.contains("connected_slaves:2"), "{master}");
}

#[test]
fn memcached_keeps_what_it_is_given() {
    let server = block_on(Memcached::start()).unwrap();
    let key = format!("servers-{}", process::id());
    let answers = ask(server.url(), &format!("set {key} 0 60 4\r\nkept\r\nget {key}\r\n"));
    assert!(answers[0].starts_with("STORED") && answers[0].contains("kept"), "{answers:?}");
}

#[test]
fn databases_start_and_have_a_password_each() {
    let postgres = block_on(Postgres::start()).unwrap();
    assert!(postgres.url().starts_with("postgres://"), "{}", postgres.url());
    let mariadb = block_on(MariaDb::start()).unwrap();
    assert!(mariadb.url().starts_with("mysql://"), "{}", mariadb.url());
    assert_ne!(password(postgres.url()), password(mariadb.url()));
}

#[test]
fn mysql_starts_or_says_how_to_get_one() {
    match block_on(MySql::start()) {
        Ok(server) => assert!(server.url().starts_with("mysql://"), "{}", server.url()),
        Err(error) => names_the_ways(&error, "MYSQL", "mysql:8.4", "mysqld"),
    }
}

fn names_the_ways(error: &ServerError, variable: &str, image: &str, program: &str) {
    let text = error.to_string();
    for part in [&format!("SESSION_TEST_{variable}_URL"), image, program] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn debug_shows_no_password() {
    let server = block_on(Redis::start()).unwrap();
    assert!(!format!("{server:?}").contains(password(server.url())));
}

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

/// A command that runs `child`, which shares no server with the rest of this binary.
fn role(role: &str, folder: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("ROLE", role).env("TMPDIR", folder).env("SESSION_TEST_LINGER", "0").stdin(Stdio::null());
    command.env_remove("SESSION_TEST_MEMCACHED_URL");
    command
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

fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < end, "{what}: not within {LIMIT:?}");
        thread::yield_now();
    }
}

/// Waits until the server is gone, and all that it left on disk.
fn ends(url: &str, folder: &Path) {
    let address = url.strip_prefix("memcached://").unwrap();
    until("the server ends", || TcpStream::connect(address).is_err());
    until("its folder goes", || homes(folder) == 0);
}

fn homes(folder: &Path) -> usize {
    let entries = |path: &Path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let shared: Vec<_> =
        entries(folder).iter().flat_map(|user| entries(user)).flat_map(|version| entries(&version)).collect();
    shared.iter().flat_map(|kind| entries(kind)).filter(|path| path.is_dir()).count()
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
    until("a server is about to start", || {
        fs::read_dir(folder.path()).unwrap().count() > 0 && homes(folder.path()) > 0
    });
    user.kill().unwrap();
    user.wait().unwrap();
    until("its folder goes", || homes(folder.path()) == 0);
}

#[test]
fn processes_that_start_at_once_get_one_server() {
    let folder = folder();
    let users: Vec<_> = (0..6).map(|_| role("say", folder.path()).stdout(Stdio::piped()).spawn().unwrap()).collect();
    // One that stays, or the others might find it gone with the last of them.
    let outputs: Vec<_> = users.into_iter().map(|user| user.wait_with_output().unwrap()).collect();
    let urls: Vec<_> = outputs.iter().map(|output| said(output, "url ")).collect();
    ends(urls[0], folder.path());
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
