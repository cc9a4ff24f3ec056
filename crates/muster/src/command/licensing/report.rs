//! `muster licensing report`: seats, users who wait, and errors, by product.

use super::AskedArguments;
use crate::answer::licences::{ProductAnswer, ReportAnswer};
use crate::failure::{Failure, Outcome};
use clap::Args;
use std::io::{IsTerminal, Write};

/// Count seats, users who wait and errors, by product
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    asked: AskedArguments,
    /// Print one JSON object, as is done where stdout is no terminal
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
A user waits for a product who wants it through a waiting source and holds no
seat of it. Errors count sources: one user may have several. Users in at least
one dynamic group are counted against the units of products with the service
plan AAD_PREMIUM or AAD_PREMIUM_P2.

A running `serve` or `licensing serve` is asked by its address, a data directory
at rest is read.

Exit status: 0 done, 2 wrong usage, 3 a fault.

Examples:
  muster licensing report --data muster-data --json
  muster licensing report --url http://127.0.0.1:8080";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let asked = &self.asked;
        let report: ReportAnswer = match &asked.url {
            None => ReportAnswer::from(&asked.stored.restore()?.report(&asked.stored.tenant)),
            Some(url) => {
                let answer = asked.ask(url, "report", &[])?;
                answer.map_err(|problem| Failure::usage(problem.message))?
            }
        };
        let mut stdout = std::io::stdout().lock();
        if self.json || !stdout.is_terminal() {
            writeln!(stdout, "{}", serde_json::to_string(&report).unwrap_or_default())?;
        } else {
            stdout.write_all(table(&report).as_bytes())?;
        }
        Ok(Outcome::Done)
    }
}

fn table(report: &ReportAnswer) -> String {
    let name = |product: &ProductAnswer| product.sku_part_number.as_ref().unwrap_or(&product.sku_id).clone();
    let width = report.products.iter().map(|product| name(product).chars().count()).max().unwrap_or(0).max(7);
    let mut text = format!(
        "{:<width$} {:>8} {:>8} {:>8} {:>8}  errors\n",
        "product", "seats", "used", "free", "waiting"
    );
    for product in &report.products {
        let errors: Vec<String> =
            product.errors.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let errors = if errors.is_empty() { "-".to_owned() } else { errors.join(", ") };
        let (seats, used) = (product.prepaid_units.enabled, product.consumed_units);
        let free = seats.saturating_sub(used);
        text += &format!(
            "{:<width$} {seats:>8} {used:>8} {free:>8} {:>8}  {errors}\n",
            name(product),
            product.waiting
        );
    }
    let dynamic = &report.dynamic_groups;
    text += &format!(
        "\n{} users are in at least one dynamic group; {} units that license them are owned\n",
        dynamic.unique_users, dynamic.owned_units
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
    use muster_licensing::{DynamicGroupUsers, ProductReport, Report};
    use std::collections::BTreeMap;

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
        assert_eq!(table(&ReportAnswer::from(&report)), expected);
    }
}
