//! Somebody outside this workspace, who depends on this crate alone and copies the lines that its documentation
//! begins with, gets a suite that passes a right store and fails a wrong one where it is wrong.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use session_conformance::CLAUSES;

/// The documentation of the crate.
const README: &str = include_str!("../README.md");

/// What breaks when a `Replace` creates and a touch shortens.
const BROKEN: [&str; 9] = ["CON-1", "DEL-3", "MOD-1", "OWN-3", "PUT-14", "PUT-5", "PUT-6", "REC-9", "TCH-2"];

#[test]
fn a_right_store_from_outside_passes_under_both_runners() {
    let outside = Outside::new("right", "Right");
    let tested = outside.cargo(&["test"]);
    assert!(tested.output.status.success(), "{}", tested.text);
    assert!(tested.text.contains(&format!("{} passed; 0 failed; 0 ignored", CLAUSES.len())), "{}", tested.text);
    let tested = outside.nextest();
    assert!(tested.output.status.success(), "{}", tested.text);
    assert!(tested.text.contains(&format!("{0} tests run: {0} passed, 0 skipped", CLAUSES.len())), "{}", tested.text);
}

#[test]
fn a_wrong_store_from_outside_fails_exactly_the_clauses_it_breaks_under_both_runners() {
    let outside = Outside::new("wrong", "Wrong");
    for tested in [outside.cargo(&["test"]), outside.nextest()] {
        assert!(!tested.output.status.success(), "{}", tested.text);
        let failed: Vec<_> = tested.failed().into_iter().collect();
        assert_eq!(failed, BROKEN, "{}", tested.text);
        // The failure itself is shown, too, not its name alone.
        assert!(
            tested.text.contains("PUT-6 is broken: `Replace` of a key that never was is `Gone`"),
            "{}",
            tested.text
        );
    }
}

#[test]
fn the_documentation_begins_with_the_lines_that_are_tested() {
    let (before, _) = README.split_once("```rust\n").expect("a block of code");
    assert!(before.lines().count() <= 5 && !before.contains('#'), "{before}");
    let lines = lines_of_the_docs().lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 20, "{lines} lines");
}

/// A crate of its own, with one file of tests.
struct Outside {
    folder: PathBuf,
}

impl Outside {
    /// Makes the crate, always in the same place, and writes only what has changed: so nothing is compiled twice.
    fn new(name: &str, habit: &str) -> Self {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside").join(name);
        fs::create_dir_all(folder.join("src")).expect("a folder");
        fs::create_dir_all(folder.join("tests/store")).expect("a folder");
        let path = ours.to_str().expect("a path in UTF-8").replace('\\', "/");
        // Two crates of one name would take each other's place in the folder that they are compiled to.
        let manifest = include_str!("outside/Cargo.toml.txt").replace("<name>", name);
        let manifest = manifest.replace("<session-conformance>", &path);
        let connect = format!(
            "mod store;\nfn connect(prefix: &str) -> Arc<dyn SessionStore> {{ store::connect(prefix, store::Habit::{habit}) }}"
        );
        let files = [
            ("Cargo.toml", manifest),
            ("src/lib.rs", String::new()),
            ("tests/conformance.rs", format!("{}\n{connect}\n", lines_of_the_docs())),
            ("tests/store/mod.rs", include_str!("outside/store.rs").to_owned()),
            ("tests/store/memory.rs", include_str!("support/memory.rs").to_owned()),
        ];
        for (file, text) in files {
            let file = folder.join(file);
            if fs::read_to_string(&file).ok().as_ref() != Some(&text) {
                fs::write(file, text).expect("the file is written");
            }
        }
        // With the versions that are at hand, nothing needs the network.
        let lock = ours.join("../Cargo.lock");
        if lock.exists() {
            fs::copy(lock, folder.join("Cargo.lock")).expect("the lock file is copied");
        }
        Self { folder }
    }

    /// Runs cargo there, in the folder that this crate itself was compiled to.
    fn cargo(&self, arguments: &[&str]) -> Tested {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder above");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(arguments).args(["--offline", "--no-fail-fast", "--color", "never", "--target-dir"]).arg(target);
        for (name, _) in std::env::vars_os() {
            // What the runner of this test tells it is not for the one inside.
            if name.to_string_lossy().starts_with("NEXTEST") {
                cargo.env_remove(name);
            }
        }
        let output = cargo.current_dir(&self.folder).output().expect("cargo runs");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Tested { output, text }
    }

    fn nextest(&self) -> Tested {
        let tested = self.cargo(&["nextest", "run"]);
        let missing = tested.text.contains("no such command: `nextest`");
        assert!(!missing, "this test needs cargo-nextest: cargo install cargo-nextest --locked");
        tested
    }
}

struct Tested {
    output: Output,
    text: String,
}

impl Tested {
    /// Gives the ids of the clauses that failed, by the lines in which either runner says so.
    fn failed(&self) -> BTreeSet<String> {
        let failed = self.text.lines().filter_map(|line| {
            let line = line.trim();
            match line.strip_prefix("FAIL [") {
                Some(line) => line.split_whitespace().last(),
                None => line.strip_prefix("test ")?.strip_suffix(" ... FAILED"),
            }
        });
        failed.map(id).collect()
    }
}

/// Gives the clause's id of a test's name: `put_6_…` is of PUT-6.
fn id(test: &str) -> String {
    let words: Vec<_> = test.splitn(3, '_').take(2).collect();
    words.join("-").to_uppercase()
}

/// Gives the first lines of code in the documentation, as it shows them: without the hidden ones.
fn lines_of_the_docs() -> String {
    let (_, block) = README.split_once("```rust\n").expect("a block of code");
    let (block, _) = block.split_once("```").expect("its end");
    block.lines().filter(|line| !line.starts_with("# ")).map(|line| format!("{line}\n")).collect()
}
