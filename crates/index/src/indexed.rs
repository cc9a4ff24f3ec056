//! A rule as an index holds it: its formula over the index's predicates, and what a change does to it.

use crate::{Effect, Formula, NoMemberships, PredicateTable, RowChange, TruthMemo};
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

    /// Whether an object with no attribute at all may satisfy it. Of an empty row no comparison with the clock
    /// is true, so the time does not matter; a rule that reads memberships may, whatever its attributes say.
    pub(crate) fn may_select_nothing(&self) -> bool {
        !self.rule.sources().is_empty()
            || self.rule.matches(&Attributes::default(), &NoMemberships, Instant::MIN)
    }

    /// What `change` does to it; `memos` are of the old and the new row.
    pub(crate) fn effect(
        &self,
        predicates: &PredicateTable,
        change: &RowChange<'_>,
        now: Instant,
        (old_memo, new_memo): (&mut TruthMemo, &mut TruthMemo),
    ) -> Option<Effect> {
        if !self.rule.sources().is_empty() {
            return Some(Effect::Undecided);
        }
        let truth = |row: Option<&Attributes>, memo: &mut TruthMemo| {
            row.is_some_and(|row| self.formula.holds(predicates, row, now, memo))
        };
        (truth(change.old, old_memo) != truth(change.new, new_memo)).then_some(Effect::Flipped)
    }
}
