//! `muster groups confirm` and `muster groups reject`: a request about an edit that waits.

use super::DecideArguments;
use super::held::held;
use crate::client::{Http, Reached, reach};
use crate::command::produce::send_request;
use crate::failure::{Failure, Outcome};
use serde_json::{Map, Value, json};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Confirm,
    Reject,
}

pub(super) fn run(arguments: &DecideArguments, decision: Decision) -> Result<Outcome, Failure> {
    let DecideArguments { group, place, .. } = arguments;
    let config = place.source.load()?;
    let find = || -> Result<_, Failure> { Ok(held(&config, place, Some(group))?.into_iter().next()) };
    let Some(edit) = find()? else {
        eprintln!("no edit of the group `{group}` waits");
        return Ok(Outcome::No);
    };
    let waits = edit.get("version").and_then(Value::as_u64);
    if arguments.version.is_some() && arguments.version != waits {
        eprintln!("the edit of `{group}` that waits is version {}", waits.unwrap_or_default());
        return Ok(Outcome::No);
    }
    let reached = reach(&config, place.url.as_deref())?;
    let decided_at_once = matches!(reached, Reached::Service(_));
    if let (Reached::Service(http), Decision::Confirm) = (&reached, decision) {
        let now = preview(http, &edit)?;
        let said = json!({"id": group.as_str(), "version": waits, "held": edit.get("preview"), "now": now});
        println!("{said}");
    }
    let op = match decision {
        Decision::Confirm => "confirm",
        Decision::Reject => "reject",
    };
    let tenant = place.tenant.as_str();
    let data = json!({"version": waits});
    let line = json!({"kind": "group", "op": op, "tenant": tenant, "id": group.as_str(), "data": data});
    if !send_request(reached, line.to_string().into_bytes())? {
        return Ok(Outcome::No);
    }
    match find()? {
        Some(edit) if decided_at_once => {
            let reason = edit.get("reason").and_then(Value::as_str).unwrap_or_default();
            let version = edit.get("version").and_then(Value::as_u64).unwrap_or_default();
            eprintln!("an edit of `{group}` still waits, version {version}: {reason}");
            Ok(Outcome::No)
        }
        _ => Ok(Outcome::Done),
    }
}

/// What the edit would do by now; null where the service cannot say.
fn preview(http: &Http, edit: &Map<String, Value>) -> Result<Value, Failure> {
    let of = |name: &str| edit.get("definition").and_then(|definition| definition.get(name)).cloned();
    let Some(rule) = of("membershipRule") else { return Ok(Value::Null) };
    let body = json!({
        "rule": rule, "dialect": of("dialect"), "group": edit.get("id"), "tenant": edit.get("tenant"),
    });
    let answer = http.post("/muster/preview", body.to_string().as_bytes())?;
    Ok(answer.ok().and_then(|line| serde_json::from_slice(&line).ok()).unwrap_or(Value::Null))
}
