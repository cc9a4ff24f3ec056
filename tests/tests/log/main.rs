//! The log: one suite, run over the embedded log and over Kafka; then what only one of them can show.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what it expected"
)]

mod embedded;
mod group;
mod kafka;
mod secure;
mod suite;
mod support;
