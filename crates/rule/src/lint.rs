//! Lints: rules that are valid and may not mean what their authors mean.
//!
//! One file each. A lint sees the rule as written beside the rule as checked; it never refuses, and
//! where it is not sure it is silent.

mod address_prefix;
mod all_for_none;
mod all_not_null;
mod always_true;
mod bare_quantifier;
mod chain_of_equals;
mod empty_text;
mod lone_apostrophe;
mod mixed_connectives;
mod negative_on_collection;
mod never_true;
mod plain_pattern;
mod quoted_boolean;
mod quoted_null;
mod redundant;
mod self_written;
#[cfg(test)]
mod tests;
mod unbounded_pattern;
mod unlisted_property;
mod view;
mod wrong_value;

use crate::Rule;
use crate::diagnostic::Diagnostic;
use view::View;

type Lint = fn(&View<'_>, &mut Vec<Diagnostic>);

const LINTS: [Lint; 19] = [
    quoted_null::lint,
    empty_text::lint,
    negative_on_collection::lint,
    always_true::lint,
    never_true::lint,
    redundant::lint,
    mixed_connectives::lint,
    plain_pattern::lint,
    chain_of_equals::lint,
    address_prefix::lint,
    bare_quantifier::lint,
    self_written::lint,
    unbounded_pattern::lint,
    wrong_value::lint,
    all_not_null::lint,
    all_for_none::lint,
    lone_apostrophe::lint,
    quoted_boolean::lint,
    unlisted_property::lint,
];

/// What may not be meant in `rule`.
pub(crate) fn lint(rule: &Rule) -> Vec<Diagnostic> {
    let view = View::of(rule);
    let mut found = Vec::new();
    for lint in LINTS {
        lint(&view, &mut found);
    }
    found
}
