//! Texts that are refused as a whole, before they are taken apart.

use super::{MAX_LENGTH, is_blank, parse};
use crate::diagnostic::{Code, Diagnostic};
use crate::tree::Span;
use serde_json::Value;

/// Why `text` is no rule at all, where that shows at once.
pub(super) fn refuse_whole(text: &str) -> Option<Diagnostic> {
    if is_blank(text) {
        let whole = Span::new(0, text.len());
        let report = Diagnostic::new(Code::Empty, whole, "there is no rule: the text is empty");
        return Some(report.help("write a comparison, as in `user.department -eq \"Sales\"`"));
    }
    too_long(text).or_else(|| quoted_whole(text)).or_else(|| json_object(text))
}

/// A group as JSON, with the rule in it.
fn json_object(text: &str) -> Option<Diagnostic> {
    let start = text.len() - text.trim_start().len();
    let object =
        text.trim_start().strip_prefix('{').and_then(|_| serde_json::from_str::<Value>(text).ok())?;
    let rule = object.get("membershipRule").and_then(Value::as_str)?.trim().to_owned();
    let report =
        Diagnostic::new(Code::Markup, Span::new(start, start + 1), "this is a group as JSON, not its rule");
    let whole = Span::new(0, text.len());
    Some(report.help("write the value of `membershipRule` alone").suggest(whole, rule))
}

fn too_long(text: &str) -> Option<Diagnostic> {
    let mut units = 0;
    let over = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > MAX_LENGTH
    });
    let (at, _) = over?;
    let length = text.encode_utf16().count();
    let message = format!("the rule has {length} characters, and at most {MAX_LENGTH} are allowed");
    let report = Diagnostic::new(Code::TooLong, Span::new(at, text.len()), message);
    Some(report.help("use `-in [...]` for chains of `-or`, or read another group by `memberOf`"))
}

/// A rule inside quotes, as JSON and CSV hold it.
fn quoted_whole(text: &str) -> Option<Diagnostic> {
    let trimmed = text.trim();
    let quote = trimmed.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = trimmed.strip_prefix(quote)?.strip_suffix(quote)?;
    if !begins_like_a_rule(inside) {
        return None;
    }
    let decoded = serde_json::from_str::<String>(trimmed).ok();
    let doubled = inside.contains("\"\"").then(|| inside.replace("\"\"", "\""));
    let candidates: Vec<String> = decoded.into_iter().chain(doubled).chain([inside.to_owned()]).collect();
    let valid = candidates.iter().find(|candidate| parse(candidate).diagnostics.is_empty());
    let corrected = valid.or(candidates.first())?.trim().to_owned();
    let start = text.len() - text.trim_start().len();
    let message =
        format!("the rule stands in quotes, as JSON and CSV have it, but `{quote}` is no part of it");
    let report = Diagnostic::new(Code::Markup, Span::new(start, start + 1), message);
    let whole = Span::new(0, text.len());
    Some(report.help("write the rule without the quotes round it").suggest(whole, corrected))
}

fn begins_like_a_rule(text: &str) -> bool {
    let start = text.trim_start();
    ["user.", "device.", "(", "-not", "not ", "direct "].iter().any(|beginning| {
        start.get(..beginning.len()).is_some_and(|found| found.eq_ignore_ascii_case(beginning))
    })
}
