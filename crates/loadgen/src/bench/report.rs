//! The result as one JSON object, and as a table.

use super::compare::Comparison;
use super::{Measured, per_second};
use crate::workload::Workload;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The result of a benchmark. A run that the oracle does not agree with has no rates.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `match`, `replay` or `kafka`.
    pub mode: &'static str,
    /// As the command line names it.
    pub profile: &'static str,
    /// Dynamic groups.
    pub rules: usize,
    /// Users.
    pub objects: usize,
    /// Changes measured.
    pub changes: u64,
    /// Memberships that they flipped.
    pub deltas: u64,
    /// Threads that applied them.
    pub threads: usize,
    /// What the workload follows from.
    pub seed: u64,
    /// What the clock says.
    pub elapsed_seconds: f64,
    /// The processor time of the threads that did it, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// `None` where something differs.
    pub changes_per_second: Option<f64>,
    /// `None` where something differs.
    pub deltas_per_second: Option<f64>,
    /// From the intended time of a change to the moment a subscriber has its deltas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_millis: Option<Latency>,
    /// The most memory the process has had; `None` where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
    /// Changes held against the oracle.
    pub verified_changes: u64,
    /// Memberships that it does not agree with.
    pub differences: u64,
    /// By name.
    pub baselines: BTreeMap<String, Against>,
}

/// Percentiles, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[allow(missing_docs, reason = "their names say it")]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

/// A baseline, and ours on the rules that it can express.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Against {
    /// The baseline's.
    pub changes_per_second: Option<f64>,
    /// Ours ÷ the baseline's.
    pub ratio: Option<f64>,
    /// How many rules it can express.
    pub rules: usize,
    /// Ours, on these.
    pub ours_per_second: Option<f64>,
}

impl Report {
    /// What `measured` says of a workload.
    #[must_use]
    pub fn new(
        mode: &'static str,
        workload: &Workload,
        threads: usize,
        measured: &Measured,
        comparisons: &[Comparison],
    ) -> Report {
        let disagreements: u64 = comparisons.iter().map(|one| one.disagreements).sum();
        let differences = measured.differences + disagreements;
        let rate = |count| (differences == 0).then(|| per_second(count, measured.elapsed).round());
        let against = |one: &Comparison| Against {
            changes_per_second: (differences == 0).then(|| rounded(one.theirs)),
            ratio: (differences == 0).then(|| rounded(one.ratio)),
            rules: one.rules,
            ours_per_second: (differences == 0).then(|| rounded(one.ours)),
        };
        Report {
            mode,
            profile: workload.profile().as_str(),
            rules: workload.size().rules,
            objects: workload.size().objects,
            changes: measured.changes,
            deltas: measured.deltas,
            threads,
            seed: workload.seed(),
            elapsed_seconds: measured.elapsed.as_secs_f64(),
            cpu_seconds: measured.cpu.map(|cpu| cpu.as_secs_f64()),
            changes_per_second: rate(measured.changes),
            deltas_per_second: rate(measured.deltas),
            latency_millis: None,
            peak_memory_bytes: None,
            verified_changes: measured.verified,
            differences,
            baselines: comparisons.iter().map(|one| (one.baseline.clone(), against(one))).collect(),
        }
    }

    /// Whether the oracle agrees with all it was asked about.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.differences == 0
    }

    /// For people, at a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = String::new();
        let Report { mode, profile, rules, objects, threads, seed, .. } = self;
        let threads = match threads {
            1 => "1 thread".to_owned(),
            many => format!("{many} threads"),
        };
        let _ = writeln!(
            table,
            "{mode}, {profile}: {} rules, {} users, {threads}, seed {seed}",
            grouped(*rules as u64),
            grouped(*objects as u64)
        );
        let mut line = |name: &str, value: String| {
            let _ = writeln!(table, "  {name:<24}{value:>16}");
        };
        line("changes", grouped(self.changes));
        line("seconds", format!("{:.2}", self.elapsed_seconds));
        if let Some(rate) = self.changes_per_second {
            line("changes/s", whole(rate));
        }
        if let Some(rate) = self.deltas_per_second {
            line("deltas/s", whole(rate));
        }
        if let (Some(seconds), Some(_)) = (self.cpu_seconds, self.changes_per_second) {
            let micros = seconds * 1e6 / ratio(self.changes, 1);
            line("processor µs/change", format!("{micros:.2}"));
        }
        line("deltas/change", format!("{:.2}", ratio(self.deltas, self.changes)));
        if let Some(latency) = &self.latency_millis {
            line("latency p50, ms", format!("{:.2}", latency.p50));
            line("latency p99, ms", format!("{:.2}", latency.p99));
            line("latency p99.9, ms", format!("{:.2}", latency.p999));
            line("latency max, ms", format!("{:.2}", latency.max));
        }
        if let Some(bytes) = self.peak_memory_bytes {
            line("peak memory, MiB", grouped(bytes / 1024 / 1024));
        }
        line("changes verified", grouped(self.verified_changes));
        line("differences", grouped(self.differences));
        for (name, against) in &self.baselines {
            if let (Some(theirs), Some(ours), Some(ratio)) =
                (against.changes_per_second, against.ours_per_second, against.ratio)
            {
                let _ = writeln!(
                    table,
                    "  {name:<12}{:>12} changes/s on {} rules; ours there {}: {ratio:.1} times",
                    whole(theirs),
                    grouped(against.rules as u64),
                    whole(ours)
                );
            }
        }
        table
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}

/// To three digits that count, or a whole number.
fn rounded(number: f64) -> f64 {
    let unit = if number >= 100.0 { 1.0 } else { 0.01 };
    (number / unit).round() * unit
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate for people")]
fn whole(number: f64) -> String {
    if number < 100.0 { format!("{number:.1}") } else { grouped(number.round() as u64) }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
