//! The values of the embedded log's database as bytes. Each begins with the version of its form; what
//! an older version wrote stays readable.
//!
//! Lengths and numbers are big-endian. Optional bytes carry their length in four bytes, all ones where
//! they are absent.

use super::catalogue::{Compacted, Tail};
use crate::log::{NewRecord, Policy, Record, Retention};
use muster_directory::Instant;
use std::time::Duration;

/// The version of every form so far.
const VERSION: u8 = 1;
const ABSENT: u32 = u32::MAX;

/// A record as stored: what the log adds to it when it is placed stands at the beginning, so that the
/// rest can be encoded before.
pub(super) struct EncodedRecord(Vec<u8>);

impl EncodedRecord {
    pub(super) fn new(record: &NewRecord) -> EncodedRecord {
        let mut out = Vec::with_capacity(record.bytes() + 64);
        out.extend_from_slice(&[0; PLACED]);
        put_optional(&mut out, record.key.as_deref());
        put_length(&mut out, record.headers.len());
        for (name, value) in &record.headers {
            put_optional(&mut out, Some(name.as_bytes()));
            put_optional(&mut out, value.as_deref());
        }
        put_optional(&mut out, record.value.as_deref());
        EncodedRecord(out)
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// The bytes to store, with what is known only now: the time, and how many bytes the partition had
    /// been given before this record.
    pub(super) fn place(&mut self, timestamp: Instant, bytes_before: u64) -> &[u8] {
        if let Some((placed, _)) = self.0.split_first_chunk_mut::<PLACED>() {
            *placed = [0; PLACED];
            let (version, rest) = placed.split_at_mut(1);
            version.copy_from_slice(&[VERSION]);
            let (time, bytes) = rest.split_at_mut(8);
            time.copy_from_slice(&timestamp.as_millis().to_be_bytes());
            bytes.copy_from_slice(&bytes_before.to_be_bytes());
        }
        &self.0
    }
}

/// Version, timestamp, bytes before.
const PLACED: usize = 1 + 8 + 8;

/// The record in these bytes.
pub(super) fn record(offset: u64, bytes: &[u8]) -> Result<Record, &'static str> {
    let mut input = Input::new(bytes)?;
    let timestamp = Instant::from_millis(input.u64()?.cast_signed());
    input.u64()?;
    let key = input.optional()?.map(<[u8]>::to_vec);
    let count = input.u32()?;
    let mut headers = Vec::new();
    for _ in 0..count {
        let name = input.optional()?.ok_or("a header has no name")?;
        let name = str::from_utf8(name).map_err(|_| "the name of a header is not UTF-8")?.to_owned();
        headers.push((name, input.optional()?.map(<[u8]>::to_vec)));
    }
    let value = input.optional()?.map(<[u8]>::to_vec);
    input.end()?;
    Ok(Record { offset, timestamp, key, value, headers })
}

/// When a stored record was placed, and how many bytes were before it.
pub(super) fn placement(bytes: &[u8]) -> Result<(Instant, u64), &'static str> {
    let mut input = Input::new(bytes)?;
    Ok((Instant::from_millis(input.u64()?.cast_signed()), input.u64()?))
}

pub(super) fn put_topic(id: u32, partitions: u32, policy: Policy) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&id.to_be_bytes());
    out.extend_from_slice(&partitions.to_be_bytes());
    match policy {
        Policy::Delete(Retention { time, bytes }) => {
            out.push(0);
            let millis = time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
            for limit in [millis, bytes] {
                out.push(u8::from(limit.is_some()));
                out.extend_from_slice(&limit.unwrap_or(0).to_be_bytes());
            }
        }
        Policy::Compact => out.push(1),
    }
    out
}

pub(super) fn topic(bytes: &[u8]) -> Result<(u32, u32, Policy), &'static str> {
    let mut input = Input::new(bytes)?;
    let (id, partitions) = (input.u32()?, input.u32()?);
    let policy = match input.u8()? {
        0 => {
            let mut limit = || {
                let given = input.u8()? != 0;
                let value = input.u64()?;
                Ok::<_, &'static str>(given.then_some(value))
            };
            Policy::Delete(Retention { time: limit()?.map(Duration::from_millis), bytes: limit()? })
        }
        1 => Policy::Compact,
        _ => return Err("a policy that this version does not know"),
    };
    input.end()?;
    Ok((id, partitions, policy))
}

pub(super) fn put_tail(tail: Tail) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&tail.next.to_be_bytes());
    out.extend_from_slice(&tail.bytes.to_be_bytes());
    out.extend_from_slice(&tail.timestamp.as_millis().to_be_bytes());
    out
}

pub(super) fn tail(bytes: &[u8]) -> Result<Tail, &'static str> {
    let mut input = Input::new(bytes)?;
    let (next, bytes) = (input.u64()?, input.u64()?);
    let timestamp = Instant::from_millis(input.u64()?.cast_signed());
    input.end()?;
    Ok(Tail { next, bytes, timestamp })
}

pub(super) fn put_first(first: u64) -> Vec<u8> {
    [&[VERSION], &first.to_be_bytes()[..]].concat()
}

pub(super) fn first(bytes: &[u8]) -> Result<u64, &'static str> {
    let mut input = Input::new(bytes)?;
    let first = input.u64()?;
    input.end()?;
    Ok(first)
}

pub(super) fn put_compacted(compacted: Compacted) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&compacted.before.to_be_bytes());
    out.extend_from_slice(&compacted.kept.to_be_bytes());
    out.push(u8::from(compacted.oldest_tombstone.is_some()));
    let tombstone = compacted.oldest_tombstone.map_or(0, Instant::as_millis);
    out.extend_from_slice(&tombstone.to_be_bytes());
    out
}

pub(super) fn compacted(bytes: &[u8]) -> Result<Compacted, &'static str> {
    let mut input = Input::new(bytes)?;
    let (before, kept) = (input.u64()?, input.u64()?);
    let given = input.u8()? != 0;
    let tombstone = Instant::from_millis(input.u64()?.cast_signed());
    input.end()?;
    Ok(Compacted { before, kept, oldest_tombstone: given.then_some(tombstone) })
}

/// In `keys`: nothing for a record with a value.
pub(super) fn put_tombstone(tombstone: Option<Instant>) -> Vec<u8> {
    tombstone.map_or_else(Vec::new, |at| at.as_millis().to_be_bytes().to_vec())
}

pub(super) fn tombstone(bytes: &[u8]) -> Result<Option<Instant>, &'static str> {
    match <[u8; 8]>::try_from(bytes) {
        Ok(at) => Ok(Some(Instant::from_millis(i64::from_be_bytes(at)))),
        Err(_) if bytes.is_empty() => Ok(None),
        Err(_) => Err("neither a timestamp nor empty"),
    }
}

pub(super) fn put_progress(next: u64, metadata: &str) -> Vec<u8> {
    [&[VERSION], &next.to_be_bytes()[..], metadata.as_bytes()].concat()
}

pub(super) fn progress(bytes: &[u8]) -> Result<(u64, String), &'static str> {
    let mut input = Input::new(bytes)?;
    let next = input.u64()?;
    let metadata = str::from_utf8(input.0).map_err(|_| "metadata is not UTF-8")?;
    Ok((next, metadata.to_owned()))
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    // All lengths are below `MAX_RECORD_BYTES`, by the check before encoding.
    out.extend_from_slice(&u32::try_from(length).unwrap_or(ABSENT - 1).to_be_bytes());
}

fn put_optional(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            put_length(out, bytes.len());
            out.extend_from_slice(bytes);
        }
        None => out.extend_from_slice(&ABSENT.to_be_bytes()),
    }
}

/// What is left to decode of a value.
struct Input<'a>(&'a [u8]);

const SHORT: &str = "it ends too early";

impl<'a> Input<'a> {
    fn new(bytes: &'a [u8]) -> Result<Input<'a>, &'static str> {
        let mut input = Input(bytes);
        match input.u8()? {
            VERSION => Ok(input),
            _ => Err("a version that this program does not know"),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, &'static str> {
        self.chunk().map(u8::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, &'static str> {
        self.chunk().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, &'static str> {
        self.chunk().map(u64::from_be_bytes)
    }

    fn optional(&mut self) -> Result<Option<&'a [u8]>, &'static str> {
        match self.u32()? {
            ABSENT => Ok(None),
            length => self.take(usize::try_from(length).map_err(|_| SHORT)?).map(Some),
        }
    }

    fn end(&self) -> Result<(), &'static str> {
        if self.0.is_empty() { Ok(()) } else { Err("something follows its end") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::TopicPartition;
    use muster_directory::Header;

    fn header(name: &str, value: &str) -> Header {
        (name.to_owned(), Some(value.as_bytes().to_vec()))
    }

    fn new_record(key: Option<&[u8]>, value: Option<&[u8]>, headers: Vec<Header>) -> NewRecord {
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        NewRecord { to: TopicPartition::new("t", 0), key: owned(key), value: owned(value), headers }
    }

    #[test]
    fn records_come_back() {
        let headers = vec![header("a", "1"), ("a".to_owned(), None), header("", "")];
        for (key, value) in
            [(None, None), (Some(&b"k"[..]), None), (None, Some(&b""[..])), (Some(b""), Some(b"v"))]
        {
            let new = new_record(key, value, headers.clone());
            let at = Instant::from_millis(-5);
            let mut encoded = EncodedRecord::new(&new);
            let bytes = encoded.place(at, 77).to_vec();
            assert_eq!(bytes.len() as u64, encoded.len());
            let read = record(9, &bytes).unwrap();
            assert_eq!((read.offset, read.timestamp), (9, at));
            assert_eq!((read.key, read.value, read.headers), (new.key, new.value, new.headers));
            assert_eq!(placement(&bytes), Ok((at, 77)));
            for short in 0..bytes.len() {
                assert!(record(9, &bytes[..short]).is_err(), "{short} bytes of {}", bytes.len());
            }
        }
    }

    /// The bytes that version 1 writes; a change here is a new version.
    #[test]
    fn a_records_bytes_never_change() {
        let new = new_record(Some(b"k"), Some(b"v"), vec![header("h", "x")]);
        let mut encoded = EncodedRecord::new(&new);
        let expected = b"\x01\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x09\
            \0\0\0\x01k\0\0\0\x01\0\0\0\x01h\0\0\0\x01x\0\0\0\x01v";
        assert_eq!(encoded.place(Instant::from_millis(7), 9), expected);
    }

    #[test]
    fn everything_else_comes_back() {
        let hour = Duration::from_secs(3_600);
        for policy in [
            Policy::Compact,
            Policy::Delete(Retention::default()),
            Policy::Delete(Retention { time: Some(hour), bytes: Some(5) }),
        ] {
            assert_eq!(topic(&put_topic(3, 4, policy)), Ok((3, 4, policy)));
        }
        let at = Instant::from_millis(12);
        let end = Tail { next: 1, bytes: 2, timestamp: at };
        assert_eq!(tail(&put_tail(end)), Ok(end));
        assert_eq!(first(&put_first(8)), Ok(8));
        for oldest_tombstone in [None, Some(at)] {
            let done = Compacted { before: 5, kept: 4, oldest_tombstone };
            assert_eq!(compacted(&put_compacted(done)), Ok(done));
            assert_eq!(tombstone(&put_tombstone(oldest_tombstone)), Ok(oldest_tombstone));
        }
        assert_eq!(progress(&put_progress(3, "m;ü")), Ok((3, "m;ü".to_owned())));
        assert_eq!(first(b"\x02\0\0\0\0\0\0\0\x01"), Err("a version that this program does not know"));
    }
}
