//! A synchronisation that is killed goes on where its last commit ended: every membership flips once.

use muster_tests::program::Workshop;
use muster_tests::service::Service;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const USERS: usize = 600;
/// So small that a synchronisation takes many commits.
const CONFIGURATION: &str = "[topics]\npartitions = 2\n[limits]\nslice_memberships = 3\n";

fn edit(rule: &str) -> String {
    json!({"kind": "group", "op": "upsert", "id": "g", "data": {"membershipRule": rule}}).to_string()
}

fn deltas(service: &Service) -> Vec<Value> {
    (0..2).flat_map(|partition| service.get_deltas(partition, 1)).collect()
}

/// The members that the deltas add up to. Panics where one says what was so.
fn members(deltas: &[Value]) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    for delta in deltas {
        let member = delta["memberId"].as_str().unwrap_or_default().to_owned();
        let fits = if delta["change"] == "added" { members.insert(member) } else { members.remove(&member) };
        assert!(fits, "it was so already: {delta}");
    }
    members
}

#[test]
fn a_killed_synchronisation_goes_on_and_tells_everybody_once() {
    let workshop = Workshop::default();
    let mut service = Service::start(&workshop, CONFIGURATION);
    let users: String = (0..USERS)
        .map(|number| {
            let data = json!({"city": if number % 2 == 0 { "Oslo" } else { "Bergen" }});
            let line = json!({"kind": "user", "op": "upsert", "id": format!("u{number:03}"), "data": data});
            format!("{line}\n")
        })
        .collect();
    let _ = service.apply_events(&users);

    let rules = [r#"user.city -ne "Paris""#, r#"user.city -eq "Oslo""#, r#"user.city -eq "Bergen""#];
    let flips = [USERS, USERS / 2, USERS];
    let (mut interrupted, mut shown) = (0, 0);
    for (rule, flips) in rules.into_iter().zip(flips) {
        let before = deltas(&service).len();
        let _ = service.post_events(&edit(rule));
        // It is killed when it has begun.
        let seen = loop {
            let seen = deltas(&service).len() - before;
            if seen > 0 {
                break seen;
            }
        };
        shown += usize::from(shows_how_far_it_is(&service));
        service.kill();
        drop(service);
        interrupted += usize::from(seen < flips);
        service = Service::start(&workshop, CONFIGURATION);
    }
    assert!(interrupted > 0, "no synchronisation was under way when it was killed");
    // Waits until every group is current.
    let patch = json!({"kind": "group", "op": "patch", "id": "g", "data": {"displayName": "G"}});
    let _ = service.apply_events(&patch.to_string());

    let deltas = deltas(&service);
    let expected: BTreeSet<String> = (1..USERS).step_by(2).map(|number| format!("u{number:03}")).collect();
    assert_eq!(members(&deltas), expected);
    let mut told: BTreeMap<(String, String), usize> = BTreeMap::new();
    for delta in &deltas {
        let edit = (delta["memberId"].to_string(), delta["cause"]["version"].to_string());
        *told.entry(edit).or_default() += 1;
    }
    let twice: Vec<_> = told.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "told twice of one edit: {twice:?}");

    let metrics = service.get("/metrics").text;
    assert!(metrics.contains("muster_memberships_pending{partition=\"0\"} 0"), "{metrics}");
    assert!(shown > 0, "how far a synchronisation is does not show");
}

#[test]
fn edits_pauses_and_deletions_meanwhile_tell_everybody_once() {
    let workshop = Workshop::default();
    let mut service = Service::start(&workshop, CONFIGURATION);
    let city = |number: usize| if number.is_multiple_of(2) { "Oslo" } else { "Bergen" };
    let user = |number: usize, city: &str| {
        let data = json!({"city": city, "displayName": format!("user {number}")});
        json!({"kind": "user", "op": "upsert", "id": format!("u{number:03}"), "data": data}).to_string()
            + "\n"
    };
    let users: String = (0..USERS).map(|number| user(number, city(number))).collect();
    let _ = service.apply_events(&users);
    // None is waited for: each comes while the one before is under way, and so do changes, and kills.
    let patch =
        |data: Value| json!({"kind": "group", "op": "patch", "id": "g", "data": data}).to_string() + "\n";
    let begun = |service: &Service, before: usize| while deltas(service).len() == before {};
    let _ = service.post_events(&edit(r#"user.displayName -contains "ser""#));
    begun(&service, 0);
    let _ = service.post_events(&patch(json!({"membershipRule": r#"user.city -eq "Oslo""#})));
    let moved: String = (0..40).map(|number| user(number, "Bergen")).collect();
    let _ = service.post_events(&moved);
    service.kill();
    drop(service);
    service = Service::start(&workshop, CONFIGURATION);
    let _ = service.post_events(&patch(json!({"membershipRuleProcessingState": "Paused"})));
    let _ = service.post_events(&user(599, "Oslo"));
    let _ = service.post_events(&patch(json!({"membershipRuleProcessingState": "On"})));
    let rename = patch(json!({"displayName": "G"}));
    let _ = service.apply_events(&rename);
    let oslo = (40..USERS).filter(|number| number % 2 == 0).chain([599]);
    let expected: BTreeSet<String> = oslo.map(|number| format!("u{number:03}")).collect();
    assert_eq!(members(&deltas(&service)), expected);

    let before = deltas(&service).len();
    let _ = service.post_events(&json!({"kind": "group", "op": "delete", "id": "g"}).to_string());
    begun(&service, before);
    service.kill();
    drop(service);
    service = Service::start(&workshop, CONFIGURATION);
    let _ =
        service.apply_events(&json!({"kind": "group", "op": "upsert", "id": "h", "data": {}}).to_string());
    let deltas = deltas(&service);
    assert_eq!(members(&deltas), BTreeSet::new());
    let mut told = BTreeSet::new();
    for delta in deltas.iter().filter(|delta| delta["cause"]["type"] == "rule") {
        let edit = (delta["memberId"].to_string(), delta["cause"]["version"].to_string());
        assert!(told.insert(edit), "told twice of one edit: {delta}");
    }
}

/// Whether a group's last known state in some partition is on its way.
fn shows_how_far_it_is(service: &Service) -> bool {
    let states = service.get("/muster/records?topic=group-status&from=0&limit=10000").lines();
    states.iter().any(|record| {
        let value = &record["value"];
        let processing = &value["membershipRuleProcessingStatus"];
        let done = value["added"].as_u64().zip(value["removed"].as_u64());
        value["state"] == "syncing"
            && processing["status"] == "Running"
            && value["remaining"].as_u64().is_some_and(|remaining| remaining > 0)
            && done.is_some_and(|(added, removed)| added + removed > 0)
    })
}
