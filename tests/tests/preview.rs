//! `muster preview`, `find` and `values` on a data directory at rest, as scripts see them.

use muster_tests::program::{Run, Workshop};
use serde_json::{Value, json};

const EVENTS: &str = r#"{"kind":"group","op":"upsert","id":"sales","data":{"membershipRule":"user.department -eq \"Sales\""}}
{"kind":"group","op":"upsert","id":"all","data":{"membershipRule":"user.memberOf -any (group.objectId -in ['sales'])"}}
{"kind":"user","op":"upsert","id":"u1","data":{"department":"Sales","city":"Oslo","otherMails":["a@x.no","A@X.no","b@x.no"]}}
{"kind":"user","op":"upsert","id":"u2","data":{"department":"SALES","city":"Bergen"}}
{"kind":"user","op":"upsert","id":"u3","data":{"department":"Sales","employeeHireDate":"2026-11-20T00:00:00Z"}}
{"kind":"user","op":"upsert","id":"u4","data":{"department":"Support","city":"Oslo"}}
{"kind":"device","op":"upsert","id":"d1","data":{"deviceOSType":"Windows"}}
"#;

fn replayed() -> Workshop {
    let workshop = Workshop::default();
    workshop.write("events.jsonl", EVENTS);
    let replay = ["replay", "--events", "events.jsonl", "--deltas", "out.jsonl", "--data", "d"];
    let run = workshop.run(&[&replay[..], &["--now", "2026-11-22T08:00:00Z", "--strict"]].concat());
    assert_eq!(run.status, 0, "{run:?}");
    workshop
}

fn ask(workshop: &Workshop, command: &str, arguments: &[&str]) -> Run {
    workshop.run(&[&[command, "--data", "d"], arguments].concat())
}

fn lines(run: &Run) -> Vec<Value> {
    assert_eq!(run.status, 0, "{run:?}");
    run.stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn a_draft_is_previewed_against_its_group() {
    let workshop = replayed();
    let rule = r#"user.department -startsWith "s" -and user.city -eq "oslo""#;
    let answers = lines(&ask(&workshop, "preview", &["--group", "sales", "--rule", rule, "--full"]));
    let first = &answers[0];
    for (name, expected) in [
        ("added", json!(1)),
        ("removed", json!(2)),
        ("unchanged", json!(1)),
        ("members", json!(2)),
        ("addedSample", json!(["u4"])),
        ("removedSample", json!(["u2", "u3"])),
    ] {
        assert_eq!(first[name], expected, "{name} of {first}");
    }
    assert_eq!(first["decisions"][1]["id"], "u2");
    assert_eq!(first["decisions"][1]["decidedBy"]["expression"], r#"user.city -eq "oslo""#);
    assert_eq!(first["decisions"][1]["decidedBy"]["propertyToEvaluate"]["propertyValue"], "Bergen");
    let changes = [("u2", "removed"), ("u3", "removed"), ("u4", "added")];
    let expected: Vec<_> = changes.iter().map(|(id, change)| json!({"id": id, "change": change})).collect();
    assert_eq!(answers[1..], expected);
}

#[test]
fn a_draft_without_a_group_is_previewed_against_nobody() {
    let workshop = replayed();
    let first = &lines(&ask(&workshop, "preview", &["--rule", r#"user.city -eq "Oslo""#]))[0];
    assert_eq!((&first["added"], &first["removed"], &first["members"]), (&json!(2), &json!(0), &json!(2)));

    let members = r#"user.memberOf -any (group.objectId -in ["SALES"])"#;
    assert_eq!(lines(&ask(&workshop, "preview", &["--rule", members]))[0]["added"], 3);
    let by_clock = ["--rule", "user.employeeHireDate -ge system.now -minus P3D", "--dialect", "extended"];
    assert_eq!(lines(&ask(&workshop, "preview", &by_clock))[0]["added"], 1);
    let later = [&by_clock[..], &["--now", "2026-11-24T00:00:00Z"]].concat();
    assert_eq!(lines(&ask(&workshop, "preview", &later))[0]["added"], 0);
}

#[test]
fn what_saving_would_refuse_preview_refuses() {
    let workshop = replayed();
    let cases = [
        (&["--rule", "user.departmnt -eq 'x'"][..], "departmnt"),
        (&["--group", "nobody", "--rule", "user.city -eq 'x'"], "there is no group `nobody`"),
        (
            &["--group", "sales", "--rule", "user.memberOf -any (group.objectId -in ['all'])"],
            "sales → all → sales",
        ),
    ];
    for (arguments, message) in cases {
        let run = ask(&workshop, "preview", arguments);
        assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{run:?}");
        assert!(run.stderr.contains(message), "{run:?}");
    }
    let missing = workshop.run(&["preview", "--data", "nowhere", "--rule", "user.city -eq 'x'"]);
    assert_eq!(missing.status, 2, "{missing:?}");
}

#[test]
fn objects_are_found_a_page_at_a_time() {
    let workshop = replayed();
    let find = |arguments: &[&str]| {
        let run = ask(&workshop, "find", &[&["--rule", "user.department -ne null"], arguments].concat());
        assert_eq!(run.status, 0, "{run:?}");
        (run.stdout, run.stderr)
    };
    assert_eq!(find(&[]).0, "u1\nu2\nu3\nu4\n");
    let (page, said) = find(&["--limit", "2"]);
    assert_eq!(page, "u1\nu2\n");
    assert!(said.contains("2 of 4 users"), "{said}");
    assert_eq!(find(&["--limit", "2", "--after", "u2"]).0, "u3\nu4\n");
}

#[test]
fn values_are_counted_as_rules_compare_them() {
    let workshop = replayed();
    let values = |property: &str, arguments: &[&str]| -> Vec<(String, u64)> {
        let run = ask(&workshop, "values", &[&[property], arguments].concat());
        let line =
            |line: &Value| (line["value"].as_str().unwrap().to_owned(), line["count"].as_u64().unwrap());
        lines(&run).iter().map(line).collect()
    };
    let expect = |pairs: &[(&str, u64)]| -> Vec<(String, u64)> {
        pairs.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
    };
    assert_eq!(values("user.department", &["--prefix", "S"]), expect(&[("Sales", 3), ("Support", 1)]));
    assert_eq!(values("USER.Department", &["--limit", "1"]), expect(&[("Sales", 3)]));
    assert_eq!(values("user.department", &["--after", "sales"]), expect(&[("Support", 1)]));
    assert_eq!(values("user.otherMails", &[]), expect(&[("A@X.no", 1), ("b@x.no", 1)]));
    assert_eq!(values("user.mail", &[]), expect(&[]));
    for property in ["department", "user.departmnt", "user.memberOf"] {
        assert_eq!(ask(&workshop, "values", &[property]).status, 1, "{property}");
    }
}

#[test]
fn a_rule_is_checked_against_data() {
    let workshop = replayed();
    let codes = |rule: &str| -> Vec<(String, String)> {
        let run = workshop.run(&["rule", "check", "--json", "--data", "d", rule]);
        assert_eq!(run.status, 0, "{run:?}");
        let answer = run.json();
        let text = |diagnostic: &Value, name: &str| diagnostic[name].as_str().unwrap_or_default().to_owned();
        let diagnostics = answer["diagnostics"].as_array().into_iter().flatten();
        diagnostics.map(|found| (text(found, "code"), text(found, "message"))).collect()
    };
    let expect = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(code, message)| ((*code).to_owned(), (*message).to_owned())).collect()
    };
    assert_eq!(codes(r#"user.department -eq "sales""#), []);
    let unknown = ("MR1020", "no user has department `Slaes`");
    let nobody = ("MR1021", "of 4 users the rule selects none");
    assert_eq!(codes(r#"user.department -eq "Slaes""#), expect(&[unknown, nobody]));
    assert_eq!(codes(r#"user.department -in ["Sales", "Slaes"]"#), expect(&[unknown]));
    let everybody = ("MR1022", "the rule selects all 4 users");
    assert_eq!(codes(r#"user.mail -eq null"#), expect(&[everybody]));
    assert_eq!(
        codes(r#"device.deviceOSType -eq "Windows""#),
        expect(&[("MR1022", "the rule selects all 1 devices")])
    );
    let otherwise = ("MR1020", "no user has otherMails `c@x.no`");
    assert_eq!(codes(r#"user.otherMails -any (_ -eq "c@x.no")"#), expect(&[otherwise, nobody]));

    let run = workshop.run(&["rule", "check", "--data", "d", r#"user.department -in ["Sales", "Slaes"]"#]);
    assert!(run.stderr.contains("3 have `Sales`"), "{}", run.stderr);
    assert!(run.stderr.contains("^^^^^"), "{}", run.stderr);
}
