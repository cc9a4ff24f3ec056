//! Back-pressure: while the log takes nothing, the service takes nothing in, and goes on when it does.
//!
//! Threads and state machine are the service's own; the log is the embedded one behind a gate that the test
//! closes, the store is in memory.

use crate::support::dense;
use muster_directory::{GroupId, Tenant};
use muster_engine::storage::{MemoryStorage, Storage};
use muster_index::IndexKind;
use muster_rule::Dialect;
use muster_service::{
    Decision, Observer, OpenIntake, Service, ServiceOptions, Starting, SystemClock, Topics, Turn,
};
use muster_store::StoreFormat;
use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions};
use muster_stream::log::{
    Bounds, Departure, Log, LogError, NewRecord, Producer, Progress, ReadLimits, Reader, Record,
    TopicDifference, TopicPartition, TopicSpec, WriteError, Writer,
};
use muster_tests::engine::WireInterpret;
use serde_json::Value;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);
/// So many entries may wait.
const ENTRIES: u64 = 3;
const USERS: usize = 400;

/// What partitions write passes only while it is open.
#[derive(Clone)]
struct Gate {
    open: Arc<AtomicBool>,
    /// Transactions that it held up.
    held_up: Arc<AtomicU64>,
}

/// A log behind a gate.
struct Gated(EmbeddedLog, Gate);

struct GatedWriter(Box<dyn Writer>, Gate);

impl Log for Gated {
    fn create_topics(&self, topics: &[TopicSpec]) -> Result<Vec<String>, LogError> {
        self.0.create_topics(topics)
    }

    fn check_topics(&self, topics: &[TopicSpec]) -> Result<Vec<TopicDifference>, LogError> {
        self.0.check_topics(topics)
    }

    fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        self.0.partitions(topic)
    }

    fn tombstone_retention(&self, topic: &str) -> Result<Duration, LogError> {
        self.0.tombstone_retention(topic)
    }

    fn bounds(&self, of: &TopicPartition) -> Result<Bounds, LogError> {
        self.0.bounds(of)
    }

    fn last_record(&self, of: &TopicPartition) -> Result<Option<Record>, LogError> {
        self.0.last_record(of)
    }

    fn reader(&self, limits: ReadLimits) -> Result<Box<dyn Reader>, LogError> {
        self.0.reader(limits)
    }

    fn writer(&self, name: &str) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(GatedWriter(self.0.writer(name)?, self.1.clone())))
    }

    fn producer(&self) -> Result<Box<dyn Producer>, LogError> {
        self.0.producer()
    }
}

impl Writer for GatedWriter {
    fn committed(&mut self, of: &TopicPartition) -> Result<Option<Progress>, WriteError> {
        self.0.committed(of)
    }

    fn write(&mut self, records: &[NewRecord], progress: &[Progress]) -> Result<(), WriteError> {
        if self.1.open.load(Ordering::SeqCst) {
            return self.0.write(records, progress);
        }
        self.1.held_up.fetch_add(1, Ordering::SeqCst);
        Err(WriteError::Doubtful { reason: "the gate is closed".to_owned() })
    }
}

/// Remembers the longest outbox.
#[derive(Default)]
struct Longest(AtomicU64);

impl Observer for Longest {
    fn turn(&self, _: &Turn<'_>) {}
    fn request(&self, _: Decision, _: Option<&str>) {}
    fn lag(&self, _: &str, _: u32, _: u64) {}
    fn pattern_limit(&self, _: &Tenant, _: &GroupId, _: u64) {}
    fn published(&self, _: u32, _: Duration) {}
    fn outbox(&self, _: u32, entries: u64) {
        self.0.fetch_max(entries, Ordering::SeqCst);
    }
    fn definitions(&self, _: u32, _: usize) {}
    fn ready(&self, _: u32, _: bool) {}
}

fn wait_until(what: &str, reached: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}

pub(crate) fn options() -> ServiceOptions {
    ServiceOptions {
        application: "pressure".to_owned(),
        topics: Topics {
            changes: vec!["changes".into()],
            requests: "requests".into(),
            definitions: "definitions".into(),
            deltas: "deltas".into(),
            memberships: None,
            group_status: None,
            changelog: Some("changelog".into()),
            dead_letters: "dead".into(),
            licenses: "licenses".into(),
            licenses_changelog: None,
        },
        partitions: NonZeroU32::MIN,
        partitioner: muster_wire::Partitioner::Murmur2,
        index: IndexKind::Value,
        dialect: Dialect::Entra,
        slice: 100,
        batch_records: 10,
        outbox_entries: ENTRIES,
        transaction_records: 100,
        transaction_bytes: 1 << 20,
        session_timeout: PATIENCE,
        departure: Departure::Returning,
        standby: false,
        feedback: muster_service::Feedback::Off,
        definitions_wait: PATIENCE,
        brake: None,
        emptying: None,
    }
}

#[test]
fn while_nothing_is_published_nothing_is_taken_in() {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path(), "pressure", EmbeddedOptions::default()).unwrap();
    let gate = Gate { open: Arc::new(AtomicBool::new(true)), held_up: Arc::default() };
    let (storage, longest) = (Arc::new(MemoryStorage::default()), Arc::new(Longest::default()));
    let service = Service::start(Starting {
        options: options(),
        log: Arc::new(Gated(log, gate.clone())),
        storage: Arc::clone(&storage) as Arc<dyn Storage>,
        format: Arc::new(StoreFormat),
        interpret: Arc::new(WireInterpret),
        clock: Arc::new(SystemClock),
        observer: Arc::clone(&longest) as Arc<dyn Observer>,
        intake: Arc::new(OpenIntake),
    })
    .unwrap();
    wait_until("ready", || service.unready().is_none());
    let group =
        r#"{"kind":"group","op":"upsert","id":"g","data":{"membershipRule":"user.city -eq \"Oslo\""}}"#;
    let positions = vec![service.submit(&[group.as_bytes()]).remove(0).unwrap()];
    service.wait_applied(&positions, PATIENCE).unwrap();

    gate.open.store(false, Ordering::SeqCst);
    let users: Vec<String> = (0..USERS)
        .map(|n| format!(r#"{{"kind":"user","op":"upsert","id":"u{n}","data":{{"city":"Oslo"}}}}"#))
        .collect();
    let lines: Vec<&[u8]> = users.iter().map(String::as_bytes).collect();
    let positions: Vec<_> = service.submit(&lines).into_iter().map(|submitted| submitted.unwrap()).collect();
    let held_up = |more: u64| {
        let from = gate.held_up.load(Ordering::SeqCst);
        wait_until("held up", || gate.held_up.load(Ordering::SeqCst) >= from + more);
    };
    let waiting = || storage.outbox(0, 0, USERS).unwrap().len() as u64;
    wait_until("full", || waiting() == ENTRIES);
    let head = storage.head(0).unwrap().unwrap();
    // It was tried again meanwhile, and nothing more was taken in.
    held_up(3);
    assert_eq!(storage.head(0).unwrap().unwrap(), head);
    assert!(head.positions["changes"] <= ENTRIES * 10, "{head:?}");
    wait_until("unready", || service.unready().is_some());
    let reasons = service.unready().unwrap().reasons.concat();
    assert!(reasons.contains("the gate is closed"), "{reasons}");

    gate.open.store(true, Ordering::SeqCst);
    service.wait_applied(&positions, PATIENCE).unwrap();
    let text = String::from_utf8(service.deltas(0, 1, 2 * USERS).unwrap()).unwrap();
    let deltas: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(deltas.len(), USERS);
    dense(&deltas);
    assert!(longest.0.load(Ordering::SeqCst) <= ENTRIES);
    wait_until("ready again", || service.unready().is_none());
    service.request_stop();
    wait_until("ended", || service.has_ended());
    assert_eq!(service.failure(), None);
}
