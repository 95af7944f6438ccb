#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| unroll_testing::fuzz::decoders::fuzz_decompress(data));
