//! Prometheus' own tool, which runs rules and questions on a history.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::RULES;
use super::history::History;

/// Asserts that at the end of these minutes exactly these alerts fire.
pub(crate) fn fires(history: &History, expected: &[(usize, BTreeSet<&str>)]) {
    let mut tests = String::new();
    for (minute, alerts) in expected {
        let samples = alerts.iter().map(|alert| (format!("{{alertname=\"{alert}\"}}"), 1));
        tests += &test("group by (alertname) (ALERTS{alertstate=\"firing\"})", *minute, samples);
    }
    run(history, &tests);
}

/// Asserts that each question has an answer at the end.
pub(crate) fn shows(history: &History, questions: &[String]) {
    let last = history.minutes() - 1;
    let tests: String = questions
        .iter()
        .map(|question| test(&format!("count({question}) > bool 0"), last, [("{}".to_owned(), 1)].into_iter()))
        .collect();
    run(history, &tests);
}

/// Gives what a dashboard asks, with its variables filled in.
pub(crate) fn expressions(dashboard: &str) -> Vec<String> {
    let dashboard: serde_json::Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions = targets.map(|target| target["expr"].as_str().unwrap());
    expressions.map(|text| text.replace("$__rate_interval", "5m").replace("$scope", ".*")).collect()
}

fn test(question: &str, minute: usize, samples: impl Iterator<Item = (String, u32)>) -> String {
    let samples: String = samples
        .map(|(labels, value)| format!("          - labels: '{labels}'\n            value: {value}\n"))
        .collect();
    format!(
        "      - expr: '{question}'\n        eval_time: {minute}m\n        exp_samples:{}\n{samples}",
        if samples.is_empty() { " []" } else { "" }
    )
}

fn run(history: &History, tests: &str) {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("alerts.yml"), RULES).unwrap();
    let input = history.input();
    let text = format!(
        "rule_files: [alerts.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n{input}    \
         promql_expr_test:\n{tests}"
    );
    std::fs::write(folder.path().join("test.yml"), text).unwrap();
    promtool(folder.path(), &["check", "rules", "alerts.yml"]);
    promtool(folder.path(), &["test", "rules", "test.yml"]);
}

fn promtool(folder: &Path, arguments: &[&str]) {
    let done = Command::new("promtool").args(arguments).current_dir(folder).output();
    let done =
        done.expect("promtool is not there: install Debian's package `prometheus`, or put the program on the path");
    let said = [done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(done.status.success(), "promtool {arguments:?}: {said}");
}
