//! What the licensing subscriber stores: its records, as a store keeps them.
//!
//! They travel in the same entries as the engine's, in a partition of their own.

use muster_directory::licence::{Assignment, Kept, Product, TenantSettings, UsageLocation};
use muster_directory::{Delta, GroupId, ObjectId, PlanId, SkuId, Tenant};
use std::sync::Arc;

/// The after-image of one record; `None` is its tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicensingImage {
    /// How far one partition of the deltas is folded.
    Feed(u32, Option<FeedImage>),
    /// What holds for a tenant.
    Settings(Tenant, Option<TenantSettings>),
    /// What a tenant owns of a product.
    Product(Tenant, SkuId, Option<Product>),
    /// A group that has an assignment, or is dynamic.
    Group(Tenant, GroupId, Option<LicensedGroupImage>),
    /// A user.
    User(Tenant, ObjectId, Option<LicensedUserImage>),
}

/// How far one partition of the deltas is folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedImage {
    /// The last sequence that was read.
    pub sequence: u64,
    /// The last deltas up to it whose event is not complete yet, in order; their sequences end at it.
    pub pending: Vec<Delta>,
}

/// An assignment, and when it came into being.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentImage {
    /// The input position at which it was made; edits keep it.
    pub since: u64,
    /// What it says.
    pub assignment: Assignment,
}

/// What licensing knows of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicensedGroupImage {
    /// Whether it has a rule, as far as its lines tell.
    pub dynamic: bool,
    /// What its members get.
    pub assignment: Option<AssignmentImage>,
}

/// Whether a source has its seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceStanding {
    /// All of them.
    Satisfied,
    /// None.
    Waiting,
}

/// What licensing knows of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LicensedUserImage {
    /// The user's own usage location.
    pub usage_location: Option<UsageLocation>,
    /// The user's mail addresses as they are compared: sorted, each once.
    pub addresses: Vec<Arc<str>>,
    /// The groups that the user is a member of, and since which input position; sorted, each once.
    pub memberships: Vec<(GroupId, u64)>,
    /// What is assigned directly, and how that stands.
    pub direct: Option<(AssignmentImage, SourceStanding)>,
    /// The groups whose assignment is satisfied: sorted, each once.
    pub satisfied: Vec<GroupId>,
    /// Seats that are kept without a source: sorted, each product once.
    pub kept: Vec<KeptSeatImage>,
}

/// A seat that is kept without a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSeatImage {
    /// Of which product.
    pub sku: SkuId,
    /// How long.
    pub kept: Kept,
    /// The plans that stay enabled meanwhile: sorted, each once.
    pub plans: Vec<PlanId>,
}
