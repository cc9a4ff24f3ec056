//! A change of a group's state as an entry has it, and what later versions tell of it beside.

use crate::codec::Damage;
use muster_directory::{GroupId, GroupState, GroupStatus, Instant, RuleProcessing, Tenant};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct StatusV1<'a> {
    tenant: &'a str,
    group: &'a str,
    version: u64,
    state: StateV1,
    members: u64,
    added: u64,
    removed: u64,
    as_of: i64,
}

#[derive(Serialize, Deserialize)]
enum StateV1 {
    Syncing,
    Current,
    Paused,
    Failed,
    Held,
    Deleted,
}

impl<'a> From<&'a GroupStatus> for StatusV1<'a> {
    fn from(status: &'a GroupStatus) -> StatusV1<'a> {
        StatusV1 {
            tenant: status.tenant.as_str(),
            group: status.group.as_str(),
            version: status.version,
            state: match status.state {
                GroupState::Syncing => StateV1::Syncing,
                GroupState::Current => StateV1::Current,
                GroupState::Paused => StateV1::Paused,
                GroupState::Failed => StateV1::Failed,
                GroupState::Held => StateV1::Held,
                GroupState::Deleted => StateV1::Deleted,
            },
            members: status.members,
            added: status.added,
            removed: status.removed,
            as_of: status.as_of.as_millis(),
        }
    }
}

impl TryFrom<StatusV1<'_>> for GroupStatus {
    type Error = Damage;

    fn try_from(status: StatusV1<'_>) -> Result<GroupStatus, Damage> {
        Ok(GroupStatus {
            tenant: Tenant::new(status.tenant)?,
            group: GroupId::new(status.group)?,
            version: status.version,
            state: match status.state {
                StateV1::Syncing => GroupState::Syncing,
                StateV1::Current => GroupState::Current,
                StateV1::Paused => GroupState::Paused,
                StateV1::Failed => GroupState::Failed,
                StateV1::Held => GroupState::Held,
                StateV1::Deleted => GroupState::Deleted,
            },
            members: status.members,
            added: status.added,
            removed: status.removed,
            remaining: 0,
            held: None,
            processing: None,
            as_of: Instant::from_millis(status.as_of),
        })
    }
}

/// What an entry of version 3 tells beside [`StatusV1`].
#[derive(Serialize, Deserialize)]
pub(super) struct StatusDetailV1<'a> {
    remaining: u64,
    held: Option<u64>,
    #[serde(borrow)]
    processing: Option<ProcessingV1<'a>>,
}

#[derive(Serialize, Deserialize)]
enum ProcessingV1<'a> {
    NotStarted,
    Running,
    Succeeded,
    Failed(&'a str),
}

impl<'a> StatusDetailV1<'a> {
    pub(super) fn of(status: &'a GroupStatus) -> StatusDetailV1<'a> {
        let processing = status.processing.as_ref().map(|processing| match processing {
            RuleProcessing::NotStarted => ProcessingV1::NotStarted,
            RuleProcessing::Running => ProcessingV1::Running,
            RuleProcessing::Succeeded => ProcessingV1::Succeeded,
            RuleProcessing::Failed(reason) => ProcessingV1::Failed(reason),
        });
        StatusDetailV1 { remaining: status.remaining, held: status.held, processing }
    }

    /// Whether there is nothing that the older version does not tell.
    pub(super) fn is_empty(&self) -> bool {
        self.remaining == 0 && self.held.is_none() && self.processing.is_none()
    }

    pub(super) fn add_to(self, status: &mut GroupStatus) {
        status.remaining = self.remaining;
        status.held = self.held;
        status.processing = self.processing.map(|processing| match processing {
            ProcessingV1::NotStarted => RuleProcessing::NotStarted,
            ProcessingV1::Running => RuleProcessing::Running,
            ProcessingV1::Succeeded => RuleProcessing::Succeeded,
            ProcessingV1::Failed(reason) => RuleProcessing::Failed(reason.into()),
        });
    }
}
