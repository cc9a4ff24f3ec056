//! Why a pattern is refused.

use std::ops::Range;

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// One sentence: what is wrong.
    pub message: String,
    /// Bytes inside the pattern; `None` where it is the pattern as a whole.
    pub span: Option<Range<usize>>,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl PatternError {
    pub(super) fn at(span: Range<usize>, message: impl Into<String>) -> PatternError {
        PatternError { message: message.into(), span: Some(span), help: None }
    }

    pub(super) fn whole(message: impl Into<String>) -> PatternError {
        PatternError { message: message.into(), span: None, help: None }
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> PatternError {
        self.help = Some(help.into());
        self
    }
}
