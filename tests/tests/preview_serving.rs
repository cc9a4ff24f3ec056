//! Previews, searches and values over HTTP while the service runs, on several partitions.

use muster_tests::program::Workshop;
use muster_tests::service::{Answer, Service};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const USERS: usize = 60;

fn organisation() -> String {
    let mut lines = vec![
        json!({"kind": "group", "op": "upsert", "id": "g", "data": {"membershipRule": "user.city -eq \"Oslo\""}}),
    ];
    lines.extend((0..USERS).map(|number| {
        let city = match number % 4 {
            0 => "Oslo",
            1 => "OSLO",
            2 => "Bergen",
            _ => "Tromsø",
        };
        let data = json!({"city": city, "department": format!("d{}", number % 3)});
        json!({"kind": "user", "op": "upsert", "id": format!("u{number:02}"), "data": data})
    }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn first(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.lines().swap_remove(0)
}

#[test]
fn a_preview_says_what_saving_then_does_and_pages_have_everybody() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, "[topics]\npartitions = 3\n");
    let _ = service.apply_events(&organisation());

    let rule = r#"user.city -in ["bergen", "oslo"] -and user.department -ne "d0""#;
    let ask = json!({"rule": rule, "group": "g", "full": true}).to_string();
    let answer = service.post("/muster/preview", &ask);
    let counts = first(&answer);
    assert_eq!((&counts["added"], &counts["removed"]), (&json!(10), &json!(10)), "{counts}");
    assert_eq!((&counts["unchanged"], &counts["members"]), (&json!(20), &json!(30)), "{counts}");
    let said: BTreeSet<(String, String)> =
        answer.lines()[1..].iter().map(|line| change(line, "id")).collect();
    assert_eq!(said.len(), 20);

    let before: usize = (0..3).map(|partition| service.get_deltas(partition, 1).len()).sum();
    let edit = json!({"kind": "group", "op": "patch", "id": "g", "data": {"membershipRule": rule}});
    let _ = service.apply_events(&edit.to_string());
    let deltas: Vec<Value> = (0..3).flat_map(|partition| service.get_deltas(partition, 1)).collect();
    let of_the_edit = deltas.iter().filter(|delta| delta["cause"]["type"] == "rule");
    let of_the_edit = of_the_edit.filter(|delta| delta["cause"]["version"] == 1);
    let done: BTreeSet<(String, String)> = of_the_edit.map(|delta| change(delta, "memberId")).collect();
    assert_eq!(deltas.len(), before + 20);
    assert_eq!(done, said);

    let mut found = Vec::new();
    let mut after = Value::Null;
    loop {
        let ask = json!({"rule": "user.department -eq \"D1\"", "limit": 7, "after": after}).to_string();
        let page = first(&service.post("/muster/find", &ask));
        assert_eq!(page["count"], 20);
        found.extend(page["ids"].as_array().into_iter().flatten().cloned());
        after = page["next"].clone();
        if after.is_null() {
            break;
        }
    }
    let expected: Vec<Value> = (0..USERS).filter(|n| n % 3 == 1).map(|n| json!(format!("u{n:02}"))).collect();
    assert_eq!(found, expected);

    let values = first(&service.get("/muster/values?property=user.city&limit=2"));
    let expected = json!([{"value": "Bergen", "count": 15}, {"value": "OSLO", "count": 30}]);
    assert_eq!((&values["values"], &values["next"]), (&expected, &json!("OSLO")));
    let values = first(&service.get("/muster/values?property=user.city&prefix=TR&limit=2"));
    assert_eq!(
        (&values["values"], &values["next"]),
        (&json!([{"value": "Tromsø", "count": 15}]), &json!(null))
    );
}

#[test]
fn a_directory_at_rest_knows_what_is_declared() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, "[topics]\npartitions = 2\n");
    let declared = json!([{"object": "user", "name": "level", "type": "integer"}]);
    let schema = json!({"kind": "schema", "op": "upsert", "id": "default", "data": {"attributes": declared}});
    let _ = service.apply_events(&schema.to_string());
    let users = (0..9).map(|number| {
        let data = json!({"level": number, "city": "Oslo"});
        json!({"kind": "user", "op": "upsert", "id": format!("u{number}"), "data": data})
    });
    let _ = service.apply_events(&users.map(|line| format!("{line}\n")).collect::<String>());
    assert_eq!(service.terminate(), 0);
    let data = workshop.path("data");
    let data = data.to_string_lossy();
    let rule = "user.level -ge 7";
    let preview = workshop.run(&["preview", "--data", &data, "--rule", rule, "--dialect", "extended"]);
    assert_eq!((preview.status, &preview.json()["added"]), (0, &json!(2)), "{}", preview.stderr);
    let found = workshop.run(&["find", "--data", &data, "--rule", rule, "--dialect", "extended"]);
    assert_eq!((found.status, found.stdout.as_str()), (0, "u7\nu8\n"), "{}", found.stderr);
    assert_eq!(workshop.run(&["values", "--data", &data, "user.level"]).status, 0);
}

#[test]
fn what_saving_would_refuse_is_refused() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, "[topics]\npartitions = 1\n");
    let _ = service.apply_events(&organisation());
    let own = r#"user.memberOf -any (group.objectId -in ['g'])"#;
    for (body, status, code) in [
        (json!({"rule": "user.citty -eq 'x'"}), 400, "invalid-rule"),
        (json!({"rule": "user.city -eq 'x'", "grup": "g"}), 400, "invalid-request"),
        (json!({"rule": "user.city -eq 'x'", "group": "h"}), 404, "unknown-group"),
        (json!({"rule": own, "group": "g"}), 400, "membership-cycle"),
    ] {
        let answer = service.post("/muster/preview", &body.to_string());
        let error = answer.lines().swap_remove(0)["error"].clone();
        assert_eq!((answer.status, error["code"].as_str()), (status, Some(code)), "{}", answer.text);
        assert_eq!(error["diagnostics"].is_array(), code == "invalid-rule", "{error}");
    }
    assert_eq!(service.get("/muster/values?property=user.citty").status, 404);
}

fn change(line: &Value, id: &str) -> (String, String) {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    (text(id), text("change"))
}
