//! The service's configuration: read once, checked whole, printed without secrets.
//!
//! `config/muster.toml` is the list of keys and their defaults: it is compiled in, and a key that is not
//! in it does not exist. Values are read as strictly as an event: nothing unknown, misspelt or out of
//! range passes, and everything that is wrong is said at once. What a value means is for whoever uses it.

mod brake;
mod error;
mod kafka;
mod layers;
mod print;
mod reader;
mod secret;
mod topics;
mod unit;

pub(crate) use brake::Brake;
pub(crate) use error::{ConfigError, Problem};
pub(crate) use kafka::{Kafka, Property, Sasl};
pub(crate) use layers::Overrides;
pub(crate) use secret::Secret;
pub(crate) use topics::Topics;

use layers::{Origin, Settings};
use muster_rule::Dialect;
use reader::Reader;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) log: Log,
    pub(crate) kafka: Kafka,
    pub(crate) topics: Topics,
    pub(crate) data: Data,
    pub(crate) http: Http,
    pub(crate) rules: Rules,
    pub(crate) licensing: Licensing,
    pub(crate) standby: Standby,
    pub(crate) limits: Limits,
    pub(crate) brake: Brake,
    pub(crate) telemetry: Telemetry,
    /// Who gave the value of each key.
    origins: BTreeMap<String, Origin>,
}

/// `[log]`
#[derive(Clone, Debug)]
pub(crate) struct Log {
    /// Which log events come from and deltas go to.
    pub(crate) kind: LogKind,
    /// How long the embedded log keeps records.
    pub(crate) retention: Duration,
    /// How large one of its partitions may grow, in bytes.
    pub(crate) retention_size: u64,
}

/// Which log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogKind {
    /// The service's own.
    #[default]
    Embedded,
    /// Apache Kafka.
    Kafka,
}

/// `[data]`
#[derive(Clone, Debug)]
pub(crate) struct Data {
    /// The data directory.
    pub(crate) dir: PathBuf,
    /// Free disk below which nothing more is taken in, in bytes.
    pub(crate) min_free: u64,
}

/// `[http]`
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// Where to listen; `None` for no HTTP.
    pub(crate) listen: Option<SocketAddr>,
    /// The largest request, in bytes.
    pub(crate) max_request: u64,
}

/// `[rules]`
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The dialect of rules that name none.
    pub(crate) dialect: Dialect,
}

/// `[licensing]`
#[derive(Clone, Debug)]
pub(crate) struct Licensing {
    /// Whether `serve` does it.
    pub(crate) enabled: bool,
    /// Whether licences flow back into the changes.
    pub(crate) feedback: bool,
    /// The data directory of a process of its own.
    pub(crate) dir: PathBuf,
    /// Where that listens; `None` for no HTTP.
    pub(crate) listen: Option<SocketAddr>,
}

/// `[standby]`
#[derive(Clone, Debug)]
pub(crate) struct Standby {
    /// Whether this instance follows the partitions of others.
    pub(crate) enabled: bool,
}

/// `[limits]`: every queue is bounded.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Records that are committed together, at most.
    pub(crate) batch_records: usize,
    /// Memberships that a rule edit changes in one go.
    pub(crate) slice_memberships: usize,
    /// Entries committed and not yet published.
    pub(crate) outbox_entries: usize,
    /// Records of one transaction, at most.
    pub(crate) transaction_records: usize,
    /// Bytes of one transaction, at most.
    pub(crate) transaction_size: u64,
    /// How long the start waits for the definitions.
    pub(crate) definitions_wait: Duration,
    /// How long the end waits for what is under way.
    pub(crate) shutdown_wait: Duration,
}

/// `[telemetry]`
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    /// How logs are written.
    pub(crate) format: LogFormat,
    /// Which: levels and `target=level`, separated by commas.
    pub(crate) filter: String,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The configuration of the file at `path` (where one is given), the environment and `overrides`.
    ///
    /// # Errors
    /// The file cannot be read or is not TOML, or everything that is wrong with the values.
    pub(crate) fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Config, ConfigError> {
        let (settings, unknown) = Settings::gather(path, std::env::vars_os(), overrides)?;
        Config::read(settings, unknown)
    }

    fn read(settings: Settings, unknown: Vec<Problem>) -> Result<Config, ConfigError> {
        let mut reader = Reader::new(&settings, unknown);
        let mut config = Config {
            log: Log::read(&mut reader),
            kafka: Kafka::read(&mut reader),
            topics: Topics::read(&mut reader),
            data: Data::read(&mut reader),
            http: Http::read(&mut reader),
            rules: Rules { dialect: reader.choice("rules.dialect", DIALECTS) },
            licensing: Licensing::read(&mut reader),
            standby: Standby { enabled: reader.boolean("standby.enabled") },
            limits: Limits::read(&mut reader),
            brake: Brake::read(&mut reader),
            telemetry: Telemetry::read(&mut reader),
            origins: BTreeMap::new(),
        };
        if config.log.kind == LogKind::Kafka && config.kafka.brokers.is_empty() {
            reader.complain(
                "kafka.brokers",
                "the log is \"kafka\", but there are no brokers: give `host:port`",
            );
        }
        config.brake.check(&mut reader, config.log.kind);
        reader.finish()?;
        config.origins = settings.into_origins();
        Ok(config)
    }

    /// What is allowed, and may be a mistake all the same: a sentence each.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = self.kafka.warnings();
        if let Some(listen) = self.http.listen.filter(|listen| !listen.ip().is_loopback()) {
            warnings.push(format!(
                "`http.listen` is {listen}: whoever reaches it can feed events and read deltas, as HTTP knows no users"
            ));
        }
        if self.topics.changelog.is_none() {
            warnings.push("`topics.changelog` is empty: nothing can be restored from a lost disk".to_owned());
        }
        warnings
    }
}

const LOG_KINDS: &[(&str, LogKind)] = &[("embedded", LogKind::Embedded), ("kafka", LogKind::Kafka)];
const DIALECTS: &[(&str, Dialect)] = &[("entra", Dialect::Entra), ("extended", Dialect::Extended)];
const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const KIB: u64 = 1024;
const GIB: u64 = 1024 * 1024 * KIB;

impl Log {
    fn read(reader: &mut Reader<'_>) -> Log {
        Log {
            kind: reader.choice("log.kind", LOG_KINDS),
            retention: reader.duration("log.retention", SECOND..=24 * 36_500 * HOUR),
            retention_size: reader.size("log.retention_size", KIB * KIB..=KIB * KIB * GIB),
        }
    }
}

impl Data {
    fn read(reader: &mut Reader<'_>) -> Data {
        Data {
            dir: reader.path("data.dir").unwrap_or_else(|| {
                reader.complain("data.dir", "it is empty: give the directory that holds the state");
                PathBuf::new()
            }),
            min_free: reader.size("data.min_free", 0..=KIB * KIB * GIB),
        }
    }
}

impl Http {
    fn read(reader: &mut Reader<'_>) -> Http {
        Http {
            listen: reader.address("http.listen"),
            max_request: reader.size("http.max_request", KIB..=4 * GIB),
        }
    }
}

impl Licensing {
    fn read(reader: &mut Reader<'_>) -> Licensing {
        Licensing {
            enabled: reader.boolean("licensing.enabled"),
            feedback: reader.boolean("licensing.feedback"),
            dir: reader.path("licensing.dir").unwrap_or_else(|| {
                reader.complain("licensing.dir", "it is empty: give the directory that holds the state");
                PathBuf::new()
            }),
            listen: reader.address("licensing.listen"),
        }
    }
}

impl Limits {
    fn read(reader: &mut Reader<'_>) -> Limits {
        let count = 1..=10_000_000;
        Limits {
            batch_records: reader.count("limits.batch_records", count.clone()),
            slice_memberships: reader.count("limits.slice_memberships", count.clone()),
            outbox_entries: reader.count("limits.outbox_entries", count.clone()),
            transaction_records: reader.count("limits.transaction_records", count),
            transaction_size: reader.size("limits.transaction_size", KIB..=GIB),
            definitions_wait: reader.duration("limits.definitions_wait", SECOND..=HOUR),
            shutdown_wait: reader.duration("limits.shutdown_wait", Duration::ZERO..=HOUR),
        }
    }
}

impl Telemetry {
    fn read(reader: &mut Reader<'_>) -> Telemetry {
        Telemetry {
            format: reader.choice("telemetry.format", FORMATS),
            filter: reader.checked_text("telemetry.filter", check_filter),
        }
    }
}

fn check_filter(filter: &str) -> Result<(), String> {
    const LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
    for directive in filter.split(',') {
        let (target, level) = directive.split_once('=').unwrap_or(("muster", directive));
        let is_target =
            !target.is_empty() && target.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:".contains(&b));
        if !is_target || !LEVELS.contains(&level) {
            return Err(format!(
                "`{directive}` is no filter: write a level ({}) or `target=level`, separated by commas",
                LEVELS.join(", ")
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
