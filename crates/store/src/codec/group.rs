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

#[derive(Serialize, Deserialize)]
enum ModeV1 {
    Assigned,
    Dynamic,
}

pub(crate) fn encode(image: &GroupImage) -> Result<Vec<u8>, StorageError> {
    let GroupImage { local, created, synced, mode } = *image;
    let mode = match mode {
        GroupMode::Assigned => ModeV1::Assigned,
        GroupMode::Dynamic => ModeV1::Dynamic,
    };
    write(1, &GroupV1 { local, created, synced, mode })
}

pub(crate) fn decode(bytes: &[u8]) -> Result<GroupImage, Damage> {
    match super::open(bytes)? {
        (1, payload) => {
            let GroupV1 { local, created, synced, mode } = read(payload)?;
            let mode = match mode {
                ModeV1::Assigned => GroupMode::Assigned,
                ModeV1::Dynamic => GroupMode::Dynamic,
            };
            Ok(GroupImage { local, created, synced, mode })
        }
        (version, _) => Err(Damage::version(version)),
    }
}
