//! A rule as set algebra: which objects it selects, without looking at each.
//!
//! Every comparison is a union of the sets of the values of which it is true, and its truth is asked once per
//! distinct value, of the one evaluator. Terms are taken cheapest first, each only within what the terms before it
//! have left; where few objects are left they are asked themselves. Invariant: the answer is exactly the objects
//! that [`Rule::matches`] says at the same time. Knows no stored membership and no preview.

mod estimate;
mod predicate;
mod scan;

pub use scan::Search;

use crate::Table;
use muster_directory::{Instant, ObjectKind};
use muster_rule::{Expression, ExpressionKind, Rule};
use roaring::RoaringBitmap;

/// Who is in which group, as rules read it by `memberOf`.
pub trait GroupSets {
    /// The numbers of the members of the group with this folded id; `None` where there is no such group.
    fn members(&self, folded_group_id: &str) -> Option<&RoaringBitmap>;
}

/// The objects of a table at one time, to be asked for those that a rule selects.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    table: &'a Table,
    groups: &'a dyn GroupSets,
    now: Instant,
    /// Where it is asked in parts.
    stepwise: Option<&'a scan::Stepwise<'a>>,
}

impl<'a> Query<'a> {
    /// Over the objects of `table`, their memberships in `groups`, at `now`.
    #[must_use]
    pub fn new(table: &'a Table, groups: &'a dyn GroupSets, now: Instant) -> Query<'a> {
        Query { table, groups, now, stepwise: None }
    }

    /// The objects that the rule selects.
    #[must_use]
    pub fn select(&self, rule: &Rule) -> RoaringBitmap {
        self.select_among(rule, self.table.existing(rule.kind()).clone())
    }

    /// Those of `among`, all of them existing objects of the rule's kind, that it selects.
    #[must_use]
    pub fn select_among(&self, rule: &Rule, among: RoaringBitmap) -> RoaringBitmap {
        self.narrow(rule.kind(), rule.expression(), among)
    }

    /// Those of `among`, all of them existing objects of this kind, of which the expression holds.
    fn narrow(&self, kind: ObjectKind, expression: &Expression, among: RoaringBitmap) -> RoaringBitmap {
        if among.is_empty() || self.stepwise.is_some_and(scan::Stepwise::is_in_vain) {
            return among;
        }
        match &expression.kind {
            ExpressionKind::All(terms) => {
                let ordered = self.cheapest_first(kind, terms, &among);
                ordered.into_iter().fold(among, |left, term| self.narrow(kind, term, left))
            }
            ExpressionKind::Any(terms) => {
                let mut left = among;
                let mut found = RoaringBitmap::new();
                for term in self.cheapest_first(kind, terms, &left) {
                    let more = self.narrow(kind, term, left.clone());
                    left -= &more;
                    found |= more;
                }
                found
            }
            ExpressionKind::Not(term) => {
                let except = self.narrow(kind, term, among.clone());
                among - except
            }
            ExpressionKind::Literal { predicate, negated } => {
                let found = self.objects_of(kind, predicate, &among);
                if *negated { among - found } else { found }
            }
            ExpressionKind::DirectReports { manager, itself } => {
                self.objects_of(kind, manager, &among) | self.objects_of(kind, itself, &among)
            }
        }
    }
}

impl std::fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query").field("now", &self.now).finish_non_exhaustive()
    }
}
