//! Other people's session libraries under the suites: see `session-conformance/peers`.

mod line; // what one clause came to
mod markdown; // the table as Markdown
mod notes; // choices, and what is ours alone
mod page; // the table in colours
mod serve; // runs the HTTP suite
mod stores; // asks the suite of stores
mod table; // clauses by peers

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use line::{Kind, Line, Outcome};
use notes::Notes;
use serve::{PEERS, Peer};
use session_conformance::http::{CLAUSES, Clause, Group};
use table::Table;

use crate::options::Peers;
use crate::suites::Error;

/// The smoke's peers: they cost no build.
const SMOKE: [&str; 2] = ["flask-session", "express-session"];

/// What the smoke leaves out: races, which may come out otherwise another time.
const RACES: [Clause; 3] = [Clause::SAVE_1, Clause::SAVE_2, Clause::LOGIN_2];

/// What the stores are called where peers are named.
const STORES: &str = "stores";

/// The exit code that says that something is missing.
const MISSING: u8 = 3;

/// Does what is asked for, and gives the exit code.
pub(crate) fn told(which: &Peers) -> Result<ExitCode, Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let notes = Notes::read(&folder)?;
    match which {
        Peers::Asked { names, lines } => asked(&folder, &notes, names, lines.as_deref()),
        Peers::Smoke => smoke(&folder, &notes),
    }
}

/// Gives the repository's folder as failures may show it.
fn root(folder: &Path) -> Result<String, Error> {
    Ok(folder.join("../..").canonicalize()?.display().to_string())
}

/// Asks these peers, and whether the stores are to be asked, too; what the table has of others stays where it is.
fn asked(folder: &Path, notes: &Notes, names: &[String], lines: Option<&Path>) -> Result<ExitCode, Error> {
    let is_known = |name: &&String| *name == STORES || PEERS.iter().any(|(known, _)| known == name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        return Err(format!("{name:?} is no peer: {:?}, or {STORES:?}", PEERS.map(|it| it.0)).into());
    }
    let is_asked = |name: &str| names.is_empty() || names.iter().any(|it| it == name);
    let kept = folder.join("table/table.json");
    let mut table = if names.is_empty() { Table::new(today()?) } else { Table::read(&kept, today()?)? };
    for (name, language) in PEERS.into_iter().filter(|(name, _)| is_asked(name)) {
        match Peer::get(folder, name, language) {
            Ok(peer) => {
                eprintln!("{} …", peer.title);
                let lines = serve::lines(&peer, CLAUSES, notes, &root(folder)?);
                complain(&peer, &lines, notes);
                table.replace(name, lines);
            }
            Err(why) => {
                eprintln!("{name}: {why}");
                table.misses(name, why.to_string());
            }
        }
    }
    if is_asked(STORES) {
        eprintln!("stores …");
        match stores::lines(folder, lines) {
            Ok(lines) => table.replace(STORES, lines),
            Err(why) => {
                eprintln!("stores: {why}");
                table.misses(STORES, why.to_string());
            }
        }
    }
    write(&table, &folder.join("table"))?;
    for kind in Kind::ALL {
        for column in table.columns(kind) {
            let counts = Outcome::ALL.map(|outcome| format!("{} {}", column.count(outcome), outcome.name()));
            println!("{}: {}", column.peer, counts.join(", "));
        }
    }
    let fails = |line: &&Line| line.outcome == Outcome::Failed && line.peer.starts_with("session-");
    let failing: Vec<_> = table.lines.iter().filter(fails).collect();
    failing.iter().for_each(|line| eprintln!("{}\n{}", line.peer, line.text));
    Ok(if failing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs what costs little, and compares it with the table that is kept.
fn smoke(folder: &Path, notes: &Notes) -> Result<ExitCode, Error> {
    let kept = kept(&folder.join("table/table.json"))?;
    let groups = [Group::COOKIE, Group::ID, Group::LOGIN, Group::TIME, Group::SAVE, Group::STORE];
    let clauses: Vec<_> =
        CLAUSES.iter().copied().filter(|it| groups.contains(&it.group()) && !RACES.contains(it)).collect();
    let mut differ = 0;
    for (name, language) in PEERS.into_iter().filter(|(name, _)| SMOKE.contains(name)) {
        let peer = match Peer::get(folder, name, language) {
            Ok(peer) => peer,
            Err(why) => {
                eprintln!("{why}");
                return Ok(ExitCode::from(MISSING));
            }
        };
        let mut passed = 0;
        for line in serve::lines(&peer, &clauses, notes, &root(folder)?) {
            passed += usize::from(line.outcome == Outcome::Passed);
            let before = kept.get(&(line.peer.clone(), line.clause.clone()));
            if before.map(String::as_str) != Some(line.outcome.name()) {
                differ += 1;
                let before = before.map_or("nothing", String::as_str);
                println!(
                    "{} {}: {}, and the table has {before}\n{}",
                    line.peer,
                    line.clause,
                    line.outcome.name(),
                    line.text
                );
            }
        }
        println!("{}: {passed} of {} clauses kept", peer.title, clauses.len());
    }
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Gives what the table says of each peer and clause.
fn kept(path: &Path) -> Result<BTreeMap<(String, String), String>, Error> {
    let lines = Table::read(path, String::new())?.lines.into_iter().filter(|line| line.kind == Kind::Http);
    Ok(lines.map(|line| ((line.peer, line.clause), line.outcome.name().to_owned())).collect())
}

/// Says which choices are noted of clauses that the peer keeps.
fn complain(peer: &Peer, lines: &[Line], notes: &Notes) {
    let is_choice = |clause: &str| lines.iter().any(|it| it.clause == clause && it.outcome == Outcome::Choice);
    for clause in notes.choices(peer.name).filter(|clause| !is_choice(clause)) {
        eprintln!("notes.json has a choice of {} for {clause}, which does not fail", peer.name);
    }
}

/// Writes all its pages, and removes those of peers that it does not have.
fn write(table: &Table, folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder)?;
    let mut pages: BTreeMap<PathBuf, String> = BTreeMap::new();
    pages.insert("TABLE.md".into(), markdown::page(table));
    pages.insert("table.html".into(), page::page(table));
    pages.insert("table.json".into(), format!("{:#}\n", table.json()));
    for kind in Kind::ALL {
        for column in table.columns(kind) {
            pages.insert(format!("{}.md", column.slug()).into(), markdown::behind(kind, &column));
        }
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| !pages.contains_key(Path::new(name))) {
            fs::remove_file(path)?;
        }
    }
    pages.into_iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))?;
    Ok(())
}

fn today() -> Result<String, Error> {
    let date = Command::new("date").args(["-u", "+%F"]).output()?;
    Ok(String::from_utf8(date.stdout)?.trim().to_owned())
}
