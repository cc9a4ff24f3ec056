//! Named points at which a test may end the process as `kill -9` would: nothing is flushed, nothing dropped.
//!
//! Only tests name a point, in the environment variable [`VARIABLE`] when they start the program:
//! `inside-transaction:3` is its third passing. Without the variable, which is read once, passing a point costs
//! one comparison. It is in every build, so that what is tested is what is shipped; whoever can set a process's
//! environment can end the process anyway.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Set by tests only.
pub const VARIABLE: &str = "MUSTER_TEST_KILL_AT";

/// Where a test may end the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillPoint {
    /// Changes are applied in memory, and nothing of them is on the disk.
    BeforeBatch,
    /// An entry is on the disk, and the publisher does not know of it.
    AfterBatch,
    /// Records and progress are with the broker, and the transaction is open.
    InsideTransaction,
    /// Some microseconds into the commit: the passing, modulo a thousand.
    DuringCommit,
    /// The transaction is committed, and nobody was told.
    AfterCommit,
    /// It is known to be committed, and the outbox still has its entries.
    BeforeTrim,
}

impl KillPoint {
    /// All of them, in the order in which an entry comes to them.
    pub const ALL: [KillPoint; 6] = [
        KillPoint::BeforeBatch,
        KillPoint::AfterBatch,
        KillPoint::InsideTransaction,
        KillPoint::DuringCommit,
        KillPoint::AfterCommit,
        KillPoint::BeforeTrim,
    ];

    /// Its name in the variable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            KillPoint::BeforeBatch => "before-batch",
            KillPoint::AfterBatch => "after-batch",
            KillPoint::InsideTransaction => "inside-transaction",
            KillPoint::DuringCommit => "during-commit",
            KillPoint::AfterCommit => "after-commit",
            KillPoint::BeforeTrim => "before-trim",
        }
    }

    /// Goes on, unless a test said otherwise.
    pub fn pass(self) {
        static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
        let armed = ARMED.get_or_init(|| Armed::from_text(&std::env::var(VARIABLE).ok()?));
        if let Some(armed) = armed
            && armed.at == self
            && armed.left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            if self == KillPoint::DuringCommit {
                let delay = Duration::from_micros(armed.passing % 1_000);
                std::thread::spawn(move || {
                    std::thread::sleep(delay);
                    std::process::abort();
                });
            } else {
                std::process::abort();
            }
        }
    }
}

struct Armed {
    at: KillPoint,
    passing: u64,
    /// Passings that are still to come, the deadly one included.
    left: AtomicU64,
}

impl Armed {
    fn from_text(text: &str) -> Option<Armed> {
        let (name, passing) = text.split_once(':')?;
        let at = KillPoint::ALL.into_iter().find(|point| point.name() == name)?;
        let passing = passing.parse().ok().filter(|passing| *passing > 0)?;
        Some(Armed { at, passing, left: AtomicU64::new(passing) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_and_a_passing_arm_it_and_nothing_else_does() {
        for point in KillPoint::ALL {
            let armed = Armed::from_text(&format!("{}:7", point.name())).unwrap();
            assert_eq!((armed.at, armed.passing), (point, 7));
        }
        for text in ["", "before-batch", "before-batch:", "before-batch:0", "nowhere:1", "before-batch:x"] {
            assert!(Armed::from_text(text).is_none(), "{text}");
        }
        // Nobody armed this process.
        KillPoint::BeforeBatch.pass();
    }
}
