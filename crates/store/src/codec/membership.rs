//! An object's memberships and listings.

use super::{Damage, check_sorted, read, write};
use muster_directory::{GroupId, Rejection};
use muster_engine::storage::{MembershipImage, StorageError};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct MembershipV1<'a> {
    pub(super) groups: Vec<u32>,
    #[serde(borrow)]
    pub(super) listed: Vec<&'a str>,
}

pub(crate) fn encode(image: &MembershipImage) -> Result<Vec<u8>, StorageError> {
    // The one copy is cheap beside the bytes.
    let listed = image.listed.iter().map(GroupId::as_str).collect();
    write(1, &MembershipV1 { groups: image.groups.clone(), listed })
}

pub(crate) fn decode(bytes: &[u8]) -> Result<MembershipImage, Damage> {
    match super::open(bytes)? {
        (1, payload) => read::<MembershipV1<'_>>(payload)?.try_into(),
        (version, _) => Err(Damage::version(version)),
    }
}

impl TryFrom<MembershipV1<'_>> for MembershipImage {
    type Error = Damage;

    fn try_from(record: MembershipV1<'_>) -> Result<MembershipImage, Damage> {
        check_sorted("the groups", &record.groups)?;
        check_sorted("the listings", &record.listed)?;
        let listed: Result<Vec<GroupId>, Rejection> = record.listed.into_iter().map(GroupId::new).collect();
        Ok(MembershipImage { groups: record.groups, listed: listed? })
    }
}
