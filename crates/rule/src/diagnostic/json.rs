//! Diagnostics as programs read them. The shape is a contract with scripts and editors.

use super::{Diagnostic, Suggestion, place};
use crate::tree::Span;
use crate::{Checked, ObjectKind};
use serde_json::{Map, Value, json};

impl Checked {
    /// The answer of a check: `valid`, `kind` and `canonical` (null where there is no rule), `diagnostics`.
    /// `text` is the text that was checked.
    #[must_use]
    pub fn to_json(&self, text: &str) -> Value {
        json!({
            "valid": self.rule.is_some(),
            "kind": self.rule.as_ref().map(|rule| rule.kind()).map(ObjectKind::as_str),
            "canonical": self.rule.as_ref().map(|rule| rule.canonical()),
            "diagnostics": self.diagnostics.iter().map(|diagnostic| diagnostic.to_json(text)).collect::<Vec<_>>(),
        })
    }
}

impl Diagnostic {
    /// `code`, `severity`, `message`, `help`?, `span` in bytes, `line` and `column` (UTF-16 units) of its start,
    /// `endLine` and `endColumn`, `related`? and `suggestion`? (`span`, `text`).
    #[must_use]
    pub fn to_json(&self, text: &str) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
        put("code", json!(self.code));
        put("severity", json!(self.severity()));
        put("message", json!(self.message));
        if let Some(help) = &self.help {
            put("help", json!(help));
        }
        put("span", span_json(self.span));
        let (start, end) = (place(text, self.span.start), place(text, self.span.end));
        put("line", json!(start.line));
        put("column", json!(start.column));
        put("endLine", json!(end.line));
        put("endColumn", json!(end.column));
        if !self.related.is_empty() {
            let related = |(span, message): &(Span, String)| {
                let place = place(text, span.start);
                json!({"span": span_json(*span), "line": place.line, "column": place.column, "message": message})
            };
            put("related", self.related.iter().map(related).collect());
        }
        if let Some(Suggestion { span, text, .. }) = &self.suggestion {
            put("suggestion", json!({"span": span_json(*span), "text": text}));
        }
        Value::Object(object)
    }
}

fn span_json(span: Span) -> Value {
    json!({"start": span.start, "end": span.end})
}

#[cfg(test)]
mod tests {
    use crate::{Dialect, Schema, check};
    use serde_json::json;

    #[test]
    fn the_shape_is_a_contract() {
        let text = "user.city -eq '😀' -and\n(user.departmnt -eq 'x'";
        let checked = check(text, Dialect::Entra, &Schema::default());
        let expected = json!({
            "valid": false,
            "kind": null,
            "canonical": null,
            "diagnostics": [
                {
                    "code": "MR0022", "severity": "error", "message": "`user.departmnt` is no property",
                    "help": "did you mean `user.department`?",
                    "span": {"start": 32, "end": 41}, "line": 2, "column": 7, "endLine": 2, "endColumn": 16,
                    "suggestion": {"span": {"start": 32, "end": 41}, "text": "department"},
                },
                {
                    "code": "MR0014", "severity": "error", "message": "`)` is missing after this",
                    "help": "add `)`",
                    "span": {"start": 46, "end": 49}, "line": 2, "column": 21, "endLine": 2, "endColumn": 24,
                    "related": [{"span": {"start": 26, "end": 27}, "line": 2, "column": 1, "message": "opened here"}],
                    "suggestion": {"span": {"start": 49, "end": 49}, "text": ")"},
                },
            ],
        });
        assert_eq!(checked.to_json(text), expected);

        let text = "user.CITY -eq 'null'";
        let answer = check(text, Dialect::Entra, &Schema::default()).to_json(text);
        assert_eq!((&answer["valid"], &answer["kind"]), (&json!(true), &json!("user")));
        assert_eq!(answer["canonical"], "user.city -eq \"null\"");
        assert_eq!(answer["diagnostics"][0]["severity"], "warning");
    }
}
