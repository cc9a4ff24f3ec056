//! `muster licensing` over files: the tutorial from user events to licences, kill -9 of the replay, gaps,
//! and what `report`, `explain` and `forecast` say.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expected")]

use muster_tests::licences::lines::{assignment, guest, guests, plan, product};
use muster_tests::program::{Workshop, executable, kill_once};
use muster_tests::random::Random;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Instant;

const NOW: [&str; 2] = ["--now", "2026-11-22T08:00:00Z"];

fn lines(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A guest arrives and gets a licence with one plan switched off; the company changes and it is taken; the
/// group is deleted and the others lose theirs, but for what another source gives.
#[test]
fn the_tutorial_goes_from_user_events_to_licences() {
    let workshop = Workshop::default();
    let direct = json!({"assignedLicenses": [{"skuId": "ems"}]});
    let licences = [
        product("ems", 25, &[plan("intune"), plan("mfa")]),
        assignment("guests", "ems", &["intune"]),
        json!({"kind": "licenseAssignment", "op": "upsert", "user": "megan", "data": direct}),
    ];
    workshop.write("licences.jsonl", lines(&licences));
    let events = [
        guests(),
        guest("alex"),
        guest("megan"),
        guest("lee"),
        json!({"kind": "user", "op": "patch", "id": "alex", "data": {"companyName": "Fabrikam"}}),
        json!({"kind": "group", "op": "delete", "id": "guests"}),
    ];
    workshop.write("events.jsonl", lines(&events));
    let run = workshop
        .run(&[&["replay", "--events", "events.jsonl", "--deltas", "deltas.jsonl"], &NOW[..]].concat());
    assert_eq!(run.status, 0, "{run:?}");
    let replay =
        ["licensing", "replay", "--input", "licences.jsonl", "deltas.jsonl", "--events", "out.jsonl"];
    let run = workshop.run(&[&replay[..], &NOW, &["--strict", "--data", "data"]].concat());
    assert_eq!(run.status, 0, "{run:?}");

    let short = |event: &Value| {
        let plans: Vec<&str> =
            event["enabledPlans"].as_array().expect("plans").iter().filter_map(Value::as_str).collect();
        format!("{} {} [{}]", text(&event["type"]), text(&event["userId"]), plans.join(" "))
    };
    let found: Vec<String> = workshop.json_lines("out.jsonl").iter().map(short).collect();
    let expected = [
        "assigned megan [intune mfa]",
        "assigned alex [mfa]",
        "changed megan [intune mfa]",
        "assigned lee [mfa]",
        "removed alex []",
        "removed lee []",
        "changed megan [intune mfa]",
    ];
    assert_eq!(found, expected);

    let report = workshop.run(&["licensing", "report", "--data", "data", "--json"]).json();
    let ems = json!({"skuId": "ems", "skuPartNumber": "EMS", "prepaidUnits": {"enabled": 25},
        "consumedUnits": 1, "waiting": 0, "errors": {}});
    assert_eq!(report["products"], json!([ems]));
    let explain = workshop.run(&["licensing", "explain", "megan", "--data", "data", "--json"]).json();
    let states = json!([{"group": null, "state": "Active", "error": "None"}]);
    let licence = json!({"skuId": "ems", "enabledPlans": ["intune", "mfa"], "states": states});
    assert_eq!(explain, json!({"userId": "megan", "licenses": [licence]}));
    assert_eq!(workshop.run(&["licensing", "explain", "nobody", "--data", "data"]).status, 1);
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A delta line by hand.
fn delta(sequence: usize, change: &str, group: &str, user: &str) -> Value {
    json!({"tenant": "default", "groupId": group, "memberId": user, "memberType": "user", "change": change,
        "sequence": sequence, "time": "2026-11-22T10:00:00.000Z",
        "cause": {"type": "member", "source": {"file": "e.jsonl", "line": sequence}}})
}

#[test]
fn who_waits_is_told_its_place_and_a_forecast_says_who_would() {
    let workshop = Workshop::default();
    let p1 = json!({"kind": "product", "op": "upsert", "id": "p1", "data": {"prepaidUnits": {"enabled": 2},
        "servicePlans": [{"servicePlanId": "s", "servicePlanName": "AAD_PREMIUM"}]}});
    let mut input = vec![p1, guests(), assignment("guests", "p1", &[])];
    input.extend((1..=4).map(|number| delta(number, "added", "guests", &format!("u{number}"))));
    workshop.write("in.jsonl", lines(&input));
    let run = workshop.run(
        &[&["licensing", "replay", "--input", "in.jsonl", "--events", "out", "--data", "d"], &NOW[..]]
            .concat(),
    );
    assert_eq!(run.status, 0, "{run:?}");
    let place = |user| {
        let explanation = workshop.run(&["licensing", "explain", user, "--data", "d"]).json();
        explanation["licenses"][0]["waitingPosition"].clone()
    };
    assert_eq!([place("u2"), place("u3"), place("u4")], [json!(null), json!(1), json!(2)]);
    let report = workshop.run(&["licensing", "report", "--data", "d"]).json();
    assert_eq!(report["products"][0]["waiting"], 2);
    assert_eq!(report["products"][0]["errors"], json!({"CountViolation": 2}));
    assert_eq!(report["dynamicGroups"], json!({"uniqueUsers": 4, "ownedUnits": 2}));

    let preview = [
        json!({"added": 3, "removed": 1, "unchanged": 3, "members": 6, "addedSample": [], "removedSample": []}),
        json!({"id": "u1", "change": "removed"}),
        json!({"id": "u7", "change": "added"}),
        json!({"id": "u8", "change": "added"}),
        json!({"id": "u9", "change": "added"}),
    ];
    workshop.write("preview.jsonl", lines(&preview));
    let forecast =
        ["licensing", "forecast", "--data", "d", "--group", "guests", "--preview", "preview.jsonl"];
    let run = workshop.run(&forecast);
    let product =
        json!({"skuId": "p1", "skuPartNumber": null, "needed": 3, "free": 0, "freed": 1, "waiting": 3});
    assert_eq!((run.status, run.json()), (1, json!({"products": [product]})));
    let words = "p1: this rule edit needs 3 seats, 0 are free and 1 become so: 3 would wait";
    assert!(run.stderr.contains(words), "{run:?}");
    workshop.write("preview.jsonl", lines(&preview[..2]));
    assert_eq!(workshop.run(&forecast).status, 2, "objects that are counted are missing");
}

#[test]
fn missing_deltas_stop_the_replay_until_they_are_there() {
    let workshop = Workshop::default();
    let mut input = vec![product("a", 9, &[plan("p")]), assignment("g", "a", &[])];
    input.extend([1, 2, 4].map(|number| delta(number, "added", "g", &format!("u{number}"))));
    workshop.write("in.jsonl", lines(&input));
    let replay = ["licensing", "replay", "--input", "in.jsonl", "--events", "out", "--data", "d"];
    let run = workshop.run(&[&replay[..], &NOW].concat());
    assert_eq!(run.status, 3, "{run:?}");
    assert!(run.stderr.contains("sequence 4 comes after 2. Give the deltas from 3 on first"), "{run:?}");
    assert_eq!(workshop.json_lines("out").len(), 2, "what came before is kept");
    input.insert(4, delta(3, "added", "g", "u3"));
    input.push(delta(2, "added", "g", "u2"));
    workshop.write("in.jsonl", lines(&input));
    let run = workshop.run(&[&replay[..], &NOW].concat());
    assert_eq!(run.status, 0, "{run:?}");
    let users: Vec<Value> = workshop.json_lines("out").iter().map(|event| event["userId"].clone()).collect();
    assert_eq!(users, ["u1", "u2", "u3", "u4"]);
}

#[test]
fn a_kill_at_any_point_changes_nothing() {
    let seed = std::env::var("MUSTER_TEST_SEED").ok();
    let seed = seed.map_or(0x11ce, |seed| seed.parse().unwrap_or_else(|_| panic!("{seed} is no number")));
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let input = history(&mut random);
    let (whole, killed) = (Workshop::default(), Workshop::default());
    whole.write("in.jsonl", &input);
    killed.write("in.jsonl", &input);
    let replay = ["licensing", "replay", "--input", "in.jsonl", "--events", "out", "--data", "d"];
    let replay = [&replay[..], &NOW, &["--commit-lines", "40"]].concat();
    // Building the program is no part of a run.
    let _ = executable();
    let started = Instant::now();
    let run = whole.run(&replay);
    assert_eq!(run.status, 0, "{run:?}");
    let (duration, length) = (started.elapsed(), whole.bytes("out").len());
    let kills: usize = (0..8)
        .map(|_| {
            let command = killed.command(&replay);
            usize::from(kill_once(command, &killed.path("out"), &mut random, duration, length))
        })
        .sum();
    println!("{kills} of 8 kills fell before the end");
    let run = killed.run(&replay);
    assert_eq!(run.status, 0, "{run:?}");
    for output in ["out", "out.dead"] {
        assert!(!whole.bytes(output).is_empty(), "{output} shows nothing");
        assert!(whole.bytes(output) == killed.bytes(output), "{output} differs");
    }
    for arguments in [vec!["report"], vec!["explain", "u1"], vec!["explain", "u7"]] {
        let arguments = [&["licensing"], arguments.as_slice(), &["--data", "d"]].concat();
        let (expected, found) = (whole.run(&arguments), killed.run(&arguments));
        assert_eq!((expected.status, expected.stdout), (found.status, found.stdout), "{arguments:?}");
    }
}

/// Products, assignments, deltas in events of one to three, clock lines, and some that are refused.
fn history(random: &mut Random) -> String {
    let mut input = String::new();
    let mut members = std::collections::BTreeSet::new();
    let mut sequence = 0;
    for number in 0..3_000 {
        let sku = *random.pick(&["a", "b", "c"]);
        let group = format!("g{}", random.below(12));
        let line = match random.below(100) {
            0..4 => product(sku, random.below(60) as u64, &[plan("p"), plan("q")]),
            4..7 => assignment(&group, sku, &[]),
            7 => json!({"kind": "group", "op": "delete", "id": group}),
            8 => json!({"kind": "product", "op": "upsert", "id": sku, "data": {"prepaidUnit": 1}}),
            9 => json!({"kind": "tenant", "op": "upsert", "id": "default", "data": {"settleTime": "PT2H"}}),
            10 => {
                let hour = number / 125;
                json!({"kind": "clock", "time": format!("2026-11-23T{hour:02}:00:00Z")})
            }
            _ => {
                let count = random.between(1, 3);
                let mut event = Vec::new();
                while event.len() < count {
                    let pair = (format!("g{}", random.below(12)), format!("u{}", random.below(90)));
                    if event.contains(&pair) {
                        continue;
                    }
                    event.push(pair);
                }
                for (index, pair) in (1..).zip(&event) {
                    sequence += 1;
                    let change = if members.remove(pair) { "removed" } else { "added" };
                    if change == "added" {
                        members.insert(pair.clone());
                    }
                    let mut line = delta(sequence, change, &pair.0, &pair.1);
                    line["event"] = json!({"index": index, "count": count});
                    writeln!(input, "{line}").expect("a string");
                }
                continue;
            }
        };
        writeln!(input, "{line}").expect("a string");
    }
    input
}
