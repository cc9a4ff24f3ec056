//! Whether a value satisfies a test: the one place where the language's meaning is decided.

use crate::rule::Test;
use crate::{Instant, Value};

impl Test {
    /// Whether `value` (`None`: absent) satisfies this at `now`.
    #[must_use]
    pub fn holds(&self, value: Option<&Value>, _now: Instant) -> bool {
        match (self, value) {
            (Test::Null, value) => value.is_none(),
            _ => false,
        }
    }
}
