//! See `properties::pattern`.

#![no_main]

#[path = "../properties.rs"]
#[expect(dead_code, reason = "shared by the targets")]
mod properties;

libfuzzer_sys::fuzz_target!(|text: &str| properties::pattern(text));
