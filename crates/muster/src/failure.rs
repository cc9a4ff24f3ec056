//! How a command ends, and the exit status that says so.

use muster_engine::storage::StorageError;
use muster_stream::file::FileError;
use std::fmt;
use std::process::ExitCode;

/// The end of a command that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Status 0.
    Done,
    /// The answer is "no": status 1.
    No,
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What it was asked does not make sense: status 2.
    Usage(anyhow::Error),
    /// The disk or the data failed it: status 3.
    Fault(anyhow::Error),
}

impl Failure {
    /// Wrong usage, in a sentence.
    pub(crate) fn usage(message: impl fmt::Display) -> Failure {
        Failure::Usage(anyhow::anyhow!("{message}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Usage(error) | Failure::Fault(error)) = self;
        write!(f, "{error:#}")
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Failure {
        match error {
            FileError::Open { .. } | FileError::Changed { .. } => Failure::Usage(error.into()),
            FileError::Io { .. } => Failure::Fault(error.into()),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Failure {
        match error {
            StorageError::Incompatible(_) => Failure::Usage(error.into()),
            StorageError::Io { .. } | StorageError::Damaged { .. } | StorageError::OutOfOrder { .. } => {
                Failure::Fault(error.into())
            }
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Fault(error.into())
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(match outcome {
            Outcome::Done => 0,
            Outcome::No => 1,
        })
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> ExitCode {
        ExitCode::from(match failure {
            Failure::Usage(_) => 2,
            Failure::Fault(_) => 3,
        })
    }
}
