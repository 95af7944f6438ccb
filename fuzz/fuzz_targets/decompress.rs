#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| unroll_compression::fuzz_decompress(data));
