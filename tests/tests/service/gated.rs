//! A service in this process, over an embedded log with a gate for what its partitions write, and a consumer
//! group that does what the test says.

use crate::wrapped::{Between, Wrapped};
use muster_engine::storage::{MemoryStorage, Storage};
use muster_index::IndexKind;
use muster_rule::Dialect;
use muster_service::{Observer, OpenIntake, Service, ServiceOptions, Starting, SystemClock, Topics};
use muster_store::StoreFormat;
use muster_stream::embedded::EmbeddedLog;
use muster_stream::log::{
    Departure, Joining, Log, LogError, Member, NewRecord, Progress, Rebalance, TopicPartition, WriteError,
    Writer,
};
use muster_tests::engine::WireInterpret;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What partitions write passes only while it is open.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    closed: Arc<AtomicBool>,
    /// Transactions that it held up.
    held_up: Arc<AtomicU64>,
    /// Whether the next transaction with a changelog is answered as committed, and undone.
    undoes: Arc<AtomicBool>,
}

impl Gate {
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.closed.store(false, Ordering::SeqCst);
    }

    /// Has the next transaction with a changelog answered as committed, and undone.
    pub(crate) fn undo_next(&self) {
        self.undoes.store(true, Ordering::SeqCst);
    }

    pub(crate) fn held_up(&self) -> u64 {
        self.held_up.load(Ordering::SeqCst)
    }
}

/// A log behind a gate. Its group says what the test says, or assigns everything.
pub(crate) type Gated = Wrapped<Gating>;

pub(crate) struct Gating(Gate, Mutex<Option<Receiver<Rebalance>>>);

impl Gated {
    pub(crate) fn new(log: EmbeddedLog, gate: &Gate, group: Option<Receiver<Rebalance>>) -> Gated {
        Wrapped(log, Gating(gate.clone(), Mutex::new(group)))
    }
}

struct Scripted(Receiver<Rebalance>);

impl Member for Scripted {
    fn poll(&mut self, timeout: Duration) -> Result<Option<Rebalance>, LogError> {
        match self.0.recv_timeout(timeout) {
            Ok(rebalance) => Ok(Some(rebalance)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(None),
        }
    }

    fn leave(self: Box<Self>, _: Departure) {}
}

struct GatedWriter(Box<dyn Writer>, Gate);

impl Between for Gating {
    fn writer(&self, log: &EmbeddedLog, name: &str) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(GatedWriter(log.writer(name)?, self.0.clone())))
    }

    fn join(&self, log: &EmbeddedLog, joining: &Joining) -> Result<Box<dyn Member>, LogError> {
        match self.1.lock().unwrap().take() {
            Some(script) => Ok(Box::new(Scripted(script))),
            None => log.join(joining),
        }
    }
}

impl Writer for GatedWriter {
    fn committed(&mut self, of: &TopicPartition) -> Result<Option<Progress>, WriteError> {
        self.0.committed(of)
    }

    fn write(&mut self, records: &[NewRecord], progress: &[Progress]) -> Result<(), WriteError> {
        let is_logged = records.iter().any(|record| &*record.to.topic == "changelog");
        if is_logged && self.1.undoes.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        if !self.1.closed.load(Ordering::SeqCst) {
            return self.0.write(records, progress);
        }
        self.1.held_up.fetch_add(1, Ordering::SeqCst);
        Err(WriteError::Doubtful { reason: "the gate is closed".to_owned() })
    }
}

pub(crate) fn wait_until(what: &str, reached: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}

/// One partition, and nothing that a test does not need.
pub(crate) fn options(application: &str) -> ServiceOptions {
    ServiceOptions {
        application: application.to_owned(),
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
        outbox_entries: 100,
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

/// Starts a service of this store, with the real clock and all the room there is.
pub(crate) fn start(
    options: ServiceOptions,
    log: Gated,
    storage: &Arc<MemoryStorage>,
    observer: Arc<dyn Observer>,
) -> Service {
    let storage: Arc<dyn Storage> = Arc::clone(storage) as Arc<dyn Storage>;
    Service::start(Starting {
        options,
        log: Arc::new(log),
        storage,
        format: Arc::new(StoreFormat),
        interpret: Arc::new(WireInterpret),
        clock: Arc::new(SystemClock),
        observer,
        intake: Arc::new(OpenIntake),
    })
    .unwrap()
}
