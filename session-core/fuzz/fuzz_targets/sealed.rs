//! Throws bytes at the reader of sealed envelopes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_core::fuzzing::sealed(data));
