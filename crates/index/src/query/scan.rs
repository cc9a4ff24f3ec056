//! The searches through distinct values that a question needs, a part at a time, so that changes have their turn in
//! between.
//!
//! A search is about values by their numbers, and a value that an object keeps keeps its number: so what was found
//! stays true of every object whose row did not change since the question began. Whoever asks in parts notes the
//! objects whose rows do change, and asks these again at the end; see [`Search`].

use super::Query;
use super::predicate::Union;
use muster_directory::ObjectKind;
use muster_rule::rule::{Test, TextTest};
use muster_rule::{Attribute, Rule};
use roaring::RoaringBitmap;
use std::cell::RefCell;

/// A question to many values, asked in parts.
#[derive(Debug, Default)]
pub struct Search {
    /// What was searched for, and who has it.
    found: Vec<(Wanted, RoaringBitmap)>,
    open: Option<Open>,
}

/// What a search is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    kind: ObjectKind,
    attribute: Attribute,
    test: Test,
}

#[derive(Debug)]
struct Open {
    wanted: Wanted,
    /// The number of the next value.
    next: usize,
    union: Union,
}

/// One run through a rule, with what was searched before.
#[derive(Debug)]
pub(super) struct Stepwise<'s> {
    found: &'s [(Wanted, RoaringBitmap)],
    /// So many values, or objects, are asked at once.
    pub(super) at_once: usize,
    missing: RefCell<Option<Wanted>>,
}

impl Stepwise<'_> {
    /// Who has what is searched for, if that is known; else it will be searched next.
    pub(super) fn found(
        &self,
        kind: ObjectKind,
        attribute: &Attribute,
        test: &Test,
    ) -> Option<&RoaringBitmap> {
        let is =
            |wanted: &Wanted| wanted.kind == kind && wanted.attribute == *attribute && wanted.test == *test;
        let found = self.found.iter().find(|(wanted, _)| is(wanted)).map(|(_, objects)| objects);
        if found.is_none() {
            let wanted = Wanted { kind, attribute: attribute.clone(), test: test.clone() };
            self.missing.borrow_mut().get_or_insert(wanted);
        }
        found
    }

    /// Whether the run is in vain, as something must be searched first.
    pub(super) fn is_in_vain(&self) -> bool {
        self.missing.borrow().is_some()
    }
}

impl Query<'_> {
    /// The objects that the rule selects, once all that must be searched for it is searched; about so many values are
    /// asked now. Of an object whose row changed since the first part, the answer may be wrong. Every part must
    /// be asked at the same `now`.
    #[must_use]
    pub fn select_in_parts(&self, rule: &Rule, search: &mut Search, values: usize) -> Option<RoaringBitmap> {
        let mut left = values.max(1);
        loop {
            if let Some(open) = &mut search.open {
                let of = (open.wanted.kind, &open.wanted.attribute);
                let numbers = self.table.numbers(of.0, of.1);
                let until = numbers.min(open.next.saturating_add(left));
                left -= until.saturating_sub(open.next).min(left);
                self.add_values(of, &open.wanted.test, open.next..until, &mut open.union);
                open.next = until;
                if until < numbers {
                    return None;
                }
                if let Some(Open { wanted, union, .. }) = search.open.take() {
                    search.found.push((wanted, union.finish()));
                }
            }
            let stepwise =
                Stepwise { found: &search.found, at_once: values.max(1), missing: RefCell::default() };
            let run = Query { stepwise: Some(&stepwise), ..*self };
            let selected = run.select(rule);
            let Some(wanted) = stepwise.missing.into_inner() else { return Some(selected) };
            search.open = Some(Open { wanted, next: 0, union: Union::default() });
            if left == 0 {
                return None;
            }
        }
    }

    /// Adds the objects whose value is one of these numbers and satisfies the test.
    pub(super) fn add_values(
        &self,
        of: (ObjectKind, &Attribute),
        test: &Test,
        numbers: std::ops::Range<usize>,
        union: &mut Union,
    ) {
        let mut buffer = String::new();
        if let Test::Text(TextTest::StartsWith(prefix)) = test {
            self.table.each_starting_of(of, numbers, prefix, |value, fit| {
                if fit == crate::table::Fit::Begins || self.holds(test, &value, &mut buffer) {
                    union.add(value.objects());
                }
            });
            return;
        }
        self.table.each_value_of(of, numbers, |value| {
            if self.holds(test, &value, &mut buffer) {
                union.add(value.objects());
            }
        });
    }
}
