#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| unroll_protocol::l1_info::fuzz_l1_info(data));
