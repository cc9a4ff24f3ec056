//! Licences: what a tenant owns, what is assigned to groups and users, and who got or lost what.
//!
//! Plain data, as lines say it and as events tell it; which source is satisfied is for the
//! subscriber to decide.

use crate::{
    Cause, Delta, Event, GroupId, Instant, ObjectId, PlanId, Rejection, RejectionCode, SkuId, Source, Tenant,
};
use std::sync::Arc;

/// A country or region in which services are used: ISO 3166-1 alpha-2 where it is valid, in ASCII
/// upper case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageLocation(Arc<str>);

impl UsageLocation {
    /// Whatever a user's attribute says; an unknown code is prohibited nowhere.
    #[must_use]
    pub fn of_user(text: &str) -> UsageLocation {
        UsageLocation(Arc::from(text.to_ascii_uppercase()))
    }

    /// What an administrator writes.
    ///
    /// # Errors
    /// `invalid-value` for anything but two letters.
    pub fn new(text: &str) -> Result<UsageLocation, Rejection> {
        if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Ok(UsageLocation::of_user(text));
        }
        let message = format!("`{text}` is no usage location: give two letters, such as `US`");
        Err(Rejection::new(RejectionCode::InvalidValue, message))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One service of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlan {
    /// Several products may bring the same plan.
    pub id: PlanId,
    /// The name for people, such as `INTUNE_A`.
    pub name: Option<Arc<str>>,
    /// All of these must be enabled too.
    pub depends_on: Vec<PlanId>,
    /// None of these may be enabled too. It holds both ways.
    pub excludes: Vec<PlanId>,
    /// Where it may not be used.
    pub prohibited_in: Vec<UsageLocation>,
    /// What no two users with this plan may share.
    pub unique: Option<UniqueAttribute>,
}

/// An attribute that a plan wants to be unique among its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniqueAttribute {
    /// Each mail address, without case.
    ProxyAddresses,
}

/// Whether what was bought may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Capability {
    /// Yes (Microsoft Graph's `Enabled` and `Warning`).
    #[default]
    Enabled,
    /// No: seats stay taken and give nothing, and nobody gets a new one (`Suspended`, `LockedOut`,
    /// `Deleted`).
    Suspended,
}

/// What a tenant owns of one product (Microsoft Graph's `subscribedSku`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The name for people, such as `EMSPREMIUM`.
    pub part_number: Option<Arc<str>>,
    /// How many seats there are.
    pub enabled_units: u64,
    /// Whether they may be used.
    pub capability: Capability,
    /// How long a seat is kept after its last source ended, in milliseconds.
    pub grace_millis: i64,
    /// Sorted by id, each once.
    pub service_plans: Vec<ServicePlan>,
}

/// A product of an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedLicence {
    /// Which product.
    pub sku: SkuId,
    /// Plans of it that are switched off: sorted, each once.
    pub disabled_plans: Vec<PlanId>,
}

/// Products for the members of a group, or for one user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// The lowest is served first.
    pub priority: i64,
    /// Sorted by product, each once.
    pub licences: Vec<AssignedLicence>,
}

/// What an assignment is made to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assignee {
    /// One user, directly.
    User(ObjectId),
    /// The members of a group.
    Group(GroupId),
}

/// What holds for a tenant as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantSettings {
    /// Of users that have none of their own.
    pub usage_location: Option<UsageLocation>,
    /// How long every seat is kept after its last source ended, in milliseconds, so that a move in
    /// two events costs nothing.
    pub settle_millis: i64,
    /// An event that would take more seats than this waits for a confirmation; `None`: none does.
    pub removal_brake: Option<u64>,
}

/// What a licensing line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicensingInput {
    /// A line of the engine's own input: users, groups and the clock matter, the rest has no effect.
    Event(Event),
    /// A membership delta of this partition.
    Delta(u32, Delta),
    /// A tenant owns this of a product; `None`: nothing any more.
    Product(Tenant, SkuId, Option<Product>),
    /// An assignment, whole; `None`: its end.
    Assignment(Tenant, Assignee, Option<Assignment>),
    /// What holds for a tenant; `None`: the defaults.
    Settings(Tenant, Option<TenantSettings>),
    /// Seats that the brake of this number holds may go.
    ConfirmRemoval(Tenant, u64),
}

/// Why a source is not, or not properly, what it should be: Microsoft's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Violation {
    /// No seat is free.
    Count,
    /// A plan excludes another that the user has.
    MutuallyExclusive,
    /// A plan needs another that the user has not.
    Dependency,
    /// A plan must not be used where the user is.
    ProhibitedInUsageLocation,
    /// Another user with the plan has the same address.
    Uniqueness,
    /// The tenant owns no such product.
    Other,
}

impl Violation {
    /// Every one.
    pub const ALL: [Violation; 6] = [
        Violation::Count,
        Violation::MutuallyExclusive,
        Violation::Dependency,
        Violation::ProhibitedInUsageLocation,
        Violation::Uniqueness,
        Violation::Other,
    ];

    /// The name in lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Violation::Count => "CountViolation",
            Violation::MutuallyExclusive => "MutuallyExclusiveViolation",
            Violation::Dependency => "DependencyViolation",
            Violation::ProhibitedInUsageLocation => "ProhibitedInUsageLocationViolation",
            Violation::Uniqueness => "UniquenessViolation",
            Violation::Other => "Other",
        }
    }
}

/// How a source stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssignmentState {
    /// Satisfied.
    Active,
    /// Satisfied, and since then a condition broke.
    ActiveWithError(Violation),
    /// Satisfied, but the product is suspended.
    Disabled,
    /// Not satisfied.
    Error(Violation),
}

impl AssignmentState {
    /// The name in lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            AssignmentState::Active => "Active",
            AssignmentState::ActiveWithError(_) => "ActiveWithError",
            AssignmentState::Disabled => "Disabled",
            AssignmentState::Error(_) => "Error",
        }
    }

    /// What is wrong, if anything.
    #[must_use]
    pub const fn violation(self) -> Option<Violation> {
        match self {
            AssignmentState::Active | AssignmentState::Disabled => None,
            AssignmentState::ActiveWithError(violation) | AssignmentState::Error(violation) => {
                Some(violation)
            }
        }
    }
}

/// One source of a user's product, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceState {
    /// The group; `None` for a direct assignment.
    pub group: Option<GroupId>,
    /// How it stands.
    pub state: AssignmentState,
}

/// Why a seat without a source is not free yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kept {
    /// Until the clock reaches this.
    Until(Instant),
    /// Until the removal of this number is confirmed.
    Unconfirmed(u64),
}

/// What an event says of one user and one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LicenceChange {
    /// The user got a seat.
    Assigned,
    /// The user has the seat as before; plans or states differ.
    Changed,
    /// The user lost the seat, or no longer wants one.
    Removed,
    /// The user has no seat and waits for one.
    Waiting,
    /// The user has no seat, for another reason.
    Failed,
}

impl LicenceChange {
    /// Every one.
    pub const ALL: [LicenceChange; 5] = [
        LicenceChange::Assigned,
        LicenceChange::Changed,
        LicenceChange::Removed,
        LicenceChange::Waiting,
        LicenceChange::Failed,
    ];

    /// The name in lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            LicenceChange::Assigned => "assigned",
            LicenceChange::Changed => "changed",
            LicenceChange::Removed => "removed",
            LicenceChange::Waiting => "waiting",
            LicenceChange::Failed => "failed",
        }
    }
}

/// Why a licence event happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LicenceCause {
    /// A membership changed, for this reason.
    Membership(Cause),
    /// An assignment was made, edited or ended.
    Assignment,
    /// The tenant owns more, less or something else.
    Product,
    /// The tenant's settings changed.
    Tenant,
    /// A user's attributes changed, or the user was deleted.
    User,
    /// A group was deleted.
    Group,
    /// Time passed.
    Clock,
    /// A removal that the brake held was confirmed.
    Confirmation,
}

/// A user's licence of one product, as it is after an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceEvent {
    /// Whose user.
    pub tenant: Tenant,
    /// Dense, from 1.
    pub sequence: u64,
    /// The subscriber's clock.
    pub time: Instant,
    /// What happened.
    pub change: LicenceChange,
    /// The user.
    pub user: ObjectId,
    /// The product.
    pub sku: SkuId,
    /// What the user has of it: sorted, each once.
    pub enabled_plans: Vec<PlanId>,
    /// Its sources, the direct one first, then by group.
    pub states: Vec<SourceState>,
    /// Why the seat is kept, where no source has it any more.
    pub kept: Option<Kept>,
    /// Why.
    pub cause: LicenceCause,
    /// The input that caused it.
    pub source: Source,
}
