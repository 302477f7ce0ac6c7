//! Throws bytes at the reader of a database's URL.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_sql::fuzzing::sql_url(data));
