//! An object's members by name and type, strictly: each known, each given once.

use crate::json::{Json, Member, Source, quoted};
use crate::suggest;
use muster_directory::{Rejection, RejectionCode};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The members of one object.
pub(super) struct Fields<'a> {
    source: Source<'a>,
    members: Vec<Member<'a>>,
    /// For complaints: "a product".
    what: &'static str,
    code: RejectionCode,
}

impl<'a> Fields<'a> {
    pub(super) fn new(
        source: Source<'a>,
        members: Vec<Member<'a>>,
        (what, code): (&'static str, RejectionCode),
        known: &[&str],
    ) -> Result<Fields<'a>, Rejection> {
        for (at, member) in members.iter().enumerate() {
            let name = quoted(&member.name);
            if !known.contains(&member.name.as_ref()) {
                let guess = suggest::did_you_mean(&member.name, known.iter().copied());
                let byte = source.byte_of(member.value.get());
                let known = known.join(", ");
                let message = format!("{name} is no member of {what}{guess} (byte {byte}; members: {known})");
                return Err(Rejection::new(code, message));
            }
            if members.iter().take(at).any(|earlier| earlier.name == member.name) {
                return Err(Rejection::new(code, format!("{name} is given twice: give it once")));
            }
        }
        Ok(Fields { source, members, what, code })
    }

    /// The members of an object that lies in the same text.
    pub(super) fn of(
        source: Source<'a>,
        object: &'a RawValue,
        what: (&'static str, RejectionCode),
        known: &[&str],
    ) -> Result<Fields<'a>, Rejection> {
        if !object.get().starts_with('{') {
            let byte = source.byte_of(object.get());
            let message = format!("{} must be an object (byte {byte}): write `{{…}}`", what.0);
            return Err(Rejection::new(what.1, message));
        }
        Fields::new(source, source.members_of(object)?, what, known)
    }

    /// The value as written; `None` where it is missing or null.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let member = self.members.iter().find(|member| member.name == name)?;
        (member.value.get() != "null").then_some(member.value)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Rejection> {
        match self.value(name)? {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.mismatch(name, &other, "a string")),
        }
    }

    pub(super) fn required_text(&self, name: &str) -> Result<Cow<'a, str>, Rejection> {
        self.text(name)?.ok_or_else(|| self.missing(name, "a string"))
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Rejection> {
        match self.value(name)? {
            None => Ok(None),
            Some(Json::Integer(number)) => Ok(Some(number)),
            Some(other) => Err(self.mismatch(name, &other, "a whole number")),
        }
    }

    /// A number that is not negative.
    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, Rejection> {
        let negative = |number| self.mismatch(name, &Json::Integer(number), "a whole number of 0 or more");
        self.integer(name)?.map(|number| u64::try_from(number).map_err(|_| negative(number))).transpose()
    }

    pub(super) fn required_count(&self, name: &str) -> Result<u64, Rejection> {
        self.count(name)?.ok_or_else(|| self.missing(name, "a whole number"))
    }

    /// The texts of an array; none where it is missing or null.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<Cow<'a, str>>, Rejection> {
        let expected = "an array of strings";
        match self.value(name)? {
            None => Ok(Vec::new()),
            Some(Json::Array(elements)) => elements
                .into_iter()
                .map(|element| match element {
                    Json::String(text) => Ok(text),
                    other => Err(self.mismatch(name, &other, "strings only")),
                })
                .collect(),
            Some(other) => Err(self.mismatch(name, &other, expected)),
        }
    }

    /// The elements of an array, as written; `None` where it is missing or null.
    pub(super) fn elements(&self, name: &str) -> Result<Option<Vec<&'a RawValue>>, Rejection> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        if !raw.get().starts_with('[') {
            let byte = self.source.byte_of(raw.get());
            return Err(self.refuse(format!("`{name}` takes an array (byte {byte}): write `[…]`")));
        }
        let elements = serde_json::from_str(raw.get());
        elements.map(Some).map_err(|error| self.source.refuse(raw.get(), &error))
    }

    pub(super) fn missing(&self, name: &str, expected: &str) -> Rejection {
        self.refuse(format!("`{name}` of {} is missing: it takes {expected}", self.what))
    }

    pub(super) fn refuse(&self, message: String) -> Rejection {
        Rejection::new(self.code, message)
    }

    fn value(&self, name: &str) -> Result<Option<Json<'a>>, Rejection> {
        match self.raw(name) {
            None => Ok(None),
            Some(raw) => self.source.value(raw).map(Some),
        }
    }

    fn mismatch(&self, name: &str, found: &Json<'_>, expected: &str) -> Rejection {
        let byte = self.raw(name).map_or(0, |raw| self.source.byte_of(raw.get()));
        self.refuse(format!("`{name}` is {}, but takes {expected} (byte {byte})", found.describe()))
    }
}
