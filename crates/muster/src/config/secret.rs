//! Texts that are never shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A password: it prints as dots, and only [`expose`](Secret::expose) gives it away.
#[derive(Clone)]
pub(crate) struct Secret {
    text: Arc<str>,
    file: Option<PathBuf>,
}

impl Secret {
    /// A secret that was given as such.
    pub(super) fn given(text: &str) -> Secret {
        Secret { text: Arc::from(text), file: None }
    }

    /// A secret that was read from a file.
    pub(super) fn from_file(text: &str, file: PathBuf) -> Secret {
        Secret { text: Arc::from(text), file: Some(file) }
    }

    /// The file that it was read from.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The text itself, for whoever is to be convinced by it.
    pub(crate) fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
