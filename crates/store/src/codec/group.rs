//! What a partition knows of a group.

use super::{Damage, read, write};
use muster_engine::storage::{GroupImage, GroupMode, StorageError};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct GroupV1 {
    local: u32,
    created: u64,
    synced: Option<u64>,
    mode: ModeV1,
}

/// The evaluator of all groups that are stored without one.
const FIRST_EVALUATOR: u32 = 1;

/// A group that was brought to its rule by another evaluator than the first; of that one it is written as the
/// version before.
#[derive(Serialize, Deserialize)]
struct GroupV2 {
    base: GroupV1,
    evaluator: u32,
}

#[derive(Serialize, Deserialize)]
enum ModeV1 {
    Assigned,
    Dynamic,
}

pub(crate) fn encode(image: &GroupImage) -> Result<Vec<u8>, StorageError> {
    let GroupImage { local, created, synced, mode, evaluator } = *image;
    let mode = match mode {
        GroupMode::Assigned => ModeV1::Assigned,
        GroupMode::Dynamic => ModeV1::Dynamic,
    };
    let base = GroupV1 { local, created, synced, mode };
    if evaluator == FIRST_EVALUATOR { write(1, &base) } else { write(2, &GroupV2 { base, evaluator }) }
}

pub(crate) fn decode(bytes: &[u8]) -> Result<GroupImage, Damage> {
    let (base, evaluator) = match super::open(bytes)? {
        (1, payload) => (read(payload)?, FIRST_EVALUATOR),
        (2, payload) => {
            let GroupV2 { base, evaluator } = read(payload)?;
            (base, evaluator)
        }
        (version, _) => return Err(Damage::version(version)),
    };
    let GroupV1 { local, created, synced, mode } = base;
    let mode = match mode {
        ModeV1::Assigned => GroupMode::Assigned,
        ModeV1::Dynamic => GroupMode::Dynamic,
    };
    Ok(GroupImage { local, created, synced, mode, evaluator })
}
