//! Questions to the running subscriber, answered between two of its batches.

use super::Licences;
use muster_directory::{ObjectId, Tenant};
use muster_licensing::{DynamicGroupUsers, Explanation, Report};

impl Licences {
    /// A tenant's products; `None` while the subscriber is being restored.
    #[must_use]
    pub fn report(&self, tenant: &Tenant) -> Option<Report> {
        self.shared.licensing().as_ref().map(|licensing| licensing.report(tenant))
    }

    /// The products of all tenants, and users in dynamic groups over all of them.
    #[must_use]
    pub fn reports(&self) -> Option<(Vec<(Tenant, Report)>, DynamicGroupUsers)> {
        let licensing = self.shared.licensing();
        let licensing = licensing.as_ref()?;
        let reports = licensing.tenants().map(|tenant| (tenant.clone(), licensing.report(tenant)));
        Some((reports.collect(), licensing.dynamic_group_users()))
    }

    /// What a user has and wants; `None` while the subscriber is being restored, inside it `None` where nothing is
    /// known of the user.
    #[must_use]
    pub fn explain(&self, tenant: &Tenant, user: &ObjectId) -> Option<Option<Explanation>> {
        self.shared.licensing().as_ref().map(|licensing| licensing.explain(tenant, user))
    }
}
