//! The membership rule language: text to syntax tree to checked rule, and its one evaluator.
//!
//! Validator, preview, explanation and engine all decide through [`Rule::matches`] and
//! [`Predicate::holds`]; there is no second evaluator to disagree with. This crate knows no
//! groups, no storage and no clock: the time is an argument.

pub mod attribute;
mod evaluate;
pub mod explain;
pub mod fold;
pub mod instant;
pub mod pattern;
pub mod property;
pub mod rule;
pub mod schema;
pub mod tree;
pub mod value;

pub use attribute::{Attribute, AttributeType, ObjectKind};
pub use explain::Explanation;
pub use instant::Instant;
pub use rule::{Dialect, Expression, ExpressionKind, Memberships, Predicate, Row, Rule, Test};
pub use schema::{DeclaredAttribute, Schema, SchemaError};
pub use value::{Element, Text, Value};
