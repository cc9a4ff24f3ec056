//! `muster licensing report`: seats, users who wait, and errors, by product.

use super::StoredArguments;
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_licensing::{ProductReport, Report};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};

/// Count seats, users who wait and errors, by product
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    stored: StoredArguments,
    /// Print one JSON object, as is done where stdout is no terminal
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
A user waits for a product who wants it through a waiting source and holds no
seat of it. Errors count sources: one user may have several. Users in at least
one dynamic group are counted against the units of products with the service
plan AAD_PREMIUM or AAD_PREMIUM_P2.

Exit status: 0 done, 2 wrong usage, 3 a fault.

Example:
  muster licensing report --data muster-data --json";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let report = self.stored.restore()?.report(&self.stored.tenant);
        let mut stdout = std::io::stdout().lock();
        if self.json || !stdout.is_terminal() {
            writeln!(stdout, "{}", serde_json::to_string(&Line::from(&report)).unwrap_or_default())?;
        } else {
            stdout.write_all(table(&report).as_bytes())?;
        }
        Ok(Outcome::Done)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    products: Vec<ProductLine<'a>>,
    dynamic_groups: DynamicGroups,
    /// The seats of each removal that waits for a confirmation.
    held_removals: &'a BTreeMap<u64, u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductLine<'a> {
    sku_id: &'a str,
    sku_part_number: Option<&'a str>,
    prepaid_units: Units,
    consumed_units: u64,
    waiting: u64,
    errors: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Units {
    enabled: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DynamicGroups {
    unique_users: u64,
    owned_units: u64,
}

impl<'a> From<&'a Report> for Line<'a> {
    fn from(report: &'a Report) -> Line<'a> {
        let product = |product: &'a ProductReport| ProductLine {
            sku_id: product.sku.as_str(),
            sku_part_number: product.part_number.as_deref(),
            prepaid_units: Units { enabled: product.enabled_units },
            consumed_units: product.consumed_units,
            waiting: product.waiting,
            errors: product.errors.iter().map(|(kind, count)| (kind.as_str(), *count)).collect(),
        };
        Line {
            products: report.products.iter().map(product).collect(),
            dynamic_groups: DynamicGroups {
                unique_users: report.dynamic_groups.users,
                owned_units: report.dynamic_groups.owned_units,
            },
            held_removals: &report.held_removals,
        }
    }
}

fn table(report: &Report) -> String {
    let name =
        |product: &ProductReport| product.part_number.as_deref().unwrap_or(product.sku.as_str()).to_owned();
    let width = report.products.iter().map(|product| name(product).chars().count()).max().unwrap_or(0).max(7);
    let mut text = format!(
        "{:<width$} {:>8} {:>8} {:>8} {:>8}  errors\n",
        "product", "seats", "used", "free", "waiting"
    );
    for product in &report.products {
        let errors: Vec<String> =
            product.errors.iter().map(|(kind, count)| format!("{} {count}", kind.as_str())).collect();
        let errors = if errors.is_empty() { "-".to_owned() } else { errors.join(", ") };
        let (seats, used) = (product.enabled_units, product.consumed_units);
        let free = seats.saturating_sub(used);
        text += &format!(
            "{:<width$} {seats:>8} {used:>8} {free:>8} {:>8}  {errors}\n",
            name(product),
            product.waiting
        );
    }
    let dynamic = report.dynamic_groups;
    text += &format!(
        "\n{} users are in at least one dynamic group; {} units that license them are owned\n",
        dynamic.users, dynamic.owned_units
    );
    for (number, seats) in &report.held_removals {
        text += &format!(
            "removal {number} is held: {seats} seats go when {{\"kind\":\"removal\",\"op\":\"confirm\",\"id\":\"{number}\"}} is read\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::SkuId;
    use muster_directory::licence::Violation;
    use muster_licensing::DynamicGroupUsers;

    #[test]
    fn the_table_says_what_the_report_does() {
        let product = ProductReport {
            sku: SkuId::new("s1").unwrap(),
            part_number: Some("EMSPREMIUM".into()),
            enabled_units: 2,
            consumed_units: 3,
            waiting: 1,
            errors: BTreeMap::from([(Violation::Count, 1)]),
        };
        let report = Report {
            products: vec![product],
            dynamic_groups: DynamicGroupUsers { users: 4, owned_units: 2 },
            held_removals: BTreeMap::from([(17, 9)]),
        };
        let expected = "\
product       seats     used     free  waiting  errors
EMSPREMIUM        2        3        0        1  CountViolation 1

4 users are in at least one dynamic group; 2 units that license them are owned
removal 17 is held: 9 seats go when {\"kind\":\"removal\",\"op\":\"confirm\",\"id\":\"17\"} is read
";
        assert_eq!(table(&report), expected);
    }
}
