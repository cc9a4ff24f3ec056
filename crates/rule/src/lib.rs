//! The membership rule language: text to syntax tree to checked rule, and its one evaluator.
//!
//! Validator, preview, explanation and engine all decide through [`Rule::matches`] and
//! [`Predicate::holds`]; there is no second evaluator to disagree with. This crate knows no
//! groups, no storage and no clock: the time is an argument.

pub mod attribute;
pub mod check;
pub mod diagnostic;
mod evaluate;
pub mod explain;
pub mod fold;
pub mod instant;
mod lex;
mod lint;
pub mod migrate;
pub mod parse;
pub mod pattern;
mod print;
pub mod property;
pub mod rule;
pub mod schema;
pub mod spelling;
pub mod tree;
pub mod value;
mod words;

/// Which evaluator this is. To be raised with every change by which some rule selects other objects than before:
/// programs that find memberships of another number bring them up to date when they start.
pub const EVALUATOR: u32 = 1;

pub use attribute::{Attribute, AttributeType, ObjectKind};
pub use check::{Checked, check};
pub use diagnostic::{Code, Diagnostic, Severity};
pub use explain::Explanation;
pub use instant::Instant;
pub use parse::parse_tree;
pub use rule::{Dialect, Expression, ExpressionKind, Memberships, Predicate, Row, Rule, Test};
pub use schema::{DeclaredAttribute, Schema, SchemaError};
pub use value::{Element, Text, Value};
