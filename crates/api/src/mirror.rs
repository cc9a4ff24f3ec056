//! Questions about everybody: `POST /muster/preview`, `POST /muster/find`, `GET /muster/values`.
//!
//! | request | answer |
//! |---|---|
//! | `POST /muster/preview` `{"rule","group"?,"tenant"?,"dialect"?,"now"?,"full"?}` | the line that `muster preview` prints, with `"full":true` then a line for everybody who would join or leave |
//! | `POST /muster/find` `{"rule","tenant"?,"dialect"?,"now"?,"limit"?,"after"?}` | `{"count","ids","next"}`; `next` is what to go on after, null at the end |
//! | `GET /muster/values?property=user.department&prefix=s&limit=100&after=…&tenant=…` | `{"values":[{"value","count"}],"next"}` |
//!
//! 400 for a request or a rule that is wrong (with the rule's diagnostics), 404 where there is no such group or
//! property, 503 where a partition does not answer, or is another
//! instance's (`partition-elsewhere`, which names them): an answer is about everybody or is none. Each partition answers between two batches of changes.

use crate::calls::Calls;
use crate::origin;
use crate::problem::{Problem, Refusal};
use crate::query::Query;
use crate::service::ValuesPage;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The most values of one answer.
const MAX_VALUES: usize = 10_000;

/// Without a `limit`.
const DEFAULT_VALUES: usize = 100;

pub(crate) async fn preview(
    State(calls): State<Calls>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    origin::check(&headers)?;
    let room = calls.transfer().await;
    let lines = calls.call(room, move |service| service.preview(&body)).await?;
    Ok(([(header::CONTENT_TYPE, crate::NDJSON)], lines.map_err(refusal)?).into_response())
}

pub(crate) async fn find(
    State(calls): State<Calls>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    origin::check(&headers)?;
    let room = calls.transfer().await;
    let page = calls.call(room, move |service| service.find(&body)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], page.map_err(refusal)?).into_response())
}

pub(crate) async fn values(
    State(calls): State<Calls>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::read(query.as_deref(), &["property", "prefix", "limit", "after", "tenant"])?;
    let given = |name| query.text(name).map(str::to_owned);
    let Some(property) = given("property") else {
        let message = "the parameter `property` is missing: give one, like `user.department`";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "invalid-parameter", message));
    };
    let page = ValuesPage {
        property,
        tenant: given("tenant"),
        prefix: given("prefix").unwrap_or_default(),
        after: given("after"),
        limit: query.number("limit", DEFAULT_VALUES, 1, MAX_VALUES)?,
    };
    let room = calls.transfer().await;
    let page = calls.call(room, move |service| service.values(&page)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], page.map_err(refusal)?).into_response())
}

fn refusal(problem: Problem) -> Refusal {
    let status = match problem.code {
        "invalid-request" | "invalid-rule" | "invalid-parameter" | "membership-cycle" => {
            StatusCode::BAD_REQUEST
        }
        "unknown-group" | "unknown-property" => StatusCode::NOT_FOUND,
        _ => return Refusal::unavailable(problem),
    };
    Refusal { status, problem }
}
