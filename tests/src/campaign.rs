//! Many histories, one after the other, and the report of the first that fails.

use crate::differential::{Mismatch, Tally};
use crate::history::{Step, history};
use crate::shrink::{print, shrink};

/// Lines in one history.
const LINES: usize = 400;

/// Plays one history, given its seed and its steps, and says what happened in it.
pub type Play<'a> = dyn Fn(u64, &[Step]) -> Result<Tally, Mismatch> + 'a;

/// A history that fails, made small.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of the history.
    pub seed: u64,
    /// What is left of it.
    pub steps: Vec<Step>,
    /// How the last line of it fails.
    pub mismatch: Mismatch,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Failure { seed, steps, mismatch } = self;
        write!(f, "MUSTER_SEED={seed} begins with this case. Enough of it to fail:\n\n{}\n", print(steps))?;
        write!(f, "after line {}: {}", mismatch.step + 1, mismatch.reason)
    }
}

/// Plays histories of at least so many lines together. The first history has the seed `seed`, the next one
/// the next, and so on.
///
/// # Errors
/// The first failure, made small.
pub fn campaign(seed: u64, lines: usize, play: &Play<'_>) -> Result<Tally, Box<Failure>> {
    let mut tally = Tally::default();
    for seed in seed.. {
        if tally.lines >= lines {
            break;
        }
        let steps = history(seed, LINES);
        match play(seed, &steps) {
            Ok(counts) => tally.add(&counts),
            Err(mismatch) => {
                let run = |steps: &[Step]| play(seed, steps).err();
                let (steps, mismatch) = shrink(&steps, mismatch, run);
                return Err(Box::new(Failure { seed, steps, mismatch }));
            }
        }
    }
    Ok(tally)
}

/// A number from the environment, or this one.
#[must_use]
pub fn number_from_environment(name: &str, or: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}=`{text}` is no number")),
        Err(_) => or,
    }
}
