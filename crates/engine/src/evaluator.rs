//! Which evaluator decides: how a rule's text becomes what selects objects, and since which version so.
//!
//! Stored memberships agree with a definition by one evaluator. A program whose evaluator selects otherwise has a
//! greater version, finds groups of another one when it starts, and synchronises them; so an upgrade's deltas are
//! what the two evaluators differ in.

use muster_rule::diagnostic::Diagnostic;
use muster_rule::{Dialect, Rule, Schema};

/// An evaluator by its version. There is one, but in tests.
#[derive(Clone, Copy, Debug)]
pub struct Evaluator {
    /// Differs between programs that may select different objects by one rule. Stored with each group.
    pub version: u32,
    /// From a rule's text to what evaluates it.
    pub parse: fn(&str, Dialect, &Schema) -> Result<Rule, Vec<Diagnostic>>,
}

impl Default for Evaluator {
    fn default() -> Evaluator {
        Evaluator { version: muster_rule::EVALUATOR, parse: Rule::parse }
    }
}
