//! What a service is started with.

use crate::{EmptyingLimit, Feedback};
use muster_engine::BrakeLimits;
use muster_engine::publisher::Limits;
use muster_index::IndexKind;
use muster_rule::Dialect;
use muster_stream::log::{Departure, Policy, Retention, TopicSpec};
use muster_wire::Partitioner;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// With so many bytes not published, nothing is taken in.
const BACKLOG_BYTES: u64 = 64 << 20;

/// Names of topics. One that is `None` is turned off.
#[derive(Clone, Debug)]
pub struct Topics {
    /// Changes of objects; equal numbers of partitions. At least one.
    pub changes: Vec<Arc<str>>,
    /// What administrators ask for.
    pub requests: Arc<str>,
    /// What was accepted.
    pub definitions: Arc<str>,
    /// Membership deltas.
    pub deltas: Arc<str>,
    /// Memberships, compacted.
    pub memberships: Option<Arc<str>>,
    /// States of groups, compacted.
    pub group_status: Option<Arc<str>>,
    /// The state of the partitions, compacted: what a lost disk is restored from.
    pub changelog: Option<Arc<str>>,
    /// What was refused.
    pub dead_letters: Arc<str>,
    /// Licence events, of the licensing subscriber.
    pub licenses: Arc<str>,
    /// Its state, compacted.
    pub licenses_changelog: Option<Arc<str>>,
}

/// How a service runs.
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// The application's name: prefix of writers' names, first part of deltas' event ids.
    pub application: String,
    /// Where everything is read and written.
    pub topics: Topics,
    /// Of the changes and of what follows from them.
    pub partitions: NonZeroU32,
    /// How producers place changes.
    pub partitioner: Partitioner,
    /// Which index finds the affected rules.
    pub index: IndexKind,
    /// The dialect of rules that name none.
    pub dialect: Dialect,
    /// How many objects one slice of a synchronisation flips, so that changes do not wait long.
    pub slice: u64,
    /// How many records are applied and committed together, at most.
    pub batch_records: usize,
    /// How many entries may be committed and not published, before nothing more is taken in.
    pub outbox_entries: u64,
    /// How many records one transaction publishes, at most, but for an entry that has more by itself.
    pub transaction_records: u64,
    /// About how many bytes, in the same way.
    pub transaction_bytes: u64,
    /// An instance that the group does not hear of for so long has lost its partitions.
    pub session_timeout: Duration,
    /// What becomes of its partitions when it is stopped.
    pub departure: Departure,
    /// Whether this instance follows the changelogs of partitions that others work on.
    pub standby: bool,
    /// Whether licences flow back into the changes.
    pub feedback: Feedback,
    /// After how long it is said that the definitions are still being read.
    pub definitions_wait: Duration,
    /// From when on an edit is held until it is confirmed. For a process that owns all partitions.
    pub brake: Option<BrakeLimits>,
    /// When changes that empty a group raise an alarm.
    pub emptying: Option<EmptyingLimit>,
}

impl Topics {
    /// The topics with their partitions and policies.
    #[must_use]
    pub fn specs(&self, partitions: NonZeroU32) -> Vec<TopicSpec> {
        let spec = |name: &Arc<str>, partitions: u32, policy| TopicSpec {
            name: name.to_string(),
            partitions,
            policy,
        };
        let (all, delete) = (partitions.get(), Policy::Delete(Retention::default()));
        let mut specs: Vec<_> = self.changes.iter().map(|name| spec(name, all, delete)).collect();
        specs.push(spec(&self.requests, 1, delete));
        specs.push(spec(&self.definitions, 1, Policy::Compact));
        specs.push(spec(&self.deltas, all, delete));
        specs.extend(self.memberships.iter().map(|name| spec(name, all, Policy::Compact)));
        specs.extend(self.group_status.iter().map(|name| spec(name, 1, Policy::Compact)));
        specs.extend(self.changelog.iter().map(|name| spec(name, all, Policy::Compact)));
        specs.push(spec(&self.dead_letters, all, delete));
        specs.push(spec(&self.licenses, 1, delete));
        specs.extend(self.licenses_changelog.iter().map(|name| spec(name, 1, Policy::Compact)));
        specs
    }
}

impl ServiceOptions {
    /// How much goes into one transaction, and how much may wait.
    pub(crate) fn publishing(&self) -> Limits {
        Limits {
            records: self.transaction_records,
            bytes: self.transaction_bytes,
            backlog_bytes: BACKLOG_BYTES,
            backlog_entries: self.outbox_entries,
        }
    }
}
