//! The tree of an explanation, its JSON and its drawing.

use super::*;
use crate::{Dialect, Element, ObjectKind, Schema, property};
use std::collections::BTreeMap;

/// Attributes by rule name, and folded group ids.
#[derive(Default)]
struct Object {
    values: BTreeMap<Attribute, Value>,
    groups: Vec<&'static str>,
}

impl Object {
    fn with(mut self, name: &str, value: Value) -> Object {
        let property = property::find(ObjectKind::User, name, &Schema::default()).expect(name);
        self.values.insert(property.attribute, value);
        self
    }

    fn text(self, name: &str, value: &str) -> Object {
        self.with(name, Value::Text(Text::new(value)))
    }
}

impl Row for Object {
    fn value(&self, attribute: &Attribute) -> Option<&Value> {
        self.values.get(attribute)
    }
}

impl Memberships for Object {
    fn contains(&self, folded_group_id: &str) -> bool {
        self.groups.contains(&folded_group_id)
    }
}

fn explain(rule: &str, object: &Object) -> Explanation {
    let rule = Rule::parse(rule, Dialect::Extended, &Schema::default()).expect(rule);
    let now = Instant::parse("2026-11-22T10:00:00Z").expect("an instant");
    let explanation = rule.explain(object, object, now);
    assert_eq!(explanation.result, rule.matches(object, object, now));
    explanation
}

#[track_caller]
fn draws(rule: &str, object: &Object, drawing: &[&str]) {
    assert_eq!(explain(rule, object).to_string().lines().collect::<Vec<_>>(), drawing);
}

#[test]
fn every_expression_is_shown_and_none_is_passed_over() {
    let object = Object::default().text("department", "SALES").text("city", "Rome");
    draws(
        r#"(user.department -eq "Sales" -or user.country -eq "US") -and -not (user.city -ne "Rome")"#,
        &object,
        &[
            r#"✓ (user.department -eq "Sales" -or user.country -eq "US") -and -not (user.city -ne "Rome")"#,
            r#"  ✓ user.department -eq "Sales" -or user.country -eq "US""#,
            r#"    ✓ user.department -eq "Sales"  [user.department = "SALES"]"#,
            r#"    ✗ user.country -eq "US"  [user.country = null]"#,
            r#"  ✓ -not (user.city -ne "Rome")"#,
            r#"    ✗ user.city -ne "Rome"  [user.city = "Rome"]"#,
        ],
    );
}

#[test]
fn values_of_every_type_are_shown() {
    let texts = |texts: &[&str]| Value::Texts(texts.iter().map(|text| Text::new(text)).collect());
    let plan = Element { members: [Some(Text::new("p1")), None, Some(Text::new("Enabled"))].into() };
    let mut object = Object::default()
        .with("accountEnabled", Value::Boolean(true))
        .with("employeeHireDate", Value::Instant(Instant::from_millis(0)))
        .with("otherMails", texts(&["a@x.org", "b\"c"]))
        .with("assignedPlans", Value::Elements(vec![plan]))
        .text("displayName", "two\nlines \u{1b}[31m")
        .text("manager", "U7");
    object.groups = vec!["g1", "g3"];
    let leaf = |rule: &str, line: &str| draws(rule, &object, &[line]);
    leaf("user.accountEnabled -ne true", "✗ user.accountEnabled -ne true  [user.accountEnabled = true]");
    leaf(
        "user.EMPLOYEEHIREDATE -le system.now",
        "✓ user.EMPLOYEEHIREDATE -le system.now  [user.employeeHireDate = 1970-01-01T00:00:00.000Z]",
    );
    leaf(
        "user.otherMails -all (_ -contains '@')",
        r#"✗ user.otherMails -all (_ -contains '@')  [user.otherMails = ["a@x.org","b\"c"]]"#,
    );
    leaf(
        "user.assignedPlans -any (assignedPlan.service -eq 'x')",
        concat!(
            "✗ user.assignedPlans -any (assignedPlan.service -eq 'x')  [user.assignedPlans = ",
            r#"[{"capabilityStatus":"Enabled","service":null,"servicePlanId":"p1"}]]"#
        ),
    );
    leaf(
        "user.displayName\n-eq\r\n'x'",
        r#"✗ user.displayName -eq 'x'  [user.displayName = "two\nlines \u001b[31m"]"#,
    );
    leaf(
        "user.memberOf -any (group.objectId -in ['G1','g2'])",
        r#"✓ user.memberOf -any (group.objectId -in ['G1','g2'])  [user.memberOf = ["g1"]]"#,
    );
    leaf("Direct Reports for 'u7'", r#"✓ Direct Reports for 'u7'  [user.manager = "U7"]"#);
}

#[test]
fn direct_reports_show_what_decided() {
    let head = Object::default().text("objectId", "u7").text("manager", "u1");
    draws("Direct Reports for 'U7'", &head, &[r#"✓ Direct Reports for 'U7'  [user.objectId = "u7"]"#]);
    draws("Direct Reports for 'u8'", &head, &[r#"✗ Direct Reports for 'u8'  [user.manager = "u1"]"#]);
}

#[test]
fn long_values_are_cut_in_the_drawing_only() {
    let object = Object::default().text("displayName", &"ä".repeat(500));
    let explanation = explain("user.displayName -contains 'ä'", &object);
    let drawn = explanation.to_string();
    assert!(drawn.contains('…') && drawn.chars().count() < 250, "{drawn}");
    let value = explanation.property.and_then(|property| property.value).expect("a value");
    assert_eq!(value.as_str().chars().count(), 500);
}

#[test]
fn the_json_has_the_shape_of_graph() {
    let object = Object::default().text("displayName", "EndTestUser 1");
    let explanation =
        explain(r#"(user.displayName -startsWith "EndTestUser") -and (user.city -ne null)"#, &object);
    let leaf = |expression: &str, result: bool, name: &str, value: Option<&str>| {
        json!({
            "expression": expression,
            "expressionResult": result,
            "propertyToEvaluate": { "propertyName": name, "propertyValue": value },
            "expressionEvaluationDetails": [],
        })
    };
    let name = r#"user.displayName -startsWith "EndTestUser""#;
    assert_eq!(
        serde_json::to_value(explanation).expect("JSON"),
        json!({
            "expression": r#"(user.displayName -startsWith "EndTestUser") -and (user.city -ne null)"#,
            "expressionResult": false,
            "propertyToEvaluate": null,
            "expressionEvaluationDetails": [
                leaf(name, true, "displayName", Some("EndTestUser 1")),
                leaf("user.city -ne null", false, "city", None),
            ],
        })
    );
}

#[test]
fn the_decisive_expression_is_the_smallest_that_decided_alone() {
    let object = Object::default().text("city", "Oslo").text("department", "Sales");
    let check = |rule: &str, decisive: &str| {
        assert_eq!(explain(rule, &object).decisive().expression, decisive, "{rule}");
    };
    check("user.city -eq 'Oslo'", "user.city -eq 'Oslo'");
    check("user.city -eq 'Oslo' -and user.department -eq 'HR'", "user.department -eq 'HR'");
    check("user.city -eq 'Bergen' -or user.department -eq 'Sales'", "user.department -eq 'Sales'");
    check("-not (user.city -eq 'Oslo' -or user.department -eq 'HR')", "user.city -eq 'Oslo'");
    let both = "user.city -eq 'Oslo' -and user.department -eq 'Sales'";
    check(both, both);
    let neither = "user.city -eq 'Bergen' -or user.department -eq 'HR'";
    check(neither, neither);
}
