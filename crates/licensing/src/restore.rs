//! State from records, and records from state.

use crate::arena::UserNo;
use crate::feed::Feed;
use crate::licensing::{Licensing, Numbering, POSITION};
use crate::member::Joined;
use crate::source::{Owner, Source, Standing, Terms};
use crate::tenant::TenantState;
use crate::user::KeptSeat;
use muster_directory::licence::{AssignedLicence, Assignment};
use muster_directory::{GroupId, Instant, ObjectId, SkuId, Tenant};
use muster_engine::storage::licensing::{
    AssignmentImage, KeptSeatImage, LicensedGroupImage, LicensedUserImage, LicensingImage, SourceStanding,
};
use muster_engine::storage::{PartitionNumber, RecordImage, Restore, Storage, StorageError};
use std::sync::Arc;

impl Licensing {
    /// What `storage` holds in this partition; where it holds nothing, a new one at `clock`.
    ///
    /// # Errors
    /// The storage's.
    pub fn restore(
        storage: &dyn Storage,
        partition: PartitionNumber,
        clock: Instant,
    ) -> Result<Licensing, StorageError> {
        let mut licensing = Licensing::new(clock);
        let Some(head) = storage.head(partition)? else { return Ok(licensing) };
        storage.load(partition, &mut licensing)?;
        licensing.entry = head.entry;
        licensing.position = head.positions.get(POSITION).copied().unwrap_or(0);
        licensing.numbering = Numbering { clock: head.clock, sequence: head.sequence, events: Vec::new() };
        licensing.tenants.values_mut().for_each(TenantState::restored);
        Ok(licensing)
    }

    /// The records of everything that changed since they were taken last.
    pub(crate) fn take_records(&mut self) -> Vec<RecordImage> {
        let mut images = Vec::new();
        for partition in std::mem::take(&mut self.dirty_feeds) {
            images.push(LicensingImage::Feed(partition, self.feeds.get(&partition).map(Feed::image)));
        }
        for (tenant, state) in &mut self.tenants {
            state.take_images(tenant, &mut images);
        }
        images.into_iter().map(RecordImage::Licensing).collect()
    }

    fn tenant(&mut self, tenant: Tenant) -> &mut TenantState {
        self.tenants.entry(tenant).or_insert_with(TenantState::new)
    }
}

impl Restore for Licensing {
    /// Products and groups come before users.
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        let RecordImage::Licensing(image) = record else { return Ok(()) };
        match image {
            LicensingImage::Feed(partition, Some(image)) => {
                self.feeds.insert(partition, Feed::restored(image));
            }
            LicensingImage::Settings(tenant, Some(settings)) => self.tenant(tenant).settings = settings,
            LicensingImage::Product(tenant, id, product) => {
                let state = self.tenant(tenant);
                let sku = state.sku_no(&id);
                state.set_product(sku, product);
            }
            LicensingImage::Group(tenant, id, Some(image)) => self.tenant(tenant).restore_group(&id, &image),
            LicensingImage::User(tenant, id, Some(image)) => self.tenant(tenant).restore_user(&id, image),
            LicensingImage::Feed(_, None)
            | LicensingImage::Settings(_, None)
            | LicensingImage::Group(_, _, None)
            | LicensingImage::User(_, _, None) => {}
        }
        Ok(())
    }
}

impl TenantState {
    fn restore_group(&mut self, id: &GroupId, image: &LicensedGroupImage) {
        let group = self.group_no(id);
        self.groups.get_mut(group).dynamic = image.dynamic;
        self.restore_terms(Owner::Group(group), None, image.assignment.as_ref());
    }

    fn restore_terms(&mut self, owner: Owner, user: Option<UserNo>, image: Option<&AssignmentImage>) {
        let Some(image) = image else { return };
        let terms = self.terms_from(&image.assignment, image.since);
        self.name_products(owner, user, None, Some(&terms));
        match (owner, user) {
            (Owner::Group(group), _) => self.groups.get_mut(group).terms = Some(Arc::new(terms)),
            (Owner::Direct, Some(user)) => self.users.get_mut(user).direct = Some(Arc::new(terms)),
            (Owner::Direct, None) => {}
        }
    }

    fn restore_user(&mut self, id: &ObjectId, image: LicensedUserImage) {
        let user = self.user_no(id);
        self.users.get_mut(user).location = image.usage_location;
        self.set_addresses(user, image.addresses);
        let mut sources: Vec<(Owner, u64, Standing)> = Vec::new();
        if let Some((assignment, standing)) = &image.direct {
            self.restore_terms(Owner::Direct, Some(user), Some(assignment));
            sources.push((Owner::Direct, assignment.since, (*standing).into()));
        }
        for (id, since) in &image.memberships {
            let group = self.group_no(id);
            self.groups.get_mut(group).members.insert(user);
            let memberships = &mut self.users.get_mut(user).memberships;
            let at = memberships.partition_point(|(other, _)| *other < group);
            memberships.insert(at, (group, *since));
            if self.groups.get(group).dynamic {
                self.count_dynamic(user, Joined::One);
            }
            if let Some(terms) = &self.groups.get(group).terms {
                let satisfied = image.satisfied.binary_search(id).is_ok();
                let standing = if satisfied { Standing::Satisfied } else { Standing::Waiting };
                sources.push((Owner::Group(group), (*since).max(terms.since), standing));
            }
        }
        for (owner, since, standing) in sources {
            self.users.get_mut(user).sources.push(Source { owner, since, standing, watch: None });
            if standing == Standing::Satisfied {
                let skus: Vec<_> =
                    self.terms(user, owner).into_iter().flat_map(|terms| terms.skus()).collect();
                skus.into_iter().for_each(|sku| self.take_seat(user, sku));
            }
        }
        for seat in image.kept {
            let sku = self.sku_no(&seat.sku);
            let mut plans: Vec<_> = seat.plans.iter().map(|plan| self.plan_no(plan)).collect();
            plans.sort_unstable();
            self.take_seat(user, sku);
            self.keep(user, KeptSeat { sku, kept: seat.kept, plans });
        }
    }

    /// Everything is loaded: puts waiting sources into their lists.
    fn restored(&mut self) {
        let users: Vec<UserNo> = self.users.numbers().collect();
        for user in users {
            let waiting: Vec<Owner> = self.users.get(user).waiting().collect();
            for owner in waiting {
                if self.violation(user, owner).is_some() {
                    continue;
                }
                let known = self.users.get(user);
                let lacks =
                    |sku: &crate::arena::SkuNo| !known.holds(*sku) && self.products.get(*sku).free() == 0;
                let lacking = self.terms(user, owner).and_then(|terms| terms.skus().find(lacks));
                let key = known.source(owner).and_then(|source| self.key(user, source));
                if let (Some(sku), Some(key)) = (lacking, key) {
                    self.watch(key, sku);
                }
            }
        }
    }

    fn take_images(&mut self, tenant: &Tenant, images: &mut Vec<LicensingImage>) {
        let dirty = std::mem::take(&mut self.dirty);
        if dirty.settings {
            let settings = self.settings.clone();
            let image = (settings != Default::default()).then_some(settings);
            images.push(LicensingImage::Settings(tenant.clone(), image));
        }
        for id in dirty.products {
            let product = self.products.find(&id).and_then(|sku| self.products.get(sku).product.clone());
            images.push(LicensingImage::Product(tenant.clone(), id, product));
        }
        for id in dirty.groups {
            let image = self.take_group(&id);
            images.push(LicensingImage::Group(tenant.clone(), id, image));
        }
        for id in dirty.users {
            let image = self.take_user(&id);
            images.push(LicensingImage::User(tenant.clone(), id, image));
        }
    }

    fn take_group(&mut self, id: &GroupId) -> Option<LicensedGroupImage> {
        let no = self.groups.find(id)?;
        self.groups.get_mut(no).dirty = false;
        let group = self.groups.get(no);
        let assignment = group.terms.as_deref().map(|terms| self.assignment_image(terms));
        (group.dynamic || assignment.is_some())
            .then_some(LicensedGroupImage { dynamic: group.dynamic, assignment })
    }

    fn take_user(&mut self, id: &ObjectId) -> Option<LicensedUserImage> {
        let no = self.users.find(id)?;
        self.users.get_mut(no).dirty = false;
        let user = self.users.get(no);
        if user.is_empty() {
            return None;
        }
        let group_id = |group| self.groups.get(group).id.clone();
        let mut memberships: Vec<_> =
            user.memberships.iter().map(|(group, since)| (group_id(*group), *since)).collect();
        memberships.sort_unstable();
        let satisfied = user.sources.iter().filter(|source| source.standing == Standing::Satisfied);
        let mut satisfied: Vec<GroupId> =
            satisfied.filter_map(|source| self.group_of(source.owner).cloned()).collect();
        satisfied.sort_unstable();
        let direct = user.direct.as_deref().map(|terms| {
            let standing = user.source(Owner::Direct).map_or(Standing::Waiting, |source| source.standing);
            (self.assignment_image(terms), standing.into())
        });
        let mut kept: Vec<KeptSeatImage> = user
            .kept
            .iter()
            .map(|seat| KeptSeatImage {
                sku: self.products.get(seat.sku).id.clone(),
                kept: seat.kept,
                plans: self.plan_ids(&seat.plans),
            })
            .collect();
        kept.sort_by(|a, b| a.sku.cmp(&b.sku));
        Some(LicensedUserImage {
            usage_location: user.location.clone(),
            addresses: user.addresses.clone(),
            memberships,
            direct,
            satisfied,
            kept,
        })
    }

    fn assignment_image(&self, terms: &Terms) -> AssignmentImage {
        let licence = |licence: &crate::source::Licence| {
            let sku: &SkuId = &self.products.get(licence.sku).id;
            AssignedLicence { sku: sku.clone(), disabled_plans: self.plan_ids(&licence.disabled) }
        };
        let mut licences: Vec<AssignedLicence> = terms.licences.iter().map(licence).collect();
        licences.sort_by(|a, b| a.sku.cmp(&b.sku));
        AssignmentImage { since: terms.since, assignment: Assignment { priority: terms.priority, licences } }
    }
}

impl From<SourceStanding> for Standing {
    fn from(standing: SourceStanding) -> Standing {
        match standing {
            SourceStanding::Satisfied => Standing::Satisfied,
            SourceStanding::Waiting => Standing::Waiting,
        }
    }
}

impl From<Standing> for SourceStanding {
    fn from(standing: Standing) -> SourceStanding {
        match standing {
            Standing::Satisfied | Standing::Gaining => SourceStanding::Satisfied,
            Standing::Waiting => SourceStanding::Waiting,
        }
    }
}
