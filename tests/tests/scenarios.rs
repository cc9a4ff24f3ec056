//! Scenarios: files of event lines, each followed by what it causes, for anybody to read.
//!
//! After a line that starts with `{` come its deltas (`+` joined, `-` left: group, member, cause) or its
//! refusal (`!`). `UPDATE_EXPECT=1` writes the files anew. Each runs with every index, and again with
//! a restart before every line.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use muster_directory::delta::ObjectLife;
use muster_directory::{Cause, Delta, MembershipChange};
use muster_index::IndexKind;
use muster_tests::engine::TestEngine;
use std::fmt::Write as _;
use std::path::Path;

#[derive(Clone, Copy, PartialEq)]
enum Restarts {
    Never,
    BeforeEveryLine,
}

#[test]
fn scenarios_cause_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for index in [IndexKind::Value, IndexKind::Attribute, IndexKind::Naive] {
            for restarts in [Restarts::Never, Restarts::BeforeEveryLine] {
                let actual = run(&text, index, restarts);
                if actual == text {
                    continue;
                }
                if std::env::var_os("UPDATE_EXPECT").is_some() && restarts == Restarts::Never {
                    std::fs::write(&file, &actual).unwrap();
                    break;
                }
                let (line, (expected, found)) = (1..)
                    .zip(text.lines().zip(actual.lines()))
                    .find(|(_, (a, b))| a != b)
                    .unwrap_or((0, ("(one has more lines)", "")));
                panic!(
                    "{}:{line} with {index:?}: expected\n{expected}\nfound\n{found}\n(UPDATE_EXPECT=1 writes it anew)",
                    file.display()
                );
            }
        }
    }
}

/// The scenario's text with the expectations that are true.
fn run(text: &str, index: IndexKind, restarts: Restarts) -> String {
    let mut engine = TestEngine::new(index);
    let mut sequence = 0;
    let mut actual = String::new();
    for line in text.lines() {
        if line.starts_with("  ") {
            continue;
        }
        writeln!(actual, "{line}").unwrap();
        if !line.starts_with('{') {
            continue;
        }
        if restarts == Restarts::BeforeEveryLine {
            assert_eq!(engine.restart(), [], "a restart causes nothing");
        }
        match engine.feed(line) {
            Ok(deltas) => {
                let count = deltas.len();
                for (index, delta) in (1..).zip(deltas) {
                    sequence += 1;
                    assert_eq!(delta.sequence, sequence);
                    let event = (delta.event.index.get(), delta.event.count.get() as usize);
                    assert_eq!(event, (index, count));
                    writeln!(actual, "  {}", show(&delta)).unwrap();
                }
            }
            Err(rejection) => writeln!(actual, "  ! {rejection}").unwrap(),
        }
    }
    actual
}

fn show(delta: &Delta) -> String {
    let sign = match delta.change {
        MembershipChange::Added => '+',
        MembershipChange::Removed => '-',
    };
    let tenant = match delta.tenant.as_str() {
        "default" => String::new(),
        tenant => format!("{tenant}:"),
    };
    let cause = match &delta.cause {
        Cause::Change { attributes, object, .. } => {
            let life = match object {
                Some(ObjectLife::Created) => ", created",
                Some(ObjectLife::Deleted) => ", deleted",
                None => "",
            };
            format!(
                "change of {}{life}",
                if attributes.is_empty() { "nothing".into() } else { attributes.join(" ") }
            )
        }
        Cause::Rule { version } => format!("rule {version}"),
        Cause::Clock => "clock".into(),
        Cause::MemberOf { group } => format!("memberOf {group}"),
        Cause::Member { .. } => "member".into(),
    };
    format!("{sign} {tenant}{} {} ({}): {cause}", delta.group, delta.member, delta.member_kind)
}
