#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| azbroker_fuzz::account_page(bytes));
