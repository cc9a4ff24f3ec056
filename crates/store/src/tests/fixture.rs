//! Data directories of earlier versions are kept, and opened by every later one.
//!
//! `MUSTER_WRITE_FIXTURE=1 cargo test -p muster-store fixture` writes the one of this version; once a
//! version is released, its directory stays as it is.

use super::{Changelog, Storage, Store, assert_same, copy, fixed, marker_at};
use muster_engine::storage::{Entry, MemoryStorage, PartitionHead};
use std::fs;
use std::path::{Path, PathBuf};

fn fixture(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(version)
}

/// What version 1 wrote: the fixed history in partition 1, its first entry acknowledged, and the
/// registrar's beginning.
fn fill(storage: &dyn Storage, between: impl Fn()) {
    let history = fixed::history();
    storage.commit(1, &history[..2]).unwrap();
    storage.acknowledge(1, &marker_at(7, &PartitionHead::after(&history[0]))).unwrap();
    between();
    storage.commit(1, &history[2..]).unwrap();
    storage.commit(u16::MAX, &[Entry { deltas: Vec::new(), sequence: 0, ..history[0].clone() }]).unwrap();
}

#[test]
fn the_directory_of_version_1_opens() {
    let kept = fixture("v1");
    if std::env::var_os("MUSTER_WRITE_FIXTURE").is_some() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), Changelog::On).unwrap();
        // Some of it in a table file, the rest in the log.
        fill(&store, || store.database.flush().unwrap());
        drop(store);
        let _ = fs::remove_dir_all(&kept);
        copy(dir.path(), &kept);
    }
    let expected = MemoryStorage::default();
    fill(&expected, || ());

    let dir = tempfile::tempdir().unwrap();
    copy(&kept, dir.path());
    let reader = Store::open_read_only(dir.path()).unwrap();
    let owner = reader.owner();
    assert_same(&reader, &expected, 1);
    drop(reader);

    let store = Store::open(dir.path(), Changelog::On).unwrap();
    assert_eq!(store.owner(), owner);
    for partition in [0, 1, u16::MAX] {
        assert_same(&store, &expected, partition);
    }
    assert_eq!(store.images(1, 1).unwrap(), None);
    assert_eq!(store.images(1, 2).unwrap().unwrap().len(), 3);
    assert_eq!(store.images(1, 3).unwrap().unwrap().len(), 5);
}
