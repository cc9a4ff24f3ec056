//! The life of a partition on this instance: it runs until it is asked to stop, is started again where that
//! may help, and stops by itself with the reason where it does not, while the other partitions go on.
//!
//! | it ends by | then |
//! |---|---|
//! | being asked | it is given up, everything committed published or in the outbox |
//! | another instance that had it meanwhile | it is given up: where the group leaves it here, it is started again |
//! | a panic at a change | started anew from the store; at the third at one place, also across restarts of the process, it stops |
//! | a refusal, a contradiction, an input that is gone | it stops: an operator decides |
//! | the disk, the log's client, anything else | the service ends, to be started again |

use super::PartitionTask;
use crate::Fault;
use crate::observe::PartitionState;
use crate::publisher::store_number;
use crate::shared::Shared;
use crate::stop::Stop;
use muster_engine::storage::{Remedy, StorageError, Trouble};
use muster_stream::log::{LogError, TopicPartition};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the engine may fail at one change.
const MAX_FAILURES: u32 = 3;

/// Runs a partition until `stop` is requested. It may be called for any partition at any time, once at a time,
/// and again after it returned: it leaves nothing behind but what is on the disk and in the log. Asked to stop,
/// it takes nothing more in, publishes what is committed as far as the log lets it, and returns.
///
/// # Errors
/// What concerns the whole service. What concerns this partition alone stops it: the function then waits to be
/// asked, as somebody has to act first.
pub(crate) fn work(shared: &Arc<Shared>, number: u32, stop: &Arc<Stop>) -> Result<(), Fault> {
    loop {
        shared.progress.restoring(number);
        shared.observer.state(number, PartitionState::Restoring);
        let at = Arc::new(At::default());
        let attempt = AssertUnwindSafe(|| PartitionTask::start(shared, number, stop, &at)?.run());
        let ended = catch_unwind(attempt);
        shared.observer.ready(number, false);
        let fault = match ended {
            Ok(Ok(()) | Err(Fault::Stopped)) => return Ok(()),
            Ok(Err(fault)) => fault,
            Err(panic) => match blame(shared, number, &at, &*panic)? {
                Some(fault) => fault,
                None => continue,
            },
        };
        match &fault {
            Fault::Overtaken { .. } => {
                tracing::warn!(partition = number, %fault, "the partition is given up");
                return Ok(());
            }
            fault if is_its_own(fault) => {
                shared.progress.stalled(number, Some(format!("stopped: {fault}")));
                shared.observer.state(number, PartitionState::Stopped);
                tracing::error!(partition = number, %fault, "the partition is stopped; the others go on");
                shared.stop_telling(number);
                while !stop.wait(Duration::from_secs(3_600)) {}
                return Ok(());
            }
            _ => return Err(fault),
        }
    }
}

/// Whether the fault concerns one partition, and restarting the service would not cure it.
fn is_its_own(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Refused { .. }
            | Fault::Contradiction(_)
            | Fault::Poisoned { .. }
            | Fault::Log(LogError::OutOfRange { .. })
    )
}

/// The change that is being applied, for when that does not end well.
#[derive(Default)]
pub(super) struct At {
    of: Mutex<Option<TopicPartition>>,
    offset: AtomicU64,
}

impl At {
    /// From here on records of this partition of a topic are applied; `None`: no record is.
    pub(super) fn batch(&self, of: Option<&TopicPartition>) {
        *self.of.lock().unwrap_or_else(PoisonError::into_inner) = of.cloned();
    }

    /// This record is.
    pub(super) fn record(&self, offset: u64) {
        self.offset.store(offset, Ordering::Release);
    }

    fn get(&self) -> Option<(TopicPartition, u64)> {
        let of = self.of.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some((of, self.offset.load(Ordering::Acquire)))
    }
}

/// Counts a panic against the change that was being applied; a fault where it was one too many, or where no
/// change was. The count is on the disk, so that a supervisor which restarts the process does not reset it.
fn blame(
    shared: &Shared,
    number: u32,
    at: &At,
    panic: &(dyn Any + Send),
) -> Result<Option<Fault>, StorageError> {
    let name = format!("partition {number}");
    let Some((of, offset)) = at.get() else { return Ok(Some(Fault::Panic(name))) };
    let reason = text(panic);
    let before = shared.storage.trouble(store_number(number))?;
    let same = before.filter(|trouble| trouble.topic == *of.topic && trouble.offset == offset);
    let failures = same.map_or(0, |trouble| trouble.failures) + 1;
    let topic = of.topic.to_string();
    let trouble =
        Trouble { topic: topic.clone(), offset, failures, reason: reason.clone(), remedy: Remedy::Apply };
    shared.storage.note_trouble(store_number(number), Some(&trouble))?;
    tracing::error!(partition = number, topic, offset, failures, reason, "the engine failed at a change");
    Ok((failures >= MAX_FAILURES).then_some(Fault::Poisoned { of: name, topic, offset, reason }))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
