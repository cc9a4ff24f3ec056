//! The embedded log with something put between it and a service: all else is handed through.

use muster_stream::embedded::EmbeddedLog;
use muster_stream::log::{
    Bounds, Joining, Log, LogError, Member, Producer, ReadLimits, Reader, Record, TopicDifference,
    TopicPartition, TopicSpec, Writer,
};
use std::time::Duration;

/// What is put between; what it leaves alone is the log's own.
pub(crate) trait Between: Send + Sync {
    fn reader(&self, log: &EmbeddedLog, limits: ReadLimits) -> Result<Box<dyn Reader>, LogError> {
        log.reader(limits)
    }

    fn writer(&self, log: &EmbeddedLog, name: &str) -> Result<Box<dyn Writer>, LogError> {
        log.writer(name)
    }

    fn join(&self, log: &EmbeddedLog, joining: &Joining) -> Result<Box<dyn Member>, LogError> {
        log.join(joining)
    }
}

pub(crate) struct Wrapped<B>(pub(crate) EmbeddedLog, pub(crate) B);

impl<B: Between> Log for Wrapped<B> {
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
        self.1.reader(&self.0, limits)
    }

    fn writer(&self, name: &str) -> Result<Box<dyn Writer>, LogError> {
        self.1.writer(&self.0, name)
    }

    fn producer(&self) -> Result<Box<dyn Producer>, LogError> {
        self.0.producer()
    }

    fn join(&self, joining: &Joining) -> Result<Box<dyn Member>, LogError> {
        self.1.join(&self.0, joining)
    }
}
