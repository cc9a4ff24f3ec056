//! `muster licensing explain`: which source gives a user which plan, what is missing and why.

use super::AskedArguments;
use crate::answer::licences::{ExplainAnswer, StateAnswer};
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_directory::ObjectId;
use muster_directory::licence::Violation;
use std::io::{IsTerminal, Write};

/// Say what one user has, through what, and what is missing
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The user's id
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    asked: AskedArguments,
    /// Print one JSON object, as is done where stdout is no terminal
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
A running `serve` or `licensing serve` is asked by its address, a data directory
at rest is read.

Exit status: 0 done, 1 nothing is known of the user, 2 wrong usage, 3 a fault.

Examples:
  muster licensing explain alex --data muster-data
  muster licensing explain alex --url http://127.0.0.1:8080";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let user = ObjectId::new(&self.user).map_err(|rejection| Failure::usage(rejection.message))?;
        let asked = &self.asked;
        let explanation = match &asked.url {
            None => {
                let explanation = asked.stored.restore()?.explain(&asked.stored.tenant, &user);
                explanation.map(|explanation| ExplainAnswer::new(&self.user, &explanation))
            }
            Some(url) => match asked.ask(url, "explain", &[("user", &self.user)])? {
                Ok(explanation) => Some(explanation),
                Err(problem) if problem.code == "unknown-user" => None,
                Err(problem) => return Err(Failure::usage(problem.message)),
            },
        };
        let Some(explanation) = explanation else {
            eprintln!("nothing is known of user `{user}` in tenant `{}`", asked.stored.tenant);
            return Ok(Outcome::No);
        };
        let mut stdout = std::io::stdout().lock();
        if self.json || !stdout.is_terminal() {
            writeln!(stdout, "{}", serde_json::to_string(&explanation).unwrap_or_default())?;
        } else {
            stdout.write_all(text(&explanation).as_bytes())?;
        }
        Ok(Outcome::Done)
    }
}

fn text(explanation: &ExplainAnswer) -> String {
    if explanation.licenses.is_empty() {
        return format!("{} has no licences, and wants none\n", explanation.user_id);
    }
    let mut text = String::new();
    for licence in &explanation.licenses {
        let name = licence.sku_part_number.as_ref().unwrap_or(&licence.sku_id);
        let has = match (licence.has_seat(), licence.enabled_plans.as_slice()) {
            (false, _) => "no seat".to_owned(),
            (true, []) => "a seat, no plan enabled".to_owned(),
            (true, plans) => format!("a seat, with {}", plans.join(", ")),
        };
        text += &format!("{name}: {has}\n");
        for state in &licence.states {
            text += &format!("  {}\n", sentence(state));
        }
        if let Some(instant) = &licence.kept_until {
            text += &format!("  kept until {instant}: no source has it any more\n");
        }
        if let Some(number) = licence.held_removal {
            text += &format!("  kept until removal {number} is confirmed: no source has it any more\n");
        }
        if let Some(position) = licence.waiting_position {
            text += &format!("  number {position} in the waiting list\n");
        }
    }
    text
}

fn sentence(state: &StateAnswer) -> String {
    let source = match &state.group {
        Some(group) => format!("by group `{group}`"),
        None => "directly".to_owned(),
    };
    let violation = Violation::ALL.into_iter().find(|violation| violation.as_str() == state.error);
    let why = match violation {
        None => state.error.as_str(),
        Some(Violation::Count) => "no seat is free",
        Some(Violation::MutuallyExclusive) => "a plan excludes another one that the user has",
        Some(Violation::Dependency) => "a plan needs another one that the user has not",
        Some(Violation::ProhibitedInUsageLocation) => "a plan must not be used in the user's location",
        Some(Violation::Uniqueness) => "another user with the plan has the same address",
        Some(Violation::Other) => "the tenant owns no such product",
    };
    match state.state.as_str() {
        "Active" => format!("{source}: active"),
        "Disabled" => format!("{source}: the product is suspended"),
        "ActiveWithError" => format!("{source}: active, but {why}"),
        _ => format!("{source}: not given, as {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::licence::{AssignmentState, SourceState};

    #[test]
    fn each_state_is_a_sentence() {
        let said = |state| sentence(&StateAnswer::from(&SourceState { group: None, state }));
        assert_eq!(said(AssignmentState::Active), "directly: active");
        assert_eq!(said(AssignmentState::Disabled), "directly: the product is suspended");
        assert_eq!(
            said(AssignmentState::ActiveWithError(Violation::Dependency)),
            "directly: active, but a plan needs another one that the user has not"
        );
        assert_eq!(said(AssignmentState::Error(Violation::Count)), "directly: not given, as no seat is free");
    }
}
