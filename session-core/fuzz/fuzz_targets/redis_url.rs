//! Throws bytes at the reader of a server's URL.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_redis::fuzzing::redis_url(data));
