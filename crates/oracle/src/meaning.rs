//! What a rule means (L21 to L38), read off the syntax tree for one object.

use crate::attribute::{Property, property};
use crate::fold::{folded, same};
use crate::object::Object;
use crate::{beyond, moment, pattern};
use muster_rule::tree::{
    Comparison, ElementComparison, ElementKind, ElementNode, ElementSubject, Node, NodeKind, Operand,
    OperandKind, Operator, Quantified, Quantifier,
};
use muster_rule::{AttributeType, Instant, ObjectKind, Schema, Value};

/// What a rule sees of one object.
pub(crate) struct Seen<'a> {
    pub(crate) object: &'a Object,
    /// The ids of the groups whose direct member it is; those that the rule names suffice.
    pub(crate) groups: &'a [String],
    pub(crate) schema: &'a Schema,
    pub(crate) now: Instant,
}

/// Whether the rule selects the object, of whatever kind that is.
pub(crate) fn selects(rule: &Node, seen: &Seen<'_>) -> bool {
    kind(rule) == seen.object.kind && holds(rule, seen)
}

/// The kind of object that a rule is about: that of all its properties (L17).
pub(crate) fn kind(rule: &Node) -> ObjectKind {
    match &rule.kind {
        NodeKind::Or(terms) | NodeKind::And(terms) => {
            terms.first().map_or_else(|| beyond("an empty chain"), kind)
        }
        NodeKind::Not(term) => kind(term),
        NodeKind::Comparison(comparison) => comparison.property.object,
        NodeKind::Quantified(quantified) => quantified.property.object,
        NodeKind::DirectReports(_) => ObjectKind::User,
    }
}

/// The ids of the groups that a rule names, as written.
pub(crate) fn sources(rule: &Node) -> Vec<String> {
    match &rule.kind {
        NodeKind::Or(terms) | NodeKind::And(terms) => terms.iter().flat_map(sources).collect(),
        NodeKind::Not(term) => sources(term),
        NodeKind::Comparison(_) | NodeKind::DirectReports(_) => Vec::new(),
        NodeKind::Quantified(quantified) if quantified.property.name.eq_ignore_ascii_case("memberOf") => {
            element_sources(&quantified.body)
        }
        NodeKind::Quantified(_) => Vec::new(),
    }
}

fn element_sources(body: &ElementNode) -> Vec<String> {
    match &body.kind {
        ElementKind::Or(terms) | ElementKind::And(terms) => terms.iter().flat_map(element_sources).collect(),
        ElementKind::Not(term) => element_sources(term),
        ElementKind::Comparison(comparison) => match &comparison.operand.kind {
            OperandKind::List(items) => items.iter().map(text).collect(),
            _ => vec![text(&comparison.operand)],
        },
    }
}

/// The object's own attributes that a rule reads.
pub(crate) fn reads(rule: &Node, schema: &Schema) -> Vec<Property> {
    match &rule.kind {
        NodeKind::Or(terms) | NodeKind::And(terms) => {
            terms.iter().flat_map(|term| reads(term, schema)).collect()
        }
        NodeKind::Not(term) => reads(term, schema),
        NodeKind::Comparison(Comparison { property: read, .. })
        | NodeKind::Quantified(Quantified { property: read, .. }) => {
            let read = property(read.object, &read.name, schema);
            if read.value_type == AttributeType::Memberships { Vec::new() } else { vec![read] }
        }
        NodeKind::DirectReports(_) => {
            ["manager", "objectId"].map(|name| property(ObjectKind::User, name, schema)).into()
        }
    }
}

fn holds(rule: &Node, seen: &Seen<'_>) -> bool {
    match &rule.kind {
        NodeKind::Or(terms) => terms.iter().any(|term| holds(term, seen)),
        NodeKind::And(terms) => terms.iter().all(|term| holds(term, seen)),
        NodeKind::Not(term) => !holds(term, seen),
        NodeKind::Comparison(comparison) => compare(comparison, seen),
        NodeKind::Quantified(quantified) => quantify(quantified, seen),
        NodeKind::DirectReports(id) => ["manager", "objectId"].iter().any(|name| {
            let property = property(ObjectKind::User, name, seen.schema);
            matches!(seen.object.value(&property), Some(Value::Text(text)) if same(text.as_str(), id))
        }),
    }
}

/// A plain operator (L21 to L26, L30, L31, L34).
fn compare(comparison: &Comparison, seen: &Seen<'_>) -> bool {
    let property = property(comparison.property.object, &comparison.property.name, seen.schema);
    let value = seen.object.value(&property);
    let (operator, operand) = (comparison.operator.0, &comparison.operand);
    let collection =
        matches!(property.value_type, AttributeType::StringCollection | AttributeType::ObjectCollection);
    if operand.kind == OperandKind::Null {
        return match operator {
            Operator::Eq => value.is_none(),
            Operator::Ne => value.is_some(),
            _ => beyond("null under this operator"),
        };
    }
    if collection {
        let Some(Value::Texts(elements)) = value else { return false };
        return elements.iter().any(|element| compare_text(Some(element.as_str()), operator, operand));
    }
    let (positive, negated) = positive(operator);
    let truth = match value {
        None => false,
        Some(Value::Boolean(value)) => positive == Operator::Eq && value == boolean(operand),
        Some(Value::Text(value)) => text_holds(value.as_str(), positive, operand),
        Some(Value::Integer(value)) => match (positive, &operand.kind) {
            (Operator::In, OperandKind::List(items)) => items.iter().any(|item| value == integer(item)),
            _ => ordered(positive, value.cmp(&integer(operand))),
        },
        Some(Value::Instant(value)) => ordered(positive, value.as_millis().cmp(&instant(operand, seen.now))),
        Some(Value::Texts(_) | Value::Elements(_)) => beyond("a collection where one value belongs"),
    };
    truth != negated
}

/// `-any` and `-all` (L27 to L29, L36).
fn quantify(quantified: &Quantified, seen: &Seen<'_>) -> bool {
    let property = property(quantified.property.object, &quantified.property.name, seen.schema);
    // Each element is its members, of which a string has one.
    let (names, elements): (&[&str], Vec<Vec<Option<String>>>) = match property.value_type {
        AttributeType::Memberships => {
            (&["objectId"], seen.groups.iter().map(|group| vec![Some(group.clone())]).collect())
        }
        _ => match seen.object.value(&property) {
            None => (&[], Vec::new()),
            Some(Value::Texts(texts)) => {
                (&["_"], texts.iter().map(|text| vec![Some(text.as_str().to_owned())]).collect())
            }
            Some(Value::Elements(elements)) => {
                let member =
                    |member: &Option<muster_rule::Text>| member.as_ref().map(|text| text.as_str().to_owned());
                let members = |element: &muster_rule::Element| element.members.iter().map(member).collect();
                (property.members, elements.iter().map(members).collect())
            }
            Some(_) => beyond("a quantifier over a single value"),
        },
    };
    let mut truths = elements.iter().map(|element| element_holds(&quantified.body, names, element));
    match quantified.quantifier.0 {
        Quantifier::Any => truths.any(|truth| truth),
        Quantifier::All => truths.all(|truth| truth),
    }
}

fn element_holds(body: &ElementNode, names: &[&str], element: &[Option<String>]) -> bool {
    match &body.kind {
        ElementKind::Or(terms) => terms.iter().any(|term| element_holds(term, names, element)),
        ElementKind::And(terms) => terms.iter().all(|term| element_holds(term, names, element)),
        ElementKind::Not(term) => !element_holds(term, names, element),
        ElementKind::Comparison(ElementComparison { subject, operator, operand, .. }) => {
            let wanted = match subject {
                ElementSubject::Itself => "_",
                ElementSubject::Member { name, .. } => name,
            };
            match names.iter().zip(element).find(|(name, _)| name.eq_ignore_ascii_case(wanted)) {
                Some((_, member)) => compare_text(member.as_deref(), operator.0, operand),
                None => beyond(&format!("the element member `{wanted}`")),
            }
        }
    }
}

/// An operator over a text that may be missing, with null as operand too.
fn compare_text(value: Option<&str>, operator: Operator, operand: &Operand) -> bool {
    let (positive, negated) = positive(operator);
    let truth = match value {
        _ if operand.kind == OperandKind::Null => positive == Operator::Eq && value.is_none(),
        None => false,
        Some(value) => text_holds(value, positive, operand),
    };
    truth != negated
}

/// A positive operator over a text that is there.
fn text_holds(value: &str, operator: Operator, operand: &Operand) -> bool {
    if let OperandKind::List(items) = &operand.kind {
        return operator == Operator::In && items.iter().any(|item| same(value, &text(item)));
    }
    let operand = text(operand);
    let (given, wanted) = (folded(value), folded(&operand));
    match operator {
        Operator::Eq => given == wanted,
        Operator::StartsWith => given.starts_with(&wanted),
        Operator::EndsWith => given.ends_with(&wanted),
        Operator::Contains => wanted.is_empty() || given.windows(wanted.len()).any(|part| part == wanted),
        Operator::Match => pattern::found(&operand, value),
        Operator::Le | Operator::Ge | Operator::Lt | Operator::Gt => {
            let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
            digits(value) && ordered(operator, version(value, &operand))
        }
        _ => beyond("an operator that is not positive"),
    }
}

/// The operator without its `not`, and whether it had one.
fn positive(operator: Operator) -> (Operator, bool) {
    match operator {
        Operator::Ne => (Operator::Eq, true),
        Operator::NotStartsWith => (Operator::StartsWith, true),
        Operator::NotEndsWith => (Operator::EndsWith, true),
        Operator::NotContains => (Operator::Contains, true),
        Operator::NotMatch => (Operator::Match, true),
        Operator::NotIn => (Operator::In, true),
        other => (other, false),
    }
}

fn ordered(operator: Operator, order: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Le => order.is_le(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Gt => order.is_gt(),
        _ => beyond("an operator that does not order"),
    }
}

/// Dotted numbers (L34): of each what it begins with of `digits.digits…`; missing parts are 0.
fn version(value: &str, operand: &str) -> std::cmp::Ordering {
    let parts = |text: &str| -> Vec<u128> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let dotted = text.get(..end).unwrap_or_default();
        let mut parts: Vec<u128> = dotted
            .split('.')
            .take_while(|part| !part.is_empty())
            .map(|part| part.parse().unwrap_or(u128::MAX))
            .collect();
        while parts.last() == Some(&0) {
            parts.pop();
        }
        parts
    };
    parts(value).cmp(&parts(operand))
}

/// The text that an operand is; a number is its text as written (L10).
fn text(operand: &Operand) -> String {
    match &operand.kind {
        OperandKind::Text(text) | OperandKind::Number(text) => text.clone(),
        other => beyond(&format!("{other:?} as a text")),
    }
}

fn boolean(operand: &Operand) -> bool {
    match &operand.kind {
        OperandKind::Boolean(truth) => *truth,
        OperandKind::Text(text) if text.eq_ignore_ascii_case("true") => true,
        OperandKind::Text(text) if text.eq_ignore_ascii_case("false") => false,
        other => beyond(&format!("{other:?} as a boolean")),
    }
}

fn integer(operand: &Operand) -> i64 {
    text(operand).parse().unwrap_or_else(|_| beyond(&format!("{:?} as an integer", operand.kind)))
}

fn instant(operand: &Operand, now: Instant) -> i64 {
    match &operand.kind {
        OperandKind::Now { shift_millis } => now.as_millis().saturating_add(*shift_millis),
        OperandKind::Instant(text) | OperandKind::Text(text) => {
            moment::parse(text).unwrap_or_else(|| beyond(&format!("`{text}` as an instant")))
        }
        other => beyond(&format!("{other:?} as an instant")),
    }
}
