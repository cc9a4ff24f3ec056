//! Damage is an error that names what is damaged; it is never skipped and never a panic.

use super::{Changelog, Storage, Store, copy, fixed, marker_at};
use crate::database::Durability;
use crate::key::{Key, Place};
use muster_directory::{ObjectId, Tenant};
use muster_engine::storage::{MemoryStorage, PartitionHead, StorageError};
use rocksdb::WriteBatch;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A store with all of the fixed history but its last entry.
fn filled(dir: &TempDir) -> Store {
    let store = Store::open(dir.path(), Changelog::On).unwrap();
    store.commit(0, &fixed::history()[..3]).unwrap();
    store
}

fn overwrite(store: &Store, place: Place, value: Option<&[u8]>) {
    let mut batch = WriteBatch::default();
    let key = Key::new(0, place).encode();
    match value {
        Some(value) => batch.put(key, value),
        None => batch.delete(key),
    }
    store.database.write(batch, Durability::Synced, String::new).unwrap();
}

fn message<T>(result: Result<T, StorageError>) -> String {
    let error = result.err().unwrap();
    assert!(matches!(error, StorageError::Damaged { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn a_damaged_value_is_reported_by_the_name_of_its_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let load = || store.load(0, &mut Vec::new());
    load().unwrap();

    let object = Place::Object(Tenant::default(), ObjectId::new("u/1").unwrap());
    overwrite(&store, object, Some(&[1, 1, 7]));
    assert_eq!(
        message(load()),
        "damaged data in the attributes of object `u/1` of tenant `default` in partition 0: it ends too early"
    );
    overwrite(&store, Place::Entry(2), Some(&[]));
    assert_eq!(
        message(store.outbox(0, 1, 5)),
        "damaged data in outbox entry 2 in partition 0: it ends too early"
    );
    store.outbox(0, 2, 5).unwrap();
    overwrite(&store, Place::Images(2), Some(&[3, 1]));
    assert!(message(store.images(0, 2)).contains("format 3 is not known"));
    overwrite(&store, Place::Marker, Some(&[1, 2]));
    assert!(message(store.marker(0)).contains("the marker in partition 0: schema version 2 is not known"));
    overwrite(&store, Place::Head, Some(&[1, 1]));
    assert!(message(store.head(0)).contains("the head in partition 0"));
    assert!(message(store.commit(0, &fixed::history()[3..])).contains("the head in partition 0"));
}

#[test]
fn a_key_that_is_none_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let mut batch = WriteBatch::default();
    batch.put(b"\x00\x00default\x00\x13", b"");
    store.database.write(batch, Durability::Synced, String::new).unwrap();
    let message = message(store.load(0, &mut Vec::new()));
    assert_eq!(message, r"damaged data in a key: `default\x00\x13` is no key");
}

#[test]
fn a_gap_in_the_outbox_is_damage_and_not_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    overwrite(&store, Place::Entry(2), None);
    for limit in [2, 9] {
        assert_eq!(
            message(store.outbox(0, 0, limit)),
            "damaged data in outbox entry 2 in partition 0: it is missing"
        );
    }
    assert_eq!(store.outbox(0, 0, 1).unwrap().len(), 1);
    assert_eq!(store.outbox(0, 2, 9).unwrap().len(), 1);

    overwrite(&store, Place::Entry(3), None);
    assert!(message(store.outbox(0, 2, 9)).contains("outbox entry 3 in partition 0: it is missing"));

    let store_behind = tempfile::tempdir().unwrap();
    let store = filled(&store_behind);
    let head = PartitionHead::after(&fixed::history()[1]);
    overwrite(&store, Place::Head, Some(&crate::codec::head::encode_head(&head).unwrap()));
    assert!(message(store.outbox(0, 0, 9)).contains("outbox entry 3 in partition 0: the head is at entry 2"));
}

/// The one file in `dir` with this extension.
fn only_file(dir: &Path, extension: &str) -> PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let mut files = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    let file = files.next().unwrap();
    assert_eq!(files.next(), None);
    file
}

#[test]
fn a_torn_log_loses_whole_commits_from_its_end_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let history = fixed::history();
    let store = Store::open(dir.path(), Changelog::Off).unwrap();
    let log = only_file(dir.path(), "log");
    let mut lengths = vec![fs::metadata(&log).unwrap().len()];
    for entry in &history {
        store.commit(0, std::slice::from_ref(entry)).unwrap();
        lengths.push(fs::metadata(&log).unwrap().len());
    }
    store.acknowledge(0, &marker_at(1, &PartitionHead::after(&history[0]))).unwrap();
    let log = fs::read(&log).unwrap();
    let log_name = only_file(dir.path(), "log").file_name().unwrap().to_owned();

    let step = (log.len() / 40).max(1);
    for length in (lengths[0] as usize..=log.len()).rev().step_by(step) {
        let torn = tempfile::tempdir().unwrap();
        copy(dir.path(), torn.path());
        fs::write(torn.path().join(&log_name), &log[..length]).unwrap();
        let store = Store::open(torn.path(), Changelog::Off).unwrap();

        let commits = lengths.iter().skip(1).filter(|end| **end <= length as u64).count();
        let expected = MemoryStorage::default();
        expected.commit(0, &history[..commits]).unwrap();
        if length == log.len() {
            expected.acknowledge(0, &marker_at(1, &PartitionHead::after(&history[0]))).unwrap();
        }
        super::assert_same(&store, &expected, 0);
        // It goes on from there.
        store.commit(0, &history[commits..]).unwrap();
    }
}

#[test]
fn a_flipped_bit_in_a_table_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    store.database.flush().unwrap();
    drop(store);
    let table = fs::read(only_file(dir.path(), "sst")).unwrap();
    // The data blocks come first.
    for at in (0..200).step_by(20) {
        let damaged = tempfile::tempdir().unwrap();
        copy(dir.path(), damaged.path());
        let mut bytes = table.clone();
        bytes[at] ^= 0x10;
        fs::write(only_file(damaged.path(), "sst"), bytes).unwrap();
        let everything = || -> Result<(), StorageError> {
            let store = Store::open(damaged.path(), Changelog::Off)?;
            store.head(0)?;
            store.outbox(0, 0, 9)?;
            store.load(0, &mut Vec::new())
        };
        let error = everything().unwrap_err().to_string();
        assert!(error.contains("Corruption"), "byte {at}: {error}");
    }
}
