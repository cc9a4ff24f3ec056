//! An event as the line of a file, in canonical flat attribute names, that any other program can read.

use muster_directory::{AttributePatch, Event, GroupOp, GroupPatch, ObjectOp};
use muster_rule::{Attribute, Value, property};
use serde_json::{Map, Value as Json, json};

/// The line, without its end; `None` for events that no workload has.
#[must_use]
pub fn line(event: &Event) -> Option<String> {
    let json = match event {
        Event::Object(change) => {
            let (op, patch) = match &change.op {
                ObjectOp::Upsert(patch) => ("upsert", patch),
                ObjectOp::Patch(patch) => ("patch", patch),
                ObjectOp::Delete => return None,
            };
            let (kind, id) = (change.kind.as_str(), change.id.as_str());
            json!({"kind": kind, "op": op, "id": id, "data": data(patch)})
        }
        Event::Group(request) => {
            let GroupOp::Upsert(GroupPatch { display_name, membership_rule, .. }) = &request.op else {
                return None;
            };
            let data = json!({
                "displayName": display_name.as_ref()?.as_deref(),
                "membershipRule": membership_rule.as_ref()?.as_deref(),
            });
            json!({"kind": "group", "op": "upsert", "id": request.id.as_str(), "data": data})
        }
        Event::Tombstone(_) | Event::Listing(_) | Event::Schema(_) | Event::Clock(_) => return None,
    };
    Some(json.to_string())
}

fn data(patch: &AttributePatch) -> Map<String, Json> {
    let entry = |(attribute, value): &(Attribute, Option<Value>)| {
        (attribute.name().to_owned(), value.as_ref().map_or(Json::Null, |value| json_of(attribute, value)))
    };
    patch.known.iter().map(entry).collect()
}

fn json_of(attribute: &Attribute, value: &Value) -> Json {
    match value {
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Instant(value) => value.to_string().into(),
        Value::Text(text) => text.as_str().into(),
        Value::Texts(texts) => texts.iter().map(|text| text.as_str()).collect(),
        Value::Elements(elements) => {
            let names = match attribute {
                Attribute::Standard(code) => property::by_code(*code).map_or(&[][..], |row| row.members),
                Attribute::Named(_) => &[],
            };
            let element = |element: &muster_rule::Element| -> Json {
                let members = names.iter().zip(&element.members);
                let named = members.filter_map(|(name, member)| {
                    Some(((*name).to_owned(), member.as_ref()?.as_str().into()))
                });
                Json::Object(named.collect())
            };
            elements.iter().map(element).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Profile, Size, Workload};
    use muster_rule::Schema;
    use std::sync::Arc;

    #[test]
    fn a_line_says_what_the_event_is() {
        let workload = Workload::new(Profile::Typical, Size { rules: 300, objects: 300 }, 7);
        let schemas = Arc::new(Schema::default());
        let events = workload.groups().chain(workload.users()).chain(workload.changes_in(0..1000));
        for event in events {
            let line = line(&event).unwrap();
            let read = muster_wire::decode(line.as_bytes(), &schemas).unwrap();
            assert_eq!(sorted(read), sorted(event), "{line}");
        }
    }

    /// The order of attributes in a line means nothing.
    fn sorted(mut event: Event) -> Event {
        if let Event::Object(change) = &mut event
            && let ObjectOp::Upsert(patch) | ObjectOp::Patch(patch) = &mut change.op
        {
            patch.known.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        event
    }
}
