//! The store keeps every clause of the contract over every topology, as a user who may do no more than the crate's
//! page lists.

mod common;

use common::harness::OnRedis;
use common::topology;
use session_conformance::suite;

mod single {
    use super::*;
    suite!(OnRedis<topology::Single>, without { SWP: "Redis reclaims by itself" });
}

mod own_connection {
    use super::*;
    suite!(
        OnRedis<topology::OwnConnection>,
        without { SWP: "Redis reclaims by itself", WAT: "nothing is pushed over RESP2" }
    );
}

#[cfg(feature = "sentinel")]
mod sentinel {
    use super::*;
    suite!(OnRedis<topology::Sentinels>, without { SWP: "Redis reclaims by itself" });
}

#[cfg(feature = "cluster")]
mod cluster {
    use super::*;
    suite!(
        OnRedis<topology::Cluster>,
        without { SWP: "Redis reclaims by itself", WAT: "each node would tell of its own" }
    );
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;
    suite!(OnRedis<crate::common::tls::Tls>, without { SWP: "Redis reclaims by itself" });
}

#[cfg(feature = "near-cache")]
mod near_cache {
    use super::*;
    // Each of these reads by one handle what another has just written, or a write that was given up and is still on
    // its way. `near.rs` bounds how late it is seen, and checks that no update is lost.
    suite!(
        OnRedis<topology::NearCache>,
        without { SWP: "Redis reclaims by itself" },
        except {
            REC_9: "another handle's write is seen after a push",
            PUT_9: "another handle's write is seen after a push",
            PUT_10: "a write that was given up is seen after a push",
            PUT_14: "another handle's write is seen after a push",
            PUT_16: "another handle's write is seen after a push",
            TCH_4: "another handle's write is seen after a push",
            TCH_6: "another handle's write is seen after a push",
            DEL_3: "another handle's write is seen after a push",
            OWN_2: "another handle's write is seen after a push",
            WAT_2: "the near cache hears of a change by a connection of its own",
            CON_1: "another handle's write is seen after a push",
            CON_2: "another handle's write is seen after a push",
        }
    );
}
