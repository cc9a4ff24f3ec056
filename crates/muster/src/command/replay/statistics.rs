//! What a replay did, counted: for people in a sentence, for programs as JSON.

use crate::files::publish::Published;
use muster_directory::Event;
use muster_engine::PartitionCounts;
use serde::Serialize;
use std::path::Path;
use std::time::Instant;

/// Counts of one run; what earlier runs over the same data directory did is not in them.
pub(super) struct Statistics {
    started: Instant,
    /// After what was stored is in memory.
    restored: Instant,
    report: Report,
}

/// The JSON object of `--stats`.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Lines that are not blank.
    lines: u64,
    /// Those of them that changed, or could have changed, a user, a device or a listing.
    changes: u64,
    deltas: u64,
    dead_letters: u64,
    commits: u64,
    groups: u64,
    objects: u64,
    /// Rules looked at because a change could affect them, each once a change.
    affected_rules: u64,
    /// Loading what was stored before.
    restore_seconds: f64,
    /// From the first line to the last byte on the disk.
    elapsed_seconds: f64,
    changes_per_second: f64,
    deltas_per_second: f64,
    /// Null where the system does not tell.
    peak_memory_bytes: Option<u64>,
}

impl Statistics {
    pub(super) fn start() -> Statistics {
        let now = Instant::now();
        Statistics { started: now, restored: now, report: Report::default() }
    }

    /// What was stored is in memory.
    pub(super) fn restored(&mut self) {
        self.restored = Instant::now();
        self.report.restore_seconds = self.started.elapsed().as_secs_f64();
    }

    /// One line was read, and decoded where it could be.
    pub(super) fn line(&mut self, event: Option<&Event>) {
        self.report.lines += 1;
        if matches!(event, Some(Event::Object(_) | Event::Tombstone(_) | Event::Listing(_))) {
            self.report.changes += 1;
        }
    }

    /// Everything is on the disk.
    pub(super) fn finish(&mut self, counts: &PartitionCounts, published: &Published) {
        let report = &mut self.report;
        report.deltas = published.events;
        report.dead_letters = published.dead_letters;
        report.commits = published.commits;
        report.groups = counts.groups;
        report.objects = counts.objects;
        report.affected_rules = counts.work.rules;
        report.elapsed_seconds = self.restored.elapsed().as_secs_f64();
        report.changes_per_second = per_second(report.changes, report.elapsed_seconds);
        report.deltas_per_second = per_second(report.deltas, report.elapsed_seconds);
        report.peak_memory_bytes = peak_memory();
    }

    /// Lines a second so far.
    pub(super) fn rate(&self) -> String {
        format!("{:.0} lines/s", per_second(self.report.lines, self.restored.elapsed().as_secs_f64()))
    }

    pub(super) fn summary(&self, deltas: &Path) -> String {
        let Report { lines, deltas: count, dead_letters, elapsed_seconds, .. } = &self.report;
        let refused = refused(*dead_letters, deltas);
        let (lines, count) = (plural(*lines, "line"), plural(*count, "delta"));
        format!(
            "{lines} replayed, {count} written to `{}` in {elapsed_seconds:.1} s{refused}",
            deltas.display()
        )
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(&self.report).unwrap_or_default()
    }
}

/// How many lines were refused, to go on a sentence with; nothing where none was.
pub(crate) fn refused(dead_letters: u64, output: &Path) -> String {
    match dead_letters {
        0 => String::new(),
        1 => format!("; 1 line was refused, see `{}.dead`", output.display()),
        many => format!("; {many} lines were refused, see `{}.dead`", output.display()),
    }
}

/// So many of them: `1 line`, `2 lines`.
pub(crate) fn plural(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

pub(crate) fn per_second(count: u64, seconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let count = count as f64;
    if seconds > 0.0 { (count / seconds).round() } else { 0.0 }
}

/// The most memory that this process has had, in bytes.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
