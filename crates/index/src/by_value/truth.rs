//! Which of the predicates on one attribute are true for a value, and which flip between two values.

use super::text::TextPredicates;
use crate::PredicateId;
use foldhash::HashMap;
use muster_directory::Instant;
use muster_rule::rule::{ElementTest, IntegerTest, Moment, TextTest};
use muster_rule::{Test, Value};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

/// All predicates on one attribute.
#[derive(Debug, Default)]
pub(super) struct AttributePredicates {
    /// Of all states that any attribute's predicates were ever in, in this process.
    version: u64,
    /// The latest edits, each with the version that it made.
    edits: VecDeque<(u64, Edit)>,
    /// The version before the first of those.
    edits_since: u64,
    null: Vec<PredicateId>,
    booleans: Vec<(PredicateId, bool)>,
    texts: TextPredicates,
    integers: HashMap<i64, Vec<PredicateId>>,
    elements: ElementPredicates,
    /// Integers or fixed instants in milliseconds, by operand.
    ordered: BTreeMap<i64, Vec<Filed>>,
    /// Comparisons with the clock.
    moving: Vec<Filed>,
}

/// How a predicate came or went.
#[derive(Debug)]
enum Edit {
    Added(PredicateId, Test),
    Removed(PredicateId),
}

/// So many edits are laid over a list; after more it is made anew.
const EDITS: usize = 64;

/// A predicate with its test, where finding it does not yet decide it.
type Filed = (PredicateId, Test);

/// Predicates on some element of a collection.
#[derive(Debug, Default)]
struct ElementPredicates {
    /// One text test of one member (`None`: of the element itself).
    single: BTreeMap<Option<u8>, TextPredicates>,
    /// Several tests of one element, filed under one of them, an equality of a member.
    joint: BTreeMap<Option<u8>, HashMap<Box<str>, Vec<Filed>>>,
    /// Asked one by one.
    asked: Vec<Filed>,
}

/// Where a predicate is kept.
enum Place<'a> {
    Null,
    Boolean(bool),
    Text(&'a TextTest),
    Integers(&'a [i64]),
    Ordered(i64),
    Moving,
    Element(&'a ElementTest),
}

fn place(test: &Test) -> Place<'_> {
    match test {
        Test::Null => Place::Null,
        Test::Boolean(value) => Place::Boolean(*value),
        Test::Text(test) => Place::Text(test),
        Test::Integer(IntegerTest::OneOf(operands)) => Place::Integers(operands),
        Test::Integer(IntegerTest::Ordered(_, operand)) => Place::Ordered(*operand),
        Test::Instant(_, Moment::Fixed(operand)) => Place::Ordered(operand.as_millis()),
        Test::Instant(_, Moment::Now { .. }) => Place::Moving,
        Test::AnyElement(test) => Place::Element(test),
    }
}

impl AttributePredicates {
    pub(super) fn insert(&mut self, id: PredicateId, test: &Test) {
        self.edited(Edit::Added(id, test.clone()));
        match place(test) {
            Place::Null => {
                self.null.push(id);
                self.null.sort_unstable();
            }
            Place::Boolean(value) => self.booleans.push((id, value)),
            Place::Text(text) => self.texts.insert(id, text),
            Place::Integers(operands) => {
                operands.iter().for_each(|operand| self.integers.entry(*operand).or_default().push(id));
            }
            Place::Ordered(operand) => self.ordered.entry(operand).or_default().push((id, test.clone())),
            Place::Moving => self.moving.push((id, test.clone())),
            Place::Element(element) => self.elements.insert(id, test, element),
        }
    }

    pub(super) fn remove(&mut self, id: PredicateId, test: &Test) {
        self.edited(Edit::Removed(id));
        match place(test) {
            Place::Null => self.null.retain(|other| *other != id),
            Place::Boolean(_) => self.booleans.retain(|(other, _)| *other != id),
            Place::Text(text) => self.texts.remove(id, text),
            Place::Integers(operands) => {
                for operand in operands {
                    if let Some(ids) = self.integers.get_mut(operand) {
                        ids.retain(|other| *other != id);
                        if ids.is_empty() {
                            self.integers.remove(operand);
                        }
                    }
                }
            }
            Place::Ordered(operand) => {
                if let Some(tests) = self.ordered.get_mut(&operand) {
                    tests.retain(|(other, _)| *other != id);
                    if tests.is_empty() {
                        self.ordered.remove(&operand);
                    }
                }
            }
            Place::Moving => self.moving.retain(|(other, _)| *other != id),
            Place::Element(element) => self.elements.remove(id, element),
        }
    }

    /// The predicates found by value that are true for `value`, sorted, each once, in the place of what `found`
    /// held. Ordered comparisons are not among them: see [`flipped`](Self::flipped).
    pub(super) fn true_of(&self, value: Option<&Value>, now: Instant, found: &mut Vec<PredicateId>) {
        found.clear();
        match value {
            None => found.extend(self.true_of_null()),
            Some(Value::Boolean(value)) => {
                found.extend(self.booleans.iter().filter(|(_, operand)| operand == value).map(|(id, _)| *id));
            }
            Some(Value::Text(text)) => self.texts.true_of(text, found),
            Some(Value::Integer(value)) => found.extend(self.integers.get(value).into_iter().flatten()),
            Some(Value::Instant(_)) => {}
            Some(collection @ (Value::Texts(_) | Value::Elements(_))) => {
                self.elements.true_of(collection, now, found);
            }
        }
        found.sort_unstable();
        found.dedup();
    }

    /// The state that the predicates are in: another one after each edit, and another one in each index.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Brings `found`, which [`true_of`](Self::true_of) gave for `value` at `version`, to the present state. Returns
    /// whether it could: too many edits may lie between.
    pub(super) fn catch_up(
        &self,
        version: u64,
        value: &Value,
        now: Instant,
        found: &mut Vec<PredicateId>,
    ) -> bool {
        let known = match self.edits.iter().position(|(made, _)| *made == version) {
            Some(place) => place + 1,
            None if version == self.edits_since => 0,
            None => return false,
        };
        for (_, edit) in self.edits.iter().skip(known) {
            match edit {
                Edit::Removed(id) => found.retain(|other| other != id),
                Edit::Added(id, test) => {
                    if Self::finds(test)
                        && test.holds(Some(value), now)
                        && let Err(place) = found.binary_search(id)
                    {
                        found.insert(place, *id);
                    }
                }
            }
        }
        true
    }

    /// The predicates that are true of the absent value.
    pub(super) fn true_of_null(&self) -> &[PredicateId] {
        &self.null
    }

    /// Whether there is any that [`flipped_orders`](Self::flipped_orders) finds.
    pub(super) fn has_orders(&self) -> bool {
        !self.ordered.is_empty() || !self.moving.is_empty()
    }

    fn edited(&mut self, edit: Edit) {
        static VERSIONS: AtomicU64 = AtomicU64::new(0);
        if self.edits.len() == EDITS
            && let Some((version, _)) = self.edits.pop_front()
        {
            self.edits_since = version;
        }
        self.version = VERSIONS.fetch_add(1, Ordering::Relaxed) + 1;
        self.edits.push_back((self.version, edit));
    }

    /// Calls `flipped` for each ordered comparison that is true for one of the two values and false for the other,
    /// at `now`, with whether it is the new one.
    pub(super) fn flipped_orders(
        &self,
        old: Option<&Value>,
        new: Option<&Value>,
        now: Instant,
        mut flipped: impl FnMut(PredicateId, bool),
    ) {
        if self.ordered.is_empty() && self.moving.is_empty() {
            return;
        }
        let number = |value: Option<&Value>| match value {
            Some(Value::Integer(value)) => Some(*value),
            Some(Value::Instant(value)) => Some(value.as_millis()),
            _ => None,
        };
        let range = match (number(old), number(new)) {
            (None, None) => return,
            // Operands outside of the two values are on the same side of both.
            (Some(old), Some(new)) => old.min(new)..=old.max(new),
            (Some(_), None) | (None, Some(_)) => i64::MIN..=i64::MAX,
        };
        let ordered = self.ordered.range(range).flat_map(|(_, tests)| tests);
        for (id, test) in ordered.chain(&self.moving) {
            let holds_of_new = test.holds(new, now);
            if holds_of_new != test.holds(old, now) {
                flipped(*id, holds_of_new);
            }
        }
    }

    /// Whether predicates of this kind are among those that [`true_of`](Self::true_of) finds.
    pub(super) fn finds(test: &Test) -> bool {
        !matches!(test, Test::Instant(..) | Test::Integer(IntegerTest::Ordered(..)))
    }
}

impl ElementPredicates {
    fn insert(&mut self, id: PredicateId, test: &Test, element: &ElementTest) {
        match handle(element) {
            Handle::Single(member, text) => self.single.entry(member).or_default().insert(id, text),
            Handle::Joint(member, operands) => {
                let joint = self.joint.entry(member).or_default();
                for operand in operands {
                    joint.entry(operand.clone()).or_default().push((id, test.clone()));
                }
            }
            Handle::None => self.asked.push((id, test.clone())),
        }
    }

    fn remove(&mut self, id: PredicateId, element: &ElementTest) {
        match handle(element) {
            Handle::Single(member, text) => {
                if let Some(texts) = self.single.get_mut(&member) {
                    texts.remove(id, text);
                }
            }
            Handle::Joint(member, operands) => {
                let Some(joint) = self.joint.get_mut(&member) else { return };
                for operand in operands {
                    if let Some(tests) = joint.get_mut(operand) {
                        tests.retain(|(other, _)| *other != id);
                        if tests.is_empty() {
                            joint.remove(operand);
                        }
                    }
                }
            }
            Handle::None => self.asked.retain(|(other, _)| *other != id),
        }
    }

    fn true_of(&self, collection: &Value, now: Instant, found: &mut Vec<PredicateId>) {
        for (member, texts) in &self.single {
            each_text(collection, *member, |text| texts.true_of(text, found));
        }
        for (member, joint) in &self.joint {
            each_text(collection, *member, |text| {
                let tests = joint.get(text.folded()).into_iter().flatten();
                let holds = tests.filter(|(_, test)| test.holds(Some(collection), now));
                found.extend(holds.map(|(id, _)| *id));
            });
        }
        let asked = self.asked.iter().filter(|(_, test)| test.holds(Some(collection), now));
        found.extend(asked.map(|(id, _)| *id));
    }
}

/// How an element predicate is found.
enum Handle<'a> {
    /// By one text of an element, which decides it.
    Single(Option<u8>, &'a TextTest),
    /// By one text of an element, which it requires.
    Joint(Option<u8>, &'a [Box<str>]),
    /// Not at all.
    None,
}

fn handle(test: &ElementTest) -> Handle<'_> {
    match test {
        ElementTest::Text { member, test } => Handle::Single(*member, test),
        ElementTest::All(terms) => terms
            .iter()
            .find_map(|term| match term {
                ElementTest::Text { member, test: TextTest::OneOf(operands) } => {
                    Some(Handle::Joint(*member, operands))
                }
                _ => None,
            })
            .unwrap_or(Handle::None),
        ElementTest::Any(_) | ElementTest::Not(_) | ElementTest::Missing { .. } => Handle::None,
    }
}

fn each_text(collection: &Value, member: Option<u8>, mut visit: impl FnMut(&muster_rule::Text)) {
    match (collection, member) {
        (Value::Texts(texts), None) => texts.iter().for_each(visit),
        (Value::Elements(elements), Some(member)) => {
            for element in elements {
                if let Some(Some(text)) = element.members.get(usize::from(member)) {
                    visit(text);
                }
            }
        }
        _ => {}
    }
}
