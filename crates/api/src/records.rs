//! `GET /muster/records?topic=dead-letters&partition=0&from=0&limit=1000`: what the service wrote to one of
//! its topics, from an offset on.
//!
//! `topic` is `deltas`, `dead-letters`, `group-status`, `memberships` or `definitions`. Answers 200 with up to
//! `limit` lines `{"partition","offset","time","key","headers"?,"value"}`, and with none where there are none
//! yet: ask again from the offset after the last line. What is no longer kept is left out.

use crate::calls::Calls;
use crate::problem::Refusal;
use crate::query::Query;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

pub(crate) async fn get(State(calls): State<Calls>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = Query::read(query.as_deref(), &["topic", "partition", "from", "limit"])?;
    let topic = query.text("topic").unwrap_or("deltas").to_owned();
    let partition = query.number("partition", 0, 0, u32::MAX)?;
    let from = query.number("from", 0, 0, u64::MAX)?;
    let limit = query.number("limit", crate::deltas::DEFAULT_LIMIT, 1, crate::deltas::MAX_LIMIT)?;
    let room = calls.transfer().await;
    let lines = calls.call(room, move |service| service.records(&topic, partition, from, limit)).await?;
    let lines = lines.map_err(crate::deltas::refusal)?;
    Ok(([(header::CONTENT_TYPE, crate::NDJSON)], lines).into_response())
}
