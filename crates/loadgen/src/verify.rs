//! A sample of a run held against the oracle, which shares no evaluation code with what is measured.
//!
//! Some objects are followed through all their changes, each from what it was at first; at some of those
//! changes every rule is evaluated before and after, and the difference must be the flips that were found.

use crate::organisation::{Organisation, user_id};
use crate::random::{Random, What};
use foldhash::HashMap;
use muster_directory::AttributePatch;
use muster_oracle::Subject;
use muster_rule::{Instant, ObjectKind, Rule};
use std::collections::BTreeMap;
use std::sync::Arc;

/// About so many evaluations of a rule are spent on a run.
const EVALUATIONS: usize = 2_000_000;
/// About so many objects are followed, where there are as many.
const FOLLOWED: usize = 4096;

/// Which rules are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that read attributes only: what an index decides.
    Attributes,
    /// Those that read memberships, too. The groups they read are not such themselves.
    Memberships,
}

/// A rule whose truth a change flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flipped {
    /// Its number.
    pub rule: u32,
    /// Whether the object satisfies it now, where that is known.
    pub joined: Option<bool>,
}

/// Follows some objects and counts what differs.
#[derive(Debug)]
pub struct Verifier<'w> {
    organisation: &'w Organisation,
    rules: &'w [Arc<Rule>],
    now: Instant,
    scope: Scope,
    random: Random,
    /// An object is followed where its number's hash is a multiple of this.
    one_in: u64,
    followed: HashMap<usize, Subject>,
    /// How many changes are yet to be checked.
    budget: usize,
    /// The probability that a change of a followed object is checked: none before it is known how many come.
    probability: f64,
    verified: u64,
    differences: u64,
}

impl<'w> Verifier<'w> {
    /// For a run over these rules in this order.
    #[must_use]
    pub fn new(
        organisation: &'w Organisation,
        rules: &'w [Arc<Rule>],
        now: Instant,
        scope: Scope,
    ) -> Verifier<'w> {
        let budget = (EVALUATIONS / 2 / rules.len().max(1)).clamp(20, 1000);
        Verifier {
            organisation,
            rules,
            now,
            scope,
            random: Random::of(organisation.seed, What::Sample, 0),
            one_in: (organisation.objects / FOLLOWED).max(1) as u64,
            followed: HashMap::default(),
            budget,
            probability: 0.0,
            verified: 0,
            differences: 0,
        }
    }

    /// So many changes are to come: what is left of the sample is spread over them.
    #[expect(clippy::cast_precision_loss, reason = "a share of a number of changes")]
    pub fn expect_changes(&mut self, changes: u64) {
        let followed = changes as f64 / self.one_in as f64;
        self.probability = (self.budget as f64 / followed.max(1.0)).min(1.0);
    }

    /// Whether the changes of this object are to be told.
    #[must_use]
    pub fn follows(&self, object: usize) -> bool {
        Random::of(self.organisation.seed, What::Sample, object as u64 + 1)
            .number()
            .is_multiple_of(self.one_in)
    }

    /// An object changed before what is to be checked; to be told of followed objects.
    pub fn pass(&mut self, object: usize, patch: &AttributePatch) {
        let organisation = self.organisation;
        self.followed.entry(object).or_insert_with(|| first(organisation, object)).patch(patch);
    }

    /// A followed object changed, and these rules flipped; to be told of each of its changes, in order.
    pub fn change(&mut self, object: usize, patch: &AttributePatch, flipped: &[Flipped]) {
        let organisation = self.organisation;
        let mut subject = self.followed.remove(&object).unwrap_or_else(|| first(organisation, object));
        if self.budget == 0 || !self.random.chance(self.probability) {
            subject.patch(patch);
        } else {
            let before = self.truths(&subject);
            subject.patch(patch);
            let after = self.truths(&subject);
            self.differences += differences(&before, &after, flipped);
            self.verified += 1;
            self.budget -= 1;
        }
        self.followed.insert(object, subject);
    }

    /// What each rule says of the object.
    fn truths(&self, subject: &Subject) -> Vec<bool> {
        let truth = |rule: &Arc<Rule>, groups: &[String]| subject.is_selected_by(rule, groups, self.now);
        let mut truths: Vec<bool> =
            self.rules.iter().map(|rule| rule.sources().is_empty() && truth(rule, &[])).collect();
        if self.scope == Scope::Memberships {
            for (number, rule) in self.rules.iter().enumerate().filter(|(_, rule)| !rule.sources().is_empty())
            {
                let is_in = |source: &&Arc<str>| {
                    let number = source.strip_prefix('g').and_then(|number| number.parse::<usize>().ok());
                    number.and_then(|number| truths.get(number)).copied().unwrap_or(false)
                };
                let groups: Vec<String> =
                    rule.sources().iter().filter(is_in).map(ToString::to_string).collect();
                let selected = truth(rule, &groups);
                if let Some(place) = truths.get_mut(number) {
                    *place = selected;
                }
            }
        }
        truths
    }

    /// How many changes were checked.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.verified
    }

    /// How many flips were missing or too many.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.differences
    }
}

/// How many of the flips between two states are missing, doubled, wrong or too many.
fn differences(before: &[bool], after: &[bool], flipped: &[Flipped]) -> u64 {
    let mut expected: BTreeMap<u32, bool> = (0..)
        .zip(before.iter().zip(after))
        .filter(|(_, (before, after))| before != after)
        .map(|(rule, (_, after))| (rule, *after))
        .collect();
    let mut differences = 0;
    for flip in flipped {
        let right = expected.remove(&flip.rule);
        if right.is_none_or(|after| flip.joined.is_some_and(|joined| joined != after)) {
            differences += 1;
        }
    }
    differences + expected.len() as u64
}

fn first(organisation: &Organisation, number: usize) -> Subject {
    let mut subject = Subject::new(ObjectKind::User, user_id(number));
    subject.patch(&organisation.user(number));
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_doubled_wrong_and_invented_flips_are_differences() {
        let (before, after) = ([true, false, false, true], [false, true, false, true]);
        let flip = |rule, joined| Flipped { rule, joined };
        let check = |flipped: &[Flipped], wanted| assert_eq!(differences(&before, &after, flipped), wanted);
        check(&[flip(0, None), flip(1, Some(true))], 0);
        check(&[flip(1, None)], 1);
        check(&[flip(0, Some(true)), flip(1, None)], 1);
        check(&[flip(0, None), flip(1, None), flip(1, None)], 1);
        check(&[flip(0, None), flip(1, None), flip(2, None)], 1);
    }
}
