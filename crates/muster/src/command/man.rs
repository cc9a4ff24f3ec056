//! `muster man`: manual pages, from the command line's own definition.

use crate::CommandLine;
use crate::failure::{Failure, Outcome};
use clap::{Args, CommandFactory};
use clap_mangen::Man;
use std::io::Write;
use std::path::PathBuf;

/// Print a manual page
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Of which command [default: the program's own]
    #[arg(value_name = "COMMAND")]
    commands: Vec<String>,
    /// Write all pages into this directory instead, one file each
    #[arg(long, value_name = "DIR", conflicts_with = "commands")]
    all: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Exit status: 0 done, 2 wrong usage.

Examples:
  muster man | man -l -
  muster man rule check | man -l -
  muster man --all /usr/local/share/man/man1";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut command = CommandLine::command();
        command.build();
        if let Some(directory) = &self.all {
            clap_mangen::generate_to(command, directory).map_err(|reason| {
                Failure::usage(format!("cannot write pages into `{}`: {reason}", directory.display()))
            })?;
            return Ok(Outcome::Done);
        }
        for name in &self.commands {
            command = command
                .find_subcommand(name)
                .cloned()
                .ok_or_else(|| Failure::usage(format!("there is no command `{name}`: see `muster help`")))?;
        }
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        std::io::stdout().write_all(&page)?;
        Ok(Outcome::Done)
    }
}
