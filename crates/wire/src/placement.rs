//! Whether a record lies on the partition that its key belongs on.
//!
//! All events of one object must lie on one partition, or their order is lost. Where a record does not, the
//! setting that would fit is named.

use crate::Partitioner;
use muster_directory::{Rejection, RejectionCode};
use std::num::NonZeroU32;

/// Where a record lies, among what it may lie on.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// What the configuration says of the producers.
    pub configured: Partitioner,
    /// The partition that the record was read from.
    pub partition: u32,
    /// How many there are.
    pub partitions: NonZeroU32,
}

impl Placement {
    /// # Errors
    /// `wrong-partition`, with the setting that would fit.
    pub fn check(&self, key: &[u8]) -> Result<(), Rejection> {
        let Placement { configured, partition, partitions } = *self;
        let other = match configured {
            Partitioner::Unchecked => return Ok(()),
            Partitioner::Murmur2 => Partitioner::Crc32,
            Partitioner::Crc32 => Partitioner::Murmur2,
        };
        let (right, by_other) =
            (configured.partition_of(key, partitions), other.partition_of(key, partitions));
        if partition == right {
            return Ok(());
        }
        let advice = if partition == by_other {
            format!(
                "it would fit `[topics] partitioner = \"{other}\"`: set that if all producers of changes \
                 hash so, or let this one use {configured}"
            )
        } else {
            format!(
                "it fits {other} no better (partition {by_other}): let the producer choose partitions by \
                 {configured} of the key, or set `[topics] partitioner = \"unchecked\"` if it keeps each key \
                 on one partition in another way"
            )
        };
        let message = format!(
            "the record lies on partition {partition}, its key belongs on {right} by {configured}; {advice}"
        );
        Err(Rejection::new(RejectionCode::WrongPartition, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the key of these tests belongs.
    const MURMUR2: u32 = 2;
    const CRC32: u32 = 1;
    const NEITHER: u32 = 0;
    const FOUR: NonZeroU32 = NonZeroU32::new(4).unwrap();

    fn refused(configured: Partitioner, partition: u32) -> Option<String> {
        let rejection = Placement { configured, partition, partitions: FOUR }.check(b"foobar").err()?;
        assert_eq!(rejection.code, RejectionCode::WrongPartition);
        Some(rejection.message)
    }

    #[test]
    fn the_setting_that_fits_is_named() {
        let by = |partitioner: Partitioner| partitioner.partition_of(b"foobar", FOUR);
        assert_eq!((by(Partitioner::Murmur2), by(Partitioner::Crc32)), (MURMUR2, CRC32));
        assert_eq!(refused(Partitioner::Murmur2, MURMUR2), None);
        assert_eq!(refused(Partitioner::Crc32, CRC32), None);
        assert_eq!(refused(Partitioner::Unchecked, 3), None);
        let crc32 = refused(Partitioner::Murmur2, CRC32).unwrap();
        let lies = format!("lies on partition {CRC32}, its key belongs on {MURMUR2} by murmur2");
        assert!(crc32.contains(&lies), "{crc32}");
        assert!(crc32.contains("would fit `[topics] partitioner = \"crc32\"`"), "{crc32}");
        let murmur2 = refused(Partitioner::Crc32, MURMUR2).unwrap();
        assert!(murmur2.contains("would fit `[topics] partitioner = \"murmur2\"`"), "{murmur2}");
        let neither = refused(Partitioner::Crc32, NEITHER).unwrap();
        let better = format!("no better (partition {MURMUR2})");
        assert!(neither.contains(&better) && neither.contains("\"unchecked\""), "{neither}");
    }
}
