//! Full re-evaluation, naive on purpose: what the memberships of a directory are, and which deltas
//! an event must cause, worked out from scratch after every event.
//!
//! The oracle is written from the specification, not from the engine. It walks the *syntax tree* of
//! a rule and shares neither the checked expression, nor the folding, the patterns and the tests of
//! `muster-rule` with what it judges, and it knows neither index nor engine. Where a choice between
//! fast and plain comes up, it is plain. Where it meets what it does not understand it panics: an
//! oracle must not guess.

mod attribute;
mod cause;
mod fold;
mod meaning;
mod moment;
mod object;
mod pattern;
mod request;
mod subject;
mod world;

pub use cause::{ExpectedDelta, expected_deltas};
pub use subject::Subject;
pub use world::{Membership, Verdict, World};

/// Stops the test that asked for something beyond this oracle.
#[expect(clippy::panic, reason = "an oracle that guesses would hide what it exists to find")]
fn beyond(what: &str) -> ! {
    panic!("beyond the oracle: {what}")
}
