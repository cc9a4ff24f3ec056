//! What is measured beside ours: other indexes of ours here, engines of others by a program of their own.

use super::progress::Progress;
use crate::failure::Failure;
use clap::ValueEnum;
use muster_index::IndexKind;
use muster_loadgen::Workload;
use muster_loadgen::bench::Step;
use muster_loadgen::bench::compare::{Comparison, compare_index};
use muster_rule::Rule;
use std::process::Command;
use std::sync::Arc;

/// The program that measures engines of others; it lies beside this one where it was built.
const PEERS: &str = "muster-peers";

/// What else answers which memberships a change flips.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Baseline {
    /// Every rule evaluated, before and after
    Naive,
    /// Attribute to the rules that read it
    Attribute,
    /// The crate of that name, on the rules made of equalities; needs `make peers`
    ATree,
    /// The crate of that name, on the rules made of equalities and prefixes; needs `make peers`
    Mokaccino,
}

impl Baseline {
    const fn name(self) -> &'static str {
        match self {
            Baseline::Naive => "naive",
            Baseline::Attribute => "attribute",
            Baseline::ATree => "a-tree",
            Baseline::Mokaccino => "mokaccino",
        }
    }
}

/// Finds out early that a baseline cannot be measured.
pub(super) fn check(baselines: &[Baseline]) -> Result<(), Failure> {
    let peer = baselines.iter().find(|one| matches!(one, Baseline::ATree | Baseline::Mokaccino));
    match peer {
        Some(peer) if !peers()?.is_file() => Err(Failure::usage(format!(
            "the baseline `{}` is measured by the program `{PEERS}`, and there is none at `{}`: build it with \
             `make peers`",
            peer.name(),
            peers()?.display()
        ))),
        _ => Ok(()),
    }
}

/// Measures them, one after the other.
pub(super) fn measure(
    baselines: &[Baseline],
    workload: &Workload,
    rules: &[Arc<Rule>],
    progress: &mut Progress,
) -> Result<Vec<Comparison>, Failure> {
    let measure = |baseline: &Baseline| {
        let name = baseline.name();
        progress.show(Step::Comparing(name));
        match baseline {
            Baseline::Naive => Ok(compare_index(workload, rules, IndexKind::Naive, name)),
            Baseline::Attribute => Ok(compare_index(workload, rules, IndexKind::Attribute, name)),
            Baseline::ATree | Baseline::Mokaccino => peer(name, workload),
        }
    };
    baselines.iter().map(measure).collect()
}

fn peers() -> Result<std::path::PathBuf, Failure> {
    Ok(std::env::current_exe()?.with_file_name(PEERS))
}

/// What the program says of the same workload.
fn peer(name: &str, workload: &Workload) -> Result<Comparison, Failure> {
    let size = workload.size();
    let output = Command::new(peers()?)
        .args([name, workload.profile().as_str()])
        .args([size.rules.to_string(), size.objects.to_string(), workload.seed().to_string()])
        .output()?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::Fault(anyhow::anyhow!("`{PEERS}` ended with {}: {reason}", output.status)));
    }
    serde_json::from_slice(&output.stdout).map_err(|reason| Failure::Fault(reason.into()))
}
