//! Quantified comparisons of string and object collections (L26-L29).

use super::value::{Signed, null_test};
use super::{Checker, noun};
use crate::diagnostic::{Code, Diagnostic};
use crate::property::RuleProperty;
use crate::rule::{ElementTest, ExpressionKind, Test};
use crate::tree::{
    Comparison, ElementComparison, ElementKind, ElementNode, ElementSubject, Operator, Quantified, Quantifier,
};
use crate::{AttributeType, Predicate, spelling};
use std::sync::Arc;

impl Checker<'_> {
    /// `-any p` is the predicate, `-all p` the negation of "some element is not p".
    pub(super) fn elements(
        &mut self,
        property: &RuleProperty,
        quantified: &Quantified,
    ) -> Option<ExpressionKind> {
        let test = self.element(property, &quantified.body)?;
        let (test, negated) = match quantified.quantifier.0 {
            Quantifier::Any => (test, false),
            Quantifier::All => (negation(test), true),
        };
        let attribute = property.attribute.clone();
        let predicate = Arc::new(Predicate::Attribute { attribute, test: Test::AnyElement(test) });
        Some(ExpressionKind::Literal { predicate, negated })
    }

    fn element(&mut self, property: &RuleProperty, node: &ElementNode) -> Option<ElementTest> {
        match &node.kind {
            ElementKind::Or(terms) => Some(ElementTest::Any(self.element_terms(property, terms)?)),
            ElementKind::And(terms) => Some(ElementTest::All(self.element_terms(property, terms)?)),
            ElementKind::Not(term) => Some(negation(self.element(property, term)?)),
            ElementKind::Comparison(comparison) => self.element_comparison(property, comparison),
        }
    }

    fn element_terms(
        &mut self,
        property: &RuleProperty,
        terms: &[ElementNode],
    ) -> Option<Box<[ElementTest]>> {
        let tests: Vec<_> = terms.iter().filter_map(|term| self.element(property, term)).collect();
        (tests.len() == terms.len()).then(|| tests.into())
    }

    fn element_comparison(
        &mut self,
        property: &RuleProperty,
        comparison: &ElementComparison,
    ) -> Option<ElementTest> {
        let member = self.member(property, comparison);
        let ElementComparison { operator, operand, .. } = comparison;
        if let Some(negated) = null_test(operator.0, operand) {
            let missing = ElementTest::Missing { member: member? };
            return Some(if negated { negation(missing) } else { missing });
        }
        let Signed { test, negated } = self.text_test(AttributeType::String, *operator, operand)?;
        let test = ElementTest::Text { member: member?, test };
        Some(if negated { negation(test) } else { test })
    }

    /// Which member of the elements is compared; `Some(None)`: the element itself. `None`: reported.
    fn member(&mut self, property: &RuleProperty, comparison: &ElementComparison) -> Option<Option<u8>> {
        let span = comparison.subject_span;
        let row = property.standard.filter(|row| row.element.is_some());
        let (row, element) = match (row.and_then(|row| Some((row, row.element?))), &comparison.subject) {
            (None, ElementSubject::Itself) => return Some(None),
            (None, ElementSubject::Member { .. }) => {
                let message = format!("the elements of `{}` are strings and have no members", property.name);
                let report = Diagnostic::new(Code::WrongElement, span, message);
                self.report(report.help("write `_`").suggest(span, "_"));
                return None;
            }
            (Some(row), _) => row,
        };
        let first = row.members.first().copied().unwrap_or("");
        let ElementSubject::Member { prefix, name } = &comparison.subject else {
            let message = format!("the elements of `{}` are objects: compare their members", property.name);
            let report = Diagnostic::new(Code::WrongElement, span, message);
            let corrected = format!("{element}.{first}");
            self.report(report.corrected(span, corrected));
            return None;
        };
        if !prefix.eq_ignore_ascii_case(element) {
            let message = format!("`{prefix}` is no element of `{}`", property.name);
            let corrected = format!("{element}.{name}");
            let report = Diagnostic::new(Code::WrongElement, span, message);
            self.report(report.corrected(span, corrected));
            return None;
        }
        let place = row.members.iter().position(|member| member.eq_ignore_ascii_case(name));
        if let Some(place) = place.and_then(|place| u8::try_from(place).ok()) {
            return Some(Some(place));
        }
        let message = format!("`{element}` has no member `{name}`");
        let report = Diagnostic::new(Code::UnknownMember, span, message);
        let members: Vec<String> = row.members.iter().map(|member| format!("`{member}`")).collect();
        let report = report.help(format!("its members are {}", members.join(", ")));
        self.report(match meant_member(name, row.members) {
            Some(meant) => report.suggest(span, format!("{element}.{meant}")),
            None => report,
        });
        None
    }

    /// `user.assignedPlans -eq "x"` (L26).
    pub(super) fn plain_on_objects(&mut self, property: &RuleProperty, comparison: &Comparison) {
        let (operator, span) = comparison.operator;
        let message = format!(
            "`{}` cannot compare {}; only `-eq null` and `-ne null` can",
            operator.as_str(),
            noun(property.value_type)
        );
        let report = Diagnostic::new(Code::PlainOnObjects, span, message);
        let element = property.standard.and_then(|row| Some((row.element?, *row.members.first()?)));
        self.report(match element {
            Some((element, member)) => {
                let operand = comparison.operand.span;
                let (quantifier, positive) = match operator.negates() {
                    Some(positive) => {
                        (format!("-not ({} -any", comparison.property.span.of(self.text)), positive)
                    }
                    None => (format!("{} -any", comparison.property.span.of(self.text)), operator),
                };
                let closing = if operator.negates().is_some() { ")" } else { "" };
                let written = operand.of(self.text);
                let corrected =
                    format!("{quantifier} ({element}.{member} {} {written}){closing}", positive.as_str());
                let whole = comparison.property.span.to(operand);
                // An ordering fits no member either.
                match positive {
                    Operator::Le | Operator::Ge | Operator::Lt | Operator::Gt => report,
                    _ => report.corrected(whole, corrected),
                }
            }
            None => report,
        });
    }
}

/// The exact negation, never doubled.
fn negation(test: ElementTest) -> ElementTest {
    match test {
        ElementTest::Not(test) => *test,
        test => ElementTest::Not(Box::new(test)),
    }
}

/// The member that is meant by an unknown name.
pub(super) fn meant_member<'m>(name: &str, members: &[&'m str]) -> Option<&'m str> {
    let known = match name.to_ascii_lowercase().as_str() {
        "id" | "planid" | "serviceplan" | "plan" => "servicePlanId",
        "servicename" | "serviceplanname" => "service",
        "status" | "provisioningstatus" | "state" => "capabilityStatus",
        "sku" | "license" | "licenseid" => "skuId",
        _ => name,
    };
    let exact = members.iter().copied().find(|member| member.eq_ignore_ascii_case(known));
    exact.or_else(|| spelling::closest(name, members.iter().copied()).first().copied())
}
