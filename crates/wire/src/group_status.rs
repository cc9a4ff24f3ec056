//! How current a group is in one partition, as the compacted topic `muster.group-status` keeps it. The
//! bytes are a contract.

use crate::json::append_line;
use crate::key;
use crate::record::NewRecord;
use muster_directory::{GroupState, GroupStatus, RuleProcessing};
use serde::Serialize;

/// The record of a status that was entered in `partition`: a null value once the group is deleted.
#[must_use]
pub fn group_status_record(status: &GroupStatus, partition: u32) -> NewRecord {
    let value = state_name(status.state).map(|state| {
        let value = Value {
            version: status.version,
            state,
            members: status.members,
            added: status.added,
            removed: status.removed,
            remaining: status.remaining,
            held: status.held,
            membership_rule_processing_status: status.processing.as_ref().map(ProcessingValue::of),
            as_of: status.as_of.to_string(),
        };
        let mut line = Vec::with_capacity(128);
        append_line(&mut line, &value);
        line.pop();
        line
    });
    let key = key::group_status(&status.tenant, &status.group, partition);
    NewRecord { key: Some(key), value, headers: Vec::new() }
}

/// The name of a state; the end of a group is none.
fn state_name(state: GroupState) -> Option<&'static str> {
    match state {
        GroupState::Syncing => Some("syncing"),
        GroupState::Current => Some("current"),
        GroupState::Paused => Some("paused"),
        GroupState::Failed => Some("failed"),
        GroupState::Held => Some("held"),
        GroupState::Deleted => None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Value<'a> {
    version: u64,
    state: &'static str,
    members: u64,
    added: u64,
    removed: u64,
    remaining: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    membership_rule_processing_status: Option<ProcessingValue<'a>>,
    as_of: String,
}

/// As Microsoft Graph has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessingValue<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
}

impl ProcessingValue<'_> {
    fn of(processing: &RuleProcessing) -> ProcessingValue<'_> {
        let (status, error_message) = match processing {
            RuleProcessing::NotStarted => ("NotStarted", None),
            RuleProcessing::Running => ("Running", None),
            RuleProcessing::Succeeded => ("Succeeded", None),
            RuleProcessing::Failed(reason) => ("Failed", Some(&**reason)),
        };
        ProcessingValue { status, error_message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::{GroupId, Instant, Tenant};

    #[test]
    fn statuses_are_as_documented() {
        let check = |state, (held, processing), expected: Option<(&str, &str)>| {
            let status = GroupStatus {
                tenant: Tenant::default(),
                group: GroupId::new("g1").unwrap(),
                version: 7,
                state,
                members: 3,
                added: 2,
                removed: 1,
                remaining: 4,
                held,
                processing,
                as_of: Instant::parse("2026-11-22T10:00:00Z").unwrap(),
            };
            let record = group_status_record(&status, 2);
            assert_eq!(record.key.as_deref(), Some(&b"g1/2"[..]));
            let value = record.value.map(|value| String::from_utf8(value).unwrap());
            let expected = expected.map(|(state, more)| {
                let head = format!(r#"{{"version":7,"state":"{state}","members":3,"added":2,"removed":1"#);
                format!(r#"{head},"remaining":4{more},"asOf":"2026-11-22T10:00:00.000Z"}}"#)
            });
            assert_eq!(value, expected);
        };
        let rule = |status: &str| format!(r#","membershipRuleProcessingStatus":{{"status":"{status}"}}"#);
        let running = (None, Some(RuleProcessing::Running));
        check(GroupState::Syncing, running, Some(("syncing", &rule("Running"))));
        check(GroupState::Current, (None, None), Some(("current", "")));
        let not_started = (None, Some(RuleProcessing::NotStarted));
        check(GroupState::Paused, not_started, Some(("paused", &rule("NotStarted"))));
        let failed = r#","membershipRuleProcessingStatus":{"status":"Failed","errorMessage":"why"}"#;
        check(
            GroupState::Failed,
            (None, Some(RuleProcessing::Failed("why".into()))),
            Some(("failed", failed)),
        );
        let held = format!(r#","held":9{}"#, rule("Succeeded"));
        check(GroupState::Held, (Some(9), Some(RuleProcessing::Succeeded)), Some(("held", &held)));
        check(GroupState::Deleted, (None, None), None);
    }
}
