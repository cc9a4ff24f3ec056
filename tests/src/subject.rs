//! What tests drive: something that takes event lines and answers with deltas.

use muster_directory::{Delta, Rejection};

/// The answer to one line.
pub type Outcome = Result<Vec<Delta>, Rejection>;

/// An engine with everything that it needs to take lines.
pub trait Subject {
    /// Takes one line, and answers once all its deltas are decided.
    ///
    /// # Errors
    /// The rejection, where the line is refused.
    fn feed(&mut self, line: &str) -> Outcome;

    /// Stops, and goes on from what is stored. That causes no deltas.
    fn restart(&mut self);
}
