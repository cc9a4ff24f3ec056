//! The nouns everything shares: ids, objects and their changes, groups, deltas, licences, rejections.
//!
//! Plain data with its own laws (an id is valid, a patch leaves an attribute once); no JSON, no
//! storage, no rule evaluation.

pub mod delta;
pub mod event;
pub mod group;
pub mod held;
pub mod id;
pub mod licence;
pub mod object;
pub mod position;
pub mod rejection;

pub use delta::{Cause, Delta, MembershipChange, Ordinal};
pub use event::{Event, ListingChange, ListingOp, ObjectChange, ObjectOp, Tombstone};
pub use group::{
    GroupDefinition, GroupOp, GroupPatch, GroupRequest, GroupRule, GroupState, GroupStatus, ProcessingState,
    RuleProcessing, SchemaRequest,
};
pub use held::{HeldDefinition, Impact};
pub use id::{GroupId, ObjectId, PlanId, SkuId, Tenant};
pub use licence::{LicenceEvent, LicensingInput};
pub use muster_rule::{Instant, ObjectKind};
pub use object::{AttributePatch, Attributes, Object, UnknownAttribute};
pub use position::Source;
pub use rejection::{DeadLetter, Header, Rejection, RejectionCode};
