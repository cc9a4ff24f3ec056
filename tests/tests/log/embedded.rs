//! What only the embedded log can show: kill -9, upkeep, a directory that is somebody else's.

use super::support::{DELETE, append, progress, read_all, records, values};
use muster_directory::Instant;
use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions, Upkeep};
use muster_stream::log::{
    Bounds, Log, LogError, NewRecord, Policy, ReadLimits, Retention, TopicPartition, TopicSpec,
};
use muster_tests::random::Random;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const QUIET: EmbeddedOptions = EmbeddedOptions {
    retention: Retention { time: None, bytes: None },
    tombstones: Duration::from_secs(3_600),
    compact_after: 1,
    upkeep_every: None,
};

fn open(directory: &Path) -> EmbeddedLog {
    EmbeddedLog::open(directory, "app", QUIET).unwrap()
}

fn create(log: &EmbeddedLog, name: &str, partitions: u32, policy: Policy) {
    log.create_topics(&[TopicSpec { name: name.to_owned(), partitions, policy }]).unwrap();
}

/// The wall clock, so much later.
fn later(duration: Duration) -> Instant {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + duration;
    Instant::from_millis(now.as_millis() as i64)
}

#[test]
fn everything_is_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let [a, b] = [TopicPartition::new("a", 1), TopicPartition::new("b", 0)];
    {
        let log = open(directory.path());
        create(&log, "a", 2, DELETE);
        create(&log, "b", 1, Policy::Compact);
        append(&log, records(&a, 0..5));
        log.writer("w").unwrap().write(&records(&b, 0..3), &[progress(&a, 4, "m")]).unwrap();
    }
    let log = open(directory.path());
    assert_eq!(log.partitions("a").unwrap(), 2);
    assert_eq!(values(&read_all(&log, &a, 0)), ["v0", "v1", "v2", "v3", "v4"]);
    assert_eq!(log.writer("w").unwrap().committed(&a).unwrap(), Some(progress(&a, 4, "m")));
    create(&log, "c", 1, DELETE);
    assert_eq!(append(&log, records(&b, 3..4)), [3]);
    assert_eq!(log.bounds(&TopicPartition::new("c", 0)).unwrap(), Bounds { first: 0, next: 0 });
}

#[test]
fn one_process_holds_it_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let _log = open(directory.path());
    let error = EmbeddedLog::open(directory.path(), "app", QUIET).err().unwrap();
    assert!(error.to_string().contains("another process"), "{error}");
}

#[test]
fn a_directory_of_something_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = rocksdb::Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    drop(rocksdb::DB::open_cf(&options, directory.path(), ["objects"]).unwrap());
    let error = EmbeddedLog::open(directory.path(), "app", QUIET).err().unwrap();
    assert!(matches!(&error, LogError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("`objects`"), "{error}");
    let families = rocksdb::DB::list_cf(&options, directory.path()).unwrap();
    assert_eq!(families, ["default", "objects"]);
}

#[test]
fn old_records_go_by_age() {
    let directory = tempfile::tempdir().unwrap();
    let of = TopicPartition::new("a", 0);
    let hour = Duration::from_secs(3_600);
    {
        let log = open(directory.path());
        create(&log, "a", 1, Policy::Delete(Retention { time: Some(hour), bytes: None }));
        create(&log, "kept", 1, DELETE);
        append(&log, records(&of, 0..100));
        append(&log, records(&TopicPartition::new("kept", 0), 0..10));
        assert_eq!(log.upkeep(later(hour / 2)).unwrap(), Upkeep::default());
        assert_eq!(log.upkeep(later(2 * hour)).unwrap(), Upkeep { expired: 100, compacted: 0 });
        assert_eq!(log.upkeep(later(2 * hour)).unwrap(), Upkeep::default());
        assert_eq!(log.bounds(&of).unwrap(), Bounds { first: 100, next: 100 });
        assert_eq!(log.last_record(&of).unwrap(), None);
        assert_eq!(append(&log, records(&of, 100..101)), [100], "offsets go on");
    }
    let log = open(directory.path());
    assert_eq!(log.bounds(&of).unwrap(), Bounds { first: 100, next: 101 });
    assert_eq!(values(&read_all(&log, &of, 100)), ["v100"]);
    assert_eq!(read_all(&log, &TopicPartition::new("kept", 0), 0).len(), 10);
}

#[test]
fn old_records_go_by_size() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let of = TopicPartition::new("a", 0);
    create(&log, "a", 1, Policy::Delete(Retention { time: None, bytes: Some(10_000) }));
    let thousand = |_| NewRecord::new(of.clone(), "k", vec![0; 950]);
    append(&log, (0..9).map(thousand).collect());
    assert_eq!(log.upkeep(later(Duration::ZERO)).unwrap(), Upkeep::default());
    append(&log, (0..9).map(thousand).collect());
    let expired = log.upkeep(later(Duration::ZERO)).unwrap().expired;
    let left = 18 - expired;
    assert!((9..=10).contains(&left), "{left} records of about 1,000 bytes are left");
    assert_eq!(read_all(&log, &of, expired).len() as u64, left);
}

#[test]
fn a_reader_that_is_overtaken_by_retention_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let log = open(directory.path());
    let of = TopicPartition::new("a", 0);
    create(&log, "a", 1, Policy::Delete(Retention { time: Some(Duration::ZERO), bytes: None }));
    append(&log, records(&of, 0..10));
    let mut reader = log.reader(ReadLimits { records: 4, bytes: 1_000 }).unwrap();
    reader.assign(&of, 0).unwrap();
    assert_eq!(reader.poll(Duration::ZERO).unwrap().unwrap().next, 4);
    log.upkeep(later(Duration::from_secs(1))).unwrap();
    let error = reader.poll(Duration::ZERO).unwrap_err();
    assert!(matches!(&error, LogError::OutOfRange { offset: 4, .. }), "{error}");
}

#[test]
fn compaction_keeps_the_last_of_each_key_and_tombstones_for_a_while() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = Random::new(random_seed());
    let of = TopicPartition::new("a", 1);
    let log = open(directory.path());
    create(&log, "a", 2, Policy::Compact);
    let mut model = BTreeMap::new();
    let mut next = 0;
    for round in 0..30 {
        let mut all = Vec::new();
        for _ in 0..random.below(40) {
            // Keys of which some begin others.
            let key = "k".repeat(1 + random.below(12));
            let record = if random.below(4) == 0 {
                NewRecord::tombstone(of.clone(), key.clone())
            } else {
                NewRecord::new(of.clone(), key.clone(), format!("{next}"))
            };
            model.insert(key.into_bytes(), (next, record.value.clone()));
            all.push(record);
            next += 1;
        }
        if random.below(2) == 0 {
            append(&log, all);
        } else {
            log.writer("w").unwrap().write(&all, &[]).unwrap();
        }
        let forget = round % 7 == 6;
        log.upkeep(later(if forget { Duration::from_secs(7_200) } else { Duration::ZERO })).unwrap();
        if forget {
            model.retain(|_, (_, value)| value.is_some());
        }
        let read = read_all(&log, &of, 0);
        let mut last: BTreeMap<_, _> = read
            .iter()
            .map(|record| (record.key.clone().unwrap(), (record.offset, record.value.clone())))
            .collect();
        // A tombstone may be kept longer, where too little is new to make compaction worth it.
        last.retain(|key, (_, value)| value.is_some() || model.contains_key(key));
        assert_eq!(last, model, "round {round}");
        assert!(read.is_sorted_by_key(|record| record.offset));
        assert_eq!(log.bounds(&of).unwrap(), Bounds { first: 0, next });
    }
    // Enough is new since the last time, so everything superseded goes.
    append(&log, (0..50).map(|n| NewRecord::new(of.clone(), "k", format!("{n}"))).collect());
    model.insert(b"k".to_vec(), (next + 49, Some(b"49".to_vec())));
    log.upkeep(later(Duration::ZERO)).unwrap();
    let read = read_all(&log, &of, 0);
    assert_eq!(read.len(), model.len(), "one record for each key");
    drop(log);
    assert_eq!(read_all(&open(directory.path()), &of, 0), read);
}

#[test]
fn the_thread_of_the_log_does_the_upkeep() {
    let directory = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions { upkeep_every: Some(Duration::from_millis(20)), ..QUIET };
    let log = EmbeddedLog::open(directory.path(), "app", options).unwrap();
    let of = TopicPartition::new("a", 0);
    create(&log, "a", 1, Policy::Delete(Retention { time: Some(Duration::ZERO), bytes: None }));
    append(&log, records(&of, 0..10));
    let deadline = std::time::Instant::now() + super::support::PATIENCE;
    while log.bounds(&of).unwrap().first < 10 {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What the killed process does: see `src/bin/log-appender.rs`.
#[test]
fn after_kill_minus_nine_everything_acknowledged_is_there_and_nothing_by_halves() {
    let seed = random_seed();
    let mut random = Random::new(seed);
    let directory = tempfile::tempdir().unwrap();
    let partitions = [0, 1].map(|partition| TopicPartition::new("a", partition));
    let (mut acknowledged, mut counts) = (0, [0, 0]);
    for round in 0..8 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_log-appender"))
            .arg(directory.path())
            .arg(acknowledged.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let until = 1 + random.below(60);
        let mut seen = 0;
        for line in lines {
            // `done N`: the transaction that brings the progress to N was committed.
            acknowledged = line.unwrap().strip_prefix("done ").unwrap().parse::<u64>().unwrap();
            seen += 1;
            if seen == until {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();

        let log = open(directory.path());
        let stored = log.writer("w").unwrap().committed(&partitions[0]).unwrap().unwrap();
        let context = format!("seed {seed}, round {round}: {acknowledged} acknowledged, {stored:?}");
        assert!(stored.next >= acknowledged, "{context}");
        assert!(stored.next <= acknowledged + 1, "only one transaction was under way: {context}");
        acknowledged = stored.next;
        for (of, count) in partitions.iter().zip(&mut counts) {
            // Transaction n writes n % 5 + 1 records to each partition, with n as value.
            let expected: Vec<_> = (0..stored.next)
                .flat_map(|n| std::iter::repeat_n(n.to_string(), (n % 5 + 1) as usize))
                .collect();
            assert_eq!(values(&read_all(&log, of, 0)), expected, "{context}");
            *count = expected.len();
        }
        // What several threads append meanwhile has no gaps, and is in order for each of them.
        let noise = read_all(&log, &TopicPartition::new("noise", 0), 0);
        let mut last = BTreeMap::new();
        for (record, offset) in noise.iter().zip(0..) {
            assert_eq!(record.offset, offset, "{context}");
            let number: u64 = values(std::slice::from_ref(record))[0].parse().unwrap();
            let previous = last.insert(record.key.clone(), number);
            assert!(previous.is_none_or(|previous| number == previous + 1 || number == 0), "{context}");
        }
    }
    assert!(counts[0] > 100, "{counts:?}");
}

fn random_seed() -> u64 {
    let seed = std::env::var("MUSTER_TEST_SEED").ok().map_or_else(
        || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos().into(),
        |seed| seed.parse().unwrap(),
    );
    println!("MUSTER_TEST_SEED={seed}");
    seed
}
