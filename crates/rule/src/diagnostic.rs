//! What is wrong with a rule, for people and for programs.
//!
//! A diagnostic points into the rule's text by bytes; lines and columns are worked out when it is
//! shown. It knows nothing of how the mistake was found.

mod code;
mod json;
mod render;

pub use code::{Code, Severity};
pub use render::Style;

use crate::tree::{Span, shown};

/// One mistake, or one doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// One sentence: what is wrong.
    pub message: String,
    /// What to type, or to know.
    pub help: Option<String>,
    /// What is underlined.
    pub span: Span,
    /// Other places that matter, and why.
    pub related: Vec<(Span, String)>,
    /// A correction that can be applied as it is.
    pub suggestion: Option<Suggestion>,
}

/// A correction of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
    /// Whether that is what the author meant.
    pub confidence: Confidence,
}

/// How sure it is that a correction is what the author meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// Nothing else can be meant.
    Certain,
    /// It is close in spelling, and may be something else.
    Guess,
}

/// A place as editors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1. Lines end at LF, CR or CRLF.
    pub line: usize,
    /// In UTF-16 units, from 1.
    pub column: usize,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        let message = one_line(message.into());
        Diagnostic { code, message, help: None, span, related: Vec::new(), suggestion: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(one_line(help.into()));
        self
    }

    pub(crate) fn related(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.related.push((span, message.into()));
        self
    }

    /// Suggests `text` for `span`, and says so as the help.
    pub(crate) fn corrected(self, span: Span, text: impl Into<String>) -> Diagnostic {
        let text = text.into();
        self.help(format!("write `{}`", shown(&text))).suggest(span, text)
    }

    pub(crate) fn suggest(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.suggestion = Some(Suggestion { span, text: text.into(), confidence: Confidence::Certain });
        self
    }

    /// As [`suggest`](Self::suggest), of what is merely similar.
    pub(crate) fn guess(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.suggestion = Some(Suggestion { span, text: text.into(), confidence: Confidence::Guess });
        self
    }

    /// Error or warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether it refuses the rule.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }

    /// Where its underlining begins.
    #[must_use]
    pub fn place(&self, text: &str) -> Place {
        place(text, self.span.start)
    }
}

impl Suggestion {
    /// Puts a space where a word would grow together with one beside it, as in `-eq"true"`.
    pub(crate) fn keep_words_apart(&mut self, text: &str) {
        let in_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let (start, end) = self.span.range();
        let replaced = self.span.of(text);
        let before = text.get(..start).unwrap_or("").chars().next_back();
        if in_word(before) && in_word(self.text.chars().next()) && !in_word(replaced.chars().next()) {
            self.text.insert(0, ' ');
        }
        let after = text.get(end..).unwrap_or("").chars().next();
        if in_word(after) && in_word(self.text.chars().next_back()) && !in_word(replaced.chars().next_back())
        {
            self.text.push(' ');
        }
    }

    /// `text`, of which this is a correction, corrected.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let (start, end) = self.span.range();
        let (before, after) = (text.get(..start).unwrap_or(text), text.get(end..).unwrap_or(""));
        [before, &self.text, after].concat()
    }
}

/// Sentences quote the rule: its line breaks and control characters have no place in them, nor all of a long name.
fn one_line(mut sentence: String) -> String {
    const MOST: usize = 400;
    if sentence.contains(char::is_control) {
        sentence = sentence.replace(char::is_control, " ");
    }
    if sentence.len() > MOST {
        sentence.truncate(sentence.floor_char_boundary(MOST));
        sentence.push('…');
    }
    sentence
}

pub(crate) fn place(text: &str, offset: u32) -> Place {
    let before = text.get(..offset as usize).unwrap_or(text);
    let (mut line, mut line_start) = (1, 0);
    for (at, byte) in before.bytes().enumerate() {
        let ends_line = match byte {
            b'\n' => true,
            b'\r' => text.as_bytes().get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        if ends_line {
            (line, line_start) = (line + 1, at + 1);
        }
    }
    let column = before.get(line_start..).unwrap_or("").encode_utf16().count() + 1;
    Place { line, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_utf16_units_and_lines_end_three_ways() {
        let text = "a\r\nb\rc\n😀é-x";
        let check = |needle: &str, line, column| {
            let offset = u32::try_from(text.find(needle).unwrap()).unwrap();
            assert_eq!(place(text, offset), Place { line, column }, "{needle}");
        };
        check("a", 1, 1);
        check("b", 2, 1);
        check("c", 3, 1);
        check("😀", 4, 1);
        check("é", 4, 3);
        check("x", 4, 5);
        assert_eq!(place(text, u32::try_from(text.len()).unwrap()), Place { line: 4, column: 6 });
    }

    #[test]
    fn a_suggestion_is_applied_where_it_points() {
        let (span, confidence) = (Span { start: 2, end: 4 }, Confidence::Certain);
        let suggestion = Suggestion { span, text: "xyz".into(), confidence };
        assert_eq!(suggestion.apply("é--é"), "éxyzé");
    }
}
