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
use std::collections::BTreeSet;
use std::sync::Arc;

/// About so many evaluations of a rule are spent on a run.
const EVALUATIONS: usize = 2_000_000;
/// About so many objects are followed, where there are as many.
const FOLLOWED: usize = 4096;

/// Follows some objects and counts what differs.
#[derive(Debug)]
pub struct Verifier<'w> {
    organisation: &'w Organisation,
    rules: &'w [Arc<Rule>],
    now: Instant,
    random: Random,
    /// An object is followed where its number's hash is a multiple of this.
    one_in: u64,
    followed: HashMap<usize, Subject>,
    /// How many changes are yet to be checked.
    budget: usize,
    /// The probability that a change of a followed object is checked.
    probability: f64,
    verified: u64,
    differences: u64,
}

impl<'w> Verifier<'w> {
    /// For a run over these rules in this order.
    #[must_use]
    pub fn new(organisation: &'w Organisation, rules: &'w [Arc<Rule>], now: Instant) -> Verifier<'w> {
        let budget = (EVALUATIONS / 2 / rules.len().max(1)).clamp(20, 1000);
        Verifier {
            organisation,
            rules,
            now,
            random: Random::of(organisation.seed, What::Sample, 0),
            one_in: (organisation.objects / FOLLOWED).max(1) as u64,
            followed: HashMap::default(),
            budget,
            probability: 1.0,
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

    /// A followed object changed, and these rules flipped; to be told of each of its changes, in order.
    pub fn change(&mut self, object: usize, patch: &AttributePatch, flipped: &[u32]) {
        let organisation = self.organisation;
        let subject = self.followed.entry(object).or_insert_with(|| first(organisation, object));
        if self.budget == 0 || !self.random.chance(self.probability) {
            subject.patch(patch);
            return;
        }
        let truths = |subject: &Subject| -> Vec<bool> {
            let own = |rule: &Arc<Rule>| rule.sources().is_empty();
            let truth = |rule: &Arc<Rule>| own(rule) && subject.is_selected_by(rule, &[], self.now);
            self.rules.iter().map(truth).collect()
        };
        let before = truths(subject);
        subject.patch(patch);
        let after = truths(subject);
        let expected: BTreeSet<u32> = (0..)
            .zip(before.iter().zip(&after))
            .filter(|(_, (before, after))| before != after)
            .map(|(rule, _)| rule)
            .collect();
        let found: BTreeSet<u32> = flipped.iter().copied().collect();
        let doubled = flipped.len() - found.len();
        self.differences += (expected.symmetric_difference(&found).count() + doubled) as u64;
        self.verified += 1;
        self.budget -= 1;
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

fn first(organisation: &Organisation, number: usize) -> Subject {
    let mut subject = Subject::new(ObjectKind::User, user_id(number));
    subject.patch(&organisation.user(number));
    subject
}
