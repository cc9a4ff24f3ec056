//! Whether there is disk left to take more in.

use crate::config::Data;
use muster_service::Intake;
use std::path::PathBuf;

/// The disk of the data directory.
pub(super) struct Disk {
    directory: PathBuf,
    /// Below so many free bytes nothing more is taken in.
    least: u64,
}

impl Disk {
    pub(super) fn new(data: &Data) -> Disk {
        Disk { directory: data.dir.clone(), least: data.min_free }
    }
}

impl Intake for Disk {
    fn closed(&self) -> Option<String> {
        // What the disk does not tell, writing to it will.
        let disk = rustix::fs::statvfs(&self.directory).ok()?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let (free_mib, least_mib) = (free >> 20, self.least.div_ceil(1 << 20));
        (free < self.least).then(|| {
            let directory = self.directory.display();
            format!("the disk of `{directory}` has {free_mib} MiB left, less than `data.min_free` ({least_mib} MiB): make room")
        })
    }
}
