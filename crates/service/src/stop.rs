//! The end of something that threads work on: the service, or an assignment of a partition to it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Asks threads to finish what they have begun and end, or to end at once. There is no way back.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Working,
    /// Nothing new is begun; what is begun is finished, until then at most.
    Finishing(Option<Instant>),
    /// What is begun is dropped.
    Over,
}

impl Stop {
    /// Asks for an end, with all the time that it takes.
    pub(crate) fn request(&self) {
        self.change(Phase::Finishing(None));
    }

    /// Asks for an end within this time.
    pub(crate) fn request_within(&self, time: Duration) {
        self.change(Phase::Finishing(Instant::now().checked_add(time)));
    }

    /// Asks for an end at once.
    pub(crate) fn cut(&self) {
        self.change(Phase::Over);
    }

    /// Whether an end was asked for.
    pub(crate) fn is_requested(&self) -> bool {
        *self.lock() != Phase::Working
    }

    /// Whether what is begun is to be dropped.
    pub(crate) fn is_cut(&self) -> bool {
        match *self.lock() {
            Phase::Working => false,
            Phase::Finishing(until) => until.is_some_and(|until| Instant::now() >= until),
            Phase::Over => true,
        }
    }

    /// Waits so long, or until an end is asked for; whether it was.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, |phase| *phase == Phase::Working);
        *waited.unwrap_or_else(PoisonError::into_inner).0 != Phase::Working
    }

    fn change(&self, to: Phase) {
        let mut phase = self.lock();
        if *phase != Phase::Over {
            *phase = to;
        }
        drop(phase);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_asked_for_once_and_only_becomes_more_urgent() {
        let stop = Stop::default();
        assert!(!stop.is_requested() && !stop.wait(Duration::ZERO));
        stop.request();
        assert!(stop.is_requested() && stop.wait(Duration::MAX) && !stop.is_cut());
        stop.request_within(Duration::ZERO);
        assert!(stop.is_cut(), "the time is over");
        stop.cut();
        stop.request();
        assert!(stop.is_cut());
    }
}
