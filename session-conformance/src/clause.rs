//! The one list of clauses. The tests, the runner and the docs all come from it.

use std::fmt;

/// Hands the list of clauses to another macro: after `args`, for each group its clauses, each with
/// its name in code, its id, its function, and the sentence of the contract.
#[doc(hidden)]
#[macro_export]
macro_rules! __clauses {
    ($callback:path, $args:tt) => {
        $callback! { $args
            CAP {
                CAP_1 "CAP-1" cap_1_the_store_is_what_it_declares
                    "the capabilities and limits declared to the suite are those the store reports";
            }
            REC {
                REC_1 "REC-1" rec_1_a_key_never_put_is_none
                    "`get` of a key never put is `None`";
                REC_2 "REC-2" rec_2_get_returns_what_create_stored
                    "what `Create` stored, `get` returns: version, payload, owner, all three timestamps to the millisecond";
                REC_3 "REC-3" rec_3_payloads_are_opaque
                    "payloads are opaque: empty, every byte value, not UTF-8, the smaller of 1 MiB and the store's limit";
                REC_4 "REC-4" rec_4_owners_are_compared_byte_for_byte
                    "owners are compared byte for byte: case, accents, trailing blanks, backslashes, a byte order mark, emoji, 255 bytes";
                REC_5 "REC-5" rec_5_keys_one_bit_apart_are_two_sessions
                    "keys that differ in one bit are different sessions, also where a version is the same";
                REC_6 "REC-6" rec_6_timestamps_keep_their_value
                    "`created_at` and `last_seen_at` keep their value in 1970, at year 9999, at odd milliseconds, in any server time zone; `expires_at` at odd milliseconds and, without native expiry, likewise";
                REC_7 "REC-7" rec_7_get_changes_nothing
                    "`get` changes neither version nor deadline";
                REC_8 "REC-8" rec_8_no_record_is_dropped_before_its_deadline
                    "a record is never dropped before its deadline; past it, it is whole or absent";
                REC_9 "REC-9" rec_9_two_handles_see_each_others_writes
                    "two handles on one backend see each other's writes";
                REC_10 "REC-10" rec_10_no_record_goes_by_the_stores_own_clock
                    "where records go by sweep, no verb judges by a clock of the store's own: what is past its deadline is there until a sweep takes it";
                REC_11 "REC-11" rec_11_a_dropped_get_leaves_nothing
                    "whatever moment a `get` is dropped at, it leaves no lock, and all goes on";
            }
            PUT {
                PUT_1 "PUT-1" put_1_create_stores_on_a_free_key
                    "`Create` on a free key stores";
                PUT_2 "PUT-2" put_2_create_on_a_taken_key_is_exists
                    "`Create` on a taken key is `Exists` and leaves the record as it was";
                PUT_3 "PUT-3" put_3_a_put_sent_again_changes_nothing
                    "a `put` sent again with the version that is stored is `Stored` and changes nothing";
                PUT_4 "PUT-4" put_4_replacing_a_stale_version_is_a_conflict
                    "`Replace` of a stale version is `Conflict` with the record that stands (never the version given), which stays as it was";
                PUT_5 "PUT-5" put_5_replace_after_delete_is_gone
                    "`Replace` after `delete` is `Gone`, and the key stays absent: no resurrection";
                PUT_6 "PUT-6" put_6_replace_of_a_key_that_never_was_is_gone
                    "`Replace` of a key that never was is `Gone`";
                PUT_7 "PUT-7" put_7_replace_changes_every_field
                    "`Replace` may change payload, owner and deadline (earlier, too), and the owner index follows";
                PUT_8 "PUT-8" put_8_one_of_many_creates_stores
                    "of many concurrent `Create`s of one key exactly one stores";
                PUT_9 "PUT-9" put_9_one_of_many_replaces_stores
                    "of many concurrent `Replace`s of one version exactly one stores, and every loser is shown a winner";
                PUT_10 "PUT-10" put_10_a_dropped_put_leaves_a_whole_record
                    "whatever moment a `put` is dropped at, every later read is of a whole record, old or new, and a sweep finds it";
                PUT_11 "PUT-11" put_11_a_payload_over_the_limit_is_refused
                    "a payload over the store's limit is `TooLarge { limit }`; nothing is truncated, also where no limit is declared, and nothing changes";
                PUT_12 "PUT-12" put_12_replace_past_the_deadline_is_gone
                    "a `Replace` later than the stored deadline is `Gone`";
                PUT_13 "PUT-13" put_13_a_version_from_before_a_delete_is_dead
                    "after `delete` and a new `Create`, a `Replace` of a version from before the `delete` does not store";
                PUT_14 "PUT-14" put_14_end_is_a_replace
                    "`End` is a `Replace` in each outcome";
                PUT_15 "PUT-15" put_15_what_is_over_still_takes_its_key
                    "`Create` on a key whose record is past its deadline, and still there, is `Exists`";
                PUT_16 "PUT-16" put_16_a_put_sent_again_at_once_is_the_same_put
                    "the same `put` sent again while the first is under way: no answer is a conflict with the version sent, nor `Exists` for its own `Create`";
            }
            TCH {
                TCH_1 "TCH-1" tch_1_touch_moves_two_timestamps_alone
                    "`touch` moves `last_seen_at` and `expires_at`, without native expiry up to the year 9999, and leaves payload, owner and version alone";
                TCH_2 "TCH-2" tch_2_touch_moves_nothing_back
                    "`touch` never moves either timestamp back";
                TCH_3 "TCH-3" tch_3_touch_of_what_is_not_live_is_false
                    "`touch` of an absent key, of another version, or later than the stored deadline is `false` and changes nothing";
                TCH_4 "TCH-4" tch_4_a_replace_beats_a_concurrent_touch
                    "after a `touch` concurrent with a `Replace`, payload, version and deadline are the `Replace`'s";
                TCH_5 "TCH-5" tch_5_a_dropped_touch_moves_both_times_or_none
                    "whatever moment a `touch` is dropped at, both timestamps have moved or none, all goes on, and a sweep finds the record";
                TCH_6 "TCH-6" tch_6_no_reader_undoes_a_touch
                    "a `touch` that was answered with `true` stands, also where the record was over by the store's own clock and others read it meanwhile";
            }
            DEL {
                DEL_1 "DEL-1" del_1_delete_is_true_once
                    "`delete` is `true` once, then `get` is `None`";
                DEL_2 "DEL-2" del_2_delete_of_an_absent_key_is_false
                    "`delete` of an absent key is `false`, not an error";
                DEL_3 "DEL-3" del_3_nothing_undoes_a_delete
                    "once `delete` has returned, no `Replace` or `touch` that started before it brings the key back";
                DEL_4 "DEL-4" del_4_delete_touches_no_other_key
                    "`delete` touches no other key";
                DEL_5 "DEL-5" del_5_a_dropped_delete_removes_all_or_nothing
                    "whatever moment a `delete` is dropped at, the record is there or gone, in the list and to a sweep as well, and all goes on";
            }
            SWP {
                SWP_1 "SWP-1" swp_1_a_sweep_removes_what_expired_and_nothing_else
                    "at rest, `delete_expired` removes what expired at or before `before`, and nothing else";
                SWP_2 "SWP-2" swp_2_a_sweep_takes_the_oldest_first_up_to_its_limit
                    "at rest, it removes at most `limit`, oldest deadline first, and says how many";
                SWP_3 "SWP-3" swp_3_sweeps_drain_while_others_write
                    "repeated until 0, it drains what had expired, also while others write";
                SWP_4 "SWP-4" swp_4_an_extended_record_stays
                    "a record whose deadline was extended before the sweep reached it stays";
                SWP_5 "SWP-5" swp_5_what_a_dropped_sweep_leaves_the_next_finds
                    "whatever moment a sweep is dropped at, the next finds what it left, and all goes on";
                SWP_6 "SWP-6" swp_6_fewer_than_the_limit_means_that_none_is_left
                    "at rest, fewer than `limit` means that none is left, however many there are, and at however few deadlines";
            }
            OWN {
                OWN_1 "OWN-1" own_1_pages_give_every_record_of_the_owner_once
                    "the pages of `list` together give every record that was the owner's throughout, each once, and none of another owner";
                OWN_2 "OWN-2" own_2_a_change_of_owner_moves_the_record
                    "changing or clearing the owner moves the record, also when A→B and B→A run at once";
                OWN_3 "OWN-3" own_3_removed_records_leave_the_list
                    "deleted and swept records leave the list, also when their owner changes meanwhile";
                OWN_4 "OWN-4" own_4_a_change_of_key_is_never_out_of_sight
                    "at every moment between the first and the last write of a change of key (`Create` new, `Replace` old without owner) a `list` shows at least one of the two";
                OWN_5 "OWN-5" own_5_a_corrupt_record_hides_no_other
                    "a corrupt record does not hide the others from `list`";
                OWN_6 "OWN-6" own_6_ten_thousand_records_are_listed
                    "10,000 records of one owner are listed in pages of 100";
                OWN_7 "OWN-7" own_7_a_strange_cursor_is_refused
                    "a cursor that `list` did not give is `InvalidCursor`, and one of another owner leads to no record of theirs";
                OWN_8 "OWN-8" own_8_a_dropped_list_leaves_nothing
                    "whatever moment a `list` is dropped at, it leaves no lock, and all goes on";
                OWN_9 "OWN-9" own_9_pages_of_a_list_are_bounded
                    "a page of `list` ends when its payloads come to about 1 MiB, whatever its limit, which may be `usize::MAX`";
                OWN_10 "OWN-10" own_10_pages_follow_each_other_for_every_owner
                    "the pages of every owner follow each other, whatever it is called";
            }
            SCN {
                SCN_1 "SCN-1" scn_1_pages_give_every_record_once
                    "the pages of `scan` together give every record that was there throughout, each once";
                SCN_2 "SCN-2" scn_2_a_strange_cursor_is_refused
                    "a cursor that `scan` did not give is `InvalidCursor`";
                SCN_3 "SCN-3" scn_3_a_dropped_scan_leaves_nothing
                    "whatever moment a page of `scan` is dropped at, it leaves no lock, and all goes on";
                SCN_4 "SCN-4" scn_4_pages_of_a_scan_are_bounded
                    "a page of `scan` ends when its payloads come to about 1 MiB, whatever its limit, which may be `usize::MAX`";
            }
            WAT {
                WAT_1 "WAT-1" wat_1_an_end_is_told
                    "whoever listens is told of an end soon, through whatever handle it was made, and whoever else listens";
                WAT_2 "WAT-2" wat_2_what_is_told_has_happened
                    "what is told has happened: a look that begins once it is told sees it";
                WAT_3 "WAT-3" wat_3_every_change_is_told
                    "where a store says that it tells of all changes, every `Replace`, `touch` and `delete` is told, too";
                WAT_4 "WAT-4" wat_4_who_is_slow_is_told_so
                    "no write waits for who listens and is slow, and who missed something is told so";
                WAT_5 "WAT-5" wat_5_after_a_break_who_listens_is_told_to_look
                    "after a break (where a harness can make one) who listens is told to look, and then of all again; no write fails for it";
            }
            CON {
                CON_1 "CON-1" con_1_histories_are_linearizable
                    "concurrent histories on one key are linearizable";
                CON_2 "CON-2" con_2_no_update_is_lost
                    "K tasks that each add 1 to a counter through the core M times end at K × M";
            }
            VER {
                VER_1 "VER-1" ver_1_two_versions_share_a_backend
                    "what an earlier version of the store has written (where a harness has one) this one reads, replaces, touches, lists, sweeps and deletes, and the other way round";
                VER_2 "VER-2" ver_2_two_versions_are_linearizable_together
                    "concurrent histories on one key of this version of the store and an earlier one (where a harness has one) are linearizable";
            }
            MOD {
                MOD_1 "MOD-1" mod_1_the_store_answers_as_the_model_does
                    "random sequences of operations answer as a small model does (property-based, shrinking)";
            }
            FLT {
                FLT_1 "FLT-1" flt_1_corrupt_data_is_an_error_and_can_be_deleted
                    "corrupt stored data (where it can be planted) is `Corrupt`, never a panic, and can still be deleted";
                FLT_2 "FLT-2" flt_2_no_error_shows_a_secret
                    "no error's `Display` or `Debug` shows an id, a whole key, a payload or a password from a URL";
                FLT_3 "FLT-3" flt_3_init_can_run_again_and_at_once
                    "`init` twice, and from many tasks at once, is fine";
                FLT_4 "FLT-4" flt_4_corrupt_data_stops_no_sweep_and_leaves_nothing
                    "a corrupt record stops no sweep, and deleted it leaves nothing that the next under its key could meet";
                FLT_5 "FLT-5" flt_5_writes_to_corrupt_data_are_corrupt
                    "`touch`, `Replace` and `End` of corrupt data are `Corrupt`, and change nothing";
                FLT_6 "FLT-6" flt_6_a_dropped_init_can_run_again
                    "whatever moment an `init` is dropped at, it can run again, and all goes on";
                FLT_7 "FLT-7" flt_7_no_log_shows_a_secret
                    "no event or span of `tracing` shows an id, a whole key, a payload or a password from a URL";
                FLT_8 "FLT-8" flt_8_no_crash_loses_an_acknowledged_write
                    "after the backend was killed in the midst of writes and came back (where a harness can do that), every write that was acknowledged is there, each of the others is there whole or not at all, and all goes on";
            }
        }
    };
}

/// A clause of a suite, wherever it does not matter of which.
#[doc(hidden)]
pub trait Numbered: Copy + fmt::Debug + fmt::Display {
    /// Returns the sentence of the contract.
    fn sentence(self) -> &'static str;

    /// Returns what a failure tells of the next run; `None` where the suite does not know.
    fn kind(self) -> Option<String>;
}

/// Makes the clauses of a suite, given what its type is to say of itself and the list.
macro_rules! define {
    ({ $kind:path; $(#[$about:meta])+ } $($group:ident { $($clause:ident $id:literal $function:ident $sentence:literal;)+ })+) => {
        $(#[$about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(non_camel_case_types, reason = "an id is easiest to find as the contract writes it")]
        #[non_exhaustive]
        pub enum Clause {
            $($(
                #[doc = concat!($id, ": ", $sentence, ".")]
                $clause,
            )+)+
        }

        /// Lists every clause, in the contract's order.
        pub const CLAUSES: &[Clause] = &[$($(Clause::$clause,)+)+];

        impl Clause {
            /// Returns the id as the contract writes it.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $($(Self::$clause => $id,)+)+ }
            }

            /// Returns the sentence of the contract.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $($(Self::$clause => $sentence,)+)+ }
            }

            /// Returns the group, the first half of the id.
            #[must_use]
            pub const fn group(self) -> Group {
                match self { $($(Self::$clause => Group::$group,)+)+ }
            }
        }

        impl $crate::clause::Numbered for Clause {
            fn sentence(self) -> &'static str {
                self.sentence()
            }

            fn kind(self) -> Option<String> {
                $kind(self)
            }
        }

        /// Writes the id as the contract does.
        impl std::fmt::Display for Clause {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.id())
            }
        }
    };
}

/// Makes the function that checks any clause of a suite, given the list: what it takes to check one is the caller's `Case`.
macro_rules! dispatch {
    ({} $($group:ident { $($clause:ident $id:literal $function:ident $sentence:literal;)+ })+) => {
        /// Checks the clause.
        pub(crate) async fn check(clause: Clause, case: &Case) -> Check {
            // Boxed: one future that could be any of them would be as large as all of them in a debug build.
            match clause {
                $($(Clause::$clause => Box::pin($function(case)).await,)+)+
            }
        }
    };
}

pub(crate) use {define, dispatch};

__clauses! { define, {
    kind_of;
    /// Names a clause of the store contract, written with an underscore: `REC_8` is REC-8.
} }

/// What a group of clauses is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Group {
    /// What the store says of itself.
    CAP,
    /// Records, and `get`.
    REC,
    /// `put`.
    PUT,
    /// `touch`.
    TCH,
    /// `delete`.
    DEL,
    /// The sweep; optional.
    SWP,
    /// The index by owner; optional.
    OWN,
    /// The enumeration; optional.
    SCN,
    /// What is told of changes; optional.
    WAT,
    /// Everything at once.
    CON,
    /// Two versions of the store on one backend.
    VER,
    /// Everything in any order.
    MOD,
    /// What goes wrong.
    FLT,
}

impl Group {
    /// Returns the capability that all clauses of the group need; `None` if every store has to pass them.
    #[must_use]
    pub const fn capability(self) -> Option<Capability> {
        match self {
            Self::SWP => Some(Capability::SWP),
            Self::OWN => Some(Capability::OWN),
            Self::SCN => Some(Capability::SCN),
            Self::WAT => Some(Capability::WAT),
            _ => None,
        }
    }
}

/// Whether two runs of a clause on one store may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Certainty {
    /// It does the same each time: a store breaks it each time, or never.
    Certain,
    /// It provokes races, or draws what it does. How often a single run catches the faults that it is meant for is
    /// measured in `FAULTS.md`.
    ByChance,
}

/// Writes `certain` or `by chance`.
impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certain => "certain",
            Self::ByChance => "by chance",
        })
    }
}

fn kind_of(clause: Clause) -> Option<String> {
    Some(match clause.caught_of_1000() {
        None => format!("{}: it does the same each time", clause.certainty()),
        Some(caught) => format!(
            "{}: another run may pass, as {caught} of 1000 caught what this clause is meant for (FAULTS.md)",
            clause.certainty()
        ),
    })
}

impl Clause {
    /// Returns in how many of 1,000 single runs the clause caught what it is meant for, of its faults that which it
    /// caught least often, on an idle machine or a loaded one, as `FAULTS.md` has measured it; `None` where it is
    /// certain.
    #[must_use]
    pub const fn caught_of_1000(self) -> Option<u16> {
        match self.certainty() {
            Certainty::Certain => None,
            Certainty::ByChance => Some(1_000),
        }
    }

    /// Returns whether two runs of the clause on one store may differ.
    #[must_use]
    pub const fn certainty(self) -> Certainty {
        use Clause::*;
        match self {
            PUT_8 | PUT_9 | PUT_10 | PUT_14 | PUT_16 | TCH_4 | TCH_6 | DEL_3 | SWP_3 | SWP_4 | OWN_1 | OWN_2
            | OWN_3 | OWN_4 | SCN_1 | WAT_2 | CON_1 | CON_2 | VER_2 | MOD_1 | FLT_3 | FLT_8 => Certainty::ByChance,
            _ => Certainty::Certain,
        }
    }
}

/// What a store may do without, by the group of clauses that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// [`sweep`](session_core::SessionStore::sweep)
    SWP,
    /// [`owners`](session_core::SessionStore::owners)
    OWN,
    /// [`scan`](session_core::SessionStore::scan)
    SCN,
    /// [`watch`](session_core::SessionStore::watch)
    WAT,
}
