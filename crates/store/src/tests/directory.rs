//! What may be opened, and what is said about what may not.

use super::{Changelog, Storage, Store, fixed, loaded};
use crate::codec::directory::encode_format;
use crate::database::Durability;
use crate::key::{Key, Place};
use muster_engine::storage::StorageError;
use rocksdb::{DB, WriteBatch};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Opening it for writing and for reading is refused with these words.
fn refused(dir: &Path, words: &str) {
    for result in [Store::open(dir, Changelog::Off), Store::open_read_only(dir)] {
        let error = result.err().unwrap();
        assert!(matches!(error, StorageError::Incompatible(_)), "{error:?}");
        let message = error.to_string();
        assert!(message.contains(words) && message.contains(dir.to_str().unwrap()), "{message}");
    }
}

#[test]
fn a_directory_is_made_and_keeps_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (dir.path().join("a/b"), dir.path().join("c"));
    let owner = Store::open(&one, Changelog::Off).unwrap().owner();
    assert_eq!(Store::open(&one, Changelog::On).unwrap().owner(), owner);
    assert_eq!(Store::open_read_only(&one).unwrap().owner(), owner);
    assert_ne!(Store::open(&other, Changelog::Off).unwrap().owner(), owner);
}

#[test]
fn a_second_process_is_told_that_there_is_a_first() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Store::open(dir.path(), Changelog::Off).unwrap();
    let message = Store::open(dir.path(), Changelog::Off).err().unwrap().to_string();
    assert!(message.contains("another process has it open: stop that one"), "{message}");
}

#[test]
fn another_programs_directory_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let message = Store::open(dir.path(), Changelog::Off).err().unwrap().to_string();
    assert!(message.contains("is not a Muster data directory (it holds `notes.txt`)"), "{message}");
    refused(dir.path(), "is not a Muster data directory");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);

    let dir = tempfile::tempdir().unwrap();
    DB::open_default(dir.path()).unwrap().put("a", "b").unwrap();
    let message = Store::open(dir.path(), Changelog::Off).err().unwrap().to_string();
    assert!(message.contains("holds the data of another program"), "{message}");
}

#[test]
fn a_newer_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Changelog::Off).unwrap();
    let mut batch = WriteBatch::default();
    batch.put(Key::of_directory(Place::Format).encode(), encode_format(2));
    store.database.write(batch, Durability::Synced, String::new).unwrap();
    drop(store);
    refused(dir.path(), "was written by a newer version of Muster (its format is 2, this one reads up to 1)");
}

#[test]
fn what_a_kill_leaves_of_the_first_start_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    // RocksDB was about to write CURRENT.
    for file in ["LOCK", "LOG", "IDENTITY", "MANIFEST-000001", "000001.dbtmp"] {
        fs::write(dir.path().join(file), "").unwrap();
    }
    Store::open(dir.path(), Changelog::Off).unwrap();

    // The database was there, the format record not yet.
    let dir = tempfile::tempdir().unwrap();
    drop(DB::open_default(dir.path()).unwrap());
    Store::open_read_only(dir.path()).err().unwrap();
    let owner = Store::open(dir.path(), Changelog::Off).unwrap().owner();
    assert_eq!(Store::open(dir.path(), Changelog::Off).unwrap().owner(), owner);
}

#[test]
fn a_reader_sees_everything_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    Store::open_read_only(&missing).err().unwrap();
    assert!(!missing.exists());

    let store = Store::open(dir.path(), Changelog::Off).unwrap();
    store.commit(0, &fixed::history()[..2]).unwrap();
    store.database.flush().unwrap();
    store.commit(0, &fixed::history()[2..]).unwrap();
    let (records, outbox) = (loaded(&store, 0), store.outbox(0, 0, 9).unwrap());
    drop(store);

    let files = |dir: &Path| -> BTreeMap<_, _> {
        let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    };
    let before = files(dir.path());
    let reader = Store::open_read_only(dir.path()).unwrap();
    assert_eq!((loaded(&reader, 0), reader.outbox(0, 0, 9).unwrap()), (records, outbox));
    let next = crate::samples::follow(reader.head(0).unwrap().as_ref(), fixed::history().remove(3));
    let error = reader.commit(0, &[next]).unwrap_err();
    assert!(error.to_string().starts_with("the store failed to commit entries 5 to 5"), "{error}");
    drop(reader);
    assert_eq!(files(dir.path()), before);
}
