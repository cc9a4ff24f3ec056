//! `muster completions`: completion scripts for shells, from the command line's own definition.

use crate::CommandLine;
use crate::failure::{Failure, Outcome};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::Write;

/// Print a completion script for a shell
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Which shell
    shell: Shell,
}

const AFTER_HELP: &str = "\
Exit status: 0 done, 2 wrong usage.

Examples:
  muster completions bash > ~/.local/share/bash-completion/completions/muster
  muster completions zsh > \"${fpath[1]}/_muster\"
  muster completions fish > ~/.config/fish/completions/muster.fish";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        // Into memory first: the generator does not bear a reader that goes away.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut CommandLine::command(), "muster", &mut script);
        std::io::stdout().write_all(&script)?;
        Ok(Outcome::Done)
    }
}
