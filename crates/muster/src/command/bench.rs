//! `muster bench`: the load benchmark.
//!
//! Makes the workload, lets it be measured, and tells the result; a run that the oracle does not agree
//! with has no rate. What is measured, and how, is in `muster-loadgen`.

mod baseline;
mod kafka;
mod matching;
mod progress;
mod replay;
mod sampler;

use crate::failure::{Failure, Outcome};
use baseline::Baseline;
use clap::{Args, Subcommand, ValueEnum};
use muster_loadgen::bench::compare::cost_by_rules;
use muster_loadgen::bench::page::{Details, page};
use muster_loadgen::bench::report::Report;
use muster_loadgen::bench::{Measured, Step};
use muster_loadgen::{Profile, Size, Workload};
use progress::Progress;
use sampler::Sampler;
use std::io::Write;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum BenchCommand {
    /// The index only: rows in memory, no store, no files
    Match(matching::Arguments),
    /// The whole engine over files: JSON lines in, RocksDB with synced commits, delta lines out
    Replay(replay::Arguments),
    /// The service over a real broker: changes in, transactions out, latency to a subscriber
    Kafka(kafka::Arguments),
}

impl BenchCommand {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            BenchCommand::Match(arguments) => arguments.run(),
            BenchCommand::Replay(arguments) => arguments.run(),
            BenchCommand::Kafka(arguments) => arguments.run(),
        }
    }
}

/// Which workload.
#[derive(Args)]
pub(crate) struct WorkloadArguments {
    /// How many memberships an object has, and a change flips
    #[arg(long, value_enum, default_value_t)]
    profile: ProfileName,
    /// Dynamic groups, each with a rule of its own
    #[arg(long, value_name = "N", default_value = "15000")]
    rules: NonZeroUsize,
    /// Users
    #[arg(long, value_name = "N", default_value = "100000")]
    objects: NonZeroUsize,
    /// What everything follows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

impl WorkloadArguments {
    pub(crate) fn workload(&self) -> Workload {
        let size = Size { rules: self.rules.get(), objects: self.objects.get() };
        Workload::new(self.profile.into(), size, self.seed)
    }
}

/// What every benchmark is asked.
#[derive(Args)]
struct Common {
    #[command(flatten)]
    workload: WorkloadArguments,
    /// Changes of one to three attributes of one user [default: as many as take about ten seconds]
    #[arg(long, value_name = "N")]
    changes: Option<NonZeroU64>,
    /// Measure these, too, on the rules they can express, and print ours ÷ theirs
    #[arg(long, value_name = "NAME,…", value_enum, value_delimiter = ',')]
    baseline: Vec<Baseline>,
    /// Print the result as one JSON object on standard output
    #[arg(long)]
    json: bool,
    /// Write the result with plots, as a page that needs no network
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

impl Common {
    /// Tells the result. `memory` is that of the run, `latency` its percentiles.
    fn tell(
        &self,
        report: &Report,
        measured: &Measured,
        memory: Vec<(f64, u64)>,
        latency: Vec<(f64, f64)>,
        mut progress: Progress,
    ) -> Result<Outcome, Failure> {
        if let Some(path) = &self.report {
            progress.show(Step::Preparing("measuring the cost at other numbers of rules"));
            let details = Details {
                command: std::env::args().collect::<Vec<_>>().join(" "),
                machine: sampler::machine(),
                cost: self.cost_by_rules()?,
                memory,
                latency,
            };
            std::fs::write(path, page(report, measured, &details))
                .map_err(|reason| Failure::usage(format!("cannot write `{}`: {reason}", path.display())))?;
        }
        drop(progress);
        if self.json {
            let json = serde_json::to_string(report).unwrap_or_default();
            writeln!(std::io::stdout().lock(), "{json}")?;
        } else {
            write!(std::io::stdout().lock(), "{}", report.table())?;
        }
        if report.is_right() {
            return Ok(Outcome::Done);
        }
        eprintln!(
            "error: {} memberships differ from the oracle's in {} changes that were checked: there is no rate to \
             print; please report it, with seed {}",
            report.differences, report.verified_changes, report.seed
        );
        Ok(Outcome::No)
    }

    /// From a hundredth of the rules that are asked for, to all of them.
    fn cost_by_rules(&self) -> Result<Vec<(usize, f64)>, Failure> {
        let WorkloadArguments { profile, rules, objects, seed } = self.workload;
        let mut counts: Vec<usize> =
            [100, 32, 10, 3, 1].into_iter().map(|part| (rules.get() / part).max(1)).collect();
        counts.dedup();
        let objects = objects.get().min(MOST_OBJECTS_FOR_COST);
        cost_by_rules(profile.into(), objects, seed, &counts).map_err(|fault| Failure::Fault(fault.into()))
    }
}

/// The cost at other numbers of rules is measured on so many users at most.
const MOST_OBJECTS_FOR_COST: usize = 20_000;

/// `flat`, `typical` or `wide`.
#[derive(Clone, Copy, Default, ValueEnum)]
enum ProfileName {
    /// A change flips about two memberships, whatever the number of rules
    Flat,
    /// A user is in 0.3 % of the groups; a change flips four memberships at 15,000 rules
    #[default]
    Typical,
    /// A user is in 2.5 % of the groups; a change flips 37 memberships at 15,000 rules
    Wide,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Profile {
        match name {
            ProfileName::Flat => Profile::Flat,
            ProfileName::Typical => Profile::Typical,
            ProfileName::Wide => Profile::Wide,
        }
    }
}
