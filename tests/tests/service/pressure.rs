//! Back-pressure: while the log takes nothing, the service takes nothing in, and goes on when it does.
//!
//! Threads and state machine are the service's own; the log is the embedded one behind a gate that the test
//! closes, the store is in memory.

use crate::gated::{Gate, Gated, PATIENCE, options, start, wait_until};
use crate::support::dense;
use muster_engine::storage::{MemoryStorage, Storage};
use muster_service::Observer;
use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many entries may wait.
const ENTRIES: u64 = 3;
const USERS: usize = 400;

/// Remembers the longest outbox.
#[derive(Default)]
struct Longest(AtomicU64);

impl Observer for Longest {
    fn outbox(&self, _: u32, entries: u64) {
        self.0.fetch_max(entries, Ordering::SeqCst);
    }
}

#[test]
fn while_nothing_is_published_nothing_is_taken_in() {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path(), "pressure", EmbeddedOptions::default()).unwrap();
    let (gate, storage) = (Gate::default(), Arc::new(MemoryStorage::default()));
    let longest = Arc::new(Longest::default());
    let mut options = options("pressure");
    options.outbox_entries = ENTRIES;
    let log = Gated::new(log, &gate, None);
    let service = start(options, log, &storage, Arc::clone(&longest) as Arc<dyn Observer>);
    wait_until("ready", || service.unready().is_none());
    let group =
        r#"{"kind":"group","op":"upsert","id":"g","data":{"membershipRule":"user.city -eq \"Oslo\""}}"#;
    let positions = vec![service.submit(&[group.as_bytes()]).remove(0).unwrap()];
    service.wait_applied(&positions, PATIENCE).unwrap();

    gate.close();
    let users: Vec<String> = (0..USERS)
        .map(|n| format!(r#"{{"kind":"user","op":"upsert","id":"u{n}","data":{{"city":"Oslo"}}}}"#))
        .collect();
    let lines: Vec<&[u8]> = users.iter().map(String::as_bytes).collect();
    let positions: Vec<_> = service.submit(&lines).into_iter().map(|submitted| submitted.unwrap()).collect();
    let held_up = |more: u64| {
        let from = gate.held_up();
        wait_until("held up", || gate.held_up() >= from + more);
    };
    let waiting = || storage.outbox(0, 0, USERS).unwrap().len() as u64;
    wait_until("full", || waiting() == ENTRIES);
    let head = storage.head(0).unwrap().unwrap();
    // It was tried again meanwhile, and nothing more was taken in.
    held_up(3);
    assert_eq!(storage.head(0).unwrap().unwrap(), head);
    assert!(head.positions["changes"] <= ENTRIES * 10, "{head:?}");
    wait_until("unready", || service.unready().is_some());
    let reasons = service.unready().unwrap().reasons.concat();
    assert!(reasons.contains("the gate is closed"), "{reasons}");

    gate.open();
    service.wait_applied(&positions, PATIENCE).unwrap();
    let text = String::from_utf8(service.deltas(0, 1, 2 * USERS).unwrap()).unwrap();
    let deltas: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(deltas.len(), USERS);
    dense(&deltas);
    assert!(longest.0.load(Ordering::SeqCst) <= ENTRIES);
    wait_until("ready again", || service.unready().is_none());
    service.request_stop();
    wait_until("ended", || service.has_ended());
    assert_eq!(service.failure(), None);
}
