//! Membership deltas: one object joined or left one group, and why.

use crate::{GroupId, Instant, ObjectId, ObjectKind, Source, Tenant};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Which way a membership changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MembershipChange {
    /// The object became a member.
    Added,
    /// It ceased to be one.
    Removed,
}

/// A delta's place among the deltas of its event, which subscribers apply together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ordinal {
    /// From 1.
    pub index: NonZeroU32,
    /// How many there are.
    pub count: NonZeroU32,
}

/// One membership added or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Whose group and object.
    pub tenant: Tenant,
    /// The group.
    pub group: GroupId,
    /// The object.
    pub member: ObjectId,
    /// Whether that is a user or a device.
    pub member_kind: ObjectKind,
    /// Joined or left.
    pub change: MembershipChange,
    /// Dense within the partition, from 1.
    pub sequence: u64,
    /// The engine's clock when it decided.
    pub time: Instant,
    /// Its place among the deltas of the same event.
    pub event: Ordinal,
    /// The version of the group's definition that was in force; for a deleted group, of its deletion.
    pub rule_version: u64,
    /// Why.
    pub cause: Cause,
    /// The input that caused it.
    pub source: Source,
}

/// Why a membership changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The object changed.
    Change {
        /// The canonical names of the attributes that changed and that the group's rule reads, sorted.
        attributes: Arc<[Arc<str>]>,
        /// Where the object's coming or going is the reason.
        object: Option<ObjectLife>,
        /// The source's own time of the change.
        time: Option<Arc<str>>,
    },
    /// The group was created, edited, resumed, converted or deleted, by the request of this number.
    Rule {
        /// See [`GroupDefinition::version`](crate::GroupDefinition::version).
        version: u64,
    },
    /// Time passed an instant that the rule looks at.
    Clock,
    /// A membership in another group, which the rule reads by `memberOf`, changed in the same event.
    MemberOf {
        /// The smallest id, in bytes, of those that did.
        group: GroupId,
    },
    /// The object was listed in the group, or taken off its list.
    Member {
        /// The source's own time of the listing.
        time: Option<Arc<str>>,
    },
}

/// The coming or going of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectLife {
    /// It was not there before.
    Created,
    /// It is no more.
    Deleted,
}
