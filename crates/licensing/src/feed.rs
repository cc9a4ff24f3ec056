//! The deltas as they come: folded by partition and sequence, handed on event by event.
//!
//! Every delta counts once, however often it comes; a missing one is never skipped.

use muster_directory::Delta;
use muster_engine::storage::licensing::FeedImage;

/// How far one partition of the deltas is folded.
#[derive(Default)]
pub(crate) struct Feed {
    image: FeedImage,
}

/// Deltas are missing. Nothing after them may be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// The next sequence is not the next.
    #[error(
        "deltas are missing: in partition {partition} sequence {found} comes after {last}. Give the deltas \
         from {} on first; what is after them is not applied",
        last + 1
    )]
    Sequence {
        /// Which partition of the deltas.
        partition: u32,
        /// The last sequence that was folded; 0 before the first.
        last: u64,
        /// The one that came.
        found: u64,
    },
    /// The sequence is the next, but its place in its event is not.
    #[error(
        "the deltas of an event are torn: in partition {partition} sequence {found} is number {index} of its \
         event, but number {expected} was next. Give the deltas as they were written"
    )]
    Event {
        /// Which partition of the deltas.
        partition: u32,
        /// The sequence that came.
        found: u64,
        /// Its place.
        index: u32,
        /// The place that was next.
        expected: u32,
    },
}

impl Feed {
    pub(crate) fn restored(image: FeedImage) -> Feed {
        Feed { image }
    }

    pub(crate) fn image(&self) -> FeedImage {
        self.image.clone()
    }

    /// The last sequence that was folded; 0 before the first.
    pub(crate) fn sequence(&self) -> u64 {
        self.image.sequence
    }

    /// Takes the next delta; the event's deltas, all of them, if it is their last.
    pub(crate) fn fold(&mut self, partition: u32, delta: Delta) -> Result<Option<Vec<Delta>>, Gap> {
        let FeedImage { sequence: last, pending } = &mut self.image;
        let found = delta.sequence;
        if found <= *last {
            return Ok(None);
        }
        if found != *last + 1 {
            return Err(Gap::Sequence { partition, last: *last, found });
        }
        let (index, count) = (delta.event.index.get(), delta.event.count.get());
        let expected = u32::try_from(pending.len() + 1).unwrap_or(u32::MAX);
        let counts_agree = pending.first().is_none_or(|first| first.event.count.get() == count);
        if index != expected || index > count || !counts_agree {
            return Err(Gap::Event { partition, found, index, expected });
        }
        *last = found;
        pending.push(delta);
        Ok((index == count).then(|| std::mem::take(pending)))
    }
}
