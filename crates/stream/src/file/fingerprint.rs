//! A running fingerprint of bytes: FNV-1a, 64 bits. It does not depend on how the bytes are cut
//! into pieces, and is stored, so it never changes. It tells mistakes, not forgeries.

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The fingerprint of no bytes.
pub(super) const EMPTY: u64 = OFFSET_BASIS;

/// The fingerprint of what `fingerprint` stands for, and then `bytes`.
pub(super) fn extend(fingerprint: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(fingerprint, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_fnv_1a_and_never_changes() {
        assert_eq!(extend(EMPTY, b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(extend(EMPTY, b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(extend(extend(EMPTY, b"foo"), b"bar"), 0x8594_4171_f739_67e8);
    }
}
