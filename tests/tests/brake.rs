//! The brake: edits by which too many members would leave wait, through kills, until somebody decides; and the alarm
//! for changes that empty a group.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test support: a broken harness should stop the test"
)]

use muster_tests::program::Workshop;
use muster_tests::service::Service;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const CONFIGURATION: &str = "[topics]\npartitions = 2\n[brake]\nremovals = 10\nshare_percent = 50\n";
const USERS: usize = 40;

fn user(number: usize, city: &str) -> String {
    let data = json!({"city": city});
    json!({"kind": "user", "op": "upsert", "id": format!("u{number:02}"), "data": data}).to_string() + "\n"
}

/// Half of them in Oslo, where the group is.
fn organisation() -> String {
    let users = (0..USERS).map(|number| user(number, if number < USERS / 2 { "Oslo" } else { "Bergen" }));
    users.collect::<String>() + &edit("upsert", &json!({"membershipRule": rule("Oslo")}))
}

fn rule(city: &str) -> String {
    format!("user.city -eq \"{city}\"")
}

fn edit(op: &str, data: &Value) -> String {
    json!({"kind": "group", "op": op, "id": "g", "data": data}).to_string() + "\n"
}

fn deltas(service: &Service) -> Vec<Value> {
    (0..2).flat_map(|partition| service.get_deltas(partition, 1)).collect()
}

fn members(service: &Service) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    for delta in deltas(service) {
        let member = delta["memberId"].as_str().unwrap_or_default().to_owned();
        let fits = if delta["change"] == "added" { members.insert(member) } else { members.remove(&member) };
        assert!(fits, "it was so already: {delta}");
    }
    members
}

fn numbered(numbers: impl Iterator<Item = usize>) -> BTreeSet<String> {
    numbers.map(|number| format!("u{number:02}")).collect()
}

/// The last known state of the group, of which each partition has one; they must agree in what is asked for.
fn status(service: &Service) -> Value {
    let records = service.get("/muster/records?topic=group-status&from=0&limit=10000").lines();
    let last = |partition: usize| {
        let key = format!("g/{partition}");
        records.iter().rfind(|record| record["key"] == key.as_str()).expect("a state")["value"].clone()
    };
    let [one, other] = [0, 1].map(last);
    assert_eq!((&one["state"], &one["held"]), (&other["state"], &other["held"]));
    one
}

fn dead_letters(service: &Service) -> Vec<String> {
    let records = service.get("/muster/records?topic=dead-letters&from=0&limit=1000").lines();
    records
        .iter()
        .map(|record| record["headers"]["error-code"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// What `muster groups held` prints.
fn held(workshop: &Workshop) -> Vec<Value> {
    let printed = workshop.run(&["groups", "held", "--config", "muster.toml", "--set", &data(workshop)]);
    assert_eq!(printed.status, 0, "{}", printed.stderr);
    printed.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn decide(workshop: &Workshop, decision: &str) -> (i32, String) {
    let run = workshop.run(&["groups", decision, "g", "--config", "muster.toml", "--set", &data(workshop)]);
    (run.status, run.stdout + &run.stderr)
}

fn data(workshop: &Workshop) -> String {
    format!("data.dir={}", workshop.path("data").display())
}

#[test]
fn an_edit_that_removes_too_many_waits_through_a_kill_until_it_is_confirmed() {
    let workshop = Workshop::default();
    let mut service = Service::start(&workshop, CONFIGURATION);
    let _ = service.apply_events(&organisation());
    // Fewer than the limits: nothing waits.
    let five = r#"user.city -eq "Oslo" -and -not (user.objectId -in ["u00", "u01", "u02"])"#;
    let _ = service.apply_events(&edit("patch", &json!({"membershipRule": five})));
    assert_eq!(members(&service), numbered(3..20));
    assert_eq!(held(&workshop), Vec::<Value>::new());

    let before = deltas(&service).len();
    let _ = service.apply_events(&edit("patch", &json!({"membershipRule": rule("Bergen")})));
    assert_eq!(deltas(&service).len(), before, "an edit that is held does nothing");
    let waiting = held(&workshop);
    assert_eq!(waiting.len(), 1);
    let edit_held = &waiting[0];
    let version = edit_held["version"].clone();
    assert_eq!(edit_held["definition"]["membershipRule"], rule("Bergen"));
    let preview = &edit_held["preview"];
    assert_eq!((&preview["added"], &preview["removed"]), (&json!(20), &json!(17)), "{preview}");
    assert_eq!(preview["removedSample"].as_array().map(Vec::len), Some(17));
    let state = status(&service);
    assert_eq!((&state["state"], &state["held"]), (&json!("held"), &version));
    assert!(service.get("/metrics").text.contains("muster_edits_held 1"));

    // The old rule stays live, across a kill.
    service.kill();
    drop(service);
    service = Service::start(&workshop, CONFIGURATION);
    let _ = service.apply_events(&user(30, "oslo"));
    assert_eq!(members(&service), numbered((3..20).chain([30])));
    assert_eq!(held(&workshop)[0]["version"], version);

    let (status_code, said) = decide(&workshop, "confirm");
    assert_eq!(status_code, 0, "{said}");
    let said: Value = serde_json::from_str(said.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&said["held"]["removed"], &said["now"]["removed"]), (&json!(17), &json!(18)), "{said}");
    assert_eq!(members(&service), numbered((20..40).filter(|number| *number != 30)));
    let state = status(&service);
    assert_eq!((&state["state"], &state["held"]), (&json!("current"), &Value::Null), "{state}");
    assert_eq!(held(&workshop), Vec::<Value>::new());
    assert_eq!(dead_letters(&service), Vec::<String>::new());
}

#[test]
fn a_confirmation_covers_what_was_shown_and_not_much_more() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, CONFIGURATION);
    let _ = service.apply_events(&organisation());
    let _ = service.apply_events(&edit("patch", &json!({"membershipRule": rule("Bergen")})));
    let shown = held(&workshop)[0].clone();
    // Eleven more would leave than were shown.
    let moved: String = (20..31).map(|number| user(number, "Oslo")).collect();
    let _ = service.apply_events(&moved);
    let before = members(&service);
    let (code, said) = decide(&workshop, "confirm");
    assert_eq!(code, 1, "{said}");
    assert_eq!(members(&service), before, "not confirmed");
    let again = held(&workshop)[0].clone();
    assert_eq!(again["preview"]["removed"], 31);
    assert!(again["version"].as_u64() > shown["version"].as_u64());
    assert_eq!(dead_letters(&service), ["preview-changed"]);
    // The one that was shown first is no more.
    let stale = edit("confirm", &json!({"version": shown["version"]}));
    let _ = service.apply_events(&stale);
    assert_eq!(dead_letters(&service), ["preview-changed", "not-held"]);
    assert_eq!(decide(&workshop, "confirm").0, 0);
    assert_eq!(members(&service), numbered(31..40));
}

#[test]
fn what_comes_after_a_held_edit_replaces_or_keeps_it() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, CONFIGURATION);
    let _ = service.apply_events(&organisation());
    let to = |city: &str| edit("patch", &json!({"membershipRule": rule(city)}));
    let _ = service.apply_events(&to("Bergen"));
    let _ = service.apply_events(&to("Paris"));
    assert_eq!(
        held(&workshop)[0]["definition"]["membershipRule"],
        rule("Paris"),
        "the second edit replaces the first"
    );

    // What is no edit of the rule takes effect, and the edit that waits has it too.
    let _ = service.apply_events(&edit("patch", &json!({"displayName": "Osloers"})));
    let waiting = held(&workshop)[0].clone();
    assert_eq!(waiting["definition"]["displayName"], "Osloers");
    assert_eq!(waiting["definition"]["membershipRule"], rule("Paris"));

    let _ = service.apply_events(&edit("patch", &json!({"membershipRuleProcessingState": "Paused"})));
    assert_eq!(status(&service)["state"], "held");
    assert_eq!(status(&service)["membershipRuleProcessingStatus"]["status"], "NotStarted");
    let _ = service.apply_events(&user(39, "Oslo"));
    assert_eq!(members(&service), numbered(0..20), "paused at once");

    assert_eq!(decide(&workshop, "reject").0, 0);
    assert_eq!(status(&service)["state"], "paused");
    assert_eq!(decide(&workshop, "reject").0, 1, "nothing waits any more");

    // The edit of a paused group waits for the resume, and the brake with it.
    let _ = service.apply_events(&to("Paris"));
    assert_eq!(held(&workshop), Vec::<Value>::new());
    let _ = service.apply_events(&edit("patch", &json!({"membershipRuleProcessingState": "On"})));
    assert_eq!(held(&workshop)[0]["preview"]["removed"], 20);
    assert_eq!(members(&service), numbered(0..20));

    // An edit within the limits replaces what waits, too.
    let most = r#"user.city -in ["Oslo", "Bergen"]"#;
    let both = edit("patch", &json!({"membershipRule": most, "membershipRuleProcessingState": "On"}));
    let _ = service.apply_events(&both);
    assert_eq!(held(&workshop), Vec::<Value>::new());
    assert_eq!(members(&service).len(), USERS);

    let _ = service.apply_events(&to("Paris"));
    assert_eq!(held(&workshop).len(), 1);
    let _ = service.apply_events(&json!({"kind": "group", "op": "delete", "id": "g"}).to_string());
    assert_eq!(held(&workshop), Vec::<Value>::new());
    assert_eq!(members(&service), BTreeSet::new(), "a deletion is what it says");
    let _ = service.apply_events(&edit("confirm", &json!({})));
    assert_eq!(dead_letters(&service), ["not-held"]);
}

#[test]
fn an_edit_right_behind_another_is_measured_by_it() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, CONFIGURATION);
    let users: String = (0..USERS).map(|number| user(number, "Oslo")).collect();
    let _ = service.apply_events(&users);
    // In one batch: the second edit is about members that the first one has not made yet.
    let lines = edit("upsert", &json!({"membershipRule": rule("Oslo")}))
        + &edit("patch", &json!({"membershipRule": rule("Paris")}))
        + &edit("patch", &json!({"displayName": "G"}));
    let _ = service.apply_events(&lines);
    assert_eq!(members(&service).len(), USERS);
    assert_eq!(held(&workshop)[0]["preview"]["removed"], USERS);
}

#[test]
fn changes_that_empty_a_group_raise_an_alarm() {
    let workshop = Workshop::default();
    let configuration = "[topics]\npartitions = 2\n[brake]\nalarm_removals = 10\nalarm_period = \"10m\"\n";
    let service = Service::start(&workshop, configuration);
    let _ = service.apply_events(&organisation());
    let _ = service.apply_events(&edit("patch", &json!({"membershipRule": rule("Bergen")})));
    let raised = "muster_group_emptying_total{tenant=\"default\",group=\"g\"} 1";
    assert!(!service.get("/metrics").text.contains(raised), "an edit is no such change");
    let leaving: String = (20..36).map(|number| user(number, "Paris")).collect();
    let _ = service.apply_events(&leaving);
    let metrics = service.get("/metrics").text;
    assert!(metrics.contains(raised), "{metrics}");
}

#[test]
fn where_nobody_knows_everybody_the_brake_is_refused() {
    let workshop = Workshop::default();
    workshop.write(
        "muster.toml",
        "[log]\nkind = \"kafka\"\n[kafka]\nbrokers = \"127.0.0.1:1\"\n[brake]\nremovals = 5\n",
    );
    let check = workshop.run(&["config", "check", "--config", "muster.toml"]);
    assert_eq!(check.status, 2);
    assert!(
        check.stderr.contains("brake.removals") && check.stderr.contains("single_instance"),
        "{}",
        check.stderr
    );
    let alone =
        workshop.run(&["config", "check", "--config", "muster.toml", "--set", "brake.single_instance=true"]);
    assert_eq!(alone.status, 0, "{}", alone.stderr);
}
