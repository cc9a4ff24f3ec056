//! Why a rule selects an object or not: its expressions as a tree, each with its result.
//!
//! Every expression is evaluated, none is short-circuited away, and each predicate is decided by
//! [`Predicate::holds`], so that the root's result is [`Rule::matches`]. Says what was compared, not
//! how the index found it.

use crate::rule::{Expression, ExpressionKind, Memberships, Predicate, Row, Rule};
use crate::tree::Span;
use crate::{Attribute, Instant, Text, Value};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::json;
use std::fmt;

/// An expression of a rule, evaluated for one object.
///
/// Serializes in the shape of Microsoft Graph's `membershipRuleEvaluationDetails`: `expression`,
/// `expressionResult`, `propertyToEvaluate` (null but for leaves) and `expressionEvaluationDetails`.
/// [`Display`](fmt::Display) draws it as an indented tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The expression's text as written, its own parentheses not included.
    pub expression: String,
    /// Whether it holds.
    pub result: bool,
    /// What a leaf has looked at.
    pub property: Option<SeenProperty>,
    /// The expressions inside, in the order written.
    pub details: Vec<Explanation>,
}

/// A property and the value that was seen.
///
/// Serializes as `propertyName` and `propertyValue`, which is a string or null: a text as it is, a collection as
/// JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenProperty {
    /// Prefix and canonical name: `user.department`. Serialized without the prefix, as Graph does.
    pub name: String,
    /// `None`: absent.
    pub value: Option<SeenValue>,
}

/// A value for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenValue {
    /// A text, as the object has it.
    Text(String),
    /// Anything else, in its JSON form (an instant without quotes).
    Other(String),
}

impl Rule {
    /// The rule's expressions with their results for the object with this row, of this rule's [`kind`](Self::kind),
    /// at `now`.
    #[must_use]
    pub fn explain(&self, row: &dyn Row, memberships: &dyn Memberships, now: Instant) -> Explanation {
        Explainer { rule: self, row, memberships, now }.explain(self.expression())
    }
}

impl Explanation {
    /// The smallest expression that decided alone: that one, of a conjunction, that does not hold, of a disjunction
    /// that does, and so on inside. Where several are needed, all of them together.
    #[must_use]
    pub fn decisive(&self) -> &Explanation {
        let agree = |term: &&Explanation| term.result == self.result;
        let (one, another) = (self.details.iter().find(agree), self.details.iter().find(|term| !agree(term)));
        match (one, another, self.details.len()) {
            // A negation, decided by what it negates.
            (None, Some(term), 1) => term.decisive(),
            (Some(term), _, 1) | (Some(term), Some(_), _) => term.decisive(),
            _ => self,
        }
    }
}

struct Explainer<'o> {
    rule: &'o Rule,
    row: &'o dyn Row,
    memberships: &'o dyn Memberships,
    now: Instant,
}

impl Explainer<'_> {
    fn explain(&self, expression: &Expression) -> Explanation {
        let all = |terms: &[Expression]| -> Vec<Explanation> {
            terms.iter().map(|term| self.explain(term)).collect()
        };
        let (result, property, details) = match &expression.kind {
            ExpressionKind::All(terms) => {
                let details = all(terms);
                (details.iter().all(|term| term.result), None, details)
            }
            ExpressionKind::Any(terms) => {
                let details = all(terms);
                (details.iter().any(|term| term.result), None, details)
            }
            ExpressionKind::Not(term) => {
                let term = self.explain(term);
                (!term.result, None, vec![term])
            }
            ExpressionKind::Literal { predicate, negated } => {
                (self.holds(predicate) != *negated, Some(self.seen(predicate)), Vec::new())
            }
            ExpressionKind::DirectReports { manager, itself } => {
                let (reports, is_manager) = (self.holds(manager), self.holds(itself));
                let decisive = if is_manager && !reports { itself } else { manager };
                (reports || is_manager, Some(self.seen(decisive)), Vec::new())
            }
        };
        Explanation { expression: self.text(expression.span), result, property, details }
    }

    fn holds(&self, predicate: &Predicate) -> bool {
        predicate.holds(self.row, self.memberships, self.now)
    }

    fn text(&self, span: Span) -> String {
        self.rule.text().get(span.start as usize..span.end as usize).unwrap_or_default().to_owned()
    }

    fn seen(&self, predicate: &Predicate) -> SeenProperty {
        let (name, value) = match predicate {
            Predicate::Attribute { attribute, .. } => (
                self.name(attribute),
                self.row.value(attribute).map(|value| SeenValue::of(value, self.members(attribute))),
            ),
            // Of all groups that the object is in, those that the rule asks about.
            Predicate::MemberOf(groups) => {
                let groups: Vec<&str> = groups
                    .iter()
                    .map(|group| &**group)
                    .filter(|group| self.memberships.contains(group))
                    .collect();
                ("memberOf", Some(SeenValue::Other(json!(groups).to_string())))
            }
        };
        SeenProperty { name: format!("{}.{name}", self.rule.kind()), value }
    }

    fn name(&self, attribute: &Attribute) -> &str {
        self.rule.reads().iter().find(|read| read.attribute == *attribute).map_or("", |read| &read.name)
    }

    /// The names of the members of an object collection's elements.
    fn members(&self, attribute: &Attribute) -> &'static [&'static str] {
        match attribute {
            Attribute::Standard(code) => {
                crate::property::by_code(*code).map_or(&[], |standard| standard.members)
            }
            Attribute::Named(_) => &[],
        }
    }
}

impl SeenValue {
    fn of(value: &Value, members: &[&str]) -> SeenValue {
        SeenValue::Other(match value {
            Value::Text(text) => return SeenValue::Text(text.as_str().to_owned()),
            Value::Boolean(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Instant(value) => value.to_string(),
            Value::Texts(texts) => json!(texts.iter().map(Text::as_str).collect::<Vec<_>>()).to_string(),
            Value::Elements(elements) => {
                let elements = elements.iter().map(|element| {
                    let members = members.iter().zip(&element.members);
                    members
                        .map(|(name, text)| ((*name).to_owned(), json!(text.as_ref().map(Text::as_str))))
                        .collect::<serde_json::Map<_, _>>()
                });
                json!(elements.collect::<Vec<_>>()).to_string()
            }
        })
    }

    /// As Graph has it: without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            SeenValue::Text(text) | SeenValue::Other(text) => text,
        }
    }
}

impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Explanation", 4)?;
        object.serialize_field("expression", &self.expression)?;
        object.serialize_field("expressionResult", &self.result)?;
        object.serialize_field("propertyToEvaluate", &self.property)?;
        object.serialize_field("expressionEvaluationDetails", &self.details)?;
        object.end()
    }
}

impl Serialize for SeenProperty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("SeenProperty", 2)?;
        // Graph names the property without its prefix.
        let name = self.name.split_once('.').map_or(self.name.as_str(), |(_, name)| name);
        object.serialize_field("propertyName", name)?;
        object.serialize_field("propertyValue", &self.value.as_ref().map(SeenValue::as_str))?;
        object.end()
    }
}

/// One line for each expression, indented by two blanks for each level: a mark, the expression, and for a leaf the
/// property and its value. No line end after the last.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draw(f, 0)
    }
}

impl Explanation {
    fn draw(&self, f: &mut fmt::Formatter<'_>, level: usize) -> fmt::Result {
        let mark = if self.result { '✓' } else { '✗' };
        write!(f, "{:indent$}{mark} {}", "", one_line(&self.expression), indent = level * 2)?;
        if let Some(property) = &self.property {
            let value = match &property.value {
                None => "null".to_owned(),
                Some(SeenValue::Text(text)) => shorten(json!(text).to_string()),
                Some(SeenValue::Other(text)) => shorten(text.clone()),
            };
            write!(f, "  [{} = {value}]", property.name)?;
        }
        for term in &self.details {
            writeln!(f)?;
            term.draw(f, level + 1)?;
        }
        Ok(())
    }
}

/// Characters of a value on one line.
const MAX_SHOWN: usize = 160;

fn shorten(text: String) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Line breaks and what else steers a terminal become a blank.
fn one_line(text: &str) -> String {
    text.replace("\r\n", " ").replace(char::is_control, " ")
}

#[cfg(test)]
mod tests;
