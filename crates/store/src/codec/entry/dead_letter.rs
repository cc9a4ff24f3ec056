//! A dead letter as an entry has it: in full, but for the name of its source.

use super::list::{List, ListedSourceV1};
use crate::codec::Damage;
use crate::codec::images::BytesV1;
use muster_directory::{DeadLetter, Header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
pub(super) struct DeadLetterV1<'a> {
    source: ListedSourceV1,
    code: &'a str,
    error: &'a str,
    #[serde(borrow)]
    key: Option<BytesV1<'a>>,
    #[serde(borrow)]
    headers: Vec<(&'a str, Option<BytesV1<'a>>)>,
    #[serde(borrow)]
    raw: Option<BytesV1<'a>>,
    raw_length: u64,
}

impl<'a> DeadLetterV1<'a> {
    pub(super) fn listed(letter: &'a DeadLetter, names: &mut List<'a, str>) -> DeadLetterV1<'a> {
        let header = |(name, value): &'a Header| (name.as_str(), value.as_deref().map(BytesV1));
        DeadLetterV1 {
            source: ListedSourceV1::listed(&letter.source, names),
            code: &letter.code,
            error: &letter.error,
            key: letter.key.as_deref().map(BytesV1),
            headers: letter.headers.iter().map(header).collect(),
            raw: letter.raw.as_deref().map(BytesV1),
            raw_length: letter.raw_length,
        }
    }

    pub(super) fn into_dead_letter(self, names: &[Arc<str>]) -> Result<DeadLetter, Damage> {
        let bytes = |bytes: Option<BytesV1<'_>>| bytes.map(|bytes| bytes.0.to_vec());
        let header = |(name, value): (&str, _)| (name.to_owned(), bytes(value));
        Ok(DeadLetter {
            source: self.source.into_source(names)?,
            code: self.code.to_owned(),
            error: self.error.to_owned(),
            key: bytes(self.key),
            headers: self.headers.into_iter().map(header).collect(),
            raw: bytes(self.raw),
            raw_length: self.raw_length,
        })
    }
}
