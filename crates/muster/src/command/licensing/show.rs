//! Licence events for people: one line each on stderr.

use muster_directory::licence::{Kept, LicenceCause};
use muster_directory::{LicenceEvent, PlanId, Source};
use std::io::Write;

/// Prints licence events as they come.
#[derive(Default)]
pub(crate) struct Show {
    shown: u64,
}

impl Show {
    /// Prints one event, under a heading if it is the first.
    pub(crate) fn event(&mut self, event: &LicenceEvent) {
        let mut stderr = std::io::stderr().lock();
        // Whether anybody reads along changes nothing in the work.
        if self.shown == 0 {
            let _ = writeln!(stderr, "{:>7}  {:<9} {:<12} {:<20} plans", "", "", "user", "product");
        }
        self.shown += 1;
        let plans: Vec<&str> = event.enabled_plans.iter().map(PlanId::as_str).collect();
        let plans = if plans.is_empty() { "-".to_owned() } else { plans.join(", ") };
        let violations = event.states.iter().filter_map(|state| state.state.violation());
        let violations: String = violations.map(|violation| format!(", {}", violation.as_str())).collect();
        let kept = match event.kept {
            None => String::new(),
            Some(Kept::Until(instant)) => format!(", kept until {instant}"),
            Some(Kept::Unconfirmed(number)) => format!(", held as removal {number}"),
        };
        let _ = writeln!(
            stderr,
            "{:>7}  {:<9} {:<12} {:<20} {plans}{violations}{kept}; {} ({})",
            event.sequence,
            event.change.as_str(),
            event.user.as_str(),
            event.sku.as_str(),
            reason(&event.cause),
            place(&event.source)
        );
    }
}

fn reason(cause: &LicenceCause) -> &'static str {
    match cause {
        LicenceCause::Membership(_) => "a membership changed",
        LicenceCause::Assignment => "an assignment changed",
        LicenceCause::Product => "the product changed",
        LicenceCause::Tenant => "the tenant's settings changed",
        LicenceCause::User => "the user changed",
        LicenceCause::Group => "the group was deleted",
        LicenceCause::Clock => "time passed",
        LicenceCause::Confirmation => "the removal was confirmed",
    }
}

fn place(source: &Source) -> String {
    match source {
        Source::File { file, line } => format!("{file}:{line}"),
        Source::Topic { topic, partition, offset } => format!("{topic}/{partition}@{offset}"),
    }
}
