//! The members round the data of an event line: which there may be, and of which type.

use crate::json::{Json, Member, Source, quoted};
use crate::suggest;
use muster_directory::{GroupId, Instant, ObjectId, Rejection, RejectionCode, Tenant};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// The members of one line, each known and given once, their values not yet looked at.
pub(crate) struct Envelope<'a> {
    pub(crate) source: Source<'a>,
    members: Vec<Member<'a>>,
}

const MEMBERS: &[&str] = &["kind", "op", "tenant", "group", "id", "time", "data"];

impl<'a> Envelope<'a> {
    /// The event line of these members, which lie in `source`.
    ///
    /// # Errors
    /// `invalid-event`.
    pub(crate) fn new(source: Source<'a>, members: Vec<Member<'a>>) -> Result<Envelope<'a>, Rejection> {
        Envelope::of(source, members, MEMBERS)
    }

    /// The same of a line that has other members.
    ///
    /// # Errors
    /// `invalid-event`.
    pub(crate) fn of(
        source: Source<'a>,
        members: Vec<Member<'a>>,
        known: &[&str],
    ) -> Result<Envelope<'a>, Rejection> {
        for (i, member) in members.iter().enumerate() {
            if !known.contains(&member.name.as_ref()) {
                let guess = suggest::did_you_mean(&member.name, known.iter().copied());
                let known = known.join(", ");
                let name = quoted(&member.name);
                let message = format!(
                    "{name} is no member of an event line{guess} (members: {known}; attributes belong into `data`)"
                );
                return Err(refuse(message));
            }
            if members.iter().take(i).any(|earlier| earlier.name == member.name) {
                return Err(refuse(format!("{} is given twice: give it once", quoted(&member.name))));
            }
        }
        Ok(Envelope { source, members })
    }

    /// Refuses members other than `kind` and `allowed`.
    pub(crate) fn only(&self, allowed: &[&str], what: &str) -> Result<(), Rejection> {
        let stray = self.members.iter().find(|m| m.name != "kind" && !allowed.contains(&m.name.as_ref()));
        match stray {
            None => Ok(()),
            Some(member) => {
                let at = self.source.byte_of(member.value.get());
                let name = quoted(&member.name);
                Err(refuse(format!("{what} of this op has no {name} (byte {at}): leave it out")))
            }
        }
    }

    pub(crate) fn kind(&self) -> Result<Cow<'a, str>, Rejection> {
        self.required_text("kind", "a string such as `user`")
    }

    /// The op, which must be one of `known`.
    pub(crate) fn op(&self, known: &[&'static str]) -> Result<&'static str, Rejection> {
        let op = self.required_text("op", &format!("a string: `{}`", known.join("` or `")))?;
        known.iter().find(|known| **known == op).copied().ok_or_else(|| {
            let guess = suggest::did_you_mean(&op, known.iter().copied());
            let message = format!("{} is no op of this kind{guess} (ops: {})", quoted(&op), known.join(", "));
            Rejection::new(RejectionCode::UnknownOp, message)
        })
    }

    pub(crate) fn tenant(&self) -> Result<Tenant, Rejection> {
        match self.text("tenant", "a string (or may be left out)")? {
            Some(tenant) => Tenant::new(&tenant),
            None => Ok(Tenant::default()),
        }
    }

    pub(crate) fn object_id(&self) -> Result<ObjectId, Rejection> {
        ObjectId::new(&self.required_text("id", "a string")?)
    }

    pub(crate) fn group_id(&self, member: &str) -> Result<GroupId, Rejection> {
        GroupId::new(&self.required_text(member, "a string")?)
    }

    /// The source's time, as written.
    pub(crate) fn time(&self) -> Result<Option<Arc<str>>, Rejection> {
        match self.text("time", "an RFC 3339 string (or may be left out)")? {
            Some(time) => {
                self.instant(&time)?;
                Ok(Some(Arc::from(time.as_ref())))
            }
            None => Ok(None),
        }
    }

    /// The time, which this kind of line must have.
    pub(crate) fn clock(&self) -> Result<Instant, Rejection> {
        self.instant(&self.required_text("time", "an RFC 3339 string")?)
    }

    /// The data, which this line must have; not yet looked at.
    pub(crate) fn data(&self) -> Result<&'a RawValue, Rejection> {
        let Some(member) = self.find("data") else {
            return Err(refuse("`data` is missing: give the attributes in an object".into()));
        };
        if member.value.get().starts_with('{') {
            return Ok(member.value);
        }
        let at = self.source.byte_of(member.value.get());
        Err(refuse(format!("`data` must be an object (byte {at}): write `{{…}}`")))
    }

    /// The line again, on one line.
    pub(crate) fn to_line(&self) -> Box<str> {
        let member = |member: &Member<'a>| {
            let name = serde_json::Value::from(member.name.as_ref());
            // A line break between two tokens would end the line; within texts there is none.
            format!("{name}:{}", member.value.get().replace(['\n', '\r'], " "))
        };
        let members: Vec<String> = self.members.iter().map(member).collect();
        format!("{{{}}}", members.join(",")).into()
    }

    /// Whether the line has this member.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Member<'a>> {
        self.members.iter().find(|member| member.name == name)
    }

    pub(crate) fn required_text(&self, name: &str, expected: &str) -> Result<Cow<'a, str>, Rejection> {
        self.text(name, expected)?.ok_or_else(|| refuse(format!("`{name}` is missing: it takes {expected}")))
    }

    fn text(&self, name: &str, expected: &str) -> Result<Option<Cow<'a, str>>, Rejection> {
        let Some(member) = self.find(name) else { return Ok(None) };
        let at = self.source.byte_of(member.value.get());
        // An array or object is not read at all: it may be nested deeper than can be.
        if member.value.get().starts_with(['[', '{']) {
            return Err(refuse(format!("`{name}` is an array or object, but takes {expected} (byte {at})")));
        }
        match self.source.value(member.value)? {
            Json::String(text) => Ok(Some(text)),
            other => {
                let found = other.describe();
                Err(refuse(format!("`{name}` is {found}, but takes {expected} (byte {at})")))
            }
        }
    }

    fn instant(&self, text: &str) -> Result<Instant, Rejection> {
        Instant::parse(text).map_err(|_| {
            let message =
                format!("`time` {} is no instant: write it as in `2026-11-22T10:00:00Z`", quoted(text));
            Rejection::new(RejectionCode::InvalidTime, message)
        })
    }
}

fn refuse(message: String) -> Rejection {
    Rejection::new(RejectionCode::InvalidEvent, message)
}
