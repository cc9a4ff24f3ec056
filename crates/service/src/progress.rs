//! How far everything has come, for those who wait: readiness, read-your-writes, status.

use muster_stream::log::TopicPartition;
use std::collections::{BTreeMap, BTreeSet};
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
    /// Nobody here will know.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
    /// It will not come.
    #[error("the service cannot apply it: {0}")]
    Failed(String),
}

/// Partitions that other instances work on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this instance does not work on {}: ask the one that does, which its metric \
     `muster_partition_assigned` tells",
    list(partitions)
)]
pub struct Elsewhere {
    /// Their numbers, in order.
    pub partitions: Vec<u32>,
}

/// The partition whose instance decides requests.
const REGISTRAR: u32 = 0;

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
    /// Whether it is this instance's.
    assigned: bool,
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
    /// Whether the group has told which partitions are ours.
    joined: bool,
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
        let state = State { joined: false, partitions, requests: None, definitions: 0, failure: None };
        Progress { state: Mutex::new(state), moved: Condvar::new() }
    }

    /// These partitions are ours, and no others.
    pub(crate) fn assigned(&self, partitions: &BTreeSet<u32>) {
        let mut state = self.lock();
        state.joined = true;
        for (place, number) in state.partitions.iter_mut().zip(0..) {
            place.assigned = partitions.contains(&number);
        }
        drop(state);
        self.moved.notify_all();
    }

    /// Nobody works on the partition here any more.
    pub(crate) fn ended(&self, partition: u32) {
        self.change(partition, |place| {
            *place = PartitionProgress { assigned: place.assigned, ..PartitionProgress::default() };
        });
    }

    /// Nobody decides requests here any more.
    pub(crate) fn registrar_ended(&self) {
        self.lock().requests = None;
    }

    /// Why this instance alone cannot answer for all partitions, if it cannot.
    pub(crate) fn elsewhere(&self) -> Option<Elsewhere> {
        self.lock().elsewhere(|_| true)
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

    /// A partition begins: nothing is known of it yet.
    pub(crate) fn restoring(&self, partition: u32) {
        self.change(partition, |place| (place.applied, place.stalled) = (None, None));
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
        if !state.joined {
            reasons.push("the consumer group has not assigned partitions yet".into());
        }
        if state.requests.is_none() && state.is_assigned(REGISTRAR) {
            reasons.push("the registrar is starting".into());
        }
        for (partition, number) in state.partitions.iter().zip(0_u32..).filter(|(place, _)| place.assigned) {
            if partition.applied.is_none() && partition.stalled.is_none() {
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
            let decided = |state: &State| state.requests.is_some_and(|next| next > last);
            state = self.wait(state, deadline, |number| number == REGISTRAR, decided)?;
            let definitions = state.definitions;
            let synced = |partition: &PartitionProgress| {
                partition.applied.is_some_and(|applied| {
                    applied.definitions >= definitions
                        && !applied.syncing
                        && applied.entry <= partition.published
                })
            };
            state = self.wait(state, deadline, |_| true, |state| state.partitions.iter().all(synced))?;
        }
        let applied = |state: &State| {
            changes.iter().all(|position| {
                let partition = state.partitions.get(position.of.partition as usize);
                let next = partition.and_then(|partition| partition.positions.get(&*position.of.topic));
                next.is_some_and(|next| *next > position.offset)
            })
        };
        let among = |number: u32| changes.iter().any(|position| position.of.partition == number);
        self.wait(state, deadline, among, applied).map(drop)
    }

    /// Waits for what only the partitions `among` can bring.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        deadline: Instant,
        among: impl Fn(u32) -> bool,
        reached: impl Fn(&State) -> bool,
    ) -> Result<MutexGuard<'a, State>, WaitError> {
        loop {
            if let Some(failure) = &state.failure {
                return Err(WaitError::Failed(failure.clone()));
            }
            if reached(&state) {
                return Ok(state);
            }
            if let Some(elsewhere) = state.elsewhere(&among) {
                return Err(elsewhere.into());
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

impl State {
    fn is_assigned(&self, number: u32) -> bool {
        self.partitions.get(number as usize).is_some_and(|place| place.assigned)
    }

    /// Partitions among these that are not ours, as far as the group has told.
    fn elsewhere(&self, among: impl Fn(u32) -> bool) -> Option<Elsewhere> {
        let places = self.partitions.iter().zip(0_u32..);
        let partitions: Vec<u32> = places
            .filter(|(place, number)| !place.assigned && among(*number))
            .map(|(_, number)| number)
            .collect();
        (self.joined && !partitions.is_empty()).then_some(Elsewhere { partitions })
    }
}

fn list(partitions: &[u32]) -> String {
    let numbers: Vec<String> = partitions.iter().map(u32::to_string).collect();
    match &*numbers {
        [one] => format!("partition {one}"),
        [first @ .., last] => format!("partitions {} and {last}", first.join(", ")),
        [] => "no partition".to_owned(),
    }
}
