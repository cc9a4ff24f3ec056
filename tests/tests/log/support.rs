//! A log to test, and what the tests do with it over and over.

use muster_directory::{Header, Instant};
use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions};
use muster_stream::kafka::{KafkaLog, KafkaOptions};
use muster_stream::log::{
    Batch, Log, LogError, NewRecord, Policy, Progress, ReadLimits, Reader, Record, Retention, TopicPartition,
    TopicSpec,
};
use muster_tests::broker::Broker;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Long enough for anything that will happen at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A log with names that no other test uses.
pub(crate) trait Fixture {
    fn new() -> Self;
    fn log(&self) -> &dyn Log;
    /// The same log, opened again under another application.
    fn for_application(&self, application: &str) -> Box<dyn Log>;
    /// This test's own name for a topic or an application.
    fn name(&self, name: &str) -> String;
    /// Deletes everything before this offset, by whatever means.
    fn delete_before(&self, of: &TopicPartition, offset: u64);

    /// Makes a topic.
    fn topic(&self, name: &str, partitions: u32, policy: Policy) -> String {
        let name = self.name(name);
        let spec = TopicSpec { name, partitions, policy };
        let [name] = &*self.log().create_topics(&[spec]).unwrap() else { panic!("it was not there before") };
        name.clone()
    }
}

pub(crate) const DELETE: Policy = Policy::Delete(Retention { time: None, bytes: None });

pub(crate) struct Embedded {
    log: EmbeddedLog,
    _directory: tempfile::TempDir,
}

impl Fixture for Embedded {
    fn new() -> Embedded {
        let directory = tempfile::tempdir().unwrap();
        let options = EmbeddedOptions { upkeep_every: None, ..EmbeddedOptions::default() };
        let log = EmbeddedLog::open(directory.path(), "app", options).unwrap();
        Embedded { log, _directory: directory }
    }

    fn log(&self) -> &dyn Log {
        &self.log
    }

    fn for_application(&self, application: &str) -> Box<dyn Log> {
        Box::new(self.log.for_application(application))
    }

    fn name(&self, name: &str) -> String {
        name.to_owned()
    }

    fn delete_before(&self, of: &TopicPartition, offset: u64) {
        // Everything is old a year from now; nothing but this topic has records in these tests.
        assert_eq!(self.log.bounds(of).unwrap().next, offset, "only all can be deleted");
        self.log.upkeep(Instant::from_millis(i64::MAX)).unwrap();
    }
}

pub(crate) struct Kafka {
    log: KafkaLog,
    prefix: String,
}

impl Kafka {
    pub(crate) fn options(application: &str) -> KafkaOptions {
        KafkaOptions::new(Broker::shared().bootstrap(), application)
    }
}

impl Fixture for Kafka {
    fn new() -> Kafka {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Also apart from other processes, which may use the same broker.
        let prefix = format!("t{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let log = KafkaLog::open(Kafka::options(&prefix)).unwrap();
        Kafka { log, prefix }
    }

    fn log(&self) -> &dyn Log {
        &self.log
    }

    fn for_application(&self, application: &str) -> Box<dyn Log> {
        Box::new(KafkaLog::open(Kafka::options(&self.name(application))).unwrap())
    }

    fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    fn delete_before(&self, of: &TopicPartition, offset: u64) {
        super::kafka::delete_records(of, offset);
    }
}

/// `n` records for one partition: key `k0`, value `v0`, and so on.
pub(crate) fn records(to: &TopicPartition, range: std::ops::Range<u64>) -> Vec<NewRecord> {
    range.map(|n| NewRecord::new(to.clone(), format!("k{n}"), format!("v{n}"))).collect()
}

/// Appends, and demands that all of it was.
pub(crate) fn append(log: &dyn Log, records: Vec<NewRecord>) -> Vec<u64> {
    log.producer().unwrap().append(records).into_iter().map(|answer| answer.unwrap()).collect()
}

pub(crate) fn reader(log: &dyn Log, from: &[(&TopicPartition, u64)]) -> Box<dyn Reader> {
    let mut reader = log.reader(ReadLimits::default()).unwrap();
    for (of, offset) in from {
        reader.assign(of, *offset).unwrap();
    }
    reader
}

/// The next thing a reader has to say.
pub(crate) fn next(reader: &mut dyn Reader) -> Result<Batch, LogError> {
    reader.poll(PATIENCE).transpose().expect("something within half a minute")
}

/// Everything from an offset to the end.
pub(crate) fn read_all(log: &dyn Log, of: &TopicPartition, from: u64) -> Vec<Record> {
    let mut reader = reader(log, &[(of, from)]);
    read_to_end(&mut *reader)
}

/// Everything of a reader's one partition up to its end.
pub(crate) fn read_to_end(reader: &mut dyn Reader) -> Vec<Record> {
    let mut all = Vec::new();
    loop {
        let batch = next(reader).unwrap();
        all.extend(batch.records);
        if batch.at_end {
            return all;
        }
    }
}

pub(crate) fn values(records: &[Record]) -> Vec<String> {
    let text = |value: &Option<Vec<u8>>| {
        value.as_ref().map_or("-".to_owned(), |value| String::from_utf8(value.clone()).unwrap())
    };
    records.iter().map(|record| text(&record.value)).collect()
}

pub(crate) fn progress(of: &TopicPartition, next: u64, metadata: &str) -> Progress {
    Progress { of: of.clone(), next, metadata: metadata.to_owned() }
}

pub(crate) fn header(name: &str, value: Option<&[u8]>) -> Header {
    (name.to_owned(), value.map(<[u8]>::to_vec))
}
