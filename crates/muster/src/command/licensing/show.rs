//! Licence events for people: one line each on stderr.

use crate::show::Source;
use muster_directory::LicenceEvent;
use serde::Deserialize;
use std::io::Write;

/// Prints licence events as they come.
#[derive(Default)]
pub(crate) struct Show {
    shown: u64,
}

/// As much of a licence event line as is shown.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    sequence: u64,
    r#type: String,
    user_id: String,
    sku_id: String,
    enabled_plans: Vec<String>,
    states: Vec<State>,
    kept_until: Option<String>,
    held_removal: Option<u64>,
    cause: Cause,
}

#[derive(Deserialize)]
struct State {
    error: String,
}

#[derive(Deserialize)]
struct Cause {
    r#type: String,
    source: Source,
}

impl Show {
    /// Prints one event, under a heading if it is the first.
    pub(crate) fn event(&mut self, event: &LicenceEvent) {
        let mut line = Vec::new();
        muster_wire::write_licence_event(&mut line, event);
        self.line(&line);
    }

    /// Prints one licence event line.
    pub(crate) fn line(&mut self, line: &[u8]) {
        let Ok(event) = serde_json::from_slice::<Line>(line) else { return };
        let mut stderr = std::io::stderr().lock();
        // Whether anybody reads along changes nothing in the work.
        if self.shown == 0 {
            let _ = writeln!(stderr, "{:>7}  {:<9} {:<12} {:<20} plans", "", "", "user", "product");
        }
        self.shown += 1;
        let plans = event.enabled_plans.join(", ");
        let plans = if plans.is_empty() { "-" } else { plans.as_str() };
        let violations = event.states.iter().filter(|state| state.error != "None");
        let violations: String = violations.map(|state| format!(", {}", state.error)).collect();
        let kept = match (&event.kept_until, event.held_removal) {
            (Some(instant), _) => format!(", kept until {instant}"),
            (None, Some(number)) => format!(", held as removal {number}"),
            (None, None) => String::new(),
        };
        let _ = writeln!(
            stderr,
            "{:>7}  {:<9} {:<12} {:<20} {plans}{violations}{kept}; {} ({})",
            event.sequence,
            event.r#type,
            event.user_id,
            event.sku_id,
            reason(&event.cause.r#type),
            event.cause.source
        );
    }
}

fn reason(kind: &str) -> &'static str {
    match kind {
        "assignment" => "an assignment changed",
        "product" => "the product changed",
        "tenant" => "the tenant's settings changed",
        "user" => "the user changed",
        "group" => "the group was deleted",
        "clock" => "time passed",
        "removal" => "the removal was confirmed",
        _ => "a membership changed",
    }
}
