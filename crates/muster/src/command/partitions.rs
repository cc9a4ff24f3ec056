//! `muster partitions`: how the partitions of a data directory stand, and what to do about one that stopped.
//!
//! All of it on a directory at rest. Nothing is guessed here: each decision says what it gives up, and the next
//! start takes it.

mod list;
mod resolve;
mod rewrite;
mod skip;

use super::config::ConfigArguments;
use crate::failure::{Failure, Outcome};
use clap::{Args, Subcommand};
use muster_engine::storage::PartitionNumber;

/// What can be done about partitions.
#[derive(Subcommand)]
pub(crate) enum PartitionsCommand {
    /// Say how far each partition is, what it has not published, and what holds it up
    List(list::Arguments),
    /// Decide what a partition that refuses to start cannot know
    Resolve(resolve::Arguments),
    /// Give up the change at which the engine fails: it becomes a dead letter
    Skip(skip::Arguments),
}

impl PartitionsCommand {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            PartitionsCommand::List(arguments) => arguments.run(),
            PartitionsCommand::Resolve(arguments) => arguments.run(),
            PartitionsCommand::Skip(arguments) => arguments.run(),
        }
    }
}

/// Which partition.
#[derive(Args)]
struct Which {
    /// The partition's number
    #[arg(value_name = "P")]
    partition: PartitionNumber,
    #[command(flatten)]
    source: ConfigArguments,
}
