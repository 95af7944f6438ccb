#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| unroll_protocol::deposit::fuzz_deposit(data));
