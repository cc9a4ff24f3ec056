//! `muster licensing replay`: the licensing subscriber over files.

use super::show::Show;
use crate::command::replay::{per_second, plural, refused};
use crate::command::{parse_instant, wall_clock};
use crate::data;
use crate::failure::{Failure, Outcome};
use crate::files::apply::{self, Machine, check_length};
use crate::files::publish::Publisher;
use crate::files::{self, publish};
use clap::Args;
use muster_directory::{DeadLetter, Instant, Rejection};
use muster_engine::storage::{Entry, LICENSING_PARTITION, Positions, Storage};
use muster_licensing::{ApplyError, Licensing};
use muster_rule::Schema;
use muster_stream::file::{InputLine, InputPosition, Inputs};
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Turn membership deltas and assignments in files into licence events
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Files of licensing lines, read in this order; may be repeated
    #[arg(long, value_name = "FILE.jsonl", required = true, num_args = 1..)]
    input: Vec<PathBuf>,
    /// Where the licence event lines go; refused lines go to the same name with `.dead` behind it
    #[arg(long, value_name = "OUT.jsonl")]
    events: PathBuf,
    /// A data directory, which makes the replay durable: run again after a kill, it goes on where it
    /// was [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the clock starts, in a new data directory; it moves by clock lines only [default: the
    /// wall clock]
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    now: Option<Instant>,
    /// Commit after so many lines at the latest; what is written does not depend on it
    #[arg(long, value_name = "N", default_value = "4096")]
    commit_lines: std::num::NonZeroUsize,
    /// Print counts and rates as one JSON object at the end
    #[arg(long)]
    stats: bool,
    /// Print each licence event with its cause, for people, on stderr
    #[arg(long)]
    show: bool,
    /// Exit with 1 when any line was refused
    #[arg(long)]
    strict: bool,
}

const AFTER_HELP: &str = "\
Each line is one input, complete before the next one is read:
  {\"kind\":\"product\",\"op\":\"upsert\",\"id\":\"sku1\",\"data\":{\"prepaidUnits\":{\"enabled\":25},
   \"servicePlans\":[{\"servicePlanId\":\"p1\"}]}}                            (on one line)
  {\"kind\":\"licenseAssignment\",\"op\":\"upsert\",\"group\":\"g1\",
   \"data\":{\"assignedLicenses\":[{\"skuId\":\"sku1\",\"disabledPlans\":[]}]}}
  {\"kind\":\"licenseAssignment\",\"op\":\"upsert\",\"user\":\"u1\",\"data\":{…}}
  {\"kind\":\"tenant\",\"op\":\"upsert\",\"id\":\"default\",\"data\":{\"usageLocation\":\"US\"}}
  delta lines as `muster replay` writes them; user, group and clock lines
  {\"kind\":\"removal\",\"op\":\"confirm\",\"id\":\"17\"}   a removal that the brake held
Deltas are folded by partition and sequence: one that comes again changes
nothing, a missing one stops the replay (exit 3) before anything after it.

With --data, run again with the same arguments after a kill: OUT.jsonl and
OUT.jsonl.dead have every line exactly once. More lines, or more files, may
follow what was read before. Without --data OUT is overwritten.

Exit status: 0 done (with dead letters too, but 1 under --strict), 2 wrong usage
or other files than before, 3 a fault, or missing deltas.

Example:
  muster replay --events config/sample/0[123]*.jsonl --deltas deltas.jsonl
  muster licensing replay --input licences.jsonl deltas.jsonl --events out.jsonl";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        files::check_outputs(&self.input, &self.events, "--events")?;
        let data = data::open(self.data.as_ref())?;
        let head = data.store.head(LICENSING_PARTITION)?;
        let position = head.as_ref().and_then(|head| InputPosition::stored(&head.positions));
        let inputs = Inputs::open(&self.input, position)?;
        let show = self.show.then(|| publish::Show::Licences(Show::default()));
        let publisher = Publisher::open(&data.store, LICENSING_PARTITION, &self.events, show)?;
        let clock = self.now.unwrap_or_else(wall_clock);
        let licensing = Licensing::restore(&data.store, LICENSING_PARTITION, clock)?;

        let machine = LicensingMachine { licensing, lines: 0, started: std::time::Instant::now() };
        let (machine, published) = apply::run(machine, inputs, publisher, self.commit_lines)?;
        if let Some((partition, sequence)) = machine.licensing.incomplete() {
            eprintln!(
                "an event is not complete: its last delta comes after sequence {sequence} of partition \
                 {partition}; nothing of it is applied yet"
            );
        }
        let report = machine.report(&published);
        eprintln!(
            "{} replayed, {} written to `{}` in {:.1} s{}",
            plural(report.lines, "line"),
            plural(report.events, "licence event"),
            self.events.display(),
            report.elapsed_seconds,
            refused(published.dead_letters, &self.events)
        );
        if self.stats {
            let report = serde_json::to_string(&report).unwrap_or_default();
            writeln!(std::io::stdout().lock(), "{report}")?;
        }
        Ok(if self.strict && published.lengths.has_dead_letters() { Outcome::No } else { Outcome::Done })
    }
}

/// The JSON object of `--stats`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    lines: u64,
    events: u64,
    dead_letters: u64,
    commits: u64,
    elapsed_seconds: f64,
    lines_per_second: f64,
}

/// The subscriber, and how far it is.
struct LicensingMachine {
    licensing: Licensing,
    lines: u64,
    started: std::time::Instant,
}

impl LicensingMachine {
    fn report(&self, published: &publish::Published) -> Report {
        let elapsed_seconds = self.started.elapsed().as_secs_f64();
        Report {
            lines: self.lines,
            events: published.events,
            dead_letters: published.dead_letters,
            commits: published.commits,
            elapsed_seconds,
            lines_per_second: per_second(self.lines, elapsed_seconds),
        }
    }
}

impl Machine for LicensingMachine {
    fn line(&mut self, line: &InputLine<'_>) -> Result<(), Failure> {
        let letter = |rejection: Rejection| {
            DeadLetter::of_line(line.source.clone(), rejection, line.bytes, line.length)
        };
        let decoded = check_length(line)
            .and_then(|()| muster_wire::decode_licensing(line.bytes, &Arc::new(Schema::default())));
        match decoded {
            Err(rejection) => self.licensing.refuse_unread(letter(rejection)),
            Ok(input) => match self.licensing.apply(input, &line.source) {
                Ok(()) => {}
                Err(ApplyError::Refused(rejection)) => self.licensing.refuse(letter(rejection)),
                Err(ApplyError::Gap(gap)) => return Err(Failure::Fault(gap.into())),
            },
        }
        self.lines += 1;
        Ok(())
    }

    fn step_len(&self) -> usize {
        self.licensing.step_len()
    }

    fn take_entry(&mut self, positions: Positions) -> Entry {
        self.licensing.take_entry(positions)
    }

    fn rate(&self) -> String {
        format!("{:.0} lines/s", per_second(self.lines, self.started.elapsed().as_secs_f64()))
    }
}
