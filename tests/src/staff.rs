//! A very small directory, so that things meet: lines of changes and of requests, in a random order.
//!
//! The requests may come at any time: what comes of them does not depend on how they and the changes meet,
//! since nothing is paused and nothing converted. One group, [`ASSIGNED`], is assigned.

use crate::random::Random;
use muster_directory::Instant;
use serde_json::json;

/// The group that lists its members.
pub const ASSIGNED: &str = "a";
/// So many groups have rules, from `g0` on.
pub const GROUPS: usize = 4;

const CITIES: [&str; 3] = ["Oslo", "Bergen", "Bodø"];
const UNITS: [&str; 2] = ["Sales", "Legal"];
const RULES: [&str; 6] = [
    r#"user.city -eq "Oslo""#,
    r#"user.city -eq "Bergen" -or user.department -eq "Legal""#,
    r#"user.department -eq "Sales" -and user.city -ne "Bodø""#,
    "user.employeeHireDate -le system.now",
    r#"user.memberof -any (group.objectId -in ['g0'])"#,
    r#"user.memberof -any (group.objectId -in ['g1', 'a'])"#,
];

/// A change of this user. Hire dates lie on some hours of the four days from `start` on.
pub fn change(random: &mut Random, id: &str, start: Instant) -> String {
    match random.weighted(&[50, 12, 14, 4, 3]) {
        0 => {
            let op = if random.chance(60) { "upsert" } else { "patch" };
            let mut data = json!({});
            if random.chance(70) {
                data["city"] = json!(random.pick(&CITIES));
            }
            if random.chance(50) {
                data["department"] = json!(random.pick(&UNITS));
            }
            if random.chance(40) {
                let hired = start.as_millis() + random.below(96) as i64 * 3_600_000;
                data["employeeHireDate"] = json!(Instant::from_millis(hired).to_string());
            }
            json!({"kind": "user", "op": op, "id": id, "data": data}).to_string()
        }
        1 => json!({"kind": "user", "op": "delete", "id": id}).to_string(),
        2 => {
            let op = if random.chance(60) { "add" } else { "remove" };
            json!({"kind": "member", "op": op, "group": ASSIGNED, "id": id}).to_string()
        }
        // Refused where the user is there.
        3 => json!({"kind": "device", "op": "delete", "id": id}).to_string(),
        _ => "not json".to_owned(),
    }
}

/// A new rule for some group, or its end; with the group's id.
pub fn request(random: &mut Random) -> (String, String) {
    let id = format!("g{}", random.below(GROUPS));
    let request = if random.chance(12) {
        json!({"kind": "group", "op": "delete", "id": id})
    } else {
        let rule = random.pick(&RULES);
        json!({"kind": "group", "op": "upsert", "id": id, "data": {"membershipRule": rule}})
    };
    (id, request.to_string())
}

/// The request that makes the assigned group.
#[must_use]
pub fn assigned_group() -> String {
    json!({"kind": "group", "op": "upsert", "id": ASSIGNED, "data": {}}).to_string()
}
