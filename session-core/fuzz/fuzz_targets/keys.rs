//! Throws bytes at the reader of secret keys.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_core::fuzzing::keys(data));
