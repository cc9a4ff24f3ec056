//! `muster loadgen`: the benchmark's workload as files of event lines.

use super::bench::WorkloadArguments;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;
use clap::Args;
use muster_loadgen::files::Files;
use std::path::PathBuf;

/// Write the benchmark's workload to files, so that any other system can be measured on it
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    workload: WorkloadArguments,
    /// Changes of one to three attributes of one user
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    changes: u64,
    /// The directory for the files; made where it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

const AFTER_HELP: &str = "\
Writes 01-groups.jsonl, 02-users.jsonl and 03-changes.jsonl, to be replayed in
the order of their names, at 2026-11-22T08:00:00Z: Entra's dialect, canonical
flat attribute names. Equal arguments write equal bytes.

Examples:
  muster loadgen --out load --rules 1000 --objects 10000 --changes 5000
  muster replay --events load/*.jsonl --deltas deltas.jsonl --now 2026-11-22T08:00:00Z";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        std::fs::create_dir_all(&self.out).map_err(|reason| {
            Failure::usage(format!("cannot make the directory `{}`: {reason}", self.out.display()))
        })?;
        let workload = self.workload.workload();
        let mut progress = Progress::over_bytes("writing", 0);
        Files::of(&self.out).write(&workload, self.changes, |lines| {
            if progress.is_due() {
                progress.set(0, format!("{lines} lines"));
            }
        })?;
        Ok(Outcome::Done)
    }
}
