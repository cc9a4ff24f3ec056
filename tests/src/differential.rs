//! Compares a subject with the oracle after every line of a history.

use crate::decode::decode;
use crate::engine::{FILE, START};
use crate::guard::guarded;
use crate::history::Step;
use crate::subject::{Outcome, Subject};
use muster_directory::{Delta, Event, RejectionCode, Source};
use muster_oracle::{ExpectedDelta, Membership, Verdict, World, expected_deltas};
use muster_rule::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// The first line after which a subject and the oracle disagree.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The position of its step in the history.
    pub step: usize,
    /// What differs.
    pub reason: String,
}

/// What happened in a history.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Lines.
    pub lines: usize,
    /// Lines that flipped at least one membership.
    pub flipping: usize,
    /// Deltas.
    pub deltas: usize,
    /// Memberships at the end of each line, summed.
    pub memberships: usize,
    /// Refused lines by code.
    pub refused: BTreeMap<RejectionCode, usize>,
    /// Deltas by cause.
    pub causes: BTreeMap<&'static str, usize>,
    /// Accepted group and schema requests.
    pub definitions: usize,
}

/// What the oracle says of one line.
pub struct Expectation {
    /// The event, where the line is one.
    pub event: Option<Event>,
    /// Its deltas, or the refusal.
    pub verdict: Result<Vec<ExpectedDelta>, RejectionCode>,
}

/// The oracle over a history, line by line.
#[derive(Clone)]
pub struct Reference {
    world: World,
    memberships: BTreeSet<Membership>,
}

impl Default for Reference {
    fn default() -> Reference {
        Reference::at(Instant::from_millis(START))
    }
}

impl Reference {
    /// An empty world at this time.
    #[must_use]
    pub fn at(clock: Instant) -> Reference {
        Reference { world: World::new(clock), memberships: BTreeSet::new() }
    }

    /// What must come of a line; `wrong` is known of the line itself.
    pub fn feed(&mut self, line: &str, wrong: Option<RejectionCode>) -> Expectation {
        let decoded = match wrong {
            Some(code) => Err(code),
            None => decode(line, |tenant| self.world.schema(tenant)),
        };
        let event = match decoded {
            Ok(event) => event,
            Err(code) => return Expectation { event: None, verdict: Err(code) },
        };
        let before = self.world.clone();
        let verdict = match self.world.apply(&event) {
            Verdict::Refused(code) => Err(code),
            Verdict::Accepted => {
                let memberships = self.world.memberships();
                let deltas =
                    expected_deltas(&event, (&before, &self.memberships), (&self.world, &memberships));
                self.memberships = memberships;
                Ok(deltas)
            }
        };
        Expectation { event: Some(event), verdict }
    }

    /// Every membership after the last line.
    #[must_use]
    pub fn memberships(&self) -> &BTreeSet<Membership> {
        &self.memberships
    }

    /// The clock.
    pub fn clock(&self) -> Instant {
        self.world.clock()
    }
}

/// Drives subjects, each with a name, through a history, side by side.
///
/// # Errors
/// The first disagreement of any of them.
pub fn compare(steps: &[Step], subjects: &mut [(&str, Box<dyn Subject>)]) -> Result<Tally, Mismatch> {
    let mut reference = Reference::default();
    let mut sequence = 0;
    let mut tally = Tally::default();
    for (step, what) in steps.iter().enumerate() {
        let mut outcomes = Vec::new();
        for (name, subject) in subjects.iter_mut() {
            let outcome = match what {
                Step::Restart => guarded(|| subject.restart()).map(|()| None),
                Step::Line { text, .. } => guarded(|| subject.feed(text)).map(Some),
            };
            let outcome =
                outcome.map_err(|panic| Mismatch { step, reason: format!("{name}: panicked: {panic}") })?;
            outcomes.push((*name, outcome));
        }
        let Step::Line { text, wrong } = what else { continue };
        let expected = guarded(|| reference.feed(text, *wrong).verdict)
            .map_err(|panic| Mismatch { step, reason: format!("the oracle itself panicked: {panic}") })?;
        let place = Place { sequence, clock: reference.clock(), line: tally.lines as u64 + 1 };
        for (name, outcome) in outcomes {
            let Some(outcome) = outcome else { continue };
            check(&expected, &outcome, &place)
                .map_err(|reason| Mismatch { step, reason: format!("{name}: {reason}") })?;
        }
        sequence += expected.as_ref().map_or(0, Vec::len) as u64;
        tally.count(text, &expected, reference.memberships().len());
    }
    Ok(tally)
}

/// What every delta of a line has in common.
struct Place {
    /// Of the last delta before.
    sequence: u64,
    clock: Instant,
    line: u64,
}

fn check(
    expected: &Result<Vec<ExpectedDelta>, RejectionCode>,
    found: &Outcome,
    place: &Place,
) -> Result<(), String> {
    let (expected, found) = match (expected, found) {
        (Err(expected), Err(found)) if *expected == found.code => return Ok(()),
        (Ok(expected), Ok(found)) => (expected, found),
        (Err(expected), _) => return Err(format!("must refuse with {expected}, but: {found:#?}")),
        (Ok(_), _) => return Err(format!("must accept, but: {found:?}")),
    };
    for (index, delta) in (1_u32..).zip(found) {
        let matched = usize::try_from(index - 1).ok().and_then(|at| expected.get(at));
        let read = essence(delta);
        if matched != Some(&read) {
            return Err(format!("delta {index} is {read:#?} instead of {matched:#?}"));
        }
        let sequence = place.sequence + u64::from(index);
        let count = u32::try_from(expected.len()).unwrap();
        let source = Source::File { file: FILE.into(), line: place.line };
        if (delta.sequence, delta.event.index.get(), delta.event.count.get()) != (sequence, index, count)
            || delta.time != place.clock
            || delta.source != source
        {
            let place = format!("sequence {sequence}, {index} of {count}, time {}, {source:?}", place.clock);
            return Err(format!("delta {index} is out of place, not {place}: {delta:#?}"));
        }
    }
    match expected.get(found.len()) {
        Some(missing) => Err(format!("misses {missing:#?}")),
        None => Ok(()),
    }
}

/// A delta without its place.
fn essence(delta: &Delta) -> ExpectedDelta {
    let Delta { tenant, group, member, member_kind, change, rule_version, cause, .. } = delta.clone();
    ExpectedDelta {
        membership: Membership { group, member, tenant },
        member_kind,
        change,
        rule_version,
        cause,
    }
}

impl Tally {
    /// Counts one line.
    pub fn count(
        &mut self,
        line: &str,
        expected: &Result<Vec<ExpectedDelta>, RejectionCode>,
        memberships: usize,
    ) {
        self.lines += 1;
        self.memberships += memberships;
        match expected {
            Err(code) => *self.refused.entry(*code).or_default() += 1,
            Ok(deltas) => {
                self.flipping += usize::from(!deltas.is_empty());
                self.deltas += deltas.len();
                self.definitions +=
                    usize::from(line.contains(r#""kind":"group""#) || line.contains(r#""kind":"schema""#));
                for delta in deltas {
                    *self.causes.entry(cause_name(&delta.cause)).or_default() += 1;
                }
            }
        }
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Tally) {
        self.lines += other.lines;
        self.flipping += other.flipping;
        self.deltas += other.deltas;
        self.memberships += other.memberships;
        self.definitions += other.definitions;
        other.refused.iter().for_each(|(code, count)| *self.refused.entry(*code).or_default() += count);
        other.causes.iter().for_each(|(cause, count)| *self.causes.entry(cause).or_default() += count);
    }
}

fn cause_name(cause: &muster_directory::Cause) -> &'static str {
    use muster_directory::Cause;
    use muster_directory::delta::ObjectLife;
    match cause {
        Cause::Change { object: None, .. } => "change",
        Cause::Change { object: Some(ObjectLife::Created), .. } => "created",
        Cause::Change { object: Some(ObjectLife::Deleted), .. } => "deleted",
        Cause::Rule { .. } => "rule",
        Cause::Clock => "clock",
        Cause::MemberOf { .. } => "memberOf",
        Cause::Member { .. } => "member",
    }
}
