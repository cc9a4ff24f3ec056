//! Rebalances, one by one: two instances in this process over one embedded log, and a group that does what the test
//! says. Each instance has a store, and a gate for what it writes, of its own.

use crate::gated::{Gate, Gated, PATIENCE, options, start, wait_until};
use crate::support::{dense, fold};
use muster_directory::Tenant;
use muster_engine::storage::{MemoryStorage, Storage as _};
use muster_service::{AskError, Everybody, Observer, Position, RuleQuestion, Service, WaitError};
use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions};
use muster_stream::log::Rebalance;
use serde_json::{Value, json};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};

/// What one instance told of its partition.
#[derive(Default)]
struct Told {
    /// Records restored the last time.
    restored: AtomicU64,
    /// One more than how far a standby is behind; 0: none was.
    lag: AtomicU64,
}

impl Observer for Told {
    fn restoring(&self, _: u32, records: u64, _: u64) {
        self.restored.store(records, Ordering::SeqCst);
    }
    fn standby(&self, _: u32, lag: u64) {
        self.lag.store(lag + 1, Ordering::SeqCst);
    }
}

struct Instance {
    group: Sender<Rebalance>,
    gate: Gate,
    storage: Arc<MemoryStorage>,
    told: Arc<Told>,
    service: Service,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Copies {
    None,
    Standby,
}

impl Instance {
    fn start(log: &EmbeddedLog, owner: u128, copies: Copies) -> Instance {
        let (group, script) = channel();
        let (gate, storage) = (Gate::default(), Arc::new(MemoryStorage::with_owner(owner)));
        let told = Arc::new(Told::default());
        let mut options = options("rebalance");
        options.standby = copies == Copies::Standby;
        let observer = Arc::clone(&told) as Arc<dyn Observer>;
        let service = start(options, Gated::new(log.clone(), &gate, Some(script)), &storage, observer);
        Instance { group, gate, storage, told, service }
    }

    fn tell(&self, rebalance: Rebalance) {
        self.group.send(rebalance).unwrap();
    }

    fn is_ready(&self) {
        wait_until("ready", || self.service.unready().is_none());
    }

    /// Waits until it answers for the partition.
    fn is_assigned(&self) {
        wait_until("assigned", || preview(&self.service).is_ok());
    }

    fn submit(&self, lines: &[String]) -> Vec<Position> {
        let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
        self.service.submit(&lines).into_iter().map(|submitted| submitted.unwrap()).collect()
    }

    fn apply(&self, lines: &[String]) {
        let positions = self.submit(lines);
        self.service.wait_applied(&positions, PATIENCE).unwrap();
    }

    /// All deltas of the log, each once and in order.
    fn deltas(&self) -> Vec<Value> {
        let text = String::from_utf8(self.service.deltas(0, 1, 10_000).unwrap()).unwrap();
        let deltas: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        dense(&deltas);
        deltas
    }

    fn end(self) {
        self.service.request_stop();
        wait_until("ended", || self.service.has_ended());
        assert_eq!(self.service.failure(), None);
    }
}

fn log() -> (tempfile::TempDir, EmbeddedLog) {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path(), "rebalance", EmbeddedOptions::default()).unwrap();
    (directory, log)
}

fn group(id: &str, city: &str) -> Vec<String> {
    let rule = format!("user.city -eq \"{city}\"");
    vec![json!({"kind": "group", "op": "upsert", "id": id, "data": {"membershipRule": rule}}).to_string()]
}

fn users(range: Range<u32>, city: &str) -> Vec<String> {
    let user = |n| json!({"kind": "user", "op": "upsert", "id": format!("u{n}"), "data": {"city": city}});
    range.map(|n| user(n).to_string()).collect()
}

fn preview(service: &Service) -> Result<(), AskError> {
    let question = RuleQuestion {
        tenant: Tenant::default(),
        rule: "user.city -eq \"Oslo\"".to_owned(),
        dialect: None,
        group: None,
        now: None,
    };
    service.preview(question, 3, Everybody::Counted).map(drop)
}

#[test]
fn a_partition_goes_to_and_fro_with_its_requests_and_nothing_is_twice() {
    let (_directory, log) = log();
    let (one, two) = (Instance::start(&log, 1, Copies::None), Instance::start(&log, 2, Copies::None));
    let unready = one.service.unready().unwrap().reasons.concat();
    assert!(unready.contains("the consumer group has not assigned"), "{unready}");
    two.tell(Rebalance::Assigned(vec![]));
    // Nothing is all it is to have.
    two.is_ready();
    one.tell(Rebalance::Assigned(vec![0]));
    one.is_ready();
    one.apply(&group("oslo", "Oslo"));
    one.apply(&users(0..20, "Oslo"));
    // Whoever has nothing takes events all the same, and says that others apply them.
    let taken = two.submit(&users(20..30, "Oslo"));
    let elsewhere = two.service.wait_applied(&taken, PATIENCE).unwrap_err();
    assert!(matches!(&elsewhere, WaitError::Elsewhere(of) if of.partitions == [0]), "{elsewhere}");
    assert!(matches!(preview(&two.service), Err(AskError::Elsewhere(_))));
    preview(&one.service).unwrap();
    one.service.wait_applied(&taken, PATIENCE).unwrap();

    for (turn, (from, to)) in [(&one, &two), (&two, &one), (&one, &two)].into_iter().enumerate() {
        let city = ["Rome", "Oslo", "Lima"][turn];
        let positions = from.submit(&users(0..30, city));
        // In the middle of that.
        from.tell(Rebalance::Revoked(vec![0]));
        to.tell(Rebalance::Assigned(vec![0]));
        to.is_assigned();
        to.service.wait_applied(&positions, PATIENCE).unwrap();
        to.apply(&group(&format!("at-{turn}"), city));
        to.is_ready();
        let members = fold(&to.deltas());
        let there = members.iter().filter(|(_, group, _)| group == &format!("at-{turn}")).count();
        assert_eq!(there, 30, "{members:?}");
        // The one that had it knows that it has not.
        wait_until("elsewhere", || matches!(preview(&from.service), Err(AskError::Elsewhere(_))));
    }
    let members = fold(&two.deltas());
    assert_eq!(members.len(), 30, "{members:?}");
    one.end();
    two.end();
}

#[test]
fn nothing_is_prepared_upon_a_claim_that_cannot_be_read_back() {
    let (_directory, log) = log();
    let one = Instance::start(&log, 1, Copies::None);
    one.gate.undo_next();
    one.tell(Rebalance::Assigned(vec![0]));
    one.is_ready();
    one.gate.close();
    one.submit(&users(0..10, "Oslo"));
    let unpublished = || one.storage.outbox(0, 0, 100).unwrap().len();
    wait_until("committed and not published", || unpublished() > 0 && one.gate.held_up() > 0);
    // As it is after a kill: with state, and nothing in the log but the claim.
    let storage = Arc::new(MemoryStorage::clone(&one.storage));
    one.service.request_stop();
    let (group, script) = channel();
    let gated = Gated::new(log.clone(), &Gate::default(), Some(script));
    let again = start(options("rebalance"), gated, &storage, Arc::new(Told::default()));
    group.send(Rebalance::Assigned(vec![0])).unwrap();
    wait_until("ready", || again.unready().is_none());
    wait_until("published", || storage.outbox(0, 0, 1).unwrap().is_empty());
    again.request_stop();
}

#[test]
fn what_a_lost_partition_had_committed_is_published_once_by_whoever_has_it() {
    let (_directory, log) = log();
    let (one, two) = (Instance::start(&log, 1, Copies::None), Instance::start(&log, 2, Copies::None));
    two.tell(Rebalance::Assigned(vec![]));
    one.tell(Rebalance::Assigned(vec![0]));
    one.is_ready();
    one.apply(&group("oslo", "Oslo"));
    one.apply(&users(0..10, "Oslo"));
    one.gate.close();
    let positions = one.submit(&users(10..20, "Oslo"));
    let unpublished = || one.storage.outbox(0, 0, 100).unwrap().len();
    wait_until("committed and not published", || unpublished() > 0 && one.gate.held_up() > 0);
    one.tell(Rebalance::Lost(vec![0]));
    two.tell(Rebalance::Assigned(vec![0]));
    two.is_assigned();
    two.service.wait_applied(&positions, PATIENCE).unwrap();
    two.apply(&users(20..30, "Oslo"));
    assert_eq!(fold(&two.deltas()).len(), 30);
    // What the first one has is void, and it sees so.
    one.gate.open();
    two.tell(Rebalance::Revoked(vec![0]));
    one.tell(Rebalance::Assigned(vec![0]));
    one.is_assigned();
    one.apply(&users(0..10, "Rome"));
    assert_eq!(fold(&one.deltas()).len(), 20);
    assert_eq!(one.deltas().len(), 40);
    one.end();
    two.end();
}

#[test]
fn a_lost_partition_that_nobody_else_took_goes_on_from_its_outbox() {
    let (_directory, log) = log();
    let one = Instance::start(&log, 1, Copies::None);
    one.tell(Rebalance::Assigned(vec![0]));
    one.is_ready();
    one.apply(&group("oslo", "Oslo"));
    one.gate.close();
    let positions = one.submit(&users(0..10, "Oslo"));
    wait_until("held up", || one.gate.held_up() > 0);
    one.tell(Rebalance::Lost(vec![0]));
    one.tell(Rebalance::Assigned(vec![0]));
    one.gate.open();
    one.is_assigned();
    one.service.wait_applied(&positions, PATIENCE).unwrap();
    assert_eq!(fold(&one.deltas()).len(), 10);
    assert_eq!(one.told.restored.load(Ordering::SeqCst), 0, "its own store had it all");
    one.end();
}

#[test]
fn a_standby_takes_over_without_reading_the_changelog_again() {
    let (_directory, log) = log();
    let (one, two) = (Instance::start(&log, 1, Copies::None), Instance::start(&log, 2, Copies::Standby));
    two.tell(Rebalance::Assigned(vec![]));
    one.tell(Rebalance::Assigned(vec![0]));
    one.is_ready();
    one.apply(&group("oslo", "Oslo"));
    one.apply(&users(0..300, "Oslo"));
    let gone = |n| json!({"kind": "user", "op": "delete", "id": format!("u{n}")}).to_string();
    one.apply(&(0..100).map(gone).collect::<Vec<_>>());
    wait_until("followed", || two.told.lag.load(Ordering::SeqCst) == 1);
    one.tell(Rebalance::Revoked(vec![0]));
    two.tell(Rebalance::Assigned(vec![0]));
    two.is_assigned();
    two.apply(&users(290..310, "Oslo"));
    let restored = two.told.restored.load(Ordering::SeqCst);
    assert!(restored < 100, "it read {restored} records");
    let members = fold(&two.deltas());
    assert_eq!(members.len(), 210);
    one.end();
    two.end();
}

#[test]
fn partitions_that_were_added_are_refused_with_the_reason() {
    let (_directory, log) = log();
    let one = Instance::start(&log, 1, Copies::None);
    one.tell(Rebalance::Assigned(vec![0, 1]));
    wait_until("ended", || one.service.has_ended());
    let failure = one.service.failure().unwrap();
    assert!(failure.contains("partitions were added to the changes topic"), "{failure}");
}
