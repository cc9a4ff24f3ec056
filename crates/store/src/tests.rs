//! The store as a whole, on a real disk.

use crate::{Changelog, Store, fixed};
use muster_engine::storage::{
    Entry, Marker, MemoryStorage, PartitionHead, Positions, RecordImage, Storage, StorageError,
};
use std::path::Path;

mod damage;
mod directory;
mod fixture;
mod kill;
mod model;

/// The records of a partition, in the order of loading.
fn loaded(storage: &dyn Storage, partition: u16) -> Vec<RecordImage> {
    let mut records = Vec::new();
    storage.load(partition, &mut records).unwrap();
    records
}

fn numbers(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.number).collect()
}

/// A marker at this head.
fn marker_at(owner: u128, head: &PartitionHead) -> Marker {
    Marker {
        owner,
        lineage: 1,
        entry: head.entry,
        sequence: head.sequence,
        positions: head.positions.clone(),
        definitions_position: head.definitions_position,
        clock: head.clock,
    }
}

/// Everything that can be read of the partition is equal in both.
fn assert_same(actual: &dyn Storage, expected: &dyn Storage, partition: u16) {
    assert_eq!(actual.head(partition).unwrap(), expected.head(partition).unwrap());
    assert_eq!(actual.marker(partition).unwrap(), expected.marker(partition).unwrap());
    for (after, limit) in [(0, usize::MAX), (0, 1), (1, 2), (3, 0), (u64::MAX, 9)] {
        let outbox = |of: &dyn Storage| of.outbox(partition, after, limit).unwrap();
        assert_eq!(outbox(actual), outbox(expected), "after {after}, at most {limit}");
    }
    assert_eq!(loaded(actual, partition), loaded(expected, partition));
}

/// Copies a data directory as a kill at this moment would leave it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_name() != "LOCK" {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

#[test]
fn images_are_kept_for_a_changelog_until_they_are_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let history = fixed::history();
    let store = Store::open(dir.path(), Changelog::On).unwrap();
    store.commit(0, &history[..2]).unwrap();

    // The images of each entry are its own, also where a later entry of the same commit overwrote them.
    for entry in &history[..2] {
        assert_eq!(store.images(0, entry.number).unwrap().as_ref(), Some(&entry.records));
    }
    assert_ne!(history[0].records[0], history[1].records[0]);
    store.commit(0, &history[2..]).unwrap();
    assert_eq!(store.images(0, 3).unwrap().as_ref(), Some(&history[2].records));
    assert_eq!(store.images(0, 4).unwrap(), Some(Vec::new()));
    assert!(store.outbox(0, 0, 9).unwrap().iter().all(|entry| entry.records.is_empty()));

    store.acknowledge(0, &marker_at(1, &PartitionHead::after(&history[1]))).unwrap();
    let kept = |store: &Store| [1, 2, 3, 4, 5].map(|entry| store.images(0, entry).unwrap().is_some());
    assert_eq!(kept(&store), [false, false, true, true, false]);
    drop(store);

    // Images outlast a run without a changelog, and it leaves none.
    let store = Store::open(dir.path(), Changelog::Off).unwrap();
    let fifth = Entry { number: 5, ..history[3].clone() };
    store.commit(0, std::slice::from_ref(&fifth)).unwrap();
    assert_eq!(kept(&store), [false, false, true, true, false]);
    store.acknowledge(0, &marker_at(1, &PartitionHead::after(&fifth))).unwrap();
    assert_eq!(kept(&store), [false; 5]);
}

#[test]
fn many_entries_are_committed_and_trimmed_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Changelog::On).unwrap();
    let last = fixed::history().pop().unwrap();
    let entries: Vec<Entry> =
        (1..=10_000).map(|number| Entry { number, sequence: 0, ..last.clone() }).collect();
    store.commit(0, &entries).unwrap();
    assert_eq!(numbers(&store.outbox(0, 4_998, 3).unwrap()), [4_999, 5_000, 5_001]);

    // Once as a range, once one by one.
    for (acknowledged, left) in [(9_000, 1_000), (9_990, 10)] {
        let head = PartitionHead::after(&entries[acknowledged - 1]);
        store.acknowledge(0, &marker_at(1, &head)).unwrap();
        let rest = store.outbox(0, 0, usize::MAX).unwrap();
        assert_eq!((rest.len(), rest[0].number), (left, acknowledged as u64 + 1));
        assert_eq!(store.images(0, acknowledged as u64).unwrap(), None);
        assert!(store.images(0, acknowledged as u64 + 1).unwrap().is_some());
    }
}

#[test]
fn a_wipe_leaves_the_intent_and_a_restore_counts_from_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Changelog::On).unwrap();
    let history = fixed::history();
    for partition in [0, 1, 2] {
        store.intend(partition, 5).unwrap();
        store.commit(partition, &history[..2]).unwrap();
        let head = PartitionHead::after(&history[0]);
        store.acknowledge(partition, &marker_at(7, &head)).unwrap();
    }
    store.wipe(1).unwrap();
    store.wipe(9).unwrap();
    let before = MemoryStorage::default();
    before.commit(0, &history[..2]).unwrap();
    before.acknowledge(0, &marker_at(7, &PartitionHead::after(&history[0]))).unwrap();
    let empty = MemoryStorage::default();
    for (partition, expected) in [(0, &before), (2, &before)] {
        assert_eq!(loaded(&store, partition), loaded(expected, 0));
        assert_eq!(store.outbox(partition, 0, 9).unwrap(), expected.outbox(0, 0, 9).unwrap());
    }
    assert_same(&store, &empty, 1);
    assert_eq!(
        [0, 1, 2, 9].map(|partition| store.intent(partition).unwrap()),
        [Some(5), Some(5), Some(5), None]
    );

    let refused = |result: Result<(), StorageError>| {
        assert!(matches!(result.unwrap_err(), StorageError::OutOfOrder { .. }));
    };
    let records: Vec<RecordImage> = history.iter().flat_map(|entry| entry.records.clone()).collect();
    refused(store.put_restored(0, &records));
    let (first, second) = records.split_at(2);
    store.put_restored(1, first).unwrap();
    assert_eq!(store.head(1).unwrap(), None, "a kill leaves something to be wiped");
    store.put_restored(1, second).unwrap();
    let marker = marker_at(8, &PartitionHead::after(&history[3]));
    store.finish_restore(1, &marker).unwrap();
    refused(store.finish_restore(1, &marker));
    drop(store);

    let store = Store::open(dir.path(), Changelog::On).unwrap();
    let expected = MemoryStorage::default();
    expected.put_restored(1, &records).unwrap();
    expected.finish_restore(1, &marker).unwrap();
    assert_same(&store, &expected, 1);
    store.commit(1, &[Entry { number: 5, ..history[3].clone() }]).unwrap();
    assert_eq!(numbers(&store.outbox(1, 0, 9).unwrap()), [5]);
}

#[test]
fn what_does_not_follow_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Changelog::Off).unwrap();
    let history = fixed::history();
    store.commit(0, &[]).unwrap();
    assert_eq!(store.head(0).unwrap(), None);
    store.commit(0, &history[..2]).unwrap();
    let expected = MemoryStorage::default();
    expected.commit(0, &history[..2]).unwrap();

    let refused = |result: Result<(), StorageError>| {
        assert!(matches!(result.unwrap_err(), StorageError::OutOfOrder { .. }));
    };
    refused(store.commit(0, &history[..1]));
    refused(store.commit(0, &history[3..]));
    refused(store.commit(0, &[history[2].clone(), history[2].clone()]));
    refused(store.commit(1, &history[1..2]));
    refused(store.acknowledge(0, &marker_at(1, &PartitionHead::after(&history[2]))));
    refused(store.acknowledge(1, &marker_at(1, &PartitionHead::after(&history[0]))));
    assert_same(&store, &expected, 0);
    assert_same(&store, &expected, 1);

    let marker = marker_at(1, &PartitionHead::after(&history[1]));
    store.acknowledge(0, &marker).unwrap();
    store.acknowledge(0, &marker).unwrap();
    refused(store.acknowledge(0, &marker_at(1, &PartitionHead::after(&history[0]))));
    refused(store.acknowledge(0, &Marker { lineage: 0, positions: Positions::new(), ..marker.clone() }));
    assert_eq!(store.marker(0).unwrap(), Some(marker));
}

#[test]
fn partitions_are_written_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Changelog::Off).unwrap();
    let history = fixed::history();
    let write = |partition: u16| {
        for entry in &history {
            store.commit(partition, std::slice::from_ref(entry)).unwrap();
        }
    };
    std::thread::scope(|scope| {
        for partition in [0, 1, 255, 256, u16::MAX] {
            scope.spawn(move || write(partition));
        }
    });
    let expected = MemoryStorage::default();
    expected.commit(0, &history).unwrap();
    for partition in [0, 1, 255, 256, u16::MAX] {
        assert_eq!(loaded(&store, partition), loaded(&expected, 0));
        assert_eq!(store.outbox(partition, 0, 9).unwrap(), expected.outbox(0, 0, 9).unwrap());
    }
    assert_eq!(loaded(&store, 2), []);
}
