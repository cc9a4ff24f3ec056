//! What the tests across crates share.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: a broken harness should stop the test"
)]

pub mod engine;
pub mod program;
pub mod random;
