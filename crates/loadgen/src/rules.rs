//! Membership rules in stated shares of shapes, each as selective as it is asked to be.
//!
//! Shares are exact at any size, as shapes follow from a rule's number. How selective a rule turns out is
//! known from the shares of its terms; what it misses, later rules make up for, so that the sum is right.

mod leaf;
mod shape;
mod term;

use crate::organisation::Organisation;
use crate::profile::Profile;
use crate::random::{Random, What};
use shape::Shape;
use term::Term;

/// How much the flips of rules differ: the standard deviation of their logarithm.
const SPREAD: f64 = 0.8;
/// Flips are reckoned as if all values a user has were drawn from the shares; a few per cent, which are new,
/// satisfy hardly any rule. Rules are made to flip so much more.
const MISSED: f64 = 1.06;
/// Of so many attempts, the one that comes nearest to what is asked is taken.
const ATTEMPTS: usize = 12;
/// One that is this near, as a ratio, is taken at once.
const NEAR: f64 = 1.3;

/// The texts of rules, one after the other.
#[derive(Debug)]
pub struct Rules<'o> {
    maker: leaf::Leaves<'o>,
    profile: Profile,
    count: usize,
    next: usize,
    seed: u64,
    /// The flips per change that the rules so far were to have, and those that they have.
    wanted: f64,
    made: f64,
    /// The share of the users that each rule selects, and of its memberships what a change flips; of those
    /// that other rules may read. `None`: one that must not be read.
    selected: Vec<Option<(f32, f32)>>,
}

impl<'o> Rules<'o> {
    pub(crate) fn new(
        organisation: &'o Organisation,
        profile: Profile,
        count: usize,
        seed: u64,
    ) -> Rules<'o> {
        Rules {
            maker: leaf::Leaves::new(organisation),
            profile,
            count,
            next: 0,
            seed,
            wanted: 0.0,
            made: 0.0,
            selected: Vec::with_capacity(count),
        }
    }

    /// The rule of this number: a term, and whether other rules may read its group.
    fn make(&mut self, number: usize) -> (Term, bool) {
        let mut random = Random::of(self.seed, What::Rule, number as u64);
        let shape = Shape::of(number, self.profile.broad_share(self.count));
        if shape == Shape::Broad {
            return (self.maker.broad(number, &mut random), true);
        }
        if shape == Shape::MemberOf {
            return (self.member_of(&mut random), false);
        }
        let mean = self.profile.flips_per_rule(self.count) * MISSED;
        let behind = if self.made > 0.0 { (self.wanted / self.made).clamp(0.5, 2.0) } else { 1.0 };
        let flips = mean * behind * (SPREAD * random.normal() - SPREAD * SPREAD / 2.0).exp();
        let mut nearest: Option<(f64, Term)> = None;
        for _ in 0..ATTEMPTS {
            let term = self.maker.make(shape, flips, &mut random);
            let distance = (term.flips() / flips).max(flips / term.flips().max(1e-12));
            if nearest.as_ref().is_none_or(|(least, _)| distance < *least) {
                let is_near = distance < NEAR;
                nearest = Some((distance, term));
                if is_near {
                    break;
                }
            }
        }
        let term = nearest.map_or_else(|| self.maker.broad(number, &mut random), |(_, term)| term);
        self.wanted += mean;
        self.made += term.flips();
        (term, true)
    }

    /// A group of the members of one to three others.
    fn member_of(&self, random: &mut Random) -> Term {
        let mut sources = Vec::new();
        let mut union: Option<Term> = None;
        for _ in 0..1 + random.below(3) {
            let source = random.below(self.selected.len());
            let Some(Some((share, loss))) = self.selected.get(source) else { continue };
            if *share > WIDEST_SOURCE || sources.contains(&source) {
                continue;
            }
            sources.push(source);
            let term = Term::leaf(String::new(), f64::from(*share), f64::from(*loss));
            union = Some(match union {
                Some(union) => Term::any(vec![union, term]),
                None => term,
            });
        }
        let ids: Vec<String> =
            sources.iter().map(|source| format!("'{}'", crate::workload::group_id(*source))).collect();
        match union {
            Some(union) => Term {
                text: format!("user.memberOf -any (group.objectId -in [{}])", ids.join(", ")),
                ..union
            },
            None => self.maker.direct_reports(random),
        }
    }
}

/// A group with more of the users is not read by others.
const WIDEST_SOURCE: f32 = 0.1;

impl Iterator for Rules<'_> {
    type Item = String;

    #[expect(clippy::cast_possible_truncation, reason = "shares, of which a few digits are enough")]
    fn next(&mut self) -> Option<String> {
        let number = self.next;
        if number >= self.count {
            return None;
        }
        self.next += 1;
        let (term, may_be_read) = self.make(number);
        self.selected.push(may_be_read.then_some((term.share as f32, term.loss as f32)));
        Some(term.text)
    }
}
