//! Throws bytes at the reader of rows.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| session_sql::fuzzing::sql_row(data));
