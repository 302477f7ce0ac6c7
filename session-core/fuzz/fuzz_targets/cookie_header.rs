//! Throws bytes at the reader of the `Cookie` header.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_core::fuzzing::cookie_header(data));
