use super::*;
use crate::samples::{for_all, group_id, object_id, tenant};
use proptest::collection::vec;
use proptest::prelude::*;

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::Format),
        Just(Place::Owner),
        Just(Place::Head),
        Just(Place::Marker),
        Just(Place::Intent),
        Just(Place::Trouble),
        Just(Place::Resolution),
        any::<u64>().prop_map(Place::Entry),
        any::<u64>().prop_map(Place::Images),
        tenant().prop_map(Place::Schema),
        (tenant(), group_id()).prop_map(|(tenant, id)| Place::Definition(tenant, id)),
        (tenant(), group_id()).prop_map(|(tenant, id)| Place::Group(tenant, id)),
        (tenant(), object_id()).prop_map(|(tenant, id)| Place::Object(tenant, id)),
        (tenant(), object_id()).prop_map(|(tenant, id)| Place::Membership(tenant, id)),
        any::<u32>().prop_map(Place::Feed),
        tenant().prop_map(Place::Settings),
        (tenant(), "[a-z]{1,4}").prop_map(|(tenant, id)| Place::Product(tenant, SkuId::new(&id).unwrap())),
        (tenant(), group_id()).prop_map(|(tenant, id)| Place::LicensedGroup(tenant, id)),
        (tenant(), object_id()).prop_map(|(tenant, id)| Place::LicensedUser(tenant, id)),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    (prop_oneof![0_u16..3, any::<u16>()], place()).prop_map(|(partition, place)| Key { partition, place })
}

#[test]
fn keys_read_back_both_ways() {
    for_all(2000, key(), |key| {
        let bytes = key.encode();
        assert_eq!(Key::decode(&bytes).unwrap(), key);
    });
    for_all(2000, (key(), vec((any::<usize>(), any::<u8>()), 1..3)), |(key, mutations)| {
        let mut bytes = key.encode();
        for (at, byte) in mutations {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(other) = Key::decode(&bytes) {
            assert_eq!(other.encode(), bytes);
        }
    });
}

#[test]
fn keys_sort_by_partition_tenant_table_and_id() {
    fn parts(key: &Key) -> (u16, &str, u8, Vec<u8>) {
        let tenant = key.place.tenant().map_or("", Tenant::as_str);
        let id = match &key.place {
            Place::Entry(number) | Place::Images(number) => number.to_be_bytes().to_vec(),
            Place::Definition(_, id) | Place::Group(_, id) => id.as_str().into(),
            Place::Object(_, id) | Place::Membership(_, id) => id.as_str().into(),
            Place::Feed(number) => number.to_be_bytes().to_vec(),
            Place::Product(_, id) => id.as_str().into(),
            Place::LicensedGroup(_, id) => id.as_str().into(),
            Place::LicensedUser(_, id) => id.as_str().into(),
            _ => Vec::new(),
        };
        (key.partition, tenant, key.place.table() as u8, id)
    }
    for_all(5000, (key(), key()), |(a, b)| {
        assert_eq!(a.encode().cmp(&b.encode()), parts(&a).cmp(&parts(&b)), "{a:?} {b:?}");
    });
}

#[test]
fn ranges_hold_their_own_keys_and_no_others() {
    for_all(5000, (key(), 0_u16..3, tenant(), any::<u64>()), |(key, partition, tenant, number)| {
        let bytes = key.encode();
        let inside = |range: KeyRange| range.from <= bytes && bytes < range.to;
        let here = key.partition == partition;
        let table = key.place.table();
        for wanted in Table::RECORDS {
            let expected = here && table == wanted && key.place.tenant() == Some(&tenant);
            assert_eq!(inside(table_range(partition, &tenant, wanted)), expected, "{key:?} {wanted:?}");
        }
        assert_eq!(inside(feeds(partition)), here && matches!(key.place, Place::Feed(_)), "{key:?}");
        let entry = matches!(key.place, Place::Entry(entry) if entry > number);
        assert_eq!(inside(entries_after(partition, number)), here && entry, "{key:?} {number}");
        assert!(!inside(entries_after(partition, u64::MAX)));
        let later = key.place.tenant().is_some_and(|other| *other > tenant);
        assert_eq!(inside(tenants_after(partition, Some(&tenant))), here && later, "{key:?} {tenant}");
        assert_eq!(inside(tenants_after(partition, None)), here && key.place.tenant().is_some());
        let kept = matches!(key.place, Place::Format | Place::Owner)
            || matches!(key.place, Place::Intent | Place::Trouble | Place::Resolution);
        let wiped = whole_partition(partition).into_iter().any(inside);
        assert_eq!(wiped, here && !kept, "{key:?}");
    });
}

#[test]
fn key_bytes_never_change() {
    let tenant = || Tenant::new("acmé").unwrap();
    let group = || GroupId::new("g1").unwrap();
    let object = || ObjectId::new("u/1").unwrap();
    let sku = || SkuId::new("sku").unwrap();
    let keys = [
        (Key::of_directory(Place::Format), r"\xff\xff\x00\x01"),
        (Key::of_directory(Place::Owner), r"\xff\xff\x00\x02"),
        (Key::new(0, Place::Head), r"\x00\x00\x00\x03"),
        (Key::new(258, Place::Marker), r"\x01\x02\x00\x04"),
        (Key::new(0, Place::Entry(258)), r"\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x01\x02"),
        (Key::new(0, Place::Images(1)), r"\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00\x01"),
        (Key::new(1, Place::Schema(tenant())), r"\x00\x01acm\xc3\xa9\x00\x10"),
        (Key::new(1, Place::Definition(tenant(), group())), r"\x00\x01acm\xc3\xa9\x00\x11g1"),
        (Key::new(1, Place::Group(tenant(), group())), r"\x00\x01acm\xc3\xa9\x00\x12g1"),
        (Key::new(1, Place::Object(tenant(), object())), r"\x00\x01acm\xc3\xa9\x00\x13u/1"),
        (Key::new(1, Place::Membership(tenant(), object())), r"\x00\x01acm\xc3\xa9\x00\x14u/1"),
        (Key::new(0, Place::Feed(258)), r"\x00\x00\x00\x07\x00\x00\x01\x02"),
        (Key::new(0, Place::Intent), r"\x00\x00\x00\x08"),
        (Key::new(0, Place::Trouble), r"\x00\x00\x00\t"),
        (Key::new(0, Place::Resolution), r"\x00\x00\x00\n"),
        (Key::new(1, Place::Settings(tenant())), r"\x00\x01acm\xc3\xa9\x00 "),
        (Key::new(1, Place::Product(tenant(), sku())), r"\x00\x01acm\xc3\xa9\x00!sku"),
        (Key::new(1, Place::LicensedGroup(tenant(), group())), "\\x00\\x01acm\\xc3\\xa9\\x00\\\"g1"),
        (Key::new(1, Place::LicensedUser(tenant(), object())), r"\x00\x01acm\xc3\xa9\x00#u/1"),
    ];
    for (key, bytes) in keys {
        assert_eq!(key.encode().escape_ascii().to_string(), bytes, "{key}");
    }
}

#[test]
fn keys_say_what_they_are() {
    let key = Key::new(3, Place::Object(Tenant::default(), ObjectId::new("u1").unwrap()));
    assert_eq!(key.to_string(), "the attributes of object `u1` of tenant `default` in partition 3");
    assert_eq!(Key::new(u16::MAX, Place::Head).to_string(), "the head of the registrar");
}
