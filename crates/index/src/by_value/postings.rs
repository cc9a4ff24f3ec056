//! The conjuncts that one predicate is in, so filed that a flip reads few of them.

use super::stream::{AttributeNumber, Filed, Found, Stream, Term, Word};
use crate::{PredicateId, RuleNumber};
use foldhash::HashMap;
use std::collections::BTreeMap;

/// Where one predicate's conjuncts are.
#[derive(Debug, Default)]
pub(super) struct Postings {
    in_use: bool,
    /// Those to be looked at whatever the object is; all, while they are few.
    listed: Stream,
    /// Of a hot predicate: those that want it true, by their guard.
    when_true: Guarded,
    /// Of a hot predicate: those that want it false, by their guard.
    when_false: Guarded,
    conjuncts: usize,
    /// Guards are chosen anew when there are more than this.
    settled_for: usize,
}

/// Conjuncts that can be true only of a row of which a guard is: guarding attribute → guard → conjuncts, without
/// the guard among their literals.
pub(super) type Guarded = BTreeMap<AttributeNumber, HashMap<PredicateId, Stream>>;

/// A predicate with more conjuncts than this is hot. Reading a list costs a few nanoseconds a conjunct, finding
/// the guards that hold some tens of nanoseconds an attribute.
const HOT: usize = 48;

impl Postings {
    pub(super) fn is_in_use(&self) -> bool {
        self.in_use
    }

    pub(super) fn begin_use(&mut self) {
        self.in_use = true;
    }

    /// Files a conjunct. `uses` tells how many rules have a predicate, by which literals are put in order and guards
    /// chosen.
    pub(super) fn insert(&mut self, filed: Filed<'_>, uses: &dyn Fn(PredicateId) -> u32) {
        self.conjuncts += 1;
        if self.conjuncts > self.settled_for.max(HOT) {
            self.settle(uses);
        }
        self.file(filed, uses);
    }

    /// Takes a rule's conjuncts out. `guards` are the predicates that any of them may be filed by.
    pub(super) fn remove(&mut self, rule: RuleNumber, guards: &[(AttributeNumber, PredicateId)]) {
        let mut removed = self.listed.remove(rule);
        for guarded in [&mut self.when_true, &mut self.when_false] {
            for (attribute, guard) in guards {
                let Some(by_guard) = guarded.get_mut(attribute) else { continue };
                let Some(stream) = by_guard.get_mut(guard) else { continue };
                removed += stream.remove(rule);
                if stream.is_empty() {
                    by_guard.remove(guard);
                }
                if by_guard.is_empty() {
                    guarded.remove(attribute);
                }
            }
        }
        self.conjuncts -= removed.min(self.conjuncts);
    }

    pub(super) fn listed(&self) -> &Stream {
        &self.listed
    }

    /// Those that want the predicate true, or false, and have a guard.
    pub(super) fn guarded(&self, negated: bool) -> &Guarded {
        if negated { &self.when_false } else { &self.when_true }
    }

    /// Files everything anew, by what is known of the predicates now.
    fn settle(&mut self, uses: &dyn Fn(PredicateId) -> u32) {
        self.settled_for = 2 * self.conjuncts;
        let listed = std::mem::take(&mut self.listed);
        let guarded = [std::mem::take(&mut self.when_true), std::mem::take(&mut self.when_false)];
        for filed in listed.iter() {
            self.file(filed, uses);
        }
        for (attribute, by_guard) in guarded.into_iter().flatten() {
            for (predicate, stream) in by_guard {
                let found = Found::Listed;
                let guard = Term { predicate, attribute, negated: false, found }.pack();
                for Filed { header, terms } in stream.iter() {
                    let terms: Vec<Word> = std::iter::once(guard).chain(terms.iter().copied()).collect();
                    self.file(Filed { header, terms: &terms }, uses);
                }
            }
        }
    }

    fn file(&mut self, filed: Filed<'_>, uses: &dyn Fn(PredicateId) -> u32) {
        let Filed { header, terms } = filed;
        let mut terms: Vec<Term> = terms.iter().map(|&word| Term::unpack(word)).collect();
        // What fails soonest first: the positive ones, of them the rarest.
        terms.sort_by_key(|term| (!term.can_guard(), uses(term.predicate), term.predicate));
        match terms.split_first() {
            Some((guard, rest)) if self.settled_for > 0 && guard.can_guard() => {
                let guarded = if header.negated { &mut self.when_false } else { &mut self.when_true };
                let stream = guarded.entry(guard.attribute).or_default().entry(guard.predicate).or_default();
                stream.push(header, rest.iter().map(|term| term.pack()));
            }
            _ => self.listed.push(header, terms.into_iter().map(Term::pack)),
        }
    }
}
