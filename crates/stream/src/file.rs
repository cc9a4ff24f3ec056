//! Files as a stream: several inputs read in order and resumable, two outputs with every line once.
//!
//! *In.* A position names the file, the line, the byte, and a fingerprint of all bytes before it.
//! Resuming reads those bytes again, so that other files than before are noticed.
//!
//! *Out.* The engine's state and its outbox are committed first, then lines are appended here, then
//! the lengths of the files are acknowledged. Whoever resumes cuts the files back to the
//! acknowledged lengths and appends the rest of the outbox again: the same bytes, for a line is a
//! function of its entry. So a kill may fall
//! - between commit and append: the lines come from the outbox;
//! - into an append: the torn tail is cut off, and the lines come from the outbox;
//! - between append and acknowledgement: the same, and the same lines are written again;
//! - after it: the outbox is empty and nothing is past the lengths.
//!
//! Lengths are acknowledged only when the bytes are on the disk ([`Outputs::sync`]).

mod fingerprint;
mod input;
mod line;
mod output;

pub use input::{InputLine, InputPosition, Inputs};
pub use line::MAX_LINE_BYTES;
pub use output::{OutputLengths, Outputs};

/// What can go wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened: most often the name is wrong.
    #[error("cannot open `{path}`: {reason}")]
    Open {
        /// As given.
        path: String,
        /// What the system says.
        reason: std::io::Error,
    },
    /// It was open and then failed.
    #[error("cannot {action} `{path}`: {reason}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// As given.
        path: String,
        /// What the system says.
        reason: std::io::Error,
    },
    /// It is not what it was when the stored position was reached.
    #[error("`{path}` is not as it was when the data directory was written: {reason}")]
    Changed {
        /// As given.
        path: String,
        /// What differs, and what to do.
        reason: String,
    },
}
