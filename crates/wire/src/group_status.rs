//! How current a group is in one partition, as the compacted topic `muster.group-status` keeps it. The
//! bytes are a contract.

use crate::json::append_line;
use crate::key;
use crate::record::NewRecord;
use muster_directory::{GroupState, GroupStatus};
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
struct Value {
    version: u64,
    state: &'static str,
    members: u64,
    added: u64,
    removed: u64,
    as_of: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::{GroupId, Instant, Tenant};

    #[test]
    fn statuses_are_as_documented() {
        let check = |state, expected: Option<&str>| {
            let status = GroupStatus {
                tenant: Tenant::default(),
                group: GroupId::new("g1").unwrap(),
                version: 7,
                state,
                members: 3,
                added: 2,
                removed: 1,
                as_of: Instant::parse("2026-11-22T10:00:00Z").unwrap(),
            };
            let record = group_status_record(&status, 2);
            assert_eq!(record.key.as_deref(), Some(&b"g1/2"[..]));
            let value = record.value.map(|value| String::from_utf8(value).unwrap());
            let rest = r#""members":3,"added":2,"removed":1,"asOf":"2026-11-22T10:00:00.000Z"}"#;
            let expected = expected.map(|state| format!(r#"{{"version":7,"state":"{state}",{rest}"#));
            assert_eq!(value, expected);
        };
        check(GroupState::Syncing, Some("syncing"));
        check(GroupState::Current, Some("current"));
        check(GroupState::Paused, Some("paused"));
        check(GroupState::Failed, Some("failed"));
        check(GroupState::Held, Some("held"));
        check(GroupState::Deleted, None);
    }
}
