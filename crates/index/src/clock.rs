//! Time as a change: which (object, rule) truths the passing of the clock can flip.
//!
//! A comparison `value order now + shift` flips when `now + shift` passes the value. [`ClockTerms`] knows
//! the comparisons that rules make, [`Deadlines`] the values that objects have, sorted, for just the
//! attributes that such comparisons read. Neither is stored: both follow from rules and rows.

use crate::{Row, RuleNumber, Table};
use muster_directory::{Instant, ObjectKind};
use muster_rule::rule::{Moment, Order};
use muster_rule::{Attribute, Predicate, Rule, Test, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The comparisons with the clock that the rules of one tenant make.
#[derive(Clone, Debug, Default)]
pub struct ClockTerms {
    terms: BTreeMap<(ObjectKind, Attribute), BTreeMap<Term, BTreeSet<RuleNumber>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Term {
    shift_millis: i64,
    passing: Passing,
}

/// At which millisecond a comparison flips.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Passing {
    /// When the shifted clock reaches the value (`-le`, `-gt`).
    Reached,
    /// One millisecond later (`-lt`, `-ge`).
    Exceeded,
}

impl Term {
    fn of(order: Order, moment: Moment) -> Option<Term> {
        let Moment::Now { shift_millis } = moment else { return None };
        let passing = match order {
            Order::AtMost | Order::Above => Passing::Reached,
            Order::Below | Order::AtLeast => Passing::Exceeded,
            // Refused by the language with `system.now` (L31).
            Order::Equal => return None,
        };
        Some(Term { shift_millis, passing })
    }

    /// The clock at which the comparison with `value` flips, in milliseconds.
    fn due(self, value: Instant) -> i64 {
        let reached = value.as_millis().saturating_sub(self.shift_millis);
        match self.passing {
            Passing::Reached => reached,
            Passing::Exceeded => reached.saturating_add(1),
        }
    }

    /// The smallest value whose comparison is still to flip after `clock`, in milliseconds.
    fn first_value_after(self, clock: Instant) -> i64 {
        let shifted = clock.as_millis().saturating_add(self.shift_millis);
        match self.passing {
            Passing::Reached => shifted.saturating_add(1),
            Passing::Exceeded => shifted,
        }
    }
}

impl ClockTerms {
    /// Adds the comparisons of a rule.
    pub fn insert(&mut self, number: RuleNumber, rule: &Rule) {
        each_term(rule, |key, term| {
            self.terms.entry(key).or_default().entry(term).or_default().insert(number);
        });
    }

    /// Removes the comparisons of a rule.
    pub fn remove(&mut self, number: RuleNumber, rule: &Rule) {
        each_term(rule, |key, term| {
            let Some(terms) = self.terms.get_mut(&key) else { return };
            if let Some(rules) = terms.get_mut(&term) {
                rules.remove(&number);
                if rules.is_empty() {
                    terms.remove(&term);
                }
            }
            if terms.is_empty() {
                self.terms.remove(&key);
            }
        });
    }

    /// The attributes that are compared with the clock.
    fn attributes(&self) -> impl Iterator<Item = &(ObjectKind, Attribute)> {
        self.terms.keys()
    }
}

fn each_term(rule: &Rule, mut visit: impl FnMut((ObjectKind, Attribute), Term)) {
    rule.expression().each_predicate(&mut |predicate| {
        if let Predicate::Attribute { attribute, test: Test::Instant(order, moment) } = &**predicate
            && let Some(term) = Term::of(*order, *moment)
        {
            visit((rule.kind(), attribute.clone()), term);
        }
    });
}

/// The date-times of objects, by their caller's object numbers, in order.
#[derive(Clone, Debug, Default)]
pub struct Deadlines {
    values: BTreeMap<(ObjectKind, Attribute), BTreeSet<(Instant, u32)>>,
}

impl Deadlines {
    /// Follows one object's change of row.
    pub fn change(&mut self, table: &Table, object: u32, old: Option<&Row>, new: Option<&Row>) {
        let Some(kind) = new.or(old).map(Row::kind) else { return };
        for ((of, attribute), values) in &mut self.values {
            if *of != kind {
                continue;
            }
            let instant = |row: Option<&Row>| match table.value(row?, attribute)? {
                Value::Instant(instant) => Some(instant),
                _ => None,
            };
            let (old, new) = (instant(old), instant(new));
            if old != new {
                if let Some(old) = old {
                    values.remove(&(old, object));
                }
                if let Some(new) = new {
                    values.insert((new, object));
                }
            }
        }
    }

    /// Begins to follow the attributes that `terms` read and that are not followed yet, in the rows of `table`;
    /// lets go of the others.
    pub fn follow(&mut self, terms: &ClockTerms, table: &Table) {
        self.values.retain(|key, _| terms.terms.contains_key(key));
        for (kind, attribute) in terms.attributes() {
            let key = (*kind, attribute.clone());
            self.values.entry(key).or_insert_with(|| {
                let mut values = BTreeSet::new();
                table.each_value(*kind, attribute, |distinct| {
                    if let Some(Value::Instant(instant)) = distinct.value() {
                        values.extend(distinct.objects().iter().map(|object| (instant, object)));
                    }
                });
                values
            });
        }
    }

    /// The (object, rule) pairs with a comparison that flips after `from` and up to and including `to`,
    /// sorted, each once. A comparison that flips is not yet a rule that flips.
    #[must_use]
    pub fn passed(&self, terms: &ClockTerms, from: Instant, to: Instant) -> BTreeSet<(u32, RuleNumber)> {
        let mut passed = BTreeSet::new();
        for (key, terms) in &terms.terms {
            let Some(values) = self.values.get(key) else { continue };
            for (term, rules) in terms {
                let first = term.first_value_after(from);
                let end = term.first_value_after(to);
                if first >= end {
                    continue;
                }
                let range = (Instant::from_millis(first), 0)..=(Instant::from_millis(end - 1), u32::MAX);
                for &(_, object) in values.range(range) {
                    passed.extend(rules.iter().map(|&rule| (object, rule)));
                }
            }
        }
        passed
    }

    /// The next instant after `clock` at which some comparison flips.
    #[must_use]
    pub fn next(&self, terms: &ClockTerms, clock: Instant) -> Option<Instant> {
        let mut next: Option<i64> = None;
        for (key, terms) in &terms.terms {
            let Some(values) = self.values.get(key) else { continue };
            for term in terms.keys() {
                let first = term.first_value_after(clock);
                if first > Instant::MAX.as_millis() {
                    continue;
                }
                if let Some(&(value, _)) = values.range((Instant::from_millis(first), 0)..).next() {
                    let due = term.due(value);
                    next = Some(next.map_or(due, |next| next.min(due)));
                }
            }
        }
        next.map(Instant::from_millis)
    }
}
