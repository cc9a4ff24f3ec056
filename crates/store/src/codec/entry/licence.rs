//! A licence event as an entry has it. Its sequence follows from density.

use super::list::{List, ListedSourceV1};
use crate::codec::Damage;
use crate::codec::licensing::KeptV1;
use muster_directory::licence::{AssignmentState, LicenceCause, LicenceChange, SourceState, Violation};
use muster_directory::{Cause, GroupId, Instant, LicenceEvent, ObjectId, PlanId, SkuId, Tenant};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
pub(super) struct LicenceEventV1<'a> {
    tenant: &'a str,
    time: i64,
    change: ChangeV1,
    user: &'a str,
    sku: &'a str,
    #[serde(borrow)]
    enabled_plans: Vec<&'a str>,
    #[serde(borrow)]
    states: Vec<(Option<&'a str>, StateV1)>,
    kept: Option<KeptV1>,
    cause: CauseV1,
    source: ListedSourceV1,
}

#[derive(Serialize, Deserialize)]
enum ChangeV1 {
    Assigned,
    Changed,
    Removed,
    Waiting,
    Failed,
}

#[derive(Serialize, Deserialize)]
enum StateV1 {
    Active,
    ActiveWithError(ViolationV1),
    Disabled,
    Error(ViolationV1),
}

#[derive(Serialize, Deserialize)]
enum ViolationV1 {
    Count,
    MutuallyExclusive,
    Dependency,
    ProhibitedInUsageLocation,
    Uniqueness,
    Other,
}

#[derive(Serialize, Deserialize)]
enum CauseV1 {
    /// Its place in the list of causes.
    Membership(u32),
    Assignment,
    Product,
    Tenant,
    User,
    Group,
    Clock,
    Confirmation,
}

impl<'a> LicenceEventV1<'a> {
    pub(super) fn listed(
        event: &'a LicenceEvent,
        names: &mut List<'a, str>,
        causes: &mut List<'a, Cause>,
    ) -> LicenceEventV1<'a> {
        let state = |of: &'a SourceState| (of.group.as_ref().map(GroupId::as_str), StateV1::from(of.state));
        LicenceEventV1 {
            tenant: event.tenant.as_str(),
            time: event.time.as_millis(),
            change: event.change.into(),
            user: event.user.as_str(),
            sku: event.sku.as_str(),
            enabled_plans: event.enabled_plans.iter().map(PlanId::as_str).collect(),
            states: event.states.iter().map(state).collect(),
            kept: event.kept.map(KeptV1::from),
            cause: match &event.cause {
                LicenceCause::Membership(cause) => CauseV1::Membership(causes.place(cause)),
                LicenceCause::Assignment => CauseV1::Assignment,
                LicenceCause::Product => CauseV1::Product,
                LicenceCause::Tenant => CauseV1::Tenant,
                LicenceCause::User => CauseV1::User,
                LicenceCause::Group => CauseV1::Group,
                LicenceCause::Clock => CauseV1::Clock,
                LicenceCause::Confirmation => CauseV1::Confirmation,
            },
            source: ListedSourceV1::listed(&event.source, names),
        }
    }

    pub(super) fn into_event(
        self,
        sequence: u64,
        names: &[Arc<str>],
        causes: &[Cause],
    ) -> Result<LicenceEvent, Damage> {
        let plans = self.enabled_plans.into_iter().map(PlanId::new);
        let states = self.states.into_iter().map(|(group, state)| {
            Ok(SourceState { group: group.map(GroupId::new).transpose()?, state: state.into() })
        });
        Ok(LicenceEvent {
            tenant: Tenant::new(self.tenant)?,
            sequence,
            time: Instant::from_millis(self.time),
            change: self.change.into(),
            user: ObjectId::new(self.user)?,
            sku: SkuId::new(self.sku)?,
            enabled_plans: plans.collect::<Result<_, _>>()?,
            states: states.collect::<Result<_, Damage>>()?,
            kept: self.kept.map(KeptV1::into_kept),
            cause: match self.cause {
                CauseV1::Membership(place) => {
                    let cause = causes.get(place as usize);
                    let missing = || Damage::new(format!("licence event {sequence} has no cause"));
                    LicenceCause::Membership(cause.ok_or_else(missing)?.clone())
                }
                CauseV1::Assignment => LicenceCause::Assignment,
                CauseV1::Product => LicenceCause::Product,
                CauseV1::Tenant => LicenceCause::Tenant,
                CauseV1::User => LicenceCause::User,
                CauseV1::Group => LicenceCause::Group,
                CauseV1::Clock => LicenceCause::Clock,
                CauseV1::Confirmation => LicenceCause::Confirmation,
            },
            source: self.source.into_source(names)?,
        })
    }
}

/// Both ways between an enum and the one that is written.
macro_rules! written {
    ($ours:ident, $written:ident: $($variant:ident)*) => {
        impl From<$ours> for $written {
            fn from(ours: $ours) -> $written {
                match ours { $($ours::$variant => $written::$variant,)* }
            }
        }

        impl From<$written> for $ours {
            fn from(written: $written) -> $ours {
                match written { $($written::$variant => $ours::$variant,)* }
            }
        }
    };
}

written!(LicenceChange, ChangeV1: Assigned Changed Removed Waiting Failed);
written!(Violation, ViolationV1: Count MutuallyExclusive Dependency ProhibitedInUsageLocation Uniqueness Other);

impl From<AssignmentState> for StateV1 {
    fn from(state: AssignmentState) -> StateV1 {
        match state {
            AssignmentState::Active => StateV1::Active,
            AssignmentState::ActiveWithError(violation) => StateV1::ActiveWithError(violation.into()),
            AssignmentState::Disabled => StateV1::Disabled,
            AssignmentState::Error(violation) => StateV1::Error(violation.into()),
        }
    }
}

impl From<StateV1> for AssignmentState {
    fn from(state: StateV1) -> AssignmentState {
        match state {
            StateV1::Active => AssignmentState::Active,
            StateV1::ActiveWithError(violation) => AssignmentState::ActiveWithError(violation.into()),
            StateV1::Disabled => AssignmentState::Disabled,
            StateV1::Error(violation) => AssignmentState::Error(violation.into()),
        }
    }
}
