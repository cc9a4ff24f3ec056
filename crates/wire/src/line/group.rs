//! Lines of kind `group`: a request about a group's definition.
//!
//! Whether the group exists and the rule parses is for the registrar to say.

use super::{Envelope, data_members};
use crate::json::{self, Json, Member, Source, quoted};
use crate::suggest;
use muster_directory::{
    GroupId, GroupOp, GroupPatch, GroupRequest, ProcessingState, Rejection, RejectionCode,
};
use muster_rule::Dialect;
use serde_json::value::RawValue;
use std::sync::Arc;

pub(super) fn decode(envelope: &Envelope<'_>) -> Result<GroupRequest, Rejection> {
    let op = envelope.op(&["upsert", "patch", "delete", "confirm", "reject"])?;
    envelope.only(data_members(op), "a line")?;
    envelope.time()?;
    let (tenant, id) = (envelope.tenant()?, envelope.group_id("id")?);
    let op = match op {
        "delete" => GroupOp::Delete,
        "confirm" => GroupOp::Confirm(held_version(envelope)?),
        "reject" => GroupOp::Reject(held_version(envelope)?),
        "upsert" => GroupOp::Upsert(patch(envelope.source, envelope.data()?, &id)?),
        _ => GroupOp::Patch(patch(envelope.source, envelope.data()?, &id)?),
    };
    Ok(GroupRequest { tenant, id, op })
}

/// The version of the edit that is meant, where one is named: `{"version":17}`.
fn held_version(envelope: &Envelope<'_>) -> Result<Option<u64>, Rejection> {
    if !envelope.has("data") {
        return Ok(None);
    }
    match envelope.source.members_of(envelope.data()?)?.as_slice() {
        [] => Ok(None),
        [Member { name, value }] if name == "version" => value.get().parse().map(Some).map_err(|_| {
            let at = envelope.source.byte_of(value.get());
            let message = format!("`version` takes the number of the edit that waits (byte {at})");
            Rejection::new(RejectionCode::InvalidValue, message)
        }),
        members => {
            let stray = members.iter().find(|member| member.name != "version");
            let name = stray.map_or_else(|| quoted("version"), |member| quoted(&member.name));
            let message = format!("the data has {name}: give `version` once, or leave the data out");
            Err(Rejection::new(RejectionCode::InvalidEvent, message))
        }
    }
}

fn patch<'a>(source: Source<'a>, data: &'a RawValue, id: &GroupId) -> Result<GroupPatch, Rejection> {
    let members = source.members_of(data)?;
    refuse_conflicts(&members)?;
    let mut patch = GroupPatch::default();
    for Member { name, value } in &members {
        let Some(known) = MEMBERS.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            return Err(unknown_member(name));
        };
        let read = Value { source, name: known, value };
        match *known {
            "id" => read.own_id(id)?,
            "displayName" => patch.display_name = Some(read.text()?),
            "membershipRule" => patch.membership_rule = Some(read.text()?),
            "membershipRuleProcessingState" => patch.processing_state = Some(read.processing_state()?),
            "dialect" => patch.dialect = Some(read.dialect()?),
            other => {
                json::check_depth(name, value)?;
                let json = (value.get() != "null").then(|| value.get().into());
                patch.other.insert(Arc::from(other), json);
            }
        }
    }
    Ok(patch)
}

/// One member of the data.
struct Value<'a> {
    source: Source<'a>,
    name: &'static str,
    value: &'a RawValue,
}

impl<'a> Value<'a> {
    fn text(&self) -> Result<Option<Arc<str>>, Rejection> {
        Ok(self.string("a string or null")?.map(Arc::from))
    }

    fn processing_state(&self) -> Result<Option<ProcessingState>, Rejection> {
        const EXPECTED: &str = "`On`, `Paused` or null";
        match self.string(EXPECTED)? {
            None => Ok(None),
            Some(state) if state.eq_ignore_ascii_case("On") => Ok(Some(ProcessingState::On)),
            Some(state) if state.eq_ignore_ascii_case("Paused") => Ok(Some(ProcessingState::Paused)),
            Some(other) => Err(self.mismatch(&Json::String(other.into()), EXPECTED)),
        }
    }

    fn dialect(&self) -> Result<Option<Dialect>, Rejection> {
        const EXPECTED: &str = "`entra`, `extended` or null";
        match self.string(EXPECTED)? {
            None => Ok(None),
            Some(dialect) if dialect.eq_ignore_ascii_case("entra") => Ok(Some(Dialect::Entra)),
            Some(dialect) if dialect.eq_ignore_ascii_case("extended") => Ok(Some(Dialect::Extended)),
            Some(other) => Err(self.mismatch(&Json::String(other.into()), EXPECTED)),
        }
    }

    fn own_id(&self, id: &GroupId) -> Result<(), Rejection> {
        match self.string("the group's own id, or may be left out")? {
            Some(own) if own == id.as_str() => Ok(()),
            _ => {
                let id = quoted(id.as_str());
                let message = format!("`id` in the data differs from the group's, {id}: leave it out");
                Err(Rejection::new(RejectionCode::ConflictingValues, message))
            }
        }
    }

    fn string(&self, expected: &str) -> Result<Option<String>, Rejection> {
        if self.value.get().starts_with(['[', '{']) {
            return Err(self.mismatch(&Json::Array(Vec::new()), expected));
        }
        match self.source.value(self.value)? {
            Json::Null => Ok(None),
            Json::String(text) => Ok(Some(text.into_owned())),
            other => Err(self.mismatch(&other, expected)),
        }
    }

    fn mismatch(&self, found: &Json<'_>, expected: &str) -> Rejection {
        let found = match found {
            Json::Array(_) => "an array or object".to_owned(),
            other => other.describe(),
        };
        let at = self.source.byte_of(self.value.get());
        let message = format!("`{}` is {found}, but takes {expected} (byte {at})", self.name);
        Rejection::new(RejectionCode::InvalidValue, message)
    }
}

/// Refuses two values for one member.
fn refuse_conflicts(members: &[Member<'_>]) -> Result<(), Rejection> {
    let mut sorted: Vec<(String, &str)> =
        members.iter().map(|member| (member.name.to_ascii_lowercase(), member.value.get())).collect();
    sorted.sort_unstable();
    let conflict = sorted.windows(2).find_map(|pair| match pair {
        [(a, old), (b, new)] if a == b && old != new => Some(a),
        _ => None,
    });
    match conflict {
        None => Ok(()),
        Some(name) => {
            let message = format!("{} is given twice with different values: give it once", quoted(name));
            Err(Rejection::new(RejectionCode::ConflictingValues, message))
        }
    }
}

fn unknown_member(name: &str) -> Rejection {
    let advice =
        if ["members", "owners", "memberOf"].iter().any(|relation| relation.eq_ignore_ascii_case(name)) {
            ": list members with lines of kind `member`".to_owned()
        } else {
            match suggest::did_you_mean(name, MEMBERS.iter().copied()) {
                guess if guess.is_empty() => ": leave it out".to_owned(),
                guess => guess,
            }
        };
    Rejection::new(RejectionCode::InvalidEvent, format!("{} is no member of a group{advice}", quoted(name)))
}

/// The members that matter here, and those of Microsoft Graph's group resource, which are kept.
const MEMBERS: &[&str] = &[
    "displayName",
    "membershipRule",
    "membershipRuleProcessingState",
    "dialect",
    "id",
    "allowExternalSenders",
    "assignedLabels",
    "assignedLicenses",
    "autoSubscribeNewMembers",
    "classification",
    "createdByAppId",
    "createdDateTime",
    "deletedDateTime",
    "description",
    "expirationDateTime",
    "groupTypes",
    "hasMembersWithLicenseErrors",
    "hideFromAddressLists",
    "hideFromOutlookClients",
    "infoCatalogs",
    "isArchived",
    "isAssignableToRole",
    "isManagementRestricted",
    "isSubscribedByMail",
    "licenseProcessingState",
    "mail",
    "mailEnabled",
    "mailNickname",
    "onPremisesDomainName",
    "onPremisesLastSyncDateTime",
    "onPremisesNetBiosName",
    "onPremisesProvisioningErrors",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "organizationId",
    "preferredDataLocation",
    "preferredLanguage",
    "proxyAddresses",
    "renewedDateTime",
    "resourceBehaviorOptions",
    "resourceProvisioningOptions",
    "securityEnabled",
    "securityIdentifier",
    "serviceProvisioningErrors",
    "theme",
    "uniqueName",
    "unseenConversationsCount",
    "unseenCount",
    "unseenMessagesCount",
    "visibility",
    "welcomeMessageEnabled",
    "writebackConfiguration",
];
