//! `muster groups`: edits that the brake holds.
//!
//! What is held lies in the definitions, wherever the log is; a decision about it is a request like any other.

mod decide;
mod held;

use super::config::ConfigArguments;
use crate::failure::{Failure, Outcome};
use clap::{Args, Subcommand};
use muster_directory::{GroupId, Tenant};

/// What can be done about edits that are held.
#[derive(Subcommand)]
pub(crate) enum GroupsCommand {
    /// List the edits that wait to be confirmed, with what they would do
    Held(HeldArguments),
    /// Let an edit that is held take effect
    Confirm(DecideArguments),
    /// Give an edit that is held up; what was in force stays so
    Reject(DecideArguments),
}

/// Which edits.
#[derive(Args)]
#[command(after_help = HELD_HELP)]
pub(crate) struct HeldArguments {
    /// Only of this group
    #[arg(long, value_name = "ID", value_parser = parse_group)]
    group: Option<GroupId>,
    #[command(flatten)]
    place: Place,
}

/// Which edit.
#[derive(Args)]
#[command(after_help = DECIDE_HELP)]
pub(crate) struct DecideArguments {
    /// The group
    #[arg(value_name = "ID", value_parser = parse_group)]
    group: GroupId,
    /// Only if the edit that waits is this version
    #[arg(long, value_name = "N")]
    version: Option<u64>,
    #[command(flatten)]
    place: Place,
}

/// Where.
#[derive(Args)]
struct Place {
    /// Whose group
    #[arg(long, value_name = "T", default_value = "default", value_parser = super::parse_tenant)]
    tenant: Tenant,
    /// Ask the running service at this address, whatever its log
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    source: ConfigArguments,
}

const HELD_HELP: &str = "\
An edit by which more members would leave than `[brake]` allows waits; the rule
that is in force stays. Prints one line for each:
  {\"tenant\", \"id\", \"version\", \"reason\", \"definition\", \"preview\"}
with the preview as of the request.

Exit status: 0 done, 1 no edit of the group waits, 2 wrong usage or configuration,
3 a fault.

Examples:
  muster groups held --set data.dir=muster-data
  muster groups held --group sales --config muster.toml";

const DECIDE_HELP: &str = "\
Sends {\"kind\": \"group\", \"op\": \"confirm\"|\"reject\", \"id\", \"data\": {\"version\"}} to the
requests. To confirm, a running service is asked first what the edit would do by
now, and {\"id\", \"version\", \"held\", \"now\"} is printed: what it would have done when
it was held, and what it will do. Where so many more members would leave that the
brake would hold it again, it stays held, with what it would do now.

Exit status: 0 done (on Kafka: sent), 1 no such edit waits, or it still does,
2 wrong usage or configuration, 3 a fault.

Examples:
  muster groups confirm sales --set data.dir=muster-data
  muster groups reject sales --version 17 --config muster.toml";

impl GroupsCommand {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            GroupsCommand::Held(arguments) => held::run(&arguments),
            GroupsCommand::Confirm(arguments) => decide::run(&arguments, decide::Decision::Confirm),
            GroupsCommand::Reject(arguments) => decide::run(&arguments, decide::Decision::Reject),
        }
    }
}

fn parse_group(text: &str) -> Result<GroupId, String> {
    GroupId::new(text).map_err(|rejection| rejection.message)
}
