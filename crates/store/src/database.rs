//! RocksDB as this crate uses it: our options, synced batches, reads of one consistent view, and its
//! errors as [`StorageError`]. Knows neither keys' nor values' meaning.

use crate::SyncTimes;
use crate::key::{Key, KeyRange};
use muster_engine::storage::StorageError;
use rocksdb::statistics::Histogram;
use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, DBRecoveryMode, InfoLogger, LogLevel, Options,
    ReadOptions, Snapshot, WriteBatch, WriteOptions,
};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

/// Memory for blocks read, in bytes. The engine keeps what it needs in its own memory and reads a
/// partition once, so that a cache has little to do.
const BLOCK_CACHE: usize = 64 << 20;
/// One memtable, in bytes.
const MEMTABLE: usize = 64 << 20;
/// How many memtables may be full and not yet written to tables before writers wait.
const MEMTABLES: i32 = 3;
/// Write-ahead log that a start has to read at most, in bytes.
const WRITE_AHEAD_LOG: u64 = 256 << 20;
/// Read ahead this much where a whole table is read, in bytes.
const READ_AHEAD: usize = 2 << 20;

/// An open database.
pub(crate) struct Database {
    db: DB,
    /// Holds what the database counts.
    options: Options,
}

/// When a batch is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When the write returns.
    Synced,
    /// With the next synced batch at the latest. A power loss before that undoes it whole, and all that
    /// came after it; a kill of the process does not.
    Ordered,
}

/// What the database held at one moment.
pub(crate) struct View<'a> {
    snapshot: Snapshot<'a>,
}

impl Database {
    /// Opens the database in `dir`, or makes one. No other process can have it open then.
    pub(crate) fn open(dir: &Path) -> Result<Database, StorageError> {
        let mut options = options();
        options.create_if_missing(true);
        let db = DB::open(&options, dir).map_err(|error| open_failed(dir, &error))?;
        Ok(Database { db, options })
    }

    /// Opens the database in `dir` without writing to it.
    pub(crate) fn open_read_only(dir: &Path) -> Result<Database, StorageError> {
        let options = options();
        let db = DB::open_for_read_only(&options, dir, false).map_err(|error| open_failed(dir, &error))?;
        Ok(Database { db, options })
    }

    /// What the database holds now.
    pub(crate) fn view(&self) -> View<'_> {
        View { snapshot: self.db.snapshot() }
    }

    /// Writes the batch, all or nothing, after all that was written before.
    pub(crate) fn write(
        &self,
        batch: WriteBatch,
        durability: Durability,
        action: impl FnOnce() -> String,
    ) -> Result<(), StorageError> {
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced);
        self.db.write_opt(batch, &options).map_err(|error| failed(action(), &error))
    }

    /// How long the disk took to sync the write-ahead log.
    pub(crate) fn syncs(&self) -> SyncTimes {
        let data = self.options.get_histogram_data(Histogram::WalFileSyncMicros);
        let of = |micros: f64| Duration::try_from_secs_f64(micros / 1e6).unwrap_or_default();
        SyncTimes {
            count: data.count(),
            median: of(data.median()),
            p99: of(data.p99()),
            longest: of(data.max()),
        }
    }

    /// Moves what is in memory to a table file.
    pub(crate) fn flush(&self) -> Result<(), StorageError> {
        self.db.flush().map_err(|error| failed("write what is in memory", &error))
    }
}

impl View<'_> {
    /// The value under this key.
    pub(crate) fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StorageError> {
        let read = self.snapshot.get_opt(key.encode(), ReadOptions::default());
        read.map_err(|error| failed(format!("read {key}"), &error))
    }

    /// Visits what lies in `range`, in order, until told to stop.
    pub(crate) fn scan(
        &self,
        range: KeyRange,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StorageError>,
    ) -> Result<(), StorageError> {
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(range.to);
        options.set_readahead_size(READ_AHEAD);
        options.fill_cache(false);
        let mut iterator = self.snapshot.raw_iterator_opt(options);
        iterator.seek(range.from);
        while let Some((key, value)) = iterator.item() {
            if visit(key, value)?.is_break() {
                return Ok(());
            }
            iterator.next();
        }
        // An iterator ends at an error as it does at the end.
        iterator.status().map_err(|error| failed("read a range of records", &error))
    }
}

fn options() -> Options {
    let mut tables = BlockBasedOptions::default();
    tables.set_block_cache(&Cache::new_lru_cache(BLOCK_CACHE));

    let mut options = Options::default();
    options.set_block_based_table_factory(&tables);
    options.set_write_buffer_size(MEMTABLE);
    options.set_max_write_buffer_number(MEMTABLES);
    options.set_max_total_wal_size(WRITE_AHEAD_LOG);
    options.set_max_background_jobs(2);
    // 64 MiB a file: more than any partition count needs, less than any usual limit of descriptors.
    options.set_max_open_files(512);
    options.set_bytes_per_sync(1 << 20);

    options.set_compression_type(DBCompressionType::Lz4);
    options.set_bottommost_compression_type(DBCompressionType::Zstd);

    options.set_paranoid_checks(true);
    // What a kill tore off the end of the log was never reported as committed.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_track_and_verify_wals_in_manifest(true);

    // For how long syncs take; counters cost nothing beside a sync.
    options.enable_statistics();
    options.set_info_logger(InfoLogger::new_callback_logger(LogLevel::Warn, |level, message| {
        let message = message.trim_end();
        match level {
            LogLevel::Error | LogLevel::Fatal => tracing::error!(target: "rocksdb", "{message}"),
            // Its hundreds of lines about options come as warnings too.
            _ => tracing::debug!(target: "rocksdb", "{message}"),
        }
    }));
    options
}

fn open_failed(dir: &Path, error: &rocksdb::Error) -> StorageError {
    let message: &str = error.as_ref();
    let action = format!("open `{}`", dir.display());
    if message.contains("lock hold by current process") || message.contains("While lock file") {
        let reason = "another process has it open: stop that one, or choose another directory";
        return StorageError::Io { action, reason: reason.to_owned() };
    }
    failed(action, error)
}

fn failed(action: impl Into<String>, error: &rocksdb::Error) -> StorageError {
    StorageError::Io { action: action.into(), reason: error.to_string() }
}
