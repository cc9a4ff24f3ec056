//! `-match "^Sales"` is `-startsWith "Sales"`, which is cheaper and says so.

use super::view::View;
use crate::diagnostic::{Code, Diagnostic};
use crate::fold::fold;
use crate::pattern::{Pattern, Plain};
use crate::print::quoted;
use crate::tree::Operator;

pub(super) fn lint(view: &View<'_>, found: &mut Vec<Diagnostic>) {
    for leaf in &view.leaves {
        let Some(pattern) = view.pattern(leaf) else { continue };
        let Some(plain) = pattern.plain() else { continue };
        let negative = leaf.operator.0 == Operator::NotMatch;
        let ([positive, negation], text) = match plain {
            Plain::Equals("") => continue,
            // Every value is so; a collection's negative asks for an element that is not.
            Plain::Contains("") | Plain::StartsWith("") | Plain::EndsWith("")
                if negative && leaf.is_collection() =>
            {
                continue;
            }
            Plain::Contains("") | Plain::StartsWith("") | Plain::EndsWith("") => {
                ([Operator::Ne, Operator::Eq], "")
            }
            Plain::Contains(text) => ([Operator::Contains, Operator::NotContains], text),
            Plain::StartsWith(text) => ([Operator::StartsWith, Operator::NotStartsWith], text),
            Plain::EndsWith(text) => ([Operator::EndsWith, Operator::NotEndsWith], text),
            Plain::Equals(text) => ([Operator::Eq, Operator::Ne], text),
        };
        let operator = if negative { negation } else { positive };
        let literal = if text.is_empty() { "null".to_owned() } else { quoted(&as_written(pattern, text)) };
        let corrected = format!("{} {literal}", operator.as_str());
        let span = leaf.operand.span;
        let report =
            Diagnostic::new(Code::PlainPattern, span, "this pattern is no more than a plain comparison");
        found.push(report.corrected(leaf.operator.1.to(span), corrected));
    }
}

/// The folded `text` in the case in which the pattern has it, where it has it in one piece.
fn as_written(pattern: &Pattern, text: &str) -> String {
    let written = pattern.text();
    let place = written.char_indices().find_map(|(start, _)| {
        let rest = written.get(start..)?;
        let end = rest.char_indices().nth(text.chars().count()).map_or(rest.len(), |(end, _)| end);
        rest.get(..end).filter(|piece| fold(piece) == text)
    });
    place.unwrap_or(text).to_owned()
}
