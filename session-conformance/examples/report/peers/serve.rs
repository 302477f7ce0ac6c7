//! Runs the HTTP suite on peers, and on this project's own server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use session_conformance::http::{Capability, Clause, run};
use session_conformance::{Failure, Outcome as Came};

use super::line::{Kind, Line, Outcome};
use super::notes::Notes;
use crate::suites::Error;

/// How a peer says that it has not got something: see `session-conformance/peers/http/peer`.
const LEFT_OUT: &str = "left out: ";

/// How many clauses run at once: they wait more than they work.
const AT_ONCE: usize = 6;

/// How many of the last steps of a failure are kept.
const STEPS: usize = 8;

/// This project, as it is named beside the peers.
pub(crate) const OURS: &str = "ours";

/// Who is asked, with their language: this project, and those that `session-conformance/peers/http/peer` knows.
pub(crate) const PEERS: [(&str, &str); 11] = [
    (OURS, "Rust"),
    ("tower-sessions", "Rust"),
    ("axum_session", "Rust"),
    ("actix-session", "Rust"),
    ("poem", "Rust"),
    ("salvo", "Rust"),
    ("django", "Python"),
    ("flask-session", "Python"),
    ("express-session", "JavaScript"),
    ("fastify-session", "JavaScript"),
    ("rack", "Ruby"),
];

/// A peer that is there.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    language: &'static str,
    /// With its version.
    pub(crate) title: String,
    program: PathBuf,
}

impl Peer {
    /// Gets a peer, or says what is missing. `folder` is that of the peers.
    pub(crate) fn get(folder: &Path, name: &'static str, language: &'static str) -> Result<Self, Error> {
        let (title, program) = if name == OURS {
            (format!("session-core {} on axum", env!("CARGO_PKG_VERSION")), ours(folder)?)
        } else {
            let program = folder.join("http/peer");
            told(&program, name, "get")?;
            (told(&program, name, "version")?, program)
        };
        Ok(Self { name, language, title, program })
    }

    fn without(&self) -> &'static [Capability] {
        if self.name == OURS { &[] } else { &[Capability::OWNER, Capability::DBSC, Capability::LIVE] }
    }
}

/// Asks a peer's script for something, and gives what it told, or what it is missing.
fn told(program: &Path, name: &str, what: &str) -> Result<String, Error> {
    let output = Command::new(program).args([name, what]).stdin(Stdio::null()).output()?;
    let [told, complaint] = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).trim().to_owned());
    if output.status.success() { Ok(told) } else { Err(complaint.into()) }
}

/// Builds this project's example for axum, with the gate's flags, so that nothing is built twice.
fn ours(folder: &Path) -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo)
        .current_dir(folder.join("../.."))
        // Beside an example, whose dependencies bring the features that tests are built with.
        .args(["build", "-q", "--workspace", "--all-features", "--example", "report", "--bin", "example-axum"])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()?;
    let program = String::from_utf8(build.stdout)?.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == "example-axum" && message["executable"].is_string();
        is_it.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    program.filter(|_| build.status.success()).ok_or_else(|| "the example for axum cannot be built".into())
}

/// Runs these clauses on a peer, some at once, and gives their lines in that order.
pub(crate) fn lines(peer: &Peer, clauses: &[Clause], notes: &Notes, root: &str) -> Vec<Line> {
    let (next, lines) = (AtomicUsize::new(0), Mutex::new(vec![None; clauses.len()]));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&clause) = clauses.get(index) else { break };
                    let line = line(peer, clause, notes, root);
                    lines.lock().expect("nobody panics with it")[index] = Some(line);
                }
            });
        }
    });
    lines.into_inner().expect("nobody panics with it").into_iter().flatten().collect()
}

fn line(peer: &Peer, clause: Clause, notes: &Notes, root: &str) -> Line {
    let (name, program) = (peer.name, peer.program.clone());
    let command = move || {
        let mut command = Command::new(&program);
        if name != OURS {
            command.arg(name);
        }
        command
    };
    let (outcome, text) = match run(command, clause, peer.without()) {
        Came::Passed => (Outcome::Passed, String::new()),
        Came::NotApplicable(_) => (Outcome::LeftOut, lacks(clause).to_owned()),
        Came::Failed(failure) => judged(peer, notes, failure),
        other => (Outcome::Failed, format!("{other:?}")),
    };
    let (peer, language) = (peer.title.clone(), peer.language.to_owned());
    let clause = clause.id().to_owned();
    Line { kind: Kind::Http, peer, language, clause, outcome, text: text.replace(root, "…") }
}

/// Says what kind of failure it is, and why.
fn judged(peer: &Peer, notes: &Notes, mut failure: Failure<Clause>) -> (Outcome, String) {
    let last = failure.done.last().map_or("", String::as_str);
    if let Some((_, reason)) = failure.came.split_once(LEFT_OUT).or_else(|| last.split_once(LEFT_OUT)) {
        let reason = reason.split(['"', '\n']).next().unwrap_or(reason);
        return (Outcome::LeftOut, reason.to_owned());
    }
    let noted = if peer.name == OURS { None } else { notes.on(peer.name, &failure) };
    let steps = failure.done.len();
    if steps > STEPS {
        failure.done.drain(..steps - STEPS);
        failure.done.insert(0, format!("… after {} others", steps - STEPS));
    }
    match noted {
        Some((outcome, why)) => (outcome, format!("{why}\n\n{failure}").trim().to_owned()),
        None => (Outcome::Failed, failure.to_string().trim().to_owned()),
    }
}

/// Says what no peer has that a clause is about.
fn lacks(clause: Clause) -> &'static str {
    match clause.group().capability() {
        Some(Capability::OWNER) => "it knows no list of a user's sessions",
        Some(Capability::DBSC) => "it binds no session to a device",
        Some(Capability::LIVE) => "it tells nobody of the end of a session: what streams would have to look by itself",
        _ => "it has no such thing",
    }
}
