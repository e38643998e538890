#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lanewarden_fuzz::session_responder(data));
