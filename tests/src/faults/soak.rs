//! Load for a while: memory stays flat, and everything is right in the end.
//!
//! The directory is small and its state bounded, so that whatever grows beyond the store's buffers is a leak.
//! `MUSTER_SOAK_SECONDS` says for how long.

use super::{Fault, Scene, Selection};
use crate::campaign::number_from_environment;
use std::time::{Duration, Instant};

pub(super) const FAULTS: &[Fault] =
    &[Fault { name: "soak", what: "load for a while", selection: Selection::Whole, play: soak }];

/// Caches fill for so much of the time.
const WARM_UP: u32 = 4;
/// What the store fills before it writes tables: three memtables, and as many blocks as one of them. It may come
/// after the warm-up; in ten minutes a hundred bytes for each change would be more.
const BUFFERS_KIB: u64 = 256 * 1024;

fn soak(scene: &mut Scene<'_>) -> Result<String, String> {
    let lasts = Duration::from_secs(number_from_environment("MUSTER_SOAK_SECONDS", 60));
    let service = scene.start();
    let began = Instant::now();
    let (mut changes, mut samples) = (0, Vec::new());
    while began.elapsed() < lasts {
        scene.feed(500);
        changes += 500;
        scene.rest(&service);
        if began.elapsed() >= lasts / WARM_UP {
            samples.push(service.resident_kib());
        }
    }
    let part = (samples.len() / 3).max(1);
    let early = median(&samples[..part]);
    let late = median(&samples[samples.len() - part..]);
    scene.verdict(service)?;
    let seconds = lasts.as_secs();
    if late > early + BUFFERS_KIB {
        return Err(format!("memory grows: {early} KiB after the warm-up, {late} KiB after {seconds} s"));
    }
    Ok(format!("{changes} changes in {seconds} s; {early} KiB after the warm-up, {late} KiB at the end"))
}

fn median(samples: &[u64]) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
