use super::*;
use crate::fixed;
use crate::samples::{self, for_all};
use muster_directory::{GroupId, Tenant};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

#[test]
fn every_record_reads_back() {
    for_all(500, samples::object(), |object| {
        assert_eq!(object::decode(&object::encode(&object).unwrap()).unwrap(), object);
    });
    for_all(500, samples::membership(), |image| {
        assert_eq!(membership::decode(&membership::encode(&image).unwrap()).unwrap(), image);
    });
    for_all(500, samples::group(), |image| {
        assert_eq!(group::decode(&group::encode(&image).unwrap()).unwrap(), image);
    });
    for_all(500, samples::definition(), |image| {
        let bytes = definition::encode(&image).unwrap();
        assert_eq!(definition::decode(&image.tenant, &image.id, &bytes).unwrap(), image);
    });
    for_all(500, samples::schema(), |image| {
        let bytes = schema::encode(image.0, &image.1).unwrap();
        assert_eq!(schema::decode(&image.1.tenant, &bytes).unwrap(), image);
    });
    for_all(500, samples::head(), |head| {
        assert_eq!(head::decode_head(&head::encode_head(&head).unwrap()).unwrap(), head);
    });
    for_all(500, samples::marker(), |marker| {
        assert_eq!(head::decode_marker(&head::encode_marker(&marker).unwrap()).unwrap(), marker);
    });
    for_all(1000, samples::entry(), |entry| {
        assert_eq!(entry::decode(entry.number, &entry::encode(&entry).unwrap()).unwrap(), entry);
    });
    for_all(500, samples::images(), |images| {
        let bytes = encode_images(&images);
        assert_eq!(images::decode(&bytes).unwrap(), images);
    });
    for_all(500, samples::licensing::feed(), |image| {
        assert_eq!(licensing::decode_feed(&licensing::encode_feed(&image).unwrap()).unwrap(), image);
    });
    for_all(500, samples::licensing::settings(), |image| {
        assert_eq!(licensing::decode_settings(&licensing::encode_settings(&image).unwrap()).unwrap(), image);
    });
    for_all(500, samples::licensing::product(), |image| {
        assert_eq!(licensing::decode_product(&licensing::encode_product(&image).unwrap()).unwrap(), image);
    });
    for_all(500, samples::licensing::group(), |image| {
        assert_eq!(licensing::decode_group(&licensing::encode_group(&image).unwrap()).unwrap(), image);
    });
    for_all(500, samples::licensing::user(), |image| {
        assert_eq!(licensing::decode_user(&licensing::encode_user(&image).unwrap()).unwrap(), image);
    });
    for_all(100, any::<(u32, u128)>(), |(format, owner)| {
        assert_eq!(directory::decode_format(&directory::encode_format(format)).unwrap(), format);
        assert_eq!(directory::decode_owner(&directory::encode_owner(owner)).unwrap(), owner);
    });
}

/// Some value of any kind.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        samples::object().prop_map(|object| object::encode(&object).unwrap()),
        samples::membership().prop_map(|image| membership::encode(&image).unwrap()),
        samples::group().prop_map(|image| group::encode(&image).unwrap()),
        samples::definition().prop_map(|image| definition::encode(&image).unwrap()),
        samples::schema().prop_map(|(version, request)| schema::encode(version, &request).unwrap()),
        samples::head().prop_map(|head| head::encode_head(&head).unwrap()),
        samples::marker().prop_map(|marker| head::encode_marker(&marker).unwrap()),
        samples::entry().prop_map(|entry| entry::encode(&entry).unwrap()),
        samples::images().prop_map(|images| encode_images(&images)),
        samples::licensing::product().prop_map(|image| licensing::encode_product(&image).unwrap()),
        samples::licensing::group().prop_map(|image| licensing::encode_group(&image).unwrap()),
        samples::licensing::user().prop_map(|image| licensing::encode_user(&image).unwrap()),
    ]
}

/// Reads the bytes as every kind of record; the result matters to nobody.
fn decode_as_everything(bytes: &[u8]) {
    let (tenant, group) = (Tenant::default(), GroupId::new("g").unwrap());
    let _ = object::decode(bytes);
    let _ = membership::decode(bytes);
    let _ = group::decode(bytes);
    let _ = definition::decode(&tenant, &group, bytes);
    let _ = schema::decode(&tenant, bytes);
    let _ = head::decode_head(bytes);
    let _ = head::decode_marker(bytes);
    let _ = entry::decode(1, bytes);
    let _ = images::decode(bytes);
    let _ = licensing::decode_feed(bytes);
    let _ = licensing::decode_settings(bytes);
    let _ = licensing::decode_product(bytes);
    let _ = licensing::decode_group(bytes);
    let _ = licensing::decode_user(bytes);
    let _ = directory::decode_format(bytes);
    let _ = directory::decode_owner(bytes);
}

#[test]
fn damaged_bytes_never_panic() {
    for_all(3000, (value(), vec((any::<Index>(), any::<u8>()), 1..4)), |(mut bytes, mutations)| {
        for (at, byte) in mutations {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        decode_as_everything(&bytes);
    });
    for_all(3000, (value(), any::<Index>()), |(bytes, at)| {
        decode_as_everything(&bytes[..at.index(bytes.len())]);
    });
    // A length, or a number, as large as can be.
    for_all(3000, (value(), any::<Index>(), any::<bool>()), |(mut bytes, at, all)| {
        let at = at.index(bytes.len());
        let end = (at + 8).min(bytes.len());
        bytes[at..end].fill(if all { 0xFF } else { 0x3F });
        decode_as_everything(&bytes);
    });
    for_all(3000, vec(any::<u8>(), 0..200), |mut bytes| {
        decode_as_everything(&bytes);
        bytes.splice(0..0, [FORMAT, 1]);
        decode_as_everything(&bytes);
    });
}

#[test]
fn a_value_cut_short_or_too_long_is_damaged() {
    for_all(300, (samples::entry(), any::<Index>()), |(entry, at)| {
        let mut bytes = entry::encode(&entry).unwrap();
        entry::decode(1, &bytes[..at.index(bytes.len())]).unwrap_err();
        bytes.push(0);
        assert_eq!(entry::decode(1, &bytes).unwrap_err(), Damage::new("1 bytes are left over"));
    });
}

#[test]
fn damage_is_told_apart() {
    let check = |bytes: &[u8], reason: &str| {
        assert_eq!(object::decode(bytes).unwrap_err(), Damage::new(reason));
    };
    check(&[], "it ends too early");
    check(&[1], "it ends too early");
    check(&[2, 1, 0], "format 2 is not known to this version of the program");
    check(&[1, 9, 0], "schema version 9 is not known to this version of the program");
    check(&[1, 1, 0], "it ends too early");
    // The texts of an attribute: one byte, which is not UTF-8.
    let mut bytes = vec![1, 1, 0, 0, 0, 0];
    bytes.extend([0; 8]);
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0xFF]);
    check(&bytes, "a text is not UTF-8");

    let unsorted = membership::MembershipV1 { groups: vec![2, 2], listed: Vec::new() };
    let bytes = write(1, &unsorted).unwrap();
    assert_eq!(membership::decode(&bytes).unwrap_err(), Damage::new("the groups are not sorted"));
    let unsorted = membership::MembershipV1 { groups: Vec::new(), listed: vec!["b", "a"] };
    let bytes = write(1, &unsorted).unwrap();
    assert_eq!(membership::decode(&bytes).unwrap_err(), Damage::new("the listings are not sorted"));
}

/// One value of each kind, with every variant of everything in it, as bytes: the file is what any
/// version of the program must go on reading. A new schema version gets a file of its own.
#[test]
fn value_bytes_never_change() {
    let [objects, memberships, groups, definitions, schemas, heads, markers, entries, images] = [
        all(&fixed::objects(), |object| object::encode(object).unwrap()),
        all(&fixed::memberships(), |image| membership::encode(image).unwrap()),
        all(&fixed::groups(), |image| group::encode(image).unwrap()),
        all(&fixed::definitions(), |image| definition::encode(image).unwrap()),
        all(&fixed::schemas(), |(version, request)| schema::encode(*version, request).unwrap()),
        all(&[fixed::head()], |head| head::encode_head(head).unwrap()),
        all(&[fixed::marker()], |marker| head::encode_marker(marker).unwrap()),
        all(&[fixed::entry()], |entry| entry::encode(entry).unwrap()),
        all(&[fixed::images()], |images| encode_images(images)),
    ];
    let actual = format!(
        "objects\n{objects}memberships\n{memberships}groups\n{groups}definitions\n{definitions}schemas\n\
         {schemas}head\n{heads}marker\n{markers}entry\n{entries}images\n{images}"
    );
    expect("values-v1.txt", &actual);
}

/// The same of what later schema versions tell beside.
#[test]
fn later_value_bytes_never_change() {
    let groups = all(&[fixed::later_group()], |image| group::encode(image).unwrap());
    let entries = all(&[fixed::telling_entry()], |entry| entry::encode(entry).unwrap());
    expect("values-v2.txt", &format!("groups\n{groups}entry\n{entries}"));
    let entry = fixed::telling_entry();
    assert_eq!(entry::decode(1, &entry::encode(&entry).unwrap()).unwrap(), entry);
}

/// The same of the licensing subscriber's records and events.
#[test]
fn licensing_bytes_never_change() {
    use fixed::licensing as records;
    let [feeds, settings, products, groups, users, entries] = [
        all(&records::feeds(), |image| licensing::encode_feed(image).unwrap()),
        all(&records::settings(), |image| licensing::encode_settings(image).unwrap()),
        all(&records::products(), |image| licensing::encode_product(image).unwrap()),
        all(&records::groups(), |image| licensing::encode_group(image).unwrap()),
        all(&records::users(), |image| licensing::encode_user(image).unwrap()),
        all(&[records::entry()], |entry| entry::encode(entry).unwrap()),
    ];
    let actual = format!(
        "feeds\n{feeds}settings\n{settings}products\n{products}groups\n{groups}users\n{users}entry\n{entries}"
    );
    expect("licensing-v1.txt", &actual);
    let entry = records::entry();
    assert_eq!(entry::decode(1, &entry::encode(&entry).unwrap()).unwrap(), entry);
}

fn expect(file: &str, actual: &str) {
    let path = format!("{}/fixtures/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    assert_eq!(actual, std::fs::read_to_string(path).unwrap_or_default(), "bytes on disk have changed");
}

fn all<T>(records: &[T], encode: impl Fn(&T) -> Vec<u8>) -> String {
    records.iter().map(|record| format!("  {}\n", encode(record).escape_ascii())).collect()
}

fn encode_images(images: &[images::Image]) -> Vec<u8> {
    images::encode(images.iter().map(|image| (&*image.key, image.value.as_deref()))).unwrap()
}
