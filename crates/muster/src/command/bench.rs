//! `muster bench`: the load benchmark.
//!
//! Makes the workload, lets it be measured, and tells the result; a run that the oracle does not agree
//! with has no rate. What is measured, and how, is in `muster-loadgen`.

mod matching;
mod progress;

use crate::failure::{Failure, Outcome};
use clap::{Args, Subcommand, ValueEnum};
use muster_loadgen::bench::compare::Baseline;
use muster_loadgen::bench::report::Report;
use muster_loadgen::{Profile, Size, Workload};
use std::io::Write;
use std::num::{NonZeroU64, NonZeroUsize};

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum BenchCommand {
    /// The index only: rows in memory, no store, no files
    Match(matching::Arguments),
}

impl BenchCommand {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        match self {
            BenchCommand::Match(arguments) => arguments.run(),
        }
    }
}

/// Which workload.
#[derive(Args)]
pub(super) struct WorkloadArguments {
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
    pub(super) fn workload(&self) -> Workload {
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
    baseline: Vec<BaselineName>,
    /// Print the result as one JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl Common {
    /// Tells the result.
    fn tell(&self, mut report: Report) -> Result<Outcome, Failure> {
        report.peak_memory_bytes = super::replay::peak_memory();
        if self.json {
            let json = serde_json::to_string(&report).unwrap_or_default();
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
}

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

/// What else answers which memberships a change flips.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BaselineName {
    /// Every rule evaluated, before and after
    Naive,
    /// Attribute to the rules that read it
    Attribute,
}

impl From<BaselineName> for Baseline {
    fn from(name: BaselineName) -> Baseline {
        match name {
            BaselineName::Naive => Baseline::Naive,
            BaselineName::Attribute => Baseline::Attribute,
        }
    }
}
