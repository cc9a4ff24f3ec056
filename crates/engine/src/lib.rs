//! One partition's state machine: events, definitions and time in; outbox entries out.

pub mod storage;
