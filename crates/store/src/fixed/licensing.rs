//! Fixed records of the licensing subscriber.

use super::{group_id, topic, user};
use muster_directory::licence::{
    AssignedLicence, Assignment, AssignmentState, Capability, Kept, LicenceCause, LicenceChange, Product,
    ServicePlan, SourceState, TenantSettings, UniqueAttribute, UsageLocation, Violation,
};
use muster_directory::{Cause, GroupId, Instant, LicenceEvent, PlanId, SkuId, Tenant};
use muster_engine::storage::licensing::{
    AssignmentImage, FeedImage, KeptSeatImage, LicensedGroupImage, LicensedUserImage, SourceStanding,
};
use muster_engine::storage::{Entry, Positions};

fn sku() -> SkuId {
    SkuId::new("sku/1").unwrap()
}

fn plans(ids: &[&str]) -> Vec<PlanId> {
    ids.iter().map(|id| PlanId::new(id).unwrap()).collect()
}

fn location(code: &str) -> UsageLocation {
    UsageLocation::new(code).unwrap()
}

pub(crate) fn feeds() -> [FeedImage; 2] {
    let mut pending = super::entry().deltas;
    pending.truncate(2);
    let sequence = pending.last().unwrap().sequence;
    [FeedImage { sequence, pending }, FeedImage { sequence: 258, pending: Vec::new() }]
}

pub(crate) fn settings() -> [TenantSettings; 2] {
    let usage_location = Some(location("US"));
    [
        TenantSettings { usage_location, settle_millis: 300_000, removal_brake: Some(100) },
        TenantSettings::default(),
    ]
}

pub(crate) fn products() -> [Product; 2] {
    let plan = ServicePlan {
        id: PlanId::new("p1").unwrap(),
        name: Some("INTUNE_A".into()),
        depends_on: plans(&["p2"]),
        excludes: plans(&["p3", "p4"]),
        prohibited_in: vec![location("CN")],
        unique: Some(UniqueAttribute::ProxyAddresses),
    };
    let bare = ServicePlan {
        id: PlanId::new("p2").unwrap(),
        name: None,
        depends_on: Vec::new(),
        excludes: Vec::new(),
        prohibited_in: Vec::new(),
        unique: None,
    };
    [
        Product {
            part_number: Some("EMSPREMIUM".into()),
            enabled_units: 25,
            capability: Capability::Enabled,
            grace_millis: 86_400_000,
            service_plans: vec![plan, bare],
        },
        Product {
            part_number: None,
            enabled_units: 0,
            capability: Capability::Suspended,
            grace_millis: 0,
            service_plans: Vec::new(),
        },
    ]
}

fn assignment() -> AssignmentImage {
    let licences = vec![AssignedLicence { sku: sku(), disabled_plans: plans(&["p1"]) }];
    AssignmentImage { since: 9, assignment: Assignment { priority: -1, licences } }
}

pub(crate) fn groups() -> [LicensedGroupImage; 2] {
    [
        LicensedGroupImage { dynamic: false, assignment: Some(assignment()) },
        LicensedGroupImage { dynamic: true, assignment: None },
    ]
}

pub(crate) fn users() -> [LicensedUserImage; 2] {
    let kept = |sku: &str, kept| KeptSeatImage { sku: SkuId::new(sku).unwrap(), kept, plans: plans(&["p2"]) };
    [
        LicensedUserImage {
            usage_location: Some(location("DE")),
            addresses: vec!["smtp:a@x".into()],
            memberships: vec![(group_id(), 7), (GroupId::new("Staff").unwrap(), 8)],
            direct: Some((assignment(), SourceStanding::Satisfied)),
            satisfied: vec![group_id()],
            kept: vec![
                kept("a", Kept::Until(Instant::from_millis(1_795_000_000_123))),
                kept("b", Kept::Unconfirmed(5)),
            ],
        },
        LicensedUserImage {
            direct: Some((assignment(), SourceStanding::Waiting)),
            ..LicensedUserImage::default()
        },
    ]
}

/// An entry with a licence event of each kind, state, violation and cause.
pub(crate) fn entry() -> Entry {
    let causes = [
        LicenceCause::Membership(Cause::Rule { version: 3 }),
        LicenceCause::Assignment,
        LicenceCause::Product,
        LicenceCause::Tenant,
        LicenceCause::User,
        LicenceCause::Group,
        LicenceCause::Clock,
        LicenceCause::Confirmation,
    ];
    let changes = [
        LicenceChange::Assigned,
        LicenceChange::Changed,
        LicenceChange::Removed,
        LicenceChange::Waiting,
        LicenceChange::Failed,
    ];
    let mut states = vec![
        SourceState { group: None, state: AssignmentState::Active },
        SourceState { group: Some(group_id()), state: AssignmentState::Disabled },
    ];
    for violation in Violation::ALL {
        states.push(SourceState { group: None, state: AssignmentState::ActiveWithError(violation) });
        states.push(SourceState { group: None, state: AssignmentState::Error(violation) });
    }
    let kept = [None, Some(Kept::Until(Instant::from_millis(7))), Some(Kept::Unconfirmed(8))];
    let events = causes.into_iter().zip(changes.into_iter().cycle()).zip(kept.into_iter().cycle());
    let events = (1..).zip(events).map(|(sequence, ((cause, change), kept))| LicenceEvent {
        tenant: Tenant::default(),
        sequence,
        time: Instant::from_millis(1_795_000_000_001),
        change,
        user: user(),
        sku: sku(),
        enabled_plans: plans(&["p1", "p2"]),
        states: std::mem::take(&mut states),
        kept,
        cause,
        source: topic(sequence),
    });
    Entry {
        sequence: 8,
        positions: Positions::from([("licensing.inputs".to_owned(), 3)]),
        deltas: Vec::new(),
        licences: events.collect(),
        statuses: Vec::new(),
        dead_letters: Vec::new(),
        ..super::entry()
    }
}
