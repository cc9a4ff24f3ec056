//! A partition's records, handed over whole: the feeds first, then of all tenants schemas, definitions,
//! groups, objects, memberships and what licensing knows, each kind in the order of its keys.

use crate::codec::Damage;
use crate::database::View;
use crate::key::{self, Key, KeyRange, Table};
use crate::record;
use muster_directory::Tenant;
use muster_engine::storage::{PartitionNumber, Restore, StorageError};
use std::ops::ControlFlow;

/// Hands every record of the partition to `restore`.
pub(crate) fn load(
    view: &View<'_>,
    partition: PartitionNumber,
    restore: &mut dyn Restore,
) -> Result<(), StorageError> {
    let tenants = tenants(view, partition)?;
    load_range(view, key::feeds(partition), restore)?;
    for table in Table::RECORDS {
        for tenant in &tenants {
            load_range(view, key::table_range(partition, tenant, table), restore)?;
        }
    }
    Ok(())
}

fn load_range(view: &View<'_>, range: KeyRange, restore: &mut dyn Restore) -> Result<(), StorageError> {
    view.scan(range, |key, value| {
        let key = decode_key(key)?;
        let place = key.place.clone();
        match record::decode(place, value).map_err(|damage| damage.at(&key))? {
            Some(record) => restore.record(record)?,
            None => return Err(Damage::new("it is not a record").at(&key)),
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// The tenants that have any record here, sorted: one seek for each.
fn tenants(view: &View<'_>, partition: PartitionNumber) -> Result<Vec<Tenant>, StorageError> {
    let mut tenants = Vec::new();
    loop {
        let mut next = None;
        view.scan(key::tenants_after(partition, tenants.last()), |key, _| {
            next = Some(decode_key(key)?);
            Ok(ControlFlow::Break(()))
        })?;
        let Some(key) = next else { return Ok(tenants) };
        match key.place.tenant() {
            Some(tenant) => tenants.push(tenant.clone()),
            None => return Err(Damage::new("it is not a record").at(&key)),
        }
    }
}

fn decode_key(bytes: &[u8]) -> Result<Key, StorageError> {
    Key::decode(bytes).map_err(|damage| damage.at("a key"))
}
