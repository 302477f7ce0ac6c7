#![doc = include_str!("../README.md")]

pub use session_core;
