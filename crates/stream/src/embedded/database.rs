//! RocksDB, as the embedded log uses it: three column families, writes that are on the disk when they
//! return, bounded memory. Knows keys and values as bytes only.

use super::key;
use crate::log::LogError;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBPinnableSlice,
    DBRawIterator, DBRecoveryMode, Options, ReadOptions, WriteBatch, WriteOptions,
};
use std::ops::Range;
use std::path::Path;

/// A column family.
#[derive(Clone, Copy)]
pub(super) enum Family {
    /// Topics and what is known of their partitions.
    Meta,
    /// The records.
    Records,
    /// The records of compacted topics by key.
    Keys,
}

/// How sure a write is when it returns.
#[derive(Clone, Copy)]
pub(super) enum Durability {
    /// On the disk.
    Synced,
    /// In the write-ahead log, before everything written later; a power cut may undo it.
    Logged,
}

pub(super) struct Database(DB);

const FORMAT_VERSION: u8 = 1;
const MIB: usize = 1 << 20;

impl Database {
    /// Opens the database of a log, made where there is none.
    pub(super) fn open(path: &Path) -> Result<Database, LogError> {
        let refuse = |reason: String| LogError::Refused {
            action: format!("open the log in `{}`", path.display()),
            reason,
        };
        let exists = path.join("CURRENT").exists();
        if exists {
            let families =
                DB::list_cf(&Options::default(), path).map_err(|error| refuse(error.to_string()))?;
            let foreign = |name: &&String| !["default", key::RECORDS, key::KEYS].contains(&name.as_str());
            if let Some(name) = families.iter().find(foreign) {
                return Err(refuse(format!("it holds `{name}`, so it is no log: give another directory")));
            }
        }
        // 16 MiB for each memtable, 48 for all; 16 for blocks.
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_paranoid_checks(true);
        options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
        options.set_db_write_buffer_size(48 * MIB);
        options.set_max_total_wal_size(64 << 20);
        options.set_max_open_files(256);
        options.set_max_background_jobs(2);
        options.set_keep_log_file_num(4);
        let mut family = Options::default();
        family.set_write_buffer_size(16 * MIB);
        family.set_compression_type(DBCompressionType::Lz4);
        family.set_bottommost_compression_type(DBCompressionType::Zstd);
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&Cache::new_lru_cache(16 * MIB));
        blocks.set_block_size(16 << 10);
        family.set_block_based_table_factory(&blocks);
        let families = ["default", key::RECORDS, key::KEYS]
            .map(|name| ColumnFamilyDescriptor::new(name, family.clone()));
        let db = DB::open_cf_descriptors(&options, path, families).map_err(|error| {
            // By this process, or by another.
            let held = ["lock hold by", "While lock file"];
            if held.iter().any(|held| error.as_ref().contains(held)) {
                LogError::InUse { place: path.display().to_string() }
            } else {
                refuse(error.into())
            }
        })?;
        let database = Database(db);
        match database.get(Family::Meta, &key::FORMAT)?.as_deref() {
            Some([FORMAT_VERSION]) => {}
            Some(_) => {
                return Err(refuse("a newer version of this program wrote it: use that one".to_owned()));
            }
            None => database.put(Family::Meta, &key::FORMAT, &[FORMAT_VERSION])?,
        }
        Ok(database)
    }

    fn family(&self, family: Family) -> Result<&ColumnFamily, LogError> {
        let name = match family {
            Family::Meta => "default",
            Family::Records => key::RECORDS,
            Family::Keys => key::KEYS,
        };
        self.0.cf_handle(name).ok_or_else(|| LogError::Failed {
            action: "read".to_owned(),
            reason: format!("its column family `{name}` is missing"),
        })
    }

    pub(super) fn get(&self, family: Family, key: &[u8]) -> Result<Option<DBPinnableSlice<'_>>, LogError> {
        self.0.get_pinned_cf(self.family(family)?, key).map_err(|error| failed("read", &error))
    }

    pub(super) fn put(&self, family: Family, key: &[u8], value: &[u8]) -> Result<(), LogError> {
        let mut changes = self.changes();
        changes.put(family, key, value)?;
        self.write(changes, Durability::Synced)
    }

    pub(super) fn changes(&self) -> Changes<'_> {
        Changes { database: self, batch: WriteBatch::default() }
    }

    /// Writes all of them or none.
    pub(super) fn write(&self, changes: Changes<'_>, durability: Durability) -> Result<(), LogError> {
        let mut options = WriteOptions::default();
        options.set_sync(matches!(durability, Durability::Synced));
        self.0.write_opt(changes.batch, &options).map_err(|error| failed("write", &error))
    }

    /// The entries with keys in this range, as they are now.
    pub(super) fn scan(&self, family: Family, range: Range<&[u8]>) -> Result<Scan<'_>, LogError> {
        let mut entries = self.bounded(family, &range)?;
        entries.seek(range.start);
        Ok(Scan { entries })
    }

    /// The last entry in this range.
    pub(super) fn last(&self, family: Family, range: Range<&[u8]>) -> Result<Scan<'_>, LogError> {
        let mut entries = self.bounded(family, &range)?;
        entries.seek_to_last();
        Ok(Scan { entries })
    }

    fn bounded(&self, family: Family, range: &Range<&[u8]>) -> Result<DBRawIterator<'_>, LogError> {
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(range.start);
        options.set_iterate_upper_bound(range.end);
        Ok(self.0.raw_iterator_cf_opt(self.family(family)?, options))
    }

    /// Frees the disk of files that lie wholly in this range, all of which is deleted.
    pub(super) fn drop_files(&self, family: Family, range: Range<&[u8]>) -> Result<(), LogError> {
        let family = self.family(family)?;
        self.0
            .delete_file_in_range_cf(family, range.start, range.end)
            .map_err(|error| failed("delete", &error))
    }
}

fn failed(action: &str, error: &rocksdb::Error) -> LogError {
    LogError::Failed { action: action.to_owned(), reason: error.to_string() }
}

/// A key and its value.
pub(super) type Entry<'a> = (&'a [u8], &'a [u8]);

/// Entries of a range, one after the other.
pub(super) struct Scan<'a> {
    entries: DBRawIterator<'a>,
}

impl Scan<'_> {
    /// The entry it stands at, or `None` behind the last.
    pub(super) fn entry(&self) -> Result<Option<Entry<'_>>, LogError> {
        match self.entries.item() {
            Some(entry) => Ok(Some(entry)),
            // An iterator also ends where it cannot go on.
            None => self.entries.status().map(|()| None).map_err(|error| failed("read", &error)),
        }
    }

    pub(super) fn advance(&mut self) {
        self.entries.next();
    }
}

/// Changes to be written together.
pub(super) struct Changes<'a> {
    database: &'a Database,
    batch: WriteBatch,
}

impl Changes<'_> {
    pub(super) fn put(&mut self, family: Family, key: &[u8], value: &[u8]) -> Result<(), LogError> {
        self.batch.put_cf(self.database.family(family)?, key, value);
        Ok(())
    }

    pub(super) fn delete(&mut self, family: Family, key: &[u8]) -> Result<(), LogError> {
        self.batch.delete_cf(self.database.family(family)?, key);
        Ok(())
    }

    pub(super) fn delete_range(&mut self, family: Family, range: Range<&[u8]>) -> Result<(), LogError> {
        self.batch.delete_range_cf(self.database.family(family)?, range.start, range.end);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.batch.len()
    }
}
