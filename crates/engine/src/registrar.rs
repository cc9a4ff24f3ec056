//! From requests to definitions: folds patches, checks rules, refuses cycles, numbers what it accepts.
//!
//! The registrar decides each request once and for all partitions: accepted is accepted. It reads the
//! catalog and changes nothing; what it returns is put in force by whoever runs it.

mod cycle;

use crate::{Catalog, CatalogGroup, Decides, Definition, TenantCatalog};
use muster_directory::{
    GroupDefinition, GroupId, GroupOp, GroupPatch, GroupRequest, GroupRule, Rejection, RejectionCode,
    SchemaRequest, Source,
};
use muster_rule::diagnostic::Diagnostic;
use muster_rule::{Dialect, Rule, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an administrator asks for.
#[derive(Clone, Debug)]
pub enum Request {
    /// Something of a group.
    Group(GroupRequest),
    /// The attributes that a tenant declares.
    Schema(SchemaRequest),
}

/// Decides requests.
#[derive(Clone, Copy, Debug)]
pub struct Registrar {
    /// The dialect that rules which name none are held to.
    pub default_dialect: Dialect,
}

impl TenantCatalog {
    /// The refusal of `rule` for the group `id`, if with it the group would depend on itself.
    #[must_use]
    pub fn cycle_with(&self, id: &GroupId, rule: &Rule) -> Option<Rejection> {
        cycle::find(self, id, rule)
    }
}

impl Registrar {
    /// The definition that a request leads to, given those in force; `None` where there is nothing to do
    /// (the deletion of a group that does not exist). `version` is the request's number, greater than those
    /// before it: its offset on a topic, in files its ordinal.
    ///
    /// # Errors
    /// The refusal: `unknown-group`, `group-id-case`, `invalid-rule`, `membership-cycle` or `invalid-schema`.
    pub fn decide(
        &self,
        catalog: &Catalog,
        request: Request,
        version: u64,
        source: &Source,
    ) -> Result<Option<Definition>, Rejection> {
        match request {
            Request::Group(request) => {
                self.decide_group(catalog.tenant(&request.tenant), request, version, source)
            }
            Request::Schema(request) => {
                check_schema(catalog.tenant(&request.tenant), &request.schema)?;
                Ok(Some(Definition::Schema { request, version }))
            }
        }
    }

    fn decide_group(
        &self,
        tenant: &TenantCatalog,
        request: GroupRequest,
        version: u64,
        source: &Source,
    ) -> Result<Option<Definition>, Rejection> {
        let GroupRequest { tenant: name, id, op } = request;
        let existing = tenant.group(&id);
        let (base, patch) = match op {
            GroupOp::Delete => {
                let deleted = Definition::GroupDeleted { tenant: name, id, version, source: source.clone() };
                return Ok(existing.map(|_| deleted));
            }
            GroupOp::Upsert(patch) => (None, patch),
            GroupOp::Patch(patch) => match existing {
                Some(group) => (Some(group), patch),
                None => return Err(unknown_group(&id)),
            },
        };
        if let Some(other) = tenant.by_folded_id(&id.folded())
            && other.definition.id != id
        {
            return Err(differs_in_case(&id, &other.definition.id));
        }
        let base_definition = base.map(|group| &*group.definition);
        let rule = self.rule_of(base_definition, &patch);
        let definition = GroupDefinition {
            tenant: name,
            version,
            created: existing.map_or(version, |group| group.definition.created),
            display_name: match patch.display_name {
                Some(name) => name,
                None => base_definition.and_then(|base| base.display_name.clone()),
            },
            rule,
            processing_state: match patch.processing_state {
                Some(state) => state.unwrap_or_default(),
                None => base_definition.map(|base| base.processing_state).unwrap_or_default(),
            },
            other: other_members(base_definition, patch.other),
            source: source.clone(),
            id,
        };
        let decides = match &definition.rule {
            None => Decides::Listing,
            Some(rule) => {
                let rule = compile(tenant, base, rule)?;
                if let Some(cycle) = cycle::find(tenant, &definition.id, &rule) {
                    return Err(cycle);
                }
                Decides::Rule(rule)
            }
        };
        Ok(Some(Definition::Group { definition: Arc::new(definition), decides }))
    }

    fn rule_of(&self, base: Option<&GroupDefinition>, patch: &GroupPatch) -> Option<GroupRule> {
        let base = base.and_then(|base| base.rule.as_ref());
        let text = match &patch.membership_rule {
            Some(text) => text.clone()?,
            None => Arc::clone(&base?.text),
        };
        let dialect = match patch.dialect {
            Some(dialect) => dialect.unwrap_or(self.default_dialect),
            None => base.map_or(self.default_dialect, |base| base.dialect),
        };
        Some(GroupRule { text, dialect })
    }
}

fn other_members(
    base: Option<&GroupDefinition>,
    patch: BTreeMap<Arc<str>, Option<Box<str>>>,
) -> BTreeMap<Arc<str>, Box<str>> {
    let mut members = base.map(|base| base.other.clone()).unwrap_or_default();
    for (name, json) in patch {
        match json {
            Some(json) => drop(members.insert(name, json)),
            None => drop(members.remove(&name)),
        }
    }
    members
}

/// The rule, compiled; taken from the group as it is where nothing in it changes.
fn compile(
    tenant: &TenantCatalog,
    base: Option<&CatalogGroup>,
    rule: &GroupRule,
) -> Result<Arc<Rule>, Rejection> {
    if let Some(base) = base
        && base.definition.rule.as_ref() == Some(rule)
        && let Some(compiled) = base.rule()
    {
        return Ok(Arc::clone(compiled));
    }
    (tenant.evaluator().parse)(&rule.text, rule.dialect, tenant.schema())
        .map(Arc::new)
        .map_err(|diagnostics| Rejection::new(RejectionCode::InvalidRule, summary(&rule.text, &diagnostics)))
}

/// The diagnostics of a rule in one line for people: code, place, sentence, help.
pub(crate) fn summary(text: &str, diagnostics: &[Diagnostic]) -> String {
    let one = |diagnostic: &Diagnostic| {
        let place = diagnostic.place(text);
        let help = diagnostic.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        let Diagnostic { code, message, .. } = diagnostic;
        format!("{code} at line {}, column {}: {message}{help}", place.line, place.column)
    };
    diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).map(one).collect::<Vec<_>>().join("; ")
}

fn unknown_group(id: &GroupId) -> Rejection {
    let message = format!("there is no group `{id}` to patch: create it with `\"op\":\"upsert\"`");
    Rejection::new(RejectionCode::UnknownGroup, message)
}

fn differs_in_case(id: &GroupId, other: &GroupId) -> Rejection {
    let message = format!(
        "the group id `{id}` differs only in case from that of the group `{other}`, and rules compare \
         group ids without case: choose another"
    );
    Rejection::new(RejectionCode::GroupIdCase, message)
}

/// A schema must go on declaring, with the same type, every attribute that some rule reads.
fn check_schema(tenant: &TenantCatalog, schema: &Schema) -> Result<(), Rejection> {
    let mut broken: BTreeMap<&str, &GroupId> = BTreeMap::new();
    for declared in tenant.schema().attributes() {
        let kept = schema.find(declared.object, &declared.name);
        if kept.is_some_and(|kept| kept.value_type == declared.value_type) {
            continue;
        }
        let attribute = declared.attribute();
        let readers = tenant.groups().filter(|group| {
            group.rule().is_some_and(|rule| {
                rule.kind() == declared.object && rule.reads().iter().any(|read| read.attribute == attribute)
            })
        });
        if let Some(group) = readers.map(|group| &group.definition.id).min() {
            broken.insert(&declared.name, group);
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = broken.iter().map(|(name, group)| format!("`{name}` (group `{group}`)")).collect();
    let message = format!(
        "attributes that rules read would no longer be declared with their type: {}: edit these rules first, or \
         keep declaring the attributes",
        list.join(", ")
    );
    Err(Rejection::new(RejectionCode::InvalidSchema, message))
}
