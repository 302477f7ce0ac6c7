//! A hoop and extractors for salvo.

mod carried; // the sessions that were opened for a request, in its depot
mod errors; // how errors become salvo's, of which its catcher makes pages
mod extractors; // how a handler gets its session
mod hoop; // the hoop that opens a session and closes it

pub use extractors::SessionDepotExt;
pub use hoop::SessionHoop;
