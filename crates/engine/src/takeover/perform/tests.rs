//! Every take-over, stopped at every call to the store or the log and begun again, ends as if it had not been
//! stopped: the state is what the log's marker says, plus what the outbox has beyond it.

use super::*;
use crate::storage::{Entry, Logged, MemoryStorage, PartitionHead};
use muster_directory::{Attributes, Instant, Object, ObjectId, ObjectKind, Tenant};
use std::cell::Cell;

const US: u128 = 7;
const THEM: u128 = 8;

/// A partition of a log in memory, and a fuse: the call at which it burns through fails.
struct Log<'f> {
    changelog: Vec<Logged>,
    offset: Option<Marker>,
    last: u64,
    /// So much of the changelog is in the store's copy.
    copy: Option<usize>,
    fuse: &'f Fuse,
}

#[derive(Debug, PartialEq, Eq)]
enum Stopped {
    Here,
    Store(String),
}

impl From<StorageError> for Stopped {
    fn from(error: StorageError) -> Stopped {
        Stopped::Store(error.to_string())
    }
}

/// Counts calls down; at 0 each fails.
struct Fuse(Cell<u32>);

impl Fuse {
    fn burn(&self) -> Result<(), Stopped> {
        match self.0.get() {
            0 => Err(Stopped::Here),
            left => {
                self.0.set(left - 1);
                Ok(())
            }
        }
    }
}

impl Ground for Log<'_> {
    type Error = Stopped;

    fn evidence(&mut self) -> Result<Evidence, Stopped> {
        self.fuse.burn()?;
        let changelog = match self.changelog.last() {
            None => Changelog::Empty,
            Some(Logged::Marker(marker)) => Changelog::Marked(marker.clone()),
            Some(Logged::Image(image)) => panic!("it ends with {image:?}"),
        };
        let output = if self.last == 0 { Output::Unused } else { Output::Last(self.last) };
        Ok(Evidence { changelog, offset: self.offset.clone(), output })
    }

    fn beginning(&mut self) -> Result<Positions, Stopped> {
        self.fuse.burn()?;
        Ok(Positions::from([("changes".to_owned(), 100)]))
    }

    fn has_copy(&mut self) -> Result<bool, Stopped> {
        self.fuse.burn()?;
        Ok(self.copy.is_some())
    }

    fn replay(
        &mut self,
        through: &Marker,
        put: &mut dyn FnMut(&[RecordImage]) -> Result<(), StorageError>,
    ) -> Result<(), Stopped> {
        assert_eq!(self.changelog.last(), Some(&Logged::Marker(through.clone())));
        for logged in self.changelog.iter().skip(self.copy.take().unwrap_or(0)) {
            self.fuse.burn()?;
            if let Logged::Image(image) = logged {
                put(std::slice::from_ref(image))?;
            }
        }
        Ok(())
    }

    fn claim(&mut self, marker: &Marker) -> Result<(), Stopped> {
        self.fuse.burn()?;
        self.changelog.push(Logged::Marker(marker.clone()));
        self.offset = Some(marker.clone());
        // Committed, and the answer lost.
        self.fuse.burn()
    }
}

impl Log<'_> {
    /// Publishes an entry, as a publisher of this marker's lineage would.
    fn publish(&mut self, entry: &Entry, owner: u128, lineage: u64) {
        self.changelog.extend(entry.records.iter().cloned().map(Logged::Image));
        let marker = Marker::after(entry, owner, lineage);
        self.last = marker.sequence;
        self.changelog.push(Logged::Marker(marker.clone()));
        self.offset = Some(marker);
    }
}

/// An entry that makes one user, and `gone` unmade.
fn entry(number: u64, user: &str, gone: Option<&str>) -> Entry {
    let image = |id: &str, object| RecordImage::Object(Tenant::default(), ObjectId::new(id).unwrap(), object);
    let object = Object { kind: ObjectKind::User, attributes: Attributes::default() };
    Entry {
        number,
        positions: Positions::from([("changes".to_owned(), 100 + number)]),
        definitions_position: number,
        clock: Instant::from_millis(i64::try_from(number).unwrap()),
        sequence: 0,
        deltas: Vec::new(),
        licences: Vec::new(),
        dead_letters: Vec::new(),
        statuses: Vec::new(),
        records: std::iter::once(image(user, Some(object))).chain(gone.map(|id| image(id, None))).collect(),
    }
}

fn records(storage: &MemoryStorage) -> Vec<RecordImage> {
    let mut records = Vec::new();
    storage.load(0, &mut records).unwrap();
    records
}

/// Two entries that are in the log, published by `owner`, and a third that is not.
fn history() -> [Entry; 3] {
    [entry(1, "a", None), entry(2, "b", Some("a")), entry(3, "c", None)]
}

/// What one take-over begins with.
struct Scene {
    name: &'static str,
    storage: MemoryStorage,
    /// Entries in the log, and whose they are.
    published: usize,
    owner: u128,
    copy: Option<usize>,
    /// The last entry that the store holds afterwards.
    head: u64,
    restored: Option<RestoreReason>,
}

fn scenes() -> Vec<Scene> {
    let [first, second, third] = history();
    let with = |entries: &[Entry]| {
        let storage = MemoryStorage::with_owner(US);
        storage.commit(0, entries).unwrap();
        if !entries.is_empty() {
            storage.intend(0, 1).unwrap();
        }
        storage
    };
    let scene = |name, entries: &[Entry], published, owner, head, restored| Scene {
        name,
        storage: with(entries),
        published,
        owner,
        copy: None,
        head,
        restored,
    };
    let other = Some(RestoreReason::AnotherOwner);
    let strange = [entry(1, "x", None), entry(2, "y", None), entry(3, "z", None)];
    let mut copied = scene("a standby's copy", &[], 2, THEM, 2, Some(RestoreReason::NoState));
    copied.storage.put_restored(0, &history()[0].records).unwrap();
    // An image, and a marker.
    copied.copy = Some(2);
    vec![
        copied,
        scene("first start", &[], 0, US, 0, None),
        scene("ours, all published", &[first.clone(), second.clone()], 2, US, 2, None),
        scene("ours, one to publish", &[first.clone(), second, third], 2, US, 3, None),
        scene("no state", &[], 2, THEM, 2, Some(RestoreReason::NoState)),
        scene("older than what it published", &[first], 2, US, 2, Some(RestoreReason::DiskWentBack)),
        // A history of ours that never reached the log, and is longer than what did.
        scene("another's", &strange, 2, THEM, 2, other),
    ]
}

#[test]
fn a_take_over_that_is_stopped_anywhere_and_begun_again_ends_as_one_that_was_not() {
    for at in 0..scenes().len() {
        let mut stops = 0;
        loop {
            let scene = scenes().swap_remove(at);
            let name = scene.name;
            let fuse = Fuse(Cell::new(stops));
            let mut log = Log { changelog: Vec::new(), offset: None, last: 0, copy: scene.copy, fuse: &fuse };
            for entry in &history()[..scene.published] {
                log.publish(entry, scene.owner, 1);
            }
            let first = take_over(&scene.storage, 0, &mut log);
            // A kill: the store stays as it is, and the log.
            let storage = scene.storage.clone();
            fuse.0.set(u32::MAX);
            let (taken, whole) = match first {
                Ok(taken) => (taken, true),
                Err(TakeOverError::Failed(Stopped::Here)) => {
                    (take_over(&storage, 0, &mut log).expect(name), false)
                }
                Err(error) => panic!("{name}, stopped at call {stops}: {error:?}"),
            };
            check(&scene, &storage, &taken, &log, whole);
            if whole {
                break;
            }
            stops += 1;
        }
        assert!(stops >= 3, "few calls: {stops}");
    }
}

fn check(scene: &Scene, storage: &MemoryStorage, taken: &TakenOver, log: &Log<'_>, whole: bool) {
    let name = scene.name;
    assert_eq!(log.changelog.last(), Some(&Logged::Marker(taken.marker.clone())), "{name}");
    assert_eq!((taken.marker.owner, taken.marker.entry), (US, scene.published as u64), "{name}");
    let head = storage.head(0).unwrap();
    assert_eq!(head.as_ref().map_or(0, |head| head.entry), scene.head, "{name}");
    if whole {
        assert_eq!(taken.restored, scene.restored, "{name}");
    }
    let expected = MemoryStorage::default();
    expected.commit(0, &history()[..scene.head as usize]).unwrap();
    assert_eq!(records(storage), records(&expected), "{name}");
    let input = head.map_or(&taken.marker.positions, |head| {
        assert_eq!(Some(&head), expected.head(0).unwrap().as_ref(), "{name}");
        &taken.marker.positions
    });
    assert_eq!(input["changes"], 100 + scene.published as u64, "{name}");
    // What is to be published is in the outbox.
    let left = storage.outbox(0, taken.marker.entry, 9).unwrap().len() as u64;
    assert_eq!(left, scene.head - scene.published as u64, "{name}");
    // And it is taken over by us without a word the next time.
    let fuse = Fuse(Cell::new(u32::MAX));
    let mut again = Log {
        changelog: log.changelog.clone(),
        offset: log.offset.clone(),
        last: log.last,
        copy: None,
        fuse: &fuse,
    };
    let resumed = resume(storage, 0, &mut again).unwrap();
    assert_eq!((resumed.restored, resumed.marker.lineage), (None, taken.marker.lineage + 1), "{name}");
}

#[test]
fn a_running_partition_that_somebody_else_had_meanwhile_is_not_restored_under_its_feet() {
    let fuse = Fuse(Cell::new(u32::MAX));
    let mut log = Log { changelog: Vec::new(), offset: None, last: 0, copy: None, fuse: &fuse };
    let storage = MemoryStorage::with_owner(US);
    take_over(&storage, 0, &mut log).unwrap();
    let [first, ..] = history();
    storage.commit(0, std::slice::from_ref(&first)).unwrap();
    log.publish(&first, THEM, 2);
    let before = records(&storage);
    assert_eq!(resume(&storage, 0, &mut log), Err(TakeOverError::Overtaken));
    assert_eq!(records(&storage), before);
    assert_eq!(storage.head(0).unwrap(), Some(PartitionHead::after(&first)));
}

#[test]
fn a_refusal_touches_nothing() {
    let fuse = Fuse(Cell::new(u32::MAX));
    let mut log = Log { changelog: Vec::new(), offset: None, last: 5, copy: None, fuse: &fuse };
    let storage = MemoryStorage::with_owner(US);
    let refused = take_over(&storage, 0, &mut log);
    assert!(matches!(refused, Err(TakeOverError::Refused(Refusal::NoMarker { .. }))), "{refused:?}");
    assert_eq!((storage.intent(0).unwrap(), log.changelog.len()), (None, 0));
}

#[test]
fn a_resolution_counts_while_it_is_needed() {
    let fuse = Fuse(Cell::new(u32::MAX));
    let mut log = Log { changelog: Vec::new(), offset: None, last: 0, fuse: &fuse, copy: None };
    let storage = MemoryStorage::with_owner(US);
    take_over(&storage, 0, &mut log).unwrap();
    log.last = 4;
    assert!(matches!(take_over(&storage, 0, &mut log), Err(TakeOverError::Refused(_))));
    storage.resolve(0, Some(Resolution::KeepPublished)).unwrap();
    for _ in 0..2 {
        let taken = take_over(&storage, 0, &mut log).unwrap();
        assert_eq!((taken.marker.sequence, taken.present), (0, 4));
        assert_eq!(storage.resolution(0).unwrap(), Some(Resolution::KeepPublished));
    }
    // What was torn is accounted for.
    log.last = 0;
    take_over(&storage, 0, &mut log).unwrap();
    assert_eq!(storage.resolution(0).unwrap(), None);
}
