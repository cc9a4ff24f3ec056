//! The load benchmark: what is measured, and how it is told.

mod clock;
pub mod compare;
pub mod matching;
pub mod outcome;
pub mod page;
pub mod plot;
pub mod report;

pub use matching::round_number;
use std::time::Duration;

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Changes applied while the clock ran.
    pub changes: u64,
    /// Memberships they flipped.
    pub deltas: u64,
    /// What the clock says.
    pub elapsed: Duration,
    /// The processor time of the threads that did it, where it is known.
    pub cpu: Option<Duration>,
    /// Changes held against the oracle.
    pub verified: u64,
    /// Memberships that the oracle does not agree with.
    pub differences: u64,
    /// Changes done by then, in order.
    pub series: Vec<(Duration, u64)>,
}

/// How far a benchmark has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rules, objects or files are being made.
    Preparing(&'static str),
    /// The clock runs.
    Measuring {
        /// Changes applied.
        done: u64,
        /// Changes to be applied.
        wanted: u64,
        /// What the clock says.
        elapsed: Duration,
    },
    /// A baseline is being measured.
    Comparing(&'static str),
}

/// `count` in one second, where it took `elapsed`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a rate")]
pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(1e-9)
}
