//! A publisher at work on its thread, as the partition that feeds it sees it.

use super::{Outbox, Publisher};
use crate::Fault;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A running publisher. Dropped, it is ended, and waited for.
pub(crate) struct Publishing {
    name: String,
    outbox: Arc<Outbox>,
    thread: Option<JoinHandle<Result<(), Fault>>>,
}

impl Publishing {
    /// Sets it to work.
    ///
    /// # Errors
    /// The system's, of which there can be no more threads.
    pub(crate) fn spawn(publisher: Publisher) -> Result<Publishing, Fault> {
        let (outbox, name) = (publisher.outbox(), format!("publisher of {}", publisher.subject.name()));
        let thread = std::thread::Builder::new().name(name.clone()).spawn(move || publisher.run());
        match thread {
            Ok(thread) => Ok(Publishing { name, outbox, thread: Some(thread) }),
            Err(error) => Err(Fault::Panic(format!("{name}: {error}"))),
        }
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Has it publish what is left, and returns how it ended.
    ///
    /// # Errors
    /// Its own.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.outbox.close();
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(ended) => ended.unwrap_or_else(|_| Err(Fault::Panic(self.name.clone()))),
        }
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        if let Err(fault) = self.end() {
            tracing::warn!(of = self.name, %fault, "the publisher ended too");
        }
    }
}
