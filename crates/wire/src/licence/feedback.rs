//! A user's licences as a change of the user, so that rules can read them.

use crate::key;
use crate::record::NewRecord;
use muster_directory::{ObjectId, PlanId, SkuId, Tenant};
use serde::Serialize;
use std::collections::BTreeSet;

/// The patch of a user to these plans and products: what is empty is cleared.
#[must_use]
pub fn feedback_record(
    tenant: &Tenant,
    user: &ObjectId,
    plans: &BTreeSet<PlanId>,
    skus: &BTreeSet<SkuId>,
) -> NewRecord {
    let plan = |plan| Plan { service_plan_id: PlanId::as_str(plan), capability_status: "Enabled" };
    let line = Line {
        kind: "user",
        op: "patch",
        tenant: (*tenant != Tenant::default()).then(|| tenant.as_str()),
        id: user.as_str(),
        data: Data {
            assigned_licenses: skus.iter().map(|sku| Product { sku_id: sku.as_str() }).collect(),
            assigned_plans: plans.iter().map(plan).collect(),
        },
    };
    let mut value = Vec::new();
    crate::json::append_line(&mut value, &line);
    value.pop();
    NewRecord { key: Some(key::object(tenant, user)), value: Some(value), headers: Vec::new() }
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    id: &'a str,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    assigned_licenses: Vec<Product<'a>>,
    assigned_plans: Vec<Plan<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Product<'a> {
    sku_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan<'a> {
    service_plan_id: &'a str,
    capability_status: &'static str,
}
