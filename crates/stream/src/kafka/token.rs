//! Tokens for OAUTHBEARER, from a file that somebody else keeps fresh, as orchestrators do. Only what the
//! client needs to know is read from a token: whose it is and when it expires; the broker judges it.

use rdkafka::client::OAuthToken;
use serde_json::Value;
use std::path::Path;

#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("OAUTHBEARER needs a file with a token, and none is configured")]
    NoFile,
    #[error("cannot read the token in `{file}`: {reason}")]
    Unreadable { file: String, reason: std::io::Error },
    #[error("`{file}` does not hold a JSON web token: {reason}")]
    Malformed { file: String, reason: &'static str },
}

/// The token in this file.
pub(super) fn read(file: Option<&Path>) -> Result<OAuthToken, TokenError> {
    let path = file.ok_or(TokenError::NoFile)?;
    let file = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => parse(text.trim()).map_err(|reason| TokenError::Malformed { file, reason }),
        Err(reason) => Err(TokenError::Unreadable { file, reason }),
    }
}

fn parse(token: &str) -> Result<OAuthToken, &'static str> {
    let claims = token.split('.').nth(1).ok_or("it has no claims")?;
    let claims = base64url(claims).ok_or("its claims are not base64url")?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| "its claims are not JSON")?;
    let subject = claims.get("sub").and_then(Value::as_str).ok_or("it has no `sub`")?;
    let expires = claims.get("exp").and_then(Value::as_f64).ok_or("it has no `exp`")?;
    #[expect(clippy::cast_possible_truncation, reason = "saturates; a date is far from it")]
    let lifetime_ms = (expires * 1_000.0) as i64;
    Ok(OAuthToken { token: token.to_owned(), principal_name: subject.to_owned(), lifetime_ms })
}

/// Without padding, as tokens are written.
fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., byte] = (bits >> count).to_be_bytes();
            bytes.push(byte);
        }
    }
    // Six bits alone are no byte.
    (count < 6).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_the_standards() {
        for (encoded, plain) in [("", ""), ("Zg", "f"), ("Zm8", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob")]
        {
            assert_eq!(base64url(encoded).as_deref(), Some(plain.as_bytes()), "{encoded}");
        }
        assert_eq!(base64url("-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(base64url("Z"), None);
        assert_eq!(base64url("Zm+v"), None);
    }

    #[test]
    fn a_token_says_whose_it_is_and_when_it_expires() {
        // {"alg":"none"} . {"sub":"muster","exp":1800000000.5}
        let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtdXN0ZXIiLCJleHAiOjE4MDAwMDAwMDAuNX0.";
        let parsed = parse(token).unwrap();
        assert_eq!(parsed.principal_name, "muster");
        assert_eq!(parsed.lifetime_ms, 1_800_000_000_500);
        assert_eq!(parsed.token, token);
        for bad in ["", "abc", "a.b.c", "a.Zm9v.c", "a.e30.c"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
