//! Servers are shared by processes, answer, and end when nobody uses them any more, crash or not.

mod alone;
mod answers;
mod ask;
mod lifetime;
