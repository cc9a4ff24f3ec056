//! Fixed records for tests, with every variant of everything among them: what the golden bytes and the
//! older data directories hold. Only ever extended, by functions beside these.

use crate::codec::images::Image;
use muster_directory::delta::ObjectLife;
use muster_directory::{
    AttributePatch, Attributes, Cause, DeadLetter, Delta, GroupDefinition, GroupId, GroupRule, GroupState,
    GroupStatus, Instant, MembershipChange, Object, ObjectId, ObjectKind, Ordinal, ProcessingState,
    RuleProcessing, SchemaRequest, Source, Tenant,
};
use muster_engine::storage::{
    Entry, GroupImage, GroupMode, Marker, MembershipImage, PartitionHead, Positions, RecordImage,
};
use muster_rule::schema::DeclaredAttribute;
use muster_rule::{Attribute, AttributeType, Dialect, Element, Schema, Text, Value};
use std::num::NonZeroU32;
use std::sync::Arc;

pub(crate) mod licensing;

pub(crate) fn user() -> ObjectId {
    ObjectId::new("u/1").unwrap()
}

pub(crate) fn group_id() -> GroupId {
    GroupId::new("Guests").unwrap()
}

pub(crate) fn objects() -> [Object; 2] {
    let text = |text: &str| Text::new(text);
    let element = |members: [Option<&str>; 3]| Element { members: members.map(|t| t.map(text)).into() };
    let user = AttributePatch {
        known: vec![
            (Attribute::Standard(1), Some(Value::Boolean(true))),
            (Attribute::Standard(2), Some(Value::Text(text("Crème")))),
            (Attribute::Standard(258), Some(Value::Texts(vec![text("a@b.c"), text("D")]))),
            (
                Attribute::Standard(300),
                Some(Value::Elements(vec![element([Some("p1"), None, Some("Enabled")]), element([None; 3])])),
            ),
            (Attribute::Named("level".into()), Some(Value::Integer(-3))),
            (Attribute::Named("since".into()), Some(Value::Instant(Instant::from_millis(1_795_000_000_123)))),
        ],
        unknown: vec![("nickname".into(), Some("[1,\"x\"]".into()))],
    };
    [
        Object { kind: ObjectKind::User, attributes: Attributes::from_patch(user) },
        Object { kind: ObjectKind::Device, attributes: Attributes::default() },
    ]
}

pub(crate) fn memberships() -> [MembershipImage; 2] {
    let listed = vec![GroupId::new("Staff").unwrap(), GroupId::new("team a").unwrap()];
    [MembershipImage { groups: vec![0, 7, 70_000], listed }, MembershipImage::default()]
}

pub(crate) fn groups() -> [GroupImage; 2] {
    [
        GroupImage { local: 7, created: 3, synced: Some(5), mode: GroupMode::Dynamic, evaluator: 1 },
        GroupImage { local: 70_000, created: 4, synced: None, mode: GroupMode::Assigned, evaluator: 1 },
    ]
}

pub(crate) fn definitions() -> [GroupDefinition; 3] {
    let dynamic = GroupDefinition {
        tenant: Tenant::default(),
        id: group_id(),
        version: 5,
        created: 3,
        source: Source::File { file: "events.jsonl".into(), line: 9 },
        display_name: Some("Guests of Contoso".into()),
        rule: Some(GroupRule { text: "user.userType -eq \"Guest\"".into(), dialect: Dialect::Entra }),
        processing_state: ProcessingState::On,
        other: [("description".into(), "\"all of them\"".into())].into(),
    };
    let extended = GroupDefinition {
        id: GroupId::new("Paused").unwrap(),
        source: topic(11),
        rule: Some(GroupRule { text: "user.city -in []".into(), dialect: Dialect::Extended }),
        processing_state: ProcessingState::Paused,
        ..dynamic.clone()
    };
    let assigned = GroupDefinition {
        id: GroupId::new("Staff").unwrap(),
        display_name: None,
        rule: None,
        other: [].into(),
        ..dynamic.clone()
    };
    [dynamic, extended, assigned]
}

pub(crate) fn schemas() -> [(u64, SchemaRequest); 1] {
    let types = [
        ("flag", AttributeType::Boolean),
        ("colour", AttributeType::String),
        ("level", AttributeType::Integer),
        ("hired", AttributeType::DateTime),
        ("tags", AttributeType::StringCollection),
    ];
    let declared = types.into_iter().zip([ObjectKind::User, ObjectKind::Device].into_iter().cycle());
    let declared = declared.map(|((name, value_type), object)| DeclaredAttribute {
        object,
        name: name.into(),
        value_type,
    });
    let schema = Arc::new(Schema::new(declared).unwrap());
    [(2, SchemaRequest { tenant: Tenant::default(), schema })]
}

pub(crate) fn head() -> PartitionHead {
    PartitionHead {
        entry: 12,
        sequence: 345,
        clock: Instant::from_millis(1_795_000_000_000),
        positions: Positions::from([("events.jsonl".to_owned(), 6789), ("muster.changes".to_owned(), 1)]),
        definitions_position: 3,
    }
}

pub(crate) fn marker() -> Marker {
    let head = head();
    Marker {
        owner: 0x0123_4567_89ab_cdef_0011_2233_4455_6677,
        lineage: 2,
        entry: head.entry,
        sequence: head.sequence,
        positions: head.positions,
        definitions_position: head.definitions_position,
        clock: head.clock,
    }
}

/// Entry 1 with a delta of every cause and two dead letters, and no records.
pub(crate) fn entry() -> Entry {
    let time = |time: &str| Some(Arc::from(time));
    let change = |names: [&str; 2], object| Cause::Change {
        attributes: names.map(Arc::from).into(),
        object,
        time: time("2026-11-22T10:00:00Z"),
    };
    let number = |number| NonZeroU32::new(number).unwrap();
    let first = Delta {
        tenant: Tenant::default(),
        group: group_id(),
        member: user(),
        member_kind: ObjectKind::User,
        change: MembershipChange::Added,
        sequence: 1,
        time: Instant::from_millis(1_795_000_000_000),
        event: Ordinal { index: number(1), count: number(3) },
        cause: change(["companyName", "userType"], Some(ObjectLife::Created)),
        rule_version: 5,
        source: Source::File { file: "events.jsonl".into(), line: 17 },
    };
    let second = Delta {
        group: GroupId::new("Staff").unwrap(),
        change: MembershipChange::Removed,
        sequence: 2,
        event: Ordinal { index: number(2), count: number(3) },
        cause: change(["city", "userType"], Some(ObjectLife::Deleted)),
        ..first.clone()
    };
    let third = Delta {
        group: GroupId::new("Z").unwrap(),
        sequence: 3,
        event: Ordinal { index: number(3), count: number(3) },
        cause: first.cause.clone(),
        rule_version: 6,
        ..second.clone()
    };
    let alone = |sequence, cause| Delta {
        tenant: Tenant::new("acme").unwrap(),
        member: ObjectId::new("d1").unwrap(),
        member_kind: ObjectKind::Device,
        sequence,
        time: Instant::from_millis(1_795_000_000_001),
        event: Ordinal { index: number(1), count: number(1) },
        cause,
        source: topic(18),
        ..first.clone()
    };
    let deltas = vec![
        first.clone(),
        second,
        third,
        alone(4, Cause::Rule { version: 5 }),
        alone(5, Cause::Clock),
        alone(6, Cause::MemberOf { group: GroupId::new("Staff").unwrap() }),
        alone(7, Cause::Member { time: None }),
    ];
    let states = [
        GroupState::Syncing,
        GroupState::Current,
        GroupState::Paused,
        GroupState::Failed,
        GroupState::Held,
        GroupState::Deleted,
    ];
    let statuses = states.map(|state| GroupStatus {
        tenant: Tenant::default(),
        group: group_id(),
        version: 5,
        state,
        members: 1,
        added: 2,
        removed: 3,
        remaining: 0,
        held: None,
        processing: None,
        as_of: Instant::from_millis(4),
    });
    let bytes = |bytes: &[u8]| Some(bytes.to_vec());
    let line = DeadLetter {
        source: first.source,
        code: "invalid-json".to_owned(),
        error: "the line is not JSON".to_owned(),
        key: None,
        headers: Vec::new(),
        raw: bytes(b"{\xFF"),
        raw_length: 1 << 33,
    };
    let record = DeadLetter {
        source: topic(18),
        key: bytes(b"k\xFE"),
        headers: vec![("a".to_owned(), bytes(b"1")), ("a".to_owned(), None)],
        raw: None,
        raw_length: 0,
        ..line.clone()
    };
    Entry {
        number: 1,
        positions: Positions::from([("events.jsonl".to_owned(), 18), ("muster.changes".to_owned(), 19)]),
        definitions_position: 4,
        clock: Instant::from_millis(1_795_000_000_001),
        sequence: 7,
        deltas,
        licences: Vec::new(),
        statuses: statuses.to_vec(),
        dead_letters: vec![line, record],
        records: Vec::new(),
    }
}

/// A group as a later evaluator brought it to its rule.
pub(crate) fn later_group() -> GroupImage {
    GroupImage { local: 7, created: 3, synced: Some(5), mode: GroupMode::Dynamic, evaluator: 2 }
}

/// [`entry`] with statuses that tell everything.
pub(crate) fn telling_entry() -> Entry {
    let mut entry = entry();
    let processing = [
        None,
        Some(RuleProcessing::NotStarted),
        Some(RuleProcessing::Running),
        Some(RuleProcessing::Succeeded),
        Some(RuleProcessing::Failed("it does not compile".into())),
    ];
    for (status, processing) in entry.statuses.iter_mut().zip(processing) {
        (status.remaining, status.held, status.processing) = (6, Some(7), processing);
    }
    entry
}

pub(crate) fn images() -> Vec<Image> {
    let image = |value: Option<&[u8]>| Image { key: b"a\0\x13u".to_vec(), value: value.map(<[u8]>::to_vec) };
    vec![image(Some(b"\x01\x01\xFF")), image(None)]
}

/// Four entries of one partition: [`entry`] with a record of each kind, an overwriting, a deleting and
/// an empty one.
pub(crate) fn history() -> Vec<Entry> {
    let tenant = Tenant::default;
    let acme = || Tenant::new("acme").unwrap();
    let device = || ObjectId::new("d1").unwrap();
    let [object, other_object] = objects();
    let [memberships, no_memberships] = memberships();
    let [group, other_group] = groups();
    let mut records = vec![
        RecordImage::Object(tenant(), user(), Some(object.clone())),
        RecordImage::Object(acme(), device(), Some(other_object.clone())),
        RecordImage::Membership(tenant(), user(), Some(memberships.clone())),
        RecordImage::Membership(acme(), device(), Some(no_memberships.clone())),
        RecordImage::Group(tenant(), group_id(), Some(group.clone())),
        RecordImage::Group(tenant(), GroupId::new("Staff").unwrap(), Some(other_group)),
    ];
    records.extend(schemas().into_iter().map(|image| RecordImage::Schema(tenant(), Some(image))));
    records.extend(
        definitions()
            .into_iter()
            .map(|image| RecordImage::Definition(tenant(), image.id.clone(), Some(image))),
    );
    let first = Entry { records, ..entry() };
    let next = |number, records| Entry {
        number,
        positions: Positions::from([("events.jsonl".to_owned(), 18 + number)]),
        deltas: Vec::new(),
        licences: Vec::new(),
        statuses: Vec::new(),
        dead_letters: Vec::new(),
        records,
        ..entry()
    };
    let overwriting = vec![
        RecordImage::Object(tenant(), user(), Some(other_object)),
        RecordImage::Membership(tenant(), user(), Some(no_memberships)),
        RecordImage::Group(tenant(), group_id(), Some(GroupImage { synced: Some(6), ..group })),
    ];
    let deleting = vec![
        RecordImage::Object(acme(), device(), None),
        RecordImage::Membership(acme(), device(), None),
        RecordImage::Group(tenant(), GroupId::new("Staff").unwrap(), None),
        RecordImage::Definition(tenant(), GroupId::new("Staff").unwrap(), None),
        RecordImage::Object(tenant(), ObjectId::new("u2").unwrap(), Some(object)),
    ];
    vec![first, next(2, overwriting), next(3, deleting), next(4, Vec::new())]
}

fn topic(offset: u64) -> Source {
    Source::Topic { topic: "muster.changes".into(), partition: 3, offset }
}
