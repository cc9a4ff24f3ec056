//! What can be wrong with a configuration.

use super::layers::Origin;
use std::fmt;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file is not there, or not for us.
    #[error("cannot read the configuration `{}`: {reason}", path.display())]
    Unreadable {
        /// As given.
        path: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration `{}` is not TOML: {reason}", path.display())]
    Syntax {
        /// As given.
        path: PathBuf,
        /// Where and why, over several lines.
        reason: String,
    },
    /// Values are wrong: all of them.
    #[error("{}", listed(.0))]
    Invalid(Vec<Problem>),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The key.
    pub(crate) key: String,
    /// Who gave its value.
    pub(crate) origin: Origin,
    /// What is wrong and what to do. Holds no secret.
    pub(crate) message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}): {}", self.key, self.origin, self.message)
    }
}

fn listed(problems: &[Problem]) -> String {
    match problems {
        [only] => format!("the configuration is wrong: {only}"),
        _ => problems
            .iter()
            .fold("the configuration is wrong:".to_owned(), |list, problem| format!("{list}\n  {problem}")),
    }
}
