//! Topics as they should be, and how they are not.

use std::time::Duration;

/// A topic as it should be. Its replication is the log's own default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// 1 to 249 ASCII letters, digits, dots, underscores and hyphens.
    pub name: String,
    /// At least 1. It cannot be changed later without moving keys to other partitions.
    pub partitions: u32,
    /// What becomes of old records.
    pub policy: Policy,
}

/// What becomes of old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// They are deleted, the oldest first.
    Delete(Retention),
    /// The last record of each key stays for ever; a tombstone for a while.
    Compact,
}

impl Policy {
    /// As Kafka spells it in `cleanup.policy`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Policy::Delete(_) => "delete",
            Policy::Compact => "compact",
        }
    }
}

/// How much of a partition is kept. Where nothing is said, the log's own default holds: the broker's
/// settings; in the embedded log those it was opened with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Records younger than this.
    pub time: Option<Duration>,
    /// The last so many bytes of each partition.
    pub bytes: Option<u64>,
}

/// One way in which a topic is not as it should be, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicDifference {
    /// It does not exist.
    #[error("topic `{topic}` does not exist: create it")]
    Missing {
        /// Its name.
        topic: String,
    },
    /// It has another number of partitions.
    #[error(
        "topic `{topic}` has {found} partitions, but {expected} are configured: configure {found}, or name \
         another topic; adding partitions to this one would move objects away from their past"
    )]
    Partitions {
        /// Its name.
        topic: String,
        /// As specified.
        expected: u32,
        /// As it is.
        found: u32,
    },
    /// Its old records meet another fate.
    #[error("topic `{topic}` has the cleanup policy `{found}`, but needs `{expected}`: {}", advice(expected))]
    Policy {
        /// Its name.
        topic: String,
        /// As specified.
        expected: &'static str,
        /// As it is.
        found: String,
    },
}

impl TopicDifference {
    /// The topic's name.
    #[must_use]
    pub fn topic(&self) -> &str {
        match self {
            TopicDifference::Missing { topic }
            | TopicDifference::Partitions { topic, .. }
            | TopicDifference::Policy { topic, .. } => topic,
        }
    }
}

fn advice(expected: &str) -> &'static str {
    match expected {
        "compact" => "set `cleanup.policy=compact` on it, or what has not changed for a while is lost",
        _ => "set `cleanup.policy=delete` on it, or records that others have yet to read are lost",
    }
}

/// Why this cannot be the name of a topic, if it cannot.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    match name {
        "" => Err("a topic needs a name"),
        "." | ".." => Err("`.` and `..` are not names of topics"),
        _ if name.len() > 249 => Err("a topic's name has at most 249 characters"),
        _ if !name.bytes().all(allowed) => {
            Err("a topic's name is made of ASCII letters, digits, dots, underscores and hyphens")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_kafka_takes() {
        for name in ["muster.changes", "A_b-9", &"x".repeat(249)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", ".", "..", "a b", "ü", "a/b", &"x".repeat(250)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_difference_says_what_to_do() {
        let topic = "muster.changelog".to_owned();
        let policy = TopicDifference::Policy { topic, expected: "compact", found: "delete".to_owned() };
        assert_eq!(
            policy.to_string(),
            "topic `muster.changelog` has the cleanup policy `delete`, but needs `compact`: set \
             `cleanup.policy=compact` on it, or what has not changed for a while is lost"
        );
    }
}
