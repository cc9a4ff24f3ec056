//! Every kind of line, and every way in which one can be wrong.

use super::*;
use muster_directory::{AttributePatch, GroupOp, ObjectChange, ObjectOp, ProcessingState};
use muster_rule::{Attribute, AttributeType, DeclaredAttribute, Dialect, Element, Text, Value, property};

fn schema() -> Arc<Schema> {
    let level = DeclaredAttribute {
        object: ObjectKind::User,
        name: "Level".into(),
        value_type: AttributeType::Integer,
    };
    Arc::new(Schema::new([level]).unwrap())
}

fn event(line: &str) -> Event {
    decode(line.as_bytes(), &schema()).unwrap_or_else(|rejection| panic!("{line}: {rejection}"))
}

/// The patch of a user's `upsert` with this data.
fn patch(data: &str) -> AttributePatch {
    let line = format!(r#"{{"kind":"user","op":"upsert","id":"u1","data":{data}}}"#);
    match event(&line) {
        Event::Object(ObjectChange { op: ObjectOp::Upsert(patch), .. }) => patch,
        other => panic!("{other:?}"),
    }
}

fn user(name: &str) -> Attribute {
    property::find(ObjectKind::User, name, &schema()).unwrap().attribute
}

fn text(value: &str) -> Option<Value> {
    Some(Value::Text(Text::new(value)))
}

#[track_caller]
fn known(data: &str, expected: &[(&str, Option<Value>)]) {
    let mut expected: Vec<_> = expected.iter().map(|(name, value)| (user(name), value.clone())).collect();
    expected.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert_eq!(patch(data).known, expected, "{data}");
}

#[track_caller]
fn refused(line: impl AsRef<[u8]>, code: RejectionCode, part: &str) {
    let line = line.as_ref();
    let rejection = decode(line, &schema()).expect_err(&String::from_utf8_lossy(line));
    assert_eq!(rejection.code, code, "{}: {rejection}", String::from_utf8_lossy(line));
    assert!(rejection.message.contains(part), "{part:?} is not in {:?}", rejection.message);
}

/// A user's `patch` with this data is refused.
#[track_caller]
fn refused_data(data: &str, code: RejectionCode, part: &str) {
    refused(format!(r#"{{"kind":"user","op":"patch","id":"u1","data":{data}}}"#), code, part);
}

#[test]
fn object_lines() {
    let line = r#"{"kind":"device","op":"delete","id":"d/1","tenant":"t","time":"2026-11-22T10:00"}"#;
    let Event::Object(change) = event(line) else { panic!() };
    assert_eq!((change.kind, change.id.as_str(), change.tenant.as_str()), (ObjectKind::Device, "d/1", "t"));
    assert_eq!((change.op, change.time.as_deref()), (ObjectOp::Delete, Some("2026-11-22T10:00")));
    let Event::Object(change) = event("{\"kind\":\"user\",\"op\":\"patch\",\"id\":\"u\",\"data\":{}}\r")
    else {
        panic!()
    };
    assert_eq!(change.tenant, Tenant::default());
    assert_eq!(change.op, ObjectOp::Patch(AttributePatch::default()));
}

#[test]
fn attributes_take_their_types() {
    known(
        r#"{"department":"Sales","accountEnabled":true,"level":-5,"employeeHireDate":"2026-11-22"}"#,
        &[
            ("department", text("Sales")),
            ("accountEnabled", Some(Value::Boolean(true))),
            ("level", Some(Value::Integer(-5))),
            ("employeeHireDate", Some(Value::Instant(muster_rule::Instant::parse("2026-11-22").unwrap()))),
        ],
    );
    known(
        r#"{"otherMails":["a",null,"","b"],"proxyAddresses":[],"assignedPlans":[null,{"SERVICE":"s","x":[1]},{}]}"#,
        &[
            ("otherMails", Some(Value::Texts(vec![Text::new("a"), Text::new("b")]))),
            ("proxyAddresses", None),
            (
                "assignedPlans",
                Some(Value::Elements(vec![
                    Element { members: [None, Some(Text::new("s")), None].into() },
                    Element { members: [None, None, None].into() },
                ])),
            ),
        ],
    );
}

#[test]
fn l23_nulls_and_empty_strings_are_null() {
    known(
        r#"{"city":null,"country":"","accountEnabled":null}"#,
        &[("city", None), ("country", None), ("accountEnabled", None)],
    );
}

#[test]
fn l40_names_are_matched_in_either_spelling_and_any_case() {
    known(r#"{"MOBILEPHONE":"1"}"#, &[("mobile", text("1"))]);
    known(r#"{"mobilePhone":"1","mobile":"1"}"#, &[("mobile", text("1"))]);
    known(r#"{"businessPhones":[null,"","1","2"]}"#, &[("telephoneNumber", text("1"))]);
    known(r#"{"imAddresses":[]}"#, &[("sipProxyAddress", None)]);
    known(r#"{"id":"u1","objectId":"u1"}"#, &[]);
}

#[test]
fn managers_are_ids_or_objects_that_have_one() {
    known(r#"{"manager":"m"}"#, &[("manager", text("m"))]);
    known(r#"{"manager":{"displayName":5,"id":"m"}}"#, &[("manager", text("m"))]);
    known(r#"{"manager":null}"#, &[("manager", None)]);
    refused_data(r#"{"manager":{}}"#, RejectionCode::InvalidValue, "an object with `id`");
    refused_data(r#"{"manager":{"id":1}}"#, RejectionCode::InvalidValue, "`manager.id` is the number 1");
}

#[test]
fn l40_extension_attributes_are_merged_member_by_member() {
    known(
        r#"{"onPremisesExtensionAttributes":{"extensionAttribute2":"x","extensionAttribute3":null,"other":1}}"#,
        &[("extensionAttribute2", text("x")), ("extensionAttribute3", None)],
    );
    let all = patch(r#"{"onPremisesExtensionAttributes":null}"#).known;
    assert_eq!(all.len(), 15);
    assert!(all.iter().all(|(_, value)| value.is_none()));
}

#[test]
fn l40_unknown_attributes_are_kept_as_they_came() {
    let patch = patch(r#"{"Zodiac":[1.50, {"a":2}],"none":null,"zodiac":[1.50, {"a":2}]}"#);
    assert_eq!(patch.known, []);
    let expected = [("none".into(), None), ("zodiac".into(), Some(r#"[1.50, {"a":2}]"#.into()))];
    assert_eq!(patch.unknown, expected);
}

#[test]
fn l40_values_of_another_type_are_refused() {
    let refused = |data: &str, part: &str| refused_data(data, RejectionCode::InvalidValue, part);
    refused(
        r#"{"department":5}"#,
        "`department` is the number 5, but takes a string or null: put it in quotes (byte 60)",
    );
    refused(r#"{"department":["x"]}"#, "`department` is an array");
    refused(r#"{"accountEnabled":"true"}"#, "`accountEnabled` is the string `true`");
    refused(r#"{"accountEnabled":""}"#, "`accountEnabled`");
    refused(r#"{"level":1.0}"#, "`level` is a number with a fraction");
    refused(r#"{"level":9223372036854775808}"#, "`level`");
    refused(r#"{"level":"1"}"#, "without quotes");
    refused(r#"{"employeeHireDate":"yesterday"}"#, "`yesterday`, but takes an RFC 3339 instant");
    refused(r#"{"employeeHireDate":5}"#, "RFC 3339");
    refused(r#"{"otherMails":"x"}"#, "an array of strings");
    refused(r#"{"otherMails":["x",5]}"#, "`otherMails[]` is the number 5");
    refused(r#"{"businessPhones":"1"}"#, "an array of strings");
    refused(r#"{"businessPhones":["1",2]}"#, "`businessPhones[]`");
    refused(r#"{"telephoneNumber":["1"]}"#, "an array");
    refused(r#"{"assignedPlans":[5]}"#, "`assignedPlans[]`");
    refused(r#"{"assignedPlans":[{"service":5}]}"#, "`assignedPlans[].service`");
    refused(r#"{"onPremisesExtensionAttributes":[]}"#, "an object or null");
    refused(
        r#"{"onPremisesExtensionAttributes":{"extensionAttribute1":1}}"#,
        "`onPremisesExtensionAttributes.extensionAttribute1`",
    );
    refused(r#"{"id":null}"#, "the object's own id");
}

#[test]
fn two_values_for_one_attribute_are_refused() {
    let refused = |data: &str, part: &str| refused_data(data, RejectionCode::ConflictingValues, part);
    refused(r#"{"mobile":"1","city":"x","mobilePhone":"2"}"#, "`mobile` and `mobilePhone`");
    refused(r#"{"mobile":"1","mobile":null}"#, "`mobile` and `mobile`");
    refused(
        r#"{"extensionAttribute1":"x","onPremisesExtensionAttributes":null}"#,
        "onPremisesExtensionAttributes",
    );
    refused(r#"{"zodiac":1,"Zodiac":2}"#, "`zodiac` and `Zodiac`");
    refused(r#"{"assignedPlans":[{"service":"a","Service":"b"}]}"#, "`assignedPlans[].Service`");
    refused(r#"{"objectId":"u2"}"#, "`objectId` is `u2`, but the object is `u1`");
}

#[test]
fn computed_attributes_are_refused() {
    refused_data(r#"{"MemberOf":["g"]}"#, RejectionCode::ComputedAttribute, "`MemberOf` is computed");
}

#[test]
fn group_lines() {
    let line = r#"{"kind":"group","op":"patch","id":"g1","data":{"DisplayName":"G","membershipRule":null,
        "membershipRuleProcessingState":"paused","dialect":"extended","groupTypes":["DynamicMembership"],"mail":null}}"#;
    let Event::Group(request) = event(line) else { panic!() };
    let GroupOp::Patch(patch) = request.op else { panic!() };
    assert_eq!(patch.display_name, Some(Some("G".into())));
    assert_eq!(patch.membership_rule, Some(None));
    assert_eq!(patch.processing_state, Some(Some(ProcessingState::Paused)));
    assert_eq!(patch.dialect, Some(Some(Dialect::Extended)));
    let other: Vec<_> = patch.other.into_iter().collect();
    assert_eq!(
        other,
        [("groupTypes".into(), Some(r#"["DynamicMembership"]"#.into())), ("mail".into(), None)]
    );
    assert!(
        matches!(event(r#"{"kind":"group","op":"delete","id":"g"}"#), Event::Group(r) if r.op == GroupOp::Delete)
    );
}

#[test]
fn decisions_about_held_edits_may_name_one() {
    let decision = |line: &str| match event(line) {
        Event::Group(request) => request.op,
        _ => panic!(),
    };
    assert_eq!(decision(r#"{"kind":"group","op":"confirm","id":"g"}"#), GroupOp::Confirm(None));
    let line = r#"{"kind":"group","op":"reject","id":"g","data":{"version":17}}"#;
    assert_eq!(decision(line), GroupOp::Reject(Some(17)));
    let check = |data: &str, code, part: &str| {
        refused(format!(r#"{{"kind":"group","op":"confirm","id":"g1","data":{data}}}"#), code, part);
    };
    check(r#"{"version":-1}"#, RejectionCode::InvalidValue, "the number of the edit");
    check(r#"{"version":1,"version":2}"#, RejectionCode::InvalidEvent, "`version` once");
    check(r#"{"versions":1}"#, RejectionCode::InvalidEvent, "`versions`");
}

#[test]
fn group_data_is_checked() {
    let check = |data: &str, code, part: &str| {
        refused(format!(r#"{{"kind":"group","op":"upsert","id":"g1","data":{data}}}"#), code, part);
    };
    check(r#"{"memberShipRulle":"x"}"#, RejectionCode::InvalidEvent, "did you mean `membershipRule`?");
    check(r#"{"members":[]}"#, RejectionCode::InvalidEvent, "lines of kind `member`");
    check(r#"{"banana":1}"#, RejectionCode::InvalidEvent, "`banana` is no member of a group: leave it out");
    check(r#"{"membershipRule":5}"#, RejectionCode::InvalidValue, "`membershipRule` is the number 5");
    check(r#"{"membershipRule":{"a":1}}"#, RejectionCode::InvalidValue, "an array or object");
    check(
        r#"{"membershipRuleProcessingState":"Off"}"#,
        RejectionCode::InvalidValue,
        "`On`, `Paused` or null",
    );
    check(r#"{"dialect":"okta"}"#, RejectionCode::InvalidValue, "`entra`, `extended`");
    check(r#"{"mail":"a","MAIL":"b"}"#, RejectionCode::ConflictingValues, "`mail`");
    check(r#"{"id":"g2"}"#, RejectionCode::ConflictingValues, "`g1`");
}

#[test]
fn member_schema_and_clock_lines() {
    let Event::Listing(listing) = event(r#"{"kind":"member","op":"remove","group":"g","id":"u"}"#) else {
        panic!()
    };
    assert_eq!((listing.op, listing.group.as_str(), listing.member.as_str()), (ListingOp::Remove, "g", "u"));
    let line = r#"{"kind":"schema","op":"upsert","id":"default","data":{"attributes":[{"object":"user","name":"level","type":"integer"}]}}"#;
    let Event::Schema(request) = event(line) else { panic!() };
    assert_eq!(request.schema.attributes().count(), 1);
    let Event::Schema(request) = event(r#"{"kind":"schema","op":"delete","id":"default"}"#) else { panic!() };
    assert_eq!(request.schema.attributes().count(), 0);
    let clock = event(r#"{"kind":"clock","time":"1970-01-01T00:00:01Z"}"#);
    assert_eq!(clock, Event::Clock(muster_rule::Instant::from_millis(1000)));
}

#[test]
fn schemas_are_checked() {
    let check = |data: &str, part: &str| {
        let line = format!(r#"{{"kind":"schema","op":"upsert","id":"default","data":{data}}}"#);
        refused(line, RejectionCode::InvalidSchema, part);
    };
    check("{}", "`attributes` is missing");
    check(r#"{"attributes":5}"#, "must be an array");
    check(r#"{"attributes":[{"object":"user","name":"x"}]}"#, "must all be given");
    check(
        r#"{"attributes":[{"object":"group","name":"x","type":"bool"}]}"#,
        "attribute 1: `object` is `group`",
    );
    check(r#"{"attributes":[{"object":"user","name":"x","type":"float"}]}"#, "`type` is `float`");
    check(r#"{"attributes":[{"object":"user","name":"city","type":"string"}]}"#, "built in");
    refused(
        r#"{"kind":"schema","op":"delete","id":"x"}"#,
        RejectionCode::InvalidSchema,
        "with the id `default`",
    );
    refused(r#"{"kind":"schema","op":"patch","id":"default"}"#, RejectionCode::UnknownOp, "upsert, delete");
}

#[test]
fn what_is_not_json_is_refused_with_its_byte() {
    refused(b"{\"kind\":\"us\xffer\"}", RejectionCode::InvalidUtf8, "byte 12 is not UTF-8");
    refused(r#"{"kind":"user","op":"#, RejectionCode::InvalidJson, "at byte 20: the line ends too early");
    refused(r#"{"kind":"user"} x"#, RejectionCode::InvalidJson, "trailing characters at byte 17");
    refused("", RejectionCode::InvalidJson, "EOF");
    refused("nonsense", RejectionCode::InvalidJson, "byte");
    refused(r#"{"kind":"user","id":"\ud800","op":"delete"}"#, RejectionCode::InvalidJson, "byte");
    refused(
        r#"{"kind":"user","op":"upsert","id":"u","data":{"city":"\ud800"}}"#,
        RejectionCode::InvalidJson,
        "byte",
    );
    refused("[1,2]", RejectionCode::InvalidEvent, "expected a JSON object");
}

#[test]
fn deep_nesting_is_refused_wherever_it_is() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    refused(&deep, RejectionCode::InvalidEvent, "expected a JSON object");
    refused(format!(r#"{{"kind":{deep}}}"#), RejectionCode::InvalidEvent, "`kind` is an array or object");
    refused(
        format!(r#"{{"kind":"user","op":"upsert","id":"u","data":{deep}}}"#),
        RejectionCode::InvalidEvent,
        "`data` must be an object",
    );
    refused_data(
        &format!(r#"{{"unknown":{deep}}}"#),
        RejectionCode::InvalidJson,
        "`unknown` is nested deeper than 100 levels",
    );
    refused_data(&format!(r#"{{"city":{deep}}}"#), RejectionCode::InvalidJson, "recursion limit exceeded");
    refused(
        format!(r#"{{"kind":"group","op":"upsert","id":"g","data":{{"theme":{deep}}}}}"#),
        RejectionCode::InvalidJson,
        "`theme` is nested deeper",
    );
}

#[test]
fn envelopes_are_checked() {
    let check = |line: &str, code, part: &str| refused(line, code, part);
    check("{}", RejectionCode::InvalidEvent, "`kind` is missing");
    check(r#"{"kind":5}"#, RejectionCode::InvalidEvent, "`kind` is the number 5");
    check(r#"{"kind":"usr"}"#, RejectionCode::UnknownKind, "did you mean `user`?");
    check(r#"{"kind":"product"}"#, RejectionCode::UnknownKind, "licensing");
    check(r#"{"kind":"user","op":"upsrt","id":"u"}"#, RejectionCode::UnknownOp, "did you mean `upsert`?");
    check(r#"{"kind":"user","op":"add","id":"u"}"#, RejectionCode::UnknownOp, "upsert, patch, delete");
    check(r#"{"kind":"user","id":"u"}"#, RejectionCode::InvalidEvent, "`op` is missing");
    check(r#"{"kind":"user","op":"delete"}"#, RejectionCode::InvalidEvent, "`id` is missing");
    check(
        r#"{"kind":"user","op":"delete","id":7}"#,
        RejectionCode::InvalidEvent,
        "`id` is the number 7, but takes a string (byte 35)",
    );
    check(r#"{"kind":"user","op":"delete","id":""}"#, RejectionCode::InvalidId, "empty");
    check(r#"{"kind":"user","op":"delete","id":"a\u0000"}"#, RejectionCode::InvalidId, "U+0000");
    check(r#"{"kind":"group","op":"delete","id":"a/b"}"#, RejectionCode::InvalidId, "`/`");
    check(
        r#"{"kind":"user","op":"delete","id":"u","tenant":null}"#,
        RejectionCode::InvalidEvent,
        "`tenant` is null",
    );
    check(
        r#"{"kind":"user","op":"delete","id":"u","data":{}}"#,
        RejectionCode::InvalidEvent,
        "has no `data`",
    );
    check(
        r#"{"kind":"user","op":"delete","id":"u","group":"g"}"#,
        RejectionCode::InvalidEvent,
        "has no `group`",
    );
    check(r#"{"kind":"user","op":"upsert","id":"u"}"#, RejectionCode::InvalidEvent, "`data` is missing");
    check(
        r#"{"kind":"user","op":"patch","id":"u","data":null}"#,
        RejectionCode::InvalidEvent,
        "`data` must be an object",
    );
    check(
        r#"{"kind":"user","op":"delete","id":"u","department":"x"}"#,
        RejectionCode::InvalidEvent,
        "belong into `data`",
    );
    check(
        r#"{"kind":"user","op":"delete","id":"u","tennant":"x"}"#,
        RejectionCode::InvalidEvent,
        "did you mean `tenant`?",
    );
    check(
        r#"{"kind":"user","op":"delete","id":"u","id":"u"}"#,
        RejectionCode::InvalidEvent,
        "`id` is given twice",
    );
    check(r#"{"kind":"user","op":"delete","id":"u","time":"noon"}"#, RejectionCode::InvalidTime, "`noon`");
    check(r#"{"kind":"clock"}"#, RejectionCode::InvalidEvent, "`time` is missing");
    check(r#"{"kind":"clock","time":"x"}"#, RejectionCode::InvalidTime, "`x`");
    check(r#"{"kind":"clock","op":"set","time":"2026-11-22"}"#, RejectionCode::InvalidEvent, "has no `op`");
    check(r#"{"kind":"member","op":"add","id":"u"}"#, RejectionCode::InvalidEvent, "`group` is missing");
    check(
        r#"{"kind":"member","op":"add","group":"g","id":"u","data":{}}"#,
        RejectionCode::InvalidEvent,
        "has no `data`",
    );
}

/// Lines of every kind; what mutations begin with.
const CORPUS: &[&str] = &[
    r#"{"kind":"user","op":"upsert","id":"u1","time":"2026-11-22T10:00:00Z","data":{"department":"Sales","otherMails":["a",null],"assignedPlans":[{"service":"x"}],"manager":{"id":"m"},"level":7,"zodiac":{"a":[1]}}}"#,
    r#"{"kind":"device","op":"patch","id":"d1","tenant":"t","data":{"extensionAttributes":{"extensionAttribute1":"x"},"isRooted":false}}"#,
    r#"{"kind":"group","op":"upsert","id":"g1","data":{"membershipRule":"user.city -eq \"\u00d8\"","membershipRuleProcessingState":"On"}}"#,
    r#"{"kind":"member","op":"add","group":"g","id":"u1"}"#,
    r#"{"kind":"schema","op":"upsert","id":"default","data":{"attributes":[{"object":"user","name":"level","type":"integer"}]}}"#,
    r#"{"kind":"clock","time":"2026-11-23T00:00:00Z"}"#,
];

#[test]
fn no_bytes_break_the_decoder() {
    const PIECES: &[&[u8]] = &[
        b"\"", b"{", b"}", b"[", b"]", b",", b":", b"null", b"1e999", b"\\u", b"\\ud800", b"\xff", b"\0",
        b"-", b"data",
    ];
    let schema = schema();
    let mut state = 0x5eed_u64;
    let mut below = |end: usize| {
        // An ordinary linear congruence: any spread of places will do.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % end
    };
    let mut accepted = 0;
    for _ in 0..30_000 {
        let mut line = CORPUS[below(CORPUS.len())].as_bytes().to_vec();
        for _ in 0..1 + below(3) {
            let at = below(line.len() + 1);
            let end = (at + below(8)).min(line.len());
            match below(3) {
                0 => drop(line.drain(at..end)),
                1 => drop(line.splice(at..end, PIECES[below(PIECES.len())].iter().copied())),
                _ => line.insert(at, u8::try_from(below(256)).unwrap()),
            }
        }
        match decode(&line, &schema) {
            Ok(_) => accepted += 1,
            Err(rejection) => {
                assert!(!rejection.message.is_empty() && !rejection.message.ends_with('.'), "{rejection}");
            }
        }
    }
    assert!((1_000..29_000).contains(&accepted), "{accepted} of the mutations say nothing");
}
