//! How far everything has come, for those who wait: readiness, read-your-writes, status.

use muster_stream::log::TopicPartition;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The place of one record that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Where.
    pub of: TopicPartition,
    /// Its offset.
    pub offset: u64,
}

/// Why the service is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// For people, one each.
    pub reasons: Vec<String>,
}

/// Why waiting ended without what was waited for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// It takes longer.
    #[error("it was not applied in time: it will be; ask again, or wait longer")]
    TimedOut,
    /// It will not come.
    #[error("the service cannot apply it: {0}")]
    Failed(String),
}

/// What one partition has applied.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Applied {
    /// Its last entry.
    pub(crate) entry: u64,
    /// One more than the greatest request number among the definitions it knows.
    pub(crate) definitions: u64,
    /// Whether a group is not yet what its definition says.
    pub(crate) syncing: bool,
}

/// What one partition has reached.
#[derive(Clone, Debug, Default)]
struct PartitionProgress {
    applied: Option<Applied>,
    /// The last entry that is published.
    published: u64,
    /// Next offsets to read, everything before them published.
    positions: BTreeMap<String, u64>,
    /// Why it takes nothing in, or publishes nothing.
    stalled: Option<String>,
}

#[derive(Debug)]
struct State {
    partitions: Vec<PartitionProgress>,
    /// Next offset of the requests to decide, all before it decided and written.
    requests: Option<u64>,
    /// One more than the greatest request number among the definitions that are written.
    definitions: u64,
    failure: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Progress {
    state: Mutex<State>,
    moved: Condvar,
}

impl Progress {
    pub(crate) fn new(partitions: NonZeroU32) -> Progress {
        let partitions = (0..partitions.get()).map(|_| PartitionProgress::default()).collect();
        let state = State { partitions, requests: None, definitions: 0, failure: None };
        Progress { state: Mutex::new(state), moved: Condvar::new() }
    }

    /// A partition has applied so much.
    pub(crate) fn applied(&self, partition: u32, applied: Applied) {
        self.change(partition, |place| place.applied = Some(applied));
    }

    /// A partition has published so much.
    pub(crate) fn published(&self, partition: u32, entry: u64, positions: &BTreeMap<String, u64>) {
        self.change(partition, |place| {
            place.published = entry;
            // It is called for each transaction, and the topics stay the same.
            for (topic, next) in positions {
                match place.positions.get_mut(topic) {
                    Some(place) => *place = *next,
                    None => drop(place.positions.insert(topic.clone(), *next)),
                }
            }
        });
    }

    /// Why a partition does not go on, or that it does.
    pub(crate) fn stalled(&self, partition: u32, reason: Option<String>) {
        self.change(partition, |place| place.stalled = reason);
    }

    fn change(&self, partition: u32, change: impl FnOnce(&mut PartitionProgress)) {
        if let Some(place) = self.lock().partitions.get_mut(partition as usize) {
            change(place);
        }
        self.moved.notify_all();
    }

    pub(crate) fn registrar(&self, requests: u64, definitions: u64) {
        let mut state = self.lock();
        state.requests = Some(requests);
        state.definitions = definitions;
        drop(state);
        self.moved.notify_all();
    }

    /// The service ends for this reason; the first one counts.
    pub(crate) fn fail(&self, reason: &str) {
        self.lock().failure.get_or_insert_with(|| reason.to_owned());
        self.moved.notify_all();
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.lock().failure.clone()
    }

    pub(crate) fn unready(&self) -> Option<Unready> {
        let state = self.lock();
        let mut reasons: Vec<String> = state.failure.iter().cloned().collect();
        if state.requests.is_none() {
            reasons.push("the registrar is starting".into());
        }
        for (partition, number) in state.partitions.iter().zip(0..) {
            if partition.applied.is_none() {
                reasons.push(format!("partition {number} is being restored"));
            }
            reasons.extend(partition.stalled.iter().map(|reason| format!("partition {number}: {reason}")));
        }
        (!reasons.is_empty()).then_some(Unready { reasons })
    }

    /// Waits until the records at these positions are applied and what follows from them is published; for
    /// requests also until every group is what its definition says, in every partition.
    pub(crate) fn wait_applied(
        &self,
        (positions, requests_topic): (&[Position], &str),
        timeout: Duration,
    ) -> Result<(), WaitError> {
        let deadline = Instant::now() + timeout;
        let (requests, changes): (Vec<_>, Vec<_>) =
            positions.iter().partition(|position| &*position.of.topic == requests_topic);
        let mut state = self.lock();
        if let Some(last) = requests.iter().map(|position| position.offset).max() {
            state = self.wait(state, deadline, |state| state.requests.is_some_and(|next| next > last))?;
            let definitions = state.definitions;
            state = self.wait(state, deadline, |state| {
                let synced = |partition: &PartitionProgress| {
                    partition.applied.is_some_and(|applied| {
                        applied.definitions >= definitions
                            && !applied.syncing
                            && applied.entry <= partition.published
                    })
                };
                state.partitions.iter().all(synced)
            })?;
        }
        let applied = |state: &State| {
            changes.iter().all(|position| {
                let partition = state.partitions.get(position.of.partition as usize);
                let next = partition.and_then(|partition| partition.positions.get(&*position.of.topic));
                next.is_some_and(|next| *next > position.offset)
            })
        };
        self.wait(state, deadline, applied).map(drop)
    }

    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        deadline: Instant,
        reached: impl Fn(&State) -> bool,
    ) -> Result<MutexGuard<'a, State>, WaitError> {
        loop {
            if let Some(failure) = &state.failure {
                return Err(WaitError::Failed(failure.clone()));
            }
            if reached(&state) {
                return Ok(state);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(WaitError::TimedOut);
            }
            state = self.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
