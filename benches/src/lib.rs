//! The load that benches measure on: a synthetic organisation, its rules, and a stream of changes.
//!
//! Everything follows from a seed, so that two machines, or two programs, measure the same work.

pub mod organisation;
pub mod random;
pub mod rules;
pub mod workload;
