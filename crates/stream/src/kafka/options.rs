//! How to reach Kafka: options, and the properties of librdkafka that come of them for each kind of
//! client. What the log's promises rest on cannot be set; everything else can.

use crate::log::LogError;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
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
    /// For `sasl.mechanism=OAUTHBEARER`: a file with a JSON web token, read again before each token
    /// expires. Somebody else keeps it fresh.
    pub token_file: Option<PathBuf>,
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
            token_file: None,
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
            .field("token_file", &self.token_file)
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

/// Whether the options leave alone what cannot be set.
pub(super) fn check(options: &KafkaOptions) -> Result<(), LogError> {
    match options.client.keys().find_map(|name| Some((name, reserved(name)?))) {
        Some((name, reason)) => {
            let action = format!("set the Kafka client's property `{name}`");
            Err(LogError::Refused { action, reason: reason.to_owned() })
        }
        None => Ok(()),
    }
}

/// For every client.
pub(super) fn base(options: &KafkaOptions) -> ClientConfig {
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

/// For readers and questions.
pub(super) fn consumer(options: &KafkaOptions) -> ClientConfig {
    let mut config = base(options);
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

/// For writers and producers.
pub(super) fn producer(options: &KafkaOptions) -> ClientConfig {
    let mut config = base(options);
    default(&mut config, "linger.ms", "0");
    default(&mut config, "retry.backoff.ms", "10");
    default(&mut config, "queue.buffering.max.kbytes", "32768");
    config.set("enable.idempotence", "true");
    config.set("acks", "all");
    config
}

fn default(config: &mut ClientConfig, name: &str, value: &str) {
    if config.get(name).is_none() {
        config.set(name, value);
    }
}
