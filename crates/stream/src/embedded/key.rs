//! Where things lie in the embedded log's database: the bytes of its keys. They are a contract with
//! every directory ever written; what is retired stays reserved.
//!
//! | column family | key | value |
//! |---|---|---|
//! | `default` | `00` | the format: one byte |
//! | | `01`, topic's name | topic: number, partitions, policy |
//! | | `02`, topic, partition | tail: next offset, bytes ever, last timestamp |
//! | | `03`, topic, partition | first offset |
//! | | `04`, topic, partition | how far it is compacted |
//! | | `05`, topic, partition, application | progress: next offset, metadata |
//! | `records` | topic, partition, offset | record |
//! | `keys` | topic, partition, length of key, key, offset | of a compacted topic: timestamp of a tombstone, or nothing |
//!
//! Numbers are big-endian: topic, partition and length of key four bytes, offset eight. Topics are
//! numbered from 1 and never deleted, so a number is never used again.

use std::ops::Range;

/// The column families beside `default`.
pub(super) const RECORDS: &str = "records";
pub(super) const KEYS: &str = "keys";

pub(super) const FORMAT: [u8; 1] = [0];
const TOPIC: u8 = 1;
const TAIL: u8 = 2;
const FIRST: u8 = 3;
const COMPACTED: u8 = 4;
const PROGRESS: u8 = 5;

/// A partition by the numbers that its keys begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartitionId {
    pub(super) topic: u32,
    pub(super) partition: u32,
}

impl PartitionId {
    fn bytes(self) -> [u8; 8] {
        (u64::from(self.topic) << 32 | u64::from(self.partition)).to_be_bytes()
    }

    fn of_kind(self, kind: u8) -> Vec<u8> {
        [&[kind][..], &self.bytes()].concat()
    }

    pub(super) fn tail(self) -> Vec<u8> {
        self.of_kind(TAIL)
    }

    pub(super) fn first(self) -> Vec<u8> {
        self.of_kind(FIRST)
    }

    pub(super) fn compacted(self) -> Vec<u8> {
        self.of_kind(COMPACTED)
    }

    pub(super) fn progress(self, application: &str) -> Vec<u8> {
        [&self.of_kind(PROGRESS), application.as_bytes()].concat()
    }

    /// In `records`.
    pub(super) fn record(self, offset: u64) -> [u8; 16] {
        let mut key = [0; 16];
        let (prefix, rest) = key.split_at_mut(8);
        prefix.copy_from_slice(&self.bytes());
        rest.copy_from_slice(&offset.to_be_bytes());
        key
    }

    /// In `keys`.
    pub(super) fn key(self, key: &[u8], offset: u64) -> Vec<u8> {
        // At most `MAX_RECORD_BYTES`.
        let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
        [&self.bytes()[..], &length.to_be_bytes(), key, &offset.to_be_bytes()].concat()
    }

    /// All of this partition in `keys`.
    pub(super) fn keys(self) -> Range<Vec<u8>> {
        let after = PartitionId { partition: self.partition.saturating_add(1), ..self };
        self.bytes().to_vec()..after.bytes().to_vec()
    }
}

pub(super) fn topic(name: &str) -> Vec<u8> {
    [&[TOPIC], name.as_bytes()].concat()
}

/// The keys of all topics.
pub(super) fn topics() -> Range<Vec<u8>> {
    vec![TOPIC]..vec![TOPIC + 1]
}

/// The name in a key of [`topic`].
pub(super) fn topic_name(key: &[u8]) -> Option<&str> {
    str::from_utf8(key.strip_prefix(&[TOPIC])?).ok()
}

/// The offset at the end of a key in `records` or `keys`, and what stands before it.
pub(super) fn split_offset(key: &[u8]) -> Option<(&[u8], u64)> {
    let (before, offset) = key.split_last_chunk::<8>()?;
    Some((before, u64::from_be_bytes(*offset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: PartitionId = PartitionId { topic: 3, partition: 258 };

    #[test]
    fn keys_never_change() {
        assert_eq!(topic("a.b"), b"\x01a.b");
        assert_eq!(topic_name(b"\x01a.b"), Some("a.b"));
        assert_eq!(ID.tail(), b"\x02\0\0\0\x03\0\0\x01\x02");
        assert_eq!(ID.first(), b"\x03\0\0\0\x03\0\0\x01\x02");
        assert_eq!(ID.compacted(), b"\x04\0\0\0\x03\0\0\x01\x02");
        assert_eq!(ID.progress("app"), b"\x05\0\0\0\x03\0\0\x01\x02app");
        assert_eq!(&ID.record(5), b"\0\0\0\x03\0\0\x01\x02\0\0\0\0\0\0\0\x05");
        assert_eq!(ID.key(b"u1", 5), b"\0\0\0\x03\0\0\x01\x02\0\0\0\x02u1\0\0\0\0\0\0\0\x05");
    }

    #[test]
    fn entries_of_one_key_stand_together() {
        let mut keys = [ID.key(b"a", 9), ID.key(b"a\0\0", 1), ID.key(b"a", u64::MAX), ID.key(b"b", 0)];
        keys.sort();
        let of: Vec<_> = keys.iter().map(|key| split_offset(key).unwrap().1).collect();
        assert_eq!(of, [9, u64::MAX, 0, 1], "shorter keys first, then by bytes");
        assert!(keys.iter().all(|key| ID.keys().contains(key)));
        assert!(!ID.keys().contains(&PartitionId { topic: 3, partition: 259 }.key(b"", 0)));
    }
}
