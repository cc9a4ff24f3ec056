//! A data directory: made once, with an owner and a format of its own, and refused where it is
//! another program's or a newer version's. Knows nothing of partitions.

use crate::codec::{Damage, directory};
use crate::database::{Database, Durability};
use crate::key::{Key, KeyRange, Place};
use muster_engine::storage::StorageError;
use rocksdb::WriteBatch;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

/// The format that this version writes, and the newest that it reads. It changes when an older
/// program could not read, or would spoil, what a newer one wrote.
const FORMAT: u32 = 1;

/// The database in `dir` and its owner; makes both where there is nothing.
pub(crate) fn open(dir: &Path) -> Result<(Database, u128), StorageError> {
    prepare(dir)?;
    let database = Database::open(dir)?;
    match owner(dir, &database)? {
        Some(owner) => Ok((database, owner)),
        None => {
            let owner = random_id()?;
            let mut batch = WriteBatch::default();
            batch.put(Key::of_directory(Place::Format).encode(), directory::encode_format(FORMAT));
            batch.put(Key::of_directory(Place::Owner).encode(), directory::encode_owner(owner));
            database.write(batch, Durability::Synced, || format!("set up `{}`", dir.display()))?;
            Ok((database, owner))
        }
    }
}

/// The database in `dir`, to be read only, and its owner.
pub(crate) fn open_read_only(dir: &Path) -> Result<(Database, u128), StorageError> {
    let none = || StorageError::Incompatible(format!("`{}` is not a Muster data directory", dir.display()));
    if !dir.join("CURRENT").exists() {
        return Err(none());
    }
    let database = Database::open_read_only(dir)?;
    let owner = owner(dir, &database)?.ok_or_else(none)?;
    Ok((database, owner))
}

/// The owner of a directory whose format this program reads; `None` where the database is empty.
fn owner(dir: &Path, database: &Database) -> Result<Option<u128>, StorageError> {
    let dir = dir.display();
    let view = database.view();
    let key = Key::of_directory(Place::Format);
    let Some(format) = view.get(&key)? else {
        let mut empty = true;
        view.scan(KeyRange { from: Vec::new(), to: vec![0xFF; 64] }, |_, _| {
            empty = false;
            Ok(ControlFlow::Break(()))
        })?;
        return match empty {
            true => Ok(None),
            false => Err(StorageError::Incompatible(format!(
                "`{dir}` holds the data of another program: choose an empty or a new directory"
            ))),
        };
    };
    let format = directory::decode_format(&format).map_err(|damage| damage.at(key))?;
    if format > FORMAT {
        return Err(StorageError::Incompatible(format!(
            "`{dir}` was written by a newer version of Muster (its format is {format}, this one reads up to \
             {FORMAT}): use that version, or another directory"
        )));
    }
    let key = Key::of_directory(Place::Owner);
    let owner = match view.get(&key)? {
        Some(owner) => directory::decode_owner(&owner),
        None => Err(Damage::new("it is missing")),
    };
    Ok(Some(owner.map_err(|damage| damage.at(key))?))
}

/// Sees to it that the directory is there, and that it is a database's or empty.
fn prepare(dir: &Path) -> Result<(), StorageError> {
    let failed = |error: io::Error| StorageError::Io {
        action: format!("open `{}`", dir.display()),
        reason: error.to_string(),
    };
    if !dir.exists() {
        fs::create_dir_all(dir).map_err(failed)?;
        // The directory's own name must be on the disk before what it holds counts as committed.
        if let Some(parent) = dir.canonicalize().map_err(failed)?.parent() {
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(failed)?;
        }
    }
    if dir.join("CURRENT").exists() {
        return Ok(());
    }
    for file in fs::read_dir(dir).map_err(failed)? {
        let name = file.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        // RocksDB makes these before CURRENT: a kill may have come between.
        let made = ["LOCK", "LOG", "IDENTITY", "MANIFEST-", "OPTIONS-"];
        if !made.iter().any(|prefix| name.starts_with(prefix))
            && !name.ends_with(".dbtmp")
            && !name.ends_with(".log")
            // The service's embedded log, which may have been filled before.
            && name != "log"
        {
            return Err(StorageError::Incompatible(format!(
                "`{}` is not a Muster data directory (it holds `{name}`): choose an empty or a new one",
                dir.display()
            )));
        }
    }
    Ok(())
}

fn random_id() -> Result<u128, StorageError> {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(u128::from_be_bytes(bytes)),
        Err(error) => {
            Err(StorageError::Io { action: "draw a random id".to_owned(), reason: error.to_string() })
        }
    }
}
