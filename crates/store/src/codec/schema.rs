//! A tenant's schema, with the version of the request that set it. The tenant is its key's.

use super::object::KindV1;
use super::{Damage, read, write};
use muster_directory::{SchemaRequest, Tenant};
use muster_engine::storage::StorageError;
use muster_rule::schema::DeclaredAttribute;
use muster_rule::{AttributeType, Schema};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
struct SchemaV1<'a> {
    version: u64,
    #[serde(borrow)]
    attributes: Vec<DeclaredV1<'a>>,
}

#[derive(Serialize, Deserialize)]
struct DeclaredV1<'a> {
    object: KindV1,
    name: &'a str,
    value_type: TypeV1,
}

#[derive(Serialize, Deserialize)]
enum TypeV1 {
    Boolean,
    String,
    Integer,
    DateTime,
    StringCollection,
    ObjectCollection,
    Memberships,
    Reference,
}

pub(crate) fn encode(version: u64, request: &SchemaRequest) -> Result<Vec<u8>, StorageError> {
    let attributes = request.schema.attributes().map(|declared| DeclaredV1 {
        object: declared.object.into(),
        name: &declared.name,
        value_type: declared.value_type.into(),
    });
    write(1, &SchemaV1 { version, attributes: attributes.collect() })
}

pub(crate) fn decode(tenant: &Tenant, bytes: &[u8]) -> Result<(u64, SchemaRequest), Damage> {
    let record: SchemaV1<'_> = match super::open(bytes)? {
        (1, payload) => read(payload)?,
        (version, _) => return Err(Damage::version(version)),
    };
    let attributes = record.attributes.into_iter().map(|declared| DeclaredAttribute {
        object: declared.object.into(),
        name: declared.name.into(),
        value_type: declared.value_type.into(),
    });
    let schema = Schema::new(attributes).map_err(|error| Damage::new(error.to_string()))?;
    Ok((record.version, SchemaRequest { tenant: tenant.clone(), schema: Arc::new(schema) }))
}

impl From<AttributeType> for TypeV1 {
    fn from(value_type: AttributeType) -> TypeV1 {
        match value_type {
            AttributeType::Boolean => TypeV1::Boolean,
            AttributeType::String => TypeV1::String,
            AttributeType::Integer => TypeV1::Integer,
            AttributeType::DateTime => TypeV1::DateTime,
            AttributeType::StringCollection => TypeV1::StringCollection,
            AttributeType::ObjectCollection => TypeV1::ObjectCollection,
            AttributeType::Memberships => TypeV1::Memberships,
            AttributeType::Reference => TypeV1::Reference,
        }
    }
}

impl From<TypeV1> for AttributeType {
    fn from(value_type: TypeV1) -> AttributeType {
        match value_type {
            TypeV1::Boolean => AttributeType::Boolean,
            TypeV1::String => AttributeType::String,
            TypeV1::Integer => AttributeType::Integer,
            TypeV1::DateTime => AttributeType::DateTime,
            TypeV1::StringCollection => AttributeType::StringCollection,
            TypeV1::ObjectCollection => AttributeType::ObjectCollection,
            TypeV1::Memberships => AttributeType::Memberships,
            TypeV1::Reference => AttributeType::Reference,
        }
    }
}
