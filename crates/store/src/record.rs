//! A record as the engine knows it, and as key and value: the one place where the two meet. Knows no
//! database.

use crate::codec::{Damage, definition, group, licensing, membership, object, schema};
use crate::key::Place;
use muster_engine::storage::{LicensingImage, RecordImage, StorageError};

/// The place of this record, and its value; `None` for a tombstone.
pub(crate) fn encode(record: &RecordImage) -> Result<(Place, Option<Vec<u8>>), StorageError> {
    let (place, value) = match record {
        RecordImage::Schema(tenant, image) => {
            let value = image.as_ref().map(|(version, request)| schema::encode(*version, request));
            (Place::Schema(tenant.clone()), value)
        }
        RecordImage::Definition(tenant, id, image) => {
            (Place::Definition(tenant.clone(), id.clone()), image.as_ref().map(definition::encode))
        }
        RecordImage::Group(tenant, id, image) => {
            (Place::Group(tenant.clone(), id.clone()), image.as_ref().map(group::encode))
        }
        RecordImage::Object(tenant, id, image) => {
            (Place::Object(tenant.clone(), id.clone()), image.as_ref().map(object::encode))
        }
        RecordImage::Membership(tenant, id, image) => {
            (Place::Membership(tenant.clone(), id.clone()), image.as_ref().map(membership::encode))
        }
        RecordImage::Licensing(LicensingImage::Feed(partition, image)) => {
            (Place::Feed(*partition), image.as_ref().map(licensing::encode_feed))
        }
        RecordImage::Licensing(LicensingImage::Settings(tenant, image)) => {
            (Place::Settings(tenant.clone()), image.as_ref().map(licensing::encode_settings))
        }
        RecordImage::Licensing(LicensingImage::Product(tenant, id, image)) => {
            (Place::Product(tenant.clone(), id.clone()), image.as_ref().map(licensing::encode_product))
        }
        RecordImage::Licensing(LicensingImage::Group(tenant, id, image)) => {
            (Place::LicensedGroup(tenant.clone(), id.clone()), image.as_ref().map(licensing::encode_group))
        }
        RecordImage::Licensing(LicensingImage::User(tenant, id, image)) => {
            (Place::LicensedUser(tenant.clone(), id.clone()), image.as_ref().map(licensing::encode_user))
        }
    };
    Ok((place, value.transpose()?))
}

/// The record that lies there, or `None` where no record of the engine's does.
pub(crate) fn decode(place: Place, value: &[u8]) -> Result<Option<RecordImage>, Damage> {
    Ok(Some(match place {
        Place::Schema(tenant) => {
            let image = schema::decode(&tenant, value)?;
            RecordImage::Schema(tenant, Some(image))
        }
        Place::Definition(tenant, id) => {
            let image = definition::decode(&tenant, &id, value)?;
            RecordImage::Definition(tenant, id, Some(image))
        }
        Place::Group(tenant, id) => RecordImage::Group(tenant, id, Some(group::decode(value)?)),
        Place::Object(tenant, id) => RecordImage::Object(tenant, id, Some(object::decode(value)?)),
        Place::Membership(tenant, id) => {
            RecordImage::Membership(tenant, id, Some(membership::decode(value)?))
        }
        Place::Feed(partition) => {
            let image = licensing::decode_feed(value)?;
            RecordImage::Licensing(LicensingImage::Feed(partition, Some(image)))
        }
        Place::Settings(tenant) => {
            let image = licensing::decode_settings(value)?;
            RecordImage::Licensing(LicensingImage::Settings(tenant, Some(image)))
        }
        Place::Product(tenant, id) => {
            let image = licensing::decode_product(value)?;
            RecordImage::Licensing(LicensingImage::Product(tenant, id, Some(image)))
        }
        Place::LicensedGroup(tenant, id) => {
            let image = licensing::decode_group(value)?;
            RecordImage::Licensing(LicensingImage::Group(tenant, id, Some(image)))
        }
        Place::LicensedUser(tenant, id) => {
            let image = licensing::decode_user(value)?;
            RecordImage::Licensing(LicensingImage::User(tenant, id, Some(image)))
        }
        Place::Format
        | Place::Owner
        | Place::Head
        | Place::Marker
        | Place::Intent
        | Place::Trouble
        | Place::Resolution
        | Place::Entry(_)
        | Place::Images(_) => return Ok(None),
    }))
}

/// The record that a key without its partition and a value say, or its tombstone.
pub(crate) fn decode_image(key: &[u8], value: Option<&[u8]>) -> Result<RecordImage, Damage> {
    let place = Place::decode(key)?;
    let image = match value {
        Some(value) => decode(place, value)?,
        None => tombstone(place),
    };
    image.ok_or_else(|| Damage::new(format!("`{}` is not the key of a record", key.escape_ascii())))
}

fn tombstone(place: Place) -> Option<RecordImage> {
    Some(match place {
        Place::Schema(tenant) => RecordImage::Schema(tenant, None),
        Place::Definition(tenant, id) => RecordImage::Definition(tenant, id, None),
        Place::Group(tenant, id) => RecordImage::Group(tenant, id, None),
        Place::Object(tenant, id) => RecordImage::Object(tenant, id, None),
        Place::Membership(tenant, id) => RecordImage::Membership(tenant, id, None),
        Place::Feed(partition) => RecordImage::Licensing(LicensingImage::Feed(partition, None)),
        Place::Settings(tenant) => RecordImage::Licensing(LicensingImage::Settings(tenant, None)),
        Place::Product(tenant, id) => RecordImage::Licensing(LicensingImage::Product(tenant, id, None)),
        Place::LicensedGroup(tenant, id) => RecordImage::Licensing(LicensingImage::Group(tenant, id, None)),
        Place::LicensedUser(tenant, id) => RecordImage::Licensing(LicensingImage::User(tenant, id, None)),
        Place::Format
        | Place::Owner
        | Place::Head
        | Place::Marker
        | Place::Intent
        | Place::Trouble
        | Place::Resolution
        | Place::Entry(_)
        | Place::Images(_) => return None,
    })
}
