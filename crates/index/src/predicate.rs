//! Hash-consed predicates: equal predicates of all rules are one, counted by their uses.

use crate::NoMemberships;
use foldhash::HashMap;
use muster_directory::{Attributes, Instant};
use muster_rule::{Expression, ExpressionKind, Predicate};
use std::sync::Arc;

/// A predicate's number in its [`PredicateTable`]; reused after the last rule that has it is removed.
pub type PredicateId = u32;

/// Every predicate that some rule has, each once.
#[derive(Debug, Default)]
pub struct PredicateTable {
    ids: HashMap<Arc<Predicate>, PredicateId>,
    slots: Vec<Slot>,
    free: Vec<PredicateId>,
}

#[derive(Debug)]
struct Slot {
    predicate: Arc<Predicate>,
    uses: u32,
}

/// A rule's expression over numbered predicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// All of these.
    All(Box<[Formula]>),
    /// One of these at least.
    Any(Box<[Formula]>),
    /// Not this.
    Not(Box<Formula>),
    /// This predicate, or its negation.
    Literal {
        /// Which.
        predicate: PredicateId,
        /// Whether it must be false.
        negated: bool,
    },
}

impl PredicateTable {
    /// The expression over this table's numbers; each occurrence of a predicate counts as a use.
    pub fn compile(&mut self, expression: &Expression) -> Formula {
        match &expression.kind {
            ExpressionKind::All(terms) => Formula::All(terms.iter().map(|term| self.compile(term)).collect()),
            ExpressionKind::Any(terms) => Formula::Any(terms.iter().map(|term| self.compile(term)).collect()),
            ExpressionKind::Not(term) => Formula::Not(Box::new(self.compile(term))),
            ExpressionKind::Literal { predicate, negated } => {
                Formula::Literal { predicate: self.acquire(predicate), negated: *negated }
            }
            ExpressionKind::DirectReports { manager, itself } => Formula::Any(
                [manager, itself]
                    .map(|predicate| Formula::Literal { predicate: self.acquire(predicate), negated: false })
                    .into(),
            ),
        }
    }

    /// Takes back the uses of a formula that [`compile`](Self::compile) made, and tells which predicates no rule
    /// has any more.
    pub fn release(&mut self, formula: &Formula, mut unused: impl FnMut(PredicateId, &Predicate)) {
        formula.each_predicate(&mut |id| {
            let Some(slot) = self.slots.get_mut(id as usize) else { return };
            slot.uses -= 1;
            if slot.uses == 0 {
                self.ids.remove(&slot.predicate);
                self.free.push(id);
                unused(id, &slot.predicate);
            }
        });
    }

    /// The predicate of this number.
    #[must_use]
    pub fn predicate(&self, id: PredicateId) -> Option<&Arc<Predicate>> {
        self.slots.get(id as usize).map(|slot| &slot.predicate)
    }

    /// How many times rules use it.
    #[must_use]
    pub fn uses(&self, id: PredicateId) -> u32 {
        self.slots.get(id as usize).map_or(0, |slot| slot.uses)
    }

    /// How many different predicates there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn acquire(&mut self, predicate: &Arc<Predicate>) -> PredicateId {
        if let Some(&id) = self.ids.get(predicate) {
            if let Some(slot) = self.slots.get_mut(id as usize) {
                slot.uses += 1;
            }
            return id;
        }
        let slot = Slot { predicate: Arc::clone(predicate), uses: 1 };
        let id = match self.free.pop() {
            Some(id) => {
                if let Some(place) = self.slots.get_mut(id as usize) {
                    *place = slot;
                }
                id
            }
            None => {
                let id = PredicateId::try_from(self.slots.len()).unwrap_or(PredicateId::MAX);
                self.slots.push(slot);
                id
            }
        };
        self.ids.insert(Arc::clone(predicate), id);
        id
    }
}

impl Formula {
    /// Its truth for a row, each predicate evaluated once per row however many rules ask.
    pub fn holds(
        &self,
        table: &PredicateTable,
        row: &Attributes,
        now: Instant,
        memo: &mut TruthMemo,
    ) -> bool {
        match self {
            Formula::All(terms) => terms.iter().all(|term| term.holds(table, row, now, memo)),
            Formula::Any(terms) => terms.iter().any(|term| term.holds(table, row, now, memo)),
            Formula::Not(term) => !term.holds(table, row, now, memo),
            Formula::Literal { predicate, negated } => memo.truth(table, *predicate, row, now) != *negated,
        }
    }

    /// Calls `visit` with each predicate, as often as it occurs.
    pub fn each_predicate(&self, visit: &mut impl FnMut(PredicateId)) {
        match self {
            Formula::All(terms) | Formula::Any(terms) => {
                terms.iter().for_each(|term| term.each_predicate(visit));
            }
            Formula::Not(term) => term.each_predicate(visit),
            Formula::Literal { predicate, .. } => visit(*predicate),
        }
    }
}

/// Truths of predicates for one row, as far as they were asked for.
#[derive(Debug, Default)]
pub struct TruthMemo {
    /// Per predicate: twice the epoch it was computed in, plus its truth.
    truths: Vec<u64>,
    epoch: u64,
}

impl TruthMemo {
    /// Forgets all truths: another row, or another time, follows.
    pub fn reset(&mut self) {
        self.epoch += 1;
    }

    /// The predicate's truth for the row; computed at the first question after a [`reset`](Self::reset).
    pub fn truth(&mut self, table: &PredicateTable, id: PredicateId, row: &Attributes, now: Instant) -> bool {
        let Some(slot) = table.slots.get(id as usize) else { return false };
        if self.truths.len() < table.slots.len() {
            self.truths.resize(table.slots.len(), 0);
        }
        let Some(known) = self.truths.get_mut(id as usize) else { return false };
        if *known >> 1 != self.epoch {
            let truth = slot.predicate.holds(row, &NoMemberships, now);
            *known = self.epoch << 1 | u64::from(truth);
        }
        *known & 1 == 1
    }
}
