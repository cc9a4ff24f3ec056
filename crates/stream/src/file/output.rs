//! The two outputs: delta lines (or licence event lines), and dead letters beside them.

use super::FileError;
use muster_directory::{DeadLetter, Delta, LicenceEvent};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How many bytes of each output are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLengths {
    deltas: u64,
    dead_letters: u64,
}

const DELTAS: &str = "deltas.bytes";
const DEAD_LETTERS: &str = "dead-letters.bytes";

impl OutputLengths {
    /// Enters these under the names that [`stored`](Self::stored) looks for.
    pub fn store(&self, positions: &mut BTreeMap<String, u64>) {
        positions.insert(DELTAS.to_owned(), self.deltas);
        positions.insert(DEAD_LETTERS.to_owned(), self.dead_letters);
    }

    /// The lengths that were entered; zero where none were.
    #[must_use]
    pub fn stored(positions: &BTreeMap<String, u64>) -> OutputLengths {
        let of = |name: &str| positions.get(name).copied().unwrap_or(0);
        OutputLengths { deltas: of(DELTAS), dead_letters: of(DEAD_LETTERS) }
    }

    /// Whether any dead letter is written.
    #[must_use]
    pub fn has_dead_letters(&self) -> bool {
        self.dead_letters > 0
    }
}

/// The file of delta lines, or licence event lines, and that of dead letters: its name with `.dead` behind it.
pub struct Outputs {
    deltas: LineFile,
    dead_letters: LineFile,
}

impl Outputs {
    /// Opens both, made where they are missing, and cuts them back to `lengths`.
    ///
    /// # Errors
    /// They cannot be opened, or are shorter than that.
    pub fn open(path: &Path, lengths: OutputLengths) -> Result<Outputs, FileError> {
        let mut dead = path.as_os_str().to_owned();
        dead.push(".dead");
        Ok(Outputs {
            deltas: LineFile::open(path.to_path_buf(), lengths.deltas)?,
            dead_letters: LineFile::open(dead.into(), lengths.dead_letters)?,
        })
    }

    /// Appends what one entry holds.
    ///
    /// # Errors
    /// The disk's.
    pub fn append(
        &mut self,
        deltas: &[Delta],
        licences: &[LicenceEvent],
        dead_letters: &[DeadLetter],
    ) -> Result<(), FileError> {
        for delta in deltas {
            self.deltas.append(|line| muster_wire::write_delta(line, delta, None))?;
        }
        for event in licences {
            self.deltas.append(|line| muster_wire::write_licence_event(line, event))?;
        }
        for letter in dead_letters {
            self.dead_letters.append(|line| muster_wire::write_dead_letter(line, letter))?;
        }
        Ok(())
    }

    /// Hands everything appended to the system, so that other programs see it.
    ///
    /// # Errors
    /// The disk's.
    pub fn flush(&mut self) -> Result<(), FileError> {
        self.deltas.flush()?;
        self.dead_letters.flush()
    }

    /// Brings everything appended to the disk, and returns the lengths that may be acknowledged.
    ///
    /// # Errors
    /// The disk's. Nothing may be acknowledged then.
    pub fn sync(&mut self) -> Result<OutputLengths, FileError> {
        Ok(OutputLengths { deltas: self.deltas.sync()?, dead_letters: self.dead_letters.sync()? })
    }
}

const BUFFER_BYTES: usize = 256 * 1024;

/// A file that lines are appended to.
struct LineFile {
    path: PathBuf,
    file: File,
    /// A pipe or a device takes bytes, but has no length.
    regular: bool,
    /// Appended and not yet handed to the system.
    buffer: Vec<u8>,
    /// The buffer included.
    length: u64,
    /// How much of that is on the disk.
    synced: u64,
}

impl LineFile {
    fn open(path: PathBuf, length: u64) -> Result<LineFile, FileError> {
        let failed = |reason| FileError::Open { path: path.to_string_lossy().into_owned(), reason };
        let is_new = !path.exists();
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let regular = metadata.is_file();
        if regular {
            if metadata.len() < length {
                let reason = format!(
                    "it has {} bytes, but {length} were written: restore it, or give a new data directory",
                    metadata.len()
                );
                return Err(FileError::Changed { path: path.to_string_lossy().into_owned(), reason });
            }
            file.set_len(length).map_err(failed)?;
            file.seek(SeekFrom::Start(length)).map_err(failed)?;
        }
        if is_new {
            sync_directory(&path).map_err(failed)?;
        }
        Ok(LineFile { path, file, regular, buffer: Vec::with_capacity(BUFFER_BYTES), length, synced: length })
    }

    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), FileError> {
        let before = self.buffer.len();
        write(&mut self.buffer);
        self.length += (self.buffer.len() - before) as u64;
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), FileError> {
        self.file.write_all(&self.buffer).map_err(|reason| self.failed("write", reason))?;
        self.buffer.clear();
        Ok(())
    }

    fn sync(&mut self) -> Result<u64, FileError> {
        self.flush()?;
        if self.regular && self.synced < self.length {
            self.file.sync_data().map_err(|reason| self.failed("bring to the disk", reason))?;
        }
        self.synced = self.length;
        Ok(self.length)
    }

    fn failed(&self, action: &'static str, reason: std::io::Error) -> FileError {
        FileError::Io { action, path: self.path.to_string_lossy().into_owned(), reason }
    }
}

/// Brings the name of a new file to the disk.
fn sync_directory(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::{Rejection, RejectionCode, Source};
    use std::fs;

    fn letter(line: u64) -> DeadLetter {
        let source = Source::File { file: "e".into(), line };
        DeadLetter::of_line(source, Rejection::new(RejectionCode::InvalidJson, "no"), b"x", 1)
    }

    #[test]
    fn what_is_not_acknowledged_is_cut_off_and_written_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.jsonl");
        let dead = directory.path().join("out.jsonl.dead");
        let mut outputs = Outputs::open(&path, OutputLengths::default()).unwrap();
        outputs.append(&[], &[], &[letter(1)]).unwrap();
        let lengths = outputs.sync().unwrap();
        outputs.append(&[], &[], &[letter(2)]).unwrap();
        outputs.sync().unwrap();
        let whole = fs::read(&dead).unwrap();

        // A kill in the middle of the second line, at every byte of it, and after it.
        let first = usize::try_from(lengths.dead_letters).unwrap();
        for torn in first..=whole.len() {
            fs::write(&dead, &whole[..torn]).unwrap();
            let mut stored = BTreeMap::new();
            lengths.store(&mut stored);
            let mut outputs = Outputs::open(&path, OutputLengths::stored(&stored)).unwrap();
            assert_eq!(fs::read(&dead).unwrap(), whole[..first]);
            outputs.append(&[], &[], &[letter(2)]).unwrap();
            outputs.flush().unwrap();
            assert_eq!(fs::read(&dead).unwrap(), whole);
        }
        fs::write(&dead, &whole[..first - 1]).unwrap();
        assert!(matches!(Outputs::open(&path, lengths), Err(FileError::Changed { .. })));
    }
}
