//! The matrix of faults: the real program and a real broker, something that goes wrong between them, and one
//! verdict. After each fault everything rests, the checker looks at what is published, and a restart must
//! publish nothing more.
//!
//! A fault is a function over a [`Scene`]; one file holds one family.

mod broker;
mod disk;
mod instances;
mod kill;
mod log;
mod scene;
mod soak;

pub use scene::Scene;

use crate::broker::Broker;
use crate::guard::guarded;
use std::fmt;
use std::time::{Duration, Instant};

/// When a fault is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// In every run of the tests.
    Kept,
    /// When the whole matrix is asked for.
    Whole,
}

/// Something that goes wrong.
pub struct Fault {
    /// Unique, and part of the names of its topics.
    pub name: &'static str,
    /// What happens, for people.
    pub what: &'static str,
    /// When it is tried.
    pub selection: Selection,
    play: fn(&mut Scene<'_>) -> Result<String, String>,
}

/// All faults, family by family.
#[must_use]
pub fn all() -> Vec<Fault> {
    [kill::FAULTS, disk::FAULTS, log::FAULTS, broker::FAULTS, instances::FAULTS, soak::FAULTS]
        .into_iter()
        .flatten()
        .map(|fault| Fault { ..*fault })
        .collect()
}

/// What came of a fault.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The fault's.
    pub name: &'static str,
    /// The fault's.
    pub what: &'static str,
    /// What it led to, or which invariant it broke.
    pub result: Result<String, String>,
    /// Deltas that were checked.
    pub deltas: usize,
    /// How long all of it took.
    pub took: Duration,
}

impl Fault {
    /// Tries it on a broker, which it may end and start again.
    #[must_use]
    pub fn try_on(&self, broker: &Broker, seed: u64) -> Outcome {
        let began = Instant::now();
        let mut deltas = 0;
        let result = guarded(|| {
            let mut scene = Scene::new(broker, self.name, seed);
            let outcome = (self.play)(&mut scene)?;
            deltas = scene.checked();
            Ok(outcome)
        });
        let result = result.unwrap_or_else(|panic| Err(format!("panicked: {panic}")));
        Outcome { name: self.name, what: self.what, result, deltas, took: began.elapsed() }
    }
}

impl fmt::Display for Outcome {
    /// A row of the report, which is a table in Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { name, what, result, deltas, took } = self;
        let (outcome, verdict) = match result {
            Ok(outcome) => (outcome.as_str(), format!("I1 I2 I3 I5 I7 hold over {deltas} deltas")),
            Err(reason) => (reason.as_str(), "**broken**".to_owned()),
        };
        let outcome = outcome.replace('\n', " ").replace('|', "/");
        write!(f, "| {name} | {what} | {outcome} | {verdict} | {:.1} |", took.as_secs_f64())
    }
}

/// The head of the report.
pub const HEAD: &str = "| fault | what happens | outcome | invariants | seconds |\n|---|---|---|---|---|";
