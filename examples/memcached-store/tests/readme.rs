//! The README shows the code that is there, and speaks of clauses that are there.

use std::collections::BTreeSet;
use std::fs;

use session_conformance::CLAUSES;

const README: &str = include_str!("../README.md");

/// Gives the blocks of Rust with the file that each begins with.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let blocks = README.split("```rust\n").skip(1).map(|rest| rest.split_once("```").expect("a block ends").0);
    let named = |block: &'static str| {
        let (first, code) = block.split_once('\n').expect("a first line");
        (first.strip_prefix("// ").expect("the first line names the file"), code)
    };
    blocks.map(named).collect()
}

/// Gives the lines without what they are indented by, and without what makes them documentation.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.trim_start().trim_start_matches("//! ").trim()).collect()
}

#[test]
fn all_code_in_the_readme_stands_in_the_source() {
    let blocks = blocks();
    assert!(blocks.len() >= 7, "{} blocks", blocks.len());
    for (file, code) in blocks {
        let source = fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).expect(file);
        let source = lines(&source);
        // `// …` stands for what is left out.
        for part in lines(code).split(|line| *line == "// …") {
            let part = part.strip_prefix(&[""]).unwrap_or(part);
            let part = part.strip_suffix(&[""]).unwrap_or(part);
            let found = !part.is_empty() && source.windows(part.len()).any(|there| there == part);
            assert!(found, "{file} has no longer:\n{}", part.join("\n"));
        }
    }
}

#[test]
fn every_clause_that_the_readme_names_is_one_and_says_what_is_quoted() {
    let ids: BTreeSet<String> = CLAUSES.iter().map(ToString::to_string).collect();
    let mut named = BTreeSet::new();
    for word in README.split(|it: char| !it.is_ascii_alphanumeric() && it != '-') {
        if let Some((group, number)) = word.split_once('-')
            && group.len() == 3
            && group.bytes().all(|byte| byte.is_ascii_uppercase())
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            assert!(ids.contains(word), "{word} is no clause");
            named.insert(word);
        }
    }
    assert!(named.len() >= 20, "{named:?}");
    for line in README.lines().filter(|line| line.contains(" is broken: ")) {
        let said = CLAUSES.iter().any(|clause| line == format!("{clause} is broken: {}", clause.sentence()));
        assert!(said, "{line}");
    }
}
