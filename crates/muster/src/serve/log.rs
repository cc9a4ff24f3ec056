//! The configured log, and its topics.

use crate::config::{Config, LogKind, Property, Sasl};
use crate::failure::Failure;
use muster_service::Topics;
use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions};
use muster_stream::kafka::{KafkaLog, KafkaOptions};
use muster_stream::log::{Log, LogError, Retention};
use std::sync::Arc;

/// Where in the data directory the embedded log lies.
const LOG_DIRECTORY: &str = "log";

/// The log, on behalf of the engine, and of licensing where `serve` does that too: its progress is its own.
pub(super) struct Logs {
    pub(super) engine: Arc<dyn Log>,
    pub(super) licensing: Option<Arc<dyn Log>>,
}

/// Opens the log that the configuration names, for `serve`.
pub(super) fn open_logs(config: &Config) -> Result<Logs, LogError> {
    let wanted = config.licensing.enabled;
    match config.log.kind {
        LogKind::Embedded => {
            let log = open_embedded(config)?;
            let licensing =
                wanted.then(|| Arc::new(log.for_application(&licensing_application(config))) as Arc<dyn Log>);
            Ok(Logs { engine: Arc::new(log), licensing })
        }
        LogKind::Kafka => {
            let licensing = wanted.then(|| open_licensing_log(config)).transpose()?;
            Ok(Logs { engine: open_log(config)?, licensing })
        }
    }
}

/// Opens the log on behalf of licensing alone.
pub(super) fn open_licensing_log(config: &Config) -> Result<Arc<dyn Log>, LogError> {
    open_kafka(config, licensing_application(config))
}

/// Opens the log that the configuration names.
pub(crate) fn open_log(config: &Config) -> Result<Arc<dyn Log>, LogError> {
    match config.log.kind {
        LogKind::Embedded => Ok(Arc::new(open_embedded(config)?)),
        LogKind::Kafka => open_kafka(config, config.kafka.application.clone()),
    }
}

/// Under which name licensing reads and writes.
fn licensing_application(config: &Config) -> String {
    format!("{}-licensing", config.kafka.application)
}

fn open_embedded(config: &Config) -> Result<EmbeddedLog, LogError> {
    let options = EmbeddedOptions {
        retention: Retention { time: Some(config.log.retention), bytes: Some(config.log.retention_size) },
        ..EmbeddedOptions::default()
    };
    let directory = config.data.dir.join(LOG_DIRECTORY);
    std::fs::create_dir_all(&config.data.dir).map_err(|reason| LogError::Refused {
        action: format!("open the log in `{}`", directory.display()),
        reason: reason.to_string(),
    })?;
    EmbeddedLog::open(&directory, &config.kafka.application, options)
}

fn open_kafka(config: &Config, application: String) -> Result<Arc<dyn Log>, LogError> {
    let mut options = KafkaOptions::new(config.kafka.brokers.join(","), application);
    if let Some(Sasl::Token { file }) = &config.kafka.sasl {
        options.token_file = Some(file.clone());
    }
    for (name, value) in config.kafka.client_properties() {
        let value = match value {
            Property::Open(text) => text,
            Property::Secret(secret) => secret.expose().to_owned(),
        };
        // The log takes the brokers by themselves.
        if name != "bootstrap.servers" {
            options.client.insert(name, value);
        }
    }
    KafkaLog::open(options).map(|log| Arc::new(log) as Arc<dyn Log>)
}

/// The topics as the service takes them.
pub(crate) fn topics(config: &Config) -> Topics {
    let topics = &config.topics;
    let name = |name: &String| Arc::from(name.as_str());
    Topics {
        changes: topics.changes.iter().map(name).collect(),
        requests: name(&topics.requests),
        definitions: name(&topics.definitions),
        deltas: name(&topics.deltas),
        memberships: topics.memberships.as_ref().map(name),
        group_status: topics.group_status.as_ref().map(name),
        changelog: topics.changelog.as_ref().map(name),
        dead_letters: name(&topics.dead_letters),
        licenses: name(&topics.licenses),
        licenses_changelog: topics.licenses_changelog.as_ref().map(name),
    }
}

/// What somebody has to set right is wrong configuration, the rest a fault.
pub(crate) fn failure(error: LogError) -> Failure {
    match error {
        LogError::InUse { .. }
        | LogError::Refused { .. }
        | LogError::UnknownTopic { .. }
        | LogError::UnknownPartition { .. } => Failure::Usage(error.into()),
        _ => Failure::Fault(error.into()),
    }
}
