//! Deltas for people: one line each on stderr, with the reason in words.

use serde::Deserialize;
use std::fmt;
use std::io::Write;

/// Prints deltas as they come.
#[derive(Default)]
pub(crate) struct Show {
    shown: u64,
}

/// As much of a delta line as is shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta {
    group_id: String,
    member_id: String,
    member_type: String,
    change: String,
    partition: Option<u32>,
    sequence: u64,
    cause: Cause,
}

#[derive(Deserialize)]
struct Cause {
    r#type: String,
    object: Option<String>,
    #[serde(default)]
    attributes: Vec<String>,
    version: Option<u64>,
    group: Option<String>,
    source: Source,
}

/// Where a line says that its cause was read.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Source {
    File { file: String, line: u64 },
    Topic { topic: String, partition: u32, offset: u64 },
}

impl Show {
    /// Prints one delta line, under a heading if it is the first.
    pub(crate) fn line(&mut self, line: &[u8]) {
        let Ok(delta) = serde_json::from_slice::<Delta>(line) else { return };
        let mut stderr = std::io::stderr().lock();
        // Whether anybody reads along changes nothing in the work.
        if self.shown == 0 {
            let _ = writeln!(stderr, "{:>7}  {:<9} {:<12} {:<20} because", "", "", "member", "group");
        }
        self.shown += 1;
        let change = if delta.change == "added" { "+ added" } else { "- removed" };
        let place = match delta.partition {
            Some(partition) => format!("{partition}/{}", delta.sequence),
            None => delta.sequence.to_string(),
        };
        let (reason, source) = (reason(&delta), &delta.cause.source);
        let Delta { group_id, member_id, .. } = delta;
        let _ =
            writeln!(stderr, "{place:>7}  {change:<9} {member_id:<12} {group_id:<20} {reason} ({source})");
    }
}

fn reason(delta: &Delta) -> String {
    let Cause { r#type, object, attributes, version, group, .. } = &delta.cause;
    match (r#type.as_str(), object.as_deref()) {
        ("change", Some("created")) => format!("the {} is new", delta.member_type),
        ("change", Some("deleted")) => format!("the {} was deleted", delta.member_type),
        ("change", _) => format!("{} changed", attributes.join(", ")),
        ("rule", _) => {
            format!("the group's definition changed, version {}", version.unwrap_or_default())
        }
        ("clock", _) => "time passed".to_owned(),
        ("memberOf", _) => {
            format!("the membership in {} changed", group.as_deref().unwrap_or_default())
        }
        ("member", _) if delta.change == "added" => "listed".to_owned(),
        ("member", _) => "taken off the list".to_owned(),
        (other, _) => other.to_owned(),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File { file, line } => write!(f, "{file}:{line}"),
            Source::Topic { topic, partition, offset } => write!(f, "{topic}/{partition}@{offset}"),
        }
    }
}
