//! The values that rules compare an attribute with, numbered, so that such a comparison is one of numbers.
//!
//! Numbers are of an index, whatever the attribute, and are used again once no rule compares with the value.

use crate::table::truths::{NO_OPERAND, OperandId};
use foldhash::HashMap;
use muster_rule::rule::{IntegerTest, TextTest};
use muster_rule::{Test, Value};

/// A value that an equality compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Scalar(Scalar),
    /// Folded.
    Text(Box<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scalar {
    Boolean(bool),
    Integer(i64),
}

/// An equality with more values than this is not found by them: a list would be walked for each.
const MOST: usize = 8;

/// The operands of a test, where it is an equality with a few.
pub(super) fn operands_of(test: &Test) -> Option<Vec<Operand>> {
    match test {
        Test::Boolean(value) => Some(vec![Operand::Scalar(Scalar::Boolean(*value))]),
        Test::Text(TextTest::OneOf(operands)) if operands.len() <= MOST => {
            Some(operands.iter().map(|operand| Operand::Text(operand.clone())).collect())
        }
        Test::Integer(IntegerTest::OneOf(operands)) if operands.len() <= MOST => {
            Some(operands.iter().map(|operand| Operand::Scalar(Scalar::Integer(*operand))).collect())
        }
        _ => None,
    }
}

impl Operand {
    /// Whether a value is this one.
    pub(super) fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Operand::Text(operand), Value::Text(text)) => **operand == *text.folded(),
            (Operand::Scalar(operand), value) => scalar(value) == Some(*operand),
            _ => false,
        }
    }
}

fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::Boolean(value) => Some(Scalar::Boolean(*value)),
        Value::Integer(value) => Some(Scalar::Integer(*value)),
        _ => None,
    }
}

/// Gives numbers.
#[derive(Debug)]
pub(super) struct OperandNumbers {
    next: OperandId,
    free: Vec<OperandId>,
}

impl Default for OperandNumbers {
    fn default() -> OperandNumbers {
        OperandNumbers { next: NO_OPERAND + 1, free: Vec::new() }
    }
}

impl OperandNumbers {
    fn take(&mut self) -> OperandId {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

/// The operands of one attribute.
#[derive(Debug, Default)]
pub(super) struct Operands {
    texts: HashMap<Box<str>, Numbered>,
    scalars: HashMap<Scalar, Numbered>,
}

#[derive(Debug)]
struct Numbered {
    id: OperandId,
    predicates: u32,
}

impl Operands {
    /// How many there are: the more, the fewer objects have one of them.
    pub(super) fn len(&self) -> usize {
        self.texts.len() + self.scalars.len()
    }

    /// The operand that a value is.
    pub(super) fn find(&self, value: &Value) -> OperandId {
        let found = match value {
            Value::Text(text) => self.texts.get(text.folded()),
            value => scalar(value).and_then(|scalar| self.scalars.get(&scalar)),
        };
        found.map_or(NO_OPERAND, |numbered| numbered.id)
    }

    /// Counts a predicate that compares with it. Returns its number, and whether it is new.
    pub(super) fn acquire(&mut self, operand: &Operand, numbers: &mut OperandNumbers) -> (OperandId, bool) {
        let new = || Numbered { id: numbers.take(), predicates: 0 };
        let numbered = match operand {
            Operand::Text(text) => self.texts.entry(text.clone()).or_insert_with(new),
            Operand::Scalar(scalar) => self.scalars.entry(*scalar).or_insert_with(new),
        };
        numbered.predicates += 1;
        (numbered.id, numbered.predicates == 1)
    }

    /// Takes a predicate back. Returns the number if none has it any more.
    pub(super) fn release(&mut self, operand: &Operand, numbers: &mut OperandNumbers) -> Option<OperandId> {
        let numbered = match operand {
            Operand::Text(text) => self.texts.get_mut(text),
            Operand::Scalar(scalar) => self.scalars.get_mut(scalar),
        }?;
        numbered.predicates -= 1;
        if numbered.predicates > 0 {
            return None;
        }
        let id = numbered.id;
        match operand {
            Operand::Text(text) => drop(self.texts.remove(text)),
            Operand::Scalar(scalar) => drop(self.scalars.remove(scalar)),
        }
        numbers.free.push(id);
        Some(id)
    }
}
