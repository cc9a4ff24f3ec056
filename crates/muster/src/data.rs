//! Data directories: the one a command is given, or a temporary one.

use crate::failure::Failure;
use muster_store::{Changelog, Store};
use std::path::{Path, PathBuf};

/// An open data directory. A temporary one is removed when this is dropped.
pub(crate) struct DataDirectory {
    pub(crate) store: Store,
    // After the store, so that it is closed when its directory goes.
    _temporary: Option<tempfile::TempDir>,
}

/// The directory `path`, made where it does not exist; without a path a temporary one.
pub(crate) fn open(path: Option<&PathBuf>) -> Result<DataDirectory, Failure> {
    match path {
        Some(path) if path.exists() && !path.is_dir() => {
            Err(Failure::usage(format!("`{}` is not a directory: give another to --data", path.display())))
        }
        Some(path) => Ok(DataDirectory { store: Store::open(path, Changelog::Off)?, _temporary: None }),
        None => {
            let temporary = tempfile::Builder::new().prefix("muster-").tempdir()?;
            Ok(DataDirectory {
                store: Store::open(temporary.path(), Changelog::Off)?,
                _temporary: Some(temporary),
            })
        }
    }
}

/// The directory `path`, which must exist, to be read.
pub(crate) fn open_existing(path: &Path) -> Result<Store, Failure> {
    if !path.is_dir() {
        return Err(Failure::usage(format!("there is no data directory `{}`", path.display())));
    }
    Ok(Store::open_read_only(path)?)
}
