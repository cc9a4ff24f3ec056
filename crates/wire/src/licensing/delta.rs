//! Delta lines, as [`write_delta`](crate::write_delta) writes them, read back.

use super::fields::Fields;
use crate::json::{Member, Source, quoted};
use crate::suggest;
use muster_directory::delta::ObjectLife;
use muster_directory::{
    Cause, Delta, GroupId, Instant, MembershipChange, ObjectId, ObjectKind, Ordinal, Rejection,
    RejectionCode, Source as Origin, Tenant,
};
use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;

const CODE: RejectionCode = RejectionCode::InvalidEvent;
const MEMBERS: &[&str] = &[
    "tenant",
    "groupId",
    "memberId",
    "memberType",
    "change",
    "partition",
    "sequence",
    "time",
    "event",
    "cause",
];
/// `values` is reserved, and without meaning here.
const CAUSE_MEMBERS: &[&str] =
    &["type", "attributes", "object", "version", "group", "time", "source", "values"];

/// The delta, and its partition. Which version of the rule it follows, a line does not say.
pub(super) fn read<'a>(source: Source<'a>, members: Vec<Member<'a>>) -> Result<(u32, Delta), Rejection> {
    let line = Fields::new(source, members, ("a delta line", CODE), MEMBERS)?;
    let tenant = match line.text("tenant")? {
        Some(tenant) => Tenant::new(&tenant)?,
        None => Tenant::default(),
    };
    let time = line.required_text("time")?;
    let time = Instant::parse(&time).map_err(|_| {
        let message =
            format!("`time` {} is no instant: write it as in `2026-11-22T10:00:00Z`", quoted(&time));
        Rejection::new(RejectionCode::InvalidTime, message)
    })?;
    let sequence = line.required_count("sequence")?;
    if sequence == 0 {
        return Err(line.refuse("`sequence` is 0, but deltas are numbered from 1".into()));
    }
    let partition = line.count("partition")?.unwrap_or(0);
    let partition =
        u32::try_from(partition).map_err(|_| line.refuse(format!("there is no partition {partition}")))?;
    let (cause, origin) = match line.raw("cause") {
        Some(cause) => read_cause(source, Fields::of(source, cause, ("`cause`", CODE), CAUSE_MEMBERS)?)?,
        None => return Err(line.missing("cause", "an object")),
    };
    let event = match line.raw("event") {
        None => Ordinal { index: NonZeroU32::MIN, count: NonZeroU32::MIN },
        Some(event) => {
            let event = Fields::of(source, event, ("`event`", CODE), &["index", "count"])?;
            let number = |name| -> Result<NonZeroU32, Rejection> {
                let number = u32::try_from(event.required_count(name)?).ok().and_then(NonZeroU32::new);
                number.ok_or_else(|| event.refuse(format!("`{name}` of `event` is counted from 1")))
            };
            Ordinal { index: number("index")?, count: number("count")? }
        }
    };
    let delta = Delta {
        tenant,
        group: GroupId::new(&line.required_text("groupId")?)?,
        member: ObjectId::new(&line.required_text("memberId")?)?,
        member_kind: one_of(
            &line,
            "memberType",
            &[("user", ObjectKind::User), ("device", ObjectKind::Device)],
        )?,
        change: one_of(
            &line,
            "change",
            &[("added", MembershipChange::Added), ("removed", MembershipChange::Removed)],
        )?,
        sequence,
        time,
        event,
        rule_version: 0,
        cause,
        source: origin,
    };
    Ok((partition, delta))
}

fn read_cause<'a>(source: Source<'a>, cause: Fields<'a>) -> Result<(Cause, Origin), Rejection> {
    let time = cause.text("time")?.map(|time| Arc::from(time.as_ref()));
    let kinds = [("change", 0), ("rule", 1), ("clock", 2), ("memberOf", 3), ("member", 4)];
    let read = match one_of(&cause, "type", &kinds)? {
        0 => {
            let life = match cause.text("object")? {
                None => None,
                Some(_) => Some(one_of(
                    &cause,
                    "object",
                    &[("created", ObjectLife::Created), ("deleted", ObjectLife::Deleted)],
                )?),
            };
            let attributes = cause.texts("attributes")?.iter().map(|name| Arc::from(name.as_ref())).collect();
            Cause::Change { attributes, object: life, time }
        }
        1 => Cause::Rule { version: cause.required_count("version")? },
        2 => Cause::Clock,
        3 => Cause::MemberOf { group: GroupId::new(&cause.required_text("group")?)? },
        _ => Cause::Member { time },
    };
    let Some(origin) = cause.raw("source") else { return Err(cause.missing("source", "an object")) };
    let known = ["file", "line", "topic", "partition", "offset"];
    let origin = Fields::of(source, origin, ("`source`", CODE), &known)?;
    let name = |name: Cow<'_, str>| Arc::from(name.as_ref());
    let origin = match origin.text("file")? {
        Some(file) => Origin::File { file: name(file), line: origin.required_count("line")? },
        None => {
            let partition = origin.required_count("partition")?;
            Origin::Topic {
                topic: name(origin.required_text("topic")?),
                partition: u32::try_from(partition)
                    .map_err(|_| origin.refuse(format!("there is no partition {partition}")))?,
                offset: origin.required_count("offset")?,
            }
        }
    };
    Ok((read, origin))
}

/// The meaning of a member that takes one of a few words.
pub(super) fn one_of<T: Copy>(fields: &Fields<'_>, name: &str, words: &[(&str, T)]) -> Result<T, Rejection> {
    let found = fields.required_text(name)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == found) {
        return Ok(*meaning);
    }
    let guess = suggest::did_you_mean(&found, words.iter().map(|(word, _)| *word));
    let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
    Err(fields.refuse(format!("`{name}` is {}{guess} (one of {})", quoted(&found), known.join(", "))))
}
