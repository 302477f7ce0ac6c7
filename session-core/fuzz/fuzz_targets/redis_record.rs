//! Throws bytes at the reader of what stands in Redis.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_redis::fuzzing::redis_record(data));
