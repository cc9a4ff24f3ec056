//! A data directory that is lost, or went back in time, is restored from the changelog: the same state, attributes
//! of changes without deltas and the bits of paused groups included, not one delta more, and dense sequences on.

use crate::support::{apply, deltas, fold, on_kafka};
use crate::worlds::World;
use muster_engine::storage::{RecordImage, Storage};
use muster_store::Store;
use muster_tests::program::Workshop;
use muster_tests::service::Service;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const PARTITIONS: u32 = 2;

/// All records of all partitions at rest.
pub(crate) fn state(workshop: &Workshop) -> BTreeMap<u16, Vec<RecordImage>> {
    let store = Store::open_read_only(&workshop.path("data")).unwrap();
    let load = |number| {
        let mut records = Vec::new();
        store.load(number, &mut records).unwrap();
        (number, records)
    };
    store.partitions().unwrap().into_iter().map(load).collect()
}

/// What is in the data directory, but for the embedded log.
fn files(data: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap() != "log").collect()
}

/// The disk is lost, and with it all but the log.
pub(crate) fn lose(workshop: &Workshop) {
    for path in files(&workshop.path("data")) {
        fs::remove_file(path).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in files(from) {
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn user(id: &str, data: &serde_json::Value) -> String {
    json!({"kind": "user", "op": "patch", "id": id, "data": data}).to_string()
}

fn group(id: &str, data: &serde_json::Value) -> String {
    json!({"kind": "group", "op": "upsert", "id": id, "data": data}).to_string()
}

/// A world, and what is easily forgotten: an attribute that no rule reads, and a paused group whose members
/// its rule does not select.
fn fill(service: &Service, world: &World) {
    for bundle in world.bundles() {
        apply(service, &bundle);
    }
    let rule =
        |state| json!({"membershipRule": "user.city -eq \"Oslo\"", "membershipRuleProcessingState": state});
    service.apply_events(&user("stays", &json!({"city": "Oslo"})));
    service.apply_events(&group("paused", &rule("On")));
    service.apply_events(&group("paused", &rule("Paused")));
    service.apply_events(&user("stays", &json!({"city": "Rome", "jobTitle": "told to nobody"})));
}

/// What goes on as if nothing had happened: the paused group keeps its member until it is resumed.
fn go_on(service: &Service, before: usize) {
    let in_paused = |service: &Service| {
        let folded = fold(&deltas(service, PARTITIONS));
        folded.iter().filter(|(_, group, _)| group == "paused").count()
    };
    assert_eq!(in_paused(service), 1);
    service.apply_events(&group("paused", &json!({"membershipRule": "user.jobTitle -eq \"nobody\""})));
    assert_eq!(in_paused(service), 0);
    service.apply_events(&group("paused", &json!({"membershipRule": "user.jobTitle -startsWith \"told\""})));
    assert_eq!(in_paused(service), 1);
    // Dense, or `deltas` would have said so.
    assert!(deltas(service, PARTITIONS).len() >= before + 2);
}

fn lost_and_restored(configuration: &str, seed: u64) {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, configuration);
    fill(&service, &World::new(seed, 150));
    let before = deltas(&service, PARTITIONS);
    assert_eq!(service.terminate(), 0);
    let expected = state(&workshop);

    lose(&workshop);
    let service = Service::start(&workshop, configuration);
    let _ = service.wait_for_line(|line| line.contains("the data directory holds nothing of it"));
    assert_eq!(deltas(&service, PARTITIONS), before, "a restore publishes nothing");
    assert_eq!(service.terminate(), 0);
    assert_eq!(state(&workshop), expected, "seed {seed}");

    // A kill while it is restored, and while it begins.
    lose(&workshop);
    let service =
        Service::start_unready(&workshop, configuration, |line| line.contains("restored from the changelog"));
    service.kill();
    let service = Service::start(&workshop, configuration);
    assert_eq!(deltas(&service, PARTITIONS), before);
    service.kill();
    assert_eq!(state(&workshop), expected, "seed {seed}, after a kill");
    let service = Service::start(&workshop, configuration);
    go_on(&service, before.len());
    assert_eq!(service.terminate(), 0);
}

fn older_copy(configuration: &str, seed: u64) {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, configuration);
    fill(&service, &World::new(seed, 80));
    assert_eq!(service.terminate(), 0);
    copy(&workshop.path("data"), &workshop.path("older"));

    let service = Service::start(&workshop, configuration);
    let more: Vec<String> = (0..40).map(|n| user(&format!("new{n}"), &json!({"city": "Oslo"}))).collect();
    service.apply_events(&more.join("\n"));
    service.apply_events(&user("new1", &json!({"jobTitle": "not told to anybody"})));
    service.apply_events(&json!({"kind": "user", "op": "delete", "id": "new2"}).to_string());
    let before = deltas(&service, PARTITIONS);
    assert_eq!(service.terminate(), 0);
    let expected = state(&workshop);

    lose(&workshop);
    copy(&workshop.path("older"), &workshop.path("data"));
    let service = Service::start(&workshop, configuration);
    let _ = service.wait_for_line(|line| line.contains("older than what it published"));
    assert_eq!(deltas(&service, PARTITIONS), before);
    assert_eq!(service.terminate(), 0);
    assert_eq!(state(&workshop), expected, "seed {seed}");
    let service = Service::start(&workshop, configuration);
    go_on(&service, before.len());
    assert_eq!(service.terminate(), 0);
}

const EMBEDDED: &str = "[topics]\npartitions = 2\n";

#[test]
fn a_lost_disk_on_the_embedded_log() {
    lost_and_restored(EMBEDDED, 21);
}

#[test]
fn a_lost_disk_on_kafka() {
    // An instance without its disk is another one, for which the group waits until the first is dead.
    lost_and_restored(&format!("{}session_timeout = \"6s\"\n", on_kafka("lost", PARTITIONS)), 22);
}

#[test]
fn an_older_copy_on_the_embedded_log() {
    older_copy(EMBEDDED, 23);
}

#[test]
fn an_older_copy_on_kafka() {
    older_copy(&on_kafka("older", PARTITIONS), 24);
}
