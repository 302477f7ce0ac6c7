//! The crate's page grants what the tests run with.

mod common;

use common::{ACCESS, CLUSTER_ACCESS, NEAR_ACCESS};

#[test]
fn the_page_lists_what_the_tests_are_granted() {
    let page = include_str!("../README.md");
    let listed = page.split("~session:*").nth(1).and_then(|rest| rest.split("```").next()).expect("a list on the page");
    let listed: Vec<_> = listed.split_whitespace().collect();
    let granted: Vec<_> = ACCESS.split_whitespace().collect();
    assert_eq!(listed, granted);
    assert!(page.contains(&format!("On a cluster also `{CLUSTER_ACCESS}`")));
    assert!(page.contains(&format!("for the near cache `{NEAR_ACCESS}`")));
}
