//! What a term costs, before it is asked: which one comes first.
//!
//! Look-ups by value come before searches through distinct values, the most selective look-up first, the cheapest
//! search first. A wrong estimate costs time and nothing else.

use super::Query;
use muster_directory::ObjectKind;
use muster_rule::rule::{Expression, ExpressionKind, Predicate, Test, TextTest};
use roaring::RoaringBitmap;

/// Asking an object costs as much as asking so many distinct values.
const OBJECT: u64 = 8;

/// The cost of one term, to be compared with others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    /// Distinct values that must be asked.
    searched: u64,
    /// At most so many objects satisfy it.
    size: u64,
}

impl Query<'_> {
    pub(super) fn cheapest_first<'e>(
        &self,
        kind: ObjectKind,
        terms: &'e [Expression],
        among: &RoaringBitmap,
    ) -> Vec<&'e Expression> {
        let mut ordered: Vec<_> =
            terms.iter().map(|term| (self.cost(kind, term, among.len()), term)).collect();
        ordered.sort_by_key(|(cost, _)| *cost);
        ordered.into_iter().map(|(_, term)| term).collect()
    }

    /// Whether it is cheaper to ask each of so many objects than each of the attribute's distinct values.
    pub(super) fn objects_are_cheaper(&self, objects: u64, values: usize) -> bool {
        objects.saturating_mul(OBJECT) < values as u64
    }

    fn cost(&self, kind: ObjectKind, expression: &Expression, universe: u64) -> Cost {
        match &expression.kind {
            ExpressionKind::All(terms) => {
                let costs = terms.iter().map(|term| self.cost(kind, term, universe));
                costs
                    .reduce(|one, other| Cost {
                        searched: one.searched + other.searched,
                        size: one.size.min(other.size),
                    })
                    .unwrap_or_default()
            }
            ExpressionKind::Any(terms) => {
                let costs = terms.iter().map(|term| self.cost(kind, term, universe));
                costs
                    .reduce(|one, other| Cost {
                        searched: one.searched + other.searched,
                        size: one.size + other.size,
                    })
                    .unwrap_or_default()
            }
            ExpressionKind::Not(term) => Cost { size: universe, ..self.cost(kind, term, universe) },
            ExpressionKind::Literal { predicate, negated } => {
                let cost = self.predicate_cost(kind, predicate, universe);
                let size = if *negated { universe.saturating_sub(cost.size) } else { cost.size };
                Cost { size, ..cost }
            }
            ExpressionKind::DirectReports { manager, itself } => {
                let manager = self.predicate_cost(kind, manager, universe);
                let itself = self.predicate_cost(kind, itself, universe);
                Cost { searched: 0, size: manager.size + itself.size }
            }
        }
    }

    fn predicate_cost(&self, kind: ObjectKind, predicate: &Predicate, universe: u64) -> Cost {
        let looked_up = |size| Cost { searched: 0, size };
        match predicate {
            Predicate::MemberOf(groups) => {
                let sizes = groups.iter().filter_map(|id| self.groups.members(id)).map(RoaringBitmap::len);
                looked_up(sizes.sum())
            }
            Predicate::Attribute { attribute, test } => {
                let present = self.table.present(kind, attribute).map(RoaringBitmap::len).unwrap_or_default();
                match test {
                    Test::Null => looked_up(universe.saturating_sub(present)),
                    Test::Boolean(_) => looked_up(present),
                    Test::Text(TextTest::OneOf(operands)) => {
                        let mut size = 0;
                        for operand in operands {
                            let count = |objects: crate::ObjectsOf<'_>| size += objects.len();
                            self.table.each_spelling(kind, attribute, operand, count);
                        }
                        looked_up(size)
                    }
                    Test::Text(_) | Test::Integer(_) | Test::Instant(..) | Test::AnyElement(_) => {
                        Cost { searched: self.table.distinct(kind, attribute) as u64, size: present }
                    }
                }
            }
        }
    }
}
