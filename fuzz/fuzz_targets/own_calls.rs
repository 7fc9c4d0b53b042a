#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| azbroker_fuzz::own_calls(bytes));
