//! JSON: whatever has a `membershipRule` is a group, however deep it lies; so is what Terraform keeps of an
//! `azuread_group`.

use super::{Export, Found, Rule};
use serde_json::{Deserializer, Map, Value};

pub(super) fn find(text: &str) -> Result<Export, String> {
    let mut export = Export::default();
    for value in Deserializer::from_str(text).into_iter::<Value>() {
        visit(&value.map_err(|error| error.to_string())?, &mut export);
    }
    Ok(export)
}

fn visit(value: &Value, export: &mut Export) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| visit(value, export)),
        Value::Object(object) if !group(object, export) => {
            object.values().for_each(|value| visit(value, export));
        }
        _ => {}
    }
}

/// Takes the object as a group. Whether it is one.
fn group(object: &Map<String, Value>, export: &mut Export) -> bool {
    let rule = match (member(object, &["membershipRule"]), member(object, &["dynamic_membership"])) {
        (Some(rule), _) => rule.as_str(),
        (None, Some(blocks)) => {
            let block = blocks.as_array().and_then(|blocks| blocks.first()).unwrap_or(blocks);
            block.get("rule").and_then(Value::as_str)
        }
        (None, None) => return false,
    };
    let Some(rule) = rule.filter(|rule| !rule.is_empty()) else {
        export.assigned += 1;
        return true;
    };
    let text = |names: &[&str]| member(object, names).and_then(Value::as_str).map(str::to_owned);
    let state = text(&["membershipRuleProcessingState"]);
    let enabled =
        member(object, &["dynamic_membership"]).and_then(|blocks| blocks.get(0)?.get("enabled")?.as_bool());
    export.rules.push(Found {
        line: None,
        id: text(&["objectId", "object_id"]).or_else(|| text(&["id"])),
        name: text(&["displayName", "display_name"]),
        rule: Rule::Text(rule.to_owned()),
        paused: state.is_some_and(|state| state.eq_ignore_ascii_case("Paused")) || enabled == Some(false),
    });
    true
}

/// The first member with one of these names, in any case, that is not null.
fn member<'v>(object: &'v Map<String, Value>, names: &[&str]) -> Option<&'v Value> {
    names.iter().find_map(|name| {
        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str, bool)], assigned: usize) {
        let export = find(text).unwrap();
        let found: Vec<_> = export
            .rules
            .iter()
            .map(|found| match &found.rule {
                Rule::Text(text) => (found.id.as_deref().unwrap(), text.as_str(), found.paused),
                Rule::Unknown(reason) => panic!("{reason}"),
            })
            .collect();
        assert_eq!((found.as_slice(), export.assigned), (expected, assigned));
    }

    #[test]
    fn groups_are_found_wherever_they_lie() {
        check(
            r#"{"value":[{"id":"a","displayName":"A","membershipRule":"x"},{"id":"b","membershipRule":null}]}"#,
            &[("a", "x", false)],
            1,
        );
        check(
            "[{\"Id\":\"a\",\"MembershipRule\":\"x\",\"MembershipRuleProcessingState\":\"Paused\"}]",
            &[("a", "x", true)],
            0,
        );
        check(
            "{\"id\":\"a\",\"membershipRule\":\"x\"}\n{\"id\":\"b\",\"membershipRule\":\"y\"}",
            &[("a", "x", false), ("b", "y", false)],
            0,
        );
        check(
            r#"{"responses":[{"id":"1","body":{"id":"a","membershipRule":"x"}}]}"#,
            &[("a", "x", false)],
            0,
        );
        assert!(find("{\"value\":").is_err());
    }

    #[test]
    fn the_state_of_terraform_is_json_too() {
        check(
            r#"{"values":{"root_module":{"resources":[
                {"address":"azuread_group.a","values":{"id":"/groups/a","object_id":"a","display_name":"A","dynamic_membership":[{"enabled":false,"rule":"x"}]}},
                {"address":"azuread_group.b","values":{"object_id":"b","dynamic_membership":[]}}]}}}"#,
            &[("a", "x", true)],
            1,
        );
    }
}
