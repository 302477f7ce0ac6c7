#![doc = include_str!("../README.md")]

// In and out.
mod answer; // Answer, Body: what every framework can make a response of
mod ask; // Ask, Format: the request
mod csrf; // forms and sockets of other sites
mod errors; // refusals, and every error's form

// What it does.
mod admin; // everything ended, by who may
mod demo; // Demo: what all handlers share
mod live; // what outlives a response's head
mod pages; // one handler per route
mod protection; // what protects the visitor
mod rig; // routes for tests alone
mod view; // templates

// What it runs on.
mod assets; // style, script, icon, security headers
mod bound; // SESSION_BOUND
mod connections; // for frameworks that do not accept
mod cookie; // the cookie's variables
mod run; // main: sets up, serves, stops
mod settings; // the environment
mod store; // SESSION_STORE
mod store_settings; // how it is set up
mod variables; // how a variable is read
mod watch; // counts what the store does, and fails in its place

pub use answer::{Answer, Body, Pieces};
pub use ask::{Ask, BODY_LIMIT, Format};
pub use connections::Connections;
pub use demo::{Demo, Second};
pub use live::Live;
pub use pages::{Answering, Page};
pub use run::{main, with_causes};
pub use session_core::BoxError;
pub use store::{Opened, SqlDatabase, StoreUrl};
pub use store_settings::StoreSettings;
