//! Where it travels: in from files or a log, out to files or a log. A log is topics of records, on the
//! local disk or in Kafka, behind one set of traits.
//!
//! Positions are data that a store keeps beside the state; files remember nothing between two runs. What
//! a line or a record means is the business of `wire`.

pub mod embedded;
pub mod file;
pub mod kafka;
pub mod kill_point;
pub mod log;
