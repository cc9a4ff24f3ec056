//! Input lines of licensing and of the groups it hangs on, as tests write them.

use serde_json::{Value, json};

/// A product with so many seats.
#[must_use]
pub fn product(id: &str, units: u64, plans: &[Value]) -> Value {
    let data = json!({"skuPartNumber": id.to_uppercase(), "prepaidUnits": {"enabled": units}, "servicePlans": plans});
    json!({"kind": "product", "op": "upsert", "id": id, "data": data})
}

/// A plan with nothing to say of it.
#[must_use]
pub fn plan(id: &str) -> Value {
    json!({"servicePlanId": id})
}

/// A group gives one product, without these plans.
#[must_use]
pub fn assignment(group: &str, sku: &str, disabled: &[&str]) -> Value {
    let data = json!({"assignedLicenses": [{"skuId": sku, "disabledPlans": disabled}]});
    json!({"kind": "licenseAssignment", "op": "upsert", "group": group, "data": data})
}

/// The group of all guests of Contoso.
#[must_use]
pub fn guests() -> Value {
    let rule = "(user.userType -eq \"Guest\") -and (user.companyName -eq \"Contoso\")";
    json!({"kind": "group", "op": "upsert", "id": "guests", "data": {"membershipRule": rule}})
}

/// A guest of Contoso.
#[must_use]
pub fn guest(id: &str) -> Value {
    json!({"kind": "user", "op": "upsert", "id": id, "data": {"userType": "Guest", "companyName": "Contoso"}})
}
