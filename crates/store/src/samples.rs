//! Random records for tests, from fixed seeds.

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
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::num::NonZeroU32;
use std::sync::Arc;

pub(crate) mod licensing;

/// Runs `test` on so many random values. `PROPTEST_RNG_SEED` replaces the fixed seed.
pub(crate) fn for_all<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value)) {
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20);
    let config = ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let checked = TestRunner::new(config).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    checked.unwrap_or_else(|failure| panic!("seed {seed}: {failure}"));
}

pub(crate) fn tenant() -> impl Strategy<Value = Tenant> {
    prop_oneof!["default", "[a-c/ü]{1,3}"].prop_map(|id| Tenant::new(&id).unwrap())
}

pub(crate) fn object_id() -> impl Strategy<Value = ObjectId> {
    prop_oneof!["u[0-9]", "[ -~à-ÿ\u{10000}-\u{10010}]{1,12}"].prop_map(|id| ObjectId::new(&id).unwrap())
}

pub(crate) fn group_id() -> impl Strategy<Value = GroupId> {
    prop_oneof!["g[0-9]", "[a-zA-Z0-9ß .-]{1,12}"].prop_map(|id| GroupId::new(&id).unwrap())
}

fn instant() -> impl Strategy<Value = Instant> {
    any::<i64>().prop_map(Instant::from_millis)
}

fn text() -> impl Strategy<Value = Text> {
    any::<String>().prop_map(|text| Text::new(&text))
}

fn value() -> impl Strategy<Value = Value> {
    let element = vec(option::of(text()), 0..4).prop_map(|members| Element { members: members.into() });
    prop_oneof![
        any::<bool>().prop_map(Value::Boolean),
        text().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        instant().prop_map(Value::Instant),
        vec(text(), 1..4).prop_map(Value::Texts),
        vec(element, 1..4).prop_map(Value::Elements),
    ]
}

fn kind() -> impl Strategy<Value = ObjectKind> {
    prop_oneof![Just(ObjectKind::User), Just(ObjectKind::Device)]
}

pub(crate) fn object() -> impl Strategy<Value = Object> {
    let attribute = prop_oneof![
        (0_u16..2000).prop_map(Attribute::Standard),
        "[a-z_0-9]{1,9}".prop_map(|name| Attribute::Named(name.into())),
    ];
    let known = btree_map(attribute, value().prop_map(Some), 0..12);
    let unknown = btree_map("[a-z]{1,4}", any::<String>(), 0..3);
    (kind(), known, unknown).prop_map(|(kind, known, unknown)| {
        let known = known.into_iter().collect();
        let unknown = unknown.into_iter().map(|(name, json)| (name.into(), Some(json.into()))).collect();
        Object { kind, attributes: Attributes::from_patch(AttributePatch { known, unknown }) }
    })
}

pub(crate) fn membership() -> impl Strategy<Value = MembershipImage> {
    (btree_set(any::<u32>(), 0..20), btree_set(group_id(), 0..4)).prop_map(|(groups, listed)| {
        MembershipImage { groups: groups.into_iter().collect(), listed: listed.into_iter().collect() }
    })
}

pub(crate) fn group() -> impl Strategy<Value = GroupImage> {
    let mode = prop_oneof![Just(GroupMode::Assigned), Just(GroupMode::Dynamic)];
    (any::<u32>(), any::<u64>(), option::of(any::<u64>()), mode, 0..3_u32).prop_map(
        |(local, created, synced, mode, evaluator)| GroupImage { local, created, synced, mode, evaluator },
    )
}

pub(crate) fn definition() -> impl Strategy<Value = GroupDefinition> {
    let rule = (any::<String>(), prop_oneof![Just(Dialect::Entra), Just(Dialect::Extended)])
        .prop_map(|(text, dialect)| GroupRule { text: text.into(), dialect });
    let state = prop_oneof![Just(ProcessingState::On), Just(ProcessingState::Paused)];
    let other = btree_map("[a-z]{1,4}".prop_map(Arc::from), any::<String>().prop_map(Box::from), 0..3);
    let names = (tenant(), group_id(), option::of(any::<String>().prop_map(Arc::from)), source());
    (names, any::<(u64, u64)>(), option::of(rule), state, other).prop_map(
        |((tenant, id, display_name, source), (version, created), rule, processing_state, other)| {
            GroupDefinition {
                tenant,
                id,
                version,
                created,
                source,
                display_name,
                rule,
                processing_state,
                other,
            }
        },
    )
}

pub(crate) fn schema() -> impl Strategy<Value = (u64, SchemaRequest)> {
    let value_type = prop_oneof![
        Just(AttributeType::Boolean),
        Just(AttributeType::String),
        Just(AttributeType::Integer),
        Just(AttributeType::DateTime),
        Just(AttributeType::StringCollection),
    ];
    // No built-in attribute begins so.
    let attributes = btree_map((kind(), "zz_[a-z0-9]{0,4}"), value_type, 0..5);
    (any::<u64>(), tenant(), attributes).prop_map(|(version, tenant, attributes)| {
        let attributes = attributes.into_iter().map(|((object, name), value_type)| DeclaredAttribute {
            object,
            name: name.into(),
            value_type,
        });
        (version, SchemaRequest { tenant, schema: Arc::new(Schema::new(attributes).unwrap()) })
    })
}

pub(crate) fn record() -> impl Strategy<Value = RecordImage> {
    let definition = definition()
        .prop_map(|image| RecordImage::Definition(image.tenant.clone(), image.id.clone(), Some(image)));
    prop_oneof![
        (tenant(), object_id(), option::of(object()))
            .prop_map(|(t, id, image)| RecordImage::Object(t, id, image)),
        (tenant(), object_id(), option::of(membership()))
            .prop_map(|(t, id, image)| RecordImage::Membership(t, id, image)),
        (tenant(), group_id(), option::of(group()))
            .prop_map(|(t, id, image)| RecordImage::Group(t, id, image)),
        (tenant(), group_id()).prop_map(|(t, id)| RecordImage::Definition(t, id, None)),
        definition,
        tenant().prop_map(|t| RecordImage::Schema(t, None)),
        schema().prop_map(|image| RecordImage::Schema(image.1.tenant.clone(), Some(image))),
        licensing::image().prop_map(RecordImage::Licensing),
    ]
}

pub(crate) fn positions() -> impl Strategy<Value = Positions> {
    btree_map("[a-z.]{0,12}", any::<u64>(), 0..4)
}

pub(crate) fn head() -> impl Strategy<Value = PartitionHead> {
    (any::<(u64, u64, u64)>(), instant(), positions()).prop_map(
        |((entry, sequence, definitions_position), clock, positions)| PartitionHead {
            entry,
            sequence,
            clock,
            positions,
            definitions_position,
        },
    )
}

pub(crate) fn marker() -> impl Strategy<Value = Marker> {
    (any::<(u128, u64)>(), head()).prop_map(|((owner, lineage), head)| Marker {
        owner,
        lineage,
        entry: head.entry,
        sequence: head.sequence,
        positions: head.positions,
        definitions_position: head.definitions_position,
        clock: head.clock,
    })
}

fn source() -> impl Strategy<Value = Source> {
    let name = || "[ab]|muster.changes".prop_map(Arc::from);
    prop_oneof![
        (name(), 0_u64..3).prop_map(|(file, line)| Source::File { file, line }),
        (name(), any::<(u32, u64)>()).prop_map(|(topic, (partition, offset))| Source::Topic {
            topic,
            partition,
            offset
        }),
    ]
}

fn cause() -> impl Strategy<Value = Cause> {
    let time = || option::of("[0-9]{0,2}".prop_map(Arc::from));
    let life = option::of(prop_oneof![Just(ObjectLife::Created), Just(ObjectLife::Deleted)]);
    let attributes = vec("[ab]".prop_map(Arc::from), 0..3).prop_map(Arc::from);
    prop_oneof![
        (attributes, life, time()).prop_map(|(attributes, object, time)| Cause::Change {
            attributes,
            object,
            time
        }),
        (0_u64..3).prop_map(|version| Cause::Rule { version }),
        Just(Cause::Clock),
        group_id().prop_map(|group| Cause::MemberOf { group }),
        time().prop_map(|time| Cause::Member { time }),
    ]
}

/// All fields come from small sets, so that neighbours are often alike; the sequence is 0.
fn delta() -> impl Strategy<Value = Delta> {
    let change = prop_oneof![Just(MembershipChange::Added), Just(MembershipChange::Removed)];
    let number = || (1_u32..4).prop_map(|number| NonZeroU32::new(number).unwrap());
    let names = (tenant(), group_id(), object_id(), kind());
    let time = (0_i64..3).prop_map(Instant::from_millis);
    (names, change, time, (number(), number(), 0_u64..3), cause(), source()).prop_map(
        |(
            (tenant, group, member, member_kind),
            change,
            time,
            (index, count, rule_version),
            cause,
            source,
        )| Delta {
            tenant,
            group,
            member,
            member_kind,
            change,
            sequence: 0,
            time,
            event: Ordinal { index, count },
            cause,
            rule_version,
            source,
        },
    )
}

fn status() -> impl Strategy<Value = GroupStatus> {
    let state = prop_oneof![
        Just(GroupState::Syncing),
        Just(GroupState::Current),
        Just(GroupState::Paused),
        Just(GroupState::Failed),
        Just(GroupState::Held),
        Just(GroupState::Deleted),
    ];
    let processing = prop_oneof![
        Just(RuleProcessing::NotStarted),
        Just(RuleProcessing::Running),
        Just(RuleProcessing::Succeeded),
        any::<String>().prop_map(|reason| RuleProcessing::Failed(reason.into())),
    ];
    let detail = (prop_oneof![Just(0), any::<u64>()], option::of(any::<u64>()), option::of(processing));
    (tenant(), group_id(), state, any::<[u64; 4]>(), detail, instant()).prop_map(
        |(tenant, group, state, [version, members, added, removed], detail, as_of)| GroupStatus {
            tenant,
            group,
            version,
            state,
            members,
            added,
            removed,
            remaining: detail.0,
            held: detail.1,
            processing: detail.2,
            as_of,
        },
    )
}

fn dead_letter() -> impl Strategy<Value = DeadLetter> {
    let bytes = || option::of(any::<Vec<u8>>());
    let headers = vec((any::<String>(), bytes()), 0..3);
    (source(), any::<(String, String, u64)>(), bytes(), headers, bytes()).prop_map(
        |(source, (code, error, raw_length), key, headers, raw)| DeadLetter {
            source,
            code,
            error,
            key,
            headers,
            raw,
            raw_length,
        },
    )
}

/// Entry 1 of a partition, with no records. [`follow`] makes it another.
pub(crate) fn entry() -> impl Strategy<Value = Entry> {
    let licences = prop_oneof![Just(Vec::new()), vec(licensing::event(), 0..4)];
    let contents = (vec(delta(), 0..12), licences, vec(status(), 0..3), vec(dead_letter(), 0..3));
    (head(), contents).prop_map(|(head, (deltas, licences, statuses, dead_letters))| {
        let entry = Entry {
            number: 1,
            positions: head.positions,
            definitions_position: head.definitions_position,
            clock: head.clock,
            sequence: 0,
            deltas,
            licences,
            statuses,
            dead_letters,
            records: Vec::new(),
        };
        follow(None, entry)
    })
}

/// The same entry as the next one after `head`.
pub(crate) fn follow(head: Option<&PartitionHead>, mut entry: Entry) -> Entry {
    let (number, mut sequence) = head.map_or((0, 0), |head| (head.entry, head.sequence));
    entry.number = number + 1;
    for delta in &mut entry.deltas {
        sequence += 1;
        delta.sequence = sequence;
    }
    for licence in &mut entry.licences {
        sequence += 1;
        licence.sequence = sequence;
    }
    entry.sequence = sequence;
    entry
}

pub(crate) fn images() -> impl Strategy<Value = Vec<Image>> {
    let image = (any::<Vec<u8>>(), option::of(any::<Vec<u8>>()));
    vec(image.prop_map(|(key, value)| Image { key, value }), 0..4)
}
