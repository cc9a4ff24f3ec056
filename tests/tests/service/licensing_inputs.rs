//! What the licensing subscriber makes of its inputs: an effect waits for its cause, a delta that comes twice counts
//! once, a missing one stops it. The log is the embedded one, the store is in memory, the deltas are written by hand.

use crate::gated::options;
use muster_directory::{DeadLetter, GroupId, LicenceEvent, SkuId, Tenant};
use muster_engine::storage::{MemoryStorage, Storage};
use muster_service::{Licences, LicensingObserver, LicensingOptions, LicensingStarting, SystemClock};
use muster_store::StoreFormat;
use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions};
use muster_stream::log::{Log, NewRecord, Producer, TopicPartition};
use muster_wire::{AcceptedDefinition, AcceptedLicensing, Posted};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Remembers whom something happened to, and whether it stopped because of a gap.
#[derive(Default)]
struct Seen {
    events: Mutex<Vec<String>>,
    gap: Mutex<Option<bool>>,
}

impl LicensingObserver for Seen {
    fn committed(&self, events: &[LicenceEvent], _: &[DeadLetter], _: Duration) {
        let short = |event: &LicenceEvent| format!("{} {}", event.change.as_str(), event.user);
        self.events.lock().unwrap().extend(events.iter().map(short));
    }

    fn lag(&self, _: &str, _: u32, _: u64) {}
    fn outbox(&self, _: u64) {}
    fn published(&self, _: Duration) {}
    fn flap(&self, _: &Tenant, _: &GroupId, _: &SkuId, _: bool) {}
    fn ready(&self, _: bool) {}

    fn stopped(&self, gap: bool) {
        *self.gap.lock().unwrap() = Some(gap);
    }
}

fn delta(sequence: u64, user: &str, offset: u64) -> Value {
    let source = json!({"topic": "changes", "partition": 0, "offset": offset});
    json!({"tenant": "default", "groupId": "g", "memberId": user, "memberType": "user", "change": "added",
        "sequence": sequence, "time": "2026-11-22T10:00:00Z",
        "cause": {"type": "change", "attributes": ["city"], "source": source}})
}

struct World {
    log: EmbeddedLog,
    producer: Box<dyn Producer>,
    _directory: tempfile::TempDir,
}

impl World {
    fn new() -> World {
        let directory = tempfile::tempdir().unwrap();
        let log = EmbeddedLog::open(directory.path(), "licensing", EmbeddedOptions::default()).unwrap();
        let options = options("licensing-inputs");
        log.create_topics(&options.topics.specs(options.partitions)).unwrap();
        let producer = log.producer().unwrap();
        World { log, producer, _directory: directory }
    }

    fn append(&self, topic: &str, key: &str, line: &Value) {
        let record = NewRecord::new(TopicPartition::new(topic, 0), key, line.to_string());
        self.append_record(record);
    }

    fn append_record(&self, record: NewRecord) {
        self.producer.append(vec![record]).remove(0).unwrap();
    }

    /// As the registrar publishes what it accepted.
    fn define(&self, version: u64, line: &Value) {
        let schemas = Arc::new(muster_rule::Schema::default());
        let posted = muster_wire::decode_posted(line.to_string().as_bytes(), &schemas).unwrap();
        let Posted::Licensing(request) = posted else { panic!("{line}") };
        let source =
            muster_directory::Source::Topic { topic: "requests".into(), partition: 0, offset: version };
        let accepted = AcceptedLicensing::new(request, version, source);
        let record = AcceptedDefinition::Licensing(accepted).to_record();
        let to = TopicPartition::new("definitions", 0);
        self.append_record(NewRecord::placed(to, record));
    }

    fn start(&self, seen: &Arc<Seen>, storage: &Arc<MemoryStorage>) -> Licences {
        let starting = LicensingStarting {
            options: LicensingOptions { service: options("licensing-inputs") },
            log: Arc::new(self.log.clone()),
            storage: Arc::clone(storage) as Arc<dyn Storage>,
            format: Arc::new(StoreFormat),
            clock: Arc::new(SystemClock),
            observer: Arc::clone(seen) as Arc<dyn LicensingObserver>,
        };
        Licences::start(starting).unwrap()
    }
}

fn wait_until(what: &str, reached: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::yield_now();
    }
}

#[test]
fn effects_wait_for_causes_twice_is_once_and_a_gap_stops() {
    let world = World::new();
    let plans = json!([{"servicePlanId": "p", "prohibitedIn": ["CN"]}]);
    let product = json!({"prepaidUnits": {"enabled": 9}, "servicePlans": plans});
    world.define(0, &json!({"kind": "product", "op": "upsert", "id": "s", "data": product}));
    let assigned = json!({"assignedLicenses": [{"skuId": "s"}]});
    world.define(1, &json!({"kind": "licenseAssignment", "op": "upsert", "group": "g", "data": assigned}));
    let (seen, storage) = (Arc::<Seen>::default(), Arc::<MemoryStorage>::default());
    let licences = world.start(&seen, &storage);
    wait_until("ready", || licences.unready().is_none());
    licences.wait_current(PATIENCE).unwrap();

    // The delta is there before the change that it names, which says where the user is.
    world.append("deltas", "u1", &delta(1, "u1", 0));
    let waits = licences.wait_current(Duration::from_millis(300));
    assert!(waits.is_err() && seen.events.lock().unwrap().is_empty(), "{:?}", seen.events);
    let user = json!({"kind": "user", "op": "upsert", "id": "u1", "data": {"usageLocation": "CN"}});
    world.append("changes", "u1", &user);
    licences.wait_current(PATIENCE).unwrap();
    assert_eq!(*seen.events.lock().unwrap(), ["failed u1"]);

    // What comes again changes nothing, before a restart and after it.
    world.append("deltas", "u1", &delta(1, "u1", 0));
    world.append("deltas", "u2", &delta(2, "u2", 0));
    licences.wait_current(PATIENCE).unwrap();
    assert_eq!(*seen.events.lock().unwrap(), ["failed u1", "assigned u2"]);
    licences.request_stop();
    wait_until("ended", || licences.has_ended());
    assert_eq!(licences.failure(), None);
    drop(licences);
    let licences = world.start(&seen, &storage);
    world.append("deltas", "u1", &delta(1, "u1", 0));
    world.append("deltas", "u3", &delta(3, "u3", 0));
    wait_until("ready again", || licences.unready().is_none());
    licences.wait_current(PATIENCE).unwrap();
    assert_eq!(*seen.events.lock().unwrap(), ["failed u1", "assigned u2", "assigned u3"]);

    // What is before the gap counts, nothing behind it does.
    world.append("deltas", "u4", &delta(4, "u4", 0));
    world.append("deltas", "u6", &delta(6, "u6", 0));
    world.append("deltas", "u7", &delta(7, "u7", 0));
    wait_until("stopped", || licences.failure().is_some());
    let reason = licences.failure().unwrap();
    assert!(reason.contains("in partition 0 sequence 6 comes after 4"), "{reason}");
    assert!(licences.unready().unwrap().contains("licensing has stopped"), "{:?}", licences.unready());
    wait_until("told", || seen.gap.lock().unwrap().is_some());
    assert_eq!(*seen.gap.lock().unwrap(), Some(true));
    assert_eq!(seen.events.lock().unwrap().last().map(String::as_str), Some("assigned u4"));
    wait_until("ended", || licences.has_ended());
}
