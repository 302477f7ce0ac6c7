#![doc = include_str!("../README.md")]
#![cfg(unix)]

mod browser; // a real browser, by WebDriver
mod server; // Home, Server: runs an example
mod store; // Store: where it keeps its sessions
mod tours; // curl and Python

pub use browser::{administration, bound, browser, looks};
pub use rustix::process::Signal;
pub use server::{Home, PATIENCE, Server, in_time};
pub use store::Store;
pub use tours::{curl, python};
