//! A workload as files of event lines: the organisation and its groups, then the changes.

use crate::organisation::{SharedAttribute, shared_attributes};
use crate::random::Random;
use crate::rules;
use serde_json::{Map, Value, json};
use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

/// How much there is of everything.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Dynamic groups, each with a rule of its own.
    pub rules: usize,
    /// Users.
    pub objects: usize,
    /// Changes of one to three attributes of one user.
    pub changes: usize,
    /// What everything follows from.
    pub seed: u64,
}

/// Of the values that a change sets, so many are new to the organisation.
const NEW_VALUES: f64 = 0.15;

/// Attributes of users beside the shared ones; what no rule reads changes too.
const OTHERS: usize = 8;

/// Writes the groups and the users to `base`, the changes to `changes`.
///
/// # Errors
/// The disk's.
pub fn write(size: Size, base: &Path, changes: &Path) -> Result<()> {
    let attributes = shared_attributes();
    let mut random = Random::new(size.seed);
    let mut file = BufWriter::new(File::create(base)?);
    for number in 0..size.rules {
        let data = json!({"displayName": format!("Group {number}"), "membershipRule": rules::rule(&attributes, &mut random)});
        line(&mut file, &json!({"kind": "group", "op": "upsert", "id": format!("g{number}"), "data": data}))?;
    }
    for number in 0..size.objects {
        let data = user(number, &attributes, &mut random);
        line(&mut file, &json!({"kind": "user", "op": "upsert", "id": user_id(number), "data": data}))?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(changes)?);
    for number in 0..size.changes {
        let id = user_id(random.below(size.objects));
        let data = change(number, &attributes, &mut random);
        line(&mut file, &json!({"kind": "user", "op": "patch", "id": id, "data": data}))?;
    }
    file.flush()
}

fn line(file: &mut impl Write, event: &Value) -> Result<()> {
    serde_json::to_writer(&mut *file, event)?;
    file.write_all(b"\n")
}

fn user_id(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

fn user(number: usize, attributes: &[SharedAttribute], random: &mut Random) -> Map<String, Value> {
    let mut data = Map::new();
    for attribute in attributes {
        if let Some(value) = attribute.draw(random) {
            data.insert(attribute.name.into(), cased(value, random).into());
        }
    }
    let mail = format!("user{number}@contoso.example");
    data.insert("accountEnabled".into(), random.chance(0.9).into());
    data.insert("employeeId".into(), format!("E{number:07}").into());
    data.insert("displayName".into(), format!("User {number}").into());
    data.insert("mail".into(), mail.as_str().into());
    data.insert("userPrincipalName".into(), mail.as_str().into());
    data.insert(
        "proxyAddresses".into(),
        json!([format!("SMTP:{mail}"), format!("smtp:u{number}@fabrikam.example")]),
    );
    data.insert(
        "otherMails".into(),
        if random.chance(0.3) { json!([format!("u{number}@home.example")]) } else { json!([]) },
    );
    let day = 1 + random.below(28);
    data.insert(
        "employeeHireDate".into(),
        format!("20{:02}-{:02}-{day:02}", 10 + random.below(16), 1 + random.below(12)).into(),
    );
    data
}

/// One to three attributes with new values.
fn change(number: usize, attributes: &[SharedAttribute], random: &mut Random) -> Map<String, Value> {
    let mut data = Map::new();
    for place in 0..1 + random.below(3) {
        let Some(attribute) = attributes.get(random.below(attributes.len() + OTHERS)) else {
            data.insert("displayName".into(), format!("Renamed {number}").into());
            continue;
        };
        let value = if random.chance(NEW_VALUES) {
            Value::from(format!("New {number}-{place}"))
        } else {
            attribute.draw(random).map_or(Value::Null, |value| cased(value, random).into())
        };
        data.insert(attribute.name.into(), value);
    }
    data
}

/// Now and then in capitals: rules compare without case.
fn cased(value: &str, random: &mut Random) -> String {
    if random.chance(0.1) { value.to_uppercase() } else { value.to_owned() }
}
