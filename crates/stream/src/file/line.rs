//! Lines of one file: bounded in memory whatever the file holds.

use super::fingerprint;
use muster_directory::rejection::MAX_DEAD_LETTER_BYTES;
use std::io::{self, BufRead};

/// The longest line that is read, without its line break. Of a longer one the beginning is kept.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// Takes lines off a reader.
pub(super) struct LineReader<R> {
    reader: R,
    line: Vec<u8>,
}

/// What was taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Bytes taken, the line break included.
    pub(super) bytes: u64,
    /// Bytes of the line, without line break and carriage return.
    pub(super) length: u64,
    /// The fingerprint after them.
    pub(super) fingerprint: u64,
}

impl<R: BufRead> LineReader<R> {
    pub(super) fn new(reader: R) -> LineReader<R> {
        LineReader { reader, line: Vec::new() }
    }

    /// The line taken last, without line break and carriage return; of one that is too long the
    /// first [`MAX_DEAD_LETTER_BYTES`].
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Takes the next line, be it without a line break at the end of the file. `None` at the end.
    pub(super) fn take(&mut self, mut fingerprint: u64) -> io::Result<Option<Taken>> {
        self.line.clear();
        let (mut bytes, mut length, mut ends_with_cr) = (0_u64, 0_u64, false);
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let line_break = available.iter().position(|byte| *byte == b'\n');
            let (content, taken) = match line_break {
                Some(at) => (available.get(..at).unwrap_or_default(), at + 1),
                None => (available, available.len()),
            };
            fingerprint = fingerprint::extend(fingerprint, available.get(..taken).unwrap_or_default());
            if length <= MAX_LINE_BYTES as u64 {
                // One byte more than the limit, for the carriage return.
                let room = (MAX_LINE_BYTES + 1).saturating_sub(self.line.len()).min(content.len());
                self.line.extend_from_slice(content.get(..room).unwrap_or_default());
            }
            ends_with_cr = content.last().map_or(ends_with_cr, |last| *last == b'\r');
            length += content.len() as u64;
            bytes += taken as u64;
            self.reader.consume(taken);
            if line_break.is_some() || taken == 0 {
                break;
            }
        }
        if bytes == 0 {
            return Ok(None);
        }
        length -= u64::from(ends_with_cr);
        self.line.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        if length > MAX_LINE_BYTES as u64 {
            self.line.truncate(MAX_DEAD_LETTER_BYTES);
            self.line.shrink_to(MAX_DEAD_LETTER_BYTES);
        }
        Ok(Some(Taken { bytes, length, fingerprint }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// All lines of `input`, read through a buffer of `buffer` bytes.
    fn lines(input: &[u8], buffer: usize) -> Vec<(Vec<u8>, Taken)> {
        let mut reader = LineReader::new(BufReader::with_capacity(buffer, input));
        let (mut lines, mut fingerprint) = (Vec::new(), fingerprint::EMPTY);
        while let Some(taken) = reader.take(fingerprint).unwrap() {
            fingerprint = taken.fingerprint;
            lines.push((reader.line().to_vec(), taken));
        }
        assert_eq!(fingerprint, fingerprint::extend(fingerprint::EMPTY, input));
        assert_eq!(lines.iter().map(|(_, taken)| taken.bytes).sum::<u64>(), input.len() as u64);
        lines
    }

    #[test]
    fn lines_end_at_breaks_whatever_the_buffer() {
        let input = b"a\r\n\nbc\r\rd\r\n\r\ne\r";
        for buffer in 1..20 {
            let texts: Vec<_> = lines(input, buffer).into_iter().map(|(line, _)| line).collect();
            assert_eq!(texts, [&b"a"[..], b"", b"bc\r\rd", b"", b"e"], "buffer of {buffer}");
        }
        assert!(lines(b"", 4).is_empty());
    }

    #[test]
    fn long_lines_are_cut_and_measured() {
        let limit = MAX_LINE_BYTES;
        for (length, kept) in
            [(limit, limit), (limit + 1, MAX_DEAD_LETTER_BYTES), (10 << 20, MAX_DEAD_LETTER_BYTES)]
        {
            for end in ["\n", "\r\n", ""] {
                let input = format!("{}{end}", "x".repeat(length));
                let found =
                    lines(format!("{input}{}next", if end.is_empty() { "\n" } else { "" }).as_bytes(), 8192);
                assert_eq!(found.len(), 2);
                assert_eq!((found[0].0.len(), found[0].1.length), (kept, length as u64), "{length} {end:?}");
                assert_eq!(found[1].0, b"next");
            }
        }
    }
}
