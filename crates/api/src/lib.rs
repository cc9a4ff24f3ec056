//! HTTP: events in and deltas out without a broker, health, and metrics.
//!
//! [`router`] puts the routes on anything that implements [`Service`]; [`serve`] answers connections with
//! them. What an event means, where it goes and who may send it, nothing here knows; so it belongs on
//! loopback or behind something that asks for a name.
//!
//! Every error is `{"error":{"code","message"}}` with a 4xx status where the request is wrong and a 5xx
//! status where the service is.

mod calls;
mod deltas;
mod events;
mod health;
mod licences;
mod mirror;
mod origin;
mod problem;
mod query;
mod records;
mod server;
mod service;
#[cfg(test)]
mod tests;

pub use problem::Problem;
pub use server::serve;
pub use service::{Position, Service, ValuesPage, Waited};

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::{get, post};
use calls::Calls;
use problem::Refusal;
use std::sync::Arc;

/// The media type of JSON lines.
const NDJSON: &str = "application/x-ndjson";

/// What there is, as told to whoever asks for something else.
const ROUTES: &str = "GET /livez, GET /readyz, GET /metrics, POST /muster/events?wait=applied&timeout=30, \
                      GET /muster/deltas?partition=0&from=1&limit=1000, \
                      GET /muster/records?topic=dead-letters&partition=0&from=0&limit=1000, \
                      POST /muster/preview, POST /muster/find, \
                      GET /muster/values?property=user.department&prefix=s&limit=100, \
                      GET /muster/licenses/report, GET /muster/licenses/explain?user=alex";

/// The routes over `service`. A request's body has at most `max_body` bytes. At most 16 requests that carry
/// events or deltas and 256 that wait for events are under way at once; others wait for them.
pub fn router(service: Arc<dyn Service>, max_body: usize) -> Router {
    let events = move |calls, query, headers, body| events::post(calls, query, headers, body, max_body);
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/muster/events", post(events))
        .route("/muster/deltas", get(deltas::get))
        .route("/muster/records", get(records::get))
        .route("/muster/preview", post(mirror::preview))
        .route("/muster/find", post(mirror::find))
        .route("/muster/values", get(mirror::values))
        .route("/muster/licenses/report", get(licences::report))
        .route("/muster/licenses/explain", get(licences::explain))
        .fallback(unknown_route)
        .method_not_allowed_fallback(unknown_method)
        .with_state(Calls::new(service))
}

async fn unknown_route(uri: Uri) -> Refusal {
    let message = format!("there is no `{}` here: there are {ROUTES}", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, "unknown-route", message)
}

async fn unknown_method(method: Method, uri: Uri) -> Refusal {
    let message = format!("`{}` knows no {method}: there are {ROUTES}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "unknown-method", message)
}
