//! Users and groups: memberships come and go, users move and leave, groups end.

use crate::arena::{GroupNo, UserNo};
use crate::source::Owner;
use crate::tenant::TenantState;
use muster_directory::delta::ObjectLife;
use muster_directory::licence::{Assignee, LicenceCause, UsageLocation};
use muster_directory::{
    AttributePatch, Cause, Delta, GroupId, MembershipChange, ObjectChange, ObjectId, ObjectKind, ObjectOp,
};
use muster_rule::{Attribute, Value, fold, property};
use std::sync::Arc;

impl TenantState {
    /// One membership delta of an event. First-level members only, users only.
    pub(crate) fn membership(&mut self, delta: &Delta) {
        if delta.member_kind != ObjectKind::User {
            return;
        }
        let known = self.users.find(&delta.member).zip(self.groups.find(&delta.group));
        match delta.change {
            MembershipChange::Added => {
                let (user, group) = (self.user_no(&delta.member), self.group_no(&delta.group));
                self.join(user, group, delta);
            }
            MembershipChange::Removed => {
                if let Some((user, group)) = known {
                    self.leave(user, group, delta);
                }
            }
        }
    }

    fn join(&mut self, user: UserNo, group: GroupNo, delta: &Delta) {
        let Err(at) = self.users.get(user).memberships.binary_search_by_key(&group, |(group, _)| *group)
        else {
            return;
        };
        let licensed = self.groups.get(group).terms.is_some();
        if licensed {
            self.touch_by(user, delta);
        }
        let since = self.event.position;
        self.users.get_mut(user).memberships.insert(at, (group, since));
        self.groups.get_mut(group).members.insert(user);
        if self.groups.get(group).dynamic {
            self.count_dynamic(user, Joined::One);
        }
        self.mark_user(user);
        if licensed {
            self.begin_source(user, Owner::Group(group));
        }
    }

    fn leave(&mut self, user: UserNo, group: GroupNo, delta: &Delta) {
        let Ok(at) = self.users.get(user).memberships.binary_search_by_key(&group, |(group, _)| *group)
        else {
            return;
        };
        let licensed = self.groups.get(group).terms.is_some();
        if licensed {
            self.touch_by(user, delta);
            self.unwatch(user, Owner::Group(group));
            if matches!(delta.cause, Cause::Change { object: Some(ObjectLife::Deleted), .. }) {
                self.let_go(user);
            }
        }
        let known = self.users.get_mut(user);
        known.memberships.remove(at);
        known.sources.retain(|source| source.owner != Owner::Group(group));
        self.groups.get_mut(group).members.remove(&user);
        if self.groups.get(group).dynamic {
            self.count_dynamic(user, Joined::None);
        }
        self.mark_user(user);
        if !licensed {
            self.forget_untouched(user);
        }
    }

    fn touch_by(&mut self, user: UserNo, delta: &Delta) {
        self.event.causes.push((LicenceCause::Membership(delta.cause.clone()), delta.source.clone()));
        self.touch(user, self.event.causes.len() - 1);
    }

    /// A user line: only location and addresses matter, and the end of the user.
    pub(crate) fn change_user(&mut self, change: &ObjectChange) {
        if change.kind != ObjectKind::User {
            return;
        }
        match &change.op {
            ObjectOp::Upsert(patch) => {
                let news = News::of(patch);
                self.tell_news(
                    &change.id,
                    News {
                        location: news.location.or(Some(None)),
                        addresses: news.addresses.or(Some(Vec::new())),
                    },
                );
            }
            ObjectOp::Patch(patch) => self.tell_news(&change.id, News::of(patch)),
            ObjectOp::Delete => self.end_user(&change.id),
        }
    }

    fn tell_news(&mut self, id: &ObjectId, news: News) {
        let nothing = news.location.iter().flatten().next().is_none()
            && news.addresses.iter().flatten().next().is_none();
        if nothing && self.users.find(id).is_none() {
            return;
        }
        let user = self.user_no(id);
        if let Some(location) = news.location
            && self.users.get(user).location != location
        {
            self.touch(user, 0);
            self.users.get_mut(user).location = location;
        }
        if let Some(addresses) = news.addresses
            && self.users.get(user).addresses != addresses
        {
            self.touch(user, 0);
            if self.has_unique {
                let sharing: Vec<UserNo> = addresses
                    .iter()
                    .filter_map(|address| self.addresses.get(address))
                    .flatten()
                    .copied()
                    .collect();
                for other in sharing {
                    self.touch(other, 0);
                }
            }
            self.set_addresses(user, addresses);
        }
    }

    pub(crate) fn set_addresses(&mut self, user: UserNo, addresses: Vec<Arc<str>>) {
        for address in std::mem::take(&mut self.users.get_mut(user).addresses) {
            if let Some(users) = self.addresses.get_mut(&address) {
                users.retain(|other| *other != user);
                if users.is_empty() {
                    self.addresses.remove(&address);
                }
            }
        }
        for address in &addresses {
            self.addresses.entry(Arc::clone(address)).or_default().push(user);
        }
        self.users.get_mut(user).addresses = addresses;
    }

    /// The end of a user. Memberships end by their deltas.
    pub(crate) fn end_user(&mut self, id: &ObjectId) {
        let Some(user) = self.users.find(id) else { return };
        self.touch(user, 0);
        self.let_go(user);
        self.assign(&Assignee::User(id.clone()), None);
        let known = self.users.get_mut(user);
        known.location = None;
        let kept: Vec<_> = known.kept.iter().map(|seat| seat.sku).collect();
        for sku in kept {
            self.end_keeping(user, sku);
        }
        self.set_addresses(user, Vec::new());
    }

    /// The end of a group ends its assignment. Memberships end by their deltas.
    pub(crate) fn end_group(&mut self, id: &GroupId) {
        self.assign(&Assignee::Group(id.clone()), None);
        self.set_dynamic(id, Dynamic::No);
    }

    /// Whether a group has a rule, as its line says.
    pub(crate) fn set_dynamic(&mut self, id: &GroupId, dynamic: Dynamic) {
        let dynamic = dynamic == Dynamic::Yes;
        let group = match self.groups.find(id) {
            None if !dynamic => return,
            _ => self.group_no(id),
        };
        if self.groups.get(group).dynamic == dynamic {
            return;
        }
        self.groups.get_mut(group).dynamic = dynamic;
        self.mark_group(group);
        let members: Vec<UserNo> = self.groups.get(group).members.iter().copied().collect();
        for user in members {
            self.count_dynamic(user, if dynamic { Joined::One } else { Joined::None });
        }
    }

    pub(crate) fn count_dynamic(&mut self, user: UserNo, joined: Joined) {
        let user = self.users.get_mut(user);
        match joined {
            Joined::One => {
                user.dynamic += 1;
                self.dynamic_users += u64::from(user.dynamic == 1);
            }
            Joined::None => {
                user.dynamic -= 1;
                self.dynamic_users -= u64::from(user.dynamic == 0);
            }
        }
    }

    /// Forgets the user now where the end of the event will not.
    fn forget_untouched(&mut self, user: UserNo) {
        if self.users.get(user).touched.0 != self.event.position {
            self.forget(user);
        }
    }
}

/// Whether a group has a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dynamic {
    Yes,
    No,
}

impl Dynamic {
    /// By whether the group's line names a rule.
    pub(crate) fn of(rule: Option<&Arc<str>>) -> Dynamic {
        if rule.is_some() { Dynamic::Yes } else { Dynamic::No }
    }
}

/// A user joined, or left, one dynamic group.
#[derive(Clone, Copy)]
pub(crate) enum Joined {
    One,
    None,
}

/// What a user line says; the outer `None`: nothing.
struct News {
    location: Option<Option<UsageLocation>>,
    addresses: Option<Vec<Arc<str>>>,
}

impl News {
    fn of(patch: &AttributePatch) -> News {
        let named = |name: &str| {
            let row = property::find_standard(ObjectKind::User, name)?;
            let wanted = Attribute::Standard(row.code);
            patch.known.iter().find(|(attribute, _)| *attribute == wanted).map(|(_, value)| value)
        };
        let location = named("usageLocation").map(|value| match value {
            Some(Value::Text(text)) => Some(UsageLocation::of_user(text.as_str())),
            _ => None,
        });
        let addresses = named("proxyAddresses").map(|value| match value {
            Some(Value::Texts(texts)) => {
                let mut addresses: Vec<Arc<str>> =
                    texts.iter().map(|text| Arc::from(fold::fold(text.as_str()).as_ref())).collect();
                addresses.sort_unstable();
                addresses.dedup();
                addresses
            }
            _ => Vec::new(),
        });
        News { location, addresses }
    }
}
