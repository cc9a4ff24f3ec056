//! Old spellings to current ones, and what other tools leave in a rule to what the language has.
//!
//! A migration changes words, never what a rule selects: of what is refused it mends only what can mean one
//! thing alone, and what is accepted parses to the same canonical text afterwards. White space, parentheses
//! and the order of terms stay the author's; [`Rule::canonical`] is for whoever wants those mended too.

use crate::diagnostic::{Confidence, Diagnostic, Place, place};
use crate::lex::{Token, TokenKind, lex};
use crate::parse::kind_of;
use crate::print::quoted;
use crate::tree::Span;
use crate::{Code, Dialect, Rule, Schema, check, property};

/// What became of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The rule in current spelling.
    pub text: String,
    /// What was changed on the way, in order. Empty: nothing, and the text is the one that was given.
    pub changes: Vec<Change>,
    /// What is still wrong with the text and only its author can mend; empty where it is a rule.
    pub errors: Vec<Diagnostic>,
}

/// One change of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it was made, in the text as it was by then.
    pub place: Place,
    /// What stood there.
    pub from: String,
    /// What stands there now.
    pub to: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// Mistakes whose correction is a matter of spelling.
const MENDED: [Code; 12] = [
    Code::Markup,
    Code::Character,
    Code::CurlyQuote,
    Code::SplitToken,
    Code::FalseHyphen,
    Code::UnquotedString,
    Code::UnknownOperator,
    Code::UnknownProperty,
    Code::UnwantedList,
    Code::NotInsteadOfNe,
    Code::QuotedDuration,
    Code::ExtensionId,
];

/// Lints whose correction means the same.
const RESPELT: [Code; 3] = [Code::QuotedBoolean, Code::LoneApostrophe, Code::BareQuantifier];

/// One mistake can hide the next, so that mending takes rounds.
const MOST_ROUNDS: usize = 16;

/// Brings `text` to current spelling.
#[must_use]
pub fn migrate(text: &str, dialect: Dialect, schema: &Schema) -> Migration {
    let mut migration = Migration { text: text.to_owned(), changes: Vec::new(), errors: Vec::new() };
    for _ in 0..MOST_ROUNDS {
        let checked = check(&migration.text, dialect, schema);
        let codes: &[Code] = if checked.rule.is_some() { &RESPELT } else { &MENDED };
        let edits = corrections(&checked.diagnostics, codes);
        if edits.is_empty() {
            migration.errors = checked.diagnostics;
            migration.errors.retain(Diagnostic::is_error);
            if let Some(rule) = checked.rule {
                migration.respell(&rule, schema);
            }
            return migration;
        }
        migration.apply(edits);
    }
    migration.errors = check(&migration.text, dialect, schema).diagnostics;
    migration.errors.retain(Diagnostic::is_error);
    migration
}

struct Edit {
    span: Span,
    to: String,
    reason: String,
}

impl Migration {
    /// Makes edits that are in order and apart.
    fn apply(&mut self, edits: Vec<Edit>) {
        let before = std::mem::take(&mut self.text);
        let mut copied = 0;
        for Edit { span, to, reason } in edits {
            let (start, end) = span.range();
            self.text.push_str(before.get(copied..start).unwrap_or(""));
            self.text.push_str(&to);
            copied = end;
            let from = span.of(&before).to_owned();
            self.changes.push(Change { place: place(&before, span.start), from, to, reason });
        }
        self.text.push_str(before.get(copied..).unwrap_or(""));
    }

    /// Spells each word of a rule as the language does today. What would then be too long stays.
    fn respell(&mut self, rule: &Rule, schema: &Schema) {
        let edits = respellings(rule);
        if edits.is_empty() {
            return;
        }
        let before = self.clone();
        self.apply(edits);
        let again = Rule::parse(&self.text, rule.dialect(), schema);
        if !again.is_ok_and(|again| again.canonical() == rule.canonical()) {
            *self = before;
        }
    }
}

/// The certain corrections among diagnostics with one of these codes, in order; of two that overlap, the first.
fn corrections(diagnostics: &[Diagnostic], codes: &[Code]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| codes.contains(&diagnostic.code)) {
        let Some(suggestion) = &diagnostic.suggestion else { continue };
        if suggestion.confidence == Confidence::Certain {
            let reason = diagnostic.message.clone();
            edits.push(Edit { span: suggestion.span, to: suggestion.text.clone(), reason });
        }
    }
    edits.sort_by_key(|edit| edit.span.start);
    let mut end = 0;
    edits.retain(|edit| {
        let apart = edit.span.start >= end;
        end = if apart { edit.span.end } else { end };
        apart
    });
    edits
}

/// The words of a rule that are not spelt as they are today.
fn respellings(rule: &Rule) -> Vec<Edit> {
    let text = rule.text();
    let tokens = lex(text).tokens;
    let mut edits = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Some((to, reason)) = current(rule, &tokens, at) else { continue };
        if to != token.span.of(text) {
            edits.push(Edit { span: token.span, to, reason: reason.to_owned() });
        }
    }
    edits
}

/// How the token is spelt today, and why, should it be spelt otherwise.
fn current(rule: &Rule, tokens: &[Token], at: usize) -> Option<(String, &'static str)> {
    const CASE: &str = "names have this spelling today";
    let token = tokens.get(at)?;
    let text = rule.text();
    let written = token.span.of(text);
    match &token.kind {
        TokenKind::Word(word) => Some((word.as_str().to_owned(), "operators are written so today")),
        TokenKind::Text(content) if written.starts_with('`') => {
            Some((quoted(content), "strings stand in plain quotes"))
        }
        TokenKind::Path { prefix, name } => {
            let (prefix, name) = (prefix.of(text), name.of(text));
            Some((element(prefix, name).or_else(|| property(rule, prefix, name))?, CASE))
        }
        TokenKind::Name => {
            let bare = written.strip_prefix('$').unwrap_or(written);
            let literal = ["null", "true", "false"].into_iter().find(|it| it.eq_ignore_ascii_case(bare));
            if let Some(literal) = literal {
                return Some((literal.to_owned(), "null and booleans are written so today"));
            }
            let words = ["Direct", "Reports", "for"];
            let word = words.into_iter().find(|word| word.eq_ignore_ascii_case(written))?;
            Some((word.to_owned(), CASE))
        }
        _ => None,
    }
}

/// The canonical spelling of a property, or of the clock.
fn property(rule: &Rule, prefix: &str, name: &str) -> Option<String> {
    let Some(kind) = kind_of(prefix) else {
        return prefix.eq_ignore_ascii_case("system").then(|| "system.now".to_owned());
    };
    let read = || rule.reads().iter().find(|read| read.name.eq_ignore_ascii_case(name));
    let name = match property::find_standard(kind, name) {
        Some(row) => row.name,
        None => read().map_or(name, |read| &read.name),
    };
    Some(format!("{kind}.{name}"))
}

/// The canonical spelling of a member of an element.
fn element(prefix: &str, name: &str) -> Option<String> {
    let row = property::by_element(prefix)?;
    let member = row.members.iter().find(|member| member.eq_ignore_ascii_case(name))?;
    Some(format!("{}.{member}", row.element?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a text becomes, and the words that were changed.
    #[track_caller]
    fn check_migration(text: &str, expected: &str, words: &[&str]) {
        let schema = Schema::default();
        let found = migrate(text, Dialect::Entra, &schema);
        assert_eq!(found.text, expected, "{found:#?}");
        assert_eq!(found.errors, []);
        let changed: Vec<&str> = found.changes.iter().map(|change| change.from.as_str()).collect();
        assert_eq!(changed, words);
        let again = migrate(expected, Dialect::Entra, &schema);
        assert_eq!((again.text.as_str(), again.changes.len()), (expected, 0), "{again:#?}");
    }

    #[test]
    fn words_of_old_are_spelt_as_today_and_nothing_else_changes() {
        check_migration(
            "(User.Department   eq 'Sales')  AND\n (user.mailNickName –notStartswith `\"x`\")",
            "(user.department   -eq 'Sales')  -and\n (user.mailNickname -notStartsWith \"x\")",
            &["User.Department", "eq", "AND", "user.mailNickName", "–notStartswith", "`\"x`\""],
        );
        check_migration(
            "user.accountEnabled -eq \"TRUE\" -and user.city -ne $Null",
            "user.accountEnabled -eq true -and user.city -ne null",
            &["\"TRUE\"", "$Null"],
        );
        check_migration(
            "user.assignedplans -ANY assignedplan.SERVICE -eq 'x'",
            "user.assignedPlans -any (assignedPlan.service -eq 'x')",
            &["assignedplan.SERVICE -eq 'x'", "user.assignedplans", "-ANY", "assignedplan.SERVICE"],
        );
        check_migration(
            "user.employeeHireDate -ge System.Now -MINUS p1d",
            "user.employeeHireDate -ge system.now -minus p1d",
            &["System.Now", "-MINUS"],
        );
        check_migration("direct REPORTS For 'x'", "Direct Reports for 'x'", &["direct", "REPORTS", "For"]);
        check_migration("user.department -eq \"Sales\"", "user.department -eq \"Sales\"", &[]);
    }

    #[test]
    fn what_other_tools_leave_is_mended() {
        check_migration(
            "user.mobilePhone ‐eq “+39” && user.title -not null",
            "user.mobile -eq \"+39\" -and user.jobTitle -ne null",
            &["mobilePhone", "‐eq", "“+39”", "&&", "title", "-not"],
        );
    }

    #[test]
    fn a_guess_is_left_to_the_author() {
        let text = "user.departmnt eq 'Sales'";
        let found = migrate(text, Dialect::Entra, &Schema::default());
        assert_eq!((found.text.as_str(), found.changes.as_slice()), (text, [].as_slice()));
        assert_eq!(found.errors[0].code, Code::UnknownProperty);
    }
}
