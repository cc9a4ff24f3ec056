//! The subcommands, one file each.

mod config;
mod members;
mod memberships;
mod replay;
mod rule_check;
mod rule_eval;
mod serve;
mod topics;

use crate::failure::{Failure, Outcome};
use clap::{Args, Subcommand, ValueEnum};
use muster_directory::{Instant, Tenant};
use muster_rule::diagnostic::Style;
use muster_rule::{Diagnostic, Dialect};
use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;

/// What can be asked of the program.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check a membership rule, or try it on objects
    Rule {
        /// Which.
        #[command(subcommand)]
        command: RuleCommand,
    },
    /// Run the whole engine over files of event lines, and write the membership deltas
    Replay(replay::Arguments),
    /// List the members of a group, from a data directory at rest
    Members(members::Arguments),
    /// List the groups of an object, from a data directory at rest
    Memberships(memberships::Arguments),
    /// Run the service: events in and deltas out over its own log or Kafka, and HTTP
    Serve(serve::Arguments),
    /// Make the service's topics, or say what differs from the configuration
    Topics {
        /// Which.
        #[command(subcommand)]
        command: topics::TopicsCommand,
    },
    /// Check the service's configuration, or print the one that holds
    Config {
        /// Which.
        #[command(subcommand)]
        command: config::ConfigCommand,
    },
}

/// What can be asked about a rule.
#[derive(Subcommand)]
pub(crate) enum RuleCommand {
    /// Check a rule, and explain each mistake
    Check(rule_check::Arguments),
    /// Say of each object in a file whether a rule selects it
    Eval(rule_eval::Arguments),
}

impl RuleCommand {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            RuleCommand::Check(arguments) => arguments.run(),
            RuleCommand::Eval(arguments) => arguments.run(),
        }
    }
}

/// A rule on the command line, and what it is held to.
#[derive(Args)]
struct RuleArguments {
    /// The rule; `-` reads it from standard input
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    text: String,
    /// The dialect that the rule is held to
    #[arg(long, value_enum, default_value_t)]
    dialect: DialectName,
    /// A file with the deployment's own attributes: the `data` of a schema line, or schema lines
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
}

impl RuleArguments {
    /// The rule's text, byte for byte.
    fn read_text(&self) -> Result<String, Failure> {
        if self.text != "-" {
            return Ok(self.text.clone());
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|reason| {
            Failure::usage(format!("cannot read the rule from standard input: {reason}"))
        })?;
        Ok(text)
    }
}

/// Tells people what is wrong with a rule, with colours where stderr is a terminal.
fn print_diagnostics<'d>(
    text: &str,
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
) -> std::io::Result<()> {
    let mut stderr = std::io::stderr().lock();
    let style = if stderr.is_terminal() { Style::Colored } else { Style::Plain };
    for diagnostic in diagnostics {
        writeln!(stderr, "{}\n", diagnostic.render(text, style))?;
    }
    Ok(())
}

/// `entra` or `extended`.
#[derive(Clone, Copy, Default, ValueEnum)]
enum DialectName {
    /// What Microsoft Entra ID accepts
    #[default]
    Entra,
    /// That, and the extensions
    Extended,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Dialect {
        match name {
            DialectName::Entra => Dialect::Entra,
            DialectName::Extended => Dialect::Extended,
        }
    }
}

fn parse_instant(text: &str) -> Result<Instant, String> {
    Instant::parse(text).map_err(|error| error.to_string())
}

fn parse_tenant(text: &str) -> Result<Tenant, String> {
    Tenant::new(text).map_err(|rejection| rejection.message)
}

/// The time on the wall.
fn wall_clock() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Instant::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
