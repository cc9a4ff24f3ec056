//! Rules in the words that other engines have, too: equality and prefixes over attributes whose null is a
//! value like any other.

use foldhash::HashMap;
use muster_directory::AttributePatch;
use muster_rule::rule::TextTest;
use muster_rule::{Attribute, Expression, ExpressionKind, Predicate, Rule, Test, Value};

/// Stands for null, which other engines treat each in its own way.
pub(crate) const NULL: &str = "~null";

/// The attributes that some rule reads, as numbered columns.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    numbers: HashMap<Attribute, usize>,
    names: Vec<String>,
}

/// An expression over columns.
#[derive(Debug)]
pub(crate) enum Plain {
    All(Vec<Plain>),
    Any(Vec<Plain>),
    Not(Box<Plain>),
    /// The column has one of these values, folded.
    OneOf(usize, Vec<String>),
    /// The column's value begins so, folded.
    StartsWith(usize, String),
}

/// An object's values by column, folded.
pub(crate) type PlainRow = Vec<String>;

impl Columns {
    /// The rule, or `None` where it says what these words cannot.
    pub(crate) fn plain(&mut self, rule: &Rule) -> Option<Plain> {
        if !rule.sources().is_empty() || rule.reads_clock() {
            return None;
        }
        self.expression(rule.expression())
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// A row of nothing but nulls.
    pub(crate) fn empty_row(&self) -> PlainRow {
        vec![NULL.to_owned(); self.names.len()]
    }

    /// Sets and clears what `patch` names, of the columns there are.
    pub(crate) fn patch(&self, row: &mut PlainRow, patch: &AttributePatch) {
        for (attribute, value) in &patch.known {
            let Some(place) = self.numbers.get(attribute).and_then(|column| row.get_mut(*column)) else {
                continue;
            };
            *place = match value {
                Some(Value::Text(text)) => text.folded().to_owned(),
                Some(Value::Boolean(value)) => value.to_string(),
                _ => NULL.to_owned(),
            };
        }
    }

    fn expression(&mut self, expression: &Expression) -> Option<Plain> {
        let each = |terms: &[Expression], columns: &mut Columns| -> Option<Vec<Plain>> {
            terms.iter().map(|term| columns.expression(term)).collect()
        };
        Some(match &expression.kind {
            ExpressionKind::All(terms) => Plain::All(each(terms, self)?),
            ExpressionKind::Any(terms) => Plain::Any(each(terms, self)?),
            ExpressionKind::Not(term) => Plain::Not(Box::new(self.expression(term)?)),
            ExpressionKind::Literal { predicate, negated: false } => self.predicate(predicate)?,
            ExpressionKind::Literal { predicate, negated: true } => {
                Plain::Not(Box::new(self.predicate(predicate)?))
            }
            ExpressionKind::DirectReports { manager, itself } => {
                Plain::Any(vec![self.predicate(manager)?, self.predicate(itself)?])
            }
        })
    }

    fn predicate(&mut self, predicate: &Predicate) -> Option<Plain> {
        let Predicate::Attribute { attribute, test } = predicate else { return None };
        let one_of = |values: Vec<String>, columns: &mut Columns| {
            Some(Plain::OneOf(columns.number(attribute), values))
        };
        match test {
            Test::Null => match attribute {
                // Collections are not among the columns.
                Attribute::Standard(code) if is_single(*code) => one_of(vec![NULL.to_owned()], self),
                _ => None,
            },
            Test::Boolean(value) => one_of(vec![value.to_string()], self),
            Test::Text(TextTest::OneOf(values)) if !values.is_empty() => {
                one_of(values.iter().map(ToString::to_string).collect(), self)
            }
            Test::Text(TextTest::StartsWith(prefix)) => {
                Some(Plain::StartsWith(self.number(attribute), prefix.to_string()))
            }
            _ => None,
        }
    }

    fn number(&mut self, attribute: &Attribute) -> usize {
        let next = self.names.len();
        let number = *self.numbers.entry(attribute.clone()).or_insert(next);
        if number == next {
            self.names.push(attribute.name().to_owned());
        }
        number
    }
}

impl Plain {
    /// Whether it asks for equality and nothing else.
    pub(crate) fn is_equality(&self) -> bool {
        match self {
            Plain::All(terms) | Plain::Any(terms) => terms.iter().all(Plain::is_equality),
            Plain::Not(term) => term.is_equality(),
            Plain::OneOf(..) => true,
            Plain::StartsWith(..) => false,
        }
    }
}

fn is_single(code: u16) -> bool {
    use muster_rule::AttributeType::{Boolean, String};
    let row = muster_rule::property::by_code(code);
    row.is_some_and(|row| matches!(row.value_type, Boolean | String))
}
