//! Appending: several threads hand in what they have, one of them commits all of it at once.
//!
//! Whoever finds nobody committing takes everything that waits, up to [`MAX_ROUND_BYTES`], gives it
//! offsets, writes it as one batch and waits for the disk once; the others wait for their answer. So
//! offsets are dense, each caller's records are all there or none, and a busy log syncs once for many
//! callers. What waits is bounded by the callers, who wait with it.
//!
//! A failed write may be on the disk or not, therefore nothing is appended after it: the log must be
//! opened again, which finds out.

use super::catalogue::Tail;
use super::codec::{self, EncodedRecord};
use super::database::{Durability, Family};
use super::key::PartitionId;
use super::{Shared, State, wall_clock};
use crate::log::{LogError, MAX_RECORD_BYTES, NewRecord, Policy, Progress};
use muster_directory::Instant;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{MutexGuard, PoisonError};

const MAX_ROUND_BYTES: u64 = 4 << 20;

/// A record with all that does not depend on its offset.
pub(super) struct Prepared {
    to: PartitionId,
    policy: Policy,
    key: Vec<u8>,
    is_tombstone: bool,
    record: EncodedRecord,
}

/// Progress as it is stored.
pub(super) struct PreparedProgress {
    key: Vec<u8>,
    value: Vec<u8>,
}

/// A record or progress that will never be accepted.
pub(super) struct Refusal {
    pub(super) topic: String,
    pub(super) reason: String,
}

/// The right of a writer to write: it lasts until the next writer of the name is made.
#[derive(Clone)]
pub(super) struct Claim {
    pub(super) writer: String,
    epoch: u64,
}

/// Why nothing of a request was appended, as far as is known.
#[derive(Clone, Debug)]
pub(super) enum AppendFailure {
    Fenced,
    Doubtful(String),
}

struct Request {
    ticket: u64,
    claim: Option<Claim>,
    records: Vec<Prepared>,
    progress: Vec<PreparedProgress>,
}

impl Request {
    fn bytes(&self) -> u64 {
        self.records.iter().map(|record| record.record.len()).sum()
    }
}

/// What waits to be appended, and what came of it.
#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Request>,
    outcomes: HashMap<u64, Result<Vec<u64>, AppendFailure>>,
    next_ticket: u64,
    /// Whether some thread is writing.
    is_committing: bool,
    /// How many rounds are over.
    rounds: u64,
    /// Why nothing can be appended any more.
    failure: Option<String>,
    epochs: HashMap<String, u64>,
}

impl Queue {
    fn claim(&mut self, writer: &str) -> Claim {
        let epoch = self.epochs.entry(writer.to_owned()).or_default();
        *epoch += 1;
        Claim { writer: writer.to_owned(), epoch: *epoch }
    }

    pub(super) fn holds(&self, claim: &Claim) -> bool {
        self.epochs.get(&claim.writer) == Some(&claim.epoch)
    }

    /// What one round commits, in order of arrival; the requests of fenced writers are answered.
    fn take_round(&mut self) -> Vec<Request> {
        let (mut round, mut bytes) = (Vec::new(), 0);
        while bytes < MAX_ROUND_BYTES
            && let Some(request) = self.waiting.pop_front()
        {
            if request.claim.as_ref().is_none_or(|claim| self.holds(claim)) {
                bytes += request.bytes();
                round.push(request);
            } else {
                self.outcomes.insert(request.ticket, Err(AppendFailure::Fenced));
            }
        }
        round
    }
}

impl Shared {
    /// Checks and encodes a record.
    pub(super) fn prepare(&self, record: &NewRecord) -> Result<Prepared, Refusal> {
        let refuse = |reason: String| Refusal { topic: record.to.topic.to_string(), reason };
        let bytes = record.bytes();
        if bytes > MAX_RECORD_BYTES {
            return Err(refuse(format!("it has {bytes} bytes, but at most {MAX_RECORD_BYTES} are allowed")));
        }
        let (to, policy) = {
            let state = self.lock();
            let partition = state.catalogue.find(&record.to).map_err(|error| refuse(error.to_string()))?;
            (partition.id, partition.policy)
        };
        if policy == Policy::Compact && record.key.is_none() {
            return Err(refuse("it has no key, but the topic keeps the last record of each key".to_owned()));
        }
        Ok(Prepared {
            to,
            policy,
            key: record.key.clone().unwrap_or_default(),
            is_tombstone: record.value.is_none(),
            record: EncodedRecord::new(record),
        })
    }

    /// Checks and encodes progress.
    pub(super) fn prepare_progress(
        &self,
        application: &str,
        progress: &Progress,
    ) -> Result<PreparedProgress, Refusal> {
        let refuse = |reason: String| Refusal { topic: progress.of.topic.to_string(), reason };
        let (length, limit) = (progress.metadata.len(), Progress::MAX_METADATA_BYTES);
        if length > limit {
            return Err(refuse(format!(
                "its progress has {length} bytes of metadata, but {limit} are allowed"
            )));
        }
        let id = self.lock().catalogue.find(&progress.of).map_err(|error| refuse(error.to_string()))?.id;
        let value = codec::put_progress(progress.next, &progress.metadata);
        Ok(PreparedProgress { key: id.progress(application), value })
    }

    /// Takes the right to write away from earlier writers of this name, and waits until what one of them
    /// is writing is written.
    pub(super) fn claim(&self, writer: &str) -> Result<Claim, LogError> {
        let mut state = self.lock();
        let claim = state.queue.claim(writer);
        let round = state.queue.rounds;
        while state.queue.is_committing && state.queue.rounds == round {
            state = self.committed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        match &state.queue.failure {
            None => Ok(claim),
            Some(reason) => Err(LogError::Failed { action: "append".to_owned(), reason: reason.clone() }),
        }
    }

    /// Appends all of this or nothing, and returns the records' offsets.
    pub(super) fn append(
        &self,
        claim: Option<Claim>,
        records: Vec<Prepared>,
        progress: Vec<PreparedProgress>,
    ) -> Result<Vec<u64>, AppendFailure> {
        let mut state = self.lock();
        let ticket = state.queue.next_ticket;
        state.queue.next_ticket += 1;
        state.queue.waiting.push_back(Request { ticket, claim, records, progress });
        loop {
            if let Some(outcome) = state.queue.outcomes.remove(&ticket) {
                return outcome;
            }
            state = if state.queue.is_committing {
                self.committed.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.commit_round(state)
            };
        }
    }

    /// Commits what waits, while others may queue up and read.
    fn commit_round<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let mut round = state.queue.take_round();
        let now = wall_clock();
        let mut tails = BTreeMap::new();
        for (_, partition) in state.catalogue.all() {
            tails.insert(partition.id, partition.tail);
        }
        state.queue.is_committing = true;
        let failure = state.queue.failure.clone();
        drop(state);

        let written = match failure {
            None => self.write_round(&mut round, &mut tails, now).map_err(|error| error.to_string()),
            Some(reason) => Err(reason),
        };

        let mut state = self.lock();
        match written {
            Ok(offsets) => {
                for (id, tail) in tails {
                    state.catalogue.update(id, |partition| partition.tail = tail);
                }
                for (request, offsets) in round.iter().zip(offsets) {
                    state.queue.outcomes.insert(request.ticket, Ok(offsets));
                }
                self.arrived.notify_all();
            }
            Err(reason) => {
                for request in &round {
                    let failure = AppendFailure::Doubtful(reason.clone());
                    state.queue.outcomes.insert(request.ticket, Err(failure));
                }
                state.queue.failure = Some(reason);
            }
        }
        state.queue.is_committing = false;
        state.queue.rounds += 1;
        self.committed.notify_all();
        state
    }

    /// Writes a round as one batch; moves `tails` on, and returns each request's offsets.
    fn write_round(
        &self,
        round: &mut [Request],
        tails: &mut BTreeMap<PartitionId, Tail>,
        now: Instant,
    ) -> Result<Vec<Vec<u64>>, LogError> {
        let mut changes = self.database.changes();
        let mut all_offsets = Vec::with_capacity(round.len());
        let mut touched = BTreeMap::new();
        for request in round {
            let mut offsets = Vec::with_capacity(request.records.len());
            for prepared in &mut request.records {
                let Some(tail) = tails.get_mut(&prepared.to) else {
                    let reason = "a partition vanished".to_owned();
                    return Err(LogError::Failed { action: "append".to_owned(), reason });
                };
                let offset = tail.next;
                tail.next += 1;
                // A partition's time never goes back, so that retention can search by it.
                tail.timestamp = tail.timestamp.max(now);
                let value = prepared.record.place(tail.timestamp, tail.bytes);
                changes.put(Family::Records, &prepared.to.record(offset), value)?;
                tail.bytes += prepared.record.len();
                if prepared.policy == Policy::Compact {
                    let tombstone = prepared.is_tombstone.then_some(tail.timestamp);
                    let key = prepared.to.key(&prepared.key, offset);
                    changes.put(Family::Keys, &key, &codec::put_tombstone(tombstone))?;
                }
                touched.insert(prepared.to, *tail);
                offsets.push(offset);
            }
            for progress in &request.progress {
                changes.put(Family::Meta, &progress.key, &progress.value)?;
            }
            all_offsets.push(offsets);
        }
        for (id, tail) in touched {
            changes.put(Family::Meta, &id.tail(), &codec::put_tail(tail))?;
        }
        self.database.write(changes, Durability::Synced)?;
        Ok(all_offsets)
    }
}
