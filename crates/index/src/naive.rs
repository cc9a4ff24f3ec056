//! The baseline that every index must agree with: evaluate every rule on the old and the new row.

use crate::{Affected, Effect, NoMemberships, RowChange, RuleIndex, RuleNumber, Scratch, Table};
use muster_directory::{Attributes, Instant};
use muster_rule::Rule;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All rules, looked at for every change.
#[derive(Debug, Default)]
pub struct Naive {
    rules: BTreeMap<RuleNumber, Arc<Rule>>,
}

impl RuleIndex for Naive {
    fn insert(&mut self, number: RuleNumber, rule: Arc<Rule>) {
        self.rules.insert(number, rule);
    }

    fn remove(&mut self, number: RuleNumber) {
        self.rules.remove(&number);
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
            scratch.work.changes += 1;
            for (&number, rule) in &self.rules {
                if rule.kind() != kind {
                    continue;
                }
                scratch.work.rules += 1;
                let truth = |row: &Option<Attributes>| {
                    row.as_ref().is_some_and(|row| rule.matches(row, &NoMemberships, now))
                };
                let effect = if !rule.sources().is_empty() {
                    Effect::Undecided
                } else if truth(&old) != truth(&new) {
                    Effect::Flipped
                } else {
                    continue;
                };
                found.push(Affected { change: position, rule: number, effect });
            }
        }
    }
}
