//! The value-level index: from the two values of a changed attribute to the predicates that flip between
//! them, and from those to the rules that such a flip can reach.
//!
//! A rule is an OR of conjuncts. A conjunct can change only if a predicate in it flips *and* its other
//! literals hold before or after. So each is filed under every predicate it has, with a *guard*: its rarest
//! other positive predicate. Where a predicate is in many conjuncts (`accountEnabled -eq true`), they are
//! filed by guard, and only the lists for guards that are true of the object are read. What is left is
//! evaluated, each rule once. Rules with too many conjuncts (*general* ones) are filed without guards.
//!
//! Invariant: `affected` reports what [`Naive`](crate::Naive) would, for every history of edits.

mod conjunct;
mod postings;
mod text;
mod truth;

use crate::indexed::IndexedRule;
use crate::{Affected, PredicateId, PredicateTable, RowChange, RuleIndex, RuleNumber};
use conjunct::Conjunct;
use foldhash::HashMap;
use muster_directory::{Attributes, Instant, ObjectKind};
use muster_rule::{Attribute, Predicate, Row, Rule};
use postings::{Entry, Postings};
use std::collections::BTreeSet;
use std::sync::Arc;
use truth::AttributePredicates;

/// Attribute and value → rules.
#[derive(Debug, Default)]
pub struct ByValue {
    users: KindIndex,
    devices: KindIndex,
    /// Which kind each rule is of.
    kinds: HashMap<RuleNumber, ObjectKind>,
}

/// An attribute's number within its [`KindIndex`].
type AttributeNumber = u32;

/// The rules over one kind of object.
#[derive(Debug, Default)]
struct KindIndex {
    predicates: PredicateTable,
    attributes: HashMap<Attribute, AttributeNumber>,
    /// The attributes by number.
    names: Vec<Attribute>,
    truths: Vec<AttributePredicates>,
    /// By predicate.
    postings: Vec<Postings>,
    rules: Vec<Option<IndexedRule>>,
    true_of_nothing: BTreeSet<RuleNumber>,
}

/// One of the two rows of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Side {
    Old,
    New,
}

/// A predicate that is true of one row and false of the other.
#[derive(Clone, Copy, Debug)]
struct Flip {
    predicate: PredicateId,
    true_of: Side,
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Old => Side::New,
            Side::New => Side::Old,
        }
    }

    fn row<'a>(self, change: &RowChange<'a>) -> Option<&'a Attributes> {
        match self {
            Side::Old => change.old,
            Side::New => change.new,
        }
    }
}

/// Memory of one question.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    old: Vec<PredicateId>,
    new: Vec<PredicateId>,
    flipped: Vec<Flip>,
    /// Per attribute and row: the predicates that are true of its value, where they were asked for.
    truths: HashMap<(AttributeNumber, Side), Vec<PredicateId>>,
}

impl ByValue {
    fn of(&self, kind: ObjectKind) -> &KindIndex {
        match kind {
            ObjectKind::User => &self.users,
            ObjectKind::Device => &self.devices,
        }
    }

    fn of_mut(&mut self, kind: ObjectKind) -> &mut KindIndex {
        match kind {
            ObjectKind::User => &mut self.users,
            ObjectKind::Device => &mut self.devices,
        }
    }
}

impl RuleIndex for ByValue {
    fn insert(&mut self, number: RuleNumber, rule: Arc<Rule>) {
        self.remove(number);
        self.kinds.insert(number, rule.kind());
        self.of_mut(rule.kind()).insert(number, rule);
    }

    fn remove(&mut self, number: RuleNumber) {
        if let Some(kind) = self.kinds.remove(&number) {
            self.of_mut(kind).remove(number);
        }
    }

    fn affected(
        &self,
        changes: &[RowChange<'_>],
        now: Instant,
        scratch: &mut crate::Scratch,
        found: &mut Vec<Affected>,
    ) {
        for (position, change) in (0..).zip(changes) {
            self.of(change.kind).affected(position, change, now, scratch, found);
        }
    }
}

impl KindIndex {
    fn insert(&mut self, number: RuleNumber, rule: Arc<Rule>) {
        let indexed = IndexedRule::new(rule, &mut self.predicates);
        indexed.formula.each_predicate(&mut |id| self.place(id));
        if indexed.may_select_nothing() {
            self.true_of_nothing.insert(number);
        }
        for (predicate, entry) in self.entries(number, &indexed) {
            if let Some(postings) = self.postings.get_mut(predicate as usize) {
                postings.insert(entry);
            }
        }
        let place = number as usize;
        if self.rules.len() <= place {
            self.rules.resize_with(place + 1, || None);
        }
        if let Some(slot) = self.rules.get_mut(place) {
            *slot = Some(indexed);
        }
    }

    fn remove(&mut self, number: RuleNumber) {
        let Some(indexed) = self.rules.get_mut(number as usize).and_then(Option::take) else { return };
        self.true_of_nothing.remove(&number);
        indexed.formula.each_predicate(&mut |id| {
            if let Some(postings) = self.postings.get_mut(id as usize) {
                postings.remove(number);
            }
        });
        let (attributes, truths, postings) = (&self.attributes, &mut self.truths, &mut self.postings);
        self.predicates.release(&indexed.formula, |id, predicate| {
            if let Some(postings) = postings.get_mut(id as usize) {
                *postings = Postings::default();
            }
            if let Predicate::Attribute { attribute, test } = predicate
                && let Some(truths) = attributes.get(attribute).and_then(|&at| truths.get_mut(at as usize))
            {
                truths.remove(id, test);
            }
        });
    }

    /// Makes a predicate findable by its attribute's values, if it is new.
    fn place(&mut self, id: PredicateId) {
        if self.postings.len() <= id as usize {
            self.postings.resize_with(id as usize + 1, Postings::default);
        }
        let Some(postings) = self.postings.get_mut(id as usize) else { return };
        if postings.is_placed() {
            return;
        }
        let Some(predicate) = self.predicates.predicate(id) else { return };
        match &**predicate {
            Predicate::Attribute { attribute, test } => {
                let next = AttributeNumber::try_from(self.truths.len()).unwrap_or(AttributeNumber::MAX);
                let number = *self.attributes.entry(attribute.clone()).or_insert(next);
                if number == next {
                    self.truths.push(AttributePredicates::default());
                    self.names.push(attribute.clone());
                }
                if let Some(truths) = self.truths.get_mut(number as usize) {
                    truths.insert(id, test);
                }
                let guards = AttributePredicates::finds(test).then_some(number);
                *postings = Postings::new(guards);
            }
            Predicate::MemberOf(_) => *postings = Postings::new(None),
        }
    }

    /// Under which predicates a rule is filed, and how.
    fn entries(&self, rule: RuleNumber, indexed: &IndexedRule) -> Vec<(PredicateId, Entry)> {
        let mut entries = Vec::new();
        match conjunct::conjuncts(&indexed.formula) {
            Some(conjuncts) => {
                for conjunct in &conjuncts {
                    for literal in conjunct {
                        let guard = self.guard(conjunct, literal.predicate);
                        let entry = Entry { rule, negated: literal.negated, guard };
                        entries.push((literal.predicate, entry));
                    }
                }
            }
            None => {
                let entry = Entry { rule, negated: false, guard: None };
                indexed.formula.each_predicate(&mut |predicate| entries.push((predicate, entry)));
            }
        }
        let place = |(predicate, entry): &(PredicateId, Entry)| {
            (*predicate, entry.negated, entry.guard.map(|guard| guard.predicate))
        };
        entries.sort_unstable_by_key(place);
        entries.dedup_by_key(|entry| place(entry));
        entries
    }

    /// The rarest positive predicate of the conjunct beside `predicate` that is found by value.
    fn guard(&self, conjunct: &Conjunct, predicate: PredicateId) -> Option<postings::Guard> {
        conjunct
            .iter()
            .filter(|literal| !literal.negated && literal.predicate != predicate)
            .filter_map(|literal| {
                let attribute = self.postings.get(literal.predicate as usize)?.found_by()?;
                Some(postings::Guard { predicate: literal.predicate, attribute })
            })
            .min_by_key(|guard| (self.predicates.uses(guard.predicate), guard.predicate))
    }

    fn affected(
        &self,
        position: u32,
        change: &RowChange<'_>,
        now: Instant,
        scratch: &mut crate::Scratch,
        found: &mut Vec<Affected>,
    ) {
        scratch.old.reset();
        scratch.new.reset();
        scratch.candidates.clear();
        scratch.by_value.truths.clear();
        self.flipped(change, now, &mut scratch.by_value);
        if change.old.is_some() != change.new.is_some() {
            scratch.candidates.extend(&self.true_of_nothing);
        }
        let flipped = std::mem::take(&mut scratch.by_value.flipped);
        for flip in &flipped {
            if let Some(postings) = self.postings.get(flip.predicate as usize) {
                self.walk(postings, flip.true_of, change, now, scratch);
            }
        }
        scratch.by_value.flipped = flipped;
        scratch.candidates.sort_unstable();
        scratch.candidates.dedup();
        scratch.work.changes += 1;
        scratch.work.rules += scratch.candidates.len() as u64;
        for &number in &scratch.candidates {
            let Some(Some(indexed)) = self.rules.get(number as usize) else { continue };
            let memos = (&mut scratch.old, &mut scratch.new);
            if let Some(effect) = indexed.effect(&self.predicates, change, now, memos) {
                found.push(Affected { change: position, rule: number, effect });
            }
        }
    }

    /// Leaves in `scratch` the predicates whose truth differs between the two rows.
    fn flipped(&self, change: &RowChange<'_>, now: Instant, scratch: &mut Scratch) {
        let nothing = Attributes::default();
        let (old, new) = (change.old.unwrap_or(&nothing), change.new.unwrap_or(&nothing));
        scratch.flipped.clear();
        Attributes::each_difference(old, new, |attribute| {
            let Some(truths) = self.attributes.get(attribute).and_then(|&at| self.truths.get(at as usize))
            else {
                return;
            };
            let (old, new) = (old.value(attribute), new.value(attribute));
            truths.true_of(old, now, &mut scratch.old);
            truths.true_of(new, now, &mut scratch.new);
            let only_in = |these: &[PredicateId], those: &[PredicateId], true_of, flipped: &mut Vec<Flip>| {
                let only = these.iter().filter(|id| those.binary_search(id).is_err());
                flipped.extend(only.map(|&predicate| Flip { predicate, true_of }));
            };
            only_in(&scratch.old, &scratch.new, Side::Old, &mut scratch.flipped);
            only_in(&scratch.new, &scratch.old, Side::New, &mut scratch.flipped);
            let flipped = &mut scratch.flipped;
            truths.flipped_orders(old, new, now, |predicate, holds_of_new| {
                let true_of = if holds_of_new { Side::New } else { Side::Old };
                flipped.push(Flip { predicate, true_of });
            });
        });
    }

    /// Adds to the candidates the rules that are filed here, each if its guard holds of the row that matters.
    fn walk(
        &self,
        postings: &Postings,
        true_of: Side,
        change: &RowChange<'_>,
        now: Instant,
        scratch: &mut crate::Scratch,
    ) {
        let crate::Scratch { old, new, candidates, work, by_value } = scratch;
        work.entries += postings.listed().len() as u64;
        for entry in postings.listed() {
            let passes = entry.guard.is_none_or(|guard| {
                let side = if entry.negated { true_of.other() } else { true_of };
                let memo = match side {
                    Side::Old => &mut *old,
                    Side::New => &mut *new,
                };
                side.row(change).is_some_and(|row| memo.truth(&self.predicates, guard.predicate, row, now))
            });
            if passes {
                candidates.push(entry.rule);
            }
        }
        for attribute in postings.guard_attributes() {
            for negated in [false, true] {
                let side = if negated { true_of.other() } else { true_of };
                for &guard in self.truths_of(attribute, side, change, now, by_value) {
                    let rules = postings.guarded_by(guard, negated);
                    work.entries += rules.len() as u64;
                    candidates.extend(rules);
                }
            }
        }
    }

    /// The predicates on an attribute that are true of one row's value; none where there is no row.
    fn truths_of<'s>(
        &self,
        attribute: AttributeNumber,
        side: Side,
        change: &RowChange<'_>,
        now: Instant,
        scratch: &'s mut Scratch,
    ) -> &'s [PredicateId] {
        scratch.truths.entry((attribute, side)).or_insert_with(|| {
            let mut found = Vec::new();
            if let Some(predicates) = self.truths.get(attribute as usize)
                && let Some(name) = self.names.get(attribute as usize)
                && let Some(row) = side.row(change)
            {
                predicates.true_of(row.value(name), now, &mut found);
            }
            found
        })
    }
}
