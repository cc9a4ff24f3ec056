//! Memberships, as the compacted topic `muster.memberships` keeps them: who is a member now, and since
//! when. The bytes are a contract.

use crate::json::append_line;
use crate::key;
use crate::record::NewRecord;
use muster_directory::{Delta, MembershipChange};
use serde::Serialize;

/// The record that a delta leaves: the membership as at joining, or its end, a null value.
#[must_use]
pub fn membership_record(delta: &Delta) -> NewRecord {
    let value = match delta.change {
        MembershipChange::Removed => None,
        MembershipChange::Added => {
            let value = Value {
                since: delta.time.to_string(),
                sequence: delta.sequence,
                rule_version: delta.rule_version,
            };
            let mut line = Vec::with_capacity(80);
            append_line(&mut line, &value);
            line.pop();
            Some(line)
        }
    };
    let key = key::membership(&delta.tenant, &delta.group, &delta.member);
    NewRecord { key: Some(key), value, headers: Vec::new() }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    since: String,
    sequence: u64,
    rule_version: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::{Cause, GroupId, Instant, ObjectId, ObjectKind, Ordinal, Source, Tenant};
    use std::num::NonZeroU32;

    #[test]
    fn a_membership_is_written_at_joining_and_ended_at_leaving() {
        let mut delta = Delta {
            tenant: Tenant::new("t").unwrap(),
            group: GroupId::new("g1").unwrap(),
            member: ObjectId::new("u1").unwrap(),
            member_kind: ObjectKind::User,
            change: MembershipChange::Added,
            sequence: 42,
            time: Instant::parse("2026-11-22T10:00:00.012Z").unwrap(),
            event: Ordinal { index: NonZeroU32::MIN, count: NonZeroU32::MIN },
            rule_version: 7,
            cause: Cause::Clock,
            source: Source::Topic { topic: "muster.changes".into(), partition: 3, offset: 17 },
        };
        let joined = membership_record(&delta);
        assert_eq!(joined.key.as_deref(), Some(&b"t\x1fg1/u1"[..]));
        let expected = r#"{"since":"2026-11-22T10:00:00.012Z","sequence":42,"ruleVersion":7}"#;
        assert_eq!(String::from_utf8(joined.value.unwrap()).unwrap(), expected);
        delta.change = MembershipChange::Removed;
        assert_eq!(membership_record(&delta), NewRecord { value: None, key: joined.key, headers: vec![] });
    }
}
