//! Serves clients whose owners have nothing to do with them: a client hands out its messages, and asks
//! for the next token, only when it is polled; what nobody takes would pile up while a broker is away.

use super::context::{Context, Receiver};
use crate::log::LogError;
use rdkafka::consumer::BaseConsumer;
use rdkafka::producer::BaseProducer;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

const PERIOD: Duration = Duration::from_millis(500);
/// Given no time at all, a client hands out one message only.
pub(super) const MOMENT: Duration = Duration::from_millis(1);

/// The thread of one log; ended and awaited when dropped.
pub(super) struct Chores {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    clients: Mutex<Vec<Weak<dyn Serve>>>,
    is_over: Mutex<bool>,
    over: Condvar,
}

/// A client that can be served from any thread.
pub(super) trait Serve: Send + Sync {
    fn serve(&self);
}

impl Serve for BaseConsumer<Context> {
    /// It has no partitions: there are no records to be lost.
    fn serve(&self) {
        while self.poll(MOMENT).is_some() {}
    }
}

impl<R: Receiver> Serve for BaseProducer<Context<R>> {
    fn serve(&self) {
        self.poll(MOMENT);
    }
}

impl Chores {
    pub(super) fn start() -> Result<Chores, LogError> {
        let shared = Arc::<Shared>::default();
        let work = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("kafka-chores".to_owned()).spawn(move || work.run()).map_err(
                |error| LogError::Failed { action: "start a thread".to_owned(), reason: error.to_string() },
            )?;
        Ok(Chores { shared, thread: Some(thread) })
    }

    /// Serves this client while somebody else holds it.
    pub(super) fn add<C: Serve + 'static>(&self, client: &Arc<C>) {
        let client: Weak<C> = Arc::downgrade(client);
        self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner).push(client);
    }
}

impl Shared {
    fn run(&self) {
        let mut is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_over {
            is_over = self.over.wait_timeout(is_over, PERIOD).unwrap_or_else(PoisonError::into_inner).0;
            self.serve();
        }
    }

    fn serve(&self) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client| client.strong_count() > 0);
        let held: Vec<_> = clients.iter().filter_map(Weak::upgrade).collect();
        // Whoever makes a client does not wait for others to be served.
        drop(clients);
        held.iter().for_each(|client| client.serve());
    }
}

impl Drop for Chores {
    fn drop(&mut self) {
        *self.shared.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.over.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported there.
            let _ = thread.join();
        }
    }
}
