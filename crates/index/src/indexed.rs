//! A rule as the attribute-level index holds it: its formula over the index's predicates, and what a change
//! does to it.

use crate::{Effect, Formula, PredicateTable, TruthMemo};
use muster_directory::{Attributes, Instant};
use muster_rule::Rule;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct IndexedRule {
    pub(crate) rule: Arc<Rule>,
    pub(crate) formula: Formula,
}

impl IndexedRule {
    pub(crate) fn new(rule: Arc<Rule>, predicates: &mut PredicateTable) -> IndexedRule {
        let formula = predicates.compile(rule.expression());
        IndexedRule { rule, formula }
    }

    /// What a change of these rows does to it; the memos are theirs.
    pub(crate) fn effect(
        &self,
        predicates: &PredicateTable,
        (old, new): (Option<&Attributes>, Option<&Attributes>),
        now: Instant,
        (old_memo, new_memo): (&mut TruthMemo, &mut TruthMemo),
    ) -> Option<Effect> {
        if !self.rule.sources().is_empty() {
            return Some(Effect::Undecided);
        }
        let truth = |row: Option<&Attributes>, memo: &mut TruthMemo| {
            row.is_some_and(|row| self.formula.holds(predicates, row, now, memo))
        };
        (truth(old, old_memo) != truth(new, new_memo)).then_some(Effect::Flipped)
    }
}
