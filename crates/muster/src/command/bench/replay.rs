//! `muster bench replay`: this very program over files, as a user runs it.
//!
//! The organisation and its groups are replayed into a data directory first; what is measured is the replay
//! of the changes on top of it, by a process of its own, whose memory is what the program takes.

use super::progress::Progress;
use super::{Common, Sampler, baseline};
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_loadgen::bench::outcome::{CauseSource, verify};
use muster_loadgen::bench::report::Report;
use muster_loadgen::bench::{Measured, Step, round_number};
use muster_loadgen::files::{Files, write_changes};
use serde::Deserialize;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Measure the whole engine over files: JSON lines in, RocksDB with synced commits, delta lines out
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Where files and data go, and stay [default: a temporary directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
A sample of the changes is evaluated by the oracle and held against the delta
lines. Where anything differs no rate is printed, and the exit status is 1.
Baselines are measured on matching only, as by `muster bench match`.

Examples:
  muster bench replay
  muster bench replay --profile wide --report wide.html";

/// So many changes, before those that count, fill caches and tell how many take ten seconds.
const WARM_UP: u64 = 5_000;
const DEFAULT_SECONDS: f64 = 10.0;

impl Arguments {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        baseline::check(&self.common.baseline)?;
        let workload = self.common.workload.workload();
        let temporary = tempfile::Builder::new().prefix("muster-bench-").tempdir()?;
        let directory = self.dir.as_deref().unwrap_or(temporary.path());
        std::fs::create_dir_all(directory)?;
        let mut sampler = Sampler::start();
        let mut progress = Progress::new();
        progress.show(Step::Preparing("writing the workload"));
        let rules = workload.rules().map_err(|fault| Failure::Fault(fault.into()))?;
        let files = Files::of(directory);
        files.write(&workload, WARM_UP, |_| {})?;
        let replay = Replay { directory };
        progress.show(Step::Preparing("replaying the organisation"));
        replay.run(&[&files.groups, &files.users], |_| {})?;
        progress.show(Step::Preparing("warming up"));
        let warm = replay.run(&[&files.groups, &files.users, &files.changes], |_| {})?;
        let wanted = match self.common.changes {
            Some(changes) => changes.get(),
            None => round_number(warm.changes_per_second * DEFAULT_SECONDS),
        };
        progress.show(Step::Preparing("writing the changes"));
        let changes = directory.join("04-measured.jsonl");
        write_changes(&changes, &workload, WARM_UP..WARM_UP + wanted)?;

        let start = std::fs::metadata(replay.deltas())?.len();
        let mut written: Vec<(Duration, u64)> = Vec::new();
        let inputs = [&files.groups, &files.users, &files.changes, &changes];
        progress.show(Step::Preparing("measuring"));
        let stats = replay.run(&inputs, |elapsed| {
            let length = std::fs::metadata(replay.deltas()).map_or(start, |file| file.len());
            written.push((elapsed, length - start));
        })?;
        progress.show(Step::Preparing("holding a sample against the oracle"));
        let measured_file = changes.to_string_lossy().into_owned();
        let change_of = |source: &CauseSource<'_>| {
            let line = source.line.filter(|_| source.file == Some(measured_file.as_str()))?;
            Some(WARM_UP + line - 1)
        };
        let deltas = BufReader::with_capacity(1 << 20, File::open(replay.deltas())?);
        let verified = verify(&workload, &rules, deltas, WARM_UP..WARM_UP + wanted, &change_of)?;
        let measured = Measured {
            changes: stats.changes,
            deltas: stats.deltas,
            elapsed: Duration::from_secs_f64(stats.elapsed_seconds),
            cpu: None,
            verified: verified.changes,
            differences: verified.differences,
            series: by_bytes(&written, stats.changes),
        };
        let comparisons = baseline::measure(&self.common.baseline, &workload, &rules, &mut progress)?;
        let mut report = Report::new("replay", &workload, 1, &measured, &comparisons);
        report.peak_memory_bytes = stats.peak_memory_bytes;
        self.common.tell(&report, &measured, sampler.stop(), Vec::new(), progress)
    }
}

/// Replays of one data directory.
struct Replay<'d> {
    directory: &'d Path,
}

/// What a replay says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    changes: u64,
    deltas: u64,
    elapsed_seconds: f64,
    changes_per_second: f64,
    peak_memory_bytes: Option<u64>,
}

/// So often it is looked how far a replay has come.
const LOOK: Duration = Duration::from_millis(100);

impl Replay<'_> {
    fn deltas(&self) -> PathBuf {
        self.directory.join("deltas.jsonl")
    }

    /// Runs one, and calls `look` now and then with the time since its start.
    fn run(&self, events: &[&PathBuf], mut look: impl FnMut(Duration)) -> Result<Stats, Failure> {
        let program = std::env::current_exe()?;
        let start = Instant::now();
        let mut child = Command::new(program)
            .arg("replay")
            .args(["--now", "2026-11-22T08:00:00Z", "--strict", "--stats", "--deltas"])
            .arg(self.deltas())
            .arg("--data")
            .arg(self.directory.join("data"))
            .arg("--events")
            .args(events)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        while child.try_wait()?.is_none() {
            look(start.elapsed());
            std::thread::sleep(LOOK);
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::Fault(anyhow::anyhow!("the replay ended with {}: {reason}", output.status)));
        }
        serde_json::from_slice(&output.stdout).map_err(|reason| Failure::Fault(reason.into()))
    }
}

/// Changes done by then, from the bytes of delta lines written by then.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a curve for people"
)]
fn by_bytes(written: &[(Duration, u64)], changes: u64) -> Vec<(Duration, u64)> {
    let total = written.last().map_or(0, |(_, bytes)| *bytes).max(1) as f64;
    let begin = written.iter().rposition(|(_, bytes)| *bytes == 0).unwrap_or(0);
    let zero = written.get(begin).map_or(Duration::ZERO, |(at, _)| *at);
    let after = written.iter().skip(begin + 1);
    after.map(|(at, bytes)| (*at - zero, (*bytes as f64 / total * changes as f64) as u64)).collect()
}
