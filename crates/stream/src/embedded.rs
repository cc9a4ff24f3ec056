//! The embedded log: topics on the local disk, in one process, without a broker.
//!
//! It lives in a RocksDB directory of its own (`log` in the data directory, by convention), apart from
//! the engine's state: the two have different lives, and a partition's state may be wiped and restored
//! while the log stays. One process holds it at a time; threads share it.
//!
//! - Offsets are dense; of a compacted topic those of superseded records are missing later.
//! - An append is one atomic batch over any number of topics, together with the progress of a writer,
//!   synced before anybody sees it ([`append`]). After kill -9 or a power cut it is all there or not at all.
//! - Old records go by age, size or key ([`upkeep`]).
//! - A full or failing disk stops all appending until the log is opened again; reading goes on.
//!
//! In memory: 48 MiB of unwritten tables, 16 MiB of blocks, and a few words for each partition.

mod append;
mod catalogue;
mod codec;
mod database;
mod key;
mod reader;
mod upkeep;
mod writer;

pub use upkeep::Upkeep;

use crate::log::{
    Bounds, Log, LogError, Producer, ReadLimits, Reader, Record, Retention, TopicDifference, TopicPartition,
    TopicSpec, Writer,
};
use catalogue::Catalogue;
use database::Database;
use muster_directory::Instant;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How an embedded log is run. None of it is stored.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// What is kept where a topic does not say.
    pub retention: Retention,
    /// How long tombstones of compacted topics are kept.
    pub tombstones: Duration,
    /// A partition is compacted when so many records are new, and at least as many as are old.
    pub compact_after: u64,
    /// How often [`EmbeddedLog::upkeep`] is done by a thread of the log; `None`: only by calls.
    pub upkeep_every: Option<Duration>,
}

impl Default for EmbeddedOptions {
    /// Seven days and 1 GiB for each partition; tombstones for a day; compaction from 10,000 records on;
    /// upkeep every ten seconds.
    fn default() -> EmbeddedOptions {
        const DAY: Duration = Duration::from_secs(86_400);
        EmbeddedOptions {
            retention: Retention { time: Some(7 * DAY), bytes: Some(1 << 30) },
            tombstones: DAY,
            compact_after: 10_000,
            upkeep_every: Some(Duration::from_secs(10)),
        }
    }
}

/// A log on the local disk, on behalf of one application.
#[derive(Clone)]
pub struct EmbeddedLog {
    application: Arc<str>,
    // Dropped before `shared`, so that the thread never is the last to hold it.
    _caretaker: Option<Arc<upkeep::Caretaker>>,
    shared: Arc<Shared>,
}

/// What handles, readers, writers and the upkeep share.
struct Shared {
    database: Database,
    options: EmbeddedOptions,
    state: Mutex<State>,
    /// Something was committed: for readers.
    arrived: Condvar,
    /// A round of appending is over: for those who append.
    committed: Condvar,
    /// Held during upkeep.
    upkeep: Mutex<()>,
}

struct State {
    catalogue: Catalogue,
    queue: append::Queue,
}

impl EmbeddedLog {
    /// Opens the log in a directory, made where it is missing.
    ///
    /// # Errors
    /// `InUse` where another process holds it, `Refused` where a newer version wrote it or it is something else;
    /// `Failed` and `Damaged` by the disk.
    pub fn open(
        directory: &Path,
        application: &str,
        options: EmbeddedOptions,
    ) -> Result<EmbeddedLog, LogError> {
        let database = Database::open(directory)?;
        let state = State { catalogue: Catalogue::load(&database)?, queue: append::Queue::default() };
        let period = options.upkeep_every;
        let shared = Arc::new(Shared {
            database,
            options,
            state: Mutex::new(state),
            arrived: Condvar::new(),
            committed: Condvar::new(),
            upkeep: Mutex::new(()),
        });
        let caretaker = period.map(|period| upkeep::Caretaker::start(&shared, period)).transpose()?;
        Ok(EmbeddedLog { application: application.into(), _caretaker: caretaker.map(Arc::new), shared })
    }

    /// The same log on behalf of another application.
    #[must_use]
    pub fn for_application(&self, application: &str) -> EmbeddedLog {
        EmbeddedLog { application: application.into(), ..self.clone() }
    }

    /// Deletes what is old at `now`, as far as it is worth the effort.
    ///
    /// # Errors
    /// `Failed`, `Damaged`.
    pub fn upkeep(&self, now: Instant) -> Result<Upkeep, LogError> {
        self.shared.upkeep(now)
    }
}

impl Log for EmbeddedLog {
    fn create_topics(&self, topics: &[TopicSpec]) -> Result<Vec<String>, LogError> {
        let mut created = Vec::new();
        for topic in topics {
            let refuse = |reason: &str| {
                let action = format!("create topic `{}`", topic.name);
                Err(LogError::Refused { action, reason: reason.to_owned() })
            };
            if let Err(reason) = crate::log::check_name(&topic.name) {
                return refuse(reason);
            }
            if topic.partitions == 0 || topic.partitions > MAX_PARTITIONS {
                return refuse("a topic has 1 to 1000 partitions");
            }
            if self.shared.lock().catalogue.create(&self.shared.database, topic)? {
                created.push(topic.name.clone());
            }
        }
        Ok(created)
    }

    fn check_topics(&self, topics: &[TopicSpec]) -> Result<Vec<TopicDifference>, LogError> {
        let state = self.shared.lock();
        Ok(topics.iter().flat_map(|topic| state.catalogue.differences(topic)).collect())
    }

    fn partitions(&self, topic: &str) -> Result<u32, LogError> {
        self.shared.lock().catalogue.partitions(topic)
    }

    fn tombstone_retention(&self, topic: &str) -> Result<Duration, LogError> {
        self.partitions(topic)?;
        Ok(self.shared.options.tombstones)
    }

    fn bounds(&self, of: &TopicPartition) -> Result<Bounds, LogError> {
        Ok(self.shared.lock().catalogue.find(of)?.bounds())
    }

    fn last_record(&self, of: &TopicPartition) -> Result<Option<Record>, LogError> {
        reader::last_record(&self.shared, of)
    }

    fn reader(&self, limits: ReadLimits) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(reader::EmbeddedReader::new(&self.shared, limits)))
    }

    fn writer(&self, name: &str) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(writer::EmbeddedWriter::open(&self.shared, &self.application, name)?))
    }

    fn producer(&self) -> Result<Box<dyn Producer>, LogError> {
        Ok(Box::new(writer::EmbeddedProducer { shared: Arc::clone(&self.shared) }))
    }
}

const MAX_PARTITIONS: u32 = 1_000;

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever holds it changes one thing at a time; there is no half of it to see.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wall_clock() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
