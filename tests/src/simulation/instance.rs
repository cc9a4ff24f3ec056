//! One instance: a disk, a clock that may be wrong, and a process that may be there.

use super::broker::Broker;
use super::disk::Disk;
use super::task::{Step, Task};
use muster_directory::Instant;
use std::collections::BTreeMap;

/// See the module's text.
pub(super) struct Instance {
    pub(super) disk: Disk,
    /// An older state of the disk.
    pub(super) copy: Option<Disk>,
    /// In milliseconds before or after the time.
    pub(super) skew: i64,
    pub(super) process: Option<Process>,
}

/// What ends with a kill.
#[derive(Default)]
pub(super) struct Process {
    /// Stopped by a signal; its tasks are as they were.
    pub(super) is_stopped: bool,
    pub(super) tasks: BTreeMap<usize, Task>,
}

impl Instance {
    pub(super) fn new(disk: Disk) -> Instance {
        Instance { disk, copy: None, skew: 0, process: None }
    }

    pub(super) fn clock(&self, time: Instant) -> Instant {
        Instant::from_millis(time.as_millis() + self.skew)
    }

    /// All that it could do now.
    pub(super) fn steps(&self, broker: &Broker, time: Instant) -> Vec<(usize, Step)> {
        let Some(process) = self.process.as_ref().filter(|process| !process.is_stopped) else {
            return Vec::new();
        };
        let now = self.clock(time);
        let steps = |(&partition, task): (&usize, &Task)| {
            task.steps(broker, now).into_iter().map(move |step| (partition, step)).collect::<Vec<_>>()
        };
        process.tasks.iter().flat_map(steps).collect()
    }

    /// Starts the process over whatever is on the disk.
    pub(super) fn start(&mut self) {
        // The database replays its log of writes, and syncs what comes of it.
        self.disk.set_fuse(None);
        self.disk.sync();
        self.process = Some(Process::default());
    }

    /// Learns which partitions it has.
    pub(super) fn learn(&mut self, assignment: &[usize], own: usize) {
        let Some(process) = self.process.as_mut().filter(|process| !process.is_stopped) else { return };
        process.tasks.retain(|partition, task| assignment[*partition] == own && !task.is_over());
        for (partition, _) in assignment.iter().enumerate().filter(|(_, instance)| **instance == own) {
            process.tasks.entry(partition).or_insert_with(|| Task::new(partition));
        }
    }
}
