//! Which partition a key belongs on, computed exactly as the clients of Kafka do by default: so that
//! all events of one object lie on one partition, whoever produces them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;

/// How the producers of changes choose a record's partition by its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Partitioner {
    /// As Java clients do by default; `murmur2_random` in librdkafka.
    #[default]
    Murmur2,
    /// As librdkafka does by default; `consistent_random` there.
    Crc32,
    /// In a way of their own; nothing is checked.
    Unchecked,
}

impl Partitioner {
    /// Its name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Partitioner::Murmur2 => "murmur2",
            Partitioner::Crc32 => "crc32",
            Partitioner::Unchecked => "unchecked",
        }
    }

    /// The partition, of so many, on which records of this key belong; as by murmur2 where producers choose
    /// in a way of their own. librdkafka chooses a random one for an empty key, and both do for a record
    /// without a key.
    #[must_use]
    pub fn partition_of(self, key: &[u8], partitions: NonZeroU32) -> u32 {
        match self {
            Partitioner::Murmur2 | Partitioner::Unchecked => (murmur2(key) & 0x7fff_ffff) % partitions,
            Partitioner::Crc32 => crc32(key) % partitions,
        }
    }
}

impl fmt::Display for Partitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The hash that Java's Kafka client calls murmur2, with its seed.
fn murmur2(data: &[u8]) -> u32 {
    const MULTIPLIER: u32 = 0x5bd1_e995;
    // Lengths are 32 bits there, as Java's arrays are; a key is far shorter.
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut hash = 0x9747_b28c ^ length;
    let (blocks, rest) = data.as_chunks::<4>();
    for block in blocks {
        let mut word = u32::from_le_bytes(*block).wrapping_mul(MULTIPLIER);
        word ^= word >> 24;
        hash = hash.wrapping_mul(MULTIPLIER) ^ word.wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        for (byte, shift) in rest.iter().zip([0, 8, 16]) {
            hash ^= u32::from(*byte) << shift;
        }
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

/// The checksum of Ethernet and zip.
fn crc32(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in data {
        let index = (crc.to_le_bytes()[0] ^ byte) as usize;
        #[expect(clippy::indexing_slicing, reason = "a byte is below 256, the table's length")]
        let entry = CRC32_TABLE[index];
        crc = (crc >> 8) ^ entry;
    }
    !crc
}

const CRC32_TABLE: [u32; 256] = crc32_table();

#[expect(clippy::indexing_slicing, reason = "evaluated when compiled; the index is below the length")]
const fn crc32_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < table.len() {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that Kafka's own test of its client expects.
    #[test]
    fn murmur2_is_javas() {
        let expected: [(&str, i32); 6] = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in expected {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn crc32_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn partitions_are_below_their_number() {
        for partitions in [1, 3, 4, 16].map(|n| NonZeroU32::new(n).unwrap()) {
            for partitioner in [Partitioner::Murmur2, Partitioner::Crc32, Partitioner::Unchecked] {
                for key in 0_u32..100 {
                    let partition = partitioner.partition_of(&key.to_be_bytes(), partitions);
                    assert!(partition < partitions.get());
                }
            }
        }
    }
}
