//! Lines of kind `tenant`: what holds for all of a tenant's licences.

use super::fields::Fields;
use super::product::duration;
use super::tenant_of;
use crate::line::{Envelope, data_members};
use muster_directory::licence::{LicensingInput, TenantSettings, UsageLocation};
use muster_directory::{Rejection, RejectionCode};

pub(super) fn read(envelope: &Envelope<'_>) -> Result<LicensingInput, Rejection> {
    let op = envelope.op(&["upsert", "delete"])?;
    envelope.only(data_members(op), "a line")?;
    envelope.time()?;
    let tenant = tenant_of(envelope)?;
    if op == "delete" {
        return Ok(LicensingInput::Settings(tenant, None));
    }
    let what = ("a tenant's settings", RejectionCode::InvalidLicensing);
    let known = ["usageLocation", "settleTime", "removalBrake"];
    let fields = Fields::of(envelope.source, envelope.data()?, what, &known)?;
    let location = fields.text("usageLocation")?;
    let settings = TenantSettings {
        usage_location: location.map(|code| UsageLocation::new(&code)).transpose()?,
        settle_millis: duration(&fields, "settleTime")?,
        removal_brake: fields.count("removalBrake")?,
    };
    Ok(LicensingInput::Settings(tenant, Some(settings)))
}
