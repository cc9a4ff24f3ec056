//! Deltas for people: one line each on stderr, with the reason in words.

use muster_directory::delta::ObjectLife;
use muster_directory::{Cause, Delta, MembershipChange, Source};
use std::io::Write;

/// Prints deltas as they are written.
#[derive(Default)]
pub(super) struct Show {
    shown: u64,
}

impl Show {
    /// Prints one delta, under a heading if it is the first.
    pub(super) fn delta(&mut self, delta: &Delta) {
        let mut stderr = std::io::stderr().lock();
        // Whether anybody reads along changes nothing in the work.
        if self.shown == 0 {
            let _ = writeln!(stderr, "{:>5}  {:<9} {:<12} {:<20} because", "", "", "member", "group");
        }
        self.shown += 1;
        let change = match delta.change {
            MembershipChange::Added => "+ added",
            MembershipChange::Removed => "- removed",
        };
        let (member, group) = (delta.member.as_str(), delta.group.as_str());
        let (reason, source) = (reason(delta), place(&delta.source));
        let _ = writeln!(
            stderr,
            "{:>5}  {change:<9} {member:<12} {group:<20} {reason} ({source})",
            delta.sequence
        );
    }
}

fn reason(delta: &Delta) -> String {
    match &delta.cause {
        Cause::Change { object: Some(ObjectLife::Created), .. } => {
            format!("the {} is new", delta.member_kind)
        }
        Cause::Change { object: Some(ObjectLife::Deleted), .. } => {
            format!("the {} was deleted", delta.member_kind)
        }
        Cause::Change { attributes, object: None, .. } => format!("{} changed", attributes.join(", ")),
        Cause::Rule { version } => format!("the group's definition changed, version {version}"),
        Cause::Clock => "time passed".to_owned(),
        Cause::MemberOf { group } => format!("the membership in {group} changed"),
        Cause::Member { .. } => match delta.change {
            MembershipChange::Added => "listed".to_owned(),
            MembershipChange::Removed => "taken off the list".to_owned(),
        },
    }
}

fn place(source: &Source) -> String {
    match source {
        Source::File { file, line } => format!("{file}:{line}"),
        Source::Topic { topic, partition, offset } => format!("{topic}/{partition}@{offset}"),
    }
}
