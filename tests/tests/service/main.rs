//! The service as its users see it: the real binary, over HTTP and over Kafka.
//!
//! What it publishes, folded at rest, is what the oracle says of the same lines in the same order.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod embedded;
mod export;
mod gated;
mod instances;
mod kafka;
mod licences;
mod licensing_inputs;
mod poison;
mod pressure;
mod rebalance;
mod refusal;
mod restore;
mod support;
mod worlds;
mod wrapped;
