//! Random records of the licensing subscriber.

use super::{cause, delta, group_id, instant, object_id, source, tenant};
use muster_directory::licence::{
    AssignedLicence, Assignment, AssignmentState, Capability, Kept, LicenceCause, LicenceChange, Product,
    ServicePlan, SourceState, TenantSettings, UniqueAttribute, UsageLocation, Violation,
};
use muster_directory::{LicenceEvent, PlanId, SkuId};
use muster_engine::storage::licensing::{
    AssignmentImage, FeedImage, KeptSeatImage, LicensedGroupImage, LicensedUserImage, LicensingImage,
    SourceStanding,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;

fn sku_id() -> impl Strategy<Value = SkuId> {
    "[a-z/-]{1,6}".prop_map(|id| SkuId::new(&id).unwrap())
}

fn plan_ids() -> impl Strategy<Value = Vec<PlanId>> {
    btree_set("p[0-9]{0,2}", 0..4).prop_map(|ids| ids.iter().map(|id| PlanId::new(id).unwrap()).collect())
}

fn location() -> impl Strategy<Value = UsageLocation> {
    any::<String>().prop_map(|text| UsageLocation::of_user(&text))
}

fn name() -> impl Strategy<Value = Option<Arc<str>>> {
    option::of(any::<String>().prop_map(Arc::from))
}

fn kept() -> impl Strategy<Value = Kept> {
    prop_oneof![instant().prop_map(Kept::Until), any::<u64>().prop_map(Kept::Unconfirmed)]
}

pub(crate) fn feed() -> impl Strategy<Value = FeedImage> {
    (0..u64::from(u32::MAX), vec(delta(), 0..4)).prop_map(|(before, mut pending)| {
        for (sequence, delta) in (before + 1..).zip(&mut pending) {
            delta.sequence = sequence;
        }
        FeedImage { sequence: before + pending.len() as u64, pending }
    })
}

pub(crate) fn settings() -> impl Strategy<Value = TenantSettings> {
    (option::of(location()), any::<i64>(), option::of(any::<u64>())).prop_map(
        |(usage_location, settle_millis, removal_brake)| TenantSettings {
            usage_location,
            settle_millis,
            removal_brake,
        },
    )
}

pub(crate) fn product() -> impl Strategy<Value = Product> {
    let unique = option::of(Just(UniqueAttribute::ProxyAddresses));
    let plan = (name(), plan_ids(), plan_ids(), vec(location(), 0..3), unique);
    let plans = btree_map("p[0-9]{0,2}", plan, 0..4).prop_map(|plans| {
        let plan = |(id, (name, depends_on, excludes, prohibited_in, unique)): (String, _)| ServicePlan {
            id: PlanId::new(&id).unwrap(),
            name,
            depends_on,
            excludes,
            prohibited_in,
            unique,
        };
        plans.into_iter().map(plan).collect()
    });
    let capability = select(vec![Capability::Enabled, Capability::Suspended]);
    (name(), any::<u64>(), capability, any::<i64>(), plans).prop_map(
        |(part_number, enabled_units, capability, grace_millis, service_plans)| Product {
            part_number,
            enabled_units,
            capability,
            grace_millis,
            service_plans,
        },
    )
}

fn assignment() -> impl Strategy<Value = AssignmentImage> {
    let licences = btree_map("[a-z/-]{1,6}", plan_ids(), 0..3).prop_map(|licences| {
        let licence = |(sku, disabled_plans): (String, _)| AssignedLicence {
            sku: SkuId::new(&sku).unwrap(),
            disabled_plans,
        };
        licences.into_iter().map(licence).collect()
    });
    (any::<u64>(), any::<i64>(), licences).prop_map(|(since, priority, licences)| AssignmentImage {
        since,
        assignment: Assignment { priority, licences },
    })
}

pub(crate) fn group() -> impl Strategy<Value = LicensedGroupImage> {
    (any::<bool>(), option::of(assignment()))
        .prop_map(|(dynamic, assignment)| LicensedGroupImage { dynamic, assignment })
}

pub(crate) fn user() -> impl Strategy<Value = LicensedUserImage> {
    let standing = select(vec![SourceStanding::Satisfied, SourceStanding::Waiting]);
    let seats = btree_map("[a-z/-]{1,6}", (kept(), plan_ids()), 0..3).prop_map(|seats| {
        let seat =
            |(sku, (kept, plans)): (String, _)| KeptSeatImage { sku: SkuId::new(&sku).unwrap(), kept, plans };
        seats.into_iter().map(seat).collect()
    });
    let groups = (btree_map(group_id(), any::<u64>(), 0..4), btree_set(group_id(), 0..3));
    let addresses = btree_set(any::<String>(), 0..3);
    (option::of(location()), addresses, groups, option::of((assignment(), standing)), seats).prop_map(
        |(usage_location, addresses, (memberships, satisfied), direct, kept)| LicensedUserImage {
            usage_location,
            addresses: addresses.into_iter().map(Arc::from).collect(),
            memberships: memberships.into_iter().collect(),
            direct,
            satisfied: satisfied.into_iter().collect(),
            kept,
        },
    )
}

/// A record of any kind, or its tombstone.
pub(crate) fn image() -> impl Strategy<Value = LicensingImage> {
    prop_oneof![
        (any::<u32>(), option::of(feed())).prop_map(|(p, image)| LicensingImage::Feed(p, image)),
        (tenant(), option::of(settings())).prop_map(|(t, image)| LicensingImage::Settings(t, image)),
        (tenant(), sku_id(), option::of(product()))
            .prop_map(|(t, id, image)| LicensingImage::Product(t, id, image)),
        (tenant(), group_id(), option::of(group()))
            .prop_map(|(t, id, image)| LicensingImage::Group(t, id, image)),
        (tenant(), object_id(), option::of(user()))
            .prop_map(|(t, id, image)| LicensingImage::User(t, id, image)),
    ]
}

/// A licence event whose sequence is 0.
pub(crate) fn event() -> impl Strategy<Value = LicenceEvent> {
    let change = select(vec![
        LicenceChange::Assigned,
        LicenceChange::Changed,
        LicenceChange::Removed,
        LicenceChange::Waiting,
        LicenceChange::Failed,
    ]);
    let violation = || select(Violation::ALL.to_vec());
    let state = prop_oneof![
        Just(AssignmentState::Active),
        Just(AssignmentState::Disabled),
        violation().prop_map(AssignmentState::ActiveWithError),
        violation().prop_map(AssignmentState::Error),
    ];
    let states = vec((option::of(group_id()), state), 0..3)
        .prop_map(|states| states.into_iter().map(|(group, state)| SourceState { group, state }).collect());
    let reason = prop_oneof![
        cause().prop_map(LicenceCause::Membership),
        select(vec![
            LicenceCause::Assignment,
            LicenceCause::Product,
            LicenceCause::Tenant,
            LicenceCause::User,
            LicenceCause::Group,
            LicenceCause::Clock,
            LicenceCause::Confirmation,
        ]),
    ];
    let has = (plan_ids(), states, option::of(kept()));
    (tenant(), instant(), change, (object_id(), sku_id()), has, reason, source()).prop_map(
        |(tenant, time, change, (user, sku), (enabled_plans, states, kept), cause, source)| LicenceEvent {
            tenant,
            sequence: 0,
            time,
            change,
            user,
            sku,
            enabled_plans,
            states,
            kept,
            cause,
            source,
        },
    )
}
