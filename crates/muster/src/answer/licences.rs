//! Answers about licences as JSON: the same from a directory at rest, over HTTP, and read back from there.

use muster_directory::PlanId;
use muster_directory::licence::{Kept, SourceState};
use muster_licensing::{Explanation, Licence, ProductReport, Report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What `muster licensing report` prints.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportAnswer {
    pub(crate) products: Vec<ProductAnswer>,
    pub(crate) dynamic_groups: DynamicGroupsAnswer,
    /// The seats of each removal that waits for a confirmation.
    pub(crate) held_removals: BTreeMap<u64, u64>,
}

/// One product.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductAnswer {
    pub(crate) sku_id: String,
    pub(crate) sku_part_number: Option<String>,
    pub(crate) prepaid_units: UnitsAnswer,
    pub(crate) consumed_units: u64,
    pub(crate) waiting: u64,
    pub(crate) errors: BTreeMap<String, u64>,
}

/// Seats there are.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct UnitsAnswer {
    pub(crate) enabled: u64,
}

/// Users in at least one dynamic group, against the units that license them.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DynamicGroupsAnswer {
    pub(crate) unique_users: u64,
    pub(crate) owned_units: u64,
}

/// What `muster licensing explain` prints.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplainAnswer {
    pub(crate) user_id: String,
    pub(crate) licenses: Vec<LicenceAnswer>,
}

/// What a user has of one product.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LicenceAnswer {
    pub(crate) sku_id: String,
    /// For people, where the product's name is at hand.
    #[serde(skip)]
    pub(crate) sku_part_number: Option<String>,
    pub(crate) enabled_plans: Vec<String>,
    pub(crate) states: Vec<StateAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kept_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) held_removal: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting_position: Option<u64>,
}

/// One source and how it stands.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct StateAnswer {
    pub(crate) group: Option<String>,
    pub(crate) state: String,
    pub(crate) error: String,
}

impl From<&Report> for ReportAnswer {
    fn from(report: &Report) -> ReportAnswer {
        let product = |product: &ProductReport| ProductAnswer {
            sku_id: product.sku.as_str().to_owned(),
            sku_part_number: product.part_number.as_deref().map(str::to_owned),
            prepaid_units: UnitsAnswer { enabled: product.enabled_units },
            consumed_units: product.consumed_units,
            waiting: product.waiting,
            errors: product.errors.iter().map(|(kind, count)| (kind.as_str().to_owned(), *count)).collect(),
        };
        ReportAnswer {
            products: report.products.iter().map(product).collect(),
            dynamic_groups: DynamicGroupsAnswer {
                unique_users: report.dynamic_groups.users,
                owned_units: report.dynamic_groups.owned_units,
            },
            held_removals: report.held_removals.clone(),
        }
    }
}

impl ExplainAnswer {
    /// What is known of this user.
    pub(crate) fn new(user: &str, explanation: &Explanation) -> ExplainAnswer {
        let licenses = explanation.licences.iter().map(LicenceAnswer::from).collect();
        ExplainAnswer { user_id: user.to_owned(), licenses }
    }
}

impl From<&Licence> for LicenceAnswer {
    fn from(licence: &Licence) -> LicenceAnswer {
        let Licence { sku, part_number, enabled_plans, states, kept, waiting_position, .. } = licence;
        let (kept_until, held_removal) = match kept {
            None => (None, None),
            Some(Kept::Until(instant)) => (Some(instant.to_string()), None),
            Some(Kept::Unconfirmed(number)) => (None, Some(*number)),
        };
        LicenceAnswer {
            sku_id: sku.as_str().to_owned(),
            sku_part_number: part_number.as_deref().map(str::to_owned),
            enabled_plans: enabled_plans.iter().map(PlanId::to_string).collect(),
            states: states.iter().map(StateAnswer::from).collect(),
            kept_until,
            held_removal,
            waiting_position: *waiting_position,
        }
    }
}

impl LicenceAnswer {
    /// Whether the user holds a seat: some source is satisfied, or the seat is kept without one.
    pub(crate) fn has_seat(&self) -> bool {
        let is_kept = self.kept_until.is_some() || self.held_removal.is_some();
        is_kept || self.states.iter().any(|state| state.state != "Error")
    }
}

impl From<&SourceState> for StateAnswer {
    fn from(state: &SourceState) -> StateAnswer {
        StateAnswer {
            group: state.group.as_ref().map(ToString::to_string),
            state: state.state.as_str().to_owned(),
            error: state.state.violation().map_or("None", |violation| violation.as_str()).to_owned(),
        }
    }
}
