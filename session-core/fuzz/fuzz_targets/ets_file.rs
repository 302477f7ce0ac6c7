//! Throws bytes at the reader of saved tables.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_ets::fuzzing::ets_file(data));
