//! What a directory says of itself: the format it is written in, and its random id. Plain bytes, not
//! records of the codec, so that any version of the program can read them and say what it finds.

use super::Damage;

/// What the format record begins with.
const MAGIC: &str = "muster ";

/// The format record of a directory of this version.
pub(crate) fn encode_format(version: u32) -> Vec<u8> {
    format!("{MAGIC}{version}").into_bytes()
}

/// The version that a format record states.
pub(crate) fn decode_format(bytes: &[u8]) -> Result<u32, Damage> {
    let version = std::str::from_utf8(bytes).ok().and_then(|text| text.strip_prefix(MAGIC)?.parse().ok());
    version.ok_or_else(|| Damage::new(format!("`{}` states no format", bytes.escape_ascii())))
}

/// The owner record.
pub(crate) fn encode_owner(owner: u128) -> Vec<u8> {
    owner.to_be_bytes().to_vec()
}

/// The owner that a record states.
pub(crate) fn decode_owner(bytes: &[u8]) -> Result<u128, Damage> {
    match bytes.try_into() {
        Ok(bytes) => Ok(u128::from_be_bytes(bytes)),
        Err(_) => Err(Damage::new(format!("it has {} bytes instead of 16", bytes.len()))),
    }
}
