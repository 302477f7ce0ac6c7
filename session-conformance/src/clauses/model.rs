//! MOD: everything in any order.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};

use crate::check::{Check, Stop, broken};
use crate::clauses::moves::{Move, sequences};
use crate::clauses::world::World;
use crate::tools::case::Case;

/// Checks MOD-1: random sequences of operations answer as a small model does (property-based,
/// shrinking).
pub(crate) async fn mod_1_the_store_answers_as_the_model_does(case: &Case) -> Check {
    // No file of regressions: it would land in the tree of whoever runs the suite.
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for _ in case.rounds_of(case.cases as usize) {
        let mut tree = match sequences(case.store.raw()).new_tree(&mut runner) {
            Ok(tree) => tree,
            Err(reason) => return broken("a random sequence", reason.to_string()),
        };
        if let Err(fault) = play(case, &tree.current()).await {
            let smallest = shrink(case, &mut tree, fault).await;
            for step in smallest.steps {
                case.note(step);
            }
            return Err(smallest.stop);
        }
    }
    Ok(())
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
async fn shrink(case: &Case, tree: &mut impl ValueTree<Value = Vec<Move>>, fault: Fault) -> Fault {
    // Enough to come down to a handful of moves; a slow backend has a watchdog to keep ahead of.
    const MOST: usize = 400;
    let mut smallest = fault;
    let mut smaller = tree.simplify();
    for _ in 0..MOST {
        if !smaller {
            break;
        }
        smaller = match play(case, &tree.current()).await {
            Err(fault) => {
                smallest = fault;
                tree.simplify()
            }
            Ok(()) => tree.complicate(),
        };
    }
    smallest
}
