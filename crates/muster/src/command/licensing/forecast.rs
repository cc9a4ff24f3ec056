//! `muster licensing forecast`: how many seats an edit of a rule would need.

use super::StoredArguments;
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_directory::{GroupId, MembershipChange, ObjectId};
use muster_licensing::{Forecast, ForecastChange, ProductForecast};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Say how many seats an edit of a group's rule would need
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    stored: StoredArguments,
    /// The group whose rule is edited
    #[arg(long, value_name = "ID")]
    group: String,
    /// What `muster preview --full` printed; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    preview: PathBuf,
    /// Print one JSON object, as is done where stdout is no terminal
    #[arg(long)]
    json: bool,
}

const AFTER_HELP: &str = "\
The edit is tried on a copy of the state: nothing is written.

Exit status: 0 everybody would get a seat, 1 some would wait, 2 wrong usage,
3 a fault.

Example:
  muster preview --data d --group g --rule 'user.city -eq \"Oslo\"' --full > edit
  muster licensing forecast --data licences --group g --preview edit";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let group = GroupId::new(&self.group).map_err(|rejection| Failure::usage(rejection.message))?;
        let changes = read_preview(&self.preview)?;
        let licensing = self.stored.restore()?;
        let forecast = licensing.forecast(&self.stored.tenant, &group, &changes).unwrap_or_default();
        let mut stdout = std::io::stdout().lock();
        if self.json || !stdout.is_terminal() {
            writeln!(stdout, "{}", serde_json::to_string(&Line::from(&forecast)).unwrap_or_default())?;
        }
        for line in sentences(&self.group, &forecast) {
            eprintln!("{line}");
        }
        let waits = forecast.products.iter().any(|product| product.waiting > 0);
        Ok(if waits { Outcome::No } else { Outcome::Done })
    }
}

fn sentences(group: &str, forecast: &Forecast) -> Vec<String> {
    if forecast.products.is_empty() {
        return vec![format!("no licences are assigned to group `{group}`: this rule edit needs no seats")];
    }
    forecast.products.iter().map(sentence).collect()
}

fn sentence(product: &ProductForecast) -> String {
    let name = product.part_number.as_deref().unwrap_or(product.sku.as_str());
    let seats = |count: u64| format!("{count} seat{}", if count == 1 { "" } else { "s" });
    let freed = match product.freed {
        0 => String::new(),
        freed => format!(" and {freed} become so"),
    };
    format!(
        "{name}: this rule edit needs {}, {} are free{freed}: {} would wait",
        seats(product.needed),
        product.free,
        product.waiting
    )
}

#[derive(Serialize)]
struct Line<'a> {
    products: Vec<ProductLine<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductLine<'a> {
    sku_id: &'a str,
    sku_part_number: Option<&'a str>,
    needed: u64,
    free: u64,
    freed: u64,
    waiting: u64,
}

impl<'a> From<&'a Forecast> for Line<'a> {
    fn from(forecast: &'a Forecast) -> Line<'a> {
        let product = |product: &'a ProductForecast| ProductLine {
            sku_id: product.sku.as_str(),
            sku_part_number: product.part_number.as_deref(),
            needed: product.needed,
            free: product.free,
            freed: product.freed,
            waiting: product.waiting,
        };
        Line { products: forecast.products.iter().map(product).collect() }
    }
}

/// One line of a preview: the counts first, then one object each.
#[derive(Deserialize)]
#[serde(untagged)]
enum PreviewLine {
    Change { id: String, change: PreviewChange },
    Counts { added: u64, removed: u64 },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum PreviewChange {
    Added,
    Removed,
}

fn read_preview(path: &Path) -> Result<Vec<ForecastChange>, Failure> {
    let shown = path.display();
    let unreadable = |reason| Failure::usage(format!("cannot read the preview `{shown}`: {reason}"));
    let reader: Box<dyn BufRead> = match path.to_str() {
        Some("-") => Box::new(std::io::stdin().lock()),
        _ => Box::new(BufReader::new(std::fs::File::open(path).map_err(unreadable)?)),
    };
    let (mut changes, mut counts) = (Vec::new(), None);
    for (number, line) in (1..).zip(reader.lines()) {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        let wrong = || {
            Failure::usage(format!(
                "line {number} of `{shown}` is no line of a preview: give what `muster preview --full` printed"
            ))
        };
        match serde_json::from_str(&line).map_err(|_| wrong())? {
            PreviewLine::Counts { added, removed } if counts.is_none() => counts = Some((added, removed)),
            PreviewLine::Counts { .. } => return Err(wrong()),
            PreviewLine::Change { id, change } => changes.push(ForecastChange {
                user: ObjectId::new(&id).map_err(|rejection| Failure::usage(rejection.message))?,
                change: match change {
                    PreviewChange::Added => MembershipChange::Added,
                    PreviewChange::Removed => MembershipChange::Removed,
                },
            }),
        }
    }
    let found = |wanted| changes.iter().filter(|change| change.change == wanted).count() as u64;
    let found = (found(MembershipChange::Added), found(MembershipChange::Removed));
    if counts.is_some_and(|counts| counts != found) {
        return Err(Failure::usage(format!(
            "`{shown}` does not list every object that it counts: give what `muster preview --full` printed"
        )));
    }
    Ok(changes)
}
