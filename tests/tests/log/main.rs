//! The log: one suite, run over the embedded log and over Kafka; then what only one of them can show.

mod embedded;
mod kafka;
mod suite;
mod support;
