use super::*;
use crate::fixed;
use crate::samples::{self, for_all};
use muster_directory::Tenant;

#[test]
fn images_and_markers_come_back_under_keys_that_name_no_partition() {
    for_all(2_000, samples::record(), |image| {
        let ChangelogRecord { key, value } = StoreFormat.image(&image).unwrap();
        assert!(!StoreFormat.is_marker(&key));
        assert_eq!(StoreFormat.read(&key, value.as_deref()).unwrap(), Logged::Image(image.clone()));
        // Its tombstone lies under the same key.
        match StoreFormat.read(&key, None).unwrap() {
            Logged::Image(gone) => {
                assert_eq!(
                    StoreFormat.image(&gone).unwrap(),
                    ChangelogRecord { key, value: None },
                    "{image:?}"
                );
            }
            Logged::Marker(marker) => panic!("{marker:?}"),
        }
    });
    for_all(500, samples::marker(), |marker| {
        let ChangelogRecord { key, value } = StoreFormat.marker(&marker).unwrap();
        assert!(StoreFormat.is_marker(&key));
        assert_eq!(StoreFormat.read(&key, value.as_deref()).unwrap(), Logged::Marker(marker));
    });
}

/// Byte for byte, as every changelog has them. That values are the store's is shown by decoding them; their
/// own bytes are golden in `codec`.
#[test]
fn keys_are_golden_and_values_are_the_stores() {
    let object = RecordImage::Object(Tenant::default(), fixed::user(), Some(fixed::objects()[0].clone()));
    let membership =
        RecordImage::Membership(Tenant::default(), fixed::user(), Some(fixed::memberships()[0].clone()));
    let group = RecordImage::Group(Tenant::default(), fixed::group_id(), Some(fixed::groups()[0].clone()));
    let golden = [
        (object, r"default\x00\x13u/1"),
        (membership, r"default\x00\x14u/1"),
        (group, r"default\x00\x12Guests"),
    ];
    for (image, key) in golden {
        let record = StoreFormat.image(&image).unwrap();
        assert_eq!(record.key.escape_ascii().to_string(), key);
        assert_eq!(record.value.unwrap()[..2], [1, 1], "format and version come first");
    }
    let marker = StoreFormat.marker(&fixed::marker()).unwrap();
    assert_eq!(marker.key, MARKER);
    assert_eq!(marker.value, Some(head::encode_marker(&fixed::marker()).unwrap()));
}

#[test]
fn what_is_no_record_of_a_changelog_is_damage() {
    let entry = Key::portable(Place::Entry(1));
    let value = head::encode_marker(&fixed::marker()).unwrap();
    for (key, value) in [
        (&entry[..], Some(&value[..])),
        (MARKER, None),
        (MARKER, Some(&[1, 9][..])),
        (b"", Some(&[][..])),
        (b"default\x00\x13u", Some(&[1, 1, 7][..])),
        (b"default\x00\xfeu", None),
    ] {
        let read = StoreFormat.read(key, value);
        assert!(matches!(read, Err(StorageError::Damaged { .. })), "{key:?}: {read:?}");
    }
    let error = StoreFormat.read(b"default\x00\x13u", Some(&[1, 9])).unwrap_err().to_string();
    assert!(error.contains("attributes of object `u`") && error.contains("version 9"), "{error}");
}
