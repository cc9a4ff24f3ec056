//! An outbox entry without its record images. Its number is its key's.
//!
//! An entry has a thousand deltas that differ in little: those of one event in the group, those of one
//! rule edit in the member. So a delta states what differs from the delta before it; causes and the
//! names of files and topics are listed once and then meant by their place in the list; and what
//! follows from density is left out: the sequences, which end at the entry's, and the ordinals inside
//! an event, which count up. An entry takes a fraction of what it would in full.

use self::dead_letter::DeadLetterV1;
use self::delta::{CauseV1, DeltaV1};
use self::licence::LicenceEventV1;
use self::list::List;
use self::status::{StatusDetailV1, StatusV1};
use super::head::{PositionsV1, read_positions, write_positions};
use super::{Damage, read, write};
use muster_directory::{Cause, Delta, GroupStatus, Instant};
use muster_engine::storage::{Entry, StorageError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

mod dead_letter;
mod delta;
mod licence;
mod list;
mod status;

#[derive(Serialize, Deserialize)]
struct EntryV1<'a> {
    #[serde(borrow)]
    positions: PositionsV1<'a>,
    definitions_position: u64,
    clock: i64,
    sequence: u64,
    /// Of files and topics.
    #[serde(borrow)]
    names: Vec<&'a str>,
    #[serde(borrow)]
    causes: Vec<CauseV1<'a>>,
    #[serde(borrow)]
    deltas: Vec<DeltaV1<'a>>,
    #[serde(borrow)]
    statuses: Vec<StatusV1<'a>>,
    #[serde(borrow)]
    dead_letters: Vec<DeadLetterV1<'a>>,
}

/// An entry of the licensing subscriber. One without licence events is written as the version before.
#[derive(Serialize, Deserialize)]
struct EntryV2<'a> {
    #[serde(borrow)]
    base: EntryV1<'a>,
    #[serde(borrow)]
    licences: Vec<LicenceEventV1<'a>>,
}

/// An entry whose statuses tell more than those of the first version; one that has none such is written as the
/// versions before.
#[derive(Serialize, Deserialize)]
struct EntryV3<'a> {
    #[serde(borrow)]
    base: EntryV2<'a>,
    /// One for each status, in their order.
    #[serde(borrow)]
    details: Vec<StatusDetailV1<'a>>,
}

/// The entry's deltas bear the sequences that end at its own, as
/// [`head_after`](muster_engine::storage::order::head_after) has checked.
pub(crate) fn encode(entry: &Entry) -> Result<Vec<u8>, StorageError> {
    let (mut names, mut causes) = (List::default(), List::default());
    let mut previous = None;
    let mut deltas = Vec::with_capacity(entry.deltas.len());
    for delta in &entry.deltas {
        deltas.push(DeltaV1::after(previous, delta, &mut names, &mut causes));
        previous = Some(delta);
    }
    let licences: Vec<LicenceEventV1<'_>> =
        entry.licences.iter().map(|event| LicenceEventV1::listed(event, &mut names, &mut causes)).collect();
    let dead_letters =
        entry.dead_letters.iter().map(|letter| DeadLetterV1::listed(letter, &mut names)).collect();
    let record = EntryV1 {
        positions: write_positions(&entry.positions),
        definitions_position: entry.definitions_position,
        clock: entry.clock.as_millis(),
        sequence: entry.sequence,
        names: names.items,
        causes: causes.items.into_iter().map(CauseV1::from).collect(),
        deltas,
        statuses: entry.statuses.iter().map(StatusV1::from).collect(),
        dead_letters,
    };
    let details: Vec<StatusDetailV1<'_>> = entry.statuses.iter().map(StatusDetailV1::of).collect();
    if details.iter().any(|detail| !detail.is_empty()) {
        return write(3, &EntryV3 { base: EntryV2 { base: record, licences }, details });
    }
    if licences.is_empty() { write(1, &record) } else { write(2, &EntryV2 { base: record, licences }) }
}

pub(crate) fn decode(number: u64, bytes: &[u8]) -> Result<Entry, Damage> {
    let (record, licences, details) = match super::open(bytes)? {
        (1, payload) => (read(payload)?, Vec::new(), Vec::new()),
        (2, payload) => {
            let EntryV2 { base, licences } = read(payload)?;
            (base, licences, Vec::new())
        }
        (3, payload) => {
            let EntryV3 { base: EntryV2 { base, licences }, details } = read(payload)?;
            if details.len() != base.statuses.len() {
                return Err(Damage::new("its statuses and what is told beside them are not as many"));
            }
            (base, licences, details)
        }
        (version, _) => return Err(Damage::version(version)),
    };
    let record: EntryV1<'_> = record;
    let names: Vec<Arc<str>> = record.names.into_iter().map(Arc::from).collect();
    let causes: Result<Vec<Cause>, Damage> = record.causes.into_iter().map(Cause::try_from).collect();
    let causes = causes?;
    let numbered = record.deltas.len() as u64 + licences.len() as u64;
    let before = record.sequence.checked_sub(numbered);
    let mut sequence = before.ok_or_else(|| Damage::new("it has more deltas than there ever were"))?;
    let mut deltas: Vec<Delta> = Vec::with_capacity(record.deltas.len());
    for delta in record.deltas {
        sequence += 1;
        deltas.push(delta.into_delta(deltas.last(), sequence, &names, &causes)?);
    }
    let licences = licences.into_iter().map(|event| {
        sequence += 1;
        event.into_event(sequence, &names, &causes)
    });
    let licences = licences.collect::<Result<_, _>>()?;
    let statuses = record.statuses.into_iter().map(GroupStatus::try_from);
    let mut statuses: Vec<GroupStatus> = statuses.collect::<Result<_, _>>()?;
    for (status, detail) in statuses.iter_mut().zip(details) {
        detail.add_to(status);
    }
    let letters = record.dead_letters.into_iter().map(|letter| letter.into_dead_letter(&names));
    Ok(Entry {
        number,
        positions: read_positions(record.positions),
        definitions_position: record.definitions_position,
        clock: Instant::from_millis(record.clock),
        sequence: record.sequence,
        deltas,
        licences,
        statuses,
        dead_letters: letters.collect::<Result<_, _>>()?,
        records: Vec::new(),
    })
}
