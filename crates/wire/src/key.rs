//! Record keys: the bytes that keep one object's records in order and on one partition. The bytes
//! are a contract.
//!
//! A key has one spelling: the default tenant's is the name alone, another tenant's begins with the
//! tenant and U+001F, which no id can hold. A second spelling would land on another partition, so
//! reading refuses it. Which topic has which keys is for the callers to know.

use crate::json::quoted;
use muster_directory::licence::Assignee;
use muster_directory::{GroupId, ObjectId, Rejection, RejectionCode, SkuId, Tenant};

/// Ends the tenant in the keys of other tenants than the default one.
const TENANT_END: char = '\u{1f}';

/// What a key of `muster.definitions` names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DefinitionKey {
    /// A group's definition; `group/` and its id.
    Group(Tenant, GroupId),
    /// The edit of a group that waits to be confirmed; `held/` and the group's id.
    Held(Tenant, GroupId),
    /// A tenant's schema; `schema/default`.
    Schema(Tenant),
    /// What a tenant owns of a product; `product/` and its id.
    Product(Tenant, SkuId),
    /// Products for a group or a user; `licenseAssignment/`, `group/` or `user/`, and its id.
    Assignment(Tenant, Assignee),
    /// What holds for a tenant; `tenant/default`.
    Settings(Tenant),
    /// The confirmation of a removal of licences; `removal/` and its number.
    Removal(Tenant, u64),
}

/// The key of records about one object: its id.
#[must_use]
pub fn object(tenant: &Tenant, id: &ObjectId) -> Vec<u8> {
    whole(tenant, &[id.as_str()])
}

/// The key of requests about one group: its id.
#[must_use]
pub fn group(tenant: &Tenant, id: &GroupId) -> Vec<u8> {
    whole(tenant, &[id.as_str()])
}

/// The key of requests about something else that has a name: a product, a removal.
#[must_use]
pub fn named(tenant: &Tenant, name: &str) -> Vec<u8> {
    whole(tenant, &[name])
}

/// The keys of requests about a tenant's schema: its id is `default`, or may be the tenant's name.
#[must_use]
pub fn schema_spellings(tenant: &Tenant) -> [Vec<u8>; 2] {
    [whole(tenant, &[SCHEMA_ID]), whole(tenant, &[tenant.as_str()])]
}

/// The key of one membership: group, `/`, member.
#[must_use]
pub fn membership(tenant: &Tenant, group: &GroupId, member: &ObjectId) -> Vec<u8> {
    whole(tenant, &[group.as_str(), "/", member.as_str()])
}

/// The key of a group's status in one partition: group, `/`, the partition in decimal digits.
#[must_use]
pub fn group_status(tenant: &Tenant, group: &GroupId, partition: u32) -> Vec<u8> {
    whole(tenant, &[group.as_str(), "/", &partition.to_string()])
}

/// The key of a definition.
#[must_use]
pub fn definition(key: &DefinitionKey) -> Vec<u8> {
    match key {
        DefinitionKey::Group(tenant, id) => whole(tenant, &["group/", id.as_str()]),
        DefinitionKey::Held(tenant, id) => whole(tenant, &["held/", id.as_str()]),
        DefinitionKey::Schema(tenant) => whole(tenant, &["schema/", SCHEMA_ID]),
        DefinitionKey::Product(tenant, sku) => whole(tenant, &["product/", sku.as_str()]),
        DefinitionKey::Assignment(tenant, Assignee::Group(group)) => {
            whole(tenant, &["licenseAssignment/group/", group.as_str()])
        }
        DefinitionKey::Assignment(tenant, Assignee::User(user)) => {
            whole(tenant, &["licenseAssignment/user/", user.as_str()])
        }
        DefinitionKey::Settings(tenant) => whole(tenant, &["tenant/", SCHEMA_ID]),
        DefinitionKey::Removal(tenant, number) => whole(tenant, &["removal/", &number.to_string()]),
    }
}

/// Reads what [`object`] writes.
///
/// # Errors
/// `key-mismatch` for bytes that are no key, `invalid-id` for a name that is none.
pub fn parse_object(key: &[u8]) -> Result<(Tenant, ObjectId), Rejection> {
    let (tenant, id) = split(key)?;
    Ok((tenant, ObjectId::new(id)?))
}

/// Reads what [`membership`] writes.
///
/// # Errors
/// As [`parse_object`].
pub fn parse_membership(key: &[u8]) -> Result<(Tenant, GroupId, ObjectId), Rejection> {
    let (tenant, rest) = split(key)?;
    let (group, member) = halves(rest, "a group id, `/` and a member id")?;
    Ok((tenant, GroupId::new(group)?, ObjectId::new(member)?))
}

/// Reads what [`group_status`] writes.
///
/// # Errors
/// As [`parse_object`].
pub fn parse_group_status(key: &[u8]) -> Result<(Tenant, GroupId, u32), Rejection> {
    const EXPECTED: &str = "a group id, `/` and the number of a partition";
    let (tenant, rest) = split(key)?;
    let (group, digits) = halves(rest, EXPECTED)?;
    let partition = digits.parse().ok().filter(|number: &u32| number.to_string() == digits);
    let partition = partition.ok_or_else(|| unreadable(rest, EXPECTED))?;
    Ok((tenant, GroupId::new(group)?, partition))
}

/// Reads what [`definition`] writes.
///
/// # Errors
/// As [`parse_object`].
pub fn parse_definition(key: &[u8]) -> Result<DefinitionKey, Rejection> {
    const EXPECTED: &str = "`group/` or `held/` and a group id, `schema/default`, or one of licensing";
    let (tenant, rest) = split(key)?;
    match halves(rest, EXPECTED)? {
        ("group", id) => Ok(DefinitionKey::Group(tenant, GroupId::new(id)?)),
        ("held", id) => Ok(DefinitionKey::Held(tenant, GroupId::new(id)?)),
        ("schema", SCHEMA_ID) => Ok(DefinitionKey::Schema(tenant)),
        ("product", id) => Ok(DefinitionKey::Product(tenant, SkuId::new(id)?)),
        ("tenant", SCHEMA_ID) => Ok(DefinitionKey::Settings(tenant)),
        ("removal", number) => {
            let number = number.parse().map_err(|_| unreadable(rest, EXPECTED))?;
            Ok(DefinitionKey::Removal(tenant, number))
        }
        ("licenseAssignment", assignee) => {
            let assignee = match halves(assignee, EXPECTED)? {
                ("group", id) => Assignee::Group(GroupId::new(id)?),
                ("user", id) => Assignee::User(ObjectId::new(id)?),
                _ => return Err(unreadable(rest, EXPECTED)),
            };
            Ok(DefinitionKey::Assignment(tenant, assignee))
        }
        _ => Err(unreadable(rest, EXPECTED)),
    }
}

/// The one schema that a tenant has.
const SCHEMA_ID: &str = "default";

fn whole(tenant: &Tenant, name: &[&str]) -> Vec<u8> {
    let mut key = String::new();
    if *tenant != Tenant::default() {
        key.push_str(tenant.as_str());
        key.push(TENANT_END);
    }
    key.extend(name.iter().copied());
    key.into_bytes()
}

/// The tenant, and what follows it.
fn split(key: &[u8]) -> Result<(Tenant, &str), Rejection> {
    let text = std::str::from_utf8(key).map_err(|error| {
        let message =
            format!("byte {} of the key is not UTF-8: use the id as the key", error.valid_up_to() + 1);
        Rejection::new(RejectionCode::KeyMismatch, message)
    })?;
    match text.split_once(TENANT_END) {
        None => Ok((Tenant::default(), text)),
        Some((tenant, rest)) if tenant == Tenant::default().as_str() => {
            let message = format!("the key names the default tenant: use {} alone", quoted(rest));
            Err(Rejection::new(RejectionCode::KeyMismatch, message))
        }
        Some((tenant, rest)) => Ok((Tenant::new(tenant)?, rest)),
    }
}

/// What is before and after the first slash: neither group ids nor kinds hold one.
fn halves<'a>(text: &'a str, expected: &str) -> Result<(&'a str, &'a str), Rejection> {
    text.split_once('/').ok_or_else(|| unreadable(text, expected))
}

fn unreadable(text: &str, expected: &str) -> Rejection {
    Rejection::new(RejectionCode::KeyMismatch, format!("the key {} is not {expected}", quoted(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> [(Tenant, &'static str); 2] {
        [(Tenant::default(), ""), (Tenant::new("contoso/eu").unwrap(), "contoso/eu\u{1f}")]
    }

    #[test]
    fn keys_are_these_bytes_and_are_read_again() {
        let (g, o) = (GroupId::new("g:1").unwrap(), ObjectId::new("é/1").unwrap());
        for (tenant, prefix) in names() {
            let check = |key: Vec<u8>, expected: &str| {
                assert_eq!(String::from_utf8(key.clone()).unwrap(), format!("{prefix}{expected}"));
                key
            };
            let key = check(object(&tenant, &o), "é/1");
            assert_eq!(parse_object(&key), Ok((tenant.clone(), o.clone())));
            check(group(&tenant, &g), "g:1");
            let [usual, own] = schema_spellings(&tenant);
            check(usual, "default");
            check(own, tenant.as_str());
            let key = check(membership(&tenant, &g, &o), "g:1/é/1");
            assert_eq!(parse_membership(&key), Ok((tenant.clone(), g.clone(), o.clone())));
            let key = check(group_status(&tenant, &g, 4_294_967_295), "g:1/4294967295");
            assert_eq!(parse_group_status(&key), Ok((tenant.clone(), g.clone(), u32::MAX)));
            for (definition_key, expected) in [
                (DefinitionKey::Group(tenant.clone(), g.clone()), "group/g:1"),
                (DefinitionKey::Schema(tenant.clone()), "schema/default"),
                (DefinitionKey::Product(tenant.clone(), SkuId::new("s/1").unwrap()), "product/s/1"),
                (
                    DefinitionKey::Assignment(tenant.clone(), Assignee::Group(g.clone())),
                    "licenseAssignment/group/g:1",
                ),
                (
                    DefinitionKey::Assignment(tenant.clone(), Assignee::User(o.clone())),
                    "licenseAssignment/user/é/1",
                ),
                (DefinitionKey::Settings(tenant.clone()), "tenant/default"),
                (DefinitionKey::Removal(tenant.clone(), 17), "removal/17"),
            ] {
                let key = check(definition(&definition_key), expected);
                assert_eq!(parse_definition(&key), Ok(definition_key));
            }
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let code = |refused: Result<_, Rejection>| refused.err().unwrap().code;
        let object = |key: &[u8]| code(parse_object(key).map(drop));
        assert_eq!(object(b"default\x1fu1"), RejectionCode::KeyMismatch);
        assert_eq!(object(b"u\xff"), RejectionCode::KeyMismatch);
        for key in ["", "\u{1f}u1", "t\u{1f}", "t\u{1f}u\u{1f}1", "u\n"] {
            assert_eq!(object(key.as_bytes()), RejectionCode::InvalidId, "{key:?}");
        }
        let status = |key: &[u8]| code(parse_group_status(key).map(drop));
        for key in ["g", "g/", "g/01", "g/+1", "g/1/2", "g/4294967296"] {
            assert_eq!(status(key.as_bytes()), RejectionCode::KeyMismatch, "{key}");
        }
        assert_eq!(code(parse_membership(b"g").map(drop)), RejectionCode::KeyMismatch);
        assert_eq!(code(parse_membership(b"g/").map(drop)), RejectionCode::InvalidId);
        for key in ["g1", "user/u1", "schema/other", "tenant/t", "removal/x", "licenseAssignment/u1"] {
            assert_eq!(code(parse_definition(key.as_bytes()).map(drop)), RejectionCode::KeyMismatch, "{key}");
        }
    }
}
