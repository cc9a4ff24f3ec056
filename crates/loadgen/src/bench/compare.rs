//! A baseline beside ours: the same rules, the same objects, the same stream of changes, in turns, so that
//! a busy machine is busy for both; by the processor time of the one thread that works.

use super::clock::CpuClock;
use super::per_second;
use crate::matcher::{Change, Flip, Matcher, Population};
use crate::organisation::user_id;
use crate::profile::Profile;
use crate::workload::{MalformedRule, Size, Workload};
use muster_directory::{AttributePatch, ObjectId};
use muster_index::IndexKind;
use muster_rule::Rule;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Ours beside a baseline.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The baseline's name.
    pub baseline: String,
    /// How many of the rules it can express; both had these.
    pub rules: usize,
    /// Changes a second of ours: the median of the turns.
    pub ours: f64,
    /// Of the baseline.
    pub theirs: f64,
    /// Ours ÷ theirs: the median of the turns' ratios.
    pub ratio: f64,
    /// Flips on which the two do not agree.
    pub disagreements: u64,
}

/// Each side has so many turns,
const TURNS: usize = 5;
/// of about this time of the processor.
const TURN: Duration = Duration::from_millis(400);

/// Anything that tells which rules changes flip.
pub trait Contender {
    /// Adds an object.
    fn load(&mut self, id: ObjectId, patch: AttributePatch);

    /// Applies changes in order, which empties `changes`, and appends the flips.
    fn apply(&mut self, changes: &mut Vec<Change>, flips: &mut Vec<Flip>);
}

impl Contender for Population<'_> {
    fn load(&mut self, id: ObjectId, patch: AttributePatch) {
        Population::load(self, id, patch);
    }

    fn apply(&mut self, changes: &mut Vec<Change>, flips: &mut Vec<Flip>) {
        Population::apply(self, changes, flips);
    }
}

/// Measures another of our indexes and ours, on one thread.
#[must_use]
pub fn compare_index(
    workload: &Workload,
    rules: &[Arc<Rule>],
    kind: IndexKind,
    baseline: &str,
) -> Comparison {
    let theirs = Matcher::build(kind, rules, workload.now());
    compare(workload, rules, theirs.population(), baseline)
}

/// Processor microseconds that a change takes in the index at each of these numbers of rules.
///
/// # Errors
/// A rule that the language refuses.
pub fn cost_by_rules(
    profile: Profile,
    objects: usize,
    seed: u64,
    rules: &[usize],
) -> Result<Vec<(usize, f64)>, MalformedRule> {
    let cost = |count: &usize| {
        let workload = Workload::new(profile, Size { rules: *count, objects }, seed);
        let rules = workload.rules()?;
        let matcher = Matcher::build(IndexKind::default(), &rules, workload.now());
        let mut side = Side::new(&workload, matcher.population());
        side.turn(TURN);
        Ok((*count, 1e6 / median((0..TURNS).map(|_| side.turn(TURN)))))
    };
    rules.iter().map(cost).collect()
}

/// Measures `theirs`, which has no objects yet, and ours over the same rules, on one thread.
#[must_use]
pub fn compare(
    workload: &Workload,
    rules: &[Arc<Rule>],
    theirs: impl Contender,
    baseline: &str,
) -> Comparison {
    let matcher = Matcher::build(IndexKind::default(), rules, workload.now());
    let mut ours = Side::new(workload, matcher.population());
    let mut theirs = Side::new(workload, theirs);
    // The first turns fill caches and memos.
    ours.turn(TURN);
    theirs.turn(TURN);
    let mut turns: Vec<(f64, f64)> = Vec::with_capacity(TURNS);
    for _ in 0..TURNS {
        turns.push((ours.turn(TURN), theirs.turn(TURN)));
    }
    Comparison {
        baseline: baseline.to_owned(),
        rules: rules.len(),
        ours: median(turns.iter().map(|(ours, _)| *ours)),
        theirs: median(turns.iter().map(|(_, theirs)| *theirs)),
        ratio: median(turns.iter().map(|(ours, theirs)| ours / theirs)),
        disagreements: disagreements(ours.first, theirs.first),
    }
}

/// One of the two, somewhere in the stream of changes.
struct Side<'w, C> {
    workload: &'w Workload,
    contender: C,
    next: u64,
    in_slice: usize,
    /// The flips of the first changes, each with its change's number.
    first: First,
}

/// Flips of the first so many changes are held against each other.
const COMPARED: u64 = 512;

#[derive(Default)]
struct First {
    changes: u64,
    flips: Vec<(u64, u32)>,
}

impl<'w, C: Contender> Side<'w, C> {
    fn new(workload: &'w Workload, mut contender: C) -> Side<'w, C> {
        for number in 0..workload.size().objects {
            contender.load(user_id(number), workload.organisation().user(number));
        }
        Side { workload, contender, next: 0, in_slice: 4, first: First::default() }
    }

    /// Goes on with the stream for about `time` of this thread, and returns the changes a second.
    fn turn(&mut self, time: Duration) -> f64 {
        let (mut elapsed, mut done) = (Duration::ZERO, 0);
        let mut flips = Vec::new();
        while elapsed < time {
            let first = self.next;
            self.next += self.in_slice as u64;
            let mut changes: Vec<Change> =
                (first..self.next).map(|number| self.workload.organisation().change(number)).collect();
            let count = changes.len();
            flips.clear();
            let start = CpuClock::now();
            self.contender.apply(&mut changes, &mut flips);
            let took = start.elapsed();
            elapsed += took;
            done += count as u64;
            self.first.note(first, self.next, &flips);
            if took < time / 20 {
                self.in_slice = (self.in_slice * 2).min(8192);
            }
        }
        per_second(done, elapsed)
    }
}

impl First {
    fn note(&mut self, first: u64, next: u64, flips: &[Flip]) {
        if first < COMPARED {
            self.changes = next.min(COMPARED);
            let numbered = flips.iter().map(|(change, rule)| (first + u64::from(*change), *rule));
            self.flips.extend(numbered.filter(|(change, _)| *change < COMPARED));
        }
    }
}

/// How many flips only one of the two found, of the changes that both did.
fn disagreements(ours: First, theirs: First) -> u64 {
    let both = ours.changes.min(theirs.changes);
    let sorted = |first: First| {
        let flips = first.flips.into_iter();
        flips.filter(|(change, _)| *change < both).collect::<std::collections::BTreeSet<_>>()
    };
    sorted(ours).symmetric_difference(&sorted(theirs)).count() as u64
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}
