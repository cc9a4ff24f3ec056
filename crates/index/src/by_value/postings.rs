//! The conjuncts that one predicate is in, so filed that a flip reads few of them.

use super::stream::{AttributeNumber, Filed, Found, Stream, Term, Word, Words, iterate};
use crate::{PredicateId, RuleNumber};
use foldhash::HashMap;
use std::collections::BTreeMap;

/// Where one predicate's conjuncts are.
#[derive(Debug, Default)]
pub(super) struct Postings {
    /// Those to be looked at whatever the object is; all, while they are few.
    listed: Stream,
    /// Of a hot predicate: those that have a guard.
    guarded: Option<Box<ByGuard>>,
    conjuncts: u32,
    /// Guards are chosen anew when there are more than this.
    settled_for: u32,
    in_use: bool,
}

#[derive(Debug, Default)]
struct ByGuard {
    /// Those that want the predicate true.
    when_true: Guarded,
    /// Those that want it false.
    when_false: Guarded,
}

/// Conjuncts that can be true only of a row of which a guard is: guarding attribute → guard → conjuncts, without
/// the guard among their literals.
pub(super) type Guarded = BTreeMap<AttributeNumber, HashMap<PredicateId, Stream>>;

/// A predicate with more conjuncts than this is hot. Reading a list costs a few nanoseconds a conjunct, finding
/// the guards that hold some tens of nanoseconds an attribute.
const HOT: u32 = 48;

impl Postings {
    pub(super) fn is_in_use(&self) -> bool {
        self.in_use
    }

    pub(super) fn begin_use(&mut self) {
        self.in_use = true;
    }

    /// Files a conjunct. `uses` tells how many rules have a predicate, by which literals are put in order and guards
    /// chosen.
    pub(super) fn insert(&mut self, words: &mut Words, filed: Filed<'_>, uses: &dyn Fn(PredicateId) -> u32) {
        self.conjuncts += 1;
        if self.conjuncts > self.settled_for.max(HOT) {
            self.settle(words, uses);
        }
        self.file(words, filed, uses);
    }

    /// Takes a rule's conjuncts out. `guards` are the predicates that any of them may be filed by.
    pub(super) fn remove(
        &mut self,
        words: &mut Words,
        rule: RuleNumber,
        guards: &[(AttributeNumber, PredicateId)],
    ) {
        let mut removed = self.listed.remove(words, rule);
        if let Some(by_guard) = &mut self.guarded {
            for guarded in [&mut by_guard.when_true, &mut by_guard.when_false] {
                for (attribute, guard) in guards {
                    let Some(by_guard) = guarded.get_mut(attribute) else { continue };
                    let Some(stream) = by_guard.get_mut(guard) else { continue };
                    removed += stream.remove(words, rule);
                    if stream.is_empty() {
                        by_guard.remove(guard);
                    }
                    if by_guard.is_empty() {
                        guarded.remove(attribute);
                    }
                }
            }
        }
        self.conjuncts -= removed.min(self.conjuncts);
    }

    /// Forgets a predicate that no rule has any more, and with it all conjuncts.
    pub(super) fn end_use(&mut self, words: &mut Words) {
        for_each_stream(self, |stream| stream.clear(words));
        *self = Postings::default();
    }

    pub(super) fn listed(&self) -> &Stream {
        &self.listed
    }

    /// Those that want the predicate true, or false, and have a guard.
    pub(super) fn guarded(&self, negated: bool) -> Option<&Guarded> {
        let by_guard = self.guarded.as_deref()?;
        Some(if negated { &by_guard.when_false } else { &by_guard.when_true })
    }

    /// Files everything anew, by what is known of the predicates now.
    fn settle(&mut self, words: &mut Words, uses: &dyn Fn(PredicateId) -> u32) {
        self.settled_for = 2 * self.conjuncts;
        let listed = self.listed.drain(words);
        for filed in iterate(&listed) {
            self.file(words, filed, uses);
        }
        let Some(by_guard) = self.guarded.take() else { return };
        for (attribute, by_guard) in [by_guard.when_true, by_guard.when_false].into_iter().flatten() {
            for (predicate, mut stream) in by_guard {
                let guard = Term { predicate, attribute, negated: false, found: Found::Listed }.pack();
                let drained = stream.drain(words);
                for Filed { header, terms } in iterate(&drained) {
                    let terms: Vec<Word> = std::iter::once(guard).chain(terms.iter().copied()).collect();
                    self.file(words, Filed { header, terms: &terms }, uses);
                }
            }
        }
    }

    fn file(&mut self, words: &mut Words, filed: Filed<'_>, uses: &dyn Fn(PredicateId) -> u32) {
        let Filed { header, terms } = filed;
        let mut terms: Vec<Term> = terms.iter().map(|&word| Term::unpack(word)).collect();
        // What fails soonest first: the positive ones, of them the rarest.
        terms.sort_by_key(|term| (!term.can_guard(), uses(term.predicate), term.predicate));
        let packed: Vec<Word> = terms.iter().map(|term| term.pack()).collect();
        match (terms.first(), packed.split_first()) {
            (Some(guard), Some((_, rest))) if self.settled_for > 0 && guard.can_guard() => {
                let by_guard = self.guarded.get_or_insert_default();
                let guarded = if header.negated { &mut by_guard.when_false } else { &mut by_guard.when_true };
                let stream = guarded.entry(guard.attribute).or_default().entry(guard.predicate).or_default();
                stream.push(words, header, rest);
            }
            _ => self.listed.push(words, header, &packed),
        }
    }
}

fn for_each_stream(postings: &mut Postings, mut visit: impl FnMut(&mut Stream)) {
    visit(&mut postings.listed);
    if let Some(by_guard) = &mut postings.guarded {
        let guarded = by_guard.when_true.values_mut().chain(by_guard.when_false.values_mut());
        guarded.flat_map(HashMap::values_mut).for_each(visit);
    }
}
