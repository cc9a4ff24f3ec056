//! Where an event line belongs: its topic, its partition and its key.

use crate::ServiceOptions;
use muster_directory::{Event, Rejection, RejectionCode};
use muster_stream::log::{NewRecord, TopicPartition};
use muster_wire::{Posted, SchemaLookup, key};
use std::sync::Arc;

/// The record of an event line, on the topic and the partition where it belongs. Where producers place
/// records in a way of their own (`unchecked`), it is placed by murmur2.
///
/// # Errors
/// Why it cannot be read; or `wrong-topic` for a clock line.
pub fn route(
    options: &ServiceOptions,
    line: &[u8],
    schemas: &dyn SchemaLookup,
) -> Result<NewRecord, Rejection> {
    let topics = &options.topics;
    let change = |key: Vec<u8>| {
        let partition = options.partitioner.partition_of(&key, options.partitions);
        let topic = topics.changes.first().cloned().unwrap_or_else(|| "".into());
        (TopicPartition::new(topic, partition), key)
    };
    let request = |key: Vec<u8>| (TopicPartition::new(Arc::clone(&topics.requests), 0), key);
    let event = match muster_wire::decode_posted(line, schemas)? {
        Posted::Event(event) => event,
        Posted::Licensing(licensing) => {
            let (to, key) = request(licensing.keys().into_iter().next().unwrap_or_default());
            return Ok(NewRecord::new(to, key, line.trim_ascii().to_vec()));
        }
    };
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
