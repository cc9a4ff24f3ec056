//! `muster groups held`: the edits that wait.

use super::{HeldArguments, Place};
use crate::command::tail::each_definition;
use crate::config::Config;
use crate::failure::{Failure, Outcome};
use muster_directory::GroupId;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub(super) fn run(arguments: &HeldArguments) -> Result<Outcome, Failure> {
    let config = arguments.place.source.load()?;
    let held = held(&config, &arguments.place, arguments.group.as_ref())?;
    for edit in &held {
        println!("{}", serde_json::Value::Object(edit.clone()));
    }
    Ok(if held.is_empty() && arguments.group.is_some() { Outcome::No } else { Outcome::Done })
}

/// The edits of the tenant's groups, or of one of them, that wait.
pub(super) fn held(
    config: &Config,
    place: &Place,
    group: Option<&GroupId>,
) -> Result<Vec<Map<String, Value>>, Failure> {
    let mut found: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    each_definition(config, place.url.as_deref(), &mut |line| {
        let record: Record = serde_json::from_slice(line).map_err(std::io::Error::from)?;
        let Some(key) = record.key else { return Ok(()) };
        match record.value {
            Value::Object(mut value) if value.get("kind").is_some_and(|kind| kind == "held") => {
                value.remove("format");
                value.remove("kind");
                found.insert(key, value);
            }
            // The end of a group, too, but that lies under another key.
            Value::Null => drop(found.remove(&key)),
            _ => {}
        }
        Ok(())
    })?;
    let is =
        |value: &Map<String, Value>, name: &str, wanted: &str| value.get(name).is_some_and(|is| is == wanted);
    let of = |value: &Map<String, Value>| {
        is(value, "tenant", place.tenant.as_str())
            && group.is_none_or(|group| is(value, "id", group.as_str()))
    };
    Ok(found.into_values().filter(of).collect())
}

#[derive(Deserialize)]
struct Record {
    key: Option<String>,
    value: Value,
}
