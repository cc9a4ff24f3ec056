//! `Direct Reports for "id"` (L19).

use super::Parser;
use crate::diagnostic::{Code, Diagnostic};
use crate::lex::TokenKind;
use crate::tree::{Node, NodeKind, OperandKind, Span};

const WORDS: [&str; 3] = ["Direct", "Reports", "for"];

impl Parser<'_> {
    /// Whether `Direct Reports for`, or something like it, begins here.
    pub(super) fn at_direct_reports(&self) -> bool {
        let word = self.span().of(self.text);
        *self.kind() == TokenKind::Name
            && ["direct", "directreports", "directreport"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(word))
    }

    pub(super) fn direct_reports(&mut self) -> Option<Node> {
        let start = self.span();
        let mut right = 0;
        let mut count = 0;
        while *self.kind() == TokenKind::Name && count < WORDS.len() {
            let word = self.span().of(self.text);
            right +=
                usize::from(WORDS.get(count).is_some_and(|expected| expected.eq_ignore_ascii_case(word)));
            count += 1;
            self.advance();
            if word.eq_ignore_ascii_case("for") || word.eq_ignore_ascii_case("of") {
                break;
            }
        }
        let words = start.to(self.last_span());
        if right != WORDS.len() {
            return self.malformed(words);
        }
        let operand = match self.kind() {
            TokenKind::Text(_)
            | TokenKind::Name
            | TokenKind::Bare
            | TokenKind::Number
            | TokenKind::Path { .. } => self.id()?,
            _ => {
                let last = self.last_span();
                let report =
                    Diagnostic::new(Code::DirectReportsForm, last, "the manager's id is missing after `for`");
                self.report(report.help("write the object id in quotes, as in `Direct Reports for \"62e19b97-8b3d-4d4a-a106-4ce66896a863\"`"));
                return None;
            }
        };
        let (id, span) = operand;
        Some(Node { span: start.to(span), kind: NodeKind::DirectReports(id) })
    }

    /// The words are not the three that they should be.
    fn malformed(&mut self, words: Span) -> Option<Node> {
        let message = format!("`{}` should be `Direct Reports for`", words.shown(self.text));
        let report = Diagnostic::new(Code::DirectReportsForm, words, message);
        let corrected = WORDS.join(" ");
        self.report(match self.kind() {
            TokenKind::Text(_) => report.corrected(words, corrected),
            _ => report.help("write it as in `Direct Reports for \"62e19b97-8b3d-4d4a-a106-4ce66896a863\"`"),
        });
        None
    }

    fn id(&mut self) -> Option<(String, Span)> {
        let operand =
            if matches!(self.kind(), TokenKind::Text(_)) { self.text_operand() } else { self.unquoted()? };
        match operand.kind {
            OperandKind::Text(id) => Some((id, operand.span)),
            _ => None,
        }
    }
}
