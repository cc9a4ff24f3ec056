//! `memberOf` (L36, L37).

use super::Checker;
use crate::diagnostic::{Code, Diagnostic};
use crate::rule::ExpressionKind;
use crate::tree::{
    Comparison, ElementComparison, ElementKind, ElementSubject, Operand, OperandKind, Operator, Quantified,
    Quantifier, Span,
};
use crate::{AttributeType, Dialect, Predicate, fold};
use std::sync::Arc;

/// The dialect `entra` allows so many ids, as written.
const MAX_IDS: usize = 50;

impl Checker<'_> {
    pub(super) fn member_of(&mut self, quantified: &Quantified, span: Span) -> Option<ExpressionKind> {
        let property = quantified.property.span;
        if self.root != span {
            self.extension(property, "`memberOf` combined with other conditions");
        }
        let (quantifier, at) = quantified.quantifier;
        if quantifier == Quantifier::All {
            let report = Diagnostic::new(Code::MemberOfForm, at, "`-all` cannot be asked of `memberOf`");
            self.report(report.help("write `-any`").suggest(at, "-any"));
        }
        let ElementKind::Comparison(comparison) = &quantified.body.kind else {
            let message = "`memberOf` takes one comparison of `group.objectId`";
            let report = Diagnostic::new(Code::MemberOfForm, quantified.body.span, message);
            self.report(report.help("write all ids in one array, as in `group.objectId -in ['g1', 'g2']`"));
            return None;
        };
        let subject_fits = self.group_id(comparison);
        let ids = self.group_ids(comparison)?;
        if !subject_fits || quantifier == Quantifier::All {
            return None;
        }
        self.sources.extend(ids.iter().cloned());
        let mut ids = ids;
        ids.sort();
        ids.dedup();
        let predicate = Arc::new(Predicate::MemberOf(ids.into()));
        Some(ExpressionKind::Literal { predicate, negated: false })
    }

    /// Whether the comparison looks at `group.objectId`; else that is reported.
    fn group_id(&mut self, comparison: &ElementComparison) -> bool {
        let span = comparison.subject_span;
        let (code, message) = match &comparison.subject {
            ElementSubject::Member { prefix, name } if prefix.eq_ignore_ascii_case("group") => {
                if name.eq_ignore_ascii_case("objectId") {
                    return true;
                }
                (Code::UnknownMember, format!("`group` has no member `{name}`"))
            }
            _ => (Code::WrongElement, "the elements of `memberOf` are groups".to_owned()),
        };
        let report = Diagnostic::new(code, span, message);
        self.report(report.help("write `group.objectId`").suggest(span, "group.objectId"));
        false
    }

    /// The folded ids that are compared with. `None`: reported.
    fn group_ids(&mut self, comparison: &ElementComparison) -> Option<Vec<Arc<str>>> {
        let (operator, at) = comparison.operator;
        let operand = &comparison.operand;
        let values = match operator {
            _ if operand.kind == OperandKind::Null => {
                let report = Diagnostic::new(Code::MemberOfForm, operand.span, "no group has a null id");
                self.report(report.help("write the ids of groups, as in `-in ['g1', 'g2']`"));
                return None;
            }
            Operator::In => self.list(comparison.operator, operand)?,
            Operator::Eq => {
                if let OperandKind::List(_) = operand.kind {
                    return self.one_id_needed(at);
                }
                if self.dialect == Dialect::Entra {
                    self.equality(comparison);
                }
                std::slice::from_ref(operand)
            }
            _ => {
                let message = format!("`{}` cannot be asked of `memberOf`", operator.as_str());
                let report = Diagnostic::new(Code::MemberOfForm, at, message);
                self.report(match operator {
                    Operator::Ne | Operator::NotIn => report.help(
                        "in the dialect `extended`, write `-not (user.memberOf -any (group.objectId -in [...]))`",
                    ),
                    _ => report.help("write `-in` and an array of ids"),
                });
                return None;
            }
        };
        if values.len() > MAX_IDS {
            let what = format!("`memberOf` with more than {MAX_IDS} groups ({} here)", values.len());
            self.extension(operand.span, &what);
        }
        let ids: Vec<_> = values.iter().filter_map(|value| self.id(comparison.operator, value)).collect();
        (ids.len() == values.len()).then_some(ids)
    }

    fn id(&mut self, operator: (Operator, Span), value: &Operand) -> Option<Arc<str>> {
        let equal = (Operator::Eq, operator.1);
        self.text_test(AttributeType::String, equal, value)?;
        match &value.kind {
            OperandKind::Text(id) | OperandKind::Number(id) => Some(Arc::from(fold::fold(id))),
            _ => None,
        }
    }

    fn one_id_needed<T>(&mut self, at: Span) -> Option<T> {
        let report =
            Diagnostic::new(Code::UnwantedList, at, "`-eq` compares with one value, not with an array");
        self.report(report.help("write `-in`").suggest(at, "-in"));
        None
    }

    /// `-eq` in the dialect `entra`.
    fn equality(&mut self, comparison: &ElementComparison) {
        let (operator, operand) = (comparison.operator.1, comparison.operand.span);
        let message = "`memberOf` with `-eq` is an extension that Microsoft Entra does not have";
        let report = Diagnostic::new(Code::NeedsExtended, operator, message);
        let corrected = format!("-in [{}]", operand.of(self.text));
        let help = format!("write `{corrected}`, or give the rule the dialect `extended`");
        self.report(report.help(help).suggest(operator.to(operand), corrected));
    }

    /// `user.memberOf -eq 'g1'`, without a quantifier.
    pub(super) fn plain_member_of(&mut self, comparison: &Comparison) {
        let (operator, at) = comparison.operator;
        let operand = &comparison.operand;
        if operand.kind == OperandKind::Null {
            let message = "`memberOf` cannot be compared with null";
            let report = Diagnostic::new(Code::MemberOfForm, operand.span, message);
            self.report(
                report
                    .help("write the ids of groups, as in `user.memberOf -any (group.objectId -in ['g1'])`"),
            );
            return;
        }
        let message = format!("`{}` cannot compare a collection of group ids", operator.as_str());
        let report = Diagnostic::new(Code::PlainOnObjects, at, message);
        let written = operand.span.of(self.text);
        let ids = if matches!(operand.kind, OperandKind::List(_)) {
            written.to_owned()
        } else {
            format!("[{written}]")
        };
        let property = comparison.property.span;
        let corrected = format!("{} -any (group.objectId -in {ids})", property.of(self.text));
        self.report(match operator.negates() {
            None => report.corrected(property.to(operand.span), corrected),
            Some(_) => report.help(format!("in the dialect `extended`, write `-not ({corrected})`")),
        });
    }
}
