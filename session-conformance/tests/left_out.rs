//! What is left out is ignored with its reason, and really not there.

mod support;

use std::process::Command;
use std::sync::Arc;

use session_conformance::session_core::{
    BoxError, Eviction, Limits, Owners, Put, PutOutcome, Reclaim, Record, Scan, SessionKey, SessionStore, StoreError,
    Sweep, Timestamp, Version, Watch,
};
use session_conformance::{CLAUSES, Capability, Clause, Harness, Outcome, async_trait, run};
use support::{Correct, Memory, limits};

/// The correct store without the optional capabilities.
#[derive(Debug, Default)]
struct Bare(Memory);

#[async_trait]
impl SessionStore for Bare {
    fn limits(&self) -> Limits {
        limits().with_reclaim(Reclaim::ByItself)
    }
    async fn init(&self) -> Result<(), StoreError> {
        self.0.init().await
    }
    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.0.get(key).await
    }
    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        self.0.put(key, record, put).await
    }
    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.0.touch(key, version, seen, expires_at).await
    }
    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.0.delete(key).await
    }
    fn sweep(&self) -> Option<&dyn Sweep> {
        None
    }
    fn owners(&self) -> Option<&dyn Owners> {
        None
    }
    fn scan(&self) -> Option<&dyn Scan> {
        None
    }

    fn watch(&self) -> Option<&dyn Watch> {
        None
    }
}

#[derive(Debug)]
struct BareHarness(Arc<Bare>);

impl Harness for BareHarness {
    async fn start() -> Result<Self, BoxError> {
        Ok(Self(Arc::default()))
    }
    fn store(&self) -> Arc<dyn SessionStore> {
        self.0.clone()
    }
    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.0.clone())
    }
    fn limits(&self) -> Limits {
        self.0.limits()
    }
}

mod bare {
    session_conformance::suite!(
        super::BareHarness,
        without { SWP: "no sweep here", OWN: "no \"index\"", SCN: "cannot enumerate", WAT: "tells of nothing" },
        except { REC_8: "may evict", CON_2: "tested elsewhere" }
    );
}

mod without_alone {
    session_conformance::suite!(
        super::BareHarness,
        without { OWN: "no index", SCN: "no scan", SWP: "no sweep", WAT: "no watch" },
    );
}

mod except_alone {
    session_conformance::suite!(crate::support::Correct, except { OWN_6: "slow" });
}

/// What the test runner prints for this file's tests of one module.
fn report(module: &str) -> (String, String) {
    let this = std::env::current_exe().expect("a test runs from a file");
    let output = Command::new(this).args([module, "--test-threads=1"]).output().expect("it runs again");
    let text = |bytes| String::from_utf8(bytes).expect("the report is text");
    (text(output.stdout), text(output.stderr))
}

#[test]
fn what_is_left_out_is_ignored_with_its_reason_and_the_rest_runs() {
    let (report, notes) = report("bare::");
    for clause in CLAUSES {
        let expected = match (clause.group().capability(), clause) {
            (_, Clause::REC_8) => "ignored, may evict",
            (_, Clause::CON_2) => "ignored, tested elsewhere",
            (Some(Capability::SWP), _) => "ignored, no sweep here",
            (Some(Capability::OWN), _) => "ignored, no \"index\"",
            (Some(Capability::SCN), _) => "ignored, cannot enumerate",
            (Some(Capability::WAT), _) => "ignored, tells of nothing",
            _ => "ok",
        };
        let name = format!("test bare::{}_", format!("{clause:?}").to_lowercase());
        let lines: Vec<_> = report.lines().filter(|line| line.starts_with(&name)).collect();
        assert_eq!(lines.len(), 1, "{clause} is one test: {lines:?}");
        assert!(lines[0].ends_with(&format!("... {expected}")), "{expected}: {}", lines[0]);
    }
    // A clause that checked nothing passes, but not in silence.
    assert!(notes.contains("FLT-1 not applicable: the harness cannot damage what is stored"), "{notes}");
}

#[test]
fn one_clause_can_be_left_out_alone() {
    let (report, _) = report("except_alone::own_");
    assert!(report.contains("9 passed") && report.contains("1 ignored"), "{report}");
    assert!(report.contains("ignored, slow"), "{report}");
}

const CAPABILITIES: [Capability; 4] = [Capability::SWP, Capability::OWN, Capability::SCN, Capability::WAT];

#[test]
fn cap_1_passes_what_is_as_declared() {
    assert!(matches!(run::<Correct>(Clause::CAP_1, &[]), Outcome::Passed));
    assert!(matches!(run::<BareHarness>(Clause::CAP_1, &CAPABILITIES), Outcome::Passed));
}

#[test]
fn cap_1_catches_each_capability_left_out_that_is_there() {
    for capability in CAPABILITIES {
        let told = told::<Correct>(Clause::CAP_1, &[capability]);
        assert!(told.contains(&format!("{capability:?} is left out, so not there")), "{told}");
        assert!(told.contains(&format!("take {capability:?} out of `without`")), "{told}");
    }
}

#[test]
fn cap_1_catches_each_capability_not_left_out_that_is_not_there() {
    for capability in CAPABILITIES {
        let without: Vec<_> = CAPABILITIES.into_iter().filter(|it| *it != capability).collect();
        let told = told::<BareHarness>(Clause::CAP_1, &without);
        assert!(told.contains(&format!("{capability:?} is not left out, so there")), "{told}");
        assert!(told.contains(&format!("without {{ {capability:?}: \"reason\" }}")), "{told}");
    }
}

#[test]
fn every_clause_of_a_capability_that_is_not_there_fails_and_says_how_to_leave_it_out() {
    for clause in CLAUSES {
        if let Some(capability) = clause.group().capability() {
            let told = told::<BareHarness>(*clause, &[]);
            assert!(told.starts_with(&format!("{clause} is broken")), "{told}");
            assert!(told.contains(&format!("without {{ {capability:?}: \"reason\" }}")), "{told}");
        }
    }
}

/// The correct store, declared to have limits that it has not.
#[derive(Debug)]
struct Boasts<const WHAT: usize>(Correct);

const PAYLOAD: usize = 0;
const EVICTION: usize = 1;
const RECLAIM: usize = 2;

impl<const WHAT: usize> Harness for Boasts<WHAT> {
    async fn start() -> Result<Self, BoxError> {
        Correct::start().await.map(Self)
    }
    fn store(&self) -> Arc<dyn SessionStore> {
        self.0.store()
    }
    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        self.0.another_handle().await
    }
    fn limits(&self) -> Limits {
        match WHAT {
            PAYLOAD => limits().with_max_payload(limits().max_payload + 1),
            EVICTION => limits().with_eviction(Eviction::UnderPressure),
            _ => limits().with_reclaim(Reclaim::ByItself),
        }
    }
}

#[test]
fn cap_1_catches_each_limit_that_is_not_as_declared() {
    let declared = [
        (told::<Boasts<PAYLOAD>>(Clause::CAP_1, &[]), "max_payload: 1500001", "max_payload: 1500000"),
        (told::<Boasts<EVICTION>>(Clause::CAP_1, &[]), "eviction: UnderPressure", "eviction: Never"),
        (told::<Boasts<RECLAIM>>(Clause::CAP_1, &[]), "reclaim: ByItself", "reclaim: BySweep"),
    ];
    for (told, expected, came) in declared {
        let (before, after) = told.split_once("came").expect("a failure says what came");
        assert!(before.contains(expected) && after.contains(came), "{told}");
        assert!(told.contains("Harness::limits"), "{told}");
    }
}

/// The failure of a clause, as it is printed.
#[track_caller]
fn told<H: Harness>(clause: Clause, without: &[Capability]) -> String {
    let failure = run::<H>(clause, without).failure();
    failure.unwrap_or_else(|| panic!("{clause} has to fail without {without:?}")).to_string()
}

#[test]
fn what_could_not_be_checked_is_an_outcome_of_its_own() {
    let left_out = run::<BareHarness>(Clause::SWP_1, &[Capability::SWP]);
    assert!(matches!(left_out, Outcome::NotApplicable(reason) if reason.contains("SWP")));
    let impossible = run::<BareHarness>(Clause::FLT_1, &[]);
    assert!(matches!(impossible, Outcome::NotApplicable(reason) if reason.contains("cannot damage")));
}

#[test]
fn the_readme_lists_every_clause() {
    let readme = include_str!("../README.md");
    for clause in CLAUSES {
        let line = format!("| {} | {} |", clause.id(), clause.sentence());
        assert!(readme.contains(&line), "{line}");
    }
}
