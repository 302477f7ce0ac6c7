//! Every interleaving of requests of one browser, from the moment at which each takes its cookie from the jar to that at
//! which its answer brings one.

mod support;
mod visitor;

use support::seeded::Seeded;
use support::stepped::{every_interleaving, now, some_interleavings};
#[cfg(feature = "sealed")]
use visitor::Servers;
use visitor::{Accident, Act, Beside, Scene, Start, begin};

fn run_all(scene: Scene) -> usize {
    every_interleaving(|| begin(scene.clone()), |world, order| now(world.keeps_its_promises(order)))
}

/// Runs so many interleavings of a scene that chance chooses.
fn run_some(scene: Scene, orders: usize, chance: &Seeded) {
    let begin = || begin(scene.clone());
    some_interleavings(orders, chance, begin, |world, order| now(world.keeps_its_promises(order)));
}

/// Gives how many orders chance chooses of each scene, by `VISITOR_ORDERS`, else so many.
fn orders(default: usize) -> usize {
    setting("VISITOR_ORDERS").unwrap_or(default as u64) as usize
}

/// Chooses by `VISITOR_SEED`.
fn chance() -> Seeded {
    let seed = setting("VISITOR_SEED").unwrap_or(1);
    println!("VISITOR_SEED={seed}");
    Seeded::new(seed)
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
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
            runs += run_all(Scene::new(start, &acts));
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
                runs += run_all(Scene::new(start, &[lost, other]).with(Accident::LostAnswer));
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
                    runs += run_all(Scene::new(start, &[dies, other]).with(Accident::Crash(step)));
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
        (Start::Ann, [Act::Write, Act::LogOut, Act::LogOut]),
        (Start::Ann, [Act::Write, Act::LogOut, Act::Revoke]),
        (Start::Ann, [Act::Write, Act::Write, Act::Revoke]),
    ] {
        runs += run_all(Scene::new(start, &acts));
    }
    println!("{runs} interleavings");
    assert!(runs > 10_000, "only {runs} interleavings");
}

/// Three have more interleavings than can be run.
#[test]
fn any_three_keep_their_promises_in_orders_that_chance_chooses() {
    let (orders, chance) = (orders(10), chance());
    for start in Start::ALL {
        for acts in triples() {
            run_some(Scene::new(start, &acts), orders, &chance);
        }
    }
}

/// Gives what a browser may have that has two cookies.
fn with_two_cookies() -> impl Iterator<Item = (Start, Beside)> {
    let fit = |start| Beside::ALL.into_iter().filter(move |beside| beside.fits(start));
    Start::ALL.into_iter().flat_map(move |start| fit(start).map(move |beside| (start, beside)))
}

/// Where Ann may have one session she does not have two at the beginning.
fn can_begin(beside: Beside, acts: &[Act]) -> bool {
    beside != Beside::Ann || !acts.contains(&Act::Evict)
}

/// Of those with two cookies, those that are quickly done.
#[test]
fn two_cookies_are_one_session_or_none_and_a_login_and_a_logout_end_the_others() {
    let (ann, bob) = (Act::LogIn("ann"), Act::LogIn("bob"));
    let mut runs = 0;
    for (start, beside, acts) in [
        (Start::Nobody, Beside::Nobody, [Act::Write, ann]),
        (Start::Nobody, Beside::Newer, [Act::Write, Act::LogOut]),
        (Start::Nobody, Beside::LoggedOut, [ann, Act::LogOut]),
        (Start::Nobody, Beside::Before, [Act::Write, ann]),
        (Start::Nobody, Beside::Ann, [Act::Write, Act::LogOut]),
        (Start::Ann, Beside::Nobody, [Act::Write, bob]),
        (Start::Ann, Beside::Ann, [Act::Read, Act::LogOut]),
        (Start::Ann, Beside::Bob, [Act::Write, ann]),
        (Start::Ann, Beside::Before, [Act::Read, Act::LogOut]),
        (Start::Ann, Beside::LoggedOut, [Act::Write, Act::LogOutAndSay]),
        (Start::Due, Beside::Unknown, [Act::Write, Act::Revoke]),
        (Start::Old, Beside::Revoked, [Act::Write, ann]),
        (Start::Revoked, Beside::LoggedOut, [Act::Write, ann]),
        (Start::LoggedOut, Beside::Bob, [Act::Write, Act::LogOut]),
    ] {
        runs += run_all(Scene::new(start, &acts).beside(beside));
    }
    println!("{runs} interleavings");
    assert!(runs > 1_000, "only {runs} interleavings");
}

#[test]
fn two_cookies_keep_all_promises_in_orders_that_chance_chooses() {
    let (orders, chance) = (orders(1), chance());
    for (start, beside) in with_two_cookies() {
        for acts in pairs().filter(|acts| can_begin(beside, acts)) {
            run_some(Scene::new(start, &acts).beside(beside), 3 * orders, &chance);
        }
        for acts in triples().filter(|acts| can_begin(beside, acts)) {
            run_some(Scene::new(start, &acts).beside(beside), orders, &chance);
        }
    }
}

#[test]
fn two_cookies_survive_a_lost_answer_and_a_crash() {
    let (orders, chance) = (orders(1), chance());
    for (start, beside) in with_two_cookies() {
        for acts in pairs().flat_map(|[a, b]| [[a, b], [b, a]]).filter(|acts| can_begin(beside, acts)) {
            let scene = Scene::new(start, &acts).beside(beside);
            run_some(scene.clone().with(Accident::Crash(1 + chance.below(8))), orders, &chance);
            if !acts[0].is_outside() {
                run_some(scene.with(Accident::LostAnswer), orders, &chance);
            }
        }
    }
}

/// Gives what is done beside an act that ends sessions by their owner.
fn pairs_of_owner() -> impl Iterator<Item = [Act; 2]> {
    let others = || Act::ALL.into_iter().chain(Act::OF_OWNER);
    Act::OF_OWNER.into_iter().flat_map(move |ends| others().map(move |other| [ends, other]))
}

#[test]
fn all_of_an_owner_end_or_all_but_one_whatever_their_browser_does() {
    let mut runs = 0;
    for (start, acts) in [
        (Start::Nobody, [Act::RevokeAll, Act::LogIn("ann")]),
        (Start::Ann, [Act::RevokeAll, Act::Write]),
        (Start::Ann, [Act::RevokeAll, Act::LogIn("bob")]),
        (Start::Ann, [Act::RevokeAll, Act::LogOutAndSay]),
        (Start::Due, [Act::RevokeAll, Act::Read]),
        (Start::Ann, [Act::EndOthers, Act::Write]),
        (Start::Ann, [Act::EndOthers, Act::LogIn("ann")]),
        (Start::Due, [Act::EndOthers, Act::Read]),
        (Start::Old, [Act::EndOthers, Act::Write]),
    ] {
        runs += run_all(Scene::new(start, &acts));
    }
    println!("{runs} interleavings");
    assert!(runs > 1_000, "only {runs} interleavings");
}

#[test]
fn all_of_an_owner_end_or_all_but_one_in_orders_that_chance_chooses() {
    let (orders, chance) = (orders(1), chance());
    for start in Start::ALL {
        for acts in pairs_of_owner() {
            run_some(Scene::new(start, &acts), 5 * orders, &chance);
            let scene = Scene::new(start, &acts).with(Accident::Crash(1 + chance.below(8)));
            run_some(scene, orders, &chance);
            for third in Act::ALL {
                run_some(Scene::new(start, &[acts[0], acts[1], third]), orders, &chance);
            }
        }
    }
    for (start, beside) in with_two_cookies() {
        for acts in pairs_of_owner().filter(|acts| can_begin(beside, acts)) {
            run_some(Scene::new(start, &acts).beside(beside), orders, &chance);
        }
    }
}

/// These once broke a promise, and have too many interleavings for all to be run.
#[test]
fn what_broke_a_promise_before_keeps_it_in_orders_that_chance_chooses() {
    let (orders, chance) = (orders(100), chance());
    let (ann, bob) = (Act::LogIn("ann"), Act::LogIn("bob"));
    // A login over a renewal was ended as another session by who ended all but that one.
    run_some(Scene::new(Start::Due, &[Act::EndOthers, ann, Act::Write]), orders, &chance);
    // A straggler was given a cookie, since another of its ids was live.
    let scene = Scene::new(Start::Ann, &[Act::Read, bob, Act::Write]);
    run_some(scene.beside(Beside::Nobody), orders, &chance);
    // Of two dead ids, a logout followed the one that led nowhere.
    let scene = Scene::new(Start::Nobody, &[ann, Act::LogOut, Act::Write]);
    run_some(scene.beside(Beside::LoggedOut), orders, &chance);
}

/// What opens nothing is kept by nobody.
#[cfg(feature = "near")]
fn kept() -> impl Iterator<Item = Start> {
    Start::ALL.into_iter().filter(|start| start.lives().is_some())
}

/// No promise rests on a change being told.
#[cfg(feature = "near")]
#[test]
fn servers_that_keep_what_they_have_read_keep_all_promises() {
    let mut runs = 0;
    for start in kept() {
        for acts in pairs() {
            runs += run_all(Scene::new(start, &acts).with_caches());
        }
    }
    println!("{runs} interleavings");
    assert!(runs > 5_000, "only {runs} interleavings");
}

#[cfg(feature = "near")]
#[test]
fn servers_that_keep_what_they_have_read_keep_all_promises_in_orders_that_chance_chooses() {
    let (orders, chance) = (orders(3), chance());
    for start in kept() {
        for acts in triples() {
            run_some(Scene::new(start, &acts).with_caches(), orders, &chance);
        }
        for acts in pairs_of_owner() {
            run_some(Scene::new(start, &acts).with_caches(), orders, &chance);
        }
        for lost in Act::ALL.into_iter().filter(|act| !act.is_outside()) {
            for other in Act::ALL {
                let scene = Scene::new(start, &[lost, other]).with_caches();
                run_some(scene.clone().with(Accident::LostAnswer), orders, &chance);
                run_some(scene.with(Accident::Crash(1 + chance.below(8))), orders, &chance);
            }
        }
    }
}

#[cfg(feature = "sealed")]
#[test]
fn who_lacks_a_key_leaves_alone_what_it_seals() {
    use Servers::{Apart, Behind, FarBehind};
    let mut runs = 0;
    for (start, servers, acts) in [
        (Start::Nobody, Behind(1), [Act::Write, Act::LogIn("ann")]),
        (Start::Nobody, Behind(1), [Act::LogIn("ann"), Act::LogOut]),
        (Start::Nobody, Apart(0), [Act::Write, Act::LogIn("ann")]),
        (Start::Ann, Behind(0), [Act::Write, Act::LogOut]),
        (Start::Ann, Behind(0), [Act::LogOut, Act::LogIn("bob")]),
        (Start::Ann, Behind(1), [Act::Write, Act::Revoke]),
        (Start::Ann, Behind(1), [Act::LogIn("bob"), Act::LogIn("bob")]),
        (Start::Ann, FarBehind(1), [Act::Write, Act::LogOutAndSay]),
        (Start::Ann, FarBehind(1), [Act::LogIn("ann"), Act::Revoke]),
        (Start::Due, Behind(1), [Act::Read, Act::LogOut]),
        (Start::Old, Behind(0), [Act::Write, Act::LogIn("ann")]),
        (Start::Revoked, Behind(1), [Act::Write, Act::Write]),
    ] {
        runs += run_all(Scene::new(start, &acts).on(servers));
    }
    println!("{runs} interleavings");
    assert!(runs > 400, "only {runs} interleavings");
}

#[cfg(feature = "sealed")]
#[test]
fn who_lacks_a_key_leaves_alone_what_it_seals_in_orders_that_chance_chooses() {
    let (orders, chance) = (orders(1), chance());
    let any = |requests| {
        let lacks = chance.below(requests);
        [Servers::Behind, Servers::FarBehind, Servers::Apart][chance.below(3)](lacks)
    };
    for start in Start::ALL {
        for acts in pairs().chain(pairs_of_owner()) {
            for lacks in [0, 1] {
                for servers in [Servers::Behind(lacks), Servers::FarBehind(lacks), Servers::Apart(lacks)] {
                    run_some(Scene::new(start, &acts).on(servers), orders, &chance);
                }
            }
        }
        for acts in triples() {
            run_some(Scene::new(start, &acts).on(any(3)), orders, &chance);
        }
    }
    for (start, beside) in with_two_cookies() {
        for acts in pairs().filter(|acts| can_begin(beside, acts)) {
            run_some(Scene::new(start, &acts).beside(beside).on(any(2)), orders, &chance);
        }
    }
}
