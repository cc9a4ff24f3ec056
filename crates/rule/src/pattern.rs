//! Patterns of `-match`: .NET syntax as far as a safe engine can (L24).

use std::sync::Arc;

/// A compiled pattern. Two patterns are equal when their texts are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: Arc<str>,
}
