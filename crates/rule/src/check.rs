//! Syntax tree to checked rule: names, types and dialect.
//!
//! Whatever passes here can be evaluated without error on any object. All mistakes are reported:
//! a part that is not understood is left out, and the rest is still checked.

mod element;
mod member_of;
mod property;
#[cfg(test)]
mod tests;
mod value;

use crate::diagnostic::{Code, Diagnostic};
use crate::parse::{Parsed, parse};
use crate::rule::{ExpressionKind, ReadAttribute, Test, TextTest};
use crate::tree::{Node, NodeKind, Quantified, Span};
use crate::{AttributeType, Dialect, Expression, ObjectKind, Predicate, Rule, Schema, fold, lint};
use std::sync::Arc;

/// Of a text that is nothing but mistakes, the first so many are reported.
const MOST_REPORTED: usize = 100;

/// The outcome of a check.
#[derive(Debug)]
pub struct Checked {
    /// The rule; `None` where there is an error among the diagnostics.
    pub rule: Option<Rule>,
    /// All errors; without errors, all lints; no more than a hundred. In the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks `text` under `dialect`, with the attributes that `schema` declares, and looks for what
/// its author may not mean.
#[must_use]
pub fn check(text: &str, dialect: Dialect, schema: &Schema) -> Checked {
    match compile(text, dialect, schema) {
        Ok(rule) => {
            let diagnostics = told(text, lint::lint(&rule));
            Checked { rule: Some(rule), diagnostics }
        }
        Err(diagnostics) => Checked { rule: None, diagnostics },
    }
}

impl Rule {
    /// The rule that `text` is. As [`check`], without lints.
    ///
    /// # Errors
    /// Every mistake, in the order of their places.
    pub fn parse(text: &str, dialect: Dialect, schema: &Schema) -> Result<Rule, Vec<Diagnostic>> {
        compile(text, dialect, schema)
    }
}

fn compile(text: &str, dialect: Dialect, schema: &Schema) -> Result<Rule, Vec<Diagnostic>> {
    let Parsed { tree, loose, diagnostics } = parse(text);
    let mut checker = Checker {
        text,
        dialect,
        schema,
        root: tree.as_ref().map_or(Span::default(), |tree| tree.span),
        subject: None,
        mixed: false,
        diagnostics,
        reads: Vec::new(),
        sources: Vec::new(),
        reads_clock: false,
    };
    let expression = tree.as_ref().and_then(|tree| checker.expression(tree));
    for property in &loose {
        checker.resolve(property);
    }
    let Checker { subject, diagnostics, mut reads, mut sources, reads_clock, .. } = checker;
    let (Some(tree), Some(expression), Some((kind, _)), true) =
        (tree, expression, subject, diagnostics.is_empty())
    else {
        return Err(told(text, diagnostics));
    };
    reads.sort_by(|a, b| a.name.cmp(&b.name));
    sources.sort();
    sources.dedup();
    Ok(Rule { text: Arc::from(text), dialect, kind, tree, expression, reads, sources, reads_clock })
}

/// What is told of what was found, in the order of the places.
fn told(text: &str, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    diagnostics.truncate(MOST_REPORTED);
    for suggestion in diagnostics.iter_mut().filter_map(|diagnostic| diagnostic.suggestion.as_mut()) {
        suggestion.keep_words_apart(text);
    }
    diagnostics
}

struct Checker<'t> {
    text: &'t str,
    dialect: Dialect,
    schema: &'t Schema,
    /// The span of the whole tree.
    root: Span,
    /// The kind of object that the rule is about, and what says so.
    subject: Option<(ObjectKind, Span)>,
    /// Whether a second kind has been reported.
    mixed: bool,
    diagnostics: Vec<Diagnostic>,
    reads: Vec<ReadAttribute>,
    sources: Vec<Arc<str>>,
    reads_clock: bool,
}

impl Checker<'_> {
    fn expression(&mut self, node: &Node) -> Option<Expression> {
        let span = node.span;
        let kind = match &node.kind {
            NodeKind::Or(terms) => ExpressionKind::Any(self.expressions(terms)?),
            NodeKind::And(terms) => ExpressionKind::All(self.expressions(terms)?),
            NodeKind::Not(term) => ExpressionKind::Not(Box::new(self.expression(term)?)),
            NodeKind::Comparison(comparison) => self.comparison(comparison)?,
            NodeKind::Quantified(quantified) => self.quantified(quantified, span)?,
            NodeKind::DirectReports(id) => self.direct_reports(id, span)?,
        };
        Some(Expression { span, kind })
    }

    /// All of them are checked, whether or not one before is understood.
    fn expressions(&mut self, terms: &[Node]) -> Option<Vec<Expression>> {
        let expressions: Vec<_> = terms.iter().filter_map(|term| self.expression(term)).collect();
        (expressions.len() == terms.len()).then_some(expressions)
    }

    fn quantified(&mut self, quantified: &Quantified, span: Span) -> Option<ExpressionKind> {
        let property = self.resolve(&quantified.property)?;
        match property.value_type {
            AttributeType::StringCollection | AttributeType::ObjectCollection => {
                self.elements(&property, quantified)
            }
            AttributeType::Memberships => self.member_of(quantified, span),
            _ => {
                let (quantifier, at) = quantified.quantifier;
                let found = quantified.property.span.of(self.text);
                let message = format!(
                    "`{}` needs a collection, and `{found}` is {}",
                    quantifier.as_str(),
                    noun(property.value_type)
                );
                self.report(
                    Diagnostic::new(Code::NotACollection, at, message)
                        .help("compare it without a quantifier"),
                );
                None
            }
        }
    }

    fn direct_reports(&mut self, id: &str, span: Span) -> Option<ExpressionKind> {
        self.about(ObjectKind::User, span);
        if id.is_empty() {
            let report = Diagnostic::new(Code::EmptyId, self.id_span(span), "the manager's id is empty");
            self.report(report.help("write the object id of the manager between the quotes"));
        }
        let (before, after) =
            (Span { start: 0, end: span.start }, Span::new(span.end as usize, self.text.len()));
        let alone = [before, after].iter().all(|around| crate::parse::is_blank(around.of(self.text)));
        if !alone {
            self.extension(span, "`Direct Reports for` inside a larger expression or in parentheses");
        }
        let mut predicate = |attribute: crate::Attribute| {
            self.read(&attribute, attribute.name());
            let test = Test::Text(TextTest::OneOf([fold::fold(id).into()].into()));
            Arc::new(Predicate::Attribute { attribute, test })
        };
        let manager = predicate(crate::property::manager());
        let itself = predicate(crate::property::object_id(ObjectKind::User));
        Some(ExpressionKind::DirectReports { manager, itself })
    }

    /// Where the id stands in `Direct Reports for "id"`.
    fn id_span(&self, whole: Span) -> Span {
        let written = whole.of(self.text);
        // Neither of the words before has these letters.
        let words = written.to_ascii_lowercase().find("for").map_or(0, |at| at + "for".len());
        let id = written.get(words..).unwrap_or("").trim_start_matches(crate::lex::is_white_space);
        Span::new(whole.end as usize - id.len(), whole.end as usize)
    }

    /// Notes that a part of the rule is about this kind of object (L17).
    fn about(&mut self, kind: ObjectKind, span: Span) {
        let Some((first, first_span)) = self.subject else {
            self.subject = Some((kind, span));
            return;
        };
        if first == kind || std::mem::replace(&mut self.mixed, true) {
            return;
        }
        let message = format!("a rule is about users or about devices, and this one begins with `{first}`");
        let report = Diagnostic::new(Code::MixedKinds, span, message);
        let report = report.related(first_span, format!("about {first}s"));
        self.report(report.help("make two groups, one of users and one of devices"));
    }

    /// Refuses an extension where the dialect has none.
    fn extension(&mut self, span: Span, what: &str) {
        if self.dialect == Dialect::Entra {
            let message = format!("{what} is an extension that Microsoft Entra does not have");
            let report = Diagnostic::new(Code::NeedsExtended, span, message);
            self.report(report.help("to use it, give the rule the dialect `extended`"));
        }
    }

    /// Notes that the rule reads an attribute.
    fn read(&mut self, attribute: &crate::Attribute, name: &str) {
        if !self.reads.iter().any(|read| read.attribute == *attribute) {
            self.reads.push(ReadAttribute { attribute: attribute.clone(), name: Arc::from(name) });
        }
    }

    /// Reports, unless the same words are at fault already: one mistake, one report.
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.iter().all(|earlier| earlier.span != diagnostic.span) {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// A type as a sentence names it.
fn noun(value_type: AttributeType) -> &'static str {
    match value_type {
        AttributeType::Boolean => "a boolean",
        AttributeType::String => "a string",
        AttributeType::Integer => "an integer",
        AttributeType::DateTime => "a date-time",
        AttributeType::StringCollection => "a string collection",
        AttributeType::ObjectCollection => "an object collection",
        AttributeType::Memberships => "a collection of group ids",
        AttributeType::Reference => "the id of an object",
    }
}
