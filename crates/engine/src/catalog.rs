//! The definitions in force: groups by id, their rules compiled and indexed, and who reads whom.
//!
//! Partitions only read a catalog, so that several can share one. Invariants: the index and the clock
//! terms hold exactly the rules of dynamic groups that are On; a group's rank is greater than those of
//! the groups it reads by `memberOf`, so that settling groups by rank settles sources first.

use crate::{Decides, Definition, Evaluator};
use foldhash::{HashMap, HashMapExt};
use muster_directory::{GroupDefinition, GroupId, HeldDefinition, ProcessingState, SchemaRequest, Tenant};
use muster_index::{ClockTerms, IndexKind, RuleIndex, RuleNumber};
use muster_rule::{Rule, Schema};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::storage::GroupMode;

/// Every tenant's definitions.
#[derive(Debug)]
pub struct Catalog {
    index_kind: IndexKind,
    evaluator: Evaluator,
    tenants: HashMap<Tenant, TenantCatalog>,
    nothing: TenantCatalog,
}

/// One tenant's definitions.
#[derive(Debug)]
pub struct TenantCatalog {
    evaluator: Evaluator,
    schema: Arc<Schema>,
    groups: Vec<Option<CatalogGroup>>,
    free: Vec<RuleNumber>,
    by_id: HashMap<GroupId, RuleNumber>,
    by_folded_id: HashMap<Arc<str>, RuleNumber>,
    /// Folded id of a source group, which need not exist → the dynamic groups that read it.
    readers: HashMap<Arc<str>, BTreeSet<RuleNumber>>,
    index: Box<dyn RuleIndex>,
    clock_terms: ClockTerms,
    /// Edits that wait to be confirmed.
    held: BTreeMap<GroupId, Arc<HeldDefinition>>,
}

/// One group as defined.
#[derive(Clone, Debug)]
pub struct CatalogGroup {
    /// The group's number in the tenant's index; of its rule, where it has one.
    pub number: RuleNumber,
    /// What was accepted.
    pub definition: Arc<GroupDefinition>,
    /// Who decides its memberships.
    pub decides: Decides,
    /// Greater than the rank of every group it reads.
    pub rank: u32,
    /// The id as rules compare it.
    pub folded_id: Arc<str>,
}

impl CatalogGroup {
    /// Assigned or dynamic.
    #[must_use]
    pub fn mode(&self) -> GroupMode {
        match self.decides {
            Decides::Listing => GroupMode::Assigned,
            Decides::Rule(_) | Decides::Nobody(_) => GroupMode::Dynamic,
        }
    }

    /// The rule that the memberships follow now: none for assigned, paused and frozen groups.
    #[must_use]
    pub fn followed_rule(&self) -> Option<&Arc<Rule>> {
        match (&self.decides, self.definition.processing_state) {
            (Decides::Rule(rule), ProcessingState::On) => Some(rule),
            _ => None,
        }
    }

    /// The rule, followed or not.
    #[must_use]
    pub fn rule(&self) -> Option<&Arc<Rule>> {
        match &self.decides {
            Decides::Rule(rule) => Some(rule),
            Decides::Listing | Decides::Nobody(_) => None,
        }
    }
}

impl Catalog {
    /// An empty catalog whose rules are indexed so.
    #[must_use]
    pub fn new(index_kind: IndexKind) -> Catalog {
        Catalog::evaluated_by(index_kind, Evaluator::default())
    }

    /// The same, with rules that this evaluator understands.
    #[must_use]
    pub fn evaluated_by(index_kind: IndexKind, evaluator: Evaluator) -> Catalog {
        let nothing = TenantCatalog::new(index_kind, evaluator);
        Catalog { index_kind, evaluator, tenants: HashMap::new(), nothing }
    }

    /// Who decides by this definition, under the tenant's schema.
    #[must_use]
    pub fn decides(&self, definition: &GroupDefinition) -> Decides {
        Decides::of(definition, &self.tenant(&definition.tenant).schema, self.evaluator)
    }

    /// A tenant's definitions; those of an unknown tenant are empty.
    #[must_use]
    pub fn tenant(&self, tenant: &Tenant) -> &TenantCatalog {
        self.tenants.get(tenant).unwrap_or(&self.nothing)
    }

    /// Every tenant that ever had a definition.
    pub fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.keys()
    }

    /// Puts a definition in force.
    pub fn apply(&mut self, definition: &Definition) {
        match definition {
            Definition::Group { definition, decides } => {
                self.tenant_mut(&definition.tenant).put(definition, decides.clone());
            }
            Definition::GroupDeleted { tenant, id, .. } => {
                self.tenant_mut(tenant).delete(id);
            }
            Definition::Held(held) => {
                let GroupDefinition { tenant, id, .. } = &*held.definition;
                self.tenant_mut(tenant).held.insert(id.clone(), Arc::clone(held));
            }
            Definition::HeldEnded { tenant, id, .. } => drop(self.tenant_mut(tenant).held.remove(id)),
            Definition::Schema { request, .. } => self.restore_schema(request),
        }
    }

    /// Puts a schema in force. Rules mean what they meant before it; where it spells an attribute otherwise,
    /// they are compiled anew, so that causes name it so from now on, as they would after a restart.
    pub fn restore_schema(&mut self, request: &SchemaRequest) {
        let tenant = self.tenant_mut(&request.tenant);
        let before = std::mem::replace(&mut tenant.schema, Arc::clone(&request.schema));
        let respelt = request
            .schema
            .attributes()
            .any(|now| before.find(now.object, &now.name).is_some_and(|declared| declared.name != now.name));
        if respelt {
            let dynamic = tenant.groups().filter(|group| group.rule().is_some());
            let definitions: Vec<_> = dynamic.map(|group| Arc::clone(&group.definition)).collect();
            definitions.iter().for_each(|definition| self.restore_group(definition));
        }
    }

    /// Puts a stored definition in force again. A rule that does not compile any more freezes its group.
    pub fn restore_group(&mut self, definition: &Arc<GroupDefinition>) {
        let decides = self.decides(definition);
        self.tenant_mut(&definition.tenant).put(definition, decides);
    }

    fn tenant_mut(&mut self, tenant: &Tenant) -> &mut TenantCatalog {
        let (kind, evaluator) = (self.index_kind, self.evaluator);
        self.tenants.entry(tenant.clone()).or_insert_with(|| TenantCatalog::new(kind, evaluator))
    }
}

impl TenantCatalog {
    fn new(index_kind: IndexKind, evaluator: Evaluator) -> TenantCatalog {
        TenantCatalog {
            evaluator,
            schema: Arc::default(),
            groups: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            by_folded_id: HashMap::new(),
            readers: HashMap::new(),
            index: index_kind.build(),
            clock_terms: ClockTerms::default(),
            held: BTreeMap::new(),
        }
    }

    /// The attributes that the tenant declares.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// What understands the rules.
    #[must_use]
    pub fn evaluator(&self) -> Evaluator {
        self.evaluator
    }

    /// The index of the rules that are followed.
    #[must_use]
    pub fn index(&self) -> &dyn RuleIndex {
        &*self.index
    }

    /// The comparisons with the clock among them.
    #[must_use]
    pub fn clock_terms(&self) -> &ClockTerms {
        &self.clock_terms
    }

    /// The group of this id.
    #[must_use]
    pub fn group(&self, id: &GroupId) -> Option<&CatalogGroup> {
        self.by_number(*self.by_id.get(id)?)
    }

    /// The group of this number.
    #[must_use]
    pub fn by_number(&self, number: RuleNumber) -> Option<&CatalogGroup> {
        self.groups.get(number as usize)?.as_ref()
    }

    /// The group of this folded id.
    #[must_use]
    pub fn by_folded_id(&self, folded_id: &str) -> Option<&CatalogGroup> {
        self.by_number(*self.by_folded_id.get(folded_id)?)
    }

    /// All groups, in no order.
    pub fn groups(&self) -> impl Iterator<Item = &CatalogGroup> {
        self.groups.iter().flatten()
    }

    /// The edit of this group that waits to be confirmed.
    #[must_use]
    pub fn held(&self, id: &GroupId) -> Option<&Arc<HeldDefinition>> {
        self.held.get(id)
    }

    /// How many edits wait to be confirmed.
    #[must_use]
    pub fn held_count(&self) -> usize {
        self.held.len()
    }

    /// The dynamic groups, followed or not, whose rule reads the group of this folded id.
    pub fn readers(&self, folded_id: &str) -> impl Iterator<Item = &CatalogGroup> {
        self.readers.get(folded_id).into_iter().flatten().filter_map(|&number| self.by_number(number))
    }

    fn put(&mut self, definition: &Arc<GroupDefinition>, decides: Decides) {
        let number = match self.by_id.get(&definition.id) {
            Some(&number) => {
                self.detach(number);
                number
            }
            None => self.free.pop().unwrap_or_else(|| {
                self.groups.push(None);
                RuleNumber::try_from(self.groups.len() - 1).unwrap_or(RuleNumber::MAX)
            }),
        };
        let folded_id = definition.id.folded();
        let group = CatalogGroup {
            number,
            definition: Arc::clone(definition),
            decides,
            rank: 0,
            folded_id: Arc::clone(&folded_id),
        };
        if let Some(rule) = group.rule() {
            for source in rule.sources() {
                self.readers.entry(Arc::clone(source)).or_default().insert(number);
            }
        }
        if let Some(rule) = group.followed_rule() {
            self.index.insert(number, Arc::clone(rule));
            self.clock_terms.insert(number, rule);
        }
        self.by_id.insert(definition.id.clone(), number);
        self.by_folded_id.insert(folded_id, number);
        if let Some(place) = self.groups.get_mut(number as usize) {
            *place = Some(group);
        }
        self.rank(number);
    }

    fn delete(&mut self, id: &GroupId) {
        let Some(number) = self.by_id.remove(id) else { return };
        self.detach(number);
        if let Some(group) = self.groups.get_mut(number as usize).and_then(Option::take) {
            self.by_folded_id.remove(&group.folded_id);
        }
        self.free.push(number);
    }

    /// Takes the group's rule out of the index, the clock terms and the readers.
    fn detach(&mut self, number: RuleNumber) {
        let Some(Some(group)) = self.groups.get(number as usize) else { return };
        if let Some(rule) = group.followed_rule() {
            self.clock_terms.remove(number, rule);
            self.index.remove(number);
        }
        for source in group.rule().map(|rule| rule.sources()).unwrap_or_default() {
            if let Some(readers) = self.readers.get_mut(source) {
                readers.remove(&number);
                if readers.is_empty() {
                    self.readers.remove(source);
                }
            }
        }
    }

    /// Raises the rank of this group above its sources, and those of its readers above it. Ranks left
    /// higher than they need be do no harm. Ends because the registrar lets no cycle in.
    fn rank(&mut self, number: RuleNumber) {
        let mut queue = VecDeque::from([number]);
        while let Some(number) = queue.pop_front() {
            let Some(group) = self.by_number(number) else { continue };
            let sources = group.rule().map(|rule| rule.sources()).unwrap_or_default();
            let above =
                sources.iter().filter_map(|source| self.by_folded_id(source)).map(|source| source.rank);
            // A rule with sources ranks above rules without, be its sources there or not.
            let rank = if sources.is_empty() { 0 } else { 1 + above.max().unwrap_or(0) };
            queue.extend(
                self.readers(&group.folded_id).filter(|reader| reader.rank <= rank).map(|r| r.number),
            );
            if let Some(Some(group)) = self.groups.get_mut(number as usize) {
                group.rank = rank;
            }
        }
    }
}
