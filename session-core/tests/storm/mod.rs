//! A storm: browsers that sign in and out, write, lose answers and are signed out elsewhere, over two processes' worth of
//! `Sessions` on a store that fails; and what they are promised, by what each of them sees.
//!
//! The tests of the backends include it by its path, so it needs nothing but the core and tokio.
//!
//! | | |
//! |---|---|
//! | `shaky` | a store that loses calls and replies |
//! | `browser` | a jar, and what its user knows |
//! | `round` | requests at once, and what is judged once they are answered |

mod browser;
mod round;
#[path = "../support/seeded.rs"]
mod seeded;
mod shaky;

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_core::{ManualClock, OwnerLimitAction, SessionStore, Sessions, Timestamp};

use browser::Browser;
use round::Site;
use seeded::Seeded;
use shaky::Shaky;

/// How many sessions an owner may have.
const MOST: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// Runs a storm of some rounds over two handles of one store. `STORM_ROUNDS` and `STORM_SEED` make it longer, and another
/// one. Over a server it goes another way each time.
pub(crate) async fn storm(handles: [Arc<dyn SessionStore>; 2], start: Timestamp, rounds: usize) {
    let setting = |name, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (rounds, seed) = (setting("STORM_ROUNDS", rounds as u64), setting("STORM_SEED", 1));
    println!("STORM_SEED={seed}");
    let (clock, chance) = (ManualClock::new(start), Seeded::new(seed));
    let shaky = handles.map(|store| Shaky::new(store, chance.clone(), clock.clone()));
    let process = |store: &Shaky| {
        let builder = Sessions::builder(store.clone()).clock(clock.clone()).random(chance.clone());
        let builder = builder.max_sessions_per_owner(MOST, OwnerLimitAction::EvictOldest);
        builder.renew_every(std::time::Duration::from_secs(3600)).build().unwrap()
    };
    let processes = [process(&shaky[0]), process(&shaky[1])];
    let mut site = Site { processes, shaky, clock, chance, over: Vec::new(), round: 0, seed };
    let mut browsers = [Browser::new("first"), Browser::new("second"), Browser::new("third")];
    for _ in 0..rounds {
        site.run_a_round(&mut browsers).await;
    }
    site.calms_down(&mut browsers).await;
}
