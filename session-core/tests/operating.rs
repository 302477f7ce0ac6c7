//! The page for operators: what it says was run is run.

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../docs/questions.md");

#[test]
fn twenty_questions_have_answers_that_tests_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let questions: Vec<_> = PAGE.split("\n## ").skip(1).collect();
    assert_eq!(questions.len(), 20);
    for (number, question) in (1..).zip(questions) {
        assert!(question.starts_with(&format!("{number}. ")), "{question}");
        let (_, tests) = question.split_once("\n*Run by* ").unwrap_or_else(|| panic!("no test for {question}"));
        let named: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        let (mut source, mut path) = (None, "");
        for name in named {
            if name.contains('/') {
                let read = fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
                (source, path) = (Some(read), name);
                continue;
            }
            let source = source.as_ref().unwrap_or_else(|| panic!("{name} is in no file"));
            let is_there = ['(', '<'].iter().any(|next| source.contains(&format!("async fn {name}{next}")));
            assert!(is_there, "{path} has no {name}");
        }
        assert!(source.is_some(), "no test for {question}");
    }
}
