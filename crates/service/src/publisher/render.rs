//! The records that an entry is published as, and how heavy they are.

use crate::Topics;
use muster_engine::publisher::Weight;
use muster_engine::storage::{Entry, LocalGroup, RecordImage};
use muster_stream::log::{NewRecord, TopicPartition};
use muster_wire::DeltaOrigin;
use std::sync::Arc;

/// About what a delta's record has in bytes, keys and headers included.
const DELTA_BYTES: u64 = 700;
/// About what a record of a compacted topic has.
const STATE_BYTES: u64 = 200;

/// About what a key and the rest of a record of the changelog have.
const KEY_BYTES: u64 = 100;
/// About what an attribute's name or number and its value have, or a group's id.
const ATTRIBUTE_BYTES: usize = 40;

/// Renders the entries of one partition.
pub(super) struct Renderer {
    pub(super) topics: Topics,
    pub(super) partition: u32,
    pub(super) origin: DeltaOrigin,
}

impl Renderer {
    /// The records that an entry is published as.
    pub(super) fn render(&self, entry: &Entry, records: &mut Vec<NewRecord>) {
        let topics = &self.topics;
        let here = |topic: &Arc<str>| TopicPartition::new(Arc::clone(topic), self.partition);
        for delta in &entry.deltas {
            let record = muster_wire::NewRecord {
                key: Some(self.origin.key(delta)),
                value: Some(self.origin.value(delta)),
                headers: self
                    .origin
                    .headers(delta)
                    .map(|(name, value)| (name.to_owned(), Some(value.into_owned())))
                    .into(),
            };
            records.push(NewRecord::placed(here(&topics.deltas), record));
            if let Some(memberships) = &topics.memberships {
                records.push(NewRecord::placed(here(memberships), muster_wire::membership_record(delta)));
            }
        }
        if let Some(topic) = &topics.group_status {
            for status in &entry.statuses {
                let record = muster_wire::group_status_record(status, self.partition);
                records.push(NewRecord::placed(TopicPartition::new(Arc::clone(topic), 0), record));
            }
        }
        for letter in &entry.dead_letters {
            let record = muster_wire::dead_letter_record(letter.clone());
            records.push(NewRecord::placed(here(&topics.dead_letters), record));
        }
    }
}

/// What publishing the entry takes, about.
pub(super) fn weight(topics: &Topics, entry: &Entry) -> Weight {
    let of = |count: usize, on: bool| if on { count as u64 } else { 0 };
    let deltas = entry.deltas.len();
    let states =
        of(deltas, topics.memberships.is_some()) + of(entry.statuses.len(), topics.group_status.is_some());
    let letters = entry.dead_letters.iter().map(|letter| {
        let raw = letter.raw.as_ref().map_or(0, Vec::len) + letter.key.as_ref().map_or(0, Vec::len);
        raw as u64 + STATE_BYTES
    });
    let images = entry.records.iter().filter(|_| topics.changelog.is_some());
    let (kept, kept_bytes) =
        images.fold((0, 0), |(kept, bytes), image| (kept + 1, bytes + image_bytes(image)));
    Weight {
        entry: entry.number,
        sequence: entry.sequence,
        records: deltas as u64 + states + entry.dead_letters.len() as u64 + kept,
        bytes: deltas as u64 * DELTA_BYTES + states * STATE_BYTES + letters.sum::<u64>() + kept_bytes,
    }
}

/// About what a record's image has in the changelog.
fn image_bytes(image: &RecordImage) -> u64 {
    let parts = match image {
        RecordImage::Object(_, _, Some(object)) => {
            let unknown = object.attributes.unknown().iter().map(|attribute| attribute.json.len());
            object.attributes.known().len() * ATTRIBUTE_BYTES + unknown.sum::<usize>()
        }
        RecordImage::Membership(_, _, Some(image)) => {
            image.groups.len() * size_of::<LocalGroup>() + image.listed.len() * ATTRIBUTE_BYTES
        }
        _ => 0,
    };
    KEY_BYTES + parts as u64
}
