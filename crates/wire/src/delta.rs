//! Delta lines: one membership added or removed, as subscribers read it. The bytes are a contract.

use muster_directory::delta::ObjectLife;
use muster_directory::{Cause, Delta, MembershipChange, ObjectKind, Source};
use serde::Serialize;
use std::sync::Arc;

/// Appends `delta` to `out` as one line, its line break included. `partition` is named where there
/// is more than one.
pub fn write_delta(out: &mut Vec<u8>, delta: &Delta, partition: Option<u32>) {
    let event = (delta.event.count.get() > 1)
        .then(|| Event { index: delta.event.index.get(), count: delta.event.count.get() });
    let line = Line {
        tenant: delta.tenant.as_str(),
        group_id: delta.group.as_str(),
        member_id: delta.member.as_str(),
        member_type: delta.member_kind,
        change: match delta.change {
            MembershipChange::Added => "added",
            MembershipChange::Removed => "removed",
        },
        partition,
        sequence: delta.sequence,
        time: delta.time.to_string(),
        event,
        cause: cause(&delta.cause, &delta.source),
    };
    crate::json::append_line(out, &line);
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    tenant: &'a str,
    group_id: &'a str,
    member_id: &'a str,
    member_type: ObjectKind,
    change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<u32>,
    sequence: u64,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Event>,
    cause: CauseLine<'a>,
}

#[derive(Serialize)]
struct Event {
    index: u32,
    count: u32,
}

/// A cause; of licence events too.
#[derive(Serialize, Default)]
pub(crate) struct CauseLine<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a [Arc<str>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a str>,
    source: Option<SourceLine<'a>>,
}

impl<'a> CauseLine<'a> {
    /// A cause of which there is nothing more to say.
    pub(crate) fn plain(kind: &'static str, source: SourceLine<'a>) -> CauseLine<'a> {
        CauseLine { r#type: kind, source: Some(source), ..CauseLine::default() }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum SourceLine<'a> {
    File { file: &'a str, line: u64 },
    Topic { topic: &'a str, partition: u32, offset: u64 },
}

impl<'a> From<&'a Source> for SourceLine<'a> {
    fn from(source: &'a Source) -> SourceLine<'a> {
        match source {
            Source::File { file, line } => SourceLine::File { file, line: *line },
            Source::Topic { topic, partition, offset } => {
                SourceLine::Topic { topic, partition: *partition, offset: *offset }
            }
        }
    }
}

pub(crate) fn cause<'a>(cause: &'a Cause, source: &'a Source) -> CauseLine<'a> {
    let mut line = CauseLine { source: Some(source.into()), ..CauseLine::default() };
    match cause {
        Cause::Change { attributes, object, time } => {
            line.r#type = "change";
            line.attributes = Some(attributes);
            line.object = object.map(|life| match life {
                ObjectLife::Created => "created",
                ObjectLife::Deleted => "deleted",
            });
            line.time = time.as_deref();
        }
        Cause::Rule { version } => {
            line.r#type = "rule";
            line.version = Some(*version);
        }
        Cause::Clock => line.r#type = "clock",
        Cause::MemberOf { group } => {
            line.r#type = "memberOf";
            line.group = Some(group.as_str());
        }
        Cause::Member { time } => {
            line.r#type = "member";
            line.time = time.as_deref();
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::{GroupId, Instant, ObjectId, Ordinal, Tenant};
    use std::num::NonZeroU32;

    fn line(cause: Cause, count: u32, source: Source, partition: Option<u32>) -> String {
        let delta = Delta {
            tenant: Tenant::default(),
            group: GroupId::new("g1").unwrap(),
            member: ObjectId::new("u\"1").unwrap(),
            member_kind: ObjectKind::User,
            change: MembershipChange::Added,
            sequence: 1,
            time: Instant::parse("2026-11-22T10:00:00.012Z").unwrap(),
            rule_version: 1,
            event: Ordinal { index: NonZeroU32::MIN, count: NonZeroU32::new(count).unwrap() },
            cause,
            source,
        };
        let mut out = Vec::new();
        write_delta(&mut out, &delta, partition);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_as_documented() {
        let topic = Source::Topic { topic: "muster.changes".into(), partition: 0, offset: 17 };
        let attributes: Arc<[Arc<str>]> = Arc::from(["companyName".into(), "userType".into()]);
        let change = Cause::Change { attributes, object: None, time: None };
        assert_eq!(
            line(change, 2, topic, None),
            concat!(
                r#"{"tenant":"default","groupId":"g1","memberId":"u\"1","memberType":"user","change":"added","#,
                r#""sequence":1,"time":"2026-11-22T10:00:00.012Z","event":{"index":1,"count":2},"#,
                r#""cause":{"type":"change","attributes":["companyName","userType"],"#,
                r#""source":{"topic":"muster.changes","partition":0,"offset":17}}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn causes_end_with_their_source() {
        let check = |cause, expected: &str| {
            let file = Source::File { file: "e.jsonl".into(), line: 3 };
            let line = line(cause, 1, file, Some(2));
            assert!(line.contains(r#""change":"added","partition":2,"sequence":1,"#), "{line}");
            assert!(!line.contains(r#""event""#), "{line}");
            let source = r#""source":{"file":"e.jsonl","line":3}}}"#;
            assert!(line.ends_with(&format!("\"cause\":{{{expected},{source}\n")), "{line}");
        };
        let time: Option<Arc<str>> = Some("2026-11-22".into());
        let created = Cause::Change {
            attributes: Arc::from([]),
            object: Some(ObjectLife::Created),
            time: time.clone(),
        };
        check(created, r#""type":"change","attributes":[],"object":"created","time":"2026-11-22""#);
        check(Cause::Rule { version: 7 }, r#""type":"rule","version":7"#);
        check(Cause::Clock, r#""type":"clock""#);
        check(Cause::MemberOf { group: GroupId::new("s").unwrap() }, r#""type":"memberOf","group":"s""#);
        check(Cause::Member { time }, r#""type":"member","time":"2026-11-22""#);
    }
}
