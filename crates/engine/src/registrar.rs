//! From requests to definitions: folds patches, checks rules, refuses cycles, numbers what it accepts.
//!
//! The registrar decides each request once and for all partitions: accepted is accepted. It reads the
//! catalog and changes nothing; what it returns is put in force by whoever runs it.

mod brake;
mod cycle;

pub use brake::{BrakeLimits, Proposal, Ruling, Settlement};

use crate::{Catalog, CatalogGroup, Decides, Definition, TenantCatalog};
use muster_directory::{
    GroupDefinition, GroupId, GroupOp, GroupPatch, GroupRequest, GroupRule, HeldDefinition, Rejection,
    RejectionCode, SchemaRequest, Source, Tenant,
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
    /// before it: its offset on a topic, in files its ordinal. For a host that has no brake, and so holds nothing.
    ///
    /// # Errors
    /// As of [`rule_on`](Self::rule_on).
    pub fn decide(
        &self,
        catalog: &Catalog,
        request: Request,
        version: u64,
        source: &Source,
    ) -> Result<Option<Definition>, Rejection> {
        let definitions = match self.rule_on(catalog, request, version, source, None)? {
            Ruling::Settled(definitions) => definitions,
            Ruling::Asks(proposal) => proposal.accepted(),
        };
        Ok(definitions.into_iter().next())
    }

    /// What a request leads to: definitions, to be put in force together and in their order, or with a brake the
    /// question who would leave. `version` as of [`decide`](Self::decide).
    ///
    /// # Errors
    /// The refusal: `unknown-group`, `group-id-case`, `invalid-rule`, `membership-cycle`, `invalid-schema` or
    /// `not-held`.
    pub fn rule_on(
        &self,
        catalog: &Catalog,
        request: Request,
        version: u64,
        source: &Source,
        brake: Option<&BrakeLimits>,
    ) -> Result<Ruling, Rejection> {
        let GroupRequest { tenant, id, op } = match request {
            Request::Group(request) => request,
            Request::Schema(request) => {
                check_schema(catalog.tenant(&request.tenant), &request.schema)?;
                return Ok(Ruling::Settled(vec![Definition::Schema { request, version }]));
            }
        };
        let ended =
            Definition::HeldEnded { tenant: tenant.clone(), id: id.clone(), version, source: source.clone() };
        let of = catalog.tenant(&tenant);
        let deciding = Deciding { of, version, source, brake };
        match op {
            GroupOp::Delete => {
                let held = of.held(&id).map(|_| ended);
                let existing = of.group(&id).is_some();
                let source = source.clone();
                let deleted = existing.then_some(Definition::GroupDeleted { tenant, id, version, source });
                Ok(Ruling::Settled(deleted.into_iter().chain(held).collect()))
            }
            GroupOp::Reject(of) => {
                Registrar::held(catalog, (&tenant, &id), of)?;
                Ok(Ruling::Settled(vec![ended]))
            }
            GroupOp::Confirm(of) => {
                let held = Registrar::held(catalog, (&tenant, &id), of)?;
                let definition =
                    GroupDefinition { version, source: source.clone(), ..(*held.definition).clone() };
                deciding.define(definition, vec![ended], Some(Arc::clone(held)))
            }
            GroupOp::Upsert(patch) => {
                let definition = self.fold(&deciding, (&tenant, &id), None, patch)?;
                let beside = of.held(&id).map(|_| ended);
                deciding.define(definition, beside.into_iter().collect(), None)
            }
            GroupOp::Patch(patch) => {
                let Some(existing) = of.group(&id) else { return Err(unknown_group(&id)) };
                let edits_rule = patch.membership_rule.is_some() || patch.dialect.is_some();
                let beside = match of.held(&id) {
                    None => None,
                    Some(_) if edits_rule => Some(ended),
                    // The edit that waits goes on waiting, with what is patched now.
                    Some(held) => Some(self.patch_held(&deciding, held, patch.clone())?),
                };
                let definition = self.fold(&deciding, (&tenant, &id), Some(&existing.definition), patch)?;
                deciding.define(definition, beside.into_iter().collect(), None)
            }
        }
    }

    /// The definition that `patch` makes of `base`, or of the defaults.
    fn fold(
        &self,
        deciding: &Deciding<'_>,
        (tenant, id): (&Tenant, &GroupId),
        base: Option<&GroupDefinition>,
        patch: GroupPatch,
    ) -> Result<GroupDefinition, Rejection> {
        if let Some(other) = deciding.of.by_folded_id(&id.folded())
            && other.definition.id != *id
        {
            return Err(differs_in_case(id, &other.definition.id));
        }
        let rule = self.rule_of(base, &patch);
        let Deciding { version, source, .. } = *deciding;
        Ok(GroupDefinition {
            tenant: tenant.clone(),
            version,
            created: deciding.of.group(id).map_or(version, |group| group.definition.created),
            display_name: match patch.display_name {
                Some(name) => name,
                None => base.and_then(|base| base.display_name.clone()),
            },
            rule,
            processing_state: match patch.processing_state {
                Some(state) => state.unwrap_or_default(),
                None => base.map(|base| base.processing_state).unwrap_or_default(),
            },
            other: other_members(base, patch.other),
            source: source.clone(),
            id: id.clone(),
        })
    }

    fn patch_held(
        &self,
        deciding: &Deciding<'_>,
        held: &HeldDefinition,
        patch: GroupPatch,
    ) -> Result<Definition, Rejection> {
        let waiting = &*held.definition;
        let patched = self.fold(deciding, (&waiting.tenant, &waiting.id), Some(waiting), patch)?;
        // It keeps its name: what was shown of it is what it would do.
        let GroupDefinition { version, source, .. } = waiting;
        let definition = GroupDefinition { version: *version, source: source.clone(), ..patched };
        let held = HeldDefinition { definition: Arc::new(definition), ..held.clone() };
        Ok(Definition::Held(Arc::new(held)))
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

/// One request being decided about a group.
struct Deciding<'a> {
    of: &'a TenantCatalog,
    version: u64,
    source: &'a Source,
    brake: Option<&'a BrakeLimits>,
}

impl Deciding<'_> {
    /// Checks the definition; it is in force, with what comes `beside` it, unless it may have to be held.
    fn define(
        &self,
        definition: GroupDefinition,
        beside: Vec<Definition>,
        confirms: Option<Arc<HeldDefinition>>,
    ) -> Result<Ruling, Rejection> {
        let existing = self.of.group(&definition.id);
        let decides = match &definition.rule {
            None => Decides::Listing,
            Some(rule) => {
                let rule = compile(self.of, existing, rule)?;
                if let Some(cycle) = cycle::find(self.of, &definition.id, &rule) {
                    return Err(cycle);
                }
                Decides::Rule(rule)
            }
        };
        if let (Decides::Rule(rule), Some(existing), Some(_)) = (&decides, existing, self.brake)
            && brake::may_remove(existing, &definition)
        {
            let rule = Arc::clone(rule);
            return Ok(Ruling::Asks(Box::new(Proposal { definition, rule, beside, confirms })));
        }
        let edit = Definition::Group { definition: Arc::new(definition), decides };
        Ok(Ruling::Settled([edit].into_iter().chain(beside).collect()))
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
