//! `muster licensing explain`: which source gives a user which plan, what is missing and why.

use super::StoredArguments;
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_directory::licence::{AssignmentState, Kept, SourceState, Violation};
use muster_directory::{ObjectId, PlanId};
use muster_licensing::{Explanation, Licence};
use muster_wire::licence::StateLine;
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Say what one user has, through what, and what is missing
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The user's id
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    stored: StoredArguments,
    /// Print one JSON object, as is done where stdout is no terminal
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
Exit status: 0 done, 1 nothing is known of the user, 2 wrong usage, 3 a fault.

Example:
  muster licensing explain alex --data muster-data";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let user = ObjectId::new(&self.user).map_err(|rejection| Failure::usage(rejection.message))?;
        let Some(explanation) = self.stored.restore()?.explain(&self.stored.tenant, &user) else {
            eprintln!("nothing is known of user `{user}` in tenant `{}`", self.stored.tenant);
            return Ok(Outcome::No);
        };
        let mut stdout = std::io::stdout().lock();
        if self.json || !stdout.is_terminal() {
            let line = Line { user_id: &self.user, licenses: licence_lines(&explanation) };
            writeln!(stdout, "{}", serde_json::to_string(&line).unwrap_or_default())?;
        } else {
            stdout.write_all(text(&self.user, &explanation).as_bytes())?;
        }
        Ok(Outcome::Done)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    user_id: &'a str,
    licenses: Vec<LicenceLine<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LicenceLine<'a> {
    sku_id: &'a str,
    enabled_plans: Vec<&'a str>,
    states: Vec<StateLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_removal: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_position: Option<u64>,
}

fn licence_lines(explanation: &Explanation) -> Vec<LicenceLine<'_>> {
    let line = |licence| {
        let Licence { sku, enabled_plans, states, kept, waiting_position, .. }: &Licence = licence;
        LicenceLine {
            sku_id: sku.as_str(),
            enabled_plans: enabled_plans.iter().map(PlanId::as_str).collect(),
            states: states.iter().map(StateLine::from).collect(),
            kept_until: match kept {
                Some(Kept::Until(instant)) => Some(instant.to_string()),
                _ => None,
            },
            held_removal: match kept {
                Some(Kept::Unconfirmed(number)) => Some(*number),
                _ => None,
            },
            waiting_position: *waiting_position,
        }
    };
    explanation.licences.iter().map(line).collect()
}

fn text(user: &str, explanation: &Explanation) -> String {
    if explanation.licences.is_empty() {
        return format!("{user} has no licences, and wants none\n");
    }
    let mut text = String::new();
    for licence in &explanation.licences {
        let name = licence.part_number.as_deref().unwrap_or(licence.sku.as_str());
        let plans: Vec<&str> = licence.enabled_plans.iter().map(PlanId::as_str).collect();
        let has = match (licence.has_seat, plans.as_slice()) {
            (false, _) => "no seat".to_owned(),
            (true, []) => "a seat, no plan enabled".to_owned(),
            (true, plans) => format!("a seat, with {}", plans.join(", ")),
        };
        text += &format!("{name}: {has}\n");
        for state in &licence.states {
            text += &format!("  {}\n", sentence(state));
        }
        match licence.kept {
            None => {}
            Some(Kept::Until(instant)) => {
                text += &format!("  kept until {instant}: no source has it any more\n")
            }
            Some(Kept::Unconfirmed(number)) => {
                text += &format!("  kept until removal {number} is confirmed: no source has it any more\n");
            }
        }
        if let Some(position) = licence.waiting_position {
            text += &format!("  number {position} in the waiting list\n");
        }
    }
    text
}

fn sentence(state: &SourceState) -> String {
    let source = match &state.group {
        Some(group) => format!("by group `{group}`"),
        None => "directly".to_owned(),
    };
    let why = |violation| match violation {
        Violation::Count => "no seat is free",
        Violation::MutuallyExclusive => "a plan excludes another one that the user has",
        Violation::Dependency => "a plan needs another one that the user has not",
        Violation::ProhibitedInUsageLocation => "a plan must not be used in the user's location",
        Violation::Uniqueness => "another user with the plan has the same address",
        Violation::Other => "the tenant owns no such product",
    };
    match state.state {
        AssignmentState::Active => format!("{source}: active"),
        AssignmentState::Disabled => format!("{source}: the product is suspended"),
        AssignmentState::ActiveWithError(violation) => format!("{source}: active, but {}", why(violation)),
        AssignmentState::Error(violation) => format!("{source}: not given, as {}", why(violation)),
    }
}
