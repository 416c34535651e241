#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::tai64n(data));
