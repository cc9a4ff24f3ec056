//! Lines of kind `product`: what a tenant owns, in the shape of Microsoft Graph's `subscribedSku`.
//!
//! Members that Graph gives and that mean nothing here may stand where they are.

use super::delta::one_of;
use super::fields::Fields;
use super::refuse;
use crate::json::{Source, quoted};
use crate::line::{Envelope, data_members};
use muster_directory::licence::{
    Capability, LicensingInput, Product, ServicePlan, UniqueAttribute, UsageLocation,
};
use muster_directory::{PlanId, Rejection, RejectionCode, SkuId};
use muster_rule::instant;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

const CODE: RejectionCode = RejectionCode::InvalidLicensing;
const MEMBERS: &[&str] = &[
    "skuPartNumber",
    "prepaidUnits",
    "gracePeriod",
    "servicePlans",
    "capabilityStatus",
    "skuId",
    "id",
    "consumedUnits",
    "appliesTo",
    "accountId",
    "accountName",
    "subscriptionIds",
];
const UNITS: &[&str] = &["enabled", "warning", "suspended", "lockedOut"];
const PLAN_MEMBERS: &[&str] = &[
    "servicePlanId",
    "servicePlanName",
    "dependsOn",
    "excludes",
    "prohibitedIn",
    "unique",
    "appliesTo",
    "provisioningStatus",
];

pub(super) fn read(envelope: &Envelope<'_>) -> Result<LicensingInput, Rejection> {
    let op = envelope.op(&["upsert", "delete"])?;
    envelope.only(data_members(op), "a line")?;
    envelope.time()?;
    let (tenant, sku) = (envelope.tenant()?, SkuId::new(envelope.object_id()?.as_str())?);
    let product = match op {
        "delete" => None,
        _ => Some(product(envelope.source, envelope.data()?, &sku)?),
    };
    Ok(LicensingInput::Product(tenant, sku, product))
}

fn product<'a>(source: Source<'a>, data: &'a RawValue, sku: &SkuId) -> Result<Product, Rejection> {
    let fields = Fields::of(source, data, ("a product", CODE), MEMBERS)?;
    if let Some(other) = fields.text("skuId")?.filter(|id| id != sku.as_str()) {
        let (other, own) = (quoted(&other), quoted(sku.as_str()));
        return Err(fields.refuse(format!("`skuId` is {other}, but the line is about {own}")));
    }
    let Some(units) = fields.raw("prepaidUnits") else {
        return Err(fields.missing("prepaidUnits", "an object such as `{\"enabled\":25}`"));
    };
    let units = Fields::of(source, units, ("`prepaidUnits`", CODE), UNITS)?;
    let capability = match fields.text("capabilityStatus")? {
        None => Capability::Enabled,
        Some(_) => one_of(
            &fields,
            "capabilityStatus",
            &[
                ("Enabled", Capability::Enabled),
                ("Warning", Capability::Enabled),
                ("Suspended", Capability::Suspended),
                ("LockedOut", Capability::Suspended),
                ("Deleted", Capability::Suspended),
            ],
        )?,
    };
    let mut service_plans = Vec::new();
    for plan in fields.elements("servicePlans")?.unwrap_or_default() {
        service_plans.push(service_plan(source, plan)?);
    }
    service_plans.sort_by(|a: &ServicePlan, b| a.id.cmp(&b.id));
    if let Some([one, _]) = service_plans.array_windows().find(|[a, b]| a.id == b.id) {
        let id = quoted(one.id.as_str());
        return Err(fields.refuse(format!("the service plan {id} is given twice: give it once")));
    }
    Ok(Product {
        part_number: fields.text("skuPartNumber")?.map(|name| Arc::from(name.as_ref())),
        enabled_units: units.required_count("enabled")?,
        capability,
        grace_millis: duration(&fields, "gracePeriod")?,
        service_plans,
    })
}

fn service_plan<'a>(source: Source<'a>, plan: &'a RawValue) -> Result<ServicePlan, Rejection> {
    let fields = Fields::of(source, plan, ("a service plan", CODE), PLAN_MEMBERS)?;
    let unique = match fields.text("unique")? {
        None => None,
        Some(_) => Some(one_of(&fields, "unique", &[("proxyAddresses", UniqueAttribute::ProxyAddresses)])?),
    };
    let places = fields.texts("prohibitedIn")?;
    Ok(ServicePlan {
        id: PlanId::new(&fields.required_text("servicePlanId")?)?,
        name: fields.text("servicePlanName")?.map(|name| Arc::from(name.as_ref())),
        depends_on: plan_ids(&fields.texts("dependsOn")?)?,
        excludes: plan_ids(&fields.texts("excludes")?)?,
        prohibited_in: places.iter().map(|place| UsageLocation::new(place)).collect::<Result<_, _>>()?,
        unique,
    })
}

/// Ids of plans: sorted, each once.
pub(super) fn plan_ids(texts: &[Cow<'_, str>]) -> Result<Vec<PlanId>, Rejection> {
    let mut ids = texts.iter().map(|id| PlanId::new(id)).collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// An ISO 8601 duration in milliseconds; 0 where it is missing.
pub(super) fn duration(fields: &Fields<'_>, name: &str) -> Result<i64, Rejection> {
    let Some(text) = fields.text(name)? else { return Ok(0) };
    instant::parse_duration(&text).map_err(|error| refuse(format!("`{name}` is {}: {error}", quoted(&text))))
}
