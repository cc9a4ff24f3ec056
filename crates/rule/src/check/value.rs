//! Comparisons by type: which operators fit, which operands, and the test they make (L21-L35).

use super::{Checker, noun};
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::source_offset;
use crate::parse::meant_boolean;
use crate::pattern::Pattern;
use crate::print::quoted;
use crate::property::RuleProperty;
use crate::rule::{ElementTest, ExpressionKind, IntegerTest, Moment, Order, Test, TextTest};
use crate::tree::{Comparison, Operand, OperandKind, Operator, Span, shown};
use crate::{AttributeType, Dialect, Instant, Predicate, fold};
use std::sync::Arc;

/// A test, and whether it must fail.
pub(super) struct Signed<T> {
    pub(super) test: T,
    pub(super) negated: bool,
}

impl<T> Signed<T> {
    fn map<U>(self, make: impl FnOnce(T) -> U) -> Signed<U> {
        Signed { test: make(self.test), negated: self.negated }
    }
}

type OperatorAt = (Operator, Span);

impl Checker<'_> {
    pub(super) fn comparison(&mut self, comparison: &Comparison) -> Option<ExpressionKind> {
        let property = self.resolve(&comparison.property)?;
        let Signed { test, negated } = self.test(&property, comparison)?;
        let predicate = Arc::new(Predicate::Attribute { attribute: property.attribute, test });
        Some(ExpressionKind::Literal { predicate, negated })
    }

    fn test(&mut self, property: &RuleProperty, comparison: &Comparison) -> Option<Signed<Test>> {
        let Comparison { operator, operand, .. } = comparison;
        if property.value_type == AttributeType::Memberships {
            self.plain_member_of(comparison);
            return None;
        }
        if let Some(negated) = null_test(operator.0, operand) {
            return Some(Signed { test: Test::Null, negated });
        }
        match property.value_type {
            AttributeType::Boolean => self.boolean(property, *operator, operand),
            AttributeType::Integer => Some(self.integer(property, *operator, operand)?.map(Test::Integer)),
            AttributeType::DateTime => self.date_time(property, *operator, operand),
            AttributeType::String | AttributeType::Reference => {
                let is_version = property.standard.is_some_and(|row| row.name == "deviceOSVersion");
                let test = match order(operator.0) {
                    Some(order) if is_version => self.version(order, *operator, operand)?,
                    _ => self.text_test(property.value_type, *operator, operand)?,
                };
                Some(test.map(Test::Text))
            }
            AttributeType::StringCollection => {
                let Signed { test, negated } = self.text_test(property.value_type, *operator, operand)?;
                let element = ElementTest::Text { member: None, test };
                let element = if negated { ElementTest::Not(Box::new(element)) } else { element };
                Some(Signed { test: Test::AnyElement(element), negated: false })
            }
            AttributeType::ObjectCollection => {
                self.plain_on_objects(property, comparison);
                None
            }
            AttributeType::Memberships => None,
        }
    }

    fn boolean(
        &mut self,
        property: &RuleProperty,
        operator: OperatorAt,
        operand: &Operand,
    ) -> Option<Signed<Test>> {
        let negated = match operator.0 {
            Operator::Eq => false,
            Operator::Ne => true,
            _ => return self.wrong_operator(property.value_type, operator),
        };
        let value = match &operand.kind {
            OperandKind::Boolean(value) => Some(*value),
            OperandKind::Text(text) => boolean_text(text),
            OperandKind::List(_) => return self.unwanted_list(operator),
            _ => None,
        };
        if let Some(value) = value {
            return Some(Signed { test: Test::Boolean(value), negated });
        }
        let meant = meant_boolean(operand.span.of(self.text).trim_matches(['"', '\'']));
        let report = self.wrong_operand(property.value_type, operand).help("write `true`, `false` or `null`");
        self.report(match meant {
            Some(meant) => report.suggest(operand.span, meant),
            None => report,
        });
        None
    }

    fn integer(
        &mut self,
        property: &RuleProperty,
        operator: OperatorAt,
        operand: &Operand,
    ) -> Option<Signed<IntegerTest>> {
        let (positive, negated) = positive(operator.0);
        let test = match positive {
            Operator::Eq => IntegerTest::OneOf([self.number(operator, operand)?].into()),
            Operator::In => {
                let values = self.list(operator, operand)?;
                let mut numbers = Vec::with_capacity(values.len());
                for value in values {
                    numbers.push(self.number(operator, value));
                }
                let mut numbers = numbers.into_iter().collect::<Option<Vec<i64>>>()?;
                numbers.sort_unstable();
                numbers.dedup();
                IntegerTest::OneOf(numbers.into())
            }
            _ => {
                let Some(order) = order(positive) else {
                    return self.wrong_operator(property.value_type, operator);
                };
                self.strict_order(operator);
                IntegerTest::Ordered(order, self.number(operator, operand)?)
            }
        };
        Some(Signed { test, negated })
    }

    fn number(&mut self, operator: OperatorAt, operand: &Operand) -> Option<i64> {
        let number = match &operand.kind {
            OperandKind::Text(text) | OperandKind::Number(text) => text.parse().ok(),
            OperandKind::List(_) if matches!(operator.0, Operator::Eq | Operator::Ne) => {
                return self.unwanted_list(operator);
            }
            _ => None,
        };
        if number.is_none() {
            let report = self.wrong_operand(AttributeType::Integer, operand);
            self.report(report.help("write a whole number of 64 bits, as in `5`"));
        }
        number
    }

    fn date_time(
        &mut self,
        property: &RuleProperty,
        operator: OperatorAt,
        operand: &Operand,
    ) -> Option<Signed<Test>> {
        let (positive, negated) = positive(operator.0);
        let Some(order) = order(positive).or((positive == Operator::Eq).then_some(Order::Equal)) else {
            return self.wrong_operator(property.value_type, operator);
        };
        self.strict_order(operator);
        let moment = match &operand.kind {
            OperandKind::Now { .. } if order == Order::Equal => {
                let message = "the clock is never equal to a date for longer than a millisecond";
                let report = Diagnostic::new(Code::ClockEquality, operator.1, message);
                self.report(report.help("compare with `-le` or `-ge`"));
                return None;
            }
            OperandKind::Now { shift_millis } => {
                self.reads_clock = true;
                Moment::Now { shift_millis: *shift_millis }
            }
            OperandKind::Instant(text) | OperandKind::Text(text) | OperandKind::Number(text) => {
                let Ok(instant) = Instant::parse(text) else {
                    self.not_an_instant(operand, text);
                    return None;
                };
                Moment::Fixed(instant)
            }
            OperandKind::List(_) => return self.unwanted_list(operator),
            OperandKind::Boolean(_) | OperandKind::Null => {
                let report = self.wrong_operand(property.value_type, operand);
                self.report(report.help("write an instant, as in `2026-11-22T10:00:00Z`, or `system.now`"));
                return None;
            }
        };
        Some(Signed { test: Test::Instant(order, moment), negated })
    }

    fn not_an_instant(&mut self, operand: &Operand, text: &str) {
        let message = format!("`{}` is no instant", shown(text));
        let report = Diagnostic::new(Code::NotAnInstant, operand.span, message);
        let unquoted = text.trim();
        let is_clock =
            unquoted.get(.."system.now".len()).is_some_and(|start| start.eq_ignore_ascii_case("system.now"));
        let is_word = ["now", "today", "now()"].iter().any(|word| word.eq_ignore_ascii_case(unquoted));
        self.report(if is_clock {
            report.help("write it without quotes").suggest(operand.span, unquoted)
        } else if is_word {
            report.corrected(operand.span, "system.now")
        } else {
            report.help("write it as in `2026-11-22T10:00:00Z` or `2026-11-22`")
        });
    }

    /// `-lt` and `-gt` are extensions.
    fn strict_order(&mut self, (operator, span): OperatorAt) {
        if matches!(operator, Operator::Lt | Operator::Gt) {
            self.extension(span, &format!("the operator `{}`", operator.as_str()));
        }
    }

    /// An order of dotted numbers (L34).
    fn version(&mut self, order: Order, operator: OperatorAt, operand: &Operand) -> Option<Signed<TextTest>> {
        let parts = match &operand.kind {
            OperandKind::Text(text) | OperandKind::Number(text) => version_parts(text),
            _ => None,
        };
        if self.dialect == Dialect::Entra {
            let message = format!(
                "`device.deviceOSVersion` is a string without version order: `{}` does not fit",
                operator.0.as_str()
            );
            let report = Diagnostic::new(Code::VersionOrder, operator.1, message);
            self.report(report.help("compare the beginning, as in `-startsWith \"10.0.26200.\"`; the dialect `extended` orders versions"));
            return None;
        }
        let Some(parts) = parts else {
            let message = format!("`{}` is no version number", operand.span.shown(self.text));
            let report = Diagnostic::new(Code::VersionOperand, operand.span, message);
            self.report(report.help("write digits and dots, as in `\"10.0.22631\"`"));
            return None;
        };
        Some(Signed { test: TextTest::Version(order, parts), negated: false })
    }

    /// A test of one text: of a string, or of an element of a collection.
    pub(super) fn text_test(
        &mut self,
        value_type: AttributeType,
        operator: OperatorAt,
        operand: &Operand,
    ) -> Option<Signed<TextTest>> {
        let (positive, negated) = positive(operator.0);
        let test = match positive {
            Operator::In => {
                let values = self.list(operator, operand)?;
                let mut texts = Vec::with_capacity(values.len());
                for value in values {
                    texts.push(self.string(operator, value).map(folded));
                }
                let mut texts = texts.into_iter().collect::<Option<Vec<Box<str>>>>()?;
                texts.sort_unstable();
                texts.dedup();
                TextTest::OneOf(texts.into())
            }
            Operator::Eq => TextTest::OneOf([folded(self.string(operator, operand)?)].into()),
            Operator::StartsWith => TextTest::StartsWith(folded(self.string(operator, operand)?)),
            Operator::EndsWith => TextTest::EndsWith(folded(self.string(operator, operand)?)),
            Operator::Contains => TextTest::Contains(folded(self.string(operator, operand)?)),
            Operator::Match => TextTest::Matches(self.pattern(operator, operand)?),
            _ => return self.wrong_operator(value_type, operator),
        };
        Some(Signed { test, negated })
    }

    fn pattern(&mut self, operator: OperatorAt, operand: &Operand) -> Option<Pattern> {
        let text = self.string(operator, operand)?;
        match Pattern::compile(text) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                let literal = operand.span.of(self.text);
                let (whole, _) = operand.span.range();
                let span = error.span.map_or(operand.span, |inside| {
                    let at = |offset| whole + source_offset(literal, offset);
                    Span::new(at(inside.start), at(inside.end).max(at(inside.start)))
                });
                let span = if span.start == span.end { operand.span } else { span };
                let report = Diagnostic::new(Code::Pattern, span, error.message);
                self.report(match error.help {
                    Some(help) => report.help(help),
                    None => report,
                });
                None
            }
        }
    }

    /// The text that an operand of a string is (L10).
    fn string<'o>(&mut self, operator: OperatorAt, operand: &'o Operand) -> Option<&'o str> {
        let needs_string =
            !matches!(operator.0, Operator::Eq | Operator::Ne | Operator::In | Operator::NotIn);
        let written = operand.span.of(self.text);
        let report = match &operand.kind {
            OperandKind::Text(text) | OperandKind::Number(text) => return Some(text),
            OperandKind::Boolean(_) | OperandKind::Instant(_) => {
                let corrected = quoted(written);
                let report = self.wrong_operand(AttributeType::String, operand);
                report.corrected(operand.span, corrected)
            }
            OperandKind::List(_) if !needs_string => return self.unwanted_list(operator),
            OperandKind::List(_) | OperandKind::Null if needs_string => {
                let message = format!("`{}` needs a string", operator.0.as_str());
                let report = Diagnostic::new(Code::NeedsString, operand.span, message);
                report.help(if operand.kind == OperandKind::Null {
                    "compare with null by `-eq null` or `-ne null`"
                } else {
                    "write one comparison for each string, with `-or` between them"
                })
            }
            OperandKind::Now { .. } => {
                let report = self.wrong_operand(AttributeType::String, operand);
                report.help("`system.now` is compared with date-time properties only")
            }
            OperandKind::List(_) | OperandKind::Null => self.wrong_operand(AttributeType::String, operand),
        };
        self.report(report);
        None
    }

    /// The values of an array (L20).
    pub(super) fn list<'o>(&mut self, operator: OperatorAt, operand: &'o Operand) -> Option<&'o [Operand]> {
        let OperandKind::List(values) = &operand.kind else {
            let operator = operator.0;
            let written = operand.span.of(self.text);
            let message = format!("`{}` needs an array", operator.as_str());
            let report = Diagnostic::new(Code::NeedsList, operand.span, message);
            self.report(if operand.kind == OperandKind::Null {
                report.help("compare with null by `-eq null` or `-ne null`")
            } else {
                report.corrected(operand.span, format!("[{written}]"))
            });
            return None;
        };
        if values.is_empty() {
            self.extension(operand.span, "an empty array");
        }
        let mut all_fit = true;
        for value in values {
            let (what, help) = match value.kind {
                OperandKind::Null => {
                    ("null", "compare with null by itself, as in `-or user.department -eq null`")
                }
                OperandKind::List(_) => ("an array", "write all values in one array"),
                _ => continue,
            };
            let message = format!("{what} cannot stand inside an array");
            self.report(Diagnostic::new(Code::ListElement, value.span, message).help(help));
            all_fit = false;
        }
        all_fit.then_some(values)
    }

    fn unwanted_list<T>(&mut self, (operator, span): OperatorAt) -> Option<T> {
        let fitting = if operator == Operator::Ne { Operator::NotIn } else { Operator::In };
        let message = format!("`{}` compares with one value, not with an array", operator.as_str());
        let report = Diagnostic::new(Code::UnwantedList, span, message);
        self.report(match operator {
            Operator::Eq | Operator::Ne => report.corrected(span, fitting.as_str()),
            _ => report.help("write one value"),
        });
        None
    }

    pub(super) fn wrong_operator<T>(
        &mut self,
        value_type: AttributeType,
        (operator, span): OperatorAt,
    ) -> Option<T> {
        let fitting = match value_type {
            AttributeType::Boolean => "`-eq` and `-ne`",
            AttributeType::Integer => "`-eq`, `-ne`, `-le`, `-ge`, `-in` and `-notIn`",
            AttributeType::DateTime => "`-eq`, `-ne`, `-le` and `-ge`",
            _ => "`-eq`, `-ne`, `-startsWith`, `-endsWith`, `-contains`, `-match`, `-in` and their negations",
        };
        let what = if value_type == AttributeType::StringCollection { "strings" } else { noun(value_type) };
        let message = format!("`{}` does not fit {what}", operator.as_str());
        self.report(Diagnostic::new(Code::OperatorType, span, message).help(format!("{fitting} do")));
        None
    }

    fn wrong_operand(&self, value_type: AttributeType, operand: &Operand) -> Diagnostic {
        let written = operand.span.shown(self.text);
        let message = format!("`{written}` is not {}", noun(value_type));
        Diagnostic::new(Code::OperandType, operand.span, message)
    }
}

/// `-eq null` (`false`) or `-ne null` (`true`).
pub(super) fn null_test(operator: Operator, operand: &Operand) -> Option<bool> {
    match (operator, &operand.kind) {
        (Operator::Eq, OperandKind::Null) => Some(false),
        (Operator::Ne, OperandKind::Null) => Some(true),
        _ => None,
    }
}

/// The boolean that a quoted word is (L9).
pub(crate) fn boolean_text(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn positive(operator: Operator) -> (Operator, bool) {
    operator.negates().map_or((operator, false), |positive| (positive, true))
}

fn order(operator: Operator) -> Option<Order> {
    match operator {
        Operator::Le => Some(Order::AtMost),
        Operator::Ge => Some(Order::AtLeast),
        Operator::Lt => Some(Order::Below),
        Operator::Gt => Some(Order::Above),
        _ => None,
    }
}

fn folded(text: &str) -> Box<str> {
    fold::fold(text).into()
}

/// Digits and dots as numbers; final zeros, which mean nothing, left out.
fn version_parts(text: &str) -> Option<Box<[u64]>> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let part = |part: &str| if digits(part) { part.parse().ok() } else { None };
    let mut parts: Vec<u64> = text.split('.').map(part).collect::<Option<_>>()?;
    while parts.len() > 1 && parts.last() == Some(&0) {
        parts.pop();
    }
    Some(parts.into())
}
