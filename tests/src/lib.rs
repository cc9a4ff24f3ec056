//! What the tests across crates share.
#![expect(clippy::expect_used, reason = "test support: a broken harness should stop the test")]

pub mod engine;
