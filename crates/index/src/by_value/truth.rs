//! What is true of a value among the predicates on one attribute, and which of them flip between two values.
//!
//! Equalities with a few operands are found by operand; other predicates have a bit each, but for comparisons by
//! order, which have no truth by value: those between two values are found when the value changes.

use super::operands::{Operand, OperandNumbers, Operands, operands_of};
use super::term::Found;
use super::text::TextPredicates;
use crate::PredicateId;
use crate::table::truths::{BitNumber, NO_OPERAND, OperandId, Truth};
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
    /// What is true of the absent value.
    null: Truth,
    operands: Operands,
    bits: Bits,
    texts: TextPredicates,
    /// Equalities with many integers.
    integers: HashMap<i64, Vec<BitNumber>>,
    elements: ElementPredicates,
    /// Integers or fixed instants in milliseconds, by operand.
    ordered: BTreeMap<i64, Vec<(PredicateId, Test)>>,
    /// Comparisons with the clock, by its shift in milliseconds.
    moving: BTreeMap<i64, Vec<(PredicateId, Test)>>,
}

/// Which predicate each bit is.
#[derive(Debug, Default)]
struct Bits {
    predicates: Vec<PredicateId>,
    free: Vec<BitNumber>,
}

/// What came or went.
#[derive(Debug)]
enum Edit {
    BitAdded(BitNumber, Test),
    BitRemoved(BitNumber),
    OperandAdded(OperandId, Operand),
    OperandRemoved(OperandId),
}

/// So many edits are laid over a set; after more it is made anew.
const EDITS: usize = 64;

/// A predicate with its test, where finding it does not yet decide it.
type Filed = (BitNumber, Test);

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

/// Where a predicate that is not found by operand is kept.
enum Place<'a> {
    Null,
    Text(&'a TextTest),
    Integers(&'a [i64]),
    Element(&'a ElementTest),
    Ordered(i64),
    Moving(i64),
    /// Found by operand.
    Nowhere,
}

fn place(test: &Test) -> Place<'_> {
    match test {
        Test::Null => Place::Null,
        Test::Boolean(_) => Place::Nowhere,
        Test::Text(test) => Place::Text(test),
        Test::Integer(IntegerTest::OneOf(operands)) => Place::Integers(operands),
        Test::Integer(IntegerTest::Ordered(_, operand)) => Place::Ordered(*operand),
        Test::Instant(_, Moment::Fixed(operand)) => Place::Ordered(operand.as_millis()),
        Test::Instant(_, Moment::Now { shift_millis }) => Place::Moving(*shift_millis),
        Test::AnyElement(test) => Place::Element(test),
    }
}

impl Bits {
    fn take(&mut self, predicate: PredicateId) -> BitNumber {
        if let Some(bit) = self.free.pop() {
            if let Some(slot) = self.predicates.get_mut(bit as usize) {
                *slot = predicate;
            }
            return bit;
        }
        self.predicates.push(predicate);
        BitNumber::try_from(self.predicates.len() - 1).unwrap_or(BitNumber::MAX)
    }
}

impl AttributePredicates {
    /// Adds a predicate, and says how it is found.
    pub(super) fn insert(&mut self, id: PredicateId, test: &Test, numbers: &mut OperandNumbers) -> Found {
        if let Some(operands) = operands_of(test) {
            let acquired = operands.into_iter().map(|operand| {
                let (number, is_new) = self.operands.acquire(&operand, numbers);
                if is_new {
                    self.edited(Edit::OperandAdded(number, operand));
                }
                number
            });
            return Found::Operands(acquired.collect());
        }
        match place(test) {
            Place::Ordered(operand) => {
                self.ordered.entry(operand).or_default().push((id, test.clone()));
                return Found::Asked;
            }
            Place::Moving(shift) => {
                self.moving.entry(shift).or_default().push((id, test.clone()));
                return Found::Asked;
            }
            _ => {}
        }
        let bit = self.bits.take(id);
        self.edited(Edit::BitAdded(bit, test.clone()));
        match place(test) {
            Place::Null => self.null.set(bit),
            Place::Text(text) => self.texts.insert(bit, text),
            Place::Integers(operands) => {
                operands.iter().for_each(|operand| self.integers.entry(*operand).or_default().push(bit));
            }
            Place::Element(element) => self.elements.insert(bit, test, element),
            Place::Ordered(_) | Place::Moving(_) | Place::Nowhere => {}
        }
        Found::Bit(bit)
    }

    /// Removes a predicate that is found so.
    pub(super) fn remove(
        &mut self,
        id: PredicateId,
        (test, found): (&Test, &Found),
        numbers: &mut OperandNumbers,
    ) {
        for operand in operands_of(test).into_iter().flatten() {
            if let Some(number) = self.operands.release(&operand, numbers) {
                self.edited(Edit::OperandRemoved(number));
            }
        }
        match place(test) {
            Place::Ordered(operand) => take(&mut self.ordered, operand, id),
            Place::Moving(shift) => take(&mut self.moving, shift, id),
            _ => {}
        }
        let Found::Bit(bit) = *found else { return };
        self.edited(Edit::BitRemoved(bit));
        self.bits.free.push(bit);
        match place(test) {
            Place::Null => self.null.unset(bit),
            Place::Text(text) => self.texts.remove(bit, text),
            Place::Integers(operands) => {
                for operand in operands {
                    if let Some(bits) = self.integers.get_mut(operand) {
                        bits.retain(|other| *other != bit);
                        if bits.is_empty() {
                            self.integers.remove(operand);
                        }
                    }
                }
            }
            Place::Element(element) => self.elements.remove(bit, element),
            Place::Ordered(_) | Place::Moving(_) | Place::Nowhere => {}
        }
    }

    /// What is true of a value that is present, in the place of what `truth` held. Comparisons by order are not
    /// part of it: see [`flipped_orders`](Self::flipped_orders).
    pub(super) fn true_of(&self, value: &Value, now: Instant, truth: &mut Truth) {
        truth.clear();
        truth.operand = self.operands.find(value);
        match value {
            Value::Text(text) => self.texts.true_of(text, truth),
            Value::Integer(value) => {
                self.integers.get(value).into_iter().flatten().for_each(|bit| truth.set(*bit));
            }
            Value::Boolean(_) | Value::Instant(_) => {}
            Value::Texts(_) | Value::Elements(_) => self.elements.true_of(value, now, truth),
        }
    }

    /// The state that the predicates are in: another one after each edit, and another one in each index.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// How many values equalities compare with.
    pub(super) fn operands(&self) -> usize {
        self.operands.len()
    }

    /// The predicate of a bit.
    pub(super) fn predicate(&self, bit: BitNumber) -> Option<PredicateId> {
        self.bits.predicates.get(bit as usize).copied()
    }

    /// Brings `truth`, which [`true_of`](Self::true_of) gave for `value` at `version`, to the present state. Returns
    /// whether it could: too many edits may lie between.
    pub(super) fn catch_up(&self, version: u64, value: &Value, now: Instant, truth: &mut Truth) -> bool {
        let known = match self.edits.iter().position(|(made, _)| *made == version) {
            Some(place) => place + 1,
            None if version == self.edits_since => 0,
            None => return false,
        };
        for (_, edit) in self.edits.iter().skip(known) {
            match edit {
                Edit::BitRemoved(bit) => truth.unset(*bit),
                Edit::BitAdded(bit, test) if test.holds(Some(value), now) => truth.set(*bit),
                Edit::OperandAdded(number, operand) if operand.is(value) => truth.operand = *number,
                Edit::OperandRemoved(number) if truth.operand == *number => truth.operand = NO_OPERAND,
                Edit::BitAdded(..) | Edit::OperandAdded(..) | Edit::OperandRemoved(_) => {}
            }
        }
        true
    }

    /// What is true of the absent value.
    pub(super) fn null(&self) -> &Truth {
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

    /// Calls `flipped` for each comparison by order that is true for one of the two values and false for the other,
    /// at `now`, with whether it is the new one.
    pub(super) fn flipped_orders(
        &self,
        old: Option<&Value>,
        new: Option<&Value>,
        now: Instant,
        mut flipped: impl FnMut(PredicateId, bool),
    ) {
        let number = |value: Option<&Value>| match value {
            Some(Value::Integer(value)) => Some(*value),
            Some(Value::Instant(value)) => Some(value.as_millis()),
            _ => None,
        };
        let (first, last) = match (number(old), number(new)) {
            (None, None) => return,
            // Operands outside of the two values are on the same side of both.
            (Some(old), Some(new)) => (old.min(new), old.max(new)),
            (Some(_), None) | (None, Some(_)) => (i64::MIN, i64::MAX),
        };
        // The shifted clock stays within the instants there are.
        let shift = |operand: i64| match operand {
            operand if operand <= Instant::MIN.as_millis() => i64::MIN,
            operand if operand >= Instant::MAX.as_millis() => i64::MAX,
            operand => operand.saturating_sub(now.as_millis()),
        };
        let ordered = self.ordered.range(first..=last);
        let moving = self.moving.range(shift(first)..=shift(last));
        for (id, test) in ordered.chain(moving).flat_map(|(_, tests)| tests) {
            let holds_of_new = test.holds(new, now);
            if holds_of_new != test.holds(old, now) {
                flipped(*id, holds_of_new);
            }
        }
    }
}

/// Takes a predicate from those under a key.
fn take(filed: &mut BTreeMap<i64, Vec<(PredicateId, Test)>>, key: i64, id: PredicateId) {
    if let Some(tests) = filed.get_mut(&key) {
        tests.retain(|(other, _)| *other != id);
        if tests.is_empty() {
            filed.remove(&key);
        }
    }
}

impl ElementPredicates {
    fn insert(&mut self, id: BitNumber, test: &Test, element: &ElementTest) {
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

    fn remove(&mut self, id: BitNumber, element: &ElementTest) {
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

    fn true_of(&self, collection: &Value, now: Instant, found: &mut Truth) {
        for (member, texts) in &self.single {
            each_text(collection, *member, |text| texts.true_of(text, found));
        }
        for (member, joint) in &self.joint {
            each_text(collection, *member, |text| {
                let tests = joint.get(text.folded()).into_iter().flatten();
                let holds = tests.filter(|(_, test)| test.holds(Some(collection), now));
                holds.for_each(|(id, _)| found.set(*id));
            });
        }
        let asked = self.asked.iter().filter(|(_, test)| test.holds(Some(collection), now));
        asked.for_each(|(id, _)| found.set(*id));
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
