//! Parameters behind the `?`: each route names those it knows; any other, a repeated one, or a value
//! that cannot be read is refused with what would be right.

use crate::problem::Refusal;
use axum::http::StatusCode;
use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// The parameters of one request.
pub(crate) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads `text`, what is behind the `?`, for a route that knows these parameters.
    pub(crate) fn read(text: Option<&'a str>, known: &[&str]) -> Result<Query<'a>, Refusal> {
        let mut parameters: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.unwrap_or_default().as_bytes()) {
            if !known.contains(&name.as_ref()) {
                return Err(invalid(format!(
                    "there is no parameter `{name}` here: there are {}",
                    listed(known)
                )));
            }
            if parameters.iter().any(|(other, _)| *other == name) {
                return Err(invalid(format!("the parameter `{name}` is given twice: leave one out")));
            }
            parameters.push((name, value));
        }
        Ok(Query(parameters))
    }

    /// A whole number, or `default` where it is not given.
    pub(crate) fn number<N>(&self, name: &str, default: N, least: N, most: N) -> Result<N, Refusal>
    where
        N: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.text(name) else { return Ok(default) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        number.filter(|number| *number >= least && *number <= most).ok_or_else(|| {
            invalid(format!("`{name}={text}` does not do: give a whole number from {least} to {most}"))
        })
    }

    /// A number of seconds, which may have decimals, or `default` where it is not given.
    pub(crate) fn seconds(&self, name: &str, default: Duration, most: Duration) -> Result<Duration, Refusal> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let seconds = decimal.then(|| text.parse().ok()).flatten();
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        duration.filter(|duration| *duration <= most).ok_or_else(|| {
            let most = most.as_secs();
            invalid(format!("`{name}={text}` does not do: give seconds from 0 to {most}, like `2.5`"))
        })
    }

    /// One of these words, or `None` where it is not given.
    pub(crate) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.map(Some).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            invalid(format!("`{name}={text}` does not do: give {}", listed(&words)))
        })
    }

    /// As it is given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_ref())
    }
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [only] => format!("`{only}`"),
        [init @ .., last] => format!("`{}` and `{last}`", init.join("`, `")),
    }
}

fn invalid(message: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalid-parameter", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(u32, Duration), String> {
        let read = || {
            let query = Query::read(Some(text), &["a", "b", "c"])?;
            query.word("c", &[("yes", ())])?;
            Ok((query.number("a", 7, 1, 1000)?, query.seconds("b", Duration::ZERO, Duration::from_secs(60))?))
        };
        read().map_err(|refusal: Refusal| refusal.problem.message)
    }

    #[test]
    fn parameters_are_read() {
        assert_eq!(check(""), Ok((7, Duration::ZERO)));
        assert_eq!(check("b=2.5&a=%31&c=yes"), Ok((1, Duration::from_millis(2500))));
    }

    #[test]
    fn what_does_not_do_is_named() {
        let cases = [
            ("x=1", "there is no parameter `x` here: there are `a`, `b` and `c`"),
            ("a=1&a=2", "the parameter `a` is given twice: leave one out"),
            ("a=0", "`a=0` does not do: give a whole number from 1 to 1000"),
            ("a=+1", "`a= 1` does not do: give a whole number from 1 to 1000"),
            ("a=", "`a=` does not do: give a whole number from 1 to 1000"),
            (
                "a=99999999999999999999",
                "`a=99999999999999999999` does not do: give a whole number from 1 to 1000",
            ),
            ("b=61", "`b=61` does not do: give seconds from 0 to 60, like `2.5`"),
            ("b=-1", "`b=-1` does not do: give seconds from 0 to 60, like `2.5`"),
            ("b=inf", "`b=inf` does not do: give seconds from 0 to 60, like `2.5`"),
            ("c=no", "`c=no` does not do: give `yes`"),
        ];
        for (text, message) in cases {
            assert_eq!(check(text), Err(message.to_owned()), "{text}");
        }
    }
}
