//! Licences back into the changes: what each user has, as a patch of the user, so that rules can read
//! `user.assignedPlans`.
//!
//! A reader of the licence events, on a thread of its own. For each user that they name, what the user has *now*
//! is written, in one transaction with the position reached; so a kill doubles nothing, and the last patch says
//! what the last event does. Which products a group gives and takes by turns because of that, `flaps` finds;
//! these are left out.

use super::LicensingShared;
use super::flaps::Flap;
use crate::Fault;
use crate::stop::Stop;
use muster_directory::licence::{AssignmentState, LicenceChange};
use muster_directory::{ObjectId, PlanId, SkuId, Tenant};
use muster_stream::log::{
    Batch, LogError, NewRecord, Progress, ReadLimits, TopicPartition, WriteError, Writer,
};
use muster_wire::{LicenceNotice, feedback_record};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long one poll waits.
const POLL: Duration = Duration::from_millis(50);
/// Before it begins again from the log's own state, after a write of which it is not known what became of it.
const BACK_OFF: Duration = Duration::from_millis(500);

/// Feeds back until `stop` is requested.
///
/// # Errors
/// What no waiting cures.
pub(super) fn run(shared: &LicensingShared, stop: &Stop) -> Result<(), Fault> {
    while !stop.is_requested() {
        let fault = match follow(shared, stop) {
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        };
        match &fault {
            Fault::Write(WriteError::Doubtful { .. }) | Fault::Log(LogError::Unreachable { .. }) => {}
            // Whoever does licensing now feeds back, too.
            Fault::Write(WriteError::Fenced { .. }) => return Ok(()),
            _ => return Err(fault),
        }
        tracing::warn!(%fault, "feeding licences back begins again");
        stop.wait(BACK_OFF);
    }
    Ok(())
}

fn follow(shared: &LicensingShared, stop: &Stop) -> Result<(), Fault> {
    let licenses = TopicPartition::new(Arc::clone(&shared.options.service.topics.licenses), 0);
    let mut writer = shared.log.writer("feedback")?;
    let committed = writer.committed(&licenses)?;
    let mut next = match &committed {
        Some(progress) => {
            shared.flaps().restore(&progress.metadata);
            progress.next
        }
        None => shared.log.bounds(&licenses)?.first,
    };
    let mut reader = shared.log.reader(ReadLimits::default())?;
    reader.assign(&licenses, next)?;
    while !stop.is_requested() {
        let mut users = again(shared);
        if let Some(Batch { records, next: reached, .. }) = reader.poll(POLL)? {
            for record in &records {
                let value = record.value.as_deref().unwrap_or_default();
                let notice = muster_wire::read_licence_event(value).map_err(|reason| {
                    let offset = record.offset;
                    Fault::Contradiction(format!(
                        "the record at offset {offset} of {licenses} is no licence event: {reason}"
                    ))
                })?;
                take(shared, notice, &mut users);
            }
            next = reached;
        } else if users.is_empty() {
            continue;
        }
        write(shared, &mut *writer, &users, &licenses, next)?;
    }
    Ok(())
}

type Users = BTreeSet<(Tenant, ObjectId)>;

/// Takes note of an event.
fn take(shared: &LicensingShared, notice: LicenceNotice, users: &mut Users) {
    let found = shared.flaps().learn(&notice);
    for Flap { tenant, group, sku } in found {
        tracing::warn!(
            %tenant, %group, product = %sku,
            "the group gives the product to users whom its rule then excludes for having it, and takes it again: \
             the product is not fed back for this group until its rule or its assignment changes"
        );
        shared.observer.flap(&tenant, &group, &sku, true);
    }
    if !matches!(notice.change, LicenceChange::Waiting | LicenceChange::Failed) {
        users.insert((notice.tenant, notice.user));
    }
}

/// The members of groups that may be fed back again.
fn again(shared: &LicensingShared) -> Users {
    let groups = shared.flaps().take_changed();
    if groups.is_empty() {
        return Users::new();
    }
    let licensing = shared.licensing();
    let members = |(tenant, group)| {
        let members = licensing.as_ref().map(|licensing| licensing.members(&tenant, &group));
        members.into_iter().flatten().map(move |user| (tenant.clone(), user)).collect::<Vec<_>>()
    };
    groups.into_iter().flat_map(members).collect()
}

fn write(
    shared: &LicensingShared,
    writer: &mut dyn Writer,
    users: &Users,
    licenses: &TopicPartition,
    next: u64,
) -> Result<(), Fault> {
    let records: Vec<NewRecord> = {
        let licensing = shared.licensing();
        users
            .iter()
            .filter_map(|(tenant, user)| {
                let explained = licensing.as_ref()?.explain(tenant, user);
                Some(patch(shared, tenant, user, explained))
            })
            .collect()
    };
    let metadata = shared.flaps().to_metadata();
    Ok(writer.write(&records, &[Progress { of: licenses.clone(), next, metadata }])?)
}

/// What the user has, as a change.
fn patch(
    shared: &LicensingShared,
    tenant: &Tenant,
    user: &ObjectId,
    explained: Option<muster_licensing::Explanation>,
) -> NewRecord {
    let (mut plans, mut skus): (BTreeSet<PlanId>, BTreeSet<SkuId>) = Default::default();
    let flaps = shared.flaps();
    for licence in explained.into_iter().flat_map(|explained| explained.licences) {
        let gives = |state: &muster_directory::licence::SourceState| {
            let is_satisfied = !matches!(state.state, AssignmentState::Error(_));
            let flaps = state.group.as_ref().is_some_and(|group| flaps.is(tenant, group, &licence.sku));
            is_satisfied && !flaps
        };
        let is_kept = licence.kept.is_some() && !flaps.has(tenant, &licence.sku);
        if licence.has_seat && (is_kept || licence.states.iter().any(gives)) {
            plans.extend(licence.enabled_plans);
            skus.insert(licence.sku);
        }
    }
    let service = &shared.options.service;
    let record = feedback_record(tenant, user, &plans, &skus);
    let key = record.key.as_deref().unwrap_or_default();
    let partition = service.partitioner.partition_of(key, service.partitions);
    let topic = service.topics.changes.first().cloned().unwrap_or_else(|| "".into());
    NewRecord::placed(TopicPartition::new(topic, partition), record)
}
