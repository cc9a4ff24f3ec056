//! Between a partition and its publisher: what is committed and not yet published, as numbers.
//!
//! Bounded by the partition, which takes nothing in while it is full.

use muster_engine::publisher::{Backlog, Weight};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The outbox of one partition, as both sides see it.
#[derive(Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Committed, and not yet taken by the publisher.
    committed: Vec<Weight>,
    /// Taken, and not yet acknowledged.
    backlog: Backlog,
    full: bool,
    closed: bool,
}

/// What a publisher finds.
pub(super) struct Taken {
    pub(super) committed: Vec<Weight>,
    /// Nothing more will come.
    pub(super) closed: bool,
}

impl Outbox {
    /// Adds an entry that is on the disk.
    pub(crate) fn push(&self, weight: Weight) {
        self.lock().committed.push(weight);
        self.changed.notify_all();
    }

    /// Nothing more will be committed.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits, at most so long, until there is room; whether there is.
    pub(crate) fn wait_for_room(&self, most: u64, timeout: Duration) -> bool {
        let state = self.lock();
        let is_full = |state: &mut State| state.full || state.entries() >= most;
        let waited = self.changed.wait_timeout_while(state, timeout, is_full);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !is_full(&mut state)
    }

    /// Entries that are committed and not acknowledged.
    pub(crate) fn entries(&self) -> u64 {
        self.lock().entries()
    }

    /// What was committed since the last time.
    pub(super) fn take(&self) -> Taken {
        let mut state = self.lock();
        // They count on, as taken ones.
        let committed = std::mem::take(&mut state.committed);
        state.backlog.entries += committed.len() as u64;
        Taken { committed, closed: state.closed }
    }

    /// The same, waiting for something to come, or for the end.
    pub(super) fn wait(&self) -> Taken {
        let state = self.lock();
        let nothing = |state: &mut State| state.committed.is_empty() && !state.closed;
        drop(self.changed.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner));
        self.take()
    }

    /// The same, waiting at most so long.
    pub(super) fn wait_at_most(&self, timeout: Duration) -> Taken {
        let state = self.lock();
        let nothing = |state: &mut State| state.committed.is_empty() && !state.closed;
        let waited = self.changed.wait_timeout_while(state, timeout, nothing);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        self.take()
    }

    /// Tells what is not acknowledged of what was taken.
    pub(super) fn report(&self, backlog: Backlog, full: bool) {
        let mut state = self.lock();
        (state.backlog, state.full) = (backlog, full);
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn entries(&self) -> u64 {
        self.committed.len() as u64 + self.backlog.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(entry: u64) -> Weight {
        Weight { entry, sequence: entry, records: 1, bytes: 1 }
    }

    #[test]
    fn there_is_room_again_when_something_is_acknowledged() {
        let outbox = Outbox::default();
        outbox.push(weight(1));
        assert!(outbox.wait_for_room(2, Duration::ZERO));
        outbox.push(weight(2));
        assert!(!outbox.wait_for_room(2, Duration::ZERO));
        assert_eq!(outbox.take().committed.len(), 2);
        assert!(!outbox.wait_for_room(2, Duration::ZERO), "taken is not acknowledged");
        outbox.report(Backlog { entries: 1, records: 1, bytes: 1 }, false);
        assert!(outbox.wait_for_room(2, Duration::ZERO));
        outbox.report(Backlog { entries: 1, records: 1, bytes: 1 }, true);
        assert!(!outbox.wait_for_room(2, Duration::ZERO));
        outbox.close();
        assert!(outbox.wait().closed);
    }
}
