//! `GET /livez`, `GET /readyz`, `GET /metrics`: for whoever watches the process.

use crate::calls::Calls;
use crate::problem::{Refusal, json};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// 200 as long as the process can answer: `{"live":true}`.
pub(crate) async fn live() -> Response {
    json(StatusCode::OK, &json!({"live": true}))
}

/// 200 and `{"ready":true}`, or 503 and `{"ready":false,"reasons":[…]}`.
pub(crate) async fn ready(State(calls): State<Calls>) -> Result<Response, Refusal> {
    let reasons = calls.ask(|service| service.not_ready()).await?;
    Ok(if reasons.is_empty() {
        json(StatusCode::OK, &json!({"ready": true}))
    } else {
        json(StatusCode::SERVICE_UNAVAILABLE, &json!({"ready": false, "reasons": reasons}))
    })
}

/// All metrics in Prometheus's text format.
pub(crate) async fn metrics(State(calls): State<Calls>) -> Result<Response, Refusal> {
    let text = calls.ask(|service| service.metrics()).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
