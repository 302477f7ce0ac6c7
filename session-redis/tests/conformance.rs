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
