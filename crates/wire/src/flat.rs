//! Flat objects, on which a rule is tried: `id` and the attributes beside each other, `memberOf` too.

use crate::attributes::{Memberships, Reader};
use crate::json::{Json, Source};
use muster_directory::{Attributes, GroupId, ObjectId, ObjectKind, Rejection, RejectionCode};
use muster_rule::{Schema, Text, Value, property};

/// An object to try a rule on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlatObject {
    /// Its id.
    pub id: ObjectId,
    /// Its attributes, `objectId` among them.
    pub attributes: Attributes,
    /// The groups whose member it is said to be.
    pub member_of: Vec<GroupId>,
}

/// An object that was refused, with its id where that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedObject {
    /// Which.
    pub id: Option<ObjectId>,
    /// Why.
    pub rejection: Rejection,
}

/// Reads one flat object of this kind.
///
/// # Errors
/// Why it is refused, as for an event.
pub fn decode_object(kind: ObjectKind, bytes: &[u8], schema: &Schema) -> Result<FlatObject, RefusedObject> {
    let refused = |rejection| RefusedObject { id: None, rejection };
    let source = Source::new(bytes).map_err(refused)?;
    let members = source.members().map_err(refused)?;
    let invalid = |message: &str| refused(Rejection::new(RejectionCode::InvalidEvent, message));
    let id = match members.iter().find(|member| member.name.eq_ignore_ascii_case("id")) {
        None => return Err(invalid("`id` is missing: give the object an id")),
        Some(member) => match source.value(member.value).map_err(refused)? {
            Json::String(id) => ObjectId::new(&id).map_err(refused)?,
            other => return Err(invalid(&format!("`id` is {}, but takes a string", other.describe()))),
        },
    };
    let read = Reader { source, kind, id: &id, schema, memberships: Memberships::Take }.read(members);
    match read {
        Ok(read) => {
            let mut attributes = Attributes::from_patch(read.patch);
            attributes.set(property::object_id(kind), Some(Value::Text(Text::new(id.as_str()))));
            Ok(FlatObject { id, attributes, member_of: read.member_of })
        }
        Err(rejection) => Err(RefusedObject { id: Some(id), rejection }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<FlatObject, RefusedObject> {
        decode_object(ObjectKind::User, text.as_bytes(), &Schema::default())
    }

    #[test]
    fn a_flat_object_has_its_id_and_may_have_groups() {
        let object = decode(r#"{"id":"u1","department":"x","memberOf":["g1",null,"g2"]}"#).unwrap();
        assert_eq!(object.id.as_str(), "u1");
        assert_eq!(object.attributes.known().len(), 2);
        assert_eq!(object.member_of.len(), 2);
    }

    #[test]
    fn a_refused_object_says_which_it_is() {
        let refused = decode(r#"{"id":"u1","department":5}"#).unwrap_err();
        assert_eq!(refused.id.unwrap().as_str(), "u1");
        assert_eq!(refused.rejection.code, RejectionCode::InvalidValue);
        assert_eq!(decode(r#"{"department":"x"}"#).unwrap_err().id, None);
        assert_eq!(decode("[1]").unwrap_err().rejection.code, RejectionCode::InvalidEvent);
    }
}
