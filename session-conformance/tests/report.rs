//! The report reads what the tests print.

#[path = "../examples/report/badge.rs"]
mod badge;
#[path = "../examples/report/column.rs"]
mod column;
#[path = "../examples/report/engines.rs"]
mod engines;
#[path = "../examples/report/json.rs"]
mod json;
#[path = "../examples/report/table.rs"]
mod table;

use column::{Cell, Kind, columns, section};
use engines::{Run, differ, markdown};
use session_conformance::{CLAUSES, Clause};

/// What the test program of a store prints that breaks TCH-2 in its one module and does without a scan, and of another
/// whose server is not there.
const STDOUT: &str = "
running 5 tests
test mysql::rec_1_a_key_never_put_is_none ... FAILED
test near::flt_1_corrupt_data_is_an_error_and_can_be_deleted ... ok
test near::put_10_a_dropped_put_leaves_a_whole_record ... ok
test near::scn_1_pages_give_every_record_once ... ignored, cannot enumerate
test near::tch_2_touch_moves_nothing_back ... FAILED

failures:

---- mysql::rec_1_a_key_never_put_is_none stdout ----

thread 'mysql::rec_1_a_key_never_put_is_none' (7) panicked at tests/conformance.rs:9:1:
REC-1 is broken: `get` of a key never put is `None`
  expected  the harness starts
      came  there is no MySQL to test with; there are three ways to get one
  1. set SESSION_TEST_MYSQL_URL

---- near::tch_2_touch_moves_nothing_back stdout ----

thread 'near::tch_2_touch_moves_nothing_back' (8) panicked at tests/conformance.rs:9:1:
TCH-2 is broken: `touch` never moves either timestamp back
  expected  this
      came  that

failures:
    mysql::rec_1_a_key_never_put_is_none
    near::tch_2_touch_moves_nothing_back

test result: FAILED. 2 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

const STDERR: &str =
    "near::flt_1_corrupt_data_is_an_error_and_can_be_deleted: FLT-1 not applicable: nothing to misread\n";

#[test]
fn each_module_is_a_store_with_its_outcomes_and_reasons() {
    let columns = columns(Kind::Stores, "store", STDOUT, STDERR);
    let names: Vec<_> = columns.iter().map(|column| &*column.subject).collect();
    assert_eq!(names, ["store mysql", "store near"]);
    let cell = |clause: Clause| &columns[1].cells[CLAUSES.iter().position(|other| *other == clause).unwrap()];
    assert!(*cell(Clause::PUT_10) == Cell::Passed);
    assert!(*cell(Clause::SCN_1) == Cell::LeftOut("cannot enumerate".into()));
    assert!(*cell(Clause::FLT_1) == Cell::NotApplicable("nothing to misread".into()));
    let Cell::Failed(failure) = cell(Clause::TCH_2) else { panic!("TCH-2 is to have failed") };
    assert!(failure.contains("TCH-2 is broken") && failure.ends_with("that"), "{failure}");
    assert_eq!(columns[1].not_there(), None);
}

#[test]
fn a_server_that_cannot_be_had_is_no_failure_and_is_named() {
    let columns = columns(Kind::Stores, "store", STDOUT, STDERR);
    let reason = "there is no MySQL to test with; there are three ways to get one";
    assert_eq!(columns[0].not_there(), Some(reason));
}

#[test]
fn a_clause_that_was_not_run_has_failed() {
    let columns = columns(Kind::Stores, "store", STDOUT, STDERR);
    // All but the five that the output names.
    assert_eq!(columns[1].count(|cell| matches!(cell, Cell::Failed(_))), CLAUSES.len() - 4 + 1);
}

#[test]
fn a_server_is_read_by_the_clauses_of_its_own_suite() {
    assert_eq!(Kind::ALL.map(Kind::test), ["conformance", "http"]);
    let stdout = "test cookie_1_none_is_set_before_something_is_written ... ok\n\
                  test live_1_events_end_when_the_session_does ... ignored, no events\n\
                  test rec_1_a_key_never_put_is_none ... ok\n";
    let columns = columns(Kind::Servers, "example", stdout, "");
    let [column] = &columns[..] else { panic!("one server is to be read") };
    let rows = Kind::Servers.rows();
    let cell = |id: &str| &column.cells[rows.iter().position(|row| row.id == id && !row.sentence.is_empty()).unwrap()];
    assert!(*cell("COOKIE-1") == Cell::Passed);
    assert!(*cell("LIVE-1") == Cell::LeftOut("no events".into()));
    assert_eq!(column.count(|cell| matches!(cell, Cell::Failed(_))), rows.len() - 2);
}

#[test]
fn a_programs_part_of_a_log_ends_where_the_next_begins() {
    let log = "     Running tests/http.rs (target/debug/deps/http-1a)\n\nrunning 1 test\ntest a ... ok\n\n\
               test result: ok.\n\n     Running tests/http.rs (target/debug/deps/http-1b)\n\nrunning 1 test\n\
               test b ... FAILED\n   Doc-tests it\n\nrunning 1 test\ntest c ... ok\n";
    assert!(section(log, "http-1a").unwrap().contains("test a ... ok"));
    assert!(!section(log, "http-1a").unwrap().contains("test b"));
    assert!(section(log, "http-1b").unwrap().ends_with("test b ... FAILED"));
    assert_eq!(section(log, "http-1"), None);
}

fn run_of(head: &str, log: &str) -> Vec<Run> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.log"), format!("{head}{log}")).unwrap();
    Run::read_all(folder.path()).unwrap()
}

const HEAD: &str = "engine: Valkey\nversion: 8.1.1\nran: session-redis: the suite\nwhen: 2026-11-30\n";

#[test]
fn an_engine_has_a_row_with_what_was_run_on_it() {
    let runs = run_of(HEAD, "\ntest result: ok. 60 passed; 0 failed; 5 ignored; 0 measured\n");
    let table = markdown(&runs);
    assert!(table.ends_with("| Valkey | 8.1.1 | session-redis: the suite: 60 passed | 2026-11-30 |\n"), "{table}");
    assert!(!runs[0].failed());
    assert!(run_of(HEAD, STDOUT)[0].failed() && markdown(&run_of(HEAD, STDOUT)).contains("**2 failed**"));
    let columns = run_of(HEAD, STDOUT)[0].columns();
    assert_eq!(
        columns.iter().map(|column| &*column.subject).collect::<Vec<_>>(),
        ["Valkey 8.1.1 mysql", "Valkey 8.1.1 near"]
    );
}

#[test]
fn an_engine_whose_tests_did_not_end_or_were_none_has_failed() {
    for log in ["\ntest put_10 ... ok\n", "\ntest result: ok. 0 passed; 0 failed; 0 ignored\n"] {
        assert!(run_of(HEAD, log)[0].failed(), "{log}");
    }
}

#[test]
fn the_readme_names_what_is_run_and_nothing_else() {
    let runs = run_of(HEAD, "\ntest result: ok. 60 passed; 0 failed; 5 ignored; 0 measured\n");
    let readme = format!("Words.\n\n{}\nMore words | and more.\n", markdown(&runs));
    assert_eq!(differ(&readme, &runs), Vec::<String>::new());
    let other = readme.replace("| Valkey |", "| Dragonfly |");
    assert_eq!(differ(&other, &runs).len(), 2);
}

#[test]
fn a_program_reads_each_clause_with_its_certainty_its_rate_and_its_reason() {
    let told = json::report(&[(Kind::Stores, columns(Kind::Stores, "store", STDOUT, STDERR))]);
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
    let near = &told["subjects"][1];
    assert_eq!((&near["subject"], &near["tests"]), (&"store near".into(), &"conformance".into()));
    let clause = |id: &str| near["clauses"].as_array().unwrap().iter().find(|it| it["id"] == id).unwrap();
    let (put, scan, flt) = (clause("PUT-10"), clause("SCN-1"), clause("FLT-1"));
    assert_eq!((&put["outcome"], &put["certainty"]), (&"passed".into(), &"by chance".into()));
    assert!(put["caught_of_1000"].as_u64().unwrap() >= 999, "{put}");
    assert_eq!((&scan["outcome"], &scan["reason"]), (&"left out".into(), &"cannot enumerate".into()));
    assert_eq!((&flt["outcome"], &flt["certainty"]), (&"not applicable".into(), &"certain".into()));
    assert!(flt.get("caught_of_1000").is_none());
}

#[test]
fn a_table_marks_what_goes_by_chance() {
    let columns = columns(Kind::Stores, "store", STDOUT, STDERR);
    for told in [table::text(Kind::Stores, &columns), table::markdown(Kind::Stores, &columns)] {
        assert!(told.contains("PUT-10 ~") && !told.contains("TCH-2 ~"), "{told}");
        assert!(told.contains("~ goes by chance: a single run catches"), "{told}");
    }
}

#[test]
fn a_badge_names_the_suite_and_what_was_left_out() {
    let all = columns(Kind::Stores, "store", STDOUT, STDERR);
    assert_eq!(badge::svg(Kind::Stores, &all[0]), None, "its server could not be had");
    let broken = badge::svg(Kind::Stores, &all[1]).unwrap();
    assert!(broken.contains("broken: CAP-1, ") && broken.contains(env!("CARGO_PKG_VERSION")), "{broken}");
    let mut stdout: String =
        CLAUSES.iter().map(|it| format!("test {}_x ... ok\n", it.id().to_lowercase().replace('-', "_"))).collect();
    stdout = stdout.replace("test scn_2_x ... ok", "test scn_2_x ... ignored, cannot <enumerate>");
    let column = &columns(Kind::Stores, "store", &stdout, "rec_10_x: REC-10 not applicable: no clock\n")[0];
    let svg = badge::svg(Kind::Stores, column).unwrap();
    let kept = CLAUSES.len() - 2;
    assert!(svg.contains(&format!("{kept} clauses, less 2")), "{svg}");
    assert!(svg.contains("left out: SCN-2; not applicable: REC-10"), "{svg}");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && !svg.contains("broken"), "{svg}");
    assert_eq!(badge::file(&all[1]), "store-near.svg");
}
