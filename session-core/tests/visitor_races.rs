//! Every interleaving of requests of one browser, from the moment at which each takes its cookie from the jar to that at
//! which its answer brings one.

mod support;
mod visitor;

use support::seeded::Seeded;
use support::stepped::{every_interleaving, now, some_interleavings};
use visitor::{Accident, Act, Start, begin};

fn run_all(start: Start, acts: &[Act], accident: Accident) -> usize {
    every_interleaving(|| begin(start, acts, accident), |world, order| now(world.keeps_its_promises(order)))
}

fn pairs() -> impl Iterator<Item = [Act; 2]> {
    Act::ALL.into_iter().enumerate().flat_map(|(i, a)| Act::ALL.into_iter().skip(i).map(move |b| [a, b]))
}

fn triples() -> impl Iterator<Item = [Act; 3]> {
    let from = |act| Act::ALL.into_iter().skip_while(move |first| *first != act);
    pairs().flat_map(move |[a, b]| from(b).map(move |c| [a, b, c]))
}

#[test]
fn every_pair_keeps_its_promises() {
    let mut runs = 0;
    for start in Start::ALL {
        for acts in pairs() {
            runs += run_all(start, &acts, Accident::No);
        }
    }
    println!("{runs} interleavings");
    assert!(runs > 10_000, "only {runs} interleavings");
}

#[test]
fn whose_answer_is_lost_is_at_most_a_login_away_whatever_else_runs() {
    let mut runs = 0;
    for start in [Start::Nobody, Start::Ann, Start::Due, Start::Revoked] {
        for lost in Act::ALL.into_iter().filter(|act| !act.is_outside()) {
            for other in Act::ALL {
                runs += run_all(start, &[lost, other], Accident::LostAnswer);
            }
        }
    }
    println!("{runs} interleavings");
    assert!(runs > 5_000, "only {runs} interleavings");
}

#[test]
fn whoever_dies_at_whatever_step_undoes_nothing_that_was_acknowledged() {
    let mut runs = 0;
    for start in [Start::Nobody, Start::Ann, Start::Revoked] {
        for dies in Act::ALL {
            for other in Act::ALL {
                // Most have made their last step by then.
                for step in 1..=5 {
                    runs += run_all(start, &[dies, other], Accident::Crash(step));
                }
            }
        }
    }
    println!("{runs} interleavings");
    assert!(runs > 10_000, "only {runs} interleavings");
}

/// Of three, those that are quickly done.
#[test]
fn three_of_which_one_or_none_logs_in_keep_their_promises() {
    let mut runs = 0;
    for (start, acts) in [
        (Start::Nobody, [Act::Read, Act::Write, Act::LogIn("ann")]),
        (Start::Nobody, [Act::Write, Act::LogIn("ann"), Act::Revoke]),
        (Start::Ann, [Act::Read, Act::LogIn("ann"), Act::LogOut]),
        (Start::Ann, [Act::Read, Act::LogIn("ann"), Act::Revoke]),
        (Start::Ann, [Act::Read, Act::LogOut, Act::LogOut]),
        (Start::Ann, [Act::Read, Act::LogOutAndSay, Act::Revoke]),
        (Start::Ann, [Act::Write, Act::LogOut, Act::Revoke]),
        (Start::Ann, [Act::Write, Act::Write, Act::Revoke]),
    ] {
        runs += run_all(start, &acts, Accident::No);
    }
    println!("{runs} interleavings");
    assert!(runs > 10_000, "only {runs} interleavings");
}

/// Three have more interleavings than can be run. `VISITOR_ORDERS` says how many are, and `VISITOR_SEED` which.
#[test]
fn any_three_keep_their_promises_in_orders_that_chance_chooses() {
    let setting = |name, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (orders, seed) = (setting("VISITOR_ORDERS", 10), setting("VISITOR_SEED", 1));
    println!("VISITOR_SEED={seed}");
    let chance = Seeded::new(seed);
    for start in Start::ALL {
        for acts in triples() {
            let begin = || begin(start, &acts, Accident::No);
            some_interleavings(orders as usize, &chance, begin, |world, order| now(world.keeps_its_promises(order)));
        }
    }
}
