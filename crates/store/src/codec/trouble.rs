//! What holds a partition up, and what was decided about it: the change at which the engine failed, and the
//! resolution of a refusal.

use super::{Damage, read, write};
use muster_engine::storage::{Remedy, Resolution, StorageError, Trouble};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct TroubleV1<'a> {
    topic: &'a str,
    offset: u64,
    failures: u32,
    reason: &'a str,
    remedy: RemedyV1,
}

#[derive(Serialize, Deserialize)]
enum RemedyV1 {
    Apply,
    DeadLetter,
}

pub(crate) fn encode(trouble: &Trouble) -> Result<Vec<u8>, StorageError> {
    let Trouble { topic, offset, failures, reason, remedy } = trouble;
    let remedy = match remedy {
        Remedy::Apply => RemedyV1::Apply,
        Remedy::DeadLetter => RemedyV1::DeadLetter,
    };
    write(1, &TroubleV1 { topic, offset: *offset, failures: *failures, reason, remedy })
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Trouble, Damage> {
    let record: TroubleV1<'_> = match super::open(bytes)? {
        (1, payload) => read(payload)?,
        (version, _) => return Err(Damage::version(version)),
    };
    Ok(Trouble {
        topic: record.topic.to_owned(),
        offset: record.offset,
        failures: record.failures,
        reason: record.reason.to_owned(),
        remedy: match record.remedy {
            RemedyV1::Apply => Remedy::Apply,
            RemedyV1::DeadLetter => Remedy::DeadLetter,
        },
    })
}

#[derive(Serialize, Deserialize)]
enum ResolutionV1 {
    KeepPublished,
    GoOnWithout,
}

pub(crate) fn encode_resolution(resolution: Resolution) -> Result<Vec<u8>, StorageError> {
    let record = match resolution {
        Resolution::KeepPublished => ResolutionV1::KeepPublished,
        Resolution::GoOnWithout => ResolutionV1::GoOnWithout,
    };
    write(1, &record)
}

pub(crate) fn decode_resolution(bytes: &[u8]) -> Result<Resolution, Damage> {
    match super::open(bytes)? {
        (1, payload) => Ok(match read(payload)? {
            ResolutionV1::KeepPublished => Resolution::KeepPublished,
            ResolutionV1::GoOnWithout => Resolution::GoOnWithout,
        }),
        (version, _) => Err(Damage::version(version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_back_and_its_bytes_never_change() {
        let trouble = Trouble {
            topic: "t".into(),
            offset: 258,
            failures: 3,
            reason: "no".into(),
            remedy: Remedy::DeadLetter,
        };
        let bytes = encode(&trouble).unwrap();
        let golden =
            b"\x01\x01\x01\0\0\0\0\0\0\0t\x02\x01\0\0\0\0\0\0\x03\0\0\0\x02\0\0\0\0\0\0\0no\x01\0\0\0";
        assert_eq!(bytes, golden);
        assert_eq!(decode(&bytes).unwrap(), trouble);
        for (resolution, variant) in [(Resolution::KeepPublished, 0), (Resolution::GoOnWithout, 1)] {
            let bytes = encode_resolution(resolution).unwrap();
            assert_eq!(bytes, [1, 1, variant, 0, 0, 0]);
            assert_eq!(decode_resolution(&bytes).unwrap(), resolution);
        }
    }
}
