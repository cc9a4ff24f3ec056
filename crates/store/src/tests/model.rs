//! Any sequence of commits, acknowledgements and restarts leaves what it leaves in memory.

use super::{Changelog, MemoryStorage, Storage, Store, assert_same};
use crate::samples::{self, follow, for_all};
use muster_directory::Instant;
use muster_engine::storage::{Entry, Marker, PartitionHead};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Clone, Debug)]
enum Step {
    Commit(u16, Vec<Entry>),
    /// Up to one of the entries in the outbox, or none.
    Acknowledge(u16, Index),
    Restart(Changelog),
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    let entry = (samples::entry(), vec(samples::record(), 0..6))
        .prop_map(|(entry, records)| Entry { records, ..entry });
    let partition = || prop_oneof![Just(0_u16), Just(u16::MAX)];
    prop_oneof![
        6 => (partition(), vec(entry, 0..4)).prop_map(|(partition, entries)| Step::Commit(partition, entries)),
        3 => (partition(), any::<Index>()).prop_map(|(partition, index)| Step::Acknowledge(partition, index)),
        1 => prop_oneof![Just(Changelog::Off), Just(Changelog::On)].prop_map(Step::Restart),
        1 => Just(Step::Flush),
    ]
}

/// The same entries as the next ones of their partition.
fn next_entries(storage: &dyn Storage, partition: u16, entries: Vec<Entry>) -> Vec<Entry> {
    let mut head = storage.head(partition).unwrap();
    let next = |entry| {
        let entry = follow(head.as_ref(), entry);
        head = Some(PartitionHead::after(&entry));
        entry
    };
    entries.into_iter().map(next).collect()
}

fn marker(storage: &dyn Storage, partition: u16, index: Index) -> Marker {
    let outbox = storage.outbox(partition, 0, usize::MAX).unwrap();
    let stored = storage.marker(partition).unwrap();
    let (entry, sequence) = stored.as_ref().map_or((0, 0), |stored| (stored.entry, stored.sequence));
    let place = index.index(outbox.len() + 1);
    let (entry, sequence) = match place.checked_sub(1) {
        Some(at) => (outbox[at].number, outbox[at].sequence),
        None => (entry, sequence),
    };
    let lineage = stored.map_or(0, |stored| stored.lineage) + 1;
    let clock = Instant::from_millis(0);
    Marker { owner: 1, lineage, entry, sequence, positions: [].into(), definitions_position: 0, clock }
}

#[test]
fn the_store_holds_what_memory_holds() {
    for_all(40, vec(step(), 1..15), |steps| {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path(), Changelog::On).unwrap();
        let owner = store.owner();
        let memory = MemoryStorage::default();
        for step in steps {
            match step {
                Step::Commit(partition, entries) => {
                    let entries = next_entries(&memory, partition, entries);
                    memory.commit(partition, &entries).unwrap();
                    store.commit(partition, &entries).unwrap();
                }
                Step::Acknowledge(partition, index) => {
                    let marker = marker(&memory, partition, index);
                    memory.acknowledge(partition, &marker).unwrap();
                    store.acknowledge(partition, &marker).unwrap();
                }
                Step::Restart(changelog) => {
                    drop(store);
                    store = Store::open(dir.path(), changelog).unwrap();
                }
                Step::Flush => store.database.flush().unwrap(),
            }
            for partition in [0, 1, u16::MAX] {
                assert_same(&store, &memory, partition);
            }
        }
        assert_eq!(store.owner(), owner);
    });
}
