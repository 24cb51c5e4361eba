#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| textslash_fuzz::relay_protocol(data));
