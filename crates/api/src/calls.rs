//! Calls of the service from the routes: on threads that may block, and not too many at once.
//!
//! Whoever finds no room waits, its request unread. What a call holds it gives back when the *call* has
//! ended, not when its client has gone away.

use crate::problem::Refusal;
use crate::service::Service;
use axum::http::StatusCode;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

/// So many requests with a body, or with an answer that is long, are in memory at once.
const TRANSFERS: usize = 16;

/// So many requests wait for their events at once. Together with the others they are fewer than the
/// threads that tokio makes for calls that block (512).
const WAITS: usize = 256;

/// The service, and the room for calls of it.
#[derive(Clone)]
pub(crate) struct Calls {
    service: Arc<dyn Service>,
    transfers: Arc<Semaphore>,
    waits: Arc<Semaphore>,
}

/// Room for one call.
pub(crate) struct Room {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Calls {
    pub(crate) fn new(service: Arc<dyn Service>) -> Calls {
        let room = |size| Arc::new(Semaphore::new(size));
        Calls { service, transfers: room(TRANSFERS), waits: room(WAITS) }
    }

    /// Room for events to be read and taken, or deltas to be sent; waits for it.
    pub(crate) async fn transfer(&self) -> Room {
        // An error would say that the semaphore is closed, which nobody does.
        Room { _permit: Arc::clone(&self.transfers).acquire_owned().await.ok() }
    }

    /// Room to wait for events; `None` when there was none until `deadline`.
    pub(crate) async fn wait(&self, deadline: std::time::Instant) -> Option<Room> {
        let room = Arc::clone(&self.waits).acquire_owned();
        timeout_at(Instant::from_std(deadline), room).await.ok().map(|permit| Room { _permit: permit.ok() })
    }

    /// Calls the service, holding the room.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        room: Room,
        call: impl FnOnce(&dyn Service) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let service = Arc::clone(&self.service);
        let called = spawn_blocking(move || {
            let answer = call(&*service);
            drop(room);
            answer
        });
        called.await.map_err(|_| {
            let message = "the service failed at this request; its log says how";
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
        })
    }

    /// Calls the service for something short and small, which is always possible.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Service) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        self.call(Room { _permit: None }, call).await
    }
}
