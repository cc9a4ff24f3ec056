//! `muster replay`: the whole engine over files of event lines.
//!
//! Opens what is needed, in an order in which a mistake in the arguments destroys nothing, and says
//! at the end what happened. The work itself is in [`machine`]; what makes it exactly once, in
//! [`crate::files`].

mod machine;
mod statistics;

use super::{DialectName, parse_instant, wall_clock};
use crate::data;
use crate::failure::{Failure, Outcome};
use crate::files::publish::Publisher;
use crate::files::{self, apply, publish};
use crate::interpret::JsonValues;
use crate::show::Show;
use clap::{Args, ValueEnum};
use machine::EngineMachine;
use muster_directory::{Instant, Source};
use muster_engine::storage::{PartitionNumber, Storage};
use muster_engine::{Engine, EngineOptions};
use muster_index::IndexKind;
use muster_stream::file::{InputPosition, Inputs};
use statistics::Statistics;
pub(super) use statistics::{peak_memory, per_second, plural, refused};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Run the whole engine over files of event lines, and write the membership deltas
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Files of event lines, read in this order; may be repeated
    #[arg(long, value_name = "FILE.jsonl", required = true, num_args = 1..)]
    events: Vec<PathBuf>,
    /// Where the delta lines go; refused lines go to the same name with `.dead` behind it
    #[arg(long, value_name = "OUT.jsonl")]
    deltas: PathBuf,
    /// A data directory, which makes the replay durable: run again after a kill, it goes on where it
    /// was [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the clock starts, in a new data directory; it moves by clock lines only [default: the
    /// wall clock]
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    now: Option<Instant>,
    /// The dialect of rules that name none
    #[arg(long, value_enum, default_value_t)]
    dialect: DialectName,
    /// Which index finds the rules that a change can affect
    #[arg(long, value_enum, default_value_t)]
    index: IndexName,
    /// Commit after so many lines at the latest; what is written does not depend on it
    #[arg(long, value_name = "N", default_value = "4096")]
    commit_lines: std::num::NonZeroUsize,
    /// Print counts and rates as one JSON object at the end
    #[arg(long)]
    stats: bool,
    /// Print each delta with its cause, for people, on stderr
    #[arg(long)]
    show: bool,
    /// Exit with 1 when any line was refused
    #[arg(long)]
    strict: bool,
}

const AFTER_HELP: &str = "\
Each line is one event, complete before the next one is read:
  {\"kind\":\"user\",\"op\":\"upsert\",\"id\":\"u1\",\"data\":{\"userType\":\"Guest\"}}
  {\"kind\":\"user\",\"op\":\"patch\",\"id\":\"u1\",\"data\":{\"companyName\":null}}
  {\"kind\":\"device\",\"op\":\"delete\",\"id\":\"d1\"}
  {\"kind\":\"group\",\"op\":\"upsert\",\"id\":\"g1\",
   \"data\":{\"membershipRule\":\"user.userType -eq \\\"Guest\\\"\"}}          (on one line)
  {\"kind\":\"member\",\"op\":\"add\",\"group\":\"staff\",\"id\":\"u1\"}
  {\"kind\":\"clock\",\"time\":\"2026-11-23T00:00:00Z\"}
A refused line changes nothing and goes to OUT.jsonl.dead with its code, its
place and the reason.

With --data, run again with the same arguments after a kill: OUT.jsonl and
OUT.jsonl.dead have every line exactly once. More lines, or more files, may
follow what was read before. Without --data OUT is overwritten.

Exit status: 0 done (with dead letters too, but 1 under --strict), 2 wrong usage
or other files than before, 3 a fault.

Examples:
  muster replay --events config/sample/*.jsonl --deltas deltas.jsonl
  muster replay --events mon.jsonl tue.jsonl --deltas out.jsonl --data d --stats";

#[derive(Clone, Copy, Default, ValueEnum)]
enum IndexName {
    /// Attribute and value to the comparisons that they make true
    #[default]
    Value,
    /// Attribute to the rules that read it
    Attribute,
    /// Every rule, every time: the baseline
    Naive,
}

impl From<IndexName> for IndexKind {
    fn from(name: IndexName) -> IndexKind {
        match name {
            IndexName::Value => IndexKind::Value,
            IndexName::Attribute => IndexKind::Attribute,
            IndexName::Naive => IndexKind::Naive,
        }
    }
}

const PARTITION: PartitionNumber = 0;

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        files::check_outputs(&self.events, &self.deltas, "--deltas")?;
        let mut statistics = Statistics::start();
        let data = data::open(self.data.as_ref())?;
        let head = data.store.head(PARTITION)?;
        let position = head.as_ref().and_then(|head| InputPosition::stored(&head.positions));
        let inputs = Inputs::open(&self.events, position)?;
        let publisher = Publisher::open(
            &data.store,
            PARTITION,
            &self.deltas,
            self.show.then(|| publish::Show::Deltas(Show::default())),
        )?;
        let engine = self.restore(&data.store)?;
        statistics.restored();

        let machine = EngineMachine { engine, statistics: &mut statistics };
        let (machine, published) = apply::run(machine, inputs, publisher, self.commit_lines)?;
        let counts = machine.engine.counts();
        statistics.finish(&counts, &published);
        eprintln!("{}", statistics.summary(&self.deltas));
        if self.stats {
            writeln!(std::io::stdout().lock(), "{}", statistics.to_json())?;
        }
        Ok(if self.strict && published.lengths.has_dead_letters() { Outcome::No } else { Outcome::Done })
    }

    fn restore(&self, storage: &dyn Storage) -> Result<Engine, Failure> {
        let options = EngineOptions {
            index: self.index.into(),
            dialect: self.dialect.into(),
            clock: self.now.unwrap_or_else(wall_clock),
        };
        let first = self.events.first().map(|path| path.to_string_lossy()).unwrap_or_default();
        let source = Source::File { file: Arc::from(first), line: 0 };
        Ok(Engine::restore(storage, &options, Arc::new(JsonValues), &source)?)
    }
}
