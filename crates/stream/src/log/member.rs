//! Who works on which partitions: members of the application's consumer group, in Kafka's words.
//!
//! A log that several processes can use shares the partitions of a topic among those that joined; one that
//! belongs to a single process gives it all of them, at once and for ever. The group says who is to work on a
//! partition, not who can: only making its writer keeps others from writing.

use super::LogError;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How to join the group of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The topic whose partitions are shared.
    pub topic: Arc<str>,
    /// Who joins: the same after a restart, which then moves nothing, and of nobody else.
    pub instance: String,
    /// A member that is silent for so long has lost its partitions.
    pub session_timeout: Duration,
}

/// How the assignment of a member changed. Partitions that are not named stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebalance {
    /// These are the member's from now on, beside those it has. None at all is news, too: it has joined.
    Assigned(Vec<u32>),
    /// These go to others now: what is under way should be finished soon.
    Revoked(Vec<u32>),
    /// These went to others already, maybe a while ago.
    Lost(Vec<u32>),
}

/// What becomes of a member's partitions when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Departure {
    /// They wait for its return until the session times out.
    #[default]
    Returning,
    /// They go to others at once.
    ForGood,
}

/// A member of the application's group. While it lives, the writers of its log write on its behalf: a
/// transaction that was begun under an assignment that is over is refused.
pub trait Member: Send {
    /// The next change of the assignment, waiting for it up to `timeout`; `None` where there was none. The group
    /// was answered already. Has to be called again and again, or the member is taken for dead.
    ///
    /// # Errors
    /// `Failed` where another member has the same instance id, `Refused` for a missing right. A broker that is
    /// away is no error.
    fn poll(&mut self, timeout: Duration) -> Result<Option<Rebalance>, LogError>;

    /// Ends the membership. Dropping a member is [`Departure::Returning`].
    fn leave(self: Box<Self>, departure: Departure);
}

/// The only member there can be: everything is its own.
pub(super) struct OnlyMember(VecDeque<Rebalance>);

impl OnlyMember {
    pub(super) fn of(partitions: u32) -> OnlyMember {
        OnlyMember(VecDeque::from([Rebalance::Assigned((0..partitions).collect())]))
    }
}

impl Member for OnlyMember {
    fn poll(&mut self, timeout: Duration) -> Result<Option<Rebalance>, LogError> {
        let next = self.0.pop_front();
        if next.is_none() {
            // Nothing will ever come.
            std::thread::sleep(timeout);
        }
        Ok(next)
    }

    fn leave(self: Box<Self>, _: Departure) {}
}
