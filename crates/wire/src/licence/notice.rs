//! A licence event read back: as much of it as feeding licences back takes.

use muster_directory::licence::LicenceChange;
use muster_directory::{GroupId, ObjectId, SkuId, Tenant};
use serde::Deserialize;
use std::borrow::Cow;

/// What a licence event says of whom, and by which attributes it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceNotice {
    /// Whose user.
    pub tenant: Tenant,
    /// The user.
    pub user: ObjectId,
    /// The product.
    pub sku: SkuId,
    /// What happened.
    pub change: LicenceChange,
    /// The groups that give the product.
    pub groups: Vec<GroupId>,
    /// The user's attributes whose change changed the membership, if that is the cause.
    pub attributes: Vec<String>,
}

impl LicenceNotice {
    /// Whether it came about because a user's licences were fed back.
    #[must_use]
    pub fn is_fed_back(&self) -> bool {
        self.attributes.iter().any(|name| ["assignedPlans", "assignedLicenses"].contains(&name.as_str()))
    }
}

/// Reads a line that [`write_licence_event`](super::write_licence_event) wrote.
///
/// # Errors
/// What is wrong with it.
pub fn read_licence_event(line: &[u8]) -> Result<LicenceNotice, String> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let refused = |rejection: muster_directory::Rejection| rejection.message;
    let change = LicenceChange::ALL.into_iter().find(|change| change.as_str() == line.r#type);
    let is_satisfied = |state: &&State<'_>| state.state != "Error";
    let groups = line.states.iter().filter(is_satisfied).filter_map(|state| state.group.as_deref());
    let tenant = line.tenant.as_deref().map(Tenant::new).transpose().map_err(refused)?;
    Ok(LicenceNotice {
        tenant: tenant.unwrap_or_default(),
        user: ObjectId::new(&line.user_id).map_err(refused)?,
        sku: SkuId::new(&line.sku_id).map_err(refused)?,
        change: change.ok_or_else(|| format!("`{}` is no type of licence events", line.r#type))?,
        groups: groups.map(GroupId::new).collect::<Result<_, _>>().map_err(refused)?,
        attributes: line.cause.attributes,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(borrow)]
    tenant: Option<Cow<'a, str>>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    user_id: Cow<'a, str>,
    #[serde(borrow)]
    sku_id: Cow<'a, str>,
    #[serde(borrow)]
    states: Vec<State<'a>>,
    cause: Cause,
}

#[derive(Deserialize)]
struct State<'a> {
    #[serde(borrow)]
    group: Option<Cow<'a, str>>,
    #[serde(borrow)]
    state: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Cause {
    #[serde(default)]
    attributes: Vec<String>,
}
