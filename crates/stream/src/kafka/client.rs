//! The configuration of librdkafka's clients, what they say while they run, and the one client that
//! everything of a log shares for questions.

use super::error;
use crate::log::{Bounds, LogError, TopicPartition};
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, ClientContext};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How to reach Kafka, and on whose behalf.
#[derive(Clone)]
pub struct KafkaOptions {
    /// `host:port`, separated by commas.
    pub brokers: String,
    /// The consumer group, and the prefix of transactional ids.
    pub application: String,
    /// Properties of librdkafka; those for producers or consumers only are ignored by the others.
    pub client: BTreeMap<String, String>,
    /// How long to wait for the answer to a question.
    pub timeout: Duration,
    /// How long to wait for one transaction or one append, and for an earlier writer's transaction to be
    /// settled. Longer than a broker takes to restart.
    pub write_timeout: Duration,
}

impl KafkaOptions {
    /// Half a minute for questions, one minute for transactions, no further properties.
    #[must_use]
    pub fn new(brokers: impl Into<String>, application: impl Into<String>) -> KafkaOptions {
        KafkaOptions {
            brokers: brokers.into(),
            application: application.into(),
            client: BTreeMap::new(),
            timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for KafkaOptions {
    /// Without the values of properties: passwords are among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaOptions")
            .field("brokers", &self.brokers)
            .field("application", &self.application)
            .field("client", &self.client.keys().collect::<Vec<_>>())
            .field("timeout", &self.timeout)
            .field("write_timeout", &self.write_timeout)
            .finish()
    }
}

/// Properties that cannot be set, and why.
const RESERVED: &[(&str, &str)] = &[
    ("bootstrap.servers", "give the brokers instead"),
    ("metadata.broker.list", "give the brokers instead"),
    ("group.id", "give the application instead"),
    ("transactional.id", "give the application instead"),
    ("group.instance.id", "the data directory has an id of its own"),
    ("group.protocol", "the group's protocol is fixed"),
    ("partition.assignment.strategy", "the group's protocol is fixed"),
    ("partitioner", "each record is given its partition"),
    ("isolation.level", "only committed records are read"),
    ("enable.auto.commit", "progress is committed with what came of it"),
    ("auto.commit.enable", "progress is committed with what came of it"),
    ("enable.auto.offset.store", "progress is committed with what came of it"),
    ("auto.offset.reset", "a lost offset is an error, or records would be skipped"),
    ("enable.partition.eof", "readers need it"),
    ("enable.idempotence", "without it records could be doubled"),
    ("acks", "all replicas that are in sync must have a record"),
    ("request.required.acks", "all replicas that are in sync must have a record"),
    ("allow.auto.create.topics", "topics are made with their partitions and policies"),
    ("log.queue", "the client's messages are taken from it"),
];

/// Why this property of librdkafka cannot be set, if so.
#[must_use]
pub fn reserved(property: &str) -> Option<&'static str> {
    RESERVED.iter().find(|(name, _)| *name == property).map(|(_, reason)| *reason)
}

/// What everything of one log shares.
pub(super) struct Connection {
    pub(super) options: KafkaOptions,
    /// For questions, and as the identity of the group: it never subscribes.
    pub(super) group: BaseConsumer<Quiet>,
}

impl Connection {
    pub(super) fn new(options: KafkaOptions) -> Result<Connection, LogError> {
        if let Some((name, reason)) = options.client.keys().find_map(|name| Some((name, reserved(name)?))) {
            let action = format!("set the Kafka client's property `{name}`");
            return Err(LogError::Refused { action, reason: reason.to_owned() });
        }
        let group = create(&consumer_config(&options))?;
        Ok(Connection { options, group })
    }

    pub(super) fn config(&self) -> ClientConfig {
        base_config(&self.options)
    }

    pub(super) fn consumer_config(&self) -> ClientConfig {
        consumer_config(&self.options)
    }

    /// For writers and producers.
    pub(super) fn producer_config(&self) -> ClientConfig {
        let mut config = base_config(&self.options);
        default(&mut config, "linger.ms", "0");
        default(&mut config, "retry.backoff.ms", "10");
        default(&mut config, "queue.buffering.max.kbytes", "32768");
        config.set("enable.idempotence", "true");
        config.set("acks", "all");
        config
    }

    pub(super) fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        let action = || format!("look up topic `{topic}`");
        let metadata = self
            .group
            .fetch_metadata(Some(topic), self.options.timeout)
            .map_err(|error| error::of_log(error, action()))?;
        let unknown = || LogError::UnknownTopic { topic: topic.to_owned() };
        let found = metadata.topics().iter().find(|found| found.name() == topic).ok_or_else(unknown)?;
        match found.error().map(RDKafkaErrorCode::from) {
            None => {}
            // So the broker answers for a name that it would never take, too.
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::InvalidTopic) => {
                return Err(unknown());
            }
            Some(code) => return Err(error::of_log(KafkaError::MetadataFetch(code), action())),
        }
        Ok(u32::try_from(found.partitions().len()).unwrap_or(u32::MAX))
    }

    /// As the consumer sees it, which reads committed records only.
    pub(super) fn bounds<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        of: &TopicPartition,
    ) -> Result<Bounds, LogError> {
        let partition = partition_number(of)?;
        match consumer.fetch_watermarks(&of.topic, partition, self.options.timeout) {
            Ok((first, next)) => Ok(Bounds { first: offset(first), next: offset(next) }),
            Err(error) => {
                // The client's answer does not say whether topic or partition is unknown, nor whether it
                // only has not heard of them yet.
                let partitions = self.partitions(&of.topic)?;
                if of.partition >= partitions {
                    return Err(LogError::UnknownPartition { of: of.clone(), partitions });
                }
                Err(error::of_log(error, format!("look up {of}")))
            }
        }
    }
}

/// Kafka's number of a partition.
pub(super) fn partition_number(of: &TopicPartition) -> Result<i32, LogError> {
    i32::try_from(of.partition).map_err(|_| LogError::UnknownPartition { of: of.clone(), partitions: 0 })
}

/// An offset that is one, not a special value.
pub(super) fn offset(offset: i64) -> u64 {
    u64::try_from(offset).unwrap_or(0)
}

pub(super) fn create<T: FromClientConfigAndContext<Quiet>>(config: &ClientConfig) -> Result<T, LogError> {
    create_with(config, Quiet)
}

pub(super) fn create_with<C, T>(config: &ClientConfig, context: C) -> Result<T, LogError>
where
    C: ClientContext,
    T: FromClientConfigAndContext<C>,
{
    config.create_with_context(context).map_err(|error| LogError::Refused {
        action: "make a Kafka client".to_owned(),
        reason: error::text(&error),
    })
}

fn base_config(options: &KafkaOptions) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (name, value) in &options.client {
        config.set(name, value);
    }
    default(&mut config, "client.id", &options.application);
    // Ten seconds by default: too long to notice that a broker is back.
    default(&mut config, "reconnect.backoff.max.ms", "1000");
    config.set("bootstrap.servers", &options.brokers);
    config.set_log_level(RDKafkaLogLevel::Info);
    config
}

fn consumer_config(options: &KafkaOptions) -> ClientConfig {
    let mut config = base_config(options);
    default(&mut config, "check.crcs", "true");
    // How late the end of an idle partition is told.
    default(&mut config, "fetch.wait.max.ms", "100");
    default(&mut config, "queued.max.messages.kbytes", "4096");
    // Retry soon when a fetch-ahead queue was full.
    default(&mut config, "fetch.queue.backoff.ms", "10");
    config.set("group.id", &options.application);
    config.set("enable.auto.commit", "false");
    config.set("enable.auto.offset.store", "false");
    config.set("isolation.level", "read_committed");
    config.set("auto.offset.reset", "error");
    config.set("enable.partition.eof", "true");
    config.set("allow.auto.create.topics", "false");
    config
}

fn default(config: &mut ClientConfig, name: &str, value: &str) {
    if config.get(name).is_none() {
        config.set(name, value);
    }
}

/// A client's context that only passes on what the client says.
#[derive(Clone)]
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        note_error(&error, reason);
    }
}

impl ConsumerContext for Quiet {}

/// A line of the client's own log.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        // One configuration serves producers and consumers, which each warn of the other's properties.
        _ if facility == "CONFWARN" => tracing::debug!(target: "librdkafka", facility, message),
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::error!(target: "librdkafka", facility, message),
        RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, message),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, message);
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, message),
    }
}

/// An error that concerns the client as a whole, most often a lost connection: it goes on by itself.
pub(super) fn note_error(error: &KafkaError, reason: &str) {
    match error.rdkafka_error_code() {
        // Told to the reader's caller; no errors.
        Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::AutoOffsetReset) => {}
        _ => tracing::warn!(target: "librdkafka", reason, "the Kafka client met trouble"),
    }
}
