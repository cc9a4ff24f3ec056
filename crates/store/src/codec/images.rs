//! The record images of an outbox entry, as bytes: what a changelog publishes needs no decoding, and
//! what a restorer reads from it can be put as it is.

use super::{Damage, read, write};
use muster_engine::storage::StorageError;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A record as a step left it, in the bytes of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its key without the partition: what a changelog's records are keyed by.
    pub(crate) key: Vec<u8>,
    /// Its value; `None` is its tombstone.
    pub(crate) value: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct ImagesV1<'a> {
    #[serde(borrow)]
    images: Vec<(BytesV1<'a>, Option<BytesV1<'a>>)>,
}

pub(crate) fn encode<'a>(
    images: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
) -> Result<Vec<u8>, StorageError> {
    let images = images.map(|(key, value)| (BytesV1(key), value.map(BytesV1)));
    write(1, &ImagesV1 { images: images.collect() })
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Image>, Damage> {
    let record: ImagesV1<'_> = match super::open(bytes)? {
        (1, payload) => read(payload)?,
        (version, _) => return Err(Damage::version(version)),
    };
    let image = |(key, value): (BytesV1<'_>, Option<BytesV1<'_>>)| Image {
        key: key.0.to_vec(),
        value: value.map(|value| value.0.to_vec()),
    };
    Ok(record.images.into_iter().map(image).collect())
}

/// Bytes written in one piece: serde would take a slice for a sequence of numbers.
pub(super) struct BytesV1<'a>(pub(super) &'a [u8]);

impl Serialize for BytesV1<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for BytesV1<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BytesV1<'a>, D::Error> {
        struct Borrowed;
        impl<'de> Visitor<'de> for Borrowed {
            type Value = &'de [u8];

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<&'de [u8], E> {
                Ok(bytes)
            }
        }
        deserializer.deserialize_bytes(Borrowed).map(BytesV1)
    }
}
