//! Groups: what administrators ask for, and the definitions that engines act on.

use crate::{GroupId, Instant, Source, Tenant};
use muster_rule::{Dialect, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether a dynamic group follows its rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProcessingState {
    /// Memberships follow the rule.
    #[default]
    On,
    /// Nothing changes but by the deletion of objects or of the group.
    Paused,
}

/// The rule of a dynamic group, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRule {
    /// As the administrator wrote it, byte for byte (L12).
    pub text: Arc<str>,
    /// The dialect it was accepted under.
    pub dialect: Dialect,
}

/// A request of an administrator about one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRequest {
    /// Whose group.
    pub tenant: Tenant,
    /// Which.
    pub id: GroupId,
    /// What is asked.
    pub op: GroupOp,
}

/// What is asked of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupOp {
    /// The whole definition: what the patch does not name takes its default.
    Upsert(GroupPatch),
    /// Some members of the definition of a group that exists.
    Patch(GroupPatch),
    /// The end of the group; no error where there is none.
    Delete,
    /// The edit that is held takes effect; where a version is named, only that one.
    Confirm(Option<u64>),
    /// The edit that is held is given up; where a version is named, only that one.
    Reject(Option<u64>),
}

/// Members of a group's definition. `None`: not named; `Some(None)`: null, which stands for the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupPatch {
    /// The name for people.
    pub display_name: Option<Option<Arc<str>>>,
    /// With a rule the group is dynamic, with null it is assigned.
    pub membership_rule: Option<Option<Arc<str>>>,
    /// Null means On.
    pub processing_state: Option<Option<ProcessingState>>,
    /// Null means the deployment's default dialect.
    pub dialect: Option<Option<Dialect>>,
    /// Other members of Microsoft Graph's group resource, kept as they came: name, JSON text.
    pub other: BTreeMap<Arc<str>, Option<Box<str>>>,
}

/// A group as accepted: complete, checked, numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDefinition {
    /// Whose group.
    pub tenant: Tenant,
    /// Which.
    pub id: GroupId,
    /// The number of the request that made it so: its offset on the requests topic, in files the
    /// ordinal of the definition line. Grows with every accepted request.
    pub version: u64,
    /// The version at which a group of this id came into being. A group deleted and made again has another.
    pub created: u64,
    /// The name for people.
    pub display_name: Option<Arc<str>>,
    /// Dynamic with one, assigned without.
    pub rule: Option<GroupRule>,
    /// Kept for an assigned group too, and without effect there.
    pub processing_state: ProcessingState,
    /// As in [`GroupPatch::other`], nulls left out.
    pub other: BTreeMap<Arc<str>, Box<str>>,
    /// The request that made it so; deltas that follow from it name it as their source.
    pub source: Source,
}

/// A request of an administrator about the attributes that a tenant declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaRequest {
    /// Whose attributes.
    pub tenant: Tenant,
    /// All of them from now on; the empty schema for none.
    pub schema: Arc<Schema>,
}

/// How current a group's memberships are in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupState {
    /// Memberships are being brought to the definition.
    Syncing,
    /// Memberships agree with the definition.
    Current,
    /// The group is paused.
    Paused,
    /// The rule cannot be compiled; the group is frozen.
    Failed,
    /// A definition waits to be confirmed.
    Held,
    /// The group was deleted and is empty.
    Deleted,
}

/// How far a rule is processed, in the words of Microsoft Graph's `membershipRuleProcessingStatus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleProcessing {
    /// The rule is not followed: the group is paused.
    NotStarted,
    /// Memberships are being brought to the rule.
    Running,
    /// Memberships are those of the rule.
    Succeeded,
    /// The rule cannot be followed, and why.
    Failed(Box<str>),
}

/// A change of a group's state in one partition, for those who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupStatus {
    /// Whose group.
    pub tenant: Tenant,
    /// Which.
    pub group: GroupId,
    /// The version of the definition that the state is about.
    pub version: u64,
    /// The state entered.
    pub state: GroupState,
    /// How many members the group has here.
    pub members: u64,
    /// How many memberships this synchronisation has added so far.
    pub added: u64,
    /// How many it has removed.
    pub removed: u64,
    /// How many it has still to flip.
    pub remaining: u64,
    /// The version of a definition that waits to be confirmed, whatever the state.
    pub held: Option<u64>,
    /// How far the rule is processed; `None` for an assigned group.
    pub processing: Option<RuleProcessing>,
    /// The engine's clock.
    pub as_of: Instant,
}
