//! The third way: the server's own program, on free ports of the loopback interface.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use session_core::Version;

use super::home::Site;
use super::kind::{Kind, Place};
use super::launch::{Launch, lacks};
use super::root::Root;

/// Where packages put what they do not put on `PATH`.
const USUAL_PLACES: &[&str] =
    &["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin", "/usr/local/mysql/bin"];

/// Folders with a folder for each version.
const VERSIONED_PLACES: &[&str] = &["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];

/// A port that was free a moment ago may be taken by now.
const ATTEMPTS: usize = 3;

/// Starts the server, and gives where it is.
pub(super) fn start(
    kind: &Kind,
    site: impl Fn() -> io::Result<Site>,
    arguments: &[String],
) -> Result<(Launch, Place), String> {
    let root = Root::read()?;
    let places = places(&root);
    let seen = env::join_paths(places.iter().map(|place| root.join(place))).unwrap_or_default();
    for names in kind.programs {
        let mut found = names.iter().filter_map(|name| which::which_in_global(name, Some(&seen)).ok()?.next());
        found.next().ok_or_else(|| {
            let within = root.folder().map(|folder| format!(" in {}", folder.display())).unwrap_or_default();
            format!("{} is neither on PATH nor where packages put it{within}", names.join(" or "))
        })?;
    }
    let mut needed = vec!["flock"];
    match root.folder() {
        Some(_) => needed.extend(["unshare", "mount", "chroot"]),
        None if rustix::process::getuid().is_root() => needed.push("setpriv"),
        None => {}
    }
    if let Some(lack) = needed.into_iter().find_map(lacks) {
        return Err(lack);
    }
    let path = env::join_paths(places).unwrap_or_default();
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        let started =
            new_place(kind).and_then(|place| Ok((run(kind, &root, &site()?, &place, &path, arguments)?, place)));
        let (mut launch, place) = started.map_err(|error| error.to_string())?;
        match launch.wait(kind, &place) {
            Ok(()) => return Ok((launch, place)),
            Err(reason) => last = reason,
        }
    }
    Err(last)
}

fn run(
    kind: &Kind,
    root: &Root,
    site: &Site,
    place: &Place,
    path: &OsString,
    arguments: &[String],
) -> io::Result<Launch> {
    let ports = spaced(&place.ports);
    let path = path.to_string_lossy();
    let environment = [("PATH", &*path), ("PORTS", &*ports), ("BIND", "127.0.0.1"), ("PASSWORD", &*place.password)];
    Launch::start(site, root.folder(), kind.user, kind.script, &environment, arguments)
}

/// Gives `PATH`, this machine's own for its own programs, and the usual places, the newest version first.
fn places(root: &Root) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = match root.folder() {
        Some(_) => vec![PathBuf::from("/usr/bin")],
        None => env::var_os("PATH").iter().flat_map(env::split_paths).collect(),
    };
    places.extend(USUAL_PLACES.iter().map(PathBuf::from));
    for folder in VERSIONED_PLACES {
        let found = fs::read_dir(root.join(Path::new(folder))).into_iter().flatten().flatten();
        let mut versions: Vec<_> = found.map(|entry| entry.file_name()).collect();
        versions.sort_by_key(|version| version.to_str().and_then(|version| version.parse::<u32>().ok()));
        places.extend(versions.into_iter().rev().map(|version| Path::new(folder).join(version).join("bin")));
    }
    places
}

/// Gives free ports, and a password that nobody has seen.
pub(super) fn new_place(kind: &Kind) -> io::Result<Place> {
    let ports = free_ports(kind.ports)?;
    let half = || Version::random().map(|half| half.as_u64()).map_err(io::Error::other);
    Ok(Place { ports, password: format!("{:016x}{:016x}", half()?, half()?) })
}

/// Writes ports as the scripts take them.
pub(super) fn spaced(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" ")
}

/// A node of a Redis Cluster listens on a second port, 10,000 higher, so that one has to be free, too.
fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    let mut held = Vec::new();
    let mut ports = Vec::new();
    while ports.len() < count {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        held.push(listener);
        if let Some(bus) = port.checked_add(10_000).filter(|_| count > 1) {
            let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, bus)) else { continue };
            held.push(listener);
        } else if count > 1 {
            continue;
        }
        ports.push(port);
    }
    Ok(ports)
}
