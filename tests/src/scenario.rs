//! Scenarios: event lines, each followed by what it causes, for anybody to read.
//!
//! After a line that starts with `{` come its deltas (`+` joined, `-` left: group, member, cause) or its
//! refusal (`!`).

use crate::subject::Subject;
use muster_directory::delta::ObjectLife;
use muster_directory::{Cause, Delta, MembershipChange};
use std::fmt::Write as _;

/// When a subject is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restarts {
    /// Not at all.
    Never,
    /// Before every line.
    BeforeEveryLine,
}

/// The scenario's text with the expectations that are true of `subject`.
pub fn play(scenario: &str, subject: &mut dyn Subject, restarts: Restarts) -> String {
    let mut sequence = 0;
    let mut actual = String::new();
    for line in scenario.lines() {
        if line.starts_with("  ") {
            continue;
        }
        writeln!(actual, "{line}").unwrap();
        if !line.starts_with('{') {
            continue;
        }
        if restarts == Restarts::BeforeEveryLine {
            subject.restart();
        }
        match subject.feed(line) {
            Ok(deltas) => {
                let count = deltas.len();
                for (index, delta) in (1..).zip(deltas) {
                    sequence += 1;
                    assert_eq!(delta.sequence, sequence);
                    let event = (delta.event.index.get(), delta.event.count.get() as usize);
                    assert_eq!(event, (index, count));
                    writeln!(actual, "  {}", show(&delta)).unwrap();
                }
            }
            Err(rejection) => writeln!(actual, "  ! {rejection}").unwrap(),
        }
    }
    actual
}

fn show(delta: &Delta) -> String {
    let sign = match delta.change {
        MembershipChange::Added => '+',
        MembershipChange::Removed => '-',
    };
    let tenant = match delta.tenant.as_str() {
        "default" => String::new(),
        tenant => format!("{tenant}:"),
    };
    let cause = match &delta.cause {
        Cause::Change { attributes, object, .. } => {
            let life = match object {
                Some(ObjectLife::Created) => ", created",
                Some(ObjectLife::Deleted) => ", deleted",
                None => "",
            };
            format!(
                "change of {}{life}",
                if attributes.is_empty() { "nothing".into() } else { attributes.join(" ") }
            )
        }
        Cause::Rule { version } => format!("rule {version}"),
        Cause::Clock => "clock".into(),
        Cause::MemberOf { group } => format!("memberOf {group}"),
        Cause::Member { .. } => "member".into(),
    };
    format!("{sign} {tenant}{} {} ({}): {cause}", delta.group, delta.member, delta.member_kind)
}
