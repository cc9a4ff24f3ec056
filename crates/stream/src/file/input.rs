//! Several files, read one after the other as one stream of lines.

use super::line::{LineReader, Taken};
use super::{FileError, fingerprint};
use muster_directory::Source;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const BUFFER_BYTES: usize = 256 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How far the inputs are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputPosition {
    /// The file that the next line is in (or its predecessor, where that is read to its end), from 0.
    file: u64,
    /// Lines of that file that are read.
    line: u64,
    /// Bytes of that file that are read.
    byte: u64,
    /// Of all bytes that are read, of all files.
    fingerprint: u64,
}

const START: InputPosition = InputPosition { file: 0, line: 0, byte: 0, fingerprint: fingerprint::EMPTY };

impl InputPosition {
    /// Enters this under the names that [`stored`](Self::stored) looks for.
    pub fn store(&self, positions: &mut BTreeMap<String, u64>) {
        for (name, value) in [FILE, LINE, BYTE, FINGERPRINT].into_iter().zip([
            self.file,
            self.line,
            self.byte,
            self.fingerprint,
        ]) {
            positions.insert(name.to_owned(), value);
        }
    }

    /// The position that was entered, if one was.
    #[must_use]
    pub fn stored(positions: &BTreeMap<String, u64>) -> Option<InputPosition> {
        let of = |name: &str| positions.get(name).copied();
        Some(InputPosition {
            file: of(FILE)?,
            line: of(LINE)?,
            byte: of(BYTE)?,
            fingerprint: of(FINGERPRINT)?,
        })
    }
}

const FILE: &str = "events.file";
const LINE: &str = "events.line";
const BYTE: &str = "events.byte";
const FINGERPRINT: &str = "events.fingerprint";

/// The files, and how far they are read.
pub struct Inputs {
    files: Vec<InputFile>,
    /// Of the file at the position; `None` past the last file.
    reader: Option<LineReader<BufReader<File>>>,
    position: InputPosition,
}

struct InputFile {
    path: PathBuf,
    /// As given, for sources.
    name: Arc<str>,
}

/// One line that is not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputLine<'a> {
    /// The path as given, and the number of the line.
    pub source: Source,
    /// Without line break and carriage return; of a line longer than
    /// [`MAX_LINE_BYTES`](super::MAX_LINE_BYTES) the beginning.
    pub bytes: &'a [u8],
    /// How many bytes the line has in all.
    pub length: u64,
}

impl Inputs {
    /// The files from the first byte, or from a stored position.
    ///
    /// # Errors
    /// A file cannot be opened (all are tried), or what was read before is not there any more.
    pub fn open(paths: &[PathBuf], resume: Option<InputPosition>) -> Result<Inputs, FileError> {
        let files: Vec<InputFile> = paths
            .iter()
            .map(|path| InputFile { path: path.clone(), name: Arc::from(path.to_string_lossy()) })
            .collect();
        for file in &files {
            // A pipe is opened once only.
            if !file.path.exists() || file.path.is_file() || file.path.is_dir() {
                open(&file.path)?;
            }
        }
        let mut inputs = Inputs { files, reader: None, position: START };
        match resume {
            Some(position) => inputs.resume(position)?,
            None => inputs.start_file(0)?,
        }
        Ok(inputs)
    }

    /// How far the inputs are read.
    #[must_use]
    pub fn position(&self) -> InputPosition {
        self.position
    }

    /// Bytes of all files together, and how many of them are read. For progress; zero for pipes.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        let size = |file: &InputFile| std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
        let before = usize::try_from(self.position.file).unwrap_or(usize::MAX);
        let sizes: Vec<u64> = self.files.iter().map(size).collect();
        (sizes.iter().sum(), sizes.iter().take(before).sum::<u64>() + self.position.byte)
    }

    /// The next line that is not blank, or `None` at the end of the last file.
    ///
    /// # Errors
    /// The disk's.
    pub fn next_line(&mut self) -> Result<Option<InputLine<'_>>, FileError> {
        loop {
            match self.take()? {
                Some(taken) if self.is_blank(taken) => {}
                Some(taken) => {
                    let Some((file, reader)) = self.current() else { return Ok(None) };
                    let source = Source::File { file: Arc::clone(&file.name), line: self.position.line };
                    let mut bytes = reader.line();
                    let mut length = taken.length;
                    if self.position.line == 1
                        && let Some(rest) = bytes.strip_prefix(BYTE_ORDER_MARK)
                    {
                        (bytes, length) = (rest, length - BYTE_ORDER_MARK.len() as u64);
                    }
                    return Ok(Some(InputLine { source, bytes, length }));
                }
                None if self.reader.is_none() => return Ok(None),
                None => {
                    let next = self.position.file + 1;
                    if next >= self.files.len() as u64 {
                        // The position stays at the end of the last file, which may grow.
                        self.reader = None;
                        return Ok(None);
                    }
                    self.start_file(next)?;
                }
            }
        }
    }

    fn is_blank(&self, taken: Taken) -> bool {
        let line = self.current().map_or(&[][..], |(_, reader)| reader.line());
        let line =
            if self.position.line == 1 { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) } else { line };
        taken.length == 0 || (taken.length < 1024 && line.trim_ascii().is_empty())
    }

    fn take(&mut self) -> Result<Option<Taken>, FileError> {
        let Some(reader) = self.reader.as_mut() else { return Ok(None) };
        let taken = match reader.take(self.position.fingerprint) {
            Ok(taken) => taken,
            Err(reason) => return Err(FileError::Io { action: "read", path: self.name(), reason }),
        };
        if let Some(taken) = taken {
            self.position.line += 1;
            self.position.byte += taken.bytes;
            self.position.fingerprint = taken.fingerprint;
        }
        Ok(taken)
    }

    fn current(&self) -> Option<(&InputFile, &LineReader<BufReader<File>>)> {
        let at = usize::try_from(self.position.file).ok()?;
        Some((self.files.get(at)?, self.reader.as_ref()?))
    }

    fn name(&self) -> String {
        let at = usize::try_from(self.position.file).unwrap_or(usize::MAX);
        self.files.get(at).map_or_else(String::new, |file| file.name.as_ref().to_owned())
    }

    fn start_file(&mut self, index: u64) -> Result<(), FileError> {
        self.position = InputPosition { file: index, line: 0, byte: 0, ..self.position };
        let path = usize::try_from(index).ok().and_then(|at| self.files.get(at)).map(|file| &file.path);
        self.reader = match path {
            Some(path) => Some(reader(open(path)?)),
            None => None,
        };
        Ok(())
    }

    /// Reads all bytes before `stored` again, and stops there if they are the same.
    fn resume(&mut self, stored: InputPosition) -> Result<(), FileError> {
        let last = usize::try_from(stored.file).unwrap_or(usize::MAX);
        let mut fingerprint = fingerprint::EMPTY;
        for (index, input) in self.files.iter().enumerate().take(last.saturating_add(1)) {
            let mut file = open(&input.path)?;
            let failed =
                |reason| FileError::Io { action: "read", path: input.name.as_ref().to_owned(), reason };
            let changed = |reason: &str| FileError::Changed {
                path: input.name.as_ref().to_owned(),
                reason: format!("{reason}: give the same files, or a new data directory"),
            };
            if index < last {
                fingerprint = digest(&mut file, u64::MAX, fingerprint).map_err(failed)?.0;
                continue;
            }
            let (found, bytes) = digest(&mut file, stored.byte, fingerprint).map_err(failed)?;
            if bytes < stored.byte {
                return Err(changed("it is shorter than what was read of it"));
            }
            if found != stored.fingerprint {
                return Err(changed("what was read before has other contents now"));
            }
            if grew_inside_a_line(&mut file, stored.byte).map_err(failed)? {
                return Err(changed("its last line was read without a line break and is longer now"));
            }
            file.seek(SeekFrom::Start(stored.byte)).map_err(failed)?;
            self.reader = Some(reader(file));
            self.position = stored;
            return Ok(());
        }
        Err(FileError::Changed {
            path: self.files.last().map_or_else(String::new, |file| file.name.as_ref().to_owned()),
            reason: "there were more files before it: give the same files, or a new data directory".into(),
        })
    }
}

fn open(path: &Path) -> Result<File, FileError> {
    let failed = |reason| FileError::Open { path: path.to_string_lossy().into_owned(), reason };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}

fn reader(file: File) -> LineReader<BufReader<File>> {
    LineReader::new(BufReader::with_capacity(BUFFER_BYTES, file))
}

/// The fingerprint after at most `limit` bytes of `file`, and how many there were.
fn digest(file: &mut File, limit: u64, mut fingerprint: u64) -> std::io::Result<(u64, u64)> {
    let (mut buffer, mut bytes) = (vec![0; BUFFER_BYTES], 0);
    let mut limited = file.take(limit);
    loop {
        match limited.read(&mut buffer) {
            Ok(0) => return Ok((fingerprint, bytes)),
            Ok(count) => {
                fingerprint = fingerprint::extend(fingerprint, buffer.get(..count).unwrap_or_default());
                bytes += count as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether `at` lies inside a line: no line break before it, and something else after it.
fn grew_inside_a_line(file: &mut File, at: u64) -> std::io::Result<bool> {
    let Some(before) = at.checked_sub(1) else { return Ok(false) };
    file.seek(SeekFrom::Start(before))?;
    let mut around = Vec::with_capacity(2);
    file.take(2).read_to_end(&mut around)?;
    Ok(matches!(around.as_slice(), [last, next] if *last != b'\n' && *next != b'\n'))
}

#[cfg(test)]
mod tests;
