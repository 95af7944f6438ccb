#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| unroll_protocol::l1_receipt::fuzz_l1_receipt(data));
