//! Licence event lines: what a user has of a product after an event, as subscribers read it. The bytes
//! are a contract.

mod feedback;
mod notice;

use crate::delta::{CauseLine, SourceLine};
use muster_directory::LicenceEvent;
use muster_directory::licence::{Kept, LicenceCause, SourceState};
use serde::Serialize;

pub use feedback::feedback_record;
pub use notice::{LicenceNotice, read_licence_event};

/// Appends `event` to `out` as one line, its line break included.
pub fn write_licence_event(out: &mut Vec<u8>, event: &LicenceEvent) {
    let (kept_until, held_removal) = match event.kept {
        None => (None, None),
        Some(Kept::Until(instant)) => (Some(instant.to_string()), None),
        Some(Kept::Unconfirmed(number)) => (None, Some(number)),
    };
    let line = Line {
        tenant: (event.tenant.as_str() != "default").then(|| event.tenant.as_str()),
        sequence: event.sequence,
        time: event.time.to_string(),
        r#type: event.change.as_str(),
        user_id: event.user.as_str(),
        sku_id: event.sku.as_str(),
        enabled_plans: event.enabled_plans.iter().map(|plan| plan.as_str()).collect(),
        states: event.states.iter().map(StateLine::from).collect(),
        kept_until,
        held_removal,
        cause: cause(event),
    };
    crate::json::append_line(out, &line);
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    /// Not of the default tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    sequence: u64,
    time: String,
    r#type: &'static str,
    user_id: &'a str,
    sku_id: &'a str,
    enabled_plans: Vec<&'a str>,
    states: Vec<StateLine<'a>>,
    /// Where no source has the seat any more, and it goes then.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_until: Option<String>,
    /// Where no source has the seat any more, and its removal waits for a confirmation.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_removal: Option<u64>,
    cause: CauseLine<'a>,
}

/// One source and how it stands; also of `explain`.
#[derive(Serialize)]
pub struct StateLine<'a> {
    group: Option<&'a str>,
    state: &'static str,
    error: &'static str,
}

impl<'a> From<&'a SourceState> for StateLine<'a> {
    fn from(state: &'a SourceState) -> StateLine<'a> {
        StateLine {
            group: state.group.as_ref().map(|group| group.as_str()),
            state: state.state.as_str(),
            error: state.state.violation().map_or("None", |violation| violation.as_str()),
        }
    }
}

fn cause(event: &LicenceEvent) -> CauseLine<'_> {
    let plain = |kind| CauseLine::plain(kind, SourceLine::from(&event.source));
    match &event.cause {
        LicenceCause::Membership(cause) => crate::delta::cause(cause, &event.source),
        LicenceCause::Assignment => plain("assignment"),
        LicenceCause::Product => plain("product"),
        LicenceCause::Tenant => plain("tenant"),
        LicenceCause::User => plain("user"),
        LicenceCause::Group => plain("group"),
        LicenceCause::Clock => plain("clock"),
        LicenceCause::Confirmation => plain("removal"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::licence::{AssignmentState, LicenceChange, Violation};
    use muster_directory::{Cause, GroupId, Instant, ObjectId, PlanId, SkuId, Source, Tenant};

    fn event() -> LicenceEvent {
        LicenceEvent {
            tenant: Tenant::default(),
            sequence: 7,
            time: Instant::parse("2026-11-22T10:00:00.012Z").unwrap(),
            change: LicenceChange::Assigned,
            user: ObjectId::new("u1").unwrap(),
            sku: SkuId::new("s1").unwrap(),
            enabled_plans: vec![PlanId::new("p1").unwrap(), PlanId::new("p2").unwrap()],
            states: vec![
                SourceState { group: None, state: AssignmentState::Active },
                SourceState {
                    group: Some(GroupId::new("g1").unwrap()),
                    state: AssignmentState::Error(Violation::Count),
                },
            ],
            kept: None,
            cause: LicenceCause::Membership(Cause::Rule { version: 3 }),
            source: Source::File { file: "e.jsonl".into(), line: 3 },
        }
    }

    fn line(event: &LicenceEvent) -> String {
        let mut out = Vec::new();
        write_licence_event(&mut out, event);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_as_documented() {
        assert_eq!(
            line(&event()),
            concat!(
                r#"{"sequence":7,"time":"2026-11-22T10:00:00.012Z","type":"assigned","userId":"u1","skuId":"s1","#,
                r#""enabledPlans":["p1","p2"],"states":[{"group":null,"state":"Active","error":"None"},"#,
                r#"{"group":"g1","state":"Error","error":"CountViolation"}],"#,
                r#""cause":{"type":"rule","version":3,"source":{"file":"e.jsonl","line":3}}}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_feeding_back_takes_is_read_again() {
        let attributes = vec!["assignedPlans".into()].into();
        let cause = Cause::Change { attributes, object: None, time: None };
        let event = LicenceEvent { cause: LicenceCause::Membership(cause), ..event() };
        let notice = read_licence_event(line(&event).trim_end().as_bytes()).unwrap();
        assert_eq!((notice.user.as_str(), notice.sku.as_str()), ("u1", "s1"));
        assert_eq!(
            (notice.change, notice.groups.len()),
            (LicenceChange::Assigned, 0),
            "the group lacks a seat"
        );
        assert!(notice.is_fed_back());
        assert!(
            !read_licence_event(line(&super::tests::event()).trim_end().as_bytes()).unwrap().is_fed_back()
        );
        assert!(read_licence_event(b"{}").is_err());
    }

    #[test]
    fn licences_are_a_patch_of_the_user() {
        let user = ObjectId::new("u1").unwrap();
        let record = feedback_record(
            &Tenant::default(),
            &user,
            &[PlanId::new("p").unwrap()].into(),
            &[SkuId::new("s").unwrap()].into(),
        );
        let expected = concat!(
            r#"{"kind":"user","op":"patch","id":"u1","data":{"assignedLicenses":[{"skuId":"s"}],"#,
            r#""assignedPlans":[{"servicePlanId":"p","capabilityStatus":"Enabled"}]}}"#
        );
        assert_eq!(String::from_utf8(record.value.unwrap()).unwrap(), expected);
        let schemas = std::sync::Arc::new(muster_rule::Schema::default());
        assert!(crate::decode(expected.as_bytes(), &schemas).is_ok());
    }

    #[test]
    fn only_what_is_special_is_said() {
        let until = Kept::Until(Instant::parse("2026-12-01T00:00:00Z").unwrap());
        let special = LicenceEvent {
            tenant: Tenant::new("t").unwrap(),
            enabled_plans: Vec::new(),
            states: Vec::new(),
            kept: Some(until),
            cause: LicenceCause::Clock,
            ..event()
        };
        let found = line(&special);
        assert!(found.starts_with(r#"{"tenant":"t","sequence":7,"#), "{found}");
        assert!(found.contains(r#""states":[],"keptUntil":"2026-12-01T00:00:00.000Z","cause""#), "{found}");
        let held = LicenceEvent { kept: Some(Kept::Unconfirmed(5)), ..special };
        assert!(line(&held).contains(r#""states":[],"heldRemoval":5,"cause":{"type":"clock""#));
    }
}
