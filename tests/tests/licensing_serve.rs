//! Licensing inside `muster serve`: the tutorial from end to end, `licensing replay` of what it read, the brake, and
//! what stops it.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test says what it expected")]

use muster_tests::licences::lines::{assignment, guest, guests, plan, product};
use muster_tests::program::Workshop;
use muster_tests::random::Random;
use muster_tests::service::Service;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const INSIDE: &str = "[licensing]\nenabled = true\n[topics]\npartitions = 3\n";

/// All licence events, as they lie on their topic.
fn licences(service: &Service) -> Vec<Value> {
    let (mut events, mut from) = (Vec::new(), 0);
    loop {
        let answer = service.get(&format!("/muster/records?topic=licenses&from={from}&limit=1000"));
        assert_eq!(answer.status, 200, "{}", answer.text);
        let records = answer.lines();
        let Some(last) = records.last() else { return events };
        from = last["offset"].as_u64().expect("an offset") + 1;
        for record in records {
            assert_eq!(record["key"], record["value"]["userId"], "{record}");
            assert_eq!(record["headers"]["ce_subject"], record["value"]["userId"], "{record}");
            events.push(record["value"].clone());
            assert_eq!(events.len() as u64, record["value"]["sequence"], "not dense: {record}");
        }
    }
}

fn short(event: &Value) -> String {
    let plans: Vec<&str> =
        event["enabledPlans"].as_array().expect("plans").iter().filter_map(Value::as_str).collect();
    let text = |member: &str| event[member].as_str().expect("a text").to_owned();
    format!("{} {} [{}]", text("type"), text("userId"), plans.join(" "))
}

fn apply(service: &Service, line: &Value) {
    service.apply_events(&line.to_string());
}

/// A guest arrives and gets a licence with one plan switched off; the company changes and it is taken; the group is
/// deleted and the others lose theirs, but for what another source gives.
#[test]
fn the_tutorial_from_events_to_licences() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, INSIDE);
    let direct = json!({"assignedLicenses": [{"skuId": "ems"}]});
    for line in [
        product("ems", 25, &[plan("intune"), plan("mfa")]),
        assignment("guests", "ems", &["intune"]),
        json!({"kind": "licenseAssignment", "op": "upsert", "user": "megan", "data": direct}),
        guests(),
        guest("alex"),
        guest("megan"),
        guest("lee"),
        json!({"kind": "user", "op": "patch", "id": "alex", "data": {"companyName": "Fabrikam"}}),
    ] {
        apply(&service, &line);
    }
    let url = service.url().to_owned();
    let ask = |arguments: &[&str]| {
        let run = workshop.run(&[&["licensing"], arguments, &["--url", &url]].concat());
        (run.status, run.stdout)
    };
    let (status, report) = ask(&["report", "--json"]);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!((status, &report["products"][0]["consumedUnits"]), (0, &json!(2)), "{report}");
    assert_eq!(report["dynamicGroups"]["uniqueUsers"], 2, "{report}");
    let (status, lee) = ask(&["explain", "lee"]);
    let lee: Value = serde_json::from_str(&lee).expect("JSON");
    let states = json!([{"group": "guests", "state": "Active", "error": "None"}]);
    let licence = json!({"skuId": "ems", "enabledPlans": ["mfa"], "states": states});
    assert_eq!((status, lee), (0, json!({"userId": "lee", "licenses": [licence]})));
    assert_eq!(ask(&["explain", "nobody"]).0, 1);
    let metrics = service.get("/metrics").text;
    for line in [
        "muster_license_seats{tenant=\"default\",product=\"ems\",state=\"used\"} 2",
        "muster_license_seats{tenant=\"default\",product=\"ems\",state=\"owned\"} 25",
        "muster_dynamic_group_users 2",
        "muster_licensing_ready 1",
        "muster_license_events_total{type=\"removed\"} 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }

    apply(&service, &json!({"kind": "group", "op": "delete", "id": "guests"}));
    let events = licences(&service);
    let found: Vec<String> = events.iter().map(short).collect();
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
    // The deletion ended the assignment, and with it the licences.
    let request = &events[5]["cause"]["source"];
    assert_eq!(
        (&events[5]["cause"]["type"], &request["topic"]),
        (&json!("group"), &json!("muster.requests"))
    );

    assert_eq!(service.terminate(), 0);
    let service = Service::start(&workshop, INSIDE);
    // A group of the same id has no licences.
    apply(&service, &guests());
    assert_eq!(licences(&service), events);
    assert_eq!(service.terminate(), 0);
    let report = workshop.run(&["licensing", "report", "--data", "data", "--json"]).json();
    assert_eq!(report["products"][0]["consumedUnits"], 1);
}

/// One line of a random organisation, and whether it is a request.
fn line(random: &mut Random) -> Value {
    let user = format!("u{}", random.below(14));
    let city = *random.pick(&["Oslo", "Bergen", "Tromsø", "Bodø"]);
    let sku = *random.pick(&["a", "b", "c"]);
    let group = (*random.pick(&["oslo", "coast", "north", "listed"])).to_owned();
    let place = *random.pick(&["NO", "CN", "US"]);
    match random.below(40) {
        0..3 => {
            let plans = [
                plan("p"),
                json!({"servicePlanId": sku, "prohibitedIn": ["CN"], "excludes": [if sku == "a" { "b" } else { "x" }]}),
            ];
            product(sku, random.below(9) as u64, &plans)
        }
        3..7 => {
            let mut line = assignment(&group, sku, if random.below(3) == 0 { &["p"] } else { &[] });
            line["data"]["priority"] = json!(random.below(3));
            line
        }
        7 => json!({"kind": "licenseAssignment", "op": "delete", "group": group}),
        8 => {
            let data = json!({"assignedLicenses": [{"skuId": sku, "disabledPlans": []}]});
            json!({"kind": "licenseAssignment", "op": "upsert", "user": user, "data": data})
        }
        9 => json!({"kind": "group", "op": "delete", "id": group}),
        10..14 => {
            let rule = match group.as_str() {
                "oslo" => json!("user.city -eq \"Oslo\""),
                "coast" => json!("user.city -in [\"Bergen\", \"Tromsø\"]"),
                "north" => json!("user.city -in [\"Tromsø\", \"Bodø\"]"),
                _ => Value::Null,
            };
            json!({"kind": "group", "op": "upsert", "id": group, "data": {"membershipRule": rule}})
        }
        14 => json!({"kind": "tenant", "op": "upsert", "id": "default", "data": {"usageLocation": place}}),
        15 => json!({"kind": "user", "op": "delete", "id": user}),
        16..19 => json!({"kind": "user", "op": "patch", "id": user, "data": {"usageLocation": place}}),
        19..23 => {
            json!({"kind": "member", "op": *random.pick(&["add", "remove"]), "group": "listed", "id": user})
        }
        23..33 => json!({"kind": "user", "op": "patch", "id": user, "data": {"city": city}}),
        _ => {
            json!({"kind": "user", "op": "upsert", "id": user, "data": {"city": city, "usageLocation": place}})
        }
    }
}

/// What differs by nature: when it was decided, and where lines lie that are no deltas.
fn normalised(mut event: Value) -> Value {
    event["time"] = Value::Null;
    let of_a_line = ["assignment", "product", "tenant", "user", "group", "removal"];
    if event["cause"]["type"].as_str().is_some_and(|kind| of_a_line.contains(&kind)) {
        event["cause"]["source"] = Value::Null;
    }
    event
}

/// `licensing replay` over what the service read, in the order in which it did, gives the events that the service
/// gave, across kills of it.
#[test]
fn a_replay_of_what_was_read_gives_the_same_events() {
    const SEED: u64 = 21;
    let mut random = Random::new(SEED);
    let workshop = Workshop::default();
    // On one partition, so that the deltas have one order: between partitions there is none.
    let configuration = INSIDE.replace("partitions = 3", "partitions = 1");
    let mut service = Service::start(&workshop, &configuration);
    let (mut input, mut seen) = (String::new(), 0_u64);
    for number in 0..220 {
        let line = line(&mut random);
        apply(&service, &line);
        input += &format!("{line}\n");
        // The deltas that it led to.
        for delta in service.get_deltas(0, seen + 1) {
            seen += 1;
            input += &format!("{delta}\n");
        }
        if number % 45 == 44 {
            service.kill();
            service = Service::start(&workshop, &configuration);
        }
    }
    let served: Vec<Value> = licences(&service).into_iter().map(normalised).collect();
    assert!(served.len() > 100, "seed {SEED}: only {} events", served.len());
    let url = service.url().to_owned();
    let asked = workshop.run(&["licensing", "report", "--json", "--url", &url]).json();

    workshop.write("input.jsonl", &input);
    let replay =
        ["licensing", "replay", "--input", "input.jsonl", "--events", "out.jsonl", "--data", "replayed"];
    assert_eq!(workshop.run(&replay).status, 0);
    let replayed: Vec<Value> = workshop.json_lines("out.jsonl").into_iter().map(normalised).collect();
    for (served, replayed) in served.iter().zip(&replayed) {
        assert_eq!(served.to_string(), replayed.to_string(), "seed {SEED}");
    }
    assert_eq!(served.len(), replayed.len(), "seed {SEED}");
    let at_rest = workshop.run(&["licensing", "report", "--json", "--data", "replayed"]).json();
    assert_eq!(asked, at_rest, "seed {SEED}");
    assert_eq!(service.terminate(), 0);
}

/// A removal of many licences waits for a request that confirms it; a confirmation of none is a dead letter.
#[test]
fn a_held_removal_is_confirmed_by_a_request() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, INSIDE);
    for line in [
        product("ems", 25, &[plan("mfa")]),
        json!({"kind": "tenant", "op": "upsert", "id": "default", "data": {"removalBrake": 2}}),
        assignment("guests", "ems", &[]),
        guests(),
        guest("a"),
        guest("b"),
        guest("c"),
        json!({"kind": "group", "op": "delete", "id": "guests"}),
    ] {
        apply(&service, &line);
    }
    let held = || service.get("/muster/licenses/report").json()["heldRemovals"].clone();
    let removals = held();
    let (number, seats) = removals.as_object().expect("removals").iter().next().expect("one is held");
    assert_eq!(seats, 3, "{removals}");
    let metrics = service.get("/metrics").text;
    assert!(metrics.contains("muster_license_seats_held{tenant=\"default\"} 3"), "{metrics}");
    apply(&service, &json!({"kind": "removal", "op": "confirm", "id": "1000000"}));
    assert_eq!(held(), removals);
    let letters = service.get("/muster/records?topic=dead-letters&partition=0").text;
    assert!(letters.contains("unknown-removal"), "{letters}");
    apply(&service, &json!({"kind": "removal", "op": "confirm", "id": number}));
    assert_eq!(held(), json!({}));
    let removed: Vec<String> =
        licences(&service).iter().map(short).filter(|event| event.starts_with("removed")).collect();
    assert_eq!(removed, ["removed a []", "removed b []", "removed c []"]);
    assert_eq!(service.terminate(), 0);
}

const FED_BACK: &str = "[licensing]\nenabled = true\nfeedback = true\n[topics]\npartitions = 2\n";

/// Asks until the answer is as expected: what flows back takes a few turns.
fn await_that(what: &str, reached: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !reached() {
        assert!(Instant::now() < deadline, "{what}: not in time");
    }
}

/// Which of the users a and b are in the group.
fn members(service: &Service, group: &str) -> Vec<String> {
    let ask = json!({"rule": "user.objectId -ne null", "group": group, "full": true}).to_string();
    let answer = service.post("/muster/preview", &ask);
    assert_eq!(answer.status, 200, "{}", answer.text);
    // Who is no member would be added; the rest are members.
    let lines = answer.lines();
    let joining: Vec<&str> = lines[1..].iter().filter_map(|line| line["id"].as_str()).collect();
    ["a", "b"].into_iter().filter(|user| !joining.contains(user)).map(str::to_owned).collect()
}

/// Rules read what users have; a user who is sent whole keeps it; and a rule that excludes users for what its own group
/// gives them is named, and left in peace, until it is edited.
#[test]
fn licences_flow_back_and_a_rule_that_chases_its_own_is_named() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, FED_BACK);
    let has = "user.assignedPlans -any (assignedPlan.servicePlanId -eq \"mfa\" -and assignedPlan.capabilityStatus -eq \"Enabled\")";
    let group = |id: &str, rule: &str| json!({"kind": "group", "op": "upsert", "id": id, "data": {"membershipRule": rule}});
    let user =
        |id: &str, city: &str| json!({"kind": "user", "op": "upsert", "id": id, "data": {"city": city}});
    let direct = json!({"assignedLicenses": [{"skuId": "ems"}]});
    for line in [
        product("ems", 25, &[plan("mfa")]),
        group("licensed", has),
        user("a", "Bergen"),
        user("b", "Oslo"),
        json!({"kind": "licenseAssignment", "op": "upsert", "user": "a", "data": direct}),
    ] {
        apply(&service, &line);
    }
    await_that("a rule reads the plan", || members(&service, "licensed") == ["a"]);
    // It is not cleared by those who do not know of it.
    apply(&service, &user("a", "Tromsø"));
    assert_eq!(members(&service, "licensed"), ["a"]);
    apply(&service, &json!({"kind": "licenseAssignment", "op": "delete", "user": "a"}));
    await_that("the plan is gone", || members(&service, "licensed").is_empty());

    apply(&service, &assignment("chaser", "ems", &[]));
    apply(&service, &group("chaser", &format!("user.city -eq \"Oslo\" -and -not ({has})")));
    let told = service.wait_for_line(|line| line.contains("gives the product to users whom its rule"));
    assert!(told.contains("chaser") && told.contains("ems"), "{told}");
    let flap = "muster_license_flaps{tenant=\"default\",group=\"chaser\",product=\"ems\"} ";
    let flaps = |value: &str| {
        let expected = format!("{flap}{value}");
        service.get("/metrics").text.lines().any(|line| line == expected)
    };
    assert!(flaps("1"));
    let holds = || {
        let answer = service.get("/muster/licenses/explain?user=b");
        answer.status == 200 && answer.text.contains("Active") && members(&service, "licensed").is_empty()
    };
    await_that("it comes to rest", holds);
    let before = licences(&service).len();
    for state in ["x", "y"] {
        apply(&service, &json!({"kind": "user", "op": "patch", "id": "b", "data": {"state": state}}));
        assert!(holds());
    }
    assert_eq!(licences(&service).len(), before, "it goes on");

    // A rule that reads something else is no circle.
    apply(&service, &group("chaser", "user.city -eq \"Oslo\""));
    await_that("the product is fed back", || members(&service, "licensed") == ["b"]);
    assert!(flaps("0"));
    assert_eq!(service.terminate(), 0);
}

/// A wrong line is one dead letter, of the registrar.
#[test]
fn a_refused_line_is_one_dead_letter() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, INSIDE);
    let wrong = json!({"kind": "product", "op": "upsert", "id": "s", "data": {"prepaidUnit": 1}});
    let answer = service.post("/muster/events", &wrong.to_string());
    assert!(answer.status == 207 && answer.text.contains("did you mean `prepaidUnits`?"), "{}", answer.text);
    assert_eq!(service.get("/muster/licenses/report").json()["products"], json!([]));
    assert_eq!(service.terminate(), 0);
}

#[test]
fn without_licensing_nothing_is_answered() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, "");
    let answer = service.get("/muster/licenses/report");
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("licensing.enabled"), "{}", answer.text);
    assert_eq!(service.terminate(), 0);
    // The embedded log belongs to one process.
    let run = workshop.run(&["licensing", "serve"]);
    assert_eq!(run.status, 2, "{run:?}");
    assert!(run.stderr.contains("licensing.enabled"), "{run:?}");
}
