//! `-all (plan -ne X -and status -ne "Enabled")` as "has no licence X": it is false of everyone who
//! has any other live plan.

use super::view::View;
use crate::diagnostic::{Code, Diagnostic};
use crate::tree::{ElementComparison, ElementKind, Operator, Quantifier, Span};

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for (quantified, span) in &view.quantifieds {
        let ElementKind::And(terms) = &quantified.body.kind else { continue };
        let comparisons: Option<Vec<&ElementComparison>> = terms
            .iter()
            .map(|term| match &term.kind {
                ElementKind::Comparison(comparison) => Some(comparison),
                _ => None,
            })
            .collect();
        let Some(comparisons) = comparisons else { continue };
        let members = comparisons.iter().map(|comparison| &comparison.subject);
        let several_members = members.clone().any(|member| Some(member) != members.clone().next());
        let all_negative = comparisons.iter().all(|comparison| comparison.operator.0.negates().is_some());
        if quantified.quantifier.0 != Quantifier::All || !all_negative || !several_members {
            continue;
        }
        let message = "this asks that every element fails each of these, and one other element is enough to make it false";
        let report = Diagnostic::new(Code::AllForNone, *span, message);
        let positive: Vec<String> =
            comparisons.iter().filter_map(|comparison| positive(comparison, view.text())).collect();
        let property = quantified.property.span.of(view.text());
        let corrected = format!("-not ({property} -any ({}))", positive.join(" -and "));
        found.push(
            report.help("ask that no element satisfies all of them together").suggest(*span, corrected),
        );
    }
}

fn positive(comparison: &ElementComparison, text: &str) -> Option<String> {
    let ElementComparison { subject_span, operator: (operator, _), operand, .. } = comparison;
    let (subject, operand): (&str, Span) = (subject_span.of(text), operand.span);
    let operator: Operator = operator.negates()?;
    Some(format!("{subject} {} {}", operator.as_str(), operand.of(text)))
}
