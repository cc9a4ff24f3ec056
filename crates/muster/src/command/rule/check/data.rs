//! Lints that need data: literals that nobody has, rules that select nobody or everybody.
//!
//! They compare with what a data directory holds now; tomorrow it may be otherwise. Where there is nobody of the
//! rule's kind at all they say nothing.

use crate::population::{Population, nobodys};
use muster_directory::Tenant;
use muster_engine::{ValueCount, ValuesQuestion};
use muster_rule::diagnostic::{Confidence, Suggestion};
use muster_rule::fold::fold;
use muster_rule::rule::{ElementTest, TextTest};
use muster_rule::tree::Span;
use muster_rule::{
    Attribute, Code, Diagnostic, Dialect, Expression, ExpressionKind, Predicate, Rule, Test, spelling,
};

/// An attribute with more values than this gets no suggestion: they are names, not choices.
const CHOICES: usize = 20_000;

/// What the data says against `rule`.
pub(super) fn lint(rule: &Rule, population: &Population, tenant: &Tenant) -> Vec<Diagnostic> {
    let count = |rule: &Rule| population.find(nobodys(tenant, rule, None), None, 0).count;
    let everybody = format!("{}.objectId -ne null", rule.kind());
    let Ok(everybody) = Rule::parse(&everybody, Dialect::Entra, &population.schema()) else {
        return Vec::new();
    };
    let (all, selected) = (count(&everybody), count(rule));
    if all == 0 {
        return Vec::new();
    }
    let mut linter = Linter { rule, population, tenant, found: Vec::new() };
    linter.each_literal(rule.expression());
    let mut found = linter.found;
    let kind = rule.kind();
    if selected == 0 {
        found.push(whole(rule, Code::SelectsNobody, format!("of {all} {kind}s the rule selects none")));
    } else if selected == all {
        found.push(whole(rule, Code::SelectsEverybody, format!("the rule selects all {all} {kind}s")));
    }
    found
}

struct Linter<'a> {
    rule: &'a Rule,
    population: &'a Population,
    tenant: &'a Tenant,
    found: Vec<Diagnostic>,
}

impl Linter<'_> {
    fn each_literal(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::All(terms) | ExpressionKind::Any(terms) => {
                terms.iter().for_each(|term| self.each_literal(term));
            }
            ExpressionKind::Not(term) => self.each_literal(term),
            ExpressionKind::Literal { predicate, .. } => self.literal(expression.span, predicate),
            ExpressionKind::DirectReports { manager, .. } => self.literal(expression.span, manager),
        }
    }

    fn literal(&mut self, span: Span, predicate: &Predicate) {
        let Predicate::Attribute { attribute, test } = predicate else { return };
        let (Test::Text(TextTest::OneOf(operands))
        | Test::AnyElement(ElementTest::Text { member: None, test: TextTest::OneOf(operands) })) = test
        else {
            return;
        };
        for operand in operands {
            let first = self.values(attribute, operand, 1).into_iter().next();
            let occurs = first.is_some_and(|first| fold(&first.value) == **operand);
            if !occurs && !operand.is_empty() {
                self.unknown_value(span, attribute, operand);
            }
        }
    }

    fn unknown_value(&mut self, span: Span, attribute: &Attribute, operand: &str) {
        let kind = self.rule.kind();
        let name = self.rule.reads().iter().find(|read| read.attribute == *attribute);
        let name = name.map_or("", |read| &*read.name);
        let (span, written) = written(self.rule.text(), span, operand);
        let values = self.values(attribute, "", CHOICES + 1);
        let close = if values.len() > CHOICES {
            None
        } else {
            let close = spelling::closest(written, values.iter().map(|value| &*value.value));
            close.first().and_then(|close| values.iter().find(|value| *value.value == **close))
        };
        let mut diagnostic = Diagnostic {
            code: Code::UnknownValue,
            message: format!("no {kind} has {name} `{written}`"),
            help: None,
            span,
            related: Vec::new(),
            suggestion: None,
        };
        if let Some(ValueCount { value, count }) = close {
            let have = if *count == 1 { "has" } else { "have" };
            diagnostic.help = Some(format!("{count} {have} `{value}`"));
            if span.of(self.rule.text()) == written {
                let suggestion = Suggestion { span, text: value.to_string(), confidence: Confidence::Guess };
                diagnostic.suggestion = Some(suggestion);
            }
        }
        self.found.push(diagnostic);
    }

    fn values(&self, attribute: &Attribute, prefix: &str, limit: usize) -> Vec<ValueCount> {
        let question = ValuesQuestion {
            tenant: self.tenant,
            kind: self.rule.kind(),
            attribute,
            prefix,
            after: None,
            limit,
        };
        self.population.values(&question).values().collect()
    }
}

/// The operand as it is written inside `span`, and where; of one that is not plain only what rules compare.
fn written<'t>(text: &'t str, span: Span, operand: &'t str) -> (Span, &'t str) {
    let inside = span.of(text);
    let plain = inside.is_ascii() && operand.is_ascii() && !operand.contains(['\'', '"', '`']);
    let quoted = |quote: char| {
        let wanted = format!("{quote}{operand}{quote}");
        let place = inside.to_ascii_lowercase().find(&wanted)? + 1;
        let written = inside.get(place..place + operand.len())?;
        let start = span.start.checked_add(u32::try_from(place).ok()?)?;
        let end = start.checked_add(u32::try_from(operand.len()).ok()?)?;
        Some((Span { start, end }, written))
    };
    let found = if plain { quoted('"').or_else(|| quoted('\'')) } else { None };
    found.unwrap_or((span, operand))
}

fn whole(rule: &Rule, code: Code, message: String) -> Diagnostic {
    Diagnostic {
        code,
        message,
        help: None,
        span: rule.expression().span,
        related: Vec::new(),
        suggestion: None,
    }
}
