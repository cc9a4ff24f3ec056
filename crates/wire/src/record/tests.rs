//! Records of either topic: plain, in CloudEvents of both modes, as tombstones, and out of place.

use super::*;
use crate::Partitioner;
use muster_directory::{ListingOp, ObjectId, ObjectOp, Tenant};
use muster_rule::Schema;
use std::num::NonZeroU32;

const FITS: Placement =
    Placement { configured: Partitioner::Murmur2, partition: 0, partitions: NonZeroU32::MIN };
const USER: &str = r#"{"kind":"user","op":"delete","id":"u1"}"#;

fn headers(given: &[(&str, &str)]) -> Vec<Header> {
    given.iter().map(|(name, value)| ((*name).to_owned(), Some(value.as_bytes().to_vec()))).collect()
}

fn binary(more: &[(&str, &str)]) -> Vec<Header> {
    let required = [("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "/hr"), ("ce_type", "t")];
    headers(&[&required[..], more].concat())
}

fn structured(more: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"1","source":"/hr","type":"t",{more}}}"#)
}

fn change(key: &str, value: Option<&str>, headers: &[Header]) -> Result<Event, Rejection> {
    let record = Record { key: Some(key.as_bytes()), value: value.map(str::as_bytes), headers };
    decode_change(&record, &FITS, &Arc::new(Schema::default()))
}

fn request(key: Option<&str>, value: Option<&str>) -> Result<Posted, Rejection> {
    let record = Record { key: key.map(str::as_bytes), value: value.map(str::as_bytes), headers: &[] };
    decode_request(&record, &Arc::new(Schema::default()))
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Rejection>, code: RejectionCode, part: &str) {
    let rejection = result.expect_err("to be refused");
    assert_eq!(rejection.code, code, "{rejection}");
    assert!(rejection.message.contains(part), "{part:?} is not in {:?}", rejection.message);
}

/// The time that the cause of a user's deletion will show.
#[track_caller]
fn time(event: Result<Event, Rejection>) -> Option<String> {
    match event {
        Ok(Event::Object(change)) => {
            assert_eq!((change.id.as_str(), change.op), ("u1", ObjectOp::Delete));
            change.time.map(|time| time.to_string())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn plain_lines_are_events_of_their_keys() {
    assert_eq!(time(change("u1", Some(USER), &headers(&[("content-type", "application/json")]))), None);
    let member = r#"{"kind":"member","op":"add","tenant":"t","group":"g1","id":"u1"}"#;
    match change("t\u{1f}u1", Some(member), &[]) {
        Ok(Event::Listing(listing)) => assert_eq!(listing.op, ListingOp::Add),
        other => panic!("{other:?}"),
    }
    for key in ["g1", "u1", "t\u{1f}g1", "t/u1", "t\u{1f}U1", ""] {
        refused(
            change(key, Some(member), &[]),
            RejectionCode::KeyMismatch,
            r"its value is about `t\u{1f}u1`",
        );
    }
}

#[test]
fn a_null_value_deletes_whatever_has_the_id() {
    let tombstone = |key| change(key, None, &binary(&[]));
    let (tenant, id) = (Tenant::new("t").unwrap(), ObjectId::new("u1").unwrap());
    assert_eq!(tombstone("t\u{1f}u1"), Ok(Event::Tombstone(Tombstone { tenant, id })));
    refused(tombstone(""), RejectionCode::InvalidId, "empty");
    refused(tombstone("default\u{1f}u1"), RejectionCode::KeyMismatch, "use `u1` alone");
    refused(change("u1", Some(""), &[]), RejectionCode::InvalidJson, "EOF");
}

#[test]
fn keys_and_partitions_come_first() {
    let schemas = Arc::new(Schema::default());
    let keyless = Record { key: None, value: Some(b"{"), headers: &[] };
    refused(decode_change(&keyless, &FITS, &schemas), RejectionCode::KeyMismatch, "has no key");
    let misplaced = Record { key: Some(b"u1"), value: None, headers: &[] };
    let partitions = NonZeroU32::new(64).unwrap();
    let partition = Partitioner::Crc32.partition_of(b"u1", partitions);
    let placement = Placement { partition, partitions, ..FITS };
    refused(decode_change(&misplaced, &placement, &schemas), RejectionCode::WrongPartition, "crc32");
}

#[test]
fn kinds_belong_on_their_topics() {
    let group = r#"{"kind":"group","op":"delete","id":"g1"}"#;
    let product = r#"{"kind":"product","op":"upsert","id":"p","data":{"prepaidUnits":{"enabled":1}}}"#;
    let clock = r#"{"kind":"clock","time":"2026-11-22T00:00:00Z"}"#;
    for line in [group, product, &structured(&format!(r#""data":{group}"#))] {
        refused(change("g1", Some(line), &[]), RejectionCode::WrongTopic, "the requests topic");
    }
    refused(change("u1", Some(clock), &[]), RejectionCode::WrongTopic, "files only");
    refused(change("u1", Some(r#"{"kind":"usr"}"#), &[]), RejectionCode::UnknownKind, "did you mean `user`?");

    assert!(matches!(request(Some("g1"), Some(group)), Ok(Posted::Event(Event::Group(_)))));
    assert!(matches!(request(None, Some(group)), Ok(Posted::Event(Event::Group(_)))));
    let wrapped = structured(&format!(r#""data":{}"#, product.replace(',', ",\n")));
    for line in [product, &wrapped] {
        match request(Some("p"), Some(line)) {
            Ok(Posted::Licensing(request)) => assert_eq!(request.line.replace(' ', ""), product),
            other => panic!("{other:?}"),
        }
    }
    refused(request(Some("q"), Some(product)), RejectionCode::KeyMismatch, "is about `p`");
    let direct = r#"{"kind":"licenseAssignment","op":"delete","user":"u1"}"#;
    assert!(matches!(request(Some("u1"), Some(direct)), Ok(Posted::Licensing(_))));
    let removal = r#"{"kind":"removal","op":"confirm","id":"17"}"#;
    assert!(matches!(request(Some("17"), Some(removal)), Ok(Posted::Licensing(_))));
    refused(request(Some("u1"), Some(USER)), RejectionCode::WrongTopic, "a changes topic");
    refused(request(None, Some(clock)), RejectionCode::WrongTopic, "files only");
    refused(request(Some("g2"), Some(group)), RejectionCode::KeyMismatch, "is about `g1`");
    refused(request(Some("g1"), None), RejectionCode::InvalidEvent, "`op` `delete`");
}

#[test]
fn schemas_have_the_key_default_or_their_tenants_name() {
    let line = r#"{"kind":"schema","op":"delete","tenant":"t","id":"t"}"#;
    for key in ["t\u{1f}default", "t\u{1f}t"] {
        assert!(matches!(request(Some(key), Some(line)), Ok(Posted::Event(Event::Schema(_)))), "{key:?}");
    }
    refused(request(Some("default"), Some(line)), RejectionCode::KeyMismatch, r"`t\u{1f}default`");
}

#[test]
fn binary_cloudevents_are_read() {
    let timed = binary(&[("ce_time", "2026-11-22T10:00:00Z"), ("content-type", "application/json")]);
    assert_eq!(time(change("u1", Some(USER), &timed)).as_deref(), Some("2026-11-22T10:00:00Z"));
    let own = r#"{"kind":"user","op":"delete","id":"u1","time":"2026-01-01T00:00:00Z"}"#;
    assert_eq!(time(change("u1", Some(own), &timed)).as_deref(), Some("2026-01-01T00:00:00Z"));
    assert_eq!(time(change("u1", Some(USER), &binary(&[]))), None);

    let invalid = |headers: &[Header], part| {
        refused(change("u1", Some(USER), headers), RejectionCode::InvalidCloudEvent, part);
    };
    invalid(&binary(&[])[..3], "`ce_type` is missing");
    invalid(&binary(&[("ce_source", "")]), "`ce_source` is empty");
    invalid(&binary(&[("ce_specversion", "0.3")]), "`ce_specversion` is `0.3`, but only `1.0`");
    let mut not_text = binary(&[]);
    not_text[1].1 = Some(vec![0xff]);
    invalid(&not_text, "`ce_id` is not UTF-8");
    let late = binary(&[("ce_time", "soon")]);
    refused(change("u1", Some(USER), &late), RejectionCode::InvalidTime, "`ce_time` `soon`");
}

#[test]
fn structured_cloudevents_are_read() {
    let announced = headers(&[("Content-Type", "application/CloudEvents+json; charset=UTF-8")]);
    let whole = structured(&format!(r#""time":"2026-11-22T10:00:00Z","traceparent":"x","data":{USER}"#));
    for headers in [&announced[..], &[]] {
        let event = change("u1", Some(&whole), headers);
        assert_eq!(time(event).as_deref(), Some("2026-11-22T10:00:00Z"));
    }
    let typed = structured(&format!(r#""time":null,"datacontenttype":"application/x+json","data":{USER}"#));
    assert_eq!(time(change("u1", Some(&typed), &[])), None);

    let invalid = |value: &str, part| {
        refused(change("u1", Some(value), &announced), RejectionCode::InvalidCloudEvent, part);
    };
    invalid(USER, "has no `specversion`");
    invalid(&structured(r#""data":null"#), "`data` must be an event line");
    invalid(&structured(r#""data":"{}""#), "`data` must be an event line");
    invalid(&structured(r#""data_base64":"e30=""#), "give the event line as `data`");
    invalid(&structured(r#""x":1"#), "`data` is missing");
    invalid(&structured(&format!(r#""id":"2","data":{USER}"#)), "`id` is given twice");
    invalid(&structured(&format!(r#""datacontenttype":"text/xml","data":{USER}"#)), "must be JSON");
    invalid(r#"{"specversion":1.0,"data":{}}"#, "`specversion` is a number with a fraction");
    invalid(r#"{"specversion":"1.0","id":"","data":{}}"#, "`id` is empty");

    let batch = headers(&[("content-type", "application/cloudevents-batch+json")]);
    refused(change("u1", Some("[]"), &batch), RejectionCode::InvalidCloudEvent, "one by one");
}

#[test]
fn complaints_about_data_name_the_byte_of_the_value() {
    let value = structured(r#""data":{"kind":"user","op":"patch","id":"u1","data":{"department":5}}"#);
    let at = value.find("5}").unwrap() + 1;
    refused(change("u1", Some(&value), &[]), RejectionCode::InvalidValue, &format!("(byte {at})"));
}

#[test]
fn a_refused_record_is_kept_as_it_came() {
    let headers = headers(&[("a", "1")]);
    let record = Record { key: Some(b"k"), value: None, headers: &headers };
    let source = Source::Topic { topic: "t".into(), partition: 1, offset: 2 };
    let letter = record.dead_letter(source, Rejection::new(RejectionCode::KeyMismatch, "no"));
    assert_eq!((letter.key.as_deref(), letter.raw, letter.headers), (Some(&b"k"[..]), None, headers));
}
