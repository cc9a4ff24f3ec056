//! `GET /muster/licenses/report?tenant=…` and `GET /muster/licenses/explain?user=…&tenant=…`: products with their
//! seats, and what one user has of them, as the commands of the same names print them. 404 where nothing is known
//! of the user, and where the process does no licensing.

use crate::calls::Calls;
use crate::problem::{Problem, Refusal};
use crate::query::Query;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

pub(crate) async fn report(
    State(calls): State<Calls>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::read(query.as_deref(), &["tenant"])?;
    let tenant = query.text("tenant").map(str::to_owned);
    let room = calls.transfer().await;
    answer(calls.call(room, move |service| service.license_report(tenant.as_deref())).await?)
}

pub(crate) async fn explain(
    State(calls): State<Calls>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::read(query.as_deref(), &["user", "tenant"])?;
    let tenant = query.text("tenant").map(str::to_owned);
    let Some(user) = query.text("user").map(str::to_owned) else {
        let message = "the parameter `user` is missing: give the user's id";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "invalid-parameter", message));
    };
    let room = calls.transfer().await;
    answer(calls.call(room, move |service| service.license_explanation(tenant.as_deref(), &user)).await?)
}

fn answer(answered: Result<Vec<u8>, Problem>) -> Result<Response, Refusal> {
    match answered {
        Ok(body) => Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response()),
        Err(problem) => Err(match problem.code {
            "unknown-user" | "licensing-off" => Refusal { status: StatusCode::NOT_FOUND, problem },
            "invalid-parameter" => Refusal { status: StatusCode::BAD_REQUEST, problem },
            _ => Refusal::unavailable(problem),
        }),
    }
}
