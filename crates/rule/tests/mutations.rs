//! The fuzz targets' properties on stable Rust: their kept corpora, all rules of the golden corpus, and some thousand
//! mutations of both, the same ones in every run. `MUSTER_MUTATIONS` and `MUSTER_SEED` ask for more, and for others.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

#[path = "../fuzz/properties.rs"]
mod properties;
#[path = "../fuzz/replay.rs"]
mod replay;

use replay::{corpus, files, replay};
use std::fs;
use toml_edit::DocumentMut;

#[test]
fn rules_and_their_mutations_keep_the_properties() {
    let mut seeds = corpus("rule");
    seeds.extend(golden_rules());
    replay(&seeds, 6_000, RULE_WORDS, properties::rule);
}

#[test]
fn patterns_and_their_mutations_keep_the_properties() {
    let seeds = corpus("pattern");
    replay(&seeds, 6_000, PATTERN_WORDS, properties::pattern);
}

const RULE_WORDS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "`",
    "``",
    "''",
    "-",
    "–",
    "−",
    "_",
    ".",
    "$null",
    "null",
    "true",
    " -and ",
    " -or ",
    "-not ",
    " -eq ",
    " -ne ",
    " -any ",
    " -all ",
    " -match ",
    " -in ",
    "user.",
    "device.",
    "user.otherMails",
    "user.memberOf",
    "assignedPlan.service",
    "group.objectId",
    "Direct Reports for ",
    "system.now",
    " -plus ",
    "P1D",
    "2026-01-01",
    "-7.5",
    "\u{A0}",
    "\r\n",
    "“",
    "”",
    "&quot;",
    "\\_",
    "**",
    "é",
    "😀",
    "\u{0}",
];

const PATTERN_WORDS: &[&str] = &[
    "(",
    ")",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<!",
    "(?>",
    "(?<x>",
    "(?'x'",
    r"\k<x>",
    r"\1",
    "(?(1)",
    "(?(x)",
    "(?i)",
    "(?x-s:",
    "(?#",
    "[",
    "]",
    "[^",
    "-[",
    "-",
    "|",
    "*",
    "+",
    "?",
    "{2}",
    "{1,",
    "}",
    "^",
    "$",
    r"\b",
    r"\Z",
    r"\w",
    r"\P{L}",
    r"\p{IsGreek}",
    r"\u00E9",
    r"\x4",
    r"\cA",
    r"\101",
    ".",
    "\\",
    "\n",
    "K",
    "ς",
    "😀",
    "\u{0}",
];

fn golden_rules() -> Vec<String> {
    let files = files("tests/corpus/valid").into_iter().chain(files("tests/corpus/invalid"));
    let rules = files.flat_map(|path| {
        let document: DocumentMut = fs::read_to_string(path).unwrap().parse().unwrap();
        let rules = document.get("rule").unwrap().as_array_of_tables().unwrap();
        rules.iter().map(|rule| rule.get("rule").unwrap().as_str().unwrap().to_owned()).collect::<Vec<_>>()
    });
    rules.collect()
}
