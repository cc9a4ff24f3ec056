//! Questions about everybody, from JSON to the service and back.

use crate::answer::{self, Change, PreviewAnswer, SAMPLES, ValueAnswer};
use crate::command::find_property;
use muster_api::{Problem, ValuesPage};
use muster_directory::{GroupId, Instant, ObjectId, Tenant};
use muster_rule::Dialect;
use muster_service::{AskError, Everybody, RuleQuestion, Service, WantedValues};
use serde::{Deserialize, Serialize};

/// The most objects of one answer of `POST /muster/find`.
const MAX_FOUND: usize = 10_000;

/// The code of a question that is about partitions of other instances.
pub(super) const ELSEWHERE: &str = "partition-elsewhere";

/// Without a `limit`.
const DEFAULT_FOUND: usize = 100;

/// The body of `POST /muster/preview`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PreviewRequest {
    rule: String,
    group: Option<String>,
    tenant: Option<String>,
    dialect: Option<Dialect>,
    now: Option<String>,
    #[serde(default)]
    full: bool,
}

/// The body of `POST /muster/find`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindRequest {
    rule: String,
    tenant: Option<String>,
    dialect: Option<Dialect>,
    now: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

#[derive(Serialize)]
struct FindAnswer<'a> {
    count: u64,
    ids: Vec<&'a str>,
    next: Option<&'a str>,
}

#[derive(Serialize)]
struct ValuesAnswer {
    values: Vec<ValueAnswer>,
    next: Option<Box<str>>,
}

pub(super) fn preview(service: &Service, body: &[u8]) -> Result<Vec<u8>, Problem> {
    let request: PreviewRequest = read(body)?;
    let group = request.group.as_deref().map(GroupId::new).transpose();
    let question = RuleQuestion {
        tenant: tenant(request.tenant.as_deref())?,
        rule: request.rule,
        dialect: request.dialect,
        group: group.map_err(|rejection| invalid(rejection.message))?,
        now: instant(request.now.as_deref())?,
    };
    let text = question.rule.clone();
    let everybody = if request.full { Everybody::Listed } else { Everybody::Counted };
    let (preview, changes) =
        service.preview(question, SAMPLES, everybody).map_err(|error| problem(error, &text))?;
    let mut lines = line(&PreviewAnswer::new(&preview))?;
    for (id, change) in &changes {
        lines.extend(line(&Change::new(id.as_str(), *change))?);
    }
    Ok(lines)
}

pub(super) fn find(service: &Service, body: &[u8]) -> Result<Vec<u8>, Problem> {
    let request: FindRequest = read(body)?;
    let limit = request.limit.unwrap_or(DEFAULT_FOUND);
    if limit == 0 || limit > MAX_FOUND {
        return Err(invalid(format!("`limit` is {limit}: give a number from 1 to {MAX_FOUND}")));
    }
    let question = RuleQuestion {
        tenant: tenant(request.tenant.as_deref())?,
        rule: request.rule,
        dialect: request.dialect,
        group: None,
        now: instant(request.now.as_deref())?,
    };
    let text = question.rule.clone();
    let page = service.find(question, request.after, limit).map_err(|error| problem(error, &text))?;
    let ids: Vec<&str> = page.ids.iter().map(ObjectId::as_str).collect();
    let next = ids.last().copied().filter(|_| ids.len() == limit);
    line(&FindAnswer { count: page.count, ids, next })
}

pub(super) fn values(service: &Service, page: &ValuesPage) -> Result<Vec<u8>, Problem> {
    let tenant = tenant(page.tenant.as_deref())?;
    let schema = service.schema(&tenant);
    let (kind, property) =
        find_property(&page.property, &schema).map_err(|reason| Problem::new("unknown-property", reason))?;
    let wanted = WantedValues {
        tenant,
        kind,
        attribute: property.attribute,
        prefix: page.prefix.clone(),
        after: page.after.clone(),
        limit: page.limit,
    };
    let found = service.values(wanted).map_err(|error| problem(error, ""))?;
    let values = answer::values(&found);
    let next = values.last().filter(|_| values.len() == page.limit).map(|last| last.value.clone());
    line(&ValuesAnswer { values, next })
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|error| invalid(format!("the body is not what is asked for here: {error}")))
}

fn tenant(text: Option<&str>) -> Result<Tenant, Problem> {
    match text {
        Some(text) => Tenant::new(text).map_err(|rejection| invalid(rejection.message)),
        None => Ok(Tenant::default()),
    }
}

fn instant(text: Option<&str>) -> Result<Option<Instant>, Problem> {
    text.map(Instant::parse).transpose().map_err(|error| invalid(error.to_string()))
}

fn invalid(message: String) -> Problem {
    Problem::new("invalid-request", message)
}

fn problem(error: AskError, text: &str) -> Problem {
    match error {
        AskError::InvalidRule(checked) => {
            let diagnostics: Vec<_> =
                checked.diagnostics.iter().map(|diagnostic| diagnostic.to_json(text)).collect();
            let first = checked.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
            let message = first.map_or_else(|| "it is no rule".to_owned(), |first| first.message.clone());
            Problem { diagnostics, ..Problem::new("invalid-rule", message) }
        }
        AskError::UnknownGroup(_) => Problem::new("unknown-group", error),
        AskError::Refused(rejection) => Problem::new(rejection.code.as_str(), rejection.message),
        AskError::Elsewhere(elsewhere) => Problem::new(ELSEWHERE, elsewhere),
        AskError::Unanswered => Problem::new("unanswered", error),
    }
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let mut line = serde_json::to_vec(value).map_err(|error| Problem::new("internal", error))?;
    line.push(b'\n');
    Ok(line)
}
