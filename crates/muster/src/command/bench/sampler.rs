//! The memory of this process and of those it started, looked at now and then while a benchmark runs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Looks until it is stopped.
pub(super) struct Sampler {
    stop: Arc<AtomicBool>,
    looking: Option<JoinHandle<Vec<(f64, u64)>>>,
}

const EVERY: Duration = Duration::from_millis(250);

impl Sampler {
    pub(super) fn start() -> Sampler {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let start = Instant::now();
        let looking = std::thread::spawn(move || {
            let mut samples = Vec::new();
            while !asked.load(Ordering::Relaxed) {
                if let Some(bytes) = resident() {
                    samples.push((start.elapsed().as_secs_f64(), bytes));
                }
                std::thread::park_timeout(EVERY);
            }
            samples
        });
        Sampler { stop, looking: Some(looking) }
    }

    /// Seconds since the start, and bytes.
    pub(super) fn stop(&mut self) -> Vec<(f64, u64)> {
        self.stop.store(true, Ordering::Relaxed);
        let Some(looking) = self.looking.take() else { return Vec::new() };
        looking.thread().unpark();
        looking.join().unwrap_or_default()
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What this process and its children hold; `None` where the system does not tell.
fn resident() -> Option<u64> {
    let own = Path::new("/proc/self");
    let children = std::fs::read_to_string(format!("/proc/self/task/{0}/children", std::process::id()));
    let children = children.unwrap_or_default();
    let of_children = children.split_whitespace().filter_map(|id| resident_of(&Path::new("/proc").join(id)));
    Some(resident_of(own)? + of_children.sum::<u64>())
}

fn resident_of(process: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The processor, how many there are, and the system, as far as they are known.
pub(super) fn machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let (system, kind) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{}, {cores} cores, {system} {kind}", processor.unwrap_or_else(|| "unknown processor".into()))
}
