//! `muster topics`: the topics with their partitions and policies.

use super::config::ConfigArguments;
use crate::failure::{Failure, Outcome};
use crate::serve::{failure, open_log, topics};
use clap::{Args, Subcommand};

/// What can be done about topics.
#[derive(Subcommand)]
pub(crate) enum TopicsCommand {
    /// Make the topics that do not exist, and say what differs
    Create(Arguments),
    /// Say what differs from the configuration
    Check(Arguments),
}

/// Which topics.
#[derive(Args)]
#[command(
    after_help = "Exit status: 0 all as configured, 1 something differs, 2 wrong configuration, 3 a fault."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: ConfigArguments,
}

impl TopicsCommand {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let (TopicsCommand::Create(arguments) | TopicsCommand::Check(arguments)) = &self;
        let config = arguments.source.load()?;
        let log = open_log(&config).map_err(failure)?;
        let specs = topics(&config).specs(config.topics.partitions);
        if matches!(self, TopicsCommand::Create(_)) {
            for topic in log.create_topics(&specs).map_err(failure)? {
                println!("created {topic}");
            }
        }
        let differences = log.check_topics(&specs).map_err(failure)?;
        for difference in &differences {
            eprintln!("{difference}");
        }
        Ok(if differences.is_empty() { Outcome::Done } else { Outcome::No })
    }
}
