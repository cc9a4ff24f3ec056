//! Where an event came from.

use std::sync::Arc;

/// The place of one input event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A line of a file.
    File {
        /// The path as it was given.
        file: Arc<str>,
        /// From 1.
        line: u64,
    },
    /// A record of a topic.
    Topic {
        /// Its name.
        topic: Arc<str>,
        /// Its partition.
        partition: u32,
        /// Its offset.
        offset: u64,
    },
}
