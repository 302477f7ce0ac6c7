//! What the program tells: every store, by what it says of a few clauses.

use std::process::{Command, Output};

use serde_json::Value;

fn told(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stores")).args(arguments).output().unwrap()
}

fn lines(arguments: &[&str]) -> Vec<Value> {
    let output = told(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_store_can_be_had_and_keeps_what_it_is_given() {
    let clauses = ["CAP-1", "REC-1", "REC-2", "REC-5", "PUT-5", "DEL-1"];
    let lines = lines(&["--clauses", &clauses.join(",")]);
    let mut peers: Vec<_> = lines.iter().map(|line| line["peer"].as_str().unwrap()).collect();
    peers.dedup();
    assert!(peers.len() >= 14, "{peers:?}");
    assert_eq!(lines.len(), peers.len() * clauses.len());
    for line in &lines {
        assert_eq!((line["kind"].as_str(), line["language"].as_str()), (Some("store"), Some("Rust")), "{line}");
        assert_eq!((line["outcome"].as_str(), line["text"].as_str()), (Some("passed"), Some("")), "{line}");
    }
    let versions = peers.iter().filter(|peer| peer.split(' ').nth(1).is_some_and(|it| it.split('.').count() == 3));
    assert_eq!(versions.count(), peers.len(), "{peers:?}");
}

#[test]
fn a_failure_is_told_with_its_text_and_as_what_it_is() {
    let came = |only, clause| {
        let lines = lines(&["--only", only, "--clauses", clause]);
        let [line] = &lines[..] else { panic!("{lines:?}") };
        (line["outcome"].as_str().unwrap().to_owned(), line["text"].as_str().unwrap().to_owned())
    };
    // Where the peer has no call for it.
    let (outcome, text) = came("axum-sqlite", "PUT-8");
    assert!(outcome == "ours_only" && text.contains("one call to store") && text.contains("PUT-8 is broken"), "{text}");
    // Where it has one.
    let (outcome, text) = came("tower-postgres", "PUT-8");
    assert!(outcome == "failed" && text.starts_with("PUT-8 is broken"), "{outcome} {text}");
    // An error is the peer's own, also where it could not have kept the clause.
    let (outcome, text) = came("tower-redis", "PUT-16");
    assert!(outcome == "failed" && text.contains("works"), "{outcome} {text}");
    // What a store does without, and what cannot be checked.
    let (outcome, text) = came("async-memory", "OWN-1");
    assert!(outcome == "left_out" && text.contains("owners"), "{outcome} {text}");
    let (outcome, text) = came("ours-ets", "VER-1");
    assert!(outcome == "left_out" && !text.is_empty(), "{outcome} {text}");
}

#[test]
fn what_is_misspelt_is_refused() {
    for arguments in [["--only", "tower-memori"], ["--clauses", "PUT-99"]] {
        let output = told(&arguments);
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(String::from_utf8_lossy(&output.stderr).contains(arguments[1]));
    }
}
