//! Whether a record lies on the partition that its key belongs on.
//!
//! All events of one object must lie on one partition, or their order is lost. How keys are hashed is
//! the log's business; here the partitions are compared, and the setting that would fit is named.

use muster_directory::{Rejection, RejectionCode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How the producers of changes choose a record's partition by its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Partitioner {
    /// As Java clients do by default.
    #[default]
    Murmur2,
    /// As librdkafka does by default.
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
}

impl fmt::Display for Partitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a record lies, and where its key belongs by each way of hashing.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// What the configuration says of the producers.
    pub configured: Partitioner,
    /// The partition that the record was read from.
    pub actual: u32,
    /// The partition of its key by murmur2.
    pub murmur2: u32,
    /// The partition of its key by crc32.
    pub crc32: u32,
}

impl Placement {
    /// # Errors
    /// `wrong-partition`, with the setting that would fit.
    pub fn check(&self) -> Result<(), Rejection> {
        let (right, other, by_other) = match self.configured {
            Partitioner::Unchecked => return Ok(()),
            Partitioner::Murmur2 => (self.murmur2, Partitioner::Crc32, self.crc32),
            Partitioner::Crc32 => (self.crc32, Partitioner::Murmur2, self.murmur2),
        };
        if self.actual == right {
            return Ok(());
        }
        let Placement { configured, actual, .. } = self;
        let advice = if *actual == by_other {
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
            "the record lies on partition {actual}, its key belongs on {right} by {configured}; {advice}"
        );
        Err(Rejection::new(RejectionCode::WrongPartition, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(configured: Partitioner, actual: u32) -> Option<String> {
        let rejection = Placement { configured, actual, murmur2: 1, crc32: 2 }.check().err()?;
        assert_eq!(rejection.code, RejectionCode::WrongPartition);
        Some(rejection.message)
    }

    #[test]
    fn the_setting_that_fits_is_named() {
        assert_eq!(refused(Partitioner::Murmur2, 1), None);
        assert_eq!(refused(Partitioner::Crc32, 2), None);
        assert_eq!(refused(Partitioner::Unchecked, 3), None);
        let crc32 = refused(Partitioner::Murmur2, 2).unwrap();
        assert!(crc32.contains("lies on partition 2, its key belongs on 1 by murmur2"), "{crc32}");
        assert!(crc32.contains("would fit `[topics] partitioner = \"crc32\"`"), "{crc32}");
        let murmur2 = refused(Partitioner::Crc32, 1).unwrap();
        assert!(murmur2.contains("would fit `[topics] partitioner = \"murmur2\"`"), "{murmur2}");
        let neither = refused(Partitioner::Crc32, 3).unwrap();
        assert!(
            neither.contains("no better (partition 1)") && neither.contains("\"unchecked\""),
            "{neither}"
        );
    }
}
