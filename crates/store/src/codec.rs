//! Values as bytes: a format byte, a schema version byte, and then the record as bincode writes it
//! (fixed-width little-endian integers, u32 for the variant of an enum, u64 for a length).
//!
//! Every kind of record has a room below with the types that are written, one for each version that
//! ever was (`ObjectV1`), apart from the engine's own types, so that these can change and the bytes
//! do not. Reading borrows from the input and allocates for nothing that is not there: damaged or
//! hostile bytes are an error, never a panic and never a huge allocation. Knows no keys.

use bincode::config::{self, Config};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use muster_directory::Rejection;
use muster_engine::storage::StorageError;
use serde::{Deserialize, Serialize};
use std::fmt;

pub(crate) mod definition;
pub(crate) mod directory;
pub(crate) mod entry;
pub(crate) mod group;
pub(crate) mod head;
pub(crate) mod images;
pub(crate) mod licensing;
pub(crate) mod membership;
pub(crate) mod object;
pub(crate) mod schema;
mod source;
pub(crate) mod trouble;

/// The first byte of a value: bincode 2, `config::legacy()`. Another encoding would get another.
const FORMAT: u8 = 1;

/// The longest value, in bytes: far above any that is written, far below what RocksDB cannot take.
const MAX_BYTES: usize = 1 << 30;

fn configuration() -> impl Config {
    config::legacy()
}

/// What is wrong with some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage(String);

impl Damage {
    pub(crate) fn new(reason: impl Into<String>) -> Damage {
        Damage(reason.into())
    }

    /// A schema version that this program cannot read.
    fn version(version: u8) -> Damage {
        Damage(format!("schema version {version} is not known to this version of the program"))
    }

    /// The same, with the name of the damaged record.
    pub(crate) fn at(self, place: impl fmt::Display) -> StorageError {
        StorageError::Damaged { place: place.to_string(), reason: self.0 }
    }
}

impl From<DecodeError> for Damage {
    fn from(error: DecodeError) -> Damage {
        let reason = match error {
            DecodeError::UnexpectedEnd { .. } => "it ends too early".to_owned(),
            DecodeError::Utf8 { .. } => "a text is not UTF-8".to_owned(),
            DecodeError::OtherString(reason) => reason,
            other => format!("it does not decode ({other})"),
        };
        Damage(reason)
    }
}

impl From<Rejection> for Damage {
    /// Of an id that is none.
    fn from(rejection: Rejection) -> Damage {
        Damage(rejection.message)
    }
}

/// A value with its two leading bytes, from the record type of this schema version.
fn write<T: Serialize>(version: u8, record: &T) -> Result<Vec<u8>, StorageError> {
    let mut bytes = Bytes(Vec::with_capacity(256));
    bytes.0.extend_from_slice(&[FORMAT, version]);
    match bincode::serde::encode_into_writer(record, &mut bytes, configuration()) {
        Ok(()) => Ok(bytes.0),
        Err(error) => {
            Err(StorageError::Io { action: "encode a record".to_owned(), reason: error.to_string() })
        }
    }
}

/// The schema version of a value, and what comes after.
fn open(bytes: &[u8]) -> Result<(u8, &[u8]), Damage> {
    match bytes {
        _ if bytes.len() > MAX_BYTES => Err(Damage::new("it is longer than any value is written")),
        [FORMAT, version, payload @ ..] => Ok((*version, payload)),
        [] | [FORMAT] => Err(Damage::new("it ends too early")),
        [format, ..] => Err(Damage(format!("format {format} is not known to this version of the program"))),
    }
}

/// The record that these bytes are, to the last.
fn read<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Damage> {
    let (record, length) = bincode::serde::borrow_decode_from_slice(payload, configuration())?;
    match payload.len() - length {
        0 => Ok(record),
        left => Err(Damage(format!("{left} bytes are left over"))),
    }
}

/// Fails unless `items` are sorted, each once.
fn check_sorted<T: Ord>(what: &str, items: &[T]) -> Result<(), Damage> {
    if items.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(Damage(format!("{what} are not sorted"))) }
}

/// Bytes that grow up to [`MAX_BYTES`].
struct Bytes(Vec<u8>);

impl Writer for Bytes {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        if bytes.len() > MAX_BYTES - self.0.len() {
            return Err(EncodeError::OtherString(format!("it takes more than {MAX_BYTES} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
