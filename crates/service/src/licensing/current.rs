//! How far the subscriber has come, for those who wait for it or ask how it is.

use super::options::position_name;
use super::{Licences, LicensingShared};
use crate::progress::WaitError;
use muster_engine::storage::Positions;
use muster_stream::log::{LogError, TopicPartition};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the task has reached.
#[derive(Default)]
pub(super) struct Current {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    /// Next offsets to read, everything before them applied; `None` before the first.
    read: Option<Positions>,
    /// The last entry; everything that was read and has an effect is in it.
    committed: u64,
    published: u64,
    stalled: Option<String>,
    failure: Option<String>,
}

impl Current {
    /// Nothing is done here, now.
    pub(super) fn waiting(&self) {
        self.lock().read = None;
    }

    /// So much is read and applied; the last entry.
    pub(super) fn applied(&self, read: &Positions, entry: u64) {
        let mut state = self.lock();
        state.read.get_or_insert_default().clone_from(read);
        state.committed = entry;
        drop(state);
        self.moved.notify_all();
    }

    pub(super) fn published(&self, entry: u64) {
        self.lock().published = entry;
        self.moved.notify_all();
    }

    /// Why nothing is published, or that something is.
    pub(super) fn stalled(&self, reason: Option<String>) {
        self.lock().stalled = reason;
    }

    pub(super) fn fail(&self, reason: &str) {
        self.lock().failure.get_or_insert_with(|| reason.to_owned());
        self.moved.notify_all();
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.lock().failure.clone()
    }

    pub(super) fn unready(&self) -> Option<String> {
        let state = self.lock();
        let starting = state
            .read
            .is_none()
            .then(|| "licensing is being restored, or another instance does it".to_owned());
        let stopped = state.failure.as_ref().map(|reason| format!("licensing has stopped: {reason}"));
        let stalled = state.stalled.as_ref().map(|reason| format!("licensing: {reason}"));
        stopped.or(starting).or(stalled)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, targets: &[(String, u64)], deadline: Instant) -> Result<(), WaitError> {
        let mut state = self.lock();
        loop {
            if let Some(failure) = &state.failure {
                return Err(WaitError::Failed(format!("licensing has stopped: {failure}")));
            }
            if state.has_reached(targets) {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(WaitError::TimedOut);
            }
            state = self.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    fn has_reached(&self, targets: &[(String, u64)]) -> bool {
        let Some(read) = &self.read else { return false };
        let has = |(name, next): &(String, u64)| read.get(name).is_some_and(|read| read >= next);
        self.published >= self.committed && targets.iter().all(has)
    }
}

impl Licences {
    /// Waits until everything that its inputs hold now is applied, and what came of it published.
    ///
    /// # Errors
    /// It takes longer than `timeout`, or the subscriber stops.
    pub fn wait_current(&self, timeout: Duration) -> Result<(), WaitError> {
        let deadline = Instant::now() + timeout;
        let targets: Result<Vec<_>, LogError> = self
            .shared
            .options
            .inputs()
            .iter()
            .map(|of| Ok((position_name(of), end(&self.shared, of)?)))
            .collect();
        let targets = targets.map_err(|error| WaitError::Failed(error.to_string()))?;
        self.shared.current.wait(&targets, deadline)
    }
}

/// The offset behind the last record there is. The end of a partition may lie further: behind markers.
fn end(shared: &LicensingShared, of: &TopicPartition) -> Result<u64, LogError> {
    let bounds = shared.log.bounds(of)?;
    let read = shared.current.lock().read.as_ref().and_then(|read| read.get(&position_name(of)).copied());
    if bounds.first == bounds.next || read.is_some_and(|read| read >= bounds.next) {
        return Ok(0);
    }
    Ok(shared.log.last_record(of)?.map_or(0, |last| last.offset + 1))
}
