//! MOD: everything in any order.

use std::time::Instant;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::check::{Check, Stop, broken};
use crate::clauses::moves::{Move, sequences};
use crate::clauses::world::World;
use crate::tools::case::Case;
use crate::tools::seed::Place;

/// Checks MOD-1: random sequences of operations answer as a small model does (property-based,
/// shrinking).
pub(crate) async fn mod_1_the_store_answers_as_the_model_does(case: &Case) -> Check {
    for round in case.rounds_of(case.cases as usize) {
        let mut runner = runner(case);
        let mut tree = match sequences(case.store.raw()).new_tree(&mut runner) {
            Ok(tree) => tree,
            Err(reason) => return broken("a random sequence", reason.to_string()),
        };
        if let Err(fault) = play(case, &tree.current()).await {
            let smallest = shrink(case, round.place, &mut tree, fault).await;
            for step in smallest.steps {
                case.note(step);
            }
            return Err(smallest.stop);
        }
    }
    Ok(())
}

/// Makes what draws a sequence.
fn runner(case: &Case) -> TestRunner {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, case.draw.key().as_bytes());
    // No file of regressions: it would land in the tree of whoever runs the suite.
    TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, seed)
}

/// A sequence that the model and the store disagree on.
struct Fault {
    stop: Stop,
    steps: Vec<String>,
}

/// Plays the moves on new keys.
async fn play(case: &Case, moves: &[Move]) -> Result<(), Fault> {
    let mut world = World::new(&case.store, &case.draw);
    let played = async {
        for next in moves {
            world.play(next).await?;
        }
        world.clear().await
    }
    .await;
    let Err(stop) = played else { return Ok(()) };
    let fault = Fault { stop, steps: world.steps() };
    // What is left of this sequence would be swept, and counted, in the next.
    world.abandon().await;
    Err(fault)
}

/// Looks for a smaller sequence that fails. It is driven by hand, since the property awaits.
///
/// Each is played in a place of its own: what the sequences before it have left, and what those that were tried since
/// have, would make one fail that is right.
async fn shrink(case: &Case, place: Place, tree: &mut impl ValueTree<Value = Vec<Move>>, fault: Fault) -> Fault {
    // Enough to come down to a handful of moves; a slow backend has a watchdog to keep ahead of.
    const MOST: usize = 400;
    let (began, most) = (Instant::now(), case.time_limit / 4);
    match play_apart(case, place, &tree.current()).await {
        Some(Err(_)) => {}
        Some(Ok(())) => {
            let mut steps = fault.steps;
            steps.push("(in a new place these steps do not fail: it takes what sequences before them left)".to_owned());
            return Fault { steps, ..fault };
        }
        None => return fault,
    }
    let mut smallest = fault;
    let mut smaller = tree.simplify();
    for _ in 0..MOST {
        if !smaller || began.elapsed() > most {
            break;
        }
        smaller = match play_apart(case, place, &tree.current()).await {
            Some(Err(fault)) => {
                smallest = fault;
                tree.simplify()
            }
            Some(Ok(())) => tree.complicate(),
            None => break,
        };
    }
    smallest
}

/// Plays the moves in a place of their own, on the keys on which they failed; `None` if there is no place to be had.
async fn play_apart(case: &Case, place: Place, moves: &[Move]) -> Option<Result<(), Fault>> {
    let apart = case.apart().await.ok()?;
    apart.draw.begin(place);
    // What the dice and the sequence came from.
    let _ = (apart.draw.number(), apart.draw.key());
    let played = play(&apart, moves).await;
    apart.harness.stop().await;
    Some(played)
}
