//! What can happen, as one line of input says it.

use crate::{AttributePatch, GroupId, GroupRequest, Instant, ObjectId, ObjectKind, SchemaRequest, Tenant};
use std::sync::Arc;

/// One input event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A user or a device changed.
    Object(ObjectChange),
    /// Whatever object has this id is gone (a record without a value on a topic).
    Tombstone(Tombstone),
    /// An object was listed in an assigned group, or unlisted.
    Listing(ListingChange),
    /// An administrator asks for a group to be created, changed or deleted.
    Group(GroupRequest),
    /// An administrator declares the tenant's own attributes.
    Schema(SchemaRequest),
    /// The clock is to be at least this (files only).
    Clock(Instant),
}

/// A change of one user or device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectChange {
    /// Whose object.
    pub tenant: Tenant,
    /// User or device.
    pub kind: ObjectKind,
    /// Which.
    pub id: ObjectId,
    /// What happened.
    pub op: ObjectOp,
    /// The source's own time, as written (RFC 3339); kept as cause, never used as the clock.
    pub time: Option<Arc<str>>,
}

/// What happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectOp {
    /// These are all its attributes; what is not named is null.
    Upsert(AttributePatch),
    /// These attributes changed; an unknown object is created.
    Patch(AttributePatch),
    /// It is gone.
    Delete,
}

/// The end of an object whose kind is not said: as [`ObjectOp::Delete`] of the object that has the
/// id, and without effect where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// Whose object.
    pub tenant: Tenant,
    /// Which.
    pub id: ObjectId,
}

/// An object listed in, or taken off, an assigned group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListingChange {
    /// Whose group and object.
    pub tenant: Tenant,
    /// The assigned group.
    pub group: GroupId,
    /// The object.
    pub member: ObjectId,
    /// On or off the list.
    pub op: ListingOp,
    /// As in [`ObjectChange::time`].
    pub time: Option<Arc<str>>,
}

/// Which way a listing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingOp {
    /// List it.
    Add,
    /// Take it off.
    Remove,
}
