//! Event lines from a client, appended to the topics they belong on.

use crate::progress::Position;
use crate::shared::{CatalogSchemas, Shared};
use muster_directory::{Event, Rejection, RejectionCode};
use muster_stream::log::{AppendError, NewRecord, Partitioner, Producer, TopicPartition};
use muster_wire::key;
use std::sync::Arc;

/// Why a line was not appended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// It is not an event line that this service takes.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Appends each line that can be read; answers for each in its place.
pub(crate) fn submit(
    shared: &Shared,
    producer: &dyn Producer,
    lines: &[&[u8]],
) -> Vec<Result<Position, SubmitError>> {
    let mut records = Vec::new();
    let mut answers: Vec<Result<(), SubmitError>> = Vec::with_capacity(lines.len());
    for line in lines {
        match record(shared, line) {
            Ok(record) => {
                records.push(record);
                answers.push(Ok(()));
            }
            Err(rejection) => answers.push(Err(rejection.into())),
        }
    }
    let places: Vec<TopicPartition> = records.iter().map(|record| record.to.clone()).collect();
    let offsets = if records.is_empty() { Vec::new() } else { producer.append(records) };
    let mut appended = places.into_iter().zip(offsets);
    answers
        .into_iter()
        .map(|answer| {
            answer?;
            let Some((of, offset)) = appended.next() else {
                let reason = "the log did not answer for it".to_owned();
                return Err(SubmitError::Append(AppendError::Doubtful { reason }));
            };
            Ok(Position { of, offset: offset? })
        })
        .collect()
}

/// The record of a line, on the topic and the partition where it belongs.
fn record(shared: &Shared, line: &[u8]) -> Result<NewRecord, Rejection> {
    let topics = &shared.options.topics;
    let event = muster_wire::decode(line, &CatalogSchemas(&shared.catalog()))?;
    let change = |key: Vec<u8>| {
        let partitioner = match shared.options.partitioner {
            muster_wire::Partitioner::Crc32 => Partitioner::Crc32,
            muster_wire::Partitioner::Murmur2 | muster_wire::Partitioner::Unchecked => Partitioner::Murmur2,
        };
        let partition = partitioner.expected_partition(&key, shared.options.partitions);
        let topic = topics.changes.first().cloned().unwrap_or_else(|| "".into());
        (TopicPartition::new(topic, partition), key)
    };
    let request = |key: Vec<u8>| (TopicPartition::new(Arc::clone(&topics.requests), 0), key);
    let (to, key) = match &event {
        Event::Object(object) => change(key::object(&object.tenant, &object.id)),
        Event::Listing(listing) => change(key::object(&listing.tenant, &listing.member)),
        Event::Tombstone(tombstone) => change(key::object(&tombstone.tenant, &tombstone.id)),
        Event::Group(group) => request(key::group(&group.tenant, &group.id)),
        Event::Schema(schema) => {
            let [key, _] = key::schema_spellings(&schema.tenant);
            request(key)
        }
        Event::Clock(_) => {
            let message = "the service follows the real clock: leave clock lines out";
            return Err(Rejection::new(RejectionCode::WrongTopic, message));
        }
    };
    Ok(NewRecord::new(to, key, line.trim_ascii().to_vec()))
}
