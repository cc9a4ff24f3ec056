//! The bytes, their way back, and what is refused on it.

use super::*;
use muster_directory::Header;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn source() -> Source {
    Source::Topic { topic: "muster.requests".into(), partition: 0, offset: 17 }
}

fn group() -> GroupDefinition {
    GroupDefinition {
        tenant: Tenant::default(),
        id: GroupId::new("g1").unwrap(),
        version: 17,
        created: 3,
        display_name: Some("Guests".into()),
        rule: Some(GroupRule { text: "user.userType -eq \"Guest\"".into(), dialect: Dialect::Entra }),
        processing_state: ProcessingState::On,
        other: [("description".into(), r#"{"a": [1.0,2]}"#.into())].into(),
        source: source(),
    }
}

fn schema() -> AcceptedDefinition {
    let declared =
        |object, name: &str, value_type| DeclaredAttribute { object, name: name.into(), value_type };
    let schema = Schema::new([
        declared(ObjectKind::User, "Level", AttributeType::Integer),
        declared(ObjectKind::User, "flags", AttributeType::StringCollection),
        declared(ObjectKind::User, "ready", AttributeType::Boolean),
        declared(ObjectKind::Device, "seen", AttributeType::DateTime),
        declared(ObjectKind::Device, "rack", AttributeType::String),
    ]);
    let request = SchemaRequest { tenant: Tenant::new("t").unwrap(), schema: Arc::new(schema.unwrap()) };
    AcceptedDefinition::Schema { request, version: 18 }
}

fn deleted() -> AcceptedDefinition {
    let id = GroupId::new("g1").unwrap();
    AcceptedDefinition::GroupDeleted { tenant: Tenant::default(), id, version: 19, source: source() }
}

fn back(record: &NewRecord) -> Result<AcceptedDefinition, DefinitionError> {
    let (key, value) = (record.key.as_deref(), record.value.as_deref());
    AcceptedDefinition::from_record(&Record { key, value, headers: &record.headers })
}

#[track_caller]
fn check(definition: AcceptedDefinition, key: &str, value: Option<&str>, headers: &[(&str, &str)]) {
    let record = definition.to_record();
    let text = |bytes: &Option<Vec<u8>>| bytes.clone().map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(text(&record.key).as_deref(), Some(key));
    assert_eq!(text(&record.value).as_deref(), value);
    let header = |(name, value): &(&str, &str)| (name.to_string(), Some(value.as_bytes().to_vec()));
    assert_eq!(record.headers, headers.iter().map(header).collect::<Vec<Header>>());
    assert_eq!(back(&record), Ok(definition));
}

#[test]
fn held_edits_are_these_bytes_and_are_read_again() {
    let id = |id| ObjectId::new(id).unwrap();
    let impact = Impact {
        added: 1,
        removed: 812,
        unchanged: 88,
        added_sample: vec![id("u1")],
        removed_sample: vec![id("u2"), id("u3")],
    };
    let definition = Arc::new(GroupDefinition { display_name: None, other: BTreeMap::new(), ..group() });
    let reason = "812 of 900 members would leave, more than 10 %".to_owned();
    let value = concat!(
        r#"{"format":1,"kind":"held","tenant":"default","id":"g1","version":17,"#,
        r#""definition":{"format":1,"kind":"group","tenant":"default","id":"g1","version":17,"created":3,"#,
        r#""source":{"topic":"muster.requests","partition":0,"offset":17},"#,
        r#""membershipRule":"user.userType -eq \"Guest\"","dialect":"entra","#,
        r#""membershipRuleProcessingState":"On"},"reason":"812 of 900 members would leave, more than 10 %","#,
        r#""preview":{"added":1,"removed":812,"unchanged":88,"members":89,"#,
        r#""addedSample":["u1"],"removedSample":["u2","u3"]}}"#
    );
    let held = HeldDefinition { definition, impact, reason };
    check(AcceptedDefinition::Held(held), "held/g1", Some(value), &[]);
    let ended = AcceptedDefinition::HeldEnded {
        tenant: Tenant::default(),
        id: GroupId::new("g1").unwrap(),
        version: 19,
        source: source(),
    };
    let source = r#"{"topic":"muster.requests","partition":0,"offset":17}"#;
    check(ended, "held/g1", None, &[("version", "19"), ("source", source)]);
}

#[test]
fn records_are_these_bytes_and_are_read_again() {
    let value = concat!(
        r#"{"format":1,"kind":"group","tenant":"default","id":"g1","version":17,"created":3,"#,
        r#""source":{"topic":"muster.requests","partition":0,"offset":17},"displayName":"Guests","#,
        r#""membershipRule":"user.userType -eq \"Guest\"","dialect":"entra","#,
        r#""membershipRuleProcessingState":"On","other":{"description":{"a": [1.0,2]}}}"#
    );
    check(AcceptedDefinition::Group(group()), "group/g1", Some(value), &[]);
    let value = concat!(
        r#"{"format":1,"kind":"group","tenant":"t","id":"g1","version":17,"created":3,"#,
        r#""source":{"file":"e.jsonl","line":4},"membershipRuleProcessingState":"Paused"}"#
    );
    let assigned = GroupDefinition {
        tenant: Tenant::new("t").unwrap(),
        display_name: None,
        rule: None,
        processing_state: ProcessingState::Paused,
        other: BTreeMap::new(),
        source: Source::File { file: "e.jsonl".into(), line: 4 },
        ..group()
    };
    check(AcceptedDefinition::Group(assigned), "t\u{1f}group/g1", Some(value), &[]);
    let value = concat!(
        r#"{"format":1,"kind":"schema","tenant":"t","version":18,"attributes":["#,
        r#"{"object":"user","name":"flags","type":"stringCollection"},"#,
        r#"{"object":"user","name":"Level","type":"integer"},{"object":"user","name":"ready","type":"bool"},"#,
        r#"{"object":"device","name":"rack","type":"string"},{"object":"device","name":"seen","type":"dateTime"}]}"#
    );
    check(schema(), "t\u{1f}schema/default", Some(value), &[]);
    let headers = [("version", "19"), ("source", r#"{"topic":"muster.requests","partition":0,"offset":17}"#)];
    check(deleted(), "group/g1", None, &headers);
}

#[test]
fn a_newer_format_asks_for_an_upgrade() {
    let mut record = schema().to_record();
    record.value = Some(br#"{"format":2,"kind":"unheard of","more":{}}"#.to_vec());
    let error = back(&record).unwrap_err();
    assert_eq!(error, DefinitionError::Newer { key: r"t\u{1f}schema/default".into(), format: 2 });
    assert!(error.to_string().ends_with("reads formats up to 1: upgrade it"), "{error}");
}

#[test]
fn what_no_program_of_ours_wrote_is_damaged() {
    let check = |record: &NewRecord, part: &str| match back(record) {
        Err(DefinitionError::Damaged { reason, .. }) => assert!(reason.contains(part), "{reason}"),
        other => panic!("{other:?}"),
    };
    let whole = AcceptedDefinition::Group(group()).to_record();
    let text = String::from_utf8(whole.value.clone().unwrap()).unwrap();
    for (old, new, part) in [
        (r#""created":3,"#, r#""created":3,"colour":1,"#, "unknown field `colour`"),
        (r#""created":3,"#, "", "missing field `created`"),
        (r#""dialect":"entra","#, "", "not both there"),
        (r#""kind":"group""#, r#""kind":"grup""#, "its kind is `grup`"),
        (r#""id":"g1""#, r#""id":"g2""#, "about something else"),
        (r#""id":"g1""#, r#""id":"g/1""#, "holds a `/`"),
        (r#""format":1"#, r#""format":-1"#, "invalid value"),
        (r#""On""#, r#""on""#, "unknown variant `on`"),
    ] {
        assert!(text.contains(old));
        let value = Some(text.replace(old, new).into_bytes());
        check(&NewRecord { value, ..whole.clone() }, part);
    }
    check(&NewRecord { key: None, ..whole.clone() }, "`group/` or `held/` and a group id");
    check(&NewRecord { value: Some(vec![0xff]), ..whole.clone() }, "expected value");
    check(&NewRecord { value: None, ..whole }, "the header `version` is missing");
    check(&NewRecord { value: None, ..schema().to_record() }, "have no null value");
    let mut headers = deleted().to_record();
    headers.headers[0].1 = Some(b"x".to_vec());
    check(&headers, "expected value");
}

/// JSON texts of other members, with the white space that their senders gave them.
fn other_json() -> impl Strategy<Value = Box<str>> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,30}(\\.[0-9]{1,9})?".prop_map(|number| number),
        ".{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let nested = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{} ]", items.join(" ,\n"))),
            ("[a-z\"]{0,4}", inner).prop_map(|(name, value)| format!(
                "{{ {} : {value}}}",
                serde_json::to_string(&name).unwrap()
            )),
        ]
    });
    nested.prop_map(String::into_boxed_str)
}

fn any_source() -> impl Strategy<Value = Source> {
    prop_oneof![
        ("\\PC{1,20}", any::<u64>()).prop_map(|(file, line)| Source::File { file: file.into(), line }),
        ("[a-z._-]{1,20}", any::<u32>(), any::<u64>()).prop_map(|(topic, partition, offset)| Source::Topic {
            topic: topic.into(),
            partition,
            offset
        }),
    ]
}

fn any_group() -> impl Strategy<Value = GroupDefinition> {
    let names = ("[^\\p{Cc}]{1,20}", "[^\\p{Cc}/]{1,20}", prop::option::of(".{0,20}"));
    let rule = prop::option::of((".{0,40}", prop_oneof![Just(Dialect::Entra), Just(Dialect::Extended)]));
    let state = prop_oneof![Just(ProcessingState::On), Just(ProcessingState::Paused)];
    let other = prop::collection::btree_map("[a-zA-Z]{1,8}", other_json(), 0..4);
    (names, any::<[u64; 2]>(), rule, state, other, any_source()).prop_map(
        |((tenant, id, display_name), [version, created], rule, processing_state, other, source)| {
            GroupDefinition {
                tenant: Tenant::new(&tenant).unwrap(),
                id: GroupId::new(&id).unwrap(),
                version,
                created,
                display_name: display_name.map(Arc::from),
                rule: rule.map(|(text, dialect)| GroupRule { text: Arc::from(text), dialect }),
                processing_state,
                other: other.into_iter().map(|(name, json)| (Arc::from(name), json)).collect(),
                source,
            }
        },
    )
}

/// The same cases every time.
fn fixed_cases() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(fixed_cases())]

    #[test]
    fn every_group_comes_back(group in any_group()) {
        let definition = AcceptedDefinition::Group(group);
        prop_assert_eq!(back(&definition.to_record()), Ok(definition));
    }

    #[test]
    fn every_deletion_comes_back(group in any_group()) {
        let GroupDefinition { tenant, id, version, source, .. } = group;
        let definition = AcceptedDefinition::GroupDeleted { tenant, id, version, source };
        prop_assert_eq!(back(&definition.to_record()), Ok(definition));
    }
}

#[test]
fn what_licensing_needs_is_the_line_that_was_accepted() {
    let line = r#"{"kind":"licenseAssignment","op":"upsert","group":"g1","data":{"assignedLicenses":[{"skuId":"s"}]}}"#;
    let accepted = |line: &str| {
        let posted = crate::decode_posted(line.as_bytes(), &Arc::new(Schema::default())).unwrap();
        let crate::Posted::Licensing(request) = posted else { panic!() };
        AcceptedDefinition::Licensing(AcceptedLicensing::new(request, 21, source()))
    };
    let origin = r#"{"topic":"muster.requests","partition":0,"offset":17}"#;
    let value = format!(r#"{{"format":1,"kind":"licensing","version":21,"source":{origin},"line":{line}}}"#);
    check(accepted(line), "licenseAssignment/group/g1", Some(&value), &[]);
    let ended = [("version", "21"), ("source", origin)];
    let end = r#"{"kind":"product","op":"delete","id":"s"}"#;
    check(accepted(end), "product/s", None, &ended);
    let end = r#"{"kind":"tenant","op":"delete","tenant":"t","id":"default"}"#;
    check(accepted(end), "t\u{1f}tenant/default", None, &ended);
    let with_group =
        AcceptedLicensing::end_of_group(Tenant::default(), GroupId::new("g1").unwrap(), 21, source());
    check(AcceptedDefinition::Licensing(with_group), "licenseAssignment/group/g1", None, &ended);
}
