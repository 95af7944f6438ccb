#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| unroll_protocol::config_file::fuzz_config_file(data));
