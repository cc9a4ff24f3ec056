//! Bad input: each bad line has its coded dead letter with its place, and the rest goes on.
#![expect(clippy::unwrap_used, reason = "a test says what it expected")]

use muster_tests::program::Workshop;
use serde_json::Value;

/// A line, the code it is refused with, and a part of the message.
type Bad = (Vec<u8>, &'static str, &'static str);

fn bad_lines() -> Vec<Bad> {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let group = |id: &str, rule: &str| {
        serde_json::json!({"kind": "group", "op": "upsert", "id": id, "data": {"membershipRule": rule}})
            .to_string()
    };
    let text = |line: &str| line.as_bytes().to_vec();
    vec![
        (text(r#"{"kind":"user","op":"upsert","id":"u1","data":{"city":"Os"#), "invalid-json", "byte 57"),
        (text("nonsense"), "invalid-json", "byte"),
        (text("[]"), "invalid-event", "a JSON object"),
        (
            text(r#"{"kind":"user","op":"patch","id":"u1","data":{"city":5}}"#),
            "invalid-value",
            "`city` is the number 5",
        ),
        (
            text(r#"{"kind":"user","op":"patch","id":"u1","data":{"accountEnabled":"yes"}}"#),
            "invalid-value",
            "true, false or null",
        ),
        (text(r#"{"kind":"users","op":"delete","id":"u1"}"#), "unknown-kind", "did you mean `user`?"),
        (text(r#"{"kind":"user","op":"remove","id":"u1"}"#), "unknown-op", "upsert, patch, delete"),
        (text(r#"{"kind":"user","op":"delete","id":17}"#), "invalid-event", "`id` is the number 17"),
        (text(r#"{"kind":"user","op":"delete","id":""}"#), "invalid-id", "empty"),
        (text(&deep), "invalid-event", "a JSON object"),
        (
            format!(r#"{{"kind":"user","op":"patch","id":"u1","data":{{"x":{deep}}}}}"#).into_bytes(),
            "invalid-json",
            "nested deeper than 100 levels",
        ),
        (
            format!(r#"{{"kind":"user","op":"patch","id":"u1","data":{{"x":"{}"}}}}"#, "y".repeat(10 << 20))
                .into_bytes(),
            "line-too-long",
            "10485814 bytes",
        ),
        (
            b"{\"kind\":\"user\",\"op\":\"delete\",\"id\":\"u\xff1\"}".to_vec(),
            "invalid-utf8",
            "byte 37 is not UTF-8",
        ),
        (text(&group("g2", "user.city -eq")), "invalid-rule", "MR0"),
        (text(&group("g2", "")), "invalid-rule", "MR0"),
        (text(&group("b", "user.memberOf -any (group.objectId -in ['a'])")), "membership-cycle", "b → a → b"),
        (text(&group("G1", "user.city -eq \"x\"")), "group-id-case", "g1"),
        (text(r#"{"kind":"group","op":"patch","id":"none","data":{}}"#), "unknown-group", "none"),
        (text(r#"{"kind":"device","op":"patch","id":"u1","data":{}}"#), "kind-conflict", "u1"),
        (
            text(r#"{"kind":"user","op":"patch","id":"u1","data":{"memberOf":["g1"]}}"#),
            "computed-attribute",
            "memberOf",
        ),
        (
            text(r#"{"kind":"user","op":"patch","id":"u1","data":{"mobile":"1","mobilePhone":"2"}}"#),
            "conflicting-values",
            "`mobile` and `mobilePhone`",
        ),
        (text(r#"{"kind":"clock","time":"noon"}"#), "invalid-time", "noon"),
        (
            text(r#"{"kind":"schema","op":"upsert","id":"default","data":{"attributes":[{}]}}"#),
            "invalid-schema",
            "attribute 1",
        ),
    ]
}

const GOOD: &str = r#"{"kind":"group","op":"upsert","id":"g1","data":{"membershipRule":"user.city -eq \"Oslo\""}}
{"kind":"group","op":"upsert","id":"a","data":{"membershipRule":"user.memberOf -any (group.objectId -in ['b'])"}}
{"kind":"user","op":"upsert","id":"u1","data":{"city":"Oslo"}}
"#;

#[test]
fn each_bad_line_is_a_dead_letter_and_the_rest_goes_on() {
    let workshop = Workshop::default();
    let mut events = GOOD.as_bytes().to_vec();
    let bad = bad_lines();
    for (index, (line, ..)) in bad.iter().enumerate() {
        events.extend_from_slice(line);
        events.extend_from_slice(if index % 2 == 0 { b"\n" } else { b"\r\n" });
    }
    events.extend_from_slice(br#"{"kind":"user","op":"delete","id":"u1"}"#);
    workshop.write("e.jsonl", &events);
    let run = workshop.run(&["replay", "--events", "e.jsonl", "--deltas", "out.jsonl"]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stderr.contains(&format!("{} lines were refused", bad.len())), "{}", run.stderr);

    let changes: Vec<_> =
        workshop.json_lines("out.jsonl").iter().map(|delta| delta["change"].clone()).collect();
    assert_eq!(changes, ["added", "removed"]);
    let letters = workshop.json_lines("out.jsonl.dead");
    for (index, ((line, code, part), letter)) in bad.iter().zip(&letters).enumerate() {
        let what = String::from_utf8_lossy(&line[..line.len().min(100)]);
        assert_eq!((&letter["file"], &letter["line"]), (&"e.jsonl".into(), &(index + 4).into()), "{what}");
        assert_eq!(letter["code"], *code, "{what}: {}", letter["error"]);
        assert!(
            letter["error"].as_str().unwrap().contains(part),
            "{what}: {part:?} is not in {}",
            letter["error"]
        );
        check_raw(line, letter);
    }
    assert_eq!(letters.len(), bad.len());
}

/// The beginning of the line is there, as text where it is text.
fn check_raw(line: &[u8], letter: &Value) {
    let raw = letter["raw"].as_str().unwrap();
    match std::str::from_utf8(line) {
        Ok(text) => {
            assert_eq!(raw, &text[..text.len().min(64 * 1024)]);
            assert_eq!(letter.get("encoding"), None);
        }
        Err(_) => assert_eq!(letter["encoding"], "base64"),
    }
}
