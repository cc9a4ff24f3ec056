//! `muster bench match`.

use super::progress::Progress;
use super::{Common, Sampler, baseline};
use crate::command::replay::peak_memory;
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_index::IndexKind;
use muster_loadgen::bench::Step;
use muster_loadgen::bench::matching::{self, MatchOptions};
use muster_loadgen::bench::report::Report;
use muster_loadgen::matcher::Matcher;
use std::num::NonZeroUsize;

/// Measure how many changes a second the index takes: rows in memory, no store, no files
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Threads, each with its own part of the users, over one shared index
    #[arg(long, value_name = "N", default_value = "1")]
    threads: NonZeroUsize,
}

const AFTER_HELP: &str = "\
A sample of the changes is evaluated by the oracle, which shares no code with
the index, against every rule. Where anything differs no rate is printed, and
the exit status is 1.

Baselines are measured on one thread, in turns with ours, on the same rules,
users and changes.

Examples:
  muster bench match
  muster bench match --profile wide --threads 2 --json
  muster bench match --profile flat --rules 100000 --baseline naive,attribute";

impl Arguments {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        baseline::check(&self.common.baseline)?;
        let workload = self.common.workload.workload();
        let mut sampler = Sampler::start();
        let mut progress = Progress::new();
        progress.show(Step::Preparing("making rules"));
        let rules = workload.rules().map_err(|fault| Failure::Fault(fault.into()))?;
        let measured = {
            let matcher = Matcher::build(IndexKind::default(), &rules, workload.now());
            let options =
                MatchOptions { changes: self.common.changes.map(Into::into), threads: self.threads };
            matching::run(&workload, &rules, &matcher, options, |step| progress.show(step))
        };
        // Before baselines take theirs.
        let peak = peak_memory();
        let comparisons = baseline::measure(&self.common.baseline, &workload, &rules, &mut progress)?;
        let mut report = Report::new("match", &workload, self.threads.get(), &measured, &comparisons);
        report.peak_memory_bytes = peak;
        self.common.tell(&report, &measured, sampler.stop(), Vec::new(), progress)
    }
}
