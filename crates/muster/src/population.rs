//! Everybody in a data directory at rest, to be asked questions.
//!
//! Reads the records of one tenant from every partition. Groups count by their stored members, whatever their rules
//! say by now, so that no rule is compiled to answer. Changes nothing.

use crate::data;
use crate::failure::Failure;
use muster_directory::{
    GroupDefinition, GroupId, Instant, ProcessingState, Rejection, SchemaRequest, Source, Tenant,
};
use muster_engine::storage::{
    LICENSING_PARTITION, PartitionNumber, RecordImage, Restore, Storage, StorageError,
};
use muster_engine::{Catalog, Draft, FoundPage, Partition, Preview, ValuesPage, ValuesQuestion};
use muster_index::IndexKind;
use muster_rule::{Rule, Schema};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// One tenant's objects and groups.
pub(crate) struct Population {
    tenant: Tenant,
    /// Stands for the groups that are stored; has no rule.
    catalog: Catalog,
    partitions: Vec<Partition>,
    /// As they are stored beside the objects, which those of a service are not.
    definitions: Vec<GroupDefinition>,
}

impl Population {
    /// The tenant's part of the data directory `path`, which must exist.
    pub(crate) fn load(path: &Path, tenant: &Tenant) -> Result<Population, Failure> {
        let storage = data::open_existing(path)?;
        let mut population = Population {
            tenant: tenant.clone(),
            catalog: Catalog::new(IndexKind::Naive),
            partitions: Vec::new(),
            definitions: Vec::new(),
        };
        for number in 0..LICENSING_PARTITION {
            population.load_partition(&storage, number)?;
        }
        for partition in &mut population.partitions {
            partition.connect(&population.catalog);
        }
        Ok(population)
    }

    /// The attributes that the tenant declares, as far as the directory knows.
    pub(crate) fn schema(&self) -> Arc<Schema> {
        Arc::clone(self.catalog.tenant(&self.tenant).schema())
    }

    pub(crate) fn knows_group(&self, group: &GroupId) -> bool {
        self.catalog.tenant(&self.tenant).group(group).is_some()
    }

    /// The refusal of the rule for this group, if with it the group would depend on itself.
    pub(crate) fn cycle_with(&self, group: &GroupId, rule: &Rule) -> Option<Rejection> {
        if rule.sources().is_empty() {
            return None;
        }
        let mut catalog = Catalog::new(IndexKind::Naive);
        let schema = SchemaRequest { tenant: self.tenant.clone(), schema: self.schema() };
        catalog.restore_schema(&schema);
        for definition in &self.definitions {
            catalog.restore_group(&Arc::new(definition.clone()));
        }
        catalog.tenant(&self.tenant).cycle_with(group, rule)
    }

    /// What the draft would do, with at most so many samples; and `full` gets everybody who would join or leave.
    pub(crate) fn preview(&self, draft: Draft<'_>, samples: usize, full: Option<&mut Changes>) -> Preview {
        let mut preview = Preview::default();
        let mut changes = Changes::new();
        for partition in &self.partitions {
            let comparison = partition.compare(&self.catalog, draft);
            preview.merge(comparison.preview(samples), samples);
            if full.is_some() {
                changes.extend(comparison.changes().map(|(id, change)| (id.clone(), change)));
            }
        }
        if let Some(full) = full {
            changes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            *full = changes;
        }
        preview
    }

    /// The objects that the draft's rule selects, a page of them.
    pub(crate) fn find(&self, draft: Draft<'_>, after: Option<&str>, limit: usize) -> FoundPage {
        let mut page = FoundPage::default();
        for partition in &self.partitions {
            page.merge(partition.find(&self.catalog, draft, after, limit), limit);
        }
        page
    }

    /// The values of an attribute, a page of them.
    pub(crate) fn values(&self, question: &ValuesQuestion<'_>) -> ValuesPage {
        let mut page = ValuesPage::default();
        for partition in &self.partitions {
            page.merge(partition.values(question), question.limit);
        }
        page
    }

    fn load_partition(&mut self, storage: &dyn Storage, number: PartitionNumber) -> Result<(), Failure> {
        let Some(head) = storage.head(number)? else { return Ok(()) };
        let mut loading = Loading { population: self, partition: Partition::after(&head) };
        storage.load(number, &mut loading)?;
        let Loading { partition, .. } = loading;
        self.partitions.push(partition);
        Ok(())
    }
}

/// Who would join or leave, sorted by id.
pub(crate) type Changes = Vec<(muster_directory::ObjectId, muster_directory::MembershipChange)>;

/// Where a partition's records go.
struct Loading<'a> {
    population: &'a mut Population,
    partition: Partition,
}

impl Restore for Loading<'_> {
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        let wanted = &self.population.tenant;
        match record {
            RecordImage::Schema(tenant, Some((_, request))) if tenant == *wanted => {
                self.population.catalog.restore_schema(&request);
            }
            RecordImage::Definition(tenant, _, Some(definition)) if tenant == *wanted => {
                self.population.definitions.push(definition);
            }
            RecordImage::Group(tenant, id, Some(image)) if tenant == *wanted => {
                self.population.catalog.restore_group(&Arc::new(stand_in(&tenant, &id)));
                return self.partition.restore_record(RecordImage::Group(tenant, id, Some(image)));
            }
            RecordImage::Object(ref tenant, ..) | RecordImage::Membership(ref tenant, ..)
                if tenant == wanted =>
            {
                return self.partition.restore_record(record);
            }
            _ => {}
        }
        Ok(())
    }
}

/// A group that has the members that are stored, whoever decides about them.
fn stand_in(tenant: &Tenant, id: &GroupId) -> GroupDefinition {
    GroupDefinition {
        tenant: tenant.clone(),
        id: id.clone(),
        version: 0,
        created: 0,
        display_name: None,
        rule: None,
        processing_state: ProcessingState::On,
        other: BTreeMap::new(),
        source: Source::File { file: "".into(), line: 0 },
    }
}

/// A draft that nobody is compared with.
pub(crate) fn nobodys<'a>(tenant: &'a Tenant, rule: &'a Rule, now: Option<Instant>) -> Draft<'a> {
    Draft { tenant, group: None, rule, now }
}
