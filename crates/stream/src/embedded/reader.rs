//! Reading the embedded log: cursors over partitions, served in turn; whoever finds nothing sleeps until
//! something is committed.

use super::catalogue::damaged;
use super::database::Family;
use super::key::{self, PartitionId};
use super::{Shared, State, codec};
use crate::log::{Batch, LogError, Policy, ReadLimits, Reader, Record, TopicPartition};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct EmbeddedReader {
    shared: Arc<Shared>,
    limits: ReadLimits,
    /// The one at the front is served next.
    cursors: Vec<Cursor>,
}

struct Cursor {
    of: TopicPartition,
    id: PartitionId,
    next: u64,
    is_paused: bool,
    /// An error was told, and it waits to be sent elsewhere.
    is_stopped: bool,
    /// That `next` is the end was told.
    end_told: bool,
}

/// A cursor has something to tell: the records up to `until`, or that this is the end.
struct Due {
    cursor: usize,
    until: u64,
    policy: Policy,
}

impl EmbeddedReader {
    pub(super) fn new(shared: &Arc<Shared>, limits: ReadLimits) -> EmbeddedReader {
        EmbeddedReader { shared: Arc::clone(shared), limits, cursors: Vec::new() }
    }

    fn cursor(&mut self, of: &TopicPartition) -> Result<&mut Cursor, LogError> {
        let found = self.cursors.iter_mut().find(|cursor| cursor.of == *of);
        found.ok_or_else(|| LogError::NotAssigned { of: of.clone() })
    }

    /// Waits until a cursor has something to tell.
    fn wait(&mut self, deadline: Option<Instant>) -> Result<Option<Due>, LogError> {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        loop {
            if let Some(due) = self.due(&state)? {
                return Ok(Some(due));
            }
            // A timeout beyond what the clock can tell is none.
            let left = deadline.map_or(Duration::from_secs(3_600), |deadline| {
                deadline.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return Ok(None);
            }
            state = shared.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn due(&mut self, state: &State) -> Result<Option<Due>, LogError> {
        for (index, cursor) in self.cursors.iter_mut().enumerate() {
            if cursor.is_paused || cursor.is_stopped {
                continue;
            }
            let partition = state.catalogue.find(&cursor.of)?;
            let bounds = partition.bounds();
            if cursor.next < bounds.first || cursor.next > bounds.next {
                cursor.is_stopped = true;
                return Err(LogError::OutOfRange { of: cursor.of.clone(), offset: cursor.next, bounds });
            }
            if cursor.next < bounds.next || !cursor.end_told {
                return Ok(Some(Due { cursor: index, until: bounds.next, policy: partition.policy }));
            }
        }
        Ok(None)
    }

    /// What is due, or `None` where it was deleted meanwhile.
    fn read(&mut self, due: &Due) -> Result<Option<Batch>, LogError> {
        // Cursors are only removed by calls of their own.
        let Some(cursor) = self.cursors.get_mut(due.cursor) else { return Ok(None) };
        let (start, end) = (cursor.id.record(cursor.next), cursor.id.record(due.until));
        let mut scan = self.shared.database.scan(Family::Records, &start[..]..&end[..])?;
        let (mut records, mut bytes, mut next) = (Vec::new(), 0, cursor.next);
        while records.len() < self.limits.records && bytes < self.limits.bytes {
            let Some((key, value)) = scan.entry()? else {
                next = due.until;
                break;
            };
            let (_, offset) = key::split_offset(key).unwrap_or((&[], u64::MAX));
            let is_gap = offset != next && matches!(due.policy, Policy::Delete(_));
            if is_gap {
                if was_deleted(&self.shared, cursor)? {
                    return Ok(None);
                }
                return stop(cursor, format!("records {next} to {offset} are missing"));
            }
            match codec::record(offset, value) {
                Ok(record) => {
                    bytes += value.len();
                    records.push(record);
                }
                Err(reason) => return stop(cursor, format!("record {offset}: {reason}")),
            }
            next = offset + 1;
            scan.advance();
        }
        if matches!(due.policy, Policy::Delete(_)) && next - cursor.next != records.len() as u64 {
            if was_deleted(&self.shared, cursor)? {
                return Ok(None);
            }
            return stop(cursor, format!("records before {next} are missing"));
        }
        cursor.next = next;
        let at_end = next == due.until;
        cursor.end_told = at_end;
        let batch = Batch { of: cursor.of.clone(), records, next, at_end };
        // The next poll begins with the one after it.
        self.cursors.rotate_left(due.cursor + 1);
        Ok(Some(batch))
    }
}

/// Whether retention has deleted what the cursor was about to read.
fn was_deleted(shared: &Shared, cursor: &Cursor) -> Result<bool, LogError> {
    Ok(cursor.next < shared.lock().catalogue.find(&cursor.of)?.first)
}

/// Reads no further, so that nothing is skipped.
fn stop<T>(cursor: &mut Cursor, reason: String) -> Result<T, LogError> {
    cursor.is_stopped = true;
    Err(LogError::Damaged { place: cursor.of.to_string(), reason })
}

impl Reader for EmbeddedReader {
    fn assign(&mut self, of: &TopicPartition, from: u64) -> Result<(), LogError> {
        let id = self.shared.lock().catalogue.find(of)?.id;
        self.cursors.retain(|cursor| cursor.of != *of);
        let of = of.clone();
        self.cursors.push(Cursor {
            of,
            id,
            next: from,
            is_paused: false,
            is_stopped: false,
            end_told: false,
        });
        Ok(())
    }

    fn unassign(&mut self, of: &TopicPartition) -> Result<(), LogError> {
        self.cursor(of)?;
        self.cursors.retain(|cursor| cursor.of != *of);
        Ok(())
    }

    fn poll(&mut self, timeout: Duration) -> Result<Option<Batch>, LogError> {
        let deadline = Instant::now().checked_add(timeout);
        while let Some(due) = self.wait(deadline)? {
            if let Some(batch) = self.read(&due)? {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    fn pause(&mut self, of: &TopicPartition) -> Result<(), LogError> {
        self.cursor(of)?.is_paused = true;
        Ok(())
    }

    fn resume(&mut self, of: &TopicPartition) -> Result<(), LogError> {
        self.cursor(of)?.is_paused = false;
        Ok(())
    }

    fn seek(&mut self, of: &TopicPartition, offset: u64) -> Result<(), LogError> {
        let cursor = self.cursor(of)?;
        cursor.next = offset;
        cursor.is_stopped = false;
        cursor.end_told = false;
        Ok(())
    }
}

/// The last record of a partition.
pub(super) fn last_record(shared: &Shared, of: &TopicPartition) -> Result<Option<Record>, LogError> {
    let partition = *shared.lock().catalogue.find(of)?;
    let bounds = partition.bounds();
    let (start, end) = (partition.id.record(bounds.first), partition.id.record(bounds.next));
    let scan = shared.database.last(Family::Records, &start[..]..&end[..])?;
    let Some((key, value)) = scan.entry()? else { return Ok(None) };
    let offset = key::split_offset(key).map(|(_, offset)| offset).ok_or("a key without an offset");
    let record = offset.and_then(|offset| codec::record(offset, value));
    record.map(Some).map_err(damaged(|| format!("the last record of {of}")))
}
