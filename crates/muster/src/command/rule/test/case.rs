//! One rule with what is expected of it, and whether it is so.

use super::super::Groups;
use muster_directory::Instant;
use muster_rule::diagnostic::Style;
use muster_rule::{Diagnostic, Dialect, Rule, Schema};
use muster_wire::decode_object;
use serde_json::{Map, Value};

/// A rule of a file of tests.
pub(super) struct Case {
    /// Where it stands in its file, from 1.
    pub(super) line: usize,
    pub(super) name: Option<String>,
    pub(super) text: String,
    pub(super) dialect: Option<Dialect>,
    pub(super) now: Option<Instant>,
    pub(super) selects: Vec<Map<String, Value>>,
    pub(super) rejects: Vec<Map<String, Value>>,
    /// The codes with which it is refused; none: it is valid.
    pub(super) errors: Vec<String>,
    /// The codes of its warnings. `None`: whatever they are.
    pub(super) warnings: Option<Vec<String>>,
}

/// What holds where a test does not say.
pub(super) struct Defaults<'s> {
    pub(super) dialect: Dialect,
    pub(super) now: Instant,
    pub(super) schema: &'s Schema,
    pub(super) deny_warnings: bool,
}

/// What came of a test.
pub(super) struct Verdict {
    /// What is not as expected; each may have several lines.
    pub(super) failures: Vec<String>,
    /// How many objects were tried.
    pub(super) objects: usize,
}

impl Case {
    /// What to call it.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.text.trim())
    }

    pub(super) fn run(&self, defaults: &Defaults<'_>) -> Verdict {
        let dialect = self.dialect.unwrap_or(defaults.dialect);
        let checked = muster_rule::check(&self.text, dialect, defaults.schema);
        let mut failures = Vec::new();
        let Some(rule) = checked.rule else {
            if self.errors.is_empty() {
                failures.push(format!("is refused:{}", self.rendered(&checked.diagnostics)));
            } else {
                self.expect_codes("errors", &self.errors, &checked.diagnostics, &mut failures);
            }
            return Verdict { failures, objects: 0 };
        };
        if !self.errors.is_empty() {
            failures.push(format!("is valid, and should be refused with {}", self.errors.join(", ")));
        }
        match &self.warnings {
            Some(expected) => self.expect_codes("warnings", expected, &checked.diagnostics, &mut failures),
            None if defaults.deny_warnings && !checked.diagnostics.is_empty() => {
                let shown = self.rendered(&checked.diagnostics);
                failures.push(format!("has warnings, which --deny-warnings does not allow:{shown}"));
            }
            None => {}
        }
        let trial = Trial { rule: &rule, now: self.now.unwrap_or(defaults.now), schema: defaults.schema };
        for (list, objects, expected) in [("selects", &self.selects, true), ("rejects", &self.rejects, false)]
        {
            for (at, object) in objects.iter().enumerate() {
                failures.extend(trial.failure(object, &format!("{list} {}", at + 1), expected));
            }
        }
        Verdict { failures, objects: self.selects.len() + self.rejects.len() }
    }

    fn expect_codes(
        &self,
        what: &str,
        expected: &[String],
        found: &[Diagnostic],
        failures: &mut Vec<String>,
    ) {
        let mut codes: Vec<&str> = found.iter().map(|found| found.code.as_str()).collect();
        let mut wanted: Vec<&str> = expected.iter().map(String::as_str).collect();
        codes.sort_unstable();
        wanted.sort_unstable();
        if codes != wanted {
            let shown = self.rendered(found);
            failures.push(format!(
                "{what}: expected [{}], found [{}]{shown}",
                wanted.join(", "),
                codes.join(", ")
            ));
        }
    }

    /// Diagnostics on lines of their own.
    fn rendered(&self, diagnostics: &[Diagnostic]) -> String {
        diagnostics.iter().map(|it| format!("\n{}", it.render(&self.text, Style::Plain))).collect()
    }
}

/// A rule to try objects on.
struct Trial<'r> {
    rule: &'r Rule,
    now: Instant,
    schema: &'r Schema,
}

impl Trial<'_> {
    /// Why the object is not treated as expected. `place` stands for its id where it has none.
    fn failure(&self, object: &Map<String, Value>, place: &str, expected: bool) -> Option<String> {
        let mut object = object.clone();
        if !object.keys().any(|key| key.eq_ignore_ascii_case("id")) {
            let own = object.iter().find(|(key, _)| key.eq_ignore_ascii_case("objectId"));
            let id = own.map_or_else(|| place.into(), |(_, id)| id.clone());
            object.insert("id".to_owned(), id);
        }
        let bytes = Value::Object(object).to_string();
        let object = match decode_object(self.rule.kind(), bytes.as_bytes(), self.schema) {
            Ok(object) => object,
            Err(refused) => {
                return Some(format!("{place}: the object is invalid: {}", refused.rejection.message));
            }
        };
        let explanation = self.rule.explain(&object.attributes, &Groups::of(&object), self.now);
        if explanation.result == expected {
            return None;
        }
        let id = object.id.as_str();
        let object = if id == place { String::new() } else { format!(" (`{id}`)") };
        let message =
            if expected { "is not selected, and should be" } else { "is selected, and should not be" };
        Some(format!("{place}{object} {message}:\n{explanation}"))
    }
}
