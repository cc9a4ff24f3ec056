//! A change at which the engine panics: three times, across restarts, then its partition stops, the other one
//! goes on, and `muster partitions skip` gives the change up.
//!
//! No change is known at which the engine does panic. So the service runs in the test, and its clock panics while
//! the poisonous change is applied.

use crate::gated::{PATIENCE, options, wait_until};
use crate::wrapped::{Between, Wrapped};
use muster_directory::Instant as Time;
use muster_engine::storage::Storage;
use muster_service::{
    Clock, Observer, OpenIntake, Output, Service, ServiceOptions, Starting, SystemClock, Topics,
};
use muster_store::{Changelog, Store, StoreFormat};
use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions};
use muster_stream::log::{Batch, Log, LogError, NewRecord, ReadLimits, Reader, Record, TopicPartition};
use muster_tests::engine::WireInterpret;
use muster_tests::program::Workshop;
use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

const POISON: &str = "poison";

thread_local! {
    /// How often this thread asked for the time since it read the poison.
    static ASKED: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Panics when it is asked for the second time after the poison was read: the first is before any change is applied.
struct Poisoned;

impl Clock for Poisoned {
    fn now(&self) -> Time {
        if let Some(asked) = ASKED.get() {
            ASKED.set(Some(asked + 1));
            assert_ne!(asked, 1, "the poison works");
        }
        SystemClock.now()
    }
}

/// Readers notice the poison, and hand it out by itself.
struct Noticing;

struct NoticingReader(Box<dyn Reader>);

impl Reader for NoticingReader {
    fn assign(&mut self, of: &TopicPartition, from: u64) -> Result<(), LogError> {
        self.0.assign(of, from)
    }

    fn unassign(&mut self, of: &TopicPartition) -> Result<(), LogError> {
        self.0.unassign(of)
    }

    fn poll(&mut self, timeout: Duration) -> Result<Option<Batch>, LogError> {
        let batch = self.0.poll(timeout)?;
        let is_poison = |record: &Record| record.key.as_deref() == Some(POISON.as_bytes());
        let poisoned = batch.as_ref().is_some_and(|batch| batch.records.iter().any(is_poison));
        ASKED.set(poisoned.then_some(0));
        Ok(batch)
    }

    fn pause(&mut self, of: &TopicPartition) -> Result<(), LogError> {
        self.0.pause(of)
    }

    fn resume(&mut self, of: &TopicPartition) -> Result<(), LogError> {
        self.0.resume(of)
    }

    fn seek(&mut self, of: &TopicPartition, offset: u64) -> Result<(), LogError> {
        self.0.seek(of, offset)
    }
}

impl Between for Noticing {
    fn reader(&self, log: &EmbeddedLog, _: ReadLimits) -> Result<Box<dyn Reader>, LogError> {
        let limits = ReadLimits { records: 1, ..ReadLimits::default() };
        Ok(Box::new(NoticingReader(log.reader(limits)?)))
    }
}

struct Nobody;

impl Observer for Nobody {}

fn start(workshop: &Workshop) -> Service {
    let data = workshop.path("data");
    let log = EmbeddedLog::open(&data.join("log"), "muster", EmbeddedOptions::default()).unwrap();
    let topics = Topics {
        changes: vec!["muster.changes".into()],
        requests: "muster.requests".into(),
        definitions: "muster.definitions".into(),
        deltas: "muster.deltas".into(),
        memberships: None,
        group_status: None,
        changelog: Some("muster.changelog".into()),
        dead_letters: "muster.dead-letters".into(),
        licenses: "muster.licenses".into(),
        licenses_changelog: None,
    };
    let options = ServiceOptions {
        topics,
        partitions: NonZeroU32::new(2).unwrap(),
        partitioner: muster_wire::Partitioner::Unchecked,
        batch_records: 1,
        ..options("muster")
    };
    Service::start(Starting {
        options,
        log: Arc::new(Wrapped(log, Noticing)),
        storage: Arc::new(Store::open(&data, Changelog::On).unwrap()),
        format: Arc::new(StoreFormat),
        interpret: Arc::new(WireInterpret),
        clock: Arc::new(Poisoned),
        observer: Arc::new(Nobody),
        intake: Arc::new(OpenIntake),
    })
    .unwrap()
}

fn stop(service: Service) {
    service.request_stop();
    wait_until("ended", || service.has_ended());
    assert_eq!(service.failure(), None);
}

/// Puts a change on a partition of our choice.
fn change(workshop: &Workshop, partition: u32, id: &str) {
    let data = workshop.path("data/log");
    let log = EmbeddedLog::open(&data, "muster", EmbeddedOptions::default()).unwrap();
    let value = format!(r#"{{"kind":"user","op":"upsert","id":"{id}","data":{{"city":"Oslo"}}}}"#);
    let record = NewRecord::new(TopicPartition::new("muster.changes", partition), id, value);
    log.producer().unwrap().append(vec![record]).remove(0).unwrap();
}

fn deltas(service: &Service, partition: u32) -> usize {
    service.deltas(partition, 1, 100).map_or(0, |lines| lines.split(|byte| *byte == b'\n').count() - 1)
}

#[test]
fn it_stops_its_partition_alone_until_it_is_given_up() {
    let workshop = Workshop::default();
    let service = start(&workshop);
    wait_until("ready", || service.unready().is_none());
    let group =
        r#"{"kind":"group","op":"upsert","id":"g","data":{"membershipRule":"user.city -eq \"Oslo\""}}"#;
    let positions = vec![service.submit(&[group.as_bytes()]).remove(0).unwrap()];
    service.wait_applied(&positions, PATIENCE).unwrap();
    stop(service);
    for (partition, id) in [(0, "a"), (0, POISON), (0, "b"), (1, "c")] {
        change(&workshop, partition, id);
    }

    // Each life sees it fail until it has failed three times in all, and the count outlives the process.
    let service = start(&workshop);
    wait_until("stopped", || {
        service
            .unready()
            .is_some_and(|unready| unready.reasons.concat().contains("the engine fails at offset 1"))
    });
    wait_until("the other goes on", || deltas(&service, 1) == 1);
    assert_eq!(deltas(&service, 0), 1, "what came before it is applied");
    assert_eq!(service.failure(), None);
    stop(service);
    let failures = || {
        let store = Store::open_read_only(&workshop.path("data")).unwrap();
        store.trouble(0).unwrap().map(|trouble| (trouble.offset, trouble.failures))
    };
    assert_eq!(failures(), Some((1, 3)));
    let service = start(&workshop);
    wait_until("stopped again", || {
        service.unready().is_some_and(|unready| unready.reasons.concat().contains("muster partitions skip"))
    });
    stop(service);
    assert_eq!(failures(), Some((1, 4)), "once, and not three times more");

    let data = format!("data.dir={}", workshop.path("data").display());
    let run = workshop.run(&["partitions", "skip", "0", "--set", &data]);
    assert!(run.status == 0 && run.stderr.contains("offset 1 of `muster.changes`"), "{run:?}");
    let run = workshop.run(&["partitions", "skip", "1", "--set", &data]);
    assert_eq!(run.status, 1, "{run:?}");
    let service = start(&workshop);
    wait_until("what follows is applied", || deltas(&service, 0) == 2);
    let letters = String::from_utf8(service.records(Output::DeadLetters, 0, 0, 9).unwrap()).unwrap();
    assert!(letters.contains("engine-failure") && letters.lines().count() == 1, "{letters}");
    wait_until("ready", || service.unready().is_none());
    stop(service);
    assert_eq!(failures(), None);
}
