//! Whether a value satisfies a test: the one place where the language's meaning is decided.
//!
//! Engine, preview, validator and explanation all come here, by way of [`Predicate::holds`](crate::Predicate::holds).
//! Tests are positive: negation is the caller's (L21). A test never fails and never panics; of a value that has
//! another type than it asks about, which a row does not hold, it is false. Knows no rule, no text of
//! one and no clock.

use crate::pattern::Pattern;
use crate::rule::{ElementTest, IntegerTest, Moment, Order, Predicate, Test, TextTest};
use crate::{Element, Instant, Text, Value};
use std::cmp::Ordering;

impl Test {
    /// Whether `value` (`None`: absent) satisfies this at `now`.
    #[must_use]
    pub fn holds(&self, value: Option<&Value>, now: Instant) -> bool {
        let Some(value) = value else { return matches!(self, Test::Null) };
        match (self, value) {
            (Test::Boolean(operand), Value::Boolean(value)) => value == operand,
            (Test::Text(test), Value::Text(value)) => test.holds(value),
            (Test::Integer(test), Value::Integer(value)) => test.holds(*value),
            (Test::Instant(order, moment), Value::Instant(value)) => order.holds(value.cmp(&moment.at(now))),
            (Test::AnyElement(test), Value::Texts(texts)) => {
                texts.iter().any(|text| test.holds_of_folded(text.folded()))
            }
            (Test::AnyElement(test), Value::Elements(elements)) => {
                elements.iter().any(|element| test.holds(Item::Element(element)))
            }
            _ => false,
        }
    }
}

impl TextTest {
    /// Whether this text, which is present, satisfies the test.
    #[must_use]
    pub fn holds(&self, value: &Text) -> bool {
        self.holds_of_folded(value.folded())
    }

    /// [`holds`](Self::holds), of a text that is folded already.
    #[must_use]
    pub fn holds_of_folded(&self, folded: &str) -> bool {
        match self {
            TextTest::OneOf(operands) => operands.binary_search_by(|operand| (**operand).cmp(folded)).is_ok(),
            TextTest::StartsWith(operand) => folded.starts_with(&**operand),
            TextTest::EndsWith(operand) => folded.ends_with(&**operand),
            TextTest::Contains(operand) => folded.contains(&**operand),
            TextTest::Matches(pattern) => pattern.is_match_of_folded(folded),
            TextTest::Version(order, operand) => {
                compare_version(folded, operand).is_some_and(|ordering| order.holds(ordering))
            }
        }
    }
}

impl TextTest {
    fn each_pattern(&self, visit: &mut dyn FnMut(&Pattern)) {
        if let TextTest::Matches(pattern) = self {
            visit(pattern);
        }
    }
}

impl IntegerTest {
    /// Whether this integer, which is present, satisfies the test.
    #[must_use]
    pub fn holds(&self, value: i64) -> bool {
        match self {
            IntegerTest::OneOf(operands) => operands.binary_search(&value).is_ok(),
            IntegerTest::Ordered(order, operand) => order.holds(value.cmp(operand)),
        }
    }
}

impl Order {
    /// Whether a value that compares so with the operand satisfies this.
    #[must_use]
    pub fn holds(self, value_to_operand: Ordering) -> bool {
        match self {
            Order::Equal => value_to_operand.is_eq(),
            Order::AtMost => value_to_operand.is_le(),
            Order::AtLeast => value_to_operand.is_ge(),
            Order::Below => value_to_operand.is_lt(),
            Order::Above => value_to_operand.is_gt(),
        }
    }
}

impl Moment {
    /// The instant that this is at `now`.
    #[must_use]
    pub fn at(self, now: Instant) -> Instant {
        match self {
            Moment::Fixed(instant) => instant,
            Moment::Now { shift_millis } => now.saturating_add_millis(shift_millis),
        }
    }
}

impl Predicate {
    /// Calls `visit` for every pattern that it searches for, as written.
    pub fn each_pattern(&self, visit: &mut dyn FnMut(&Pattern)) {
        match self {
            Predicate::Attribute { test: Test::Text(test), .. } => test.each_pattern(visit),
            Predicate::Attribute { test: Test::AnyElement(test), .. } => test.each_pattern(visit),
            Predicate::Attribute { .. } | Predicate::MemberOf(_) => {}
        }
    }
}

/// One element of a collection.
#[derive(Clone, Copy)]
enum Item<'v> {
    /// Of a string collection: its folding.
    Folded(&'v str),
    /// Of an object collection.
    Element(&'v Element),
}

impl<'v> Item<'v> {
    /// The folding of the member, or of the element itself; `None` where it is missing.
    fn member(self, member: Option<u8>) -> Option<&'v str> {
        match (self, member) {
            (Item::Folded(text), None) => Some(text),
            (Item::Element(element), Some(member)) => {
                element.members.get(usize::from(member))?.as_ref().map(Text::folded)
            }
            (Item::Folded(_), Some(_)) | (Item::Element(_), None) => None,
        }
    }
}

impl ElementTest {
    /// Whether an element of a string collection satisfies the test, given its folding.
    #[must_use]
    pub fn holds_of_folded(&self, folded: &str) -> bool {
        self.holds(Item::Folded(folded))
    }

    fn holds(&self, item: Item<'_>) -> bool {
        match self {
            ElementTest::All(tests) => tests.iter().all(|test| test.holds(item)),
            ElementTest::Any(tests) => tests.iter().any(|test| test.holds(item)),
            ElementTest::Not(test) => !test.holds(item),
            ElementTest::Missing { member } => member.is_some() && item.member(*member).is_none(),
            ElementTest::Text { member, test } => {
                item.member(*member).is_some_and(|text| test.holds_of_folded(text))
            }
        }
    }

    fn each_pattern(&self, visit: &mut dyn FnMut(&Pattern)) {
        match self {
            ElementTest::All(tests) | ElementTest::Any(tests) => {
                tests.iter().for_each(|test| test.each_pattern(visit));
            }
            ElementTest::Not(test) => test.each_pattern(visit),
            ElementTest::Text { test, .. } => test.each_pattern(visit),
            ElementTest::Missing { .. } => {}
        }
    }
}

/// How the version that `value` begins with compares with `operand`, part by part; missing parts are 0. `None`
/// where the value begins with no digit (L34).
fn compare_version(value: &str, operand: &[u64]) -> Option<Ordering> {
    if !value.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    // Two dots in a row end the version, as does one at the end.
    let parts = value.get(..end)?.split('.').take_while(|part| !part.is_empty());
    // A part that no operand can have is larger than any.
    let mut parts = parts.map(|part| part.parse().unwrap_or(u64::MAX));
    let mut operand = operand.iter().copied();
    loop {
        let (left, right) = (parts.next(), operand.next());
        if left.is_none() && right.is_none() {
            return Some(Ordering::Equal);
        }
        let ordering = left.unwrap_or(0_u64).cmp(&right.unwrap_or(0));
        if ordering.is_ne() {
            return Some(ordering);
        }
    }
}

#[cfg(test)]
mod tests;
