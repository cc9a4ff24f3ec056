//! The export of a state, replayed into an empty application with more partitions, gives the same memberships.

use crate::support::{apply, deltas, fold};
use crate::worlds::World;
use muster_tests::program::Workshop;
use muster_tests::service::Service;
use serde_json::{Value, json};

const NAMES: [&str; 4] =
    ["01-groups.jsonl", "02-objects.jsonl", "03-listings.jsonl", "04-paused-groups.jsonl"];

#[test]
fn a_service_moves_to_more_partitions() {
    let workshop = Workshop::default();
    let two = "[topics]\npartitions = 2\n";
    let service = Service::start(&workshop, two);
    for bundle in World::new(31, 150).bundles() {
        apply(&service, &bundle);
    }
    // Paused with a member that its rule does not select, listed and not existing, a schema of one's own.
    let paused = |state| {
        let data =
            json!({"membershipRule": "user.city -eq \"Oslo\"", "membershipRuleProcessingState": state});
        json!({"kind": "group", "op": "upsert", "id": "paused", "data": data}).to_string()
    };
    let lines = [
        r#"{"kind":"schema","op":"upsert","id":"default","data":{"attributes":[{"object":"user","name":"level","type":"integer"}]}}"#.to_owned(),
        r#"{"kind":"user","op":"upsert","id":"stays","data":{"city":"Oslo","level":7,"nickname":"x"}}"#.to_owned(),
        paused("On"),
        paused("Paused"),
        r#"{"kind":"user","op":"patch","id":"stays","data":{"city":"Rome"}}"#.to_owned(),
        r#"{"kind":"group","op":"upsert","id":"listed","data":{"displayName":"Listed","description":"by hand"}}"#.to_owned(),
        r#"{"kind":"member","op":"add","group":"listed","id":"stays"}"#.to_owned(),
        r#"{"kind":"member","op":"add","group":"listed","id":"comes-later"}"#.to_owned(),
    ];
    for line in &lines {
        apply(&service, line);
    }
    let expected = fold(&deltas(&service, 2));
    assert!(expected.len() > 2);
    assert_eq!(service.terminate(), 0);

    let data = format!("data.dir={}", workshop.path("data").display());
    let run = workshop.run(&["export", "--out", "state", "--set", &data, "--set", "topics.partitions=2"]);
    assert_eq!(run.status, 0, "{run:?}");
    let again = workshop.run(&["export", "--out", "state", "--set", &data, "--set", "topics.partitions=2"]);
    assert!(again.status == 2 && again.stderr.contains("not empty"), "{again:?}");

    let larger = Workshop::default();
    let service = Service::start(&larger, "[topics]\npartitions = 5\n");
    for name in NAMES {
        let lines = String::from_utf8(workshop.bytes(&format!("state/{name}"))).unwrap();
        if !lines.is_empty() {
            apply(&service, &lines);
        }
    }
    assert_eq!(fold(&deltas(&service, 5)), expected);
    apply(&service, r#"{"kind":"user","op":"upsert","id":"comes-later","data":{}}"#);
    let listed = ("default".to_owned(), "listed".to_owned(), "comes-later".to_owned());
    assert!(fold(&deltas(&service, 5)).contains(&listed));
    // The rule reads what was kept under the schema.
    let rule = json!({"membershipRule": "user.level -eq 7", "dialect": "extended"});
    apply(&service, &json!({"kind": "group", "op": "upsert", "id": "seven", "data": rule}).to_string());
    let seven = ("default".to_owned(), "seven".to_owned(), "stays".to_owned());
    assert!(fold(&deltas(&service, 5)).contains(&seven));
    let dead = service.get("/muster/records?topic=dead-letters&partition=0").text;
    assert_eq!(dead, "", "nothing of it is refused");
    assert_eq!(service.terminate(), 0);
}

#[test]
fn a_replayed_directory_is_exported_and_replayed() {
    let workshop = Workshop::default();
    workshop.write("events.jsonl", World::new(32, 300).lines.join("\n"));
    let now = ["--now", "2026-11-22T10:00:00Z"];
    let replay = |events: &[&str], deltas: &str, data: &str| {
        let run = workshop.run(
            &[&["replay", "--deltas", deltas, "--data", data], &now[..], &["--events"], events].concat(),
        );
        assert_eq!(run.status, 0, "{run:?}");
        workshop.json_lines(deltas)
    };
    let before: Vec<Value> = replay(&["events.jsonl"], "before.jsonl", "one");
    let run = workshop.run(&["export", "--data", "one", "--out", "state"]);
    assert_eq!(run.status, 0, "{run:?}");
    let files = NAMES.map(|name| format!("state/{name}"));
    let after = replay(&files.each_ref().map(String::as_str), "after.jsonl", "two");
    assert_eq!(workshop.bytes("after.jsonl.dead"), b"", "nothing of it is refused");
    assert_eq!(fold(&after), fold(&before));
}
