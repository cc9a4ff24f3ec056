//! The attribute-level inverted index: attribute → the rules that read it. A change looks at the
//! rules that read a changed attribute, and at no other.
//!
//! Invariant: a rule is listed under exactly the attributes it reads. For an object that comes or goes
//! the other row is taken as empty; the rules that an empty row satisfies are known in advance, and
//! flip unless they read an attribute that the object has (then they are evaluated).

use crate::indexed::IndexedRule;
use crate::{Affected, PredicateTable, RowChange, RuleIndex, RuleNumber, Scratch, Table};
use foldhash::HashMap;
use muster_directory::{Attributes, Instant, ObjectKind};
use muster_rule::{Attribute, Rule};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Attribute → rules.
#[derive(Debug, Default)]
pub struct ByAttribute {
    predicates: PredicateTable,
    rules: Vec<Option<IndexedRule>>,
    /// The rules that read each attribute.
    readers: HashMap<(ObjectKind, Attribute), BTreeSet<RuleNumber>>,
    /// The rules that an object with no attribute at all satisfies, or that only the caller can decide.
    true_of_nothing: HashMap<ObjectKind, BTreeSet<RuleNumber>>,
}

impl ByAttribute {
    /// How many different predicates the rules have.
    #[must_use]
    pub fn predicates(&self) -> usize {
        self.predicates.len()
    }

    /// The rules that could be affected: those that read an attribute that differs, and when an object
    /// comes or goes those that are true of nothing. Sorted, each once.
    fn candidates(
        &self,
        kind: ObjectKind,
        (old, new): (Option<&Attributes>, Option<&Attributes>),
        candidates: &mut Vec<RuleNumber>,
    ) {
        candidates.clear();
        let nothing = Attributes::default();
        Attributes::each_difference(old.unwrap_or(&nothing), new.unwrap_or(&nothing), |attribute| {
            if let Some(readers) = self.readers.get(&(kind, attribute.clone())) {
                candidates.extend(readers);
            }
        });
        if old.is_some() != new.is_some()
            && let Some(rules) = self.true_of_nothing.get(&kind)
        {
            candidates.extend(rules);
        }
        candidates.sort_unstable();
        candidates.dedup();
    }
}

impl RuleIndex for ByAttribute {
    fn insert(&mut self, number: RuleNumber, rule: Arc<Rule>) {
        self.remove(number);
        let kind = rule.kind();
        for read in rule.reads() {
            self.readers.entry((kind, read.attribute.clone())).or_default().insert(number);
        }
        let may_select_nothing = crate::may_select_nothing(&rule);
        let indexed = IndexedRule::new(rule, &mut self.predicates);
        if may_select_nothing {
            self.true_of_nothing.entry(kind).or_default().insert(number);
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
        let Some(IndexedRule { rule, formula }) = self.rules.get_mut(number as usize).and_then(Option::take)
        else {
            return;
        };
        self.predicates.release(&formula, |_, _| {});
        for read in rule.reads() {
            let key = (rule.kind(), read.attribute.clone());
            if let Some(readers) = self.readers.get_mut(&key) {
                readers.remove(&number);
                if readers.is_empty() {
                    self.readers.remove(&key);
                }
            }
        }
        if let Some(rules) = self.true_of_nothing.get_mut(&rule.kind()) {
            rules.remove(&number);
        }
    }

    fn affected(
        &self,
        table: &mut Table,
        changes: &[RowChange<'_>],
        now: Instant,
        scratch: &mut Scratch,
        found: &mut Vec<Affected>,
    ) {
        for (position, change) in (0..).zip(changes) {
            let Some(kind) = change.kind() else { continue };
            let (old, new) = change.decoded(table);
            let rows = (old.as_ref(), new.as_ref());
            scratch.old.reset();
            scratch.new.reset();
            self.candidates(kind, rows, &mut scratch.candidates);
            scratch.work.changes += 1;
            scratch.work.rules += scratch.candidates.len() as u64;
            for &number in &scratch.candidates {
                let Some(Some(indexed)) = self.rules.get(number as usize) else { continue };
                let memos = (&mut scratch.old, &mut scratch.new);
                if let Some(effect) = indexed.effect(&self.predicates, rows, now, memos) {
                    found.push(Affected { change: position, rule: number, effect });
                }
            }
        }
    }
}
