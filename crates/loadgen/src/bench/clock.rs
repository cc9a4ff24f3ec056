//! The processor time of the thread that asks.

use rustix::time::{ClockId, Timespec, clock_gettime};
use std::time::Duration;

/// A moment of this thread's own time, which stands still while others have the processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct CpuClock(Timespec);

impl CpuClock {
    pub(super) fn now() -> CpuClock {
        CpuClock(clock_gettime(ClockId::ThreadCPUTime))
    }

    /// How much of it has passed.
    pub(super) fn elapsed(self) -> Duration {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        let nanoseconds = (now.tv_sec - self.0.tv_sec) * 1_000_000_000 + (now.tv_nsec - self.0.tv_nsec);
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
    }
}
