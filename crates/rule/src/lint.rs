//! Lints: rules that are valid and may not mean what their authors mean.

use crate::Rule;
use crate::diagnostic::Diagnostic;

/// What may not be meant in `rule`, in the order of places.
pub(crate) fn lint(_rule: &Rule) -> Vec<Diagnostic> {
    Vec::new()
}
