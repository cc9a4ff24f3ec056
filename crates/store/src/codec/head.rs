//! How far a partition has come (its head), how far it is published (its marker), and the lineage that is
//! meant to be claimed (the intent).

use super::{Damage, read, write};
use muster_directory::Instant;
use muster_engine::storage::{Marker, PartitionHead, Positions, StorageError};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct HeadV1<'a> {
    entry: u64,
    sequence: u64,
    clock: i64,
    #[serde(borrow)]
    positions: PositionsV1<'a>,
    definitions_position: u64,
}

#[derive(Serialize, Deserialize)]
struct MarkerV1<'a> {
    owner: u128,
    lineage: u64,
    entry: u64,
    sequence: u64,
    #[serde(borrow)]
    positions: PositionsV1<'a>,
    definitions_position: u64,
    clock: i64,
}

/// Name and position, sorted by name. Outbox entries have it too.
pub(super) type PositionsV1<'a> = Vec<(&'a str, u64)>;

pub(super) fn write_positions(positions: &Positions) -> PositionsV1<'_> {
    positions.iter().map(|(name, position)| (name.as_str(), *position)).collect()
}

pub(super) fn read_positions(positions: PositionsV1<'_>) -> Positions {
    positions.into_iter().map(|(name, position)| (name.to_owned(), position)).collect()
}

pub(crate) fn encode_head(head: &PartitionHead) -> Result<Vec<u8>, StorageError> {
    let record = HeadV1 {
        entry: head.entry,
        sequence: head.sequence,
        clock: head.clock.as_millis(),
        positions: write_positions(&head.positions),
        definitions_position: head.definitions_position,
    };
    write(1, &record)
}

pub(crate) fn decode_head(bytes: &[u8]) -> Result<PartitionHead, Damage> {
    let record: HeadV1<'_> = match super::open(bytes)? {
        (1, payload) => read(payload)?,
        (version, _) => return Err(Damage::version(version)),
    };
    Ok(PartitionHead {
        entry: record.entry,
        sequence: record.sequence,
        clock: Instant::from_millis(record.clock),
        positions: read_positions(record.positions),
        definitions_position: record.definitions_position,
    })
}

pub(crate) fn encode_marker(marker: &Marker) -> Result<Vec<u8>, StorageError> {
    let record = MarkerV1 {
        owner: marker.owner,
        lineage: marker.lineage,
        entry: marker.entry,
        sequence: marker.sequence,
        positions: write_positions(&marker.positions),
        definitions_position: marker.definitions_position,
        clock: marker.clock.as_millis(),
    };
    write(1, &record)
}

pub(crate) fn decode_marker(bytes: &[u8]) -> Result<Marker, Damage> {
    let record: MarkerV1<'_> = match super::open(bytes)? {
        (1, payload) => read(payload)?,
        (version, _) => return Err(Damage::version(version)),
    };
    Ok(Marker {
        owner: record.owner,
        lineage: record.lineage,
        entry: record.entry,
        sequence: record.sequence,
        positions: read_positions(record.positions),
        definitions_position: record.definitions_position,
        clock: Instant::from_millis(record.clock),
    })
}

pub(crate) fn encode_intent(lineage: u64) -> Result<Vec<u8>, StorageError> {
    write(1, &lineage)
}

pub(crate) fn decode_intent(bytes: &[u8]) -> Result<u64, Damage> {
    match super::open(bytes)? {
        (1, payload) => read(payload),
        (version, _) => Err(Damage::version(version)),
    }
}
