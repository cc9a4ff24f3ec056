//! Where it travels: event lines in from files, delta lines and dead letters out to files.
//!
//! Positions are data that a store keeps beside the state; nothing here remembers anything between
//! two runs. What a line means is the business of `wire`.

pub mod file;
