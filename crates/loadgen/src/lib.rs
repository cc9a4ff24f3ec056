//! Synthetic organisations, their rules and changes, and the load benchmark on them.
//!
//! Everything follows from a seed, so that two machines, or two programs, measure the same work.

pub mod bench;
pub mod files;
pub mod line;
pub mod matcher;
pub mod organisation;
pub mod profile;
pub mod random;
pub mod rules;
pub mod verify;
pub mod workload;

pub use profile::Profile;
pub use workload::{Size, Workload};
