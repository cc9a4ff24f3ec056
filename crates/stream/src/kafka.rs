//! The log in Apache Kafka, through librdkafka.
//!
//! What this client and a real broker do together was tried, and shapes the code:
//! - A reader takes each partition from a queue of its own, set apart before the partition is assigned,
//!   because librdkafka tells the end of a partition and a lost offset without the topic ([`reader`]).
//! - A writer sends offsets, then drains with polls of a millisecond, then commits, and backs off by
//!   10 ms: the client's defaults cost 100 ms for each transaction, twice ([`writer`]).
//! - A member of the group owns partitions and never reads; writers carry its generation ([`member`]).
//! - A writer never aborts. After any doubt it is dropped; making the next of its name settles the
//!   transaction, and only then, and only with `read_committed`, is the stored progress the last one.
//! - An offset before the end need not be that of a record: markers of transactions and aborted records
//!   lie there ([`tail`]).
//!
//! Any property of librdkafka can be set, but those on which the promises of [`crate::log`] rest.
//!
//! In memory, unless set otherwise: up to 4 MiB fetched ahead for each partition of a reader, up to
//! 32 MiB of unsent records for each writer and producer.

mod admin;
mod chores;
mod client;
mod context;
mod error;
mod member;
mod options;
mod producer;
mod reader;
mod tail;
mod token;
mod writer;

pub use options::{KafkaOptions, reserved};

use crate::log::{
    Bounds, Joining, Log, LogError, Member, Producer, ReadLimits, Reader, Record, TopicDifference,
    TopicPartition, TopicSpec, Writer,
};
use client::Connection;
use std::sync::Arc;
use std::time::Duration;

/// A log in Kafka, on behalf of one application: its consumer group, and the prefix of its
/// transactional ids.
#[derive(Clone)]
pub struct KafkaLog {
    connection: Arc<Connection>,
}

impl KafkaLog {
    /// A log with these options. Does not wait for a broker: the first call that needs one does.
    ///
    /// # Errors
    /// `Refused` for properties that librdkafka does not take, or that are set here.
    pub fn open(options: KafkaOptions) -> Result<KafkaLog, LogError> {
        Ok(KafkaLog { connection: Arc::new(Connection::new(options)?) })
    }
}

impl Log for KafkaLog {
    fn create_topics(&self, topics: &[TopicSpec]) -> Result<Vec<String>, LogError> {
        admin::create(&self.connection, topics)
    }

    fn check_topics(&self, topics: &[TopicSpec]) -> Result<Vec<TopicDifference>, LogError> {
        admin::check(&self.connection, topics)
    }

    fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        self.connection.partitions(topic)
    }

    fn tombstone_retention(&self, topic: &str) -> Result<Duration, LogError> {
        self.connection.partitions(topic)?;
        admin::tombstone_retention(&self.connection, topic)
    }

    fn bounds(&self, of: &TopicPartition) -> Result<Bounds, LogError> {
        self.connection.bounds(&self.connection.group, of)
    }

    fn last_record(&self, of: &TopicPartition) -> Result<Option<Record>, LogError> {
        tail::last_record(&self.connection, of)
    }

    fn reader(&self, limits: ReadLimits) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(reader::KafkaReader::new(&self.connection, limits)?))
    }

    fn writer(&self, name: &str) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(writer::KafkaWriter::open(&self.connection, name)?))
    }

    fn producer(&self) -> Result<Box<dyn Producer>, LogError> {
        Ok(Box::new(producer::KafkaProducer::new(&self.connection)?))
    }

    fn join(&self, joining: &Joining) -> Result<Box<dyn Member>, LogError> {
        Ok(Box::new(member::KafkaMember::join(&self.connection, joining)?))
    }
}
