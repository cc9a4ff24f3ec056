//! What the licensing subscriber keeps: feeds, settings, products, groups and users. Ids are their keys'.

use super::{Damage, check_sorted, entry, read, write};
use muster_directory::licence::{
    AssignedLicence, Assignment, Capability, Kept, Product, ServicePlan, TenantSettings, UniqueAttribute,
    UsageLocation,
};
use muster_directory::{GroupId, Instant, PlanId, Rejection, SkuId};
use muster_engine::storage::licensing::{
    AssignmentImage, FeedImage, KeptSeatImage, LicensedGroupImage, LicensedUserImage, SourceStanding,
};
use muster_engine::storage::{Entry, Positions, StorageError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Pending deltas are written as an entry has them, whose sequence is the feed's.
pub(crate) fn encode_feed(image: &FeedImage) -> Result<Vec<u8>, StorageError> {
    entry::encode(&Entry {
        number: 0,
        positions: Positions::new(),
        definitions_position: 0,
        clock: Instant::from_millis(0),
        sequence: image.sequence,
        deltas: image.pending.clone(),
        licences: Vec::new(),
        dead_letters: Vec::new(),
        statuses: Vec::new(),
        records: Vec::new(),
    })
}

pub(crate) fn decode_feed(bytes: &[u8]) -> Result<FeedImage, Damage> {
    let entry = entry::decode(0, bytes)?;
    Ok(FeedImage { sequence: entry.sequence, pending: entry.deltas })
}

#[derive(Serialize, Deserialize)]
struct SettingsV1<'a> {
    usage_location: Option<&'a str>,
    settle_millis: i64,
    removal_brake: Option<u64>,
}

pub(crate) fn encode_settings(settings: &TenantSettings) -> Result<Vec<u8>, StorageError> {
    let record = SettingsV1 {
        usage_location: settings.usage_location.as_ref().map(UsageLocation::as_str),
        settle_millis: settings.settle_millis,
        removal_brake: settings.removal_brake,
    };
    write(1, &record)
}

pub(crate) fn decode_settings(bytes: &[u8]) -> Result<TenantSettings, Damage> {
    let record: SettingsV1<'_> = match super::open(bytes)? {
        (1, payload) => read(payload)?,
        (version, _) => return Err(Damage::version(version)),
    };
    Ok(TenantSettings {
        usage_location: record.usage_location.map(UsageLocation::of_user),
        settle_millis: record.settle_millis,
        removal_brake: record.removal_brake,
    })
}

#[derive(Serialize, Deserialize)]
struct ProductV1<'a> {
    part_number: Option<&'a str>,
    enabled_units: u64,
    suspended: bool,
    grace_millis: i64,
    #[serde(borrow)]
    service_plans: Vec<PlanV1<'a>>,
}

#[derive(Serialize, Deserialize)]
struct PlanV1<'a> {
    id: &'a str,
    name: Option<&'a str>,
    #[serde(borrow)]
    depends_on: Vec<&'a str>,
    #[serde(borrow)]
    excludes: Vec<&'a str>,
    #[serde(borrow)]
    prohibited_in: Vec<&'a str>,
    unique: Option<UniqueV1>,
}

#[derive(Serialize, Deserialize)]
enum UniqueV1 {
    ProxyAddresses,
}

pub(crate) fn encode_product(product: &Product) -> Result<Vec<u8>, StorageError> {
    let record = ProductV1 {
        part_number: product.part_number.as_deref(),
        enabled_units: product.enabled_units,
        suspended: product.capability == Capability::Suspended,
        grace_millis: product.grace_millis,
        service_plans: product.service_plans.iter().map(PlanV1::from).collect(),
    };
    write(1, &record)
}

pub(crate) fn decode_product(bytes: &[u8]) -> Result<Product, Damage> {
    let record: ProductV1<'_> = match super::open(bytes)? {
        (1, payload) => read(payload)?,
        (version, _) => return Err(Damage::version(version)),
    };
    let plans = record.service_plans.into_iter().map(ServicePlan::try_from);
    Ok(Product {
        part_number: record.part_number.map(Arc::from),
        enabled_units: record.enabled_units,
        capability: if record.suspended { Capability::Suspended } else { Capability::Enabled },
        grace_millis: record.grace_millis,
        service_plans: plans.collect::<Result<_, _>>()?,
    })
}

impl<'a> From<&'a ServicePlan> for PlanV1<'a> {
    fn from(plan: &'a ServicePlan) -> PlanV1<'a> {
        PlanV1 {
            id: plan.id.as_str(),
            name: plan.name.as_deref(),
            depends_on: plan.depends_on.iter().map(PlanId::as_str).collect(),
            excludes: plan.excludes.iter().map(PlanId::as_str).collect(),
            prohibited_in: plan.prohibited_in.iter().map(UsageLocation::as_str).collect(),
            unique: plan.unique.map(|UniqueAttribute::ProxyAddresses| UniqueV1::ProxyAddresses),
        }
    }
}

impl TryFrom<PlanV1<'_>> for ServicePlan {
    type Error = Damage;

    fn try_from(plan: PlanV1<'_>) -> Result<ServicePlan, Damage> {
        Ok(ServicePlan {
            id: PlanId::new(plan.id)?,
            name: plan.name.map(Arc::from),
            depends_on: plan_ids(plan.depends_on)?,
            excludes: plan_ids(plan.excludes)?,
            prohibited_in: plan.prohibited_in.into_iter().map(UsageLocation::of_user).collect(),
            unique: plan.unique.map(|UniqueV1::ProxyAddresses| UniqueAttribute::ProxyAddresses),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct AssignmentV1<'a> {
    since: u64,
    priority: i64,
    /// Products, and the plans of them that are switched off.
    #[serde(borrow)]
    licences: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> From<&'a AssignmentImage> for AssignmentV1<'a> {
    fn from(image: &'a AssignmentImage) -> AssignmentV1<'a> {
        let licence = |licence: &'a AssignedLicence| {
            (licence.sku.as_str(), licence.disabled_plans.iter().map(PlanId::as_str).collect())
        };
        AssignmentV1 {
            since: image.since,
            priority: image.assignment.priority,
            licences: image.assignment.licences.iter().map(licence).collect(),
        }
    }
}

impl TryFrom<AssignmentV1<'_>> for AssignmentImage {
    type Error = Damage;

    fn try_from(record: AssignmentV1<'_>) -> Result<AssignmentImage, Damage> {
        let licences = record.licences.into_iter().map(|(sku, disabled)| {
            Ok(AssignedLicence { sku: SkuId::new(sku)?, disabled_plans: plan_ids(disabled)? })
        });
        let licences = licences.collect::<Result<_, Damage>>()?;
        Ok(AssignmentImage {
            since: record.since,
            assignment: Assignment { priority: record.priority, licences },
        })
    }
}

#[derive(Serialize, Deserialize)]
struct GroupV1<'a> {
    dynamic: bool,
    #[serde(borrow)]
    assignment: Option<AssignmentV1<'a>>,
}

pub(crate) fn encode_group(image: &LicensedGroupImage) -> Result<Vec<u8>, StorageError> {
    let assignment = image.assignment.as_ref().map(AssignmentV1::from);
    write(1, &GroupV1 { dynamic: image.dynamic, assignment })
}

pub(crate) fn decode_group(bytes: &[u8]) -> Result<LicensedGroupImage, Damage> {
    let record: GroupV1<'_> = match super::open(bytes)? {
        (1, payload) => read(payload)?,
        (version, _) => return Err(Damage::version(version)),
    };
    let assignment = record.assignment.map(AssignmentImage::try_from).transpose()?;
    Ok(LicensedGroupImage { dynamic: record.dynamic, assignment })
}

#[derive(Serialize, Deserialize)]
struct UserV1<'a> {
    usage_location: Option<&'a str>,
    #[serde(borrow)]
    addresses: Vec<&'a str>,
    #[serde(borrow)]
    memberships: Vec<(&'a str, u64)>,
    /// The direct assignment, and whether it is satisfied.
    #[serde(borrow)]
    direct: Option<(AssignmentV1<'a>, bool)>,
    #[serde(borrow)]
    satisfied: Vec<&'a str>,
    #[serde(borrow)]
    kept: Vec<(&'a str, KeptV1, Vec<&'a str>)>,
}

/// Why a seat is kept; licence events have it too.
#[derive(Serialize, Deserialize)]
pub(super) enum KeptV1 {
    Until(i64),
    Unconfirmed(u64),
}

pub(crate) fn encode_user(image: &LicensedUserImage) -> Result<Vec<u8>, StorageError> {
    let direct = image.direct.as_ref();
    let kept = |seat: &KeptSeatImage| KeptV1::from(seat.kept);
    let record = UserV1 {
        usage_location: image.usage_location.as_ref().map(UsageLocation::as_str),
        addresses: image.addresses.iter().map(|address| &**address).collect(),
        memberships: image.memberships.iter().map(|(group, since)| (group.as_str(), *since)).collect(),
        direct: direct.map(|(assignment, standing)| {
            (AssignmentV1::from(assignment), *standing == SourceStanding::Satisfied)
        }),
        satisfied: image.satisfied.iter().map(GroupId::as_str).collect(),
        kept: image
            .kept
            .iter()
            .map(|seat| (seat.sku.as_str(), kept(seat), seat.plans.iter().map(PlanId::as_str).collect()))
            .collect(),
    };
    write(1, &record)
}

pub(crate) fn decode_user(bytes: &[u8]) -> Result<LicensedUserImage, Damage> {
    let record: UserV1<'_> = match super::open(bytes)? {
        (1, payload) => read(payload)?,
        (version, _) => return Err(Damage::version(version)),
    };
    check_sorted("memberships", &record.memberships)?;
    check_sorted("satisfied groups", &record.satisfied)?;
    let memberships = record.memberships.into_iter().map(|(group, since)| Ok((GroupId::new(group)?, since)));
    let standing = |satisfied| match satisfied {
        true => SourceStanding::Satisfied,
        false => SourceStanding::Waiting,
    };
    let direct = record.direct.map(|(assignment, satisfied)| {
        AssignmentImage::try_from(assignment).map(|assignment| (assignment, standing(satisfied)))
    });
    let kept = record.kept.into_iter().map(|(sku, kept, plans)| {
        Ok(KeptSeatImage { sku: SkuId::new(sku)?, kept: kept.into_kept(), plans: plan_ids(plans)? })
    });
    Ok(LicensedUserImage {
        usage_location: record.usage_location.map(UsageLocation::of_user),
        addresses: record.addresses.into_iter().map(Arc::from).collect(),
        memberships: memberships.collect::<Result<_, Damage>>()?,
        direct: direct.transpose()?,
        satisfied: record.satisfied.into_iter().map(GroupId::new).collect::<Result<_, _>>()?,
        kept: kept.collect::<Result<_, Damage>>()?,
    })
}

impl From<Kept> for KeptV1 {
    fn from(kept: Kept) -> KeptV1 {
        match kept {
            Kept::Until(instant) => KeptV1::Until(instant.as_millis()),
            Kept::Unconfirmed(number) => KeptV1::Unconfirmed(number),
        }
    }
}

impl KeptV1 {
    pub(super) fn into_kept(self) -> Kept {
        match self {
            KeptV1::Until(millis) => Kept::Until(Instant::from_millis(millis)),
            KeptV1::Unconfirmed(number) => Kept::Unconfirmed(number),
        }
    }
}

fn plan_ids(ids: Vec<&str>) -> Result<Vec<PlanId>, Rejection> {
    ids.into_iter().map(PlanId::new).collect()
}
