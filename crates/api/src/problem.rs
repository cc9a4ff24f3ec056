//! Errors as every route answers them: `{"error":{"code","message"}}`, as Microsoft Graph does.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::fmt;

/// What is wrong, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Problem {
    /// A stable text: for event lines the rejection's code.
    pub code: &'static str,
    /// A sentence that says what is wrong and what to do.
    pub message: String,
    /// What is wrong with a rule, each as `muster rule check --json` has it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<serde_json::Value>,
}

impl Problem {
    /// A problem with this code and message.
    pub fn new(code: &'static str, message: impl fmt::Display) -> Problem {
        Problem { code, message: message.to_string(), diagnostics: Vec::new() }
    }
}

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) problem: Problem,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl fmt::Display) -> Refusal {
        Refusal { status, problem: Problem::new(code, message) }
    }

    /// A fault that the service knows of: trying again later may help.
    pub(crate) fn unavailable(problem: Problem) -> Refusal {
        Refusal { status: StatusCode::SERVICE_UNAVAILABLE, problem }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::warn!(
                status = self.status.as_u16(),
                code = self.problem.code,
                "{}",
                self.problem.message
            );
        }
        json(self.status, &Envelope { error: &self.problem })
    }
}

/// The shape of an error.
#[derive(Serialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) error: &'a Problem,
}

/// A JSON answer with a line break at its end, for terminals.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(mut text) => {
            text.push(b'\n');
            (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
