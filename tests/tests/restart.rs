//! Kill -9 at random points of `replay --data`: outputs, dead letters and members are those of an
//! uninterrupted run, byte for byte.
//!
//! Kills fall after a random time, or when the output has reached a random length, so that some fall
//! while lines are decided, some while they are committed and some while they are written. The seed is
//! printed; `MUSTER_TEST_SEED` sets it and `MUSTER_RESTART_ROUNDS` runs longer.
#![expect(clippy::expect_used, clippy::panic, reason = "a test says what it expected")]

use muster_tests::program::{Workshop, kill_once};
use muster_tests::random::Random;
use serde_json::json;
use std::fmt::Write;
use std::time::Instant;

const FILES: [&str; 2] = ["events-1.jsonl", "events-2.jsonl"];
const GROUPS: usize = 24;
const USERS: usize = 400;
const LINES: usize = 4_000;
const KILLS: usize = 6;

#[test]
fn a_kill_at_any_point_changes_nothing() {
    let seed = number_from_environment("MUSTER_TEST_SEED").unwrap_or(0x5eed);
    let rounds = number_from_environment("MUSTER_RESTART_ROUNDS").unwrap_or(3);
    for round in 0..rounds {
        let mut random = Random::new(seed.wrapping_add(round));
        println!("round {round}: seed {}", seed.wrapping_add(round));
        check_one_world(&mut random);
    }
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|number| number.parse().unwrap_or_else(|_| panic!("{name}={number} is no number")))
}

fn check_one_world(random: &mut Random) {
    let whole = Workshop::default();
    let killed = Workshop::default();
    for file in FILES {
        let lines = events(random);
        whole.write(file, &lines);
        killed.write(file, &lines);
    }
    let started = Instant::now();
    let run = whole.run(&replay());
    let duration = started.elapsed();
    assert_eq!(run.status, 0, "{run:?}");
    let length = whole.bytes("out.jsonl").len();

    let mut kills = 0;
    for _ in 0..KILLS {
        let command = killed.command(&replay());
        kills += usize::from(kill_once(command, &killed.path("out.jsonl"), random, duration, length));
    }
    let run = killed.run(&replay());
    assert_eq!(run.status, 0, "{run:?}");
    println!("{kills} of {KILLS} kills fell before the end");

    for output in ["out.jsonl", "out.jsonl.dead"] {
        let (expected, found) = (whole.bytes(output), killed.bytes(output));
        assert!(!expected.is_empty(), "{output} shows nothing");
        let first = expected.split(|b| *b == b'\n').zip(found.split(|b| *b == b'\n')).find(|(a, b)| a != b);
        let first = first.map(|(a, b)| (String::from_utf8_lossy(a), String::from_utf8_lossy(b)));
        assert!(
            expected == found,
            "{output} differs: {} and {} bytes, {first:?}",
            expected.len(),
            found.len()
        );
    }
    for group in (0..GROUPS).step_by(4) {
        let group = format!("g{group}");
        let members = ["members", "--data", "data", "--group", &group];
        let (expected, found) = (whole.run(&members), killed.run(&members));
        assert_eq!((expected.status, expected.stdout), (found.status, found.stdout), "{group}");
    }
}

fn replay() -> Vec<&'static str> {
    let mut arguments =
        vec!["replay", "--deltas", "out.jsonl", "--data", "data", "--now", "2026-11-22T08:00:00Z"];
    // Many small commits: many places for a kill to fall into.
    arguments.extend(["--commit-lines", "40", "--events"]);
    arguments.extend(FILES);
    arguments
}

/// Lines of every kind, some of them bad.
fn events(random: &mut Random) -> String {
    let mut lines = String::new();
    for _ in 0..LINES {
        let line = event(random);
        writeln!(lines, "{line}").expect("a string");
    }
    lines
}

fn event(random: &mut Random) -> String {
    let user = format!("u{}", random.below(USERS));
    let group = format!("g{}", random.below(GROUPS));
    let city = *random.pick(&["Oslo", "oslo", "Rome", "", "Paris"]);
    let line = match random.below(100) {
        0..10 => {
            json!({"kind": "group", "op": "upsert", "id": group, "data": {"membershipRule": rule(random)}})
        }
        10..12 => {
            let state = *random.pick(&["On", "Paused"]);
            json!({"kind": "group", "op": "patch", "id": group, "data": {"membershipRuleProcessingState": state}})
        }
        12..14 => json!({"kind": "group", "op": "upsert", "id": group, "data": {}}),
        14 => json!({"kind": "group", "op": "delete", "id": group}),
        15..22 => {
            let op = *random.pick(&["add", "remove"]);
            json!({"kind": "member", "op": op, "group": group, "id": user})
        }
        22..27 => json!({"kind": "user", "op": "delete", "id": user}),
        27 => return format!("{{\"kind\":\"user\",\"op\":\"delete\",\"id\":{}", random.below(1000)),
        28 => {
            let day = 22 + random.below(7);
            json!({"kind": "clock", "time": format!("2026-11-{day}T08:00:00Z")})
        }
        29..60 => json!({"kind": "user", "op": "upsert", "id": user, "data": {
            "city": city, "employeeId": random.below(50).to_string(),
            "employeeHireDate": format!("2026-11-{}", 20 + random.below(10)),
        }}),
        _ => json!({"kind": "user", "op": "patch", "id": user, "data": {"city": city}}),
    };
    line.to_string()
}

fn rule(random: &mut Random) -> String {
    match random.below(7) {
        0 => "user.objectId -ne null".into(),
        1 => format!("user.employeeId -startsWith \"{}\"", random.below(10)),
        2 => "(user.city -eq \"Oslo\") -or (user.employeeId -contains \"3\")".into(),
        3 => format!("user.memberOf -any (group.objectId -in ['g{}'])", random.below(GROUPS)),
        4 => format!("user.employeeHireDate -le system.now -minus P{}D", random.below(4)),
        5 => "user.city -eq".into(),
        _ => format!("user.city -ne \"{}\"", random.pick(&["Oslo", "Rome"])),
    }
}
