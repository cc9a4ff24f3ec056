//! The keys under which everything lies, byte for byte.
//!
//! ```text
//! partition (u16, big-endian) · tenant · 0x00 · table (one byte) · id
//! ```
//!
//! Records of a partition as a whole bear the empty tenant, records of the directory as a whole also
//! the reserved number [`REGISTRAR_PARTITION`]. Ids hold no control characters, so 0x00 ends a tenant
//! and keys sort by partition, tenant, table and id, each by its bytes. Outbox numbers are u64,
//! big-endian. The bytes are a contract: a table's byte is never given to another table, not even
//! after the table is gone. Knows no values.

use crate::codec::Damage;
use muster_directory::{GroupId, ObjectId, Rejection, SkuId, Tenant};
use muster_engine::storage::{PartitionNumber, REGISTRAR_PARTITION};
use std::fmt;

/// The registry of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Table {
    /// Directory: the version of its format.
    Format = 0x01,
    /// Directory: its random id.
    Owner = 0x02,
    /// Partition: what it had reached at the last commit.
    Head = 0x03,
    /// Partition: what is published.
    Marker = 0x04,
    /// Partition: outbox entries by number, without record images.
    Entry = 0x05,
    /// Partition: the record images of outbox entries, by number.
    Images = 0x06,
    /// Partition: how far each partition of the deltas is folded, by its number (u32, big-endian).
    Feed = 0x07,
    /// Partition: the last lineage that this directory meant to claim. A wipe leaves it.
    Intent = 0x08,
    /// Partition: the change at which the engine failed. A wipe leaves it.
    Trouble = 0x09,
    /// Partition: what an operator decided about it. A wipe leaves it.
    Resolution = 0x0A,
    /// Tenant: its schema; the id is empty.
    Schema = 0x10,
    /// Tenant: group definitions, by group id.
    Definition = 0x11,
    /// Tenant: group states, by group id.
    Group = 0x12,
    /// Tenant: objects' attributes, by object id.
    Object = 0x13,
    /// Tenant: objects' memberships, by object id.
    Membership = 0x14,
    /// Tenant: its settings for licences; the id is empty.
    Settings = 0x20,
    /// Tenant: products, by product id.
    Product = 0x21,
    /// Tenant: groups as licensing knows them, by group id.
    LicensedGroup = 0x22,
    /// Tenant: users as licensing knows them, by object id.
    LicensedUser = 0x23,
}

impl Table {
    /// All tables there are.
    const ALL: [Table; 19] = [
        Table::Format,
        Table::Owner,
        Table::Head,
        Table::Marker,
        Table::Entry,
        Table::Images,
        Table::Feed,
        Table::Intent,
        Table::Trouble,
        Table::Resolution,
        Table::Schema,
        Table::Definition,
        Table::Group,
        Table::Object,
        Table::Membership,
        Table::Settings,
        Table::Product,
        Table::LicensedGroup,
        Table::LicensedUser,
    ];

    /// The tables of tenants' records, in the order in which a partition is loaded.
    pub(crate) const RECORDS: [Table; 9] = [
        Table::Schema,
        Table::Definition,
        Table::Group,
        Table::Object,
        Table::Membership,
        Table::Settings,
        Table::Product,
        Table::LicensedGroup,
        Table::LicensedUser,
    ];
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) partition: PartitionNumber,
    pub(crate) place: Place,
}

/// What lies under a key, within its partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Format,
    Owner,
    Head,
    Marker,
    Intent,
    Trouble,
    Resolution,
    Entry(u64),
    Images(u64),
    Schema(Tenant),
    Definition(Tenant, GroupId),
    Group(Tenant, GroupId),
    Object(Tenant, ObjectId),
    Membership(Tenant, ObjectId),
    Feed(u32),
    Settings(Tenant),
    Product(Tenant, SkuId),
    LicensedGroup(Tenant, GroupId),
    LicensedUser(Tenant, ObjectId),
}

impl Key {
    /// The key of something in this partition.
    pub(crate) fn new(partition: PartitionNumber, place: Place) -> Key {
        Key { partition, place }
    }

    /// The key of something that the directory has once.
    pub(crate) fn of_directory(place: Place) -> Key {
        Key { partition: REGISTRAR_PARTITION, place }
    }

    /// The key's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (number, feed);
        let (tenant, id): (&str, &[u8]) = match &self.place {
            Place::Format | Place::Owner | Place::Head | Place::Marker => ("", &[]),
            Place::Intent | Place::Trouble | Place::Resolution => ("", &[]),
            Place::Entry(entry) | Place::Images(entry) => {
                number = entry.to_be_bytes();
                ("", &number)
            }
            Place::Feed(partition) => {
                feed = partition.to_be_bytes();
                ("", &feed)
            }
            Place::Schema(tenant) | Place::Settings(tenant) => (tenant.as_str(), &[]),
            Place::Definition(tenant, id) | Place::Group(tenant, id) | Place::LicensedGroup(tenant, id) => {
                (tenant.as_str(), id.as_str().as_bytes())
            }
            Place::Object(tenant, id) | Place::Membership(tenant, id) | Place::LicensedUser(tenant, id) => {
                (tenant.as_str(), id.as_str().as_bytes())
            }
            Place::Product(tenant, id) => (tenant.as_str(), id.as_str().as_bytes()),
        };
        let mut bytes = Vec::with_capacity(4 + tenant.len() + id.len());
        put_prefix(&mut bytes, self.partition, tenant, self.place.table());
        bytes.extend_from_slice(id);
        bytes
    }

    /// The key's bytes without the partition: the same in each, as a changelog needs them.
    pub(crate) fn portable(place: Place) -> Vec<u8> {
        without_partition(&Key::new(0, place).encode()).to_vec()
    }

    /// The key that has these bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Key, Damage> {
        let (partition, rest) = bytes.split_first_chunk().ok_or_else(|| damaged(bytes))?;
        let place = Place::decode(rest)?;
        Ok(Key { partition: PartitionNumber::from_be_bytes(*partition), place })
    }
}

impl Place {
    /// Whose record it is; `None` for what belongs to no tenant.
    pub(crate) fn tenant(&self) -> Option<&Tenant> {
        match self {
            Place::Format | Place::Owner | Place::Head | Place::Marker => None,
            Place::Intent | Place::Trouble | Place::Resolution => None,
            Place::Entry(_) | Place::Images(_) | Place::Feed(_) => None,
            Place::Schema(tenant)
            | Place::Settings(tenant)
            | Place::Product(tenant, _)
            | Place::LicensedGroup(tenant, _)
            | Place::LicensedUser(tenant, _)
            | Place::Definition(tenant, _)
            | Place::Group(tenant, _)
            | Place::Object(tenant, _)
            | Place::Membership(tenant, _) => Some(tenant),
        }
    }

    fn table(&self) -> Table {
        match self {
            Place::Format => Table::Format,
            Place::Owner => Table::Owner,
            Place::Head => Table::Head,
            Place::Marker => Table::Marker,
            Place::Intent => Table::Intent,
            Place::Trouble => Table::Trouble,
            Place::Resolution => Table::Resolution,
            Place::Entry(_) => Table::Entry,
            Place::Images(_) => Table::Images,
            Place::Schema(_) => Table::Schema,
            Place::Definition(..) => Table::Definition,
            Place::Group(..) => Table::Group,
            Place::Object(..) => Table::Object,
            Place::Membership(..) => Table::Membership,
            Place::Feed(_) => Table::Feed,
            Place::Settings(_) => Table::Settings,
            Place::Product(..) => Table::Product,
            Place::LicensedGroup(..) => Table::LicensedGroup,
            Place::LicensedUser(..) => Table::LicensedUser,
        }
    }

    /// The place that has these bytes: a key without its partition.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Place, Damage> {
        let mut parts = bytes.splitn(2, |byte| *byte == 0);
        let (Some(tenant), Some((&table, id))) = (parts.next(), parts.next().and_then(<[u8]>::split_first))
        else {
            return Err(damaged(bytes));
        };
        let table =
            Table::ALL.into_iter().find(|known| *known as u8 == table).ok_or_else(|| damaged(bytes))?;
        let name = |name: &[u8]| std::str::from_utf8(name).map(str::to_owned).map_err(|_| damaged(bytes));
        let invalid = |_: Rejection| damaged(bytes);
        let whole = |place| if bytes.len() == 2 { Ok(place) } else { Err(damaged(bytes)) };
        let number = || match <[u8; 8]>::try_from(id) {
            Ok(number) if tenant.is_empty() => Ok(u64::from_be_bytes(number)),
            _ => Err(damaged(bytes)),
        };
        let tenant_name = || Tenant::new(&name(tenant)?).map_err(invalid);
        let group = || GroupId::new(&name(id)?).map_err(invalid);
        let object = || ObjectId::new(&name(id)?).map_err(invalid);
        match table {
            Table::Format => whole(Place::Format),
            Table::Owner => whole(Place::Owner),
            Table::Head => whole(Place::Head),
            Table::Marker => whole(Place::Marker),
            Table::Intent => whole(Place::Intent),
            Table::Trouble => whole(Place::Trouble),
            Table::Resolution => whole(Place::Resolution),
            Table::Entry => Ok(Place::Entry(number()?)),
            Table::Images => Ok(Place::Images(number()?)),
            Table::Feed => match <[u8; 4]>::try_from(id) {
                Ok(partition) if tenant.is_empty() => Ok(Place::Feed(u32::from_be_bytes(partition))),
                _ => Err(damaged(bytes)),
            },
            Table::Schema if id.is_empty() => Ok(Place::Schema(tenant_name()?)),
            Table::Settings if id.is_empty() => Ok(Place::Settings(tenant_name()?)),
            Table::Schema | Table::Settings => Err(damaged(bytes)),
            Table::Definition => Ok(Place::Definition(tenant_name()?, group()?)),
            Table::Group => Ok(Place::Group(tenant_name()?, group()?)),
            Table::Object => Ok(Place::Object(tenant_name()?, object()?)),
            Table::Membership => Ok(Place::Membership(tenant_name()?, object()?)),
            Table::Product => {
                let sku = SkuId::new(&name(id)?).map_err(invalid)?;
                Ok(Place::Product(tenant_name()?, sku))
            }
            Table::LicensedGroup => Ok(Place::LicensedGroup(tenant_name()?, group()?)),
            Table::LicensedUser => Ok(Place::LicensedUser(tenant_name()?, object()?)),
        }
    }
}

/// The keys from the first up to, but not including, the last.
pub(crate) struct KeyRange {
    pub(crate) from: Vec<u8>,
    pub(crate) to: Vec<u8>,
}

/// The bytes of a key behind its partition.
pub(crate) fn without_partition(key: &[u8]) -> &[u8] {
    key.get(size_of::<PartitionNumber>()..).unwrap_or_default()
}

/// Everything of the partitions in `from..to`.
pub(crate) fn partitions_from(from: PartitionNumber, to: PartitionNumber) -> KeyRange {
    KeyRange { from: from.to_be_bytes().to_vec(), to: to.to_be_bytes().to_vec() }
}

/// Everything of a partition but what stands there until somebody takes it away: intent, trouble, resolution.
pub(crate) fn whole_partition(partition: PartitionNumber) -> [KeyRange; 2] {
    let of_itself = KeyRange {
        from: Key::new(partition, Place::Head).encode(),
        to: Key::new(partition, Place::Intent).encode(),
    };
    [of_itself, tenants_after(partition, None)]
}

/// All records of one table of one tenant.
pub(crate) fn table_range(partition: PartitionNumber, tenant: &Tenant, table: Table) -> KeyRange {
    range_of(partition, tenant.as_str(), table)
}

/// How far all partitions of the deltas are folded.
pub(crate) fn feeds(partition: PartitionNumber) -> KeyRange {
    range_of(partition, "", Table::Feed)
}

fn range_of(partition: PartitionNumber, tenant: &str, table: Table) -> KeyRange {
    let mut from = Vec::new();
    put_prefix(&mut from, partition, tenant, table);
    let mut to = from.clone();
    // No table's byte is the last there is.
    if let Some(last) = to.last_mut() {
        *last += 1;
    }
    KeyRange { from, to }
}

/// All outbox entries of a partition that come after this one.
pub(crate) fn entries_after(partition: PartitionNumber, entry: u64) -> KeyRange {
    let from = match entry.checked_add(1) {
        Some(next) => Key::new(partition, Place::Entry(next)).encode(),
        None => Key::new(partition, Place::Images(0)).encode(),
    };
    KeyRange { from, to: Key::new(partition, Place::Images(0)).encode() }
}

/// All records of the tenants that come after this one (or of all tenants).
pub(crate) fn tenants_after(partition: PartitionNumber, tenant: Option<&Tenant>) -> KeyRange {
    // 0x01 sorts after the 0x00 that ends this tenant, and before the first byte of any tenant.
    let tenant = tenant.map_or("", Tenant::as_str);
    let from = [&partition.to_be_bytes(), tenant.as_bytes(), &[1]].concat();
    // No byte of UTF-8 is 0xFF.
    let to = [&partition.to_be_bytes()[..], &[0xFF]].concat();
    KeyRange { from, to }
}

fn put_prefix(bytes: &mut Vec<u8>, partition: PartitionNumber, tenant: &str, table: Table) {
    bytes.extend_from_slice(&partition.to_be_bytes());
    bytes.extend_from_slice(tenant.as_bytes());
    bytes.extend_from_slice(&[0, table as u8]);
}

fn damaged(bytes: &[u8]) -> Damage {
    Damage::new(format!("`{}` is no key", bytes.escape_ascii()))
}

impl fmt::Display for Key {
    /// For people who look for what is damaged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Format => return f.write_str("the directory's format record"),
            Place::Owner => return f.write_str("the directory's owner record"),
            Place::Head => f.write_str("the head")?,
            Place::Marker => f.write_str("the marker")?,
            Place::Intent => f.write_str("the intent to claim it")?,
            Place::Trouble => f.write_str("the change at which the engine failed")?,
            Place::Resolution => f.write_str("what was decided about it")?,
            Place::Entry(entry) => write!(f, "outbox entry {entry}")?,
            Place::Images(entry) => write!(f, "the record images of outbox entry {entry}")?,
            Place::Schema(tenant) => write!(f, "the schema of tenant `{tenant}`")?,
            Place::Definition(tenant, id) => {
                write!(f, "the definition of group `{id}` of tenant `{tenant}`")?;
            }
            Place::Group(tenant, id) => write!(f, "the state of group `{id}` of tenant `{tenant}`")?,
            Place::Object(tenant, id) => {
                write!(f, "the attributes of object `{id}` of tenant `{tenant}`")?;
            }
            Place::Membership(tenant, id) => {
                write!(f, "the memberships of object `{id}` of tenant `{tenant}`")?;
            }
            Place::Feed(deltas) => write!(f, "the position in partition {deltas} of the deltas")?,
            Place::Settings(tenant) => write!(f, "the licence settings of tenant `{tenant}`")?,
            Place::Product(tenant, id) => write!(f, "the product `{id}` of tenant `{tenant}`")?,
            Place::LicensedGroup(tenant, id) => {
                write!(f, "the licences of group `{id}` of tenant `{tenant}`")?;
            }
            Place::LicensedUser(tenant, id) => {
                write!(f, "the licences of user `{id}` of tenant `{tenant}`")?;
            }
        }
        match self.partition {
            REGISTRAR_PARTITION => f.write_str(" of the registrar"),
            partition => write!(f, " in partition {partition}"),
        }
    }
}

#[cfg(test)]
mod tests;
