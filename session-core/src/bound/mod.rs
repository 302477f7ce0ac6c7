//! Device-bound sessions: what is proved, and how; no request and no session is known here.
//!
//! What a request is answered, and what becomes of its session, is in `request/bound.rs` and `request/unproven.rs`; what is
//! stored, in `payload/device.rs`.

mod config; // DeviceBound: what the application chose
mod devices; // Devices: the same, checked, with what it needs
mod error; // why a proof is refused
mod instructions; // what browsers are told
mod key; // the device's key, and what it has signed
mod proof; // reads a proof
mod tags; // challenges and the device cookie: times with a MAC
#[cfg(test)]
mod tests;
mod used; // challenges that were answered

pub use config::{BindingOffer, DeviceAlgorithm, DeviceBound, OnUnproven};
pub(crate) use devices::{Devices, Endpoint, meant};
pub use error::ProofError;
pub(crate) use instructions::over;
pub(crate) use proof::Proof;
pub(crate) use tags::Purpose;
