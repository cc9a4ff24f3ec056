//! Deltas for people: one line each on stderr, with the reason in words.

use serde_json::Value;
use std::io::Write;

/// Prints deltas as they come.
#[derive(Default)]
pub(crate) struct Show {
    shown: u64,
}

impl Show {
    /// Prints one delta line, under a heading if it is the first.
    pub(crate) fn line(&mut self, line: &[u8]) {
        let Ok(delta) = serde_json::from_slice::<Value>(line) else { return };
        let mut stderr = std::io::stderr().lock();
        // Whether anybody reads along changes nothing in the work.
        if self.shown == 0 {
            let _ = writeln!(stderr, "{:>7}  {:<9} {:<12} {:<20} because", "", "", "member", "group");
        }
        self.shown += 1;
        let change = match text(&delta["change"]) {
            "added" => "+ added",
            _ => "- removed",
        };
        let place = match delta["partition"].as_u64() {
            Some(partition) => format!("{partition}/{}", delta["sequence"]),
            None => delta["sequence"].to_string(),
        };
        let (member, group) = (text(&delta["memberId"]), text(&delta["groupId"]));
        let (reason, source) = (reason(&delta), source(&delta["cause"]["source"]));
        let _ = writeln!(stderr, "{place:>7}  {change:<9} {member:<12} {group:<20} {reason} ({source})");
    }
}

fn reason(delta: &Value) -> String {
    let (cause, member) = (&delta["cause"], text(&delta["memberType"]));
    match (text(&cause["type"]), text(&cause["object"])) {
        ("change", "created") => format!("the {member} is new"),
        ("change", "deleted") => format!("the {member} was deleted"),
        ("change", _) => {
            let attributes = cause["attributes"].as_array().into_iter().flatten().map(text);
            format!("{} changed", attributes.collect::<Vec<_>>().join(", "))
        }
        ("rule", _) => format!("the group's definition changed, version {}", cause["version"]),
        ("clock", _) => "time passed".to_owned(),
        ("memberOf", _) => format!("the membership in {} changed", text(&cause["group"])),
        ("member", _) if delta["change"] == "added" => "listed".to_owned(),
        ("member", _) => "taken off the list".to_owned(),
        (other, _) => other.to_owned(),
    }
}

fn source(source: &Value) -> String {
    match source["file"].as_str() {
        Some(file) => format!("{file}:{}", source["line"]),
        None => format!("{}/{}@{}", text(&source["topic"]), source["partition"], source["offset"]),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
