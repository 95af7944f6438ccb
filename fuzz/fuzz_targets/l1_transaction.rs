#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| unroll_protocol::l1_transaction::fuzz_l1_transaction(data));
