//! The fuzz target's property on stable Rust: its kept corpus, the sample's lines, and some thousand mutations of both,
//! the same ones in every run.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "../fuzz/properties.rs"]
mod properties;
#[path = "../../rule/fuzz/replay.rs"]
mod replay;

use replay::{corpus, files, replay};
use std::fs;

#[test]
fn event_lines_and_their_mutations_keep_the_properties() {
    let mut seeds = corpus("event");
    for path in files("../../config/sample") {
        seeds.extend(fs::read_to_string(path).unwrap().lines().map(str::to_owned));
    }
    replay(&seeds, 20_000, WORDS, |text| properties::event(text.as_bytes()));
}

#[test]
fn what_is_no_text_is_refused() {
    for line in corpus("event") {
        for at in 0..=line.len() {
            // Cut anywhere, and with a byte that no text has.
            let (before, after) = line.as_bytes().split_at(at);
            properties::event(before);
            properties::event(&[before, b"\xFF", after].concat());
        }
    }
}

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\\"",
    "\\u0000",
    "\\ud83d",
    "\\ud83d\\ude00",
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e999",
    "9223372036854775808",
    "\"\"",
    "\"id\":",
    "\"ID\":",
    "\"data\":{",
    "\"kind\":\"user\"",
    "\"kind\":\"device\"",
    "\"op\":\"patch\"",
    "\"op\":\"delete\"",
    "\"department\":",
    "\"Department\":",
    "\"accountEnabled\":",
    "\"employeeHireDate\":",
    "\"2026-11-22T10:00:00Z\"",
    "\"otherMails\":[",
    "\"assignedPlans\":[{",
    "\"servicePlanId\":",
    "\"memberOf\":",
    "\"manager\":{\"id\":",
    "\"onPremisesExtensionAttributes\":{",
    "\"businessPhones\":[",
    "\u{FEFF}",
    "\u{0}",
    "\u{2028}",
    "é",
    "😀",
    "\n",
    "\r\n",
    " ",
];
