//! Scenarios cause what they say: with every index, and again with a restart before every line; and the
//! oracle says the same. `UPDATE_EXPECT=1` writes the files anew.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on stops")]

use muster_index::IndexKind;
use muster_tests::engine::TestEngine;
use muster_tests::mirror::{Mirror, Mutation};
use muster_tests::scenario::{Restarts, play};
use std::path::{Path, PathBuf};

fn scenarios() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(file).unwrap())).collect()
}

#[test]
fn scenarios_cause_what_they_say() {
    for (file, text) in scenarios() {
        for index in [IndexKind::Value, IndexKind::Attribute, IndexKind::Naive] {
            for restarts in [Restarts::Never, Restarts::BeforeEveryLine] {
                let actual = play(&text, &mut TestEngine::new(index), restarts);
                if actual != text && std::env::var_os("UPDATE_EXPECT").is_some() {
                    std::fs::write(&file, &actual).unwrap();
                    break;
                }
                compare(&file, &format!("{index:?}"), &text, &actual);
            }
        }
    }
}

#[test]
fn the_oracle_says_the_same() {
    for (file, text) in scenarios() {
        let actual = play(&text, &mut Mirror::new(Mutation::Faithful), Restarts::Never);
        compare(&file, "the oracle", &without_sentences(&text), &without_sentences(&actual));
    }
}

/// Of refusals, only the code: the oracle has no sentences for people.
fn without_sentences(text: &str) -> String {
    let code = |line: &str| match line.strip_prefix("  ! ").and_then(|refusal| refusal.split_once(':')) {
        Some((code, _)) => format!("  ! {code}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(code).collect()
}

fn compare(file: &Path, with: &str, text: &str, actual: &str) {
    if actual == text {
        return;
    }
    let (line, (expected, found)) = (1..)
        .zip(text.lines().zip(actual.lines()))
        .find(|(_, (a, b))| a != b)
        .unwrap_or((0, ("(one has more lines)", "")));
    panic!(
        "{}:{line} with {with}: expected\n{expected}\nfound\n{found}\n(UPDATE_EXPECT=1 writes it anew)",
        file.display()
    );
}
