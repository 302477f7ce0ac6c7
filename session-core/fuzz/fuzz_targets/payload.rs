//! Throws bytes at the decoder of payloads.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_core::fuzzing::payload(data));
