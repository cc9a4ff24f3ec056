//! What the tests across crates share: engines in memory, the oracle beside them, random histories, the
//! program itself.
//!
//! Everything random comes from a seed, which a failure prints.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: a broken harness should stop the test"
)]

pub mod broker;
pub mod campaign;
pub mod checker;
pub mod decode;
pub mod differential;
pub mod engine;
pub mod faults;
pub mod guard;
pub mod history;
pub mod licences;
pub mod mirror;
pub mod previewed;
pub mod program;
pub mod random;
pub mod rules;
pub mod scenario;
pub mod service;
pub mod shrink;
pub mod simulation;
pub mod sliced;
pub mod spelling;
pub mod staff;
pub mod subject;
pub mod universe;
pub mod upgraded;
