//! A process that is killed loses nothing that it was told is committed, and never half a commit.

use super::{Changelog, Storage, Store, assert_same, copy, fixed, marker_at};
use muster_engine::storage::{Entry, MemoryStorage, Positions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Names the data directory, in the process that is to be killed.
const VARIABLE: &str = "MUSTER_TEST_KILLED_STORE";

#[test]
fn a_directory_as_it_is_while_open_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Changelog::On).unwrap();
    let memory = MemoryStorage::default();
    for (step, entry) in fixed::history().iter().enumerate() {
        store.commit(0, std::slice::from_ref(entry)).unwrap();
        memory.commit(0, std::slice::from_ref(entry)).unwrap();
        if step == 1 {
            store.database.flush().unwrap();
            let marker = marker_at(store.owner(), &store.head(0).unwrap().unwrap());
            store.acknowledge(0, &marker).unwrap();
            memory.acknowledge(0, &marker).unwrap();
        }
        let copied = tempfile::tempdir().unwrap();
        copy(dir.path(), copied.path());
        let killed = Store::open(copied.path(), Changelog::On).unwrap();
        assert_eq!(killed.owner(), store.owner());
        assert_same(&killed, &memory, 0);
    }
}

/// The entry of this number in a history without an end.
fn endless(number: u64) -> Entry {
    let mut history = fixed::history();
    let entry = history.swap_remove((number % 3) as usize);
    Entry {
        number,
        positions: Positions::from([("input".to_owned(), number)]),
        sequence: 0,
        deltas: Vec::new(),
        licences: Vec::new(),
        ..entry
    }
}

#[test]
fn a_killed_process_loses_nothing_that_was_committed() {
    if let Some(dir) = std::env::var_os(VARIABLE) {
        commit_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let memory = MemoryStorage::default();
    let mut committed = 0;
    for lines in [1, 20, 7, 50] {
        let mut killed = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "tests::kill::a_killed_process_loses_nothing_that_was_committed",
                "--nocapture",
            ])
            .env(VARIABLE, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(killed.stdout.take().unwrap()).lines();
        let mut reported = || loop {
            // The test harness prints lines of its own.
            let line = output.next().unwrap().unwrap();
            if let Some(number) = line.strip_prefix("committed ") {
                return number.parse::<u64>().unwrap();
            }
        };
        let last = (0..lines).map(|_| reported()).last().unwrap();
        killed.kill().unwrap();
        killed.wait().unwrap();

        let store = Store::open(dir.path(), Changelog::Off).unwrap();
        let head = store.head(0).unwrap().unwrap();
        assert!(head.entry >= last, "entry {last} was committed, the head is at {}", head.entry);
        for number in committed + 1..=head.entry {
            memory.commit(0, &[endless(number)]).unwrap();
        }
        committed = head.entry;
        assert_same(&store, &memory, 0);
    }
}

fn commit_until_killed(dir: &Path) -> ! {
    let store = Store::open(dir, Changelog::Off).unwrap();
    let mut number = store.head(0).unwrap().map_or(0, |head| head.entry);
    loop {
        number += 1;
        store.commit(0, &[endless(number)]).unwrap();
        // Where nobody reads any more, nobody is left to kill this process.
        if writeln!(std::io::stdout(), "committed {number}").is_err() {
            std::process::exit(1);
        }
    }
}
