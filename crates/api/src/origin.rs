//! Keeps web pages of other sites from feeding events through their visitors' browsers.
//!
//! A browser sends a simple `POST` to any address, loopback included, without asking first; but it names
//! the page's origin, which programs do not. This is no authentication: whoever can open a connection
//! can feed events.

use crate::problem::Refusal;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

/// Refuses a request that a page of another origin makes.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(origin) = text(headers, &header::ORIGIN) else { return Ok(()) };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    if authority.is_some() && authority == text(headers, &header::HOST) {
        return Ok(());
    }
    let message = format!("pages of `{origin}` must not feed events here: send them from a program");
    Err(Refusal::new(StatusCode::FORBIDDEN, "cross-origin", message))
}

/// A header that cannot be text is none that agrees with anything.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_origin(origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:8080".parse().unwrap());
        headers.extend(origin.map(|origin| (header::ORIGIN, origin.parse().unwrap())));
        check(&headers).is_ok()
    }

    #[test]
    fn programs_and_own_pages_may() {
        assert!(check_origin(None));
        assert!(check_origin(Some("http://127.0.0.1:8080")));
    }

    #[test]
    fn other_pages_may_not() {
        for origin in ["null", "", "http://127.0.0.1:8081", "https://evil.example", "127.0.0.1:8080"] {
            assert!(!check_origin(Some(origin)), "{origin}");
        }
    }
}
