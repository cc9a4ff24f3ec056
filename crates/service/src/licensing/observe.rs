//! What the licensing subscriber tells about its work. Nothing depends on anybody listening.

use muster_directory::{DeadLetter, GroupId, LicenceEvent, SkuId, Tenant};
use std::time::Duration;

/// Takes note of what the subscriber does. Called by its threads: quick, and never blocking.
pub trait LicensingObserver: Send + Sync {
    /// A batch was committed, after so long: what came of it.
    fn committed(&self, events: &[LicenceEvent], dead_letters: &[DeadLetter], took: Duration);

    /// So many records of a topic's partition are not applied yet.
    fn lag(&self, topic: &str, partition: u32, records: u64);

    /// So many entries are committed and not published.
    fn outbox(&self, entries: u64);

    /// A transaction was committed, after so long.
    fn published(&self, took: Duration);

    /// Whether a group is held to give and take a product by turns, because its rule reads what it gives.
    fn flap(&self, tenant: &Tenant, group: &GroupId, sku: &SkuId, flaps: bool);

    /// Whether it is restored and works.
    fn ready(&self, ready: bool);

    /// It stopped by itself; whether because deltas are missing.
    fn stopped(&self, gap: bool);
}
