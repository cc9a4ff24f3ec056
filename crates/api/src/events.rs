//! `POST /muster/events`: event lines in.
//!
//! The body is NDJSON; blank lines are skipped. The answer has one line for each of the others, in their
//! order: `{"topic","partition","offset"}`, the position at which it lies durably, or
//! `{"error":{"code","message"}}`. A taken line may still be refused when it is applied (a rule that does
//! not parse, an id of the other kind): then it is a dead letter.
//!
//! With `?wait=applied` the answer comes when the events are applied and the groups among them are current
//! in every partition, or after `timeout` seconds (default 30); each position then says `"applied":true` or
//! `false`.
//!
//! | status | when |
//! |---|---|
//! | 200 | every line was taken; with `wait`, and applied |
//! | 202 | every line was taken, but not all were applied in time |
//! | 207 | some lines, or all, were not taken: the answer's lines say which, and why |
//! | 4xx | the request is wrong as a whole; no line was taken |
//! | 503 | the log takes nothing; no line was taken. Or the lines were taken, but this process will not apply them any more, or not itself (`partition-elsewhere`: with several instances, it waits for its own partitions only): the message says so |

use crate::calls::Calls;
use crate::origin;
use crate::problem::{Envelope, Problem, Refusal};
use crate::query::Query;
use crate::service::{Position, Waited};
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::time::{Duration, Instant};

/// The most lines of one body.
const MAX_LINES: usize = 50_000;

/// A body must be there after so long: whoever sends it holds room that others wait for.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

const DEFAULT_WAIT: Duration = Duration::from_secs(30);
const MAX_WAIT: Duration = Duration::from_secs(600);

pub(crate) async fn post(
    State(calls): State<Calls>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
    max_body: usize,
) -> Result<Response, Refusal> {
    origin::check(&headers)?;
    let query = Query::read(query.as_deref(), &["wait", "timeout"])?;
    let wait = query.word("wait", &[("applied", ())])?;
    let timeout = query.seconds("timeout", DEFAULT_WAIT, MAX_WAIT)?;

    let room = calls.transfer().await;
    let body = read(body, max_body).await?;
    let taken = calls.call(room, move |service| service.submit(&split(&body)?).map_err(Refusal::unavailable));
    let taken = taken.await??;

    let waited = match wait {
        None => None,
        Some(()) => Some(wait_applied(&calls, &taken, Instant::now() + timeout).await?),
    };
    Ok(answer(&taken, waited))
}

async fn read(body: Body, max: usize) -> Result<Bytes, Refusal> {
    let too_large = || {
        let message = format!("the body is too large: send at most {max} bytes at a time");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", message)
    };
    // What is announced need not be sent before it is refused.
    if body.size_hint().lower() > max as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, max)).await {
        Ok(Ok(body)) => Ok(body),
        // The other reason, a connection that broke, has nobody to read the answer.
        Ok(Err(_)) => Err(too_large()),
        Err(_) => {
            let seconds = BODY_TIMEOUT.as_secs();
            let message = format!("the body did not come within {seconds} seconds: send it faster, or less");
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", message))
        }
    }
}

/// The lines that are not blank.
fn split(body: &[u8]) -> Result<Vec<&[u8]>, Refusal> {
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let lines: Vec<&[u8]> = lines.take(MAX_LINES + 1).collect();
    if lines.len() > MAX_LINES {
        let message = format!("the body has too many lines: send at most {MAX_LINES} at a time");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-many-lines", message));
    }
    if lines.is_empty() {
        let message = "the body is empty: send event lines, one JSON object each";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "empty-body", message));
    }
    Ok(lines)
}

type Taken = Result<Position, Problem>;

async fn wait_applied(calls: &Calls, taken: &[Taken], deadline: Instant) -> Result<Waited, Refusal> {
    let positions: Vec<Position> = taken.iter().flatten().cloned().collect();
    let Some(room) = calls.wait(deadline).await else { return Ok(Waited::TimedOut) };
    let count = positions.len();
    let waited = calls.call(room, move |service| service.wait_applied(&positions, deadline)).await?;
    waited.map_err(|problem| {
        let message = format!("{count} of {} lines were taken, but: {}", taken.len(), problem.message);
        Refusal::unavailable(Problem { message, ..problem })
    })
}

fn answer(taken: &[Taken], waited: Option<Waited>) -> Response {
    let status = if taken.iter().any(Result::is_err) {
        StatusCode::MULTI_STATUS
    } else if waited == Some(Waited::TimedOut) {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    let applied = waited.map(|waited| waited == Waited::Applied);
    let mut lines = Vec::with_capacity(taken.len() * 64);
    for taken in taken {
        let written = match taken {
            Ok(Position { topic, partition, offset }) => {
                let line = Line { topic, partition: *partition, offset: *offset, applied };
                serde_json::to_writer(&mut lines, &line)
            }
            Err(error) => serde_json::to_writer(&mut lines, &Envelope { error }),
        };
        debug_assert!(written.is_ok(), "text and numbers always can be written");
        lines.push(b'\n');
    }
    (status, [(header::CONTENT_TYPE, crate::NDJSON)], lines).into_response()
}

#[derive(Serialize)]
struct Line<'a> {
    topic: &'a str,
    partition: u32,
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<bool>,
}
