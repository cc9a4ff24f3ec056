//! Event lines out of the CloudEvents round them.
//!
//! In structured mode the whole event is the value, a JSON object with `specversion`, and the line is
//! its `data`; in binary mode the attributes are headers and the value is the line. Which attributes
//! there must be is CloudEvents'; of what they say only `time` is used, where the line has none.

use super::SPEC_VERSION;
use crate::json::{Json, Member, Source, quoted};
use crate::licensing::request;
use crate::line::Envelope;
use muster_directory::{Header, Instant, Rejection, RejectionCode};
use std::borrow::Cow;
use std::sync::Arc;

/// An event line, taken out of what was round it.
pub(crate) struct Unwrapped<'a> {
    /// The line, taken apart.
    pub(crate) envelope: Envelope<'a>,
    /// The `time` of the CloudEvent, as written.
    pub(crate) time: Option<Arc<str>>,
}

/// Takes the event line out of a record's value: out of a CloudEvent where there is one.
///
/// # Errors
/// `invalid-cloudevent`, `invalid-time`; `invalid-utf8`, `invalid-json`, `invalid-event`.
pub(crate) fn unwrap<'a>(value: &'a [u8], headers: &[Header]) -> Result<Unwrapped<'a>, Rejection> {
    let announced = announced_mode(headers)?;
    let source = Source::new(value)?;
    let members = source.members()?;
    let is_structured = members.iter().any(|member| member.name == "specversion");
    match announced {
        Mode::Structured if !is_structured => Err(refuse(
            "the header `content-type` announces a CloudEvent, but the value has no `specversion`",
        )),
        Mode::Structured => structured(source, &members),
        Mode::Binary => {
            let time = attributes(|name| header(headers, &format!("ce_{name}")), "the header `ce_", "`")?;
            Ok(Unwrapped { envelope: request::envelope(source, members)?, time })
        }
        Mode::None if is_structured => structured(source, &members),
        Mode::None => Ok(Unwrapped { envelope: request::envelope(source, members)?, time: None }),
    }
}

/// What the headers say that the value is.
enum Mode {
    Structured,
    Binary,
    /// No CloudEvent, or one in structured mode whose producer sets no content type.
    None,
}

fn announced_mode(headers: &[Header]) -> Result<Mode, Rejection> {
    let content_type = headers.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = content_type.and_then(|(_, value)| value.as_deref()).unwrap_or_default();
    let content_type = String::from_utf8_lossy(content_type);
    let media_type = media_type(&content_type);
    if media_type == "application/cloudevents+json" {
        return Ok(Mode::Structured);
    }
    if media_type.starts_with("application/cloudevents") {
        let message = format!(
            "the content type {} is not known: send CloudEvents one by one, as `application/cloudevents+json`",
            quoted(&media_type)
        );
        return Err(refuse(&message));
    }
    let is_binary = headers.iter().any(|(name, _)| name == "ce_specversion");
    Ok(if is_binary { Mode::Binary } else { Mode::None })
}

fn structured<'a>(source: Source<'a>, members: &[Member<'a>]) -> Result<Unwrapped<'a>, Rejection> {
    for (i, member) in members.iter().enumerate() {
        if members.iter().take(i).any(|earlier| earlier.name == member.name) {
            return Err(refuse(&format!("{} is given twice: give it once", quoted(&member.name))));
        }
    }
    let find = |name: &str| members.iter().find(|member| member.name == name);
    let text = |name: &str| match find(name).map(|member| source.value(member.value)).transpose()? {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => Err(refuse(&format!("`{name}` is {}, but takes a string", other.describe()))),
    };
    let time = attributes(text, "`", "`")?;
    if let Some(content_type) = text("datacontenttype")? {
        let media_type = media_type(&content_type);
        if media_type != "application/json" && !media_type.ends_with("+json") {
            let found = quoted(&content_type);
            return Err(refuse(&format!("`datacontenttype` is {found}, but the data must be JSON")));
        }
    }
    let data = match find("data") {
        Some(data) if data.value.get().starts_with('{') => data.value,
        Some(data) => {
            let at = source.byte_of(data.value.get());
            return Err(refuse(&format!("`data` must be an event line, a JSON object (byte {at})")));
        }
        None if find("data_base64").is_some() => {
            return Err(refuse("`data_base64` is not read: give the event line as `data`, a JSON object"));
        }
        None => return Err(refuse("`data` is missing: give the event line there")),
    };
    Ok(Unwrapped { envelope: request::envelope(source, source.members_of(data)?)?, time })
}

/// Checks the attributes that every CloudEvent has, and returns its time. An attribute is named in
/// messages between `before` and `after`.
fn attributes<'t>(
    text: impl Fn(&str) -> Result<Option<Cow<'t, str>>, Rejection>,
    before: &str,
    after: &str,
) -> Result<Option<Arc<str>>, Rejection> {
    let required = |name: &str| match text(name)? {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) => Err(refuse(&format!("{before}{name}{after} is empty: every CloudEvent has one"))),
        None => Err(refuse(&format!("{before}{name}{after} is missing: every CloudEvent has one"))),
    };
    let version = required("specversion")?;
    if version != SPEC_VERSION {
        let message =
            format!("{before}specversion{after} is {}, but only `{SPEC_VERSION}` is known", quoted(&version));
        return Err(refuse(&message));
    }
    for name in ["id", "source", "type"] {
        required(name)?;
    }
    let Some(time) = text("time")? else { return Ok(None) };
    if Instant::parse(&time).is_err() {
        let found = quoted(&time);
        let message =
            format!("{before}time{after} {found} is no instant: write it as in `2026-11-22T10:00:00Z`");
        return Err(Rejection::new(RejectionCode::InvalidTime, message));
    }
    Ok(Some(Arc::from(time.as_ref())))
}

/// The text of the last header of this name.
fn header<'a>(headers: &'a [Header], name: &str) -> Result<Option<Cow<'a, str>>, Rejection> {
    let Some((_, Some(value))) = headers.iter().rev().find(|(candidate, _)| candidate == name) else {
        return Ok(None);
    };
    match std::str::from_utf8(value) {
        Ok(text) => Ok(Some(Cow::Borrowed(text))),
        Err(_) => Err(refuse(&format!("the header `{name}` is not UTF-8"))),
    }
}

/// A content type without its parameters, in lower case.
fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn refuse(message: &str) -> Rejection {
    Rejection::new(RejectionCode::InvalidCloudEvent, message)
}
