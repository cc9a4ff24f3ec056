//! `muster bench match`: how many changes a second the index takes, and nothing but the index.
//!
//! Rows are in memory. Changes are made before the clock starts and applied while it runs, round after
//! round; each thread has its own part of the objects, all share the index. What is checked is checked
//! while the clock stands.

use super::clock::CpuClock;
use super::{Measured, Step, per_second};
use crate::matcher::{Change, Flip, Matcher, Population};
use crate::organisation::{part_len, user_id};
use crate::verify::{Flipped, Scope, Verifier};
use crate::workload::Workload;
use muster_directory::AttributePatch;
use muster_rule::Rule;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A round is made so long, by the number of its changes,
const ROUND: Duration = Duration::from_millis(50);
/// but has not more of them on one thread.
const MOST_IN_ROUND: usize = 16_384;
/// Before the first round that counts, caches and memos get so long to fill.
const WARM_UP: Duration = Duration::from_millis(700);
/// Where no number of changes is asked for, as many as take so long.
const DEFAULT_TIME: f64 = 10.0;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct MatchOptions {
    /// How many changes; as many as take about ten seconds.
    pub changes: Option<u64>,
    /// Threads, each with its own objects.
    pub threads: NonZeroUsize,
}

/// Runs the benchmark. `progress` is told now and then how many changes are done, of how many, after how
/// long.
pub fn run(
    workload: &Workload,
    rules: &[Arc<Rule>],
    matcher: &Matcher,
    options: MatchOptions,
    mut progress: impl FnMut(Step),
) -> Measured {
    let parts = options.threads.get();
    let mut verifier = Verifier::new(workload.organisation(), rules, workload.now(), Scope::Attributes);
    progress(Step::Preparing("making objects"));
    let mut bench = Bench {
        workload,
        parts: (0..parts).map(|part| Part::load(workload, matcher, part, parts)).collect(),
        in_round: 16,
    };
    progress(Step::Preparing("warming up"));
    let mut warm = Measured::default();
    while warm.elapsed < WARM_UP {
        bench.round(u64::MAX, &mut verifier, &mut warm);
    }
    let wanted = options
        .changes
        .unwrap_or_else(|| round_number(per_second(warm.changes, warm.elapsed) * DEFAULT_TIME));
    verifier.expect_changes(wanted);
    let mut measured = Measured::default();
    while measured.changes < wanted {
        bench.round(wanted - measured.changes, &mut verifier, &mut measured);
        measured.series.push((measured.elapsed, measured.changes));
        progress(Step::Measuring { done: measured.changes, wanted, elapsed: measured.elapsed });
    }
    Measured { verified: verifier.verified(), differences: verifier.differences(), ..measured }
}

struct Bench<'w> {
    workload: &'w Workload,
    parts: Vec<Part<'w>>,
    /// How many changes a thread has in the next round.
    in_round: usize,
}

/// What one thread works on.
struct Part<'m> {
    part: usize,
    parts: usize,
    population: Population<'m>,
    next: u64,
    changes: Vec<Change>,
    flips: Vec<Flip>,
    /// What the last round took of this thread.
    cpu: Duration,
}

impl Bench<'_> {
    /// Makes changes, applies them while the clock runs, and checks some.
    fn round(&mut self, most: u64, verifier: &mut Verifier<'_>, measured: &mut Measured) {
        let parts = self.parts.len() as u64;
        let count = (self.in_round as u64).min(most.div_ceil(parts)).max(1);
        let workload = self.workload;
        std::thread::scope(|scope| {
            for part in &mut self.parts {
                scope.spawn(move || part.prepare(workload, count));
            }
        });
        let followed: Vec<Vec<Followed>> = self.parts.iter().map(|part| part.followed(verifier)).collect();
        let start = Instant::now();
        match self.parts.as_mut_slice() {
            [only] => only.apply(),
            parts => std::thread::scope(|scope| {
                for part in parts {
                    scope.spawn(|| part.apply());
                }
            }),
        }
        let took = start.elapsed();
        measured.elapsed += took;
        measured.changes += count * parts;
        let cpu: Duration = self.parts.iter().map(|part| part.cpu).sum();
        measured.cpu = Some(measured.cpu.unwrap_or_default() + cpu);
        for (part, followed) in self.parts.iter().zip(followed) {
            measured.deltas += part.flips.len() as u64;
            part.check(followed, verifier);
        }
        if took < ROUND {
            self.in_round = (self.in_round * 2).min(MOST_IN_ROUND);
        }
    }
}

/// A change of a followed object: its place in the round, the object's number, the values.
type Followed = (u32, usize, AttributePatch);

impl<'m> Part<'m> {
    fn load(workload: &Workload, matcher: &'m Matcher, part: usize, parts: usize) -> Part<'m> {
        let mut population = matcher.population();
        for place in 0..part_len(workload.size().objects, part, parts) {
            let number = place * parts + part;
            population.load(user_id(number), workload.organisation().user(number));
        }
        Part { part, parts, population, next: 0, changes: Vec::new(), flips: Vec::new(), cpu: Duration::ZERO }
    }

    fn prepare(&mut self, workload: &Workload, count: u64) {
        let numbers = self.next..self.next + count;
        self.next += count;
        let organisation = workload.organisation();
        self.changes.extend(numbers.map(|number| organisation.change_in_part(number, self.part, self.parts)));
        self.flips.clear();
    }

    fn apply(&mut self) {
        let start = CpuClock::now();
        self.population.apply(&mut self.changes, &mut self.flips);
        self.cpu = start.elapsed();
    }

    fn followed(&self, verifier: &Verifier<'_>) -> Vec<Followed> {
        (0..)
            .zip(&self.changes)
            .map(|(place, (object, patch))| (place, object * self.parts + self.part, patch))
            .filter(|(_, object, _)| verifier.follows(*object))
            .map(|(place, object, patch)| (place, object, patch.clone()))
            .collect()
    }

    fn check(&self, followed: Vec<Followed>, verifier: &mut Verifier<'_>) {
        for (place, object, patch) in followed {
            let start = self.flips.partition_point(|(change, _)| *change < place);
            let flips = self.flips.get(start..).unwrap_or_default();
            let own: Vec<Flipped> = flips
                .iter()
                .take_while(|(change, _)| *change == place)
                .map(|(_, rule)| Flipped { rule: *rule, joined: None })
                .collect();
            verifier.change(object, &patch, &own);
        }
    }
}

/// The number with two digits that count.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of changes")]
pub fn round_number(number: f64) -> u64 {
    let mut unit = 1;
    let number = number.max(1.0) as u64;
    while number / unit >= 100 {
        unit *= 10;
    }
    number / unit * unit
}
