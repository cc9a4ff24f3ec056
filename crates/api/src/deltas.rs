//! `GET /muster/deltas?partition=0&from=1&limit=1000`: a partition's delta lines from a sequence on.
//!
//! Answers 200 with up to `limit` lines, and with none when `from` is the next sequence to come: ask again
//! from the sequence after the last line. 410 when deltas that old are no longer kept; `from=0` begins with the
//! first that is.

use crate::calls::Calls;
use crate::problem::{Problem, Refusal};
use crate::query::Query;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The most lines of one answer.
pub(crate) const MAX_LIMIT: usize = 10_000;

/// Without a `limit`.
pub(crate) const DEFAULT_LIMIT: usize = 1_000;

pub(crate) async fn get(State(calls): State<Calls>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = Query::read(query.as_deref(), &["partition", "from", "limit"])?;
    let partition = query.number("partition", 0, 0, u32::MAX)?;
    let from = query.number("from", 1, 0, u64::MAX)?;
    let limit = query.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)?;
    let room = calls.transfer().await;
    let lines = calls.call(room, move |service| service.deltas(partition, from, limit)).await?;
    let lines = lines.map_err(refusal)?;
    Ok(([(header::CONTENT_TYPE, crate::NDJSON)], lines).into_response())
}

/// Codes of the service by which reading is refused; any other is a fault.
pub(crate) fn refusal(problem: Problem) -> Refusal {
    let status = match problem.code {
        "unknown-topic" | "unknown-partition" | "topic-off" => StatusCode::NOT_FOUND,
        "sequence-expired" => StatusCode::GONE,
        "sequence-ahead" => StatusCode::BAD_REQUEST,
        _ => return Refusal::unavailable(problem),
    };
    Refusal { status, problem }
}
