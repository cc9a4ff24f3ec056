//! Licences on Kafka: `licensing serve` beside `serve`, both killed again and again; and a second instance, which
//! waits for its turn and restores what the first one knew.

use crate::support::{consume, dense, on_kafka};
use muster_tests::broker::Broker;
use muster_tests::program::Workshop;
use muster_tests::random::Random;
use muster_tests::service::Service;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Long enough for anything that will happen at all.
const PATIENCE: Duration = Duration::from_secs(150);

fn product(id: &str, units: u64) -> Value {
    let data = json!({"prepaidUnits": {"enabled": units}, "servicePlans": [{"servicePlanId": id}]});
    json!({"kind": "product", "op": "upsert", "id": id, "data": data})
}

fn group(id: &str, rule: &str) -> Value {
    json!({"kind": "group", "op": "upsert", "id": id, "data": {"membershipRule": rule}})
}

fn assignment(group: &str, skus: &[&str], priority: u64) -> Value {
    let skus: Vec<Value> = skus.iter().map(|sku| json!({"skuId": sku})).collect();
    let data = json!({"priority": priority, "assignedLicenses": skus});
    json!({"kind": "licenseAssignment", "op": "upsert", "group": group, "data": data})
}

fn organisation() -> Vec<Value> {
    vec![
        product("a", 6),
        product("b", 3),
        assignment("oslo", &["a"], 1),
        assignment("coast", &["a", "b"], 0),
        assignment("sales", &["b"], 2),
        group("oslo", "user.city -eq \"Oslo\""),
        group("coast", "user.city -in [\"Bergen\", \"Troms\"]"),
        group("sales", "user.department -eq \"Sales\""),
        // Behind all of these.
        product("last", 1),
    ]
}

fn user(random: &mut Random) -> Value {
    let data = json!({
        "city": *random.pick(&["Oslo", "Bergen", "Troms", "Rome"]),
        "department": *random.pick(&["Sales", "HR"]),
    });
    json!({"kind": "user", "op": "upsert", "id": format!("u{}", random.below(14)), "data": data})
}

fn await_that(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < deadline, "{what}: not in time");
    }
}

/// When it was decided differs, and where definitions lie.
fn normalised(mut event: Value) -> Value {
    let kind = event.pointer("/cause/type").and_then(Value::as_str);
    let of_a_line = kind.is_some_and(|kind| ["assignment", "product"].contains(&kind));
    let places = if of_a_line { &["/time", "/cause/source"][..] } else { &["/time"] };
    for place in places {
        event.pointer_mut(place).unwrap().take();
    }
    event
}

/// The licence events that there are, as another client reads them.
fn published() -> Vec<Value> {
    let lines = consume(Broker::shared(), "licences.licenses", "%s\n");
    let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    dense(&events);
    events
}

/// What `licensing replay` makes of the same lines.
fn replayed(workshop: &Workshop, service: &Service) -> Vec<Value> {
    let lines = organisation().into_iter().chain(service.get_deltas(0, 1));
    workshop.write("input.jsonl", lines.map(|line| format!("{line}\n")).collect::<String>());
    let replay = ["licensing", "replay", "--input", "input.jsonl", "--events", "replayed.jsonl"];
    let run = workshop.run(&replay);
    assert_eq!(run.status, 0, "{run:?}");
    workshop.json_lines("replayed.jsonl").into_iter().map(normalised).collect()
}

#[test]
fn licences_across_kills_and_on_a_second_instance() {
    const SEED: u64 = 31;
    let mut random = Random::new(SEED);
    let workshop = Workshop::default();
    // One partition, so that the deltas have one order, and so has what follows from them.
    let configuration = on_kafka("licences", 1)
        .replace("application = \"licences\"", "application = \"licences\"\nsession_timeout = \"6s\"");
    let mut service = Service::start(&workshop, &configuration);
    for line in organisation() {
        service.apply_events(&line.to_string());
    }
    let mut licensing = Service::start_licensing(&workshop, &configuration, "one").until_ready();
    let report = |licensing: &Service| licensing.get("/muster/licenses/report").text;
    await_that("the definitions", || report(&licensing).contains("\"last\""));
    for round in 0..24 {
        let users: Vec<String> = (0..12).map(|_| user(&mut random).to_string()).collect();
        service.post_events(&users.join("\n"));
        std::thread::sleep(Duration::from_millis(random.below(120) as u64));
        match round % 6 {
            2 => {
                licensing.kill();
                licensing = Service::start_licensing(&workshop, &configuration, "one").until_ready();
            }
            5 => {
                service.kill();
                service = Service::start(&workshop, &configuration);
            }
            _ => {}
        }
    }
    // On the only partition, behind all of them.
    service.apply_events(r#"{"kind":"member","op":"remove","group":"x","id":"u0"}"#);
    let expected = replayed(&workshop, &service);
    assert!(expected.len() > 60, "seed {SEED}: only {} events", expected.len());
    await_that("the licences", || published().len() >= expected.len());
    let found: Vec<Value> = published().into_iter().map(normalised).collect();
    assert_eq!(found, expected, "seed {SEED}");

    // Another instance, with a disk of its own, waits; its turn comes, and it goes on where the first one was.
    let other = Service::start_licensing(&workshop, &configuration, "other");
    let _ = other.wait_for_line(|line| line.contains("waits for its turn"));
    let before = report(&licensing);
    licensing.kill();
    let other = other.until_ready();
    let _ = other.wait_for_line(|line| line.contains("restored from the changelog"));
    assert_eq!(report(&other), before);
    let users: Vec<String> = (0..12).map(|_| user(&mut random).to_string()).collect();
    service.apply_events(&users.join("\n"));
    let expected = replayed(&workshop, &service);
    await_that("the licences of the second", || published().len() >= expected.len());
    let found: Vec<Value> = published().into_iter().map(normalised).collect();
    assert_eq!(found, expected, "seed {SEED}");
    assert_eq!(other.terminate(), 0);
    assert_eq!(service.terminate(), 0);
}
