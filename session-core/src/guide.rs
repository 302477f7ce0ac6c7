//! Pages about what no single item tells.

#[doc = include_str!("../docs/from_plug.md")]
pub mod from_plug {}

#[doc = include_str!("../docs/from_tower_sessions.md")]
pub mod from_tower_sessions {}

#[doc = include_str!("../docs/from_actix_session.md")]
pub mod from_actix_session {}

#[doc = include_str!("../docs/formats.md")]
pub mod formats {}

#[doc = include_str!("../docs/values.md")]
pub mod values {}

#[doc = include_str!("../docs/changing_types.md")]
pub mod changing_types {}

#[doc = include_str!("../docs/operating.md")]
#[doc = include_str!("../docs/questions.md")]
pub mod operating {}

#[doc = include_str!("../docs/changing_the_cookie.md")]
pub mod changing_the_cookie {}

#[doc = include_str!("../docs/pushes.md")]
pub mod pushes {}

#[doc = include_str!("../docs/cost.md")]
pub mod cost {}

#[cfg(feature = "device-bound")]
#[doc = include_str!("../docs/device_bound.md")]
pub mod device_bound {}
