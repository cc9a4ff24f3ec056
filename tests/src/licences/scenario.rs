//! Licensing scenarios: inputs, each followed by the licence events it causes, for anybody to read.
//!
//! A line that starts with `{` is a licensing line. One that starts with `+` or `-` is an event of membership
//! deltas, separated by commas: group and user. After it come its events: what happened, the user, the
//! product, the enabled plans, and how each source stands; or its refusal (`!`).

use muster_directory::licence::{AssignmentState, Kept, LicensingInput};
use muster_directory::{
    Cause, Delta, GroupId, Instant, LicenceEvent, MembershipChange, ObjectId, ObjectKind, Ordinal, PlanId,
    Source, Tenant,
};
use muster_engine::storage::{MemoryStorage, Positions, Storage};
use muster_licensing::{ApplyError, Licensing};
use muster_rule::Schema;
use std::fmt::Write;
use std::num::NonZeroU32;
use std::sync::Arc;

/// The scenario's text with the events that happen. With `restarts`, the subscriber begins again from
/// what is stored before every line.
#[must_use]
pub fn play(scenario: &str, restarts: crate::scenario::Restarts) -> String {
    let start = Instant::parse("2026-11-22T08:00:00Z").unwrap();
    let storage = MemoryStorage::default();
    let (mut licensing, mut sequence, mut text) = (Licensing::new(start), 0, String::new());
    for line in scenario.lines().filter(|line| !line.starts_with("  ")) {
        writeln!(text, "{line}").unwrap();
        if !line.starts_with(['{', '+', '-']) {
            continue;
        }
        let source = Source::File { file: "scenario".into(), line: 1 };
        let applied = match line.starts_with('{') {
            true => {
                let decoded = muster_wire::decode_licensing(line.as_bytes(), &Arc::new(Schema::default()));
                decoded.map_err(ApplyError::from).and_then(|input| licensing.apply(input, &source))
            }
            false => {
                let mut deltas = deltas(line, &mut sequence).into_iter();
                deltas.try_for_each(|delta| licensing.apply(LicensingInput::Delta(0, delta), &source))
            }
        };
        if let Err(error) = applied {
            writeln!(text, "  ! {error}").unwrap();
        }
        let entry = licensing.take_entry(Positions::new());
        storage.commit(0, std::slice::from_ref(&entry)).unwrap();
        for event in &entry.licences {
            writeln!(text, "  {}", show(event)).unwrap();
        }
        if restarts == crate::scenario::Restarts::BeforeEveryLine {
            licensing = Licensing::restore(&storage, 0, Instant::MIN).unwrap();
        }
    }
    text
}

fn deltas(line: &str, sequence: &mut u64) -> Vec<Delta> {
    let parts: Vec<&str> = line.split(", ").collect();
    let count = NonZeroU32::new(parts.len() as u32).unwrap();
    let delta = |(index, part): (u32, &str)| {
        let [sign, group, user] = part.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        *sequence += 1;
        Delta {
            tenant: Tenant::default(),
            group: GroupId::new(group).unwrap(),
            member: ObjectId::new(user).unwrap(),
            member_kind: if user.starts_with("device") { ObjectKind::Device } else { ObjectKind::User },
            change: if sign == "+" { MembershipChange::Added } else { MembershipChange::Removed },
            sequence: *sequence,
            time: Instant::MIN,
            rule_version: 0,
            event: Ordinal { index: NonZeroU32::new(index).unwrap(), count },
            cause: Cause::Rule { version: 1 },
            source: Source::File { file: "deltas".into(), line: *sequence },
        }
    };
    (1..).zip(parts).map(delta).collect()
}

fn show(event: &LicenceEvent) -> String {
    let plans: Vec<&str> = event.enabled_plans.iter().map(PlanId::as_str).collect();
    let mut text = format!("{} {} {} [{}]", event.change.as_str(), event.user, event.sku, plans.join(" "));
    for state in &event.states {
        let source = state.group.as_ref().map_or("direct", GroupId::as_str);
        let error = match state.state {
            AssignmentState::Active | AssignmentState::Disabled => String::new(),
            AssignmentState::ActiveWithError(violation) | AssignmentState::Error(violation) => {
                format!(" {}", violation.as_str())
            }
        };
        write!(text, ", {source}: {}{error}", state.state.as_str()).unwrap();
    }
    match event.kept {
        None => {}
        Some(Kept::Until(instant)) => write!(text, ", kept until {instant}").unwrap(),
        Some(Kept::Unconfirmed(number)) => write!(text, ", held as removal {number}").unwrap(),
    }
    text
}
