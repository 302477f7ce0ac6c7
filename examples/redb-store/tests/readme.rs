//! The README shows the code that is there, and names clauses that are there.

use std::fs;

use session_conformance::CLAUSES;

const README: &str = include_str!("../README.md");

/// Gives the lines without what they are indented by, and without what makes them documentation.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.trim_start().trim_start_matches("//! ").trim()).collect()
}

#[test]
fn all_code_in_the_readme_stands_in_the_source() {
    let blocks: Vec<_> = README.split("```rust\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!(blocks.len(), 4);
    for block in blocks {
        let (file, code) = block.trim_start().split_once('\n').unwrap();
        let file = file.strip_prefix("// ").expect("the first line names the file");
        let source = fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).expect(file);
        let (source, code) = (lines(&source), lines(code.trim_end()));
        assert!(source.windows(code.len()).any(|there| there == code), "{file} has no longer:\n{}", code.join("\n"));
    }
}

#[test]
fn every_clause_that_the_readme_names_is_one() {
    let words = README.split(|it: char| !it.is_ascii_alphanumeric() && it != '-');
    let clauses: Vec<_> = words.filter(|word| word.len() > 4 && word.as_bytes()[3] == b'-').collect();
    assert!(clauses.len() >= 3, "{clauses:?}");
    for clause in clauses {
        assert!(CLAUSES.iter().any(|it| it.to_string() == clause), "{clause} is no clause");
    }
}
