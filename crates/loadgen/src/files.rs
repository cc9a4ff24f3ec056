//! A workload as files of event lines, to be replayed in the order of their names.

use crate::line::line;
use crate::workload::Workload;
use muster_directory::Event;
use std::fs::File;
use std::io::{BufWriter, Error, Result, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where a workload lies.
#[derive(Clone, Debug)]
pub struct Files {
    /// The groups.
    pub groups: PathBuf,
    /// The users, as they are at first.
    pub users: PathBuf,
    /// The changes.
    pub changes: PathBuf,
}

impl Files {
    /// The files of a workload in this directory.
    #[must_use]
    pub fn of(directory: &Path) -> Files {
        Files {
            groups: directory.join("01-groups.jsonl"),
            users: directory.join("02-users.jsonl"),
            changes: directory.join("03-changes.jsonl"),
        }
    }

    /// Writes all three; `progress` is told how many lines are written now and then.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, workload: &Workload, changes: u64, mut progress: impl FnMut(u64)) -> Result<()> {
        let mut lines = 0;
        write(&self.groups, workload.groups(), &mut lines, &mut progress)?;
        write(&self.users, workload.users(), &mut lines, &mut progress)?;
        write(&self.changes, workload.changes_in(0..changes), &mut lines, &mut progress)
    }
}

/// Writes the changes of these numbers.
///
/// # Errors
/// The disk's.
pub fn write_changes(path: &Path, workload: &Workload, numbers: Range<u64>) -> Result<()> {
    write(path, workload.changes_in(numbers), &mut 0, &mut |_| {})
}

/// After so many lines progress is told.
const TOLD_AFTER: u64 = 4096;

fn write(
    path: &Path,
    events: impl Iterator<Item = Event>,
    lines: &mut u64,
    progress: &mut impl FnMut(u64),
) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    for event in events {
        let line = line(&event).ok_or_else(|| Error::other("an event that has no line"))?;
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")?;
        *lines += 1;
        if lines.is_multiple_of(TOLD_AFTER) {
            progress(*lines);
        }
    }
    file.flush()
}
