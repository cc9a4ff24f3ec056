//! Tokens to syntax tree, by recursive descent (the grammar of the rule language).
//!
//! All mistakes that can be found are found: after one, the parser skips to the next connective or
//! parenthesis of the same level and goes on. Recursion is bounded by [`MAX_DEPTH`] (L13), whatever
//! the text. The parser knows no types and no property names; `check` does.

mod comparison;
mod date;
mod direct_reports;
mod element;
mod operand;
mod operator;
mod start;

use crate::diagnostic::{Code, Diagnostic};
use crate::lex::{Token, TokenKind, is_white_space, lex};
use crate::tree::{Node, NodeKind, Property, Span};
use crate::words::Word;

pub(crate) use comparison::kind_of;
pub(crate) use operand::meant_boolean;

/// The longest rule, in UTF-16 code units (L12).
pub const MAX_LENGTH: usize = 3072;
/// How deep parentheses, brackets and `-not` may nest together (L13).
pub const MAX_DEPTH: usize = 100;

/// The syntax tree of a rule's text. Names, types and dialect are not checked.
///
/// # Errors
/// Every mistake in the text, in the order of their places.
pub fn parse_tree(text: &str) -> Result<Node, Vec<Diagnostic>> {
    let mut parsed = parse(text);
    match parsed.tree {
        Some(tree) if parsed.diagnostics.is_empty() => Ok(tree),
        _ => {
            parsed.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
            Err(parsed.diagnostics)
        }
    }
}

/// What a text parsed to. Without diagnostics there is a tree, and it is whole.
pub(crate) struct Parsed {
    /// With diagnostics: what could be understood.
    pub(crate) tree: Option<Node>,
    /// Properties whose comparisons were not understood.
    pub(crate) loose: Vec<Property>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

pub(crate) fn parse(text: &str) -> Parsed {
    if let Some(refusal) = start::refuse_whole(text) {
        return Parsed { tree: None, loose: Vec::new(), diagnostics: vec![refusal] };
    }
    let lexed = lex(text);
    let mut parser = Parser {
        text,
        tokens: lexed.tokens,
        at: 0,
        nesting: Vec::new(),
        loose: Vec::new(),
        diagnostics: lexed.diagnostics,
        subject: None,
        given_up: false,
    };
    let tree = parser.rule();
    Parsed { tree, loose: parser.loose, diagnostics: parser.diagnostics }
}

struct Parser<'t> {
    text: &'t str,
    /// The last is `End`.
    tokens: Vec<Token>,
    at: usize,
    /// The open parentheses, brackets and `-not`s around the present token.
    nesting: Vec<Span>,
    loose: Vec<Property>,
    diagnostics: Vec<Diagnostic>,
    /// The last property that was compared, for comparisons that leave theirs out.
    subject: Option<Span>,
    /// Nothing more can be said of the text.
    given_up: bool,
}

/// A node and what it covers with its own parentheses.
struct Term<T> {
    node: T,
    outer: Span,
}

/// The two levels of expression, over an object and over an element of a collection: the same
/// connectives over different leaves.
trait Level: Sized {
    fn or(span: Span, terms: Vec<Self>) -> Self;
    fn and(span: Span, terms: Vec<Self>) -> Self;
    fn not(span: Span, term: Self) -> Self;
    /// Parses what is neither a connective nor a parenthesis. `None`: reported.
    fn leaf(parser: &mut Parser<'_>) -> Option<Term<Self>>;
}

impl Level for Node {
    fn or(span: Span, terms: Vec<Node>) -> Node {
        Node { span, kind: NodeKind::Or(terms) }
    }

    fn and(span: Span, terms: Vec<Node>) -> Node {
        Node { span, kind: NodeKind::And(terms) }
    }

    fn not(span: Span, term: Node) -> Node {
        Node { span, kind: NodeKind::Not(Box::new(term)) }
    }

    fn leaf(parser: &mut Parser<'_>) -> Option<Term<Node>> {
        let node = parser.primary()?;
        Some(Term { outer: node.span, node })
    }
}

impl Parser<'_> {
    fn rule(&mut self) -> Option<Node> {
        let mut tree = self.or_expression::<Node>();
        while !matches!(self.kind(), TokenKind::End) {
            let span = self.advance();
            let report =
                Diagnostic::new(Code::Unopened, span, format!("`{}` closes nothing", span.of(self.text)));
            self.report(report.help("remove it").suggest(span, ""));
            let more = matches!(self.kind(), TokenKind::Word(Word::And | Word::Or));
            if more {
                self.advance();
            }
            if !matches!(self.kind(), TokenKind::End | TokenKind::Close) {
                tree = tree.or(self.or_expression::<Node>());
            }
        }
        tree.map(|term| term.node)
    }

    fn or_expression<L: Level>(&mut self) -> Option<Term<L>> {
        let mut terms = Vec::new();
        loop {
            terms.extend(self.and_expression::<L>());
            if !self.eat(Word::Or) {
                return join(terms, L::or);
            }
        }
    }

    fn and_expression<L: Level>(&mut self) -> Option<Term<L>> {
        let mut terms = Vec::new();
        loop {
            let term = self.not_expression::<L>();
            let understood = term.is_some();
            terms.extend(term);
            let more = if understood { self.leftover() } else { self.recover() };
            if !more {
                return join(terms, L::and);
            }
        }
    }

    /// After a whole term: takes the `-and`, or reports what stands there instead of a connective.
    /// Whether another term of the same conjunction follows.
    fn leftover(&mut self) -> bool {
        if self.at_term_end() {
            return self.eat(Word::And);
        }
        if let Some(connective) = self.foreign_connective() {
            return connective == Word::And;
        }
        let span = self.span();
        let found = span.shown(self.text);
        if self.term_starts() {
            let before = Span { start: span.start, end: span.start };
            let message = format!("`-and` or `-or` is missing before `{found}`");
            let report = Diagnostic::new(Code::MissingConnective, span, message);
            self.report(
                report.help("put `-and` between comparisons that must both hold").suggest(before, "-and "),
            );
            return true;
        }
        if *self.kind() == TokenKind::Comma && self.property_ahead() {
            let report = Diagnostic::new(Code::MissingConnective, span, "`,` does not join comparisons");
            self.report(report.help("write `-and` where both must hold").suggest(span, " -and"));
            self.advance();
            return true;
        }
        if *self.kind() == TokenKind::UnknownWord {
            let report = Diagnostic::new(
                Code::UnknownOperator,
                span,
                format!("`{found}` is not an operator of rules"),
            );
            self.report(report.help("comparisons are joined by `-and` and `-or`"));
            self.advance();
            return self.at_connective_or_term();
        }
        let report = Diagnostic::new(Code::Unexpected, span, format!("`{found}` is not expected here"));
        let is_last = *self.kind() == TokenKind::Stray && *self.kind_ahead(1) == TokenKind::End;
        self.report(if is_last {
            report.help("remove it").suggest(span, "")
        } else {
            report.help("after a comparison come `-and`, `-or`, `)` or the end")
        });
        self.recover()
    }

    /// Whether a term follows what stood in the place of a connective; else as [`recover`](Self::recover).
    fn at_connective_or_term(&mut self) -> bool {
        self.term_starts() || self.recover()
    }

    fn not_expression<L: Level>(&mut self) -> Option<Term<L>> {
        match self.kind() {
            TokenKind::Word(Word::Not) => {
                let not = self.enter()?;
                let term = self.not_expression::<L>();
                self.nesting.pop();
                let term = term?;
                let span = not.to(term.outer);
                Some(Term { node: L::not(span, term.node), outer: span })
            }
            TokenKind::Sign if self.span().of(self.text) == "!" => {
                let span = self.span();
                let report = Diagnostic::new(Code::UnknownOperator, span, "`!` is not an operator of rules");
                self.report(report.help("write `-not`").suggest(span, "-not "));
                self.advance();
                self.not_expression::<L>()
            }
            TokenKind::Open => self.parenthesized::<L>(),
            _ => L::leaf(self),
        }
    }

    fn parenthesized<L: Level>(&mut self) -> Option<Term<L>> {
        let open = self.enter()?;
        let term = self.or_expression::<L>();
        let close = self.close();
        let term = term?;
        Some(Term { outer: open.to(close.unwrap_or(term.outer)), node: term.node })
    }

    /// Takes the `)` of the innermost open parenthesis, or reports that it is missing. Its span.
    fn close(&mut self) -> Option<Span> {
        let close = if matches!(self.kind(), TokenKind::Close) {
            Some(self.advance())
        } else {
            self.unclosed();
            None
        };
        self.nesting.pop();
        close
    }

    /// The text ends inside parentheses or brackets. Reported once, for all that are open.
    fn unclosed(&mut self) {
        let last = self.last_span();
        let end = Span { start: last.end, end: last.end };
        let mut closing = String::new();
        let mut openings = Vec::new();
        for opening in self.nesting.iter().rev() {
            match opening.of(self.text) {
                "(" => closing.push(')'),
                "[" => closing.push(']'),
                _ => continue,
            }
            openings.push(*opening);
        }
        let what = if closing.starts_with(']') { "]" } else { ")" };
        let mut report = Diagnostic::new(Code::Unclosed, last, format!("`{what}` is missing after this"))
            .help(format!("add `{closing}`"))
            .suggest(end, closing);
        for opening in openings.into_iter().take(3) {
            report = report.related(opening, "opened here");
        }
        self.report(report);
        self.give_up();
    }

    /// Takes a token that nests: `(`, `[` or `-not`. Whoever calls pops it again.
    fn enter(&mut self) -> Option<Span> {
        if self.nesting.len() >= MAX_DEPTH {
            let message = format!("parentheses and `-not` nest more than {MAX_DEPTH} deep");
            let report = Diagnostic::new(Code::TooDeep, self.span(), message);
            self.report(report.help("remove parentheses that are not needed, or split the rule"));
            self.give_up();
            return None;
        }
        let span = self.advance();
        self.nesting.push(span);
        Some(span)
    }

    /// Skips to the end of the term that was not understood. As [`leftover`](Self::leftover).
    fn recover(&mut self) -> bool {
        let mut open = 0_usize;
        loop {
            match self.kind() {
                TokenKind::End => return false,
                TokenKind::Open => open += 1,
                TokenKind::Close if open > 0 => open -= 1,
                TokenKind::Close => return false,
                TokenKind::Word(Word::And | Word::Or) if open == 0 => return self.eat(Word::And),
                _ => {}
            }
            self.advance();
        }
    }

    /// Whether the present token ends a term.
    fn at_term_end(&self) -> bool {
        matches!(self.kind(), TokenKind::End | TokenKind::Close | TokenKind::Word(Word::And | Word::Or))
    }

    /// Whether the present token begins a term.
    fn term_starts(&self) -> bool {
        matches!(
            self.kind(),
            TokenKind::Open | TokenKind::Path { .. } | TokenKind::Underscore | TokenKind::Word(Word::Not)
        ) || self.at_direct_reports()
    }

    fn kind(&self) -> &TokenKind {
        self.kind_ahead(0)
    }

    /// The kind of the token so many after the present one.
    fn kind_ahead(&self, count: usize) -> &TokenKind {
        self.tokens.get(self.at + count).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn span(&self) -> Span {
        self.span_ahead(0)
    }

    fn span_ahead(&self, count: usize) -> Span {
        let end = Span::new(self.text.len(), self.text.len());
        self.tokens.get(self.at + count).map_or(end, |token| token.span)
    }

    /// The token before the present one; at the very start, the present one.
    fn last_span(&self) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or_else(|| self.span(), |token| token.span)
    }

    /// Goes past the present token, but never past the end. Its span.
    fn advance(&mut self) -> Span {
        let span = self.span();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        span
    }

    fn eat(&mut self, word: Word) -> bool {
        let found = *self.kind() == TokenKind::Word(word);
        if found {
            self.advance();
        }
        found
    }

    /// Reports, unless the same words are at fault already: one mistake, one report.
    fn report(&mut self, diagnostic: Diagnostic) {
        let first = self.diagnostics.iter().all(|earlier| earlier.span != diagnostic.span);
        if !self.given_up && first {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Says nothing more and goes to the end.
    fn give_up(&mut self) {
        self.given_up = true;
        self.at = self.tokens.len().saturating_sub(1);
    }

    /// The text ends where `what` should stand.
    fn premature_end(&mut self, what: &str) {
        let last = self.last_span();
        let message = format!("the rule ends after `{}`, where {what} should follow", last.shown(self.text));
        let report = Diagnostic::new(Code::PrematureEnd, last, message);
        let before = self.at.checked_sub(2).and_then(|at| self.tokens.get(at));
        let is_connective = matches!(self.last_token(), Some(TokenKind::Word(Word::And | Word::Or)));
        self.report(match before {
            Some(before) if is_connective => {
                let superfluous = Span { start: before.span.end, end: last.end };
                report.help("write another comparison, or remove it").suggest(superfluous, "")
            }
            _ => report.help("write it, or remove what asks for it"),
        });
    }
}

fn join<L: Level>(mut terms: Vec<Term<L>>, join: fn(Span, Vec<L>) -> L) -> Option<Term<L>> {
    if terms.len() < 2 {
        return terms.pop();
    }
    let span = terms.first()?.outer.to(terms.last()?.outer);
    Some(Term { node: join(span, terms.into_iter().map(|term| term.node).collect()), outer: span })
}

/// Whether there is nothing but white space.
pub(crate) fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_matches(is_white_space).is_empty()
}
