//! Answers connections, until told to end.

use axum::Router;
use axum::serve::ListenerExt;
use std::future::{Future, IntoFuture};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// Answers requests on the calling thread (those that block, on threads it makes) until `shutdown` is
/// complete; then takes no more connections, and returns when the requests under way are answered, or
/// after `grace` without them.
///
/// # Errors
/// When the listener does not work, or no thread can be made.
pub fn serve(
    listener: std::net::TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().thread_name("http").enable_all().build()?;
    let ended = runtime.block_on(answer(listener, router, shutdown, grace));
    // A call that is stuck must not hold up the end of the process.
    runtime.shutdown_background();
    ended
}

async fn answer(
    listener: std::net::TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection answers in larger pieces");
        }
    });
    let ending = Arc::new(Notify::new());
    let shutdown = {
        let ending = Arc::clone(&ending);
        async move {
            shutdown.await;
            ending.notify_one();
        }
    };
    let patience = async {
        ending.notified().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        ended = axum::serve(listener, router).with_graceful_shutdown(shutdown).into_future() => ended,
        () = patience => {
            tracing::warn!("requests were still under way after {grace:?}: they get no answer");
            Ok(())
        }
    }
}
