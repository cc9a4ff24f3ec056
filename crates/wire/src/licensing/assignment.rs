//! Lines of kind `licenseAssignment`: products for the members of a group, or for one user.

use super::fields::Fields;
use super::product::plan_ids;
use super::refuse;
use crate::json::{Source, quoted};
use crate::line::Envelope;
use muster_directory::licence::{AssignedLicence, Assignee, Assignment, LicensingInput};
use muster_directory::{ObjectId, Rejection, RejectionCode, SkuId};
use serde_json::value::RawValue;

const CODE: RejectionCode = RejectionCode::InvalidLicensing;

pub(super) fn read(envelope: &Envelope<'_>) -> Result<LicensingInput, Rejection> {
    let op = envelope.op(&["upsert", "delete"])?;
    let allowed: &[&str] = match op {
        "delete" => &["op", "tenant", "group", "user", "time"],
        _ => &["op", "tenant", "group", "user", "time", "data"],
    };
    envelope.only(allowed, "a line")?;
    envelope.time()?;
    let assignee = match (envelope.has("group"), envelope.has("user")) {
        (true, false) => Assignee::Group(envelope.group_id("group")?),
        (false, true) => Assignee::User(ObjectId::new(&envelope.required_text("user", "a string")?)?),
        (true, true) => return Err(refuse("`group` and `user` are both given: give one of them".into())),
        (false, false) => return Err(refuse("`group` or `user` is missing: say who gets licences".into())),
    };
    let assignment = match op {
        "delete" => None,
        _ => Some(assignment(envelope.source, envelope.data()?)?),
    };
    Ok(LicensingInput::Assignment(envelope.tenant()?, assignee, assignment))
}

fn assignment<'a>(source: Source<'a>, data: &'a RawValue) -> Result<Assignment, Rejection> {
    let what = ("an assignment", CODE);
    let fields = Fields::of(source, data, what, &["priority", "assignedLicenses"])?;
    let Some(elements) = fields.elements("assignedLicenses")? else {
        return Err(fields.missing("assignedLicenses", "an array"));
    };
    let mut licences: Vec<AssignedLicence> = Vec::new();
    for element in elements {
        let what = ("an assigned license", CODE);
        let licence = Fields::of(source, element, what, &["skuId", "disabledPlans"])?;
        licences.push(AssignedLicence {
            sku: SkuId::new(&licence.required_text("skuId")?)?,
            disabled_plans: plan_ids(&licence.texts("disabledPlans")?)?,
        });
    }
    licences.sort_by(|a, b| a.sku.cmp(&b.sku));
    if let Some([one, _]) = licences.array_windows().find(|[a, b]| a.sku == b.sku) {
        let id = quoted(one.sku.as_str());
        return Err(fields.refuse(format!("the product {id} is given twice: give it once")));
    }
    Ok(Assignment { priority: fields.integer("priority")?.unwrap_or(0), licences })
}
