#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| unroll_protocol::system_config::fuzz_config_update(data));
