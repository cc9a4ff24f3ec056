//! The rules that one predicate is in, so filed that a flip reads few of them.

use super::AttributeNumber;
use crate::{PredicateId, RuleNumber};
use foldhash::HashMap;
use std::collections::BTreeMap;

/// A predicate that must be true of a row for a conjunct to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guard {
    pub(super) predicate: PredicateId,
    /// The attribute it asks about.
    pub(super) attribute: AttributeNumber,
}

/// A rule, filed for one of its conjuncts. When the predicate it is filed under flips, the conjunct can be
/// true only of the row in which its own literal of that predicate is, so the guard is asked there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) rule: RuleNumber,
    /// Whether the conjunct wants the predicate false.
    pub(super) negated: bool,
    /// `None`: the rule is looked at whatever the object is.
    pub(super) guard: Option<Guard>,
}

/// Where one predicate's rules are.
#[derive(Debug, Default)]
pub(super) struct Postings {
    state: State,
    /// The attribute whose values find this predicate; `None` where no value does.
    found_by: Option<AttributeNumber>,
    listed: Vec<Entry>,
    /// Of a hot predicate: the rules that have a guard, by it and by whether they want the predicate false.
    guarded: HashMap<(PredicateId, bool), Guarded>,
    /// How many rules are guarded by predicates on each attribute.
    guard_attributes: BTreeMap<AttributeNumber, usize>,
}

/// The rules behind one guard.
#[derive(Debug)]
struct Guarded {
    attribute: AttributeNumber,
    rules: Vec<RuleNumber>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// No rule has the predicate; its number may be another predicate's next.
    #[default]
    Unused,
    /// Few rules have it: all are listed.
    Cold,
    /// Many have it: those with a guard are filed by it.
    Hot,
}

/// A predicate with more listed rules than this becomes hot. Reading a list costs a few nanoseconds an
/// entry, finding the guards that hold about a microsecond an attribute.
const HOT: usize = 64;

impl Postings {
    pub(super) fn new(found_by: Option<AttributeNumber>) -> Postings {
        Postings { state: State::Cold, found_by, ..Postings::default() }
    }

    pub(super) fn is_placed(&self) -> bool {
        self.state != State::Unused
    }

    pub(super) fn found_by(&self) -> Option<AttributeNumber> {
        self.found_by
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        match (self.state, entry.guard) {
            (State::Hot, Some(guard)) => self.file(entry, guard),
            _ => self.listed.push(entry),
        }
        if self.state == State::Cold && self.listed.len() > HOT {
            self.state = State::Hot;
            for entry in std::mem::take(&mut self.listed) {
                self.insert(entry);
            }
        }
    }

    /// Takes a rule out wherever it is filed.
    pub(super) fn remove(&mut self, rule: RuleNumber) {
        self.listed.retain(|entry| entry.rule != rule);
        let guard_attributes = &mut self.guard_attributes;
        self.guarded.retain(|_, guarded| {
            let before = guarded.rules.len();
            guarded.rules.retain(|other| *other != rule);
            let removed = before - guarded.rules.len();
            if removed > 0
                && let Some(count) = guard_attributes.get_mut(&guarded.attribute)
            {
                *count -= removed;
                if *count == 0 {
                    guard_attributes.remove(&guarded.attribute);
                }
            }
            !guarded.rules.is_empty()
        });
    }

    /// The rules to look at, each if its guard holds.
    pub(super) fn listed(&self) -> &[Entry] {
        &self.listed
    }

    /// The attributes that guards ask about.
    pub(super) fn guard_attributes(&self) -> impl Iterator<Item = AttributeNumber> + '_ {
        self.guard_attributes.keys().copied()
    }

    /// The rules to look at if this guard holds of the row in which the predicate is not, or is, `negated`.
    pub(super) fn guarded_by(&self, guard: PredicateId, negated: bool) -> &[RuleNumber] {
        self.guarded.get(&(guard, negated)).map_or(&[], |guarded| guarded.rules.as_slice())
    }

    fn file(&mut self, entry: Entry, guard: Guard) {
        let Guard { predicate, attribute } = guard;
        let guarded = self.guarded.entry((predicate, entry.negated));
        guarded.or_insert_with(|| Guarded { attribute, rules: Vec::new() }).rules.push(entry.rule);
        *self.guard_attributes.entry(attribute).or_default() += 1;
    }
}
