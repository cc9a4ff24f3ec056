//! The subcommands, one file each.

mod bench;
mod completions;
mod config;
mod export;
mod find;
mod groups;
mod licensing;
mod loadgen;
mod man;
mod members;
mod memberships;
mod partitions;
mod preview;
mod produce;
mod replay;
mod rule;
mod serve;
mod tail;
mod topics;
mod values;

pub(crate) use values::find_property;

use clap::{Subcommand, ValueEnum};
pub(crate) use licensing::LicenceShow;
use muster_directory::{Instant, Tenant};
use muster_rule::Dialect;

/// What can be asked of the program.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check, try, test, format, migrate and import membership rules
    Rule {
        /// Which.
        #[command(subcommand)]
        command: rule::RuleCommand,
    },
    /// Run the whole engine over files of event lines, and write the membership deltas
    Replay(replay::Arguments),
    /// List the members of a group, from a data directory at rest
    Members(members::Arguments),
    /// List the groups of an object, from a data directory at rest
    Memberships(memberships::Arguments),
    /// Say what a rule would do to a group's members, before it is saved
    Preview(preview::Arguments),
    /// List the users or devices that a rule selects, from a data directory at rest
    Find(find::Arguments),
    /// List the values that a property has, with how many have each, from a data directory at rest
    Values(values::Arguments),
    /// Give licences by group: replay deltas and assignments, report, explain, forecast
    Licensing {
        /// What.
        #[command(subcommand)]
        command: licensing::LicensingCommand,
    },
    /// Run the service: events in and deltas out over its own log or Kafka, and HTTP
    Serve(serve::Arguments),
    /// Send event lines to the service's topics, on either log
    Produce(produce::Arguments),
    /// Print the deltas, or what else the service writes, from either log
    Tail(tail::Arguments),
    /// Show the edits of groups that are held, confirm or reject them
    Groups {
        /// What.
        #[command(subcommand)]
        command: groups::GroupsCommand,
    },
    /// Make the service's topics, or say what differs from the configuration
    Topics {
        /// Which.
        #[command(subcommand)]
        command: topics::TopicsCommand,
    },
    /// Say how a service's partitions stand at rest, and decide about one that stopped
    Partitions {
        /// What.
        #[command(subcommand)]
        command: partitions::PartitionsCommand,
    },
    /// Write the current state as event lines, for an application with more partitions
    Export(export::Arguments),
    /// Write the benchmark's workload to files, so that any other system can be measured on it
    Loadgen(loadgen::Arguments),
    /// Measure changes a second on a synthetic organisation, checked against the oracle
    Bench {
        /// What.
        #[command(subcommand)]
        command: bench::BenchCommand,
    },
    /// Check the service's configuration, or print the one that holds
    Config {
        /// Which.
        #[command(subcommand)]
        command: config::ConfigCommand,
    },
    /// Print a completion script for a shell
    Completions(completions::Arguments),
    /// Print a manual page
    Man(man::Arguments),
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
