//! The sample organisation: the deltas of the tutorial, each with its cause, as a golden file.
//!
//! `UPDATE_EXPECT=1` writes the golden file anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use muster_tests::program::{Run, Workshop, root};
use std::fs;

#[test]
fn the_sample_organisation_has_these_deltas() {
    let workshop = Workshop::default();
    let (out, data) = (workshop.path("out.jsonl"), workshop.path("data"));
    let mut replay = workshop.command(&["replay", "--now", "2026-11-22T08:00:00Z", "--strict"]);
    replay.current_dir(root()).arg("--deltas").arg(out).arg("--data").arg(data);
    replay.args([
        "--events",
        "config/sample/01-groups.jsonl",
        "config/sample/02-people.jsonl",
        "config/sample/03-a-day.jsonl",
    ]);
    let run = Run::from(replay.output().unwrap());
    assert_eq!(run.status, 0, "{run:?}");
    assert!(workshop.bytes("out.jsonl.dead").is_empty());

    let deltas = expect(&workshop, "out.jsonl", "sample.deltas.jsonl");

    // One licence for two guests: who comes second waits, and has it when the first has gone.
    fs::copy(root().join("config/sample/licences/licences.jsonl"), workshop.path("licences.jsonl")).unwrap();
    let input = ["licensing", "replay", "--input", "licences.jsonl", "out.jsonl", "--events", "licences.out"];
    let run = workshop.run(&[&input[..], &["--now", "2026-11-22T08:00:00Z", "--strict"]].concat());
    assert_eq!(run.status, 0, "{run:?}");
    expect(&workshop, "licences.out", "sample.licences.jsonl");

    let members = |group: &str| workshop.run(&["members", "--data", "data", "--group", group]).stdout;
    assert_eq!(members("all-users"), "alex\nmegan\npradeep\n");
    assert_eq!(members("lobby-badge"), "pradeep\n");
    assert_eq!(workshop.run(&["memberships", "--data", "data", "--object", "megan"]).stdout, "all-users\n");

    // The README shows one of them, as it is.
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let shown = readme.lines().find(|line| line.starts_with("{\"tenant\":")).expect("a delta in the README");
    assert!(deltas.lines().any(|line| line == shown), "the README shows {shown}");
}

/// The file's contents, which must be those of the golden file.
fn expect(workshop: &Workshop, file: &str, golden: &str) -> String {
    let golden = root().join("tests/golden").join(golden);
    let found = String::from_utf8(workshop.bytes(file)).unwrap();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    assert!(found == expected, "{file} differs from {}:\n{found}", golden.display());
    found
}
