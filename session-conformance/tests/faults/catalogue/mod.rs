//! The catalogue of faults: what store authors get wrong, the store that does it, and the clause that is
//! meant to catch it, with words that its failure has to say.
//!
//! The tests, and the page that shows which clauses catch which faults, both go by this list.

#![allow(unreachable_pub, reason = "two binaries have this module for a part of their own")]

mod dropped;
mod edges;
mod flt;
mod own;
mod own_gone;
mod put;
mod put_end;
mod put_race;
mod rec;
mod swp;
mod tch_del;
mod versions;
mod wat;

use session_conformance::session_core::{BoxError, Owner, StoreError};
use session_conformance::{Clause, Outcome, run};

use crate::support::Faulty;

/// One fault, as the catalogue has it.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The name of the type.
    pub name: &'static str,
    pub kind: Kind,
    /// What the author of such a store got wrong.
    pub wrong: &'static str,
    /// The clauses that are meant to catch it, each with words that its failure has to say.
    pub meant_for: &'static [(Clause, &'static str)],
    run: fn(Clause) -> Outcome,
}

impl Fault {
    /// Runs a clause, once, against a store with this fault.
    pub fn run(&self, clause: Clause) -> Outcome {
        (self.run)(clause)
    }
}

/// Whether a fault shows by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It shows in one task.
    Plain,
    /// It shows only if something comes between its two halves, which stand apart by an await.
    Race,
}

/// Hands the catalogue to another macro.
macro_rules! faults {
    ($callback:path) => {
        $callback! {
            Plain rec::OtherLimit "reports another limit than its page declares" => CAP_1 "limits";
            Plain rec::NoSweep "has no sweep, and a backend that keeps what expired" => CAP_1 "SWP is not left out";
            Plain rec::MadeUp "reads an absent hash as a record of empty fields" => REC_1 "None";
            Plain rec::Seconds "keeps times in whole seconds" => REC_2 "differs in created_at";
            Plain rec::SignedVersions "loses a version's highest bit in a signed column" => REC_2 "differs in version";
            Plain edges::ZeroIsNoRecord "takes a version of 0 for no record" => REC_2 "None";
            Plain rec::Cut "keeps payloads in a column of 64 KiB, which cuts them" => REC_3 "differs in payload";
            Plain rec::TextPayload "keeps payloads as text, in JSON or a text column" => REC_3 "differs in payload";
            Plain rec::OwnersWithoutCase "compares owners by a collation without case" => REC_4 "ann";
            Plain rec::OwnersPadded "compares owners without their trailing blanks, as `CHAR` does" => REC_4 "ann";
            Plain rec::OwnersCut "indexes the first 254 bytes of an owner" => REC_4 "xxx";
            Plain rec::NullIsNobody "takes the owner `null` for no owner" => REC_4 "differs in owner";
            Plain edges::LosesTheMark "loses a byte order mark from an owner" => REC_4 "has [";
            Plain edges::LosesBackslashes "loses backslashes from an owner, as escapes" => REC_4 "has [";
            Plain rec::KeysWithoutCase "keeps keys as text and compares them without case" => REC_5 "Exists";
            Plain rec::KeysPadded "keeps keys in a column that pads with blanks or zeros" => REC_5 "at its end";
            Plain edges::OneKeyToAVersion "knows a write again by its version, also under another key"
                => REC_5 "expected";
            Plain rec::SmallTimestamps "counts seconds in 32 bits" => REC_6 "differs in";
            Plain rec::LocalTime "keeps times in the server's time zone, summer time included" => REC_6 "created_at";
            Plain rec::SlidingGet "moves the deadline on at each read" => REC_2 "expires_at", REC_7 "expires_at";
            Plain rec::GetRefreshes "renews the native time-to-live at each read (`GETEX`)" => REC_7 "expected  None";
            Plain rec::ThirtyDays "gives Memcached a time-to-live over 30 days, which it takes for a date"
                => REC_8 "None";
            Plain rec::TouchThirtyDays "does so in `touch` alone" => REC_8 "None";
            Plain rec::WholeSeconds "rounds the native time-to-live down to seconds: 0 deletes" => REC_8 "None";
            Plain rec::PastIsAnError "gives Redis a negative time-to-live, which is an error"
                => REC_8 "invalid expire time";
            Plain rec::Cache "caches reads, and hears of its own writes alone" => REC_9 "second handle";
            Plain rec::GetJudges "hides in `get` what is over by its own clock" => REC_10 "None";
            Plain rec::ListJudges "hides in `list` what is over by its own clock" => REC_10 "has [";
            Plain rec::TouchJudges "takes in `touch` what is over by its own clock for gone"
                => REC_10 "touch gives true";
            Plain dropped::GetLeavesALock "leaves its lock behind when a `get` is dropped" => REC_11 "the row is locked";

            Plain put::Tombstones "keeps a key taken for good, by a mark that stays after a delete" => PUT_1 "Exists";
            Plain put::CreateOverwrites "creates by a plain `SET`, or `ON CONFLICT DO UPDATE`" => PUT_2 "Exists";
            Plain put::TwinIsTheSame "knows a write again by its payload, not its version" => PUT_2 "Exists";
            Plain put::IndexesFirst "moves the index before it knows whether the write is stored" => PUT_2 "has [";
            Plain put::ResendExists "does not know its own `Create` again" => PUT_3 "Exists";
            Plain put::ResendConflicts "does not know its own `Replace` again" => PUT_3 "Conflict";
            Plain put::ResendStores "applies a write that is sent again a second time"
                => PUT_3 "differs in last_seen_at";
            Plain put::RemembersWrites "remembers every write as done, also when others came after it"
                => PUT_3 "Stored";
            Plain put::ShowsTheLoser "answers a conflict with the record that was sent" => PUT_4 "Conflict with";
            Plain put::ShowsVersionAsked "answers a conflict with the version that was asked for"
                => PUT_4 "differs in version";
            Plain put::ShortVersions "compares versions in 32 bits" => PUT_4 "Stored";
            Plain edges::ZeroIsAnyVersion "takes 0 for any version in a `Replace` of what is there" => PUT_4 "Stored";
            Plain put::Upsert "replaces by an upsert, which creates what is not there" => PUT_5 "Gone", PUT_6 "Gone";
            Plain put::RemembersLastWrite "remembers the last write of a key as done, also past its delete"
                => PUT_5 "Gone";
            Plain put::ZeroIsNoVersion "passes the version on as a token, of which 0 means that there is none" => PUT_6 "Gone";
            Plain put::OwnerStays "leaves the owner out of the `UPDATE`" => PUT_7 "differs in owner";
            Plain put::OwnerNeverCleared "skips fields that are null in the `UPDATE`" => PUT_7 "differs in owner";
            Plain put::DeadlineNeverBack "lets a `Replace` move the deadline on only" => PUT_7 "differs in expires_at";
            Plain put::LosesItsEntry "removes the old index entry, which is the new one if the owner stays"
                => PUT_7 "has [";
            Plain put::LeavesATail "writes a shorter payload over a longer one, and leaves its end"
                => PUT_7 "payload", MOD_1 "payload";
            Plain put::CutAtLimit "cuts a payload at the limit" => PUT_11 "TooLarge";
            Plain put::LimitTooSmall "refuses a payload of exactly the limit" => PUT_11 "put works";
            Plain edges::CutsWhatItDidNotSay "declares no limit, and cuts what is longer than 1.4 MB"
                => PUT_11 "differs in payload";
            Plain put::LateReplace "compares the version alone, not the deadline" => PUT_12 "Stored";
            Plain put::VersionFirst "compares the version before the deadline" => PUT_12 "Gone";
            Plain put::VersionsOutlive "takes any version that the key has ever had" => PUT_4 "Stored", PUT_13 "Stored";
            Plain put::CountsAgain "maps versions to a row's own counter, which starts again with the row"
                => PUT_13 "Stored";

            Race put_race::LooksFirst "looks, and then writes (`GET`, then `SET`)"
                => PUT_8 "exactly one", PUT_9 "exactly one";
            Race put_race::LosesUpdates "looks, and then writes, in `Replace` alone"
                => PUT_9 "exactly one", CON_1 "order", CON_2 "counter";
            Race put_race::OldSnapshot "reads the winner in the loser's own snapshot" => PUT_9 "for a loser";
            Race put_race::CreatedAtForVersion "compares the version first, and in the `UPDATE` only `created_at`"
                => CON_2 "the counter";
            Race put_race::HalfWritten "writes one field after the other" => PUT_9 "expected", PUT_10 "or {";
            Race put_race::HalfUnderLock "does so under a lock, which a client that hangs up lets go" => PUT_10 "or {";
            Race put_race::LeavesALock "leaves its lock behind when it is dropped" => PUT_10 "the row is locked";
            Race put_race::DeletesFirst "deletes the old record before it creates the new"
                => PUT_9 "exactly one", PUT_10 "None";
            Race dropped::FilesLate "writes the index by deadline after the record" => PUT_10 "it is left";

            Plain put_end::EndDeletes "deletes the record in an `End`" => PUT_14 "None";
            Plain put_end::EndCompletesNothing "answers an `End` and leaves the record" => PUT_14 "differs in";
            Plain put_end::EndsAnyVersion "ends whatever version stands" => PUT_14 "Stored";
            Plain put_end::EndCreates "creates in an `End` what is not there" => PUT_14 "Stored";
            Race put_end::EndLooksFirst "looks, and then writes, in an `End` alone" => PUT_14 "exactly one";
            Plain put_end::CreateTakesWhatIsOver "takes a key for free whose record is past its deadline"
                => PUT_15 "Stored";
            Race put_end::MeetsItsOwnCreate "looks whether its `Create` was stored before, and then creates"
                => PUT_16 "Exists";
            Race put_end::MeetsItsOwnReplace "looks whether its `Replace` was stored before, and then compares"
                => PUT_16 "Conflict", CON_1 "order";

            Plain tch_del::NewVersion "draws a new version in `touch`" => TCH_1 "differs in version";
            Plain edges::EndsIn2262 "counts nanoseconds in 64 bits in `touch`" => TCH_1 "differs in expires_at";
            Plain tch_del::DeadlineAlone "skips a `touch` that does not move the deadline"
                => TCH_1 "differs in last_seen_at";
            Plain tch_del::TouchLosesOwner "writes the record back without its owner in `touch`"
                => TCH_1 "differs in owner";
            Plain tch_del::Shortens "sets both times in `touch`, also back" => TCH_2 "differs in last_seen_at";
            Plain tch_del::CountsChangedRows "counts changed rows, as MySQL does, where nothing moved"
                => TCH_2 "touch gives true";
            Plain tch_del::AnyVersion "ignores the version in `touch`" => TCH_3 "touch gives false";
            Plain tch_del::OneMillisecondLate "takes the deadline itself for in time in `touch`"
                => TCH_3 "touch gives false";
            Plain tch_del::TouchCreates "sets fields of an absent hash in `touch`, which creates it" => TCH_3 "None";
            Race tch_del::WritesBack "reads and writes the whole record in `touch`"
                => TCH_4 "the replace's", DEL_3 "None";
            Plain dropped::TouchLeavesALock "leaves its lock behind when a `touch` is dropped"
                => TCH_5 "the row is locked";
            Plain dropped::TouchUnfiles "takes the old deadline out of the index first, and enters the new one last"
                => TCH_5 "None";
            Race tch_del::GetRemovesWhatIsOver "removes in `get` what is over by its own clock, in a second step"
                => TCH_6 "None";
            Race tch_del::ListRemovesWhatIsOver "removes in `list` what is over by its own clock, in a second step"
                => TCH_6 "None";
            Race tch_del::TouchInTwoSteps "moves the two times in two steps" => CON_1 "order";
            Plain tch_del::AlwaysTrue "answers every `delete` with yes"
                => DEL_1 "delete gives false", DEL_2 "delete gives false";
            Plain tch_del::CountsIndexEntry "counts removed index entries in `delete`, not the record"
                => DEL_1 "delete gives true";
            Plain tch_del::AbsentIsAnError "fails to delete what is not there" => DEL_2 "delete works";
            Plain tch_del::BuriesTheUnknown "leaves a mark for a key that never was in `delete`" => DEL_2 "Exists";
            Race tch_del::InsertsWhatIsGone "looks, and then inserts what a `delete` has taken away meanwhile"
                => DEL_3 "None";
            Plain tch_del::DeletesByOwner "deletes all that the owner has" => DEL_4 "None";
            Plain dropped::DeleteLeavesALock "leaves its lock behind when a `delete` is dropped"
                => DEL_5 "the row is locked";
            Plain dropped::DeleteUnfilesLate "takes a deleted record out of the index by deadline last" => DEL_5 "None";

            Plain swp::SparesTheDeadline "sweeps what expired before `before`, not at it" => SWP_1 "removes 6";
            Plain swp::SweepsTooFar "sweeps a millisecond too far" => SWP_1 "removes 6";
            Plain swp::IndexOnlyLater "moves its index by deadline on only (`ZADD GT`)" => SWP_1 "removes 6";
            Plain swp::NoOrder "sweeps in the order of keys" => SWP_2 "None";
            Plain swp::NoLimit "sweeps without a limit" => SWP_2 "removes 1";
            Plain swp::GivesUp "answers 0 while a few are left" => SWP_2 "removes 2";
            Plain swp::SweepMakesRoom "makes room for as many as a sweep may remove" => SWP_1 "no panic";
            Race swp::CountsTwice "counts what another sweep removed" => SWP_3 "count";
            Race swp::SweepLooksFirst "looks for what expired, and deletes it by key" => SWP_4 "extended";
            Plain dropped::SweepLeavesALock "leaves its lock behind when a sweep is dropped" => SWP_5 "the row is locked";
            Plain dropped::SweepUnfilesFirst "takes what it sweeps out of the index first, and removes it then"
                => SWP_5 "None";
            Plain swp::SweepsAThousand "removes a thousand at most, whatever the limit" => SWP_6 "removes";
            Plain swp::StepsPastADeadline "works in steps, and leaves what shares the last deadline of one"
                => SWP_6 "removes";
            Plain swp::OldEntrySweeps "leaves the entry by deadline of a deleted record, which meets the next"
                => DEL_5 "None", MOD_1 "None";
            Plain put::ReplacesTwice "writes a `Replace` that is sent again once more, over what a touch moved"
                => MOD_1 "expected";

            Plain own::Offsets "pages by offset" => OWN_1 "once";
            Plain own::Endless "gives a cursor on the last page" => OWN_1 "a cursor that moves on";
            Plain own::OnePage "forgets the cursor, so a list ends with its first page" => OWN_1 "once";
            Plain own::ReplaceLosesItsPlace "files a record anew with each write, at the end of its owner's list"
                => OWN_1 "its owner stayed";
            Race own::OwnerLate "writes the index after the record" => OWN_2 "has [", PUT_10 "list";
            Race own::RemovesOthersEntry "removes the entry of the old owner, when it may be new again"
                => OWN_2 "has [";
            Plain own::SweepLeavesEntry "sweeps the record, and leaves its copy in the index" => OWN_3 "has [";
            Plain own::SweepIsNoWrite "keeps the lists it gave until the next write, and takes a sweep for none"
                => OWN_3 "has [";
            Race own_gone::DeleteUnfilesWhatItRead "deletes the index entry of the owner it had read, who may have changed"
                => OWN_3 "has [";
            Race own_gone::SweepUnfilesWhatItRead "sweeps the index entry of the owner it had read, who may have changed"
                => OWN_3 "has [";
            Plain own::DeleteLeavesEntry "deletes the record, and leaves its copy in the index"
                => PUT_5 "has [", OWN_3 "has [";
            Plain own::KeyOrder "pages in the order of keys" => OWN_4 "the old key or the new";
            Race own::TwoParts "lists two shards, one after the other" => OWN_4 "the old key or the new";
            Plain own::FailsWhole "fails the list for one record that it cannot read" => OWN_5 "list works";
            Plain own::Thousand "ends every list after a thousand records" => OWN_6 "once";
            Plain own::TrustsCursors "panics on a cursor that is not its own" => OWN_7 "no panic";
            Plain own::BeginsAgain "begins again after a cursor that it does not know" => OWN_7 "InvalidCursor";
            Plain dropped::ListLeavesALock "leaves its lock behind when a `list` is dropped" => OWN_8 "the row is locked";
            Plain own::ListsByNumber "bounds a page of `list` by its limit alone" => OWN_9 "pages of about";
            Plain own::OneMoreThanAll "asks for one record more than the limit, of which there is none above the largest"
                => OWN_9 "once";
            Plain edges::SplitsAtTheColon "splits a cursor into owner and place at its first colon"
                => OWN_10 "list works";
            Plain own::SeenTwice "begins a page with the last record of the page before" => SCN_1 "once";
            Plain own::ScansTheIndex "scans the index by owner, and misses who has none" => SCN_1 "once";
            Plain edges::CarriesNothing "goes on at the last key plus one, and carries nothing where it ends in ff"
                => SCN_1 "expected";
            Plain own::ReadsAnyCursor "reads of a cursor what it needs, also of another walk's" => SCN_2 "InvalidCursor";
            Plain dropped::ScanLeavesALock "leaves its lock behind when a `scan` is dropped" => SCN_3 "the row is locked";
            Plain own::ScansByNumber "bounds a page of `scan` by its limit alone" => SCN_4 "pages of about";
            Plain own::ScanMakesRoom "makes room for as many records as its limit" => SCN_4 "no panic";

            Plain wat::TellsItsOwnHandle "tells those who listen in the same process alone" => WAT_1 "was changed";
            Plain wat::NeverSaysThatItTells "never says from when on it tells" => WAT_1 "from when on";
            Race wat::TellsFirst "tells of an end, and then writes it" => WAT_2 "told once that can be seen";
            Plain wat::TouchesInSilence "says that it tells of all changes, and forgets `touch`" => WAT_3 "was changed";
            Plain wat::LeavesOutInSilence "leaves out what there is no room for in a queue, and says nothing"
                => WAT_4 "were not told";
            Plain wat::BreaksInSilence "connects again after a break, and says nothing of it"
                => WAT_5 "may have been missed";

            Plain rec::ReadsGoBack "reads from a replica that lags" => CON_1 "order";

            Plain versions::ForgetsTheOldForm "reads no owner in records of the form before" => VER_1 "differs in owner";
            Plain versions::WritesANewForm "writes a form that the version before cannot read"
                => VER_1 "earlier version: get";
            Plain versions::LeavesTheOldIndex "no longer writes the index that the version before sweeps by"
                => VER_1 "delete_expired removes 0";
            Plain versions::BeginsANewTable "begins with an empty table where there is one of the version before"
                => VER_1 "None";
            Race versions::LocksElsewhere "takes a lock that the version before does not know" => VER_2 "order";

            Plain flt::CorruptIsAbsent "takes what it cannot read for absent" => FLT_1 "Corrupt";
            Plain flt::CorruptPanics "panics on what it cannot read" => FLT_1 "a panic";
            Plain flt::CorruptStays "reads the record to delete it, so what is corrupt stays" => FLT_1 "delete works";
            Plain flt::CorruptStopsSweeps "reads the records that it sweeps, so one that is corrupt stops it"
                => FLT_4 "delete_expired";
            Plain flt::CorruptLeavesEntry "leaves the entry by deadline of a corrupt record, which meets the next"
                => FLT_4 "removes 0";
            Plain flt::CorruptIsGone "takes what it cannot read for gone in a `Replace`" => FLT_5 "Gone";
            Plain flt::CorruptIsNotTouched "takes what it cannot read for gone in a `touch`" => FLT_5 "false";
            Plain flt::EndMendsTheCorrupt "puts an `End` over what it cannot read" => FLT_5 "Stored";
            Plain flt::ErrorShowsKey "quotes the key in an error" => FLT_2 "a whole key";
            Plain flt::ErrorShowsPayload "quotes the payload in an error" => FLT_2 "a payload";
            Plain flt::ErrorShowsKeyReversed "shows the key as a number of the other endianness" => FLT_2 "a whole key";
            Plain flt::DebugShowsPassword "derives `Debug` over the server's URL" => FLT_2 "a secret of the harness";
            Plain flt::InitEmpties "drops and creates its table in `init`" => FLT_3 "None";
            Plain flt::InitOnce "fails to create a table that is there" => FLT_3 "init works";
            Race flt::InitLooksFirst "looks for its table, and then creates it" => FLT_3 "init works";
            Plain dropped::InitLeavesALock "leaves its lock behind when an `init` is dropped"
                => FLT_6 "the row is locked";
            Plain flt::LogsKeys "logs keys, in base32" => FLT_7 "a whole key";
            Plain flt::TracesPayloads "has each argument in its spans" => FLT_7 "a payload";
            Plain flt::AnswersBeforeItSyncs "answers before what it answers is on the disk" => FLT_8 "after the crash";
            Plain flt::IndexDoesNotComeBack "brings its records back from a crash, and not its index"
                => FLT_8 "0 times, after the crash";
        }
    };
}
#[allow(unused_imports, reason = "one of the two binaries needs the list alone")]
pub(crate) use faults;

macro_rules! list {
    ($($kind:ident $module:ident::$fault:ident $wrong:literal => $($clause:ident $told:literal),+;)+) => {
        /// Lists every fault, by what it is about.
        pub const FAULTS: &[Fault] = &[$(Fault {
            name: stringify!($fault),
            kind: Kind::$kind,
            wrong: $wrong,
            meant_for: &[$((Clause::$clause, $told)),+],
            run: |clause| run::<Faulty<$module::$fault>>(clause, &[]),
        },)+];
    };
}
faults!(list);

fn backend(source: impl Into<BoxError>) -> StoreError {
    StoreError::Backend { store: "faulty", source: source.into() }
}

fn corrupt(source: impl Into<BoxError>) -> StoreError {
    StoreError::Corrupt { store: "faulty", source: source.into() }
}

fn strange_cursor() -> StoreError {
    StoreError::InvalidCursor { store: "faulty" }
}

/// Gives the first bytes of an owner.
fn cut(owner: &Owner, most: usize) -> &[u8] {
    let bytes = owner.as_str().as_bytes();
    &bytes[..bytes.len().min(most)]
}
