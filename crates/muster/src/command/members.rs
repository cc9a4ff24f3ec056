//! `muster members`: who is in a group.

use super::parse_tenant;
use crate::data;
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_directory::Tenant;
use muster_engine::storage::{LocalGroup, RecordImage, Restore, Storage, StorageError};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// List the members of a group, from a data directory at rest
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The group
    #[arg(long, value_name = "ID")]
    group: String,
    /// Whose group
    #[arg(long, value_name = "T", default_value = "default", value_parser = parse_tenant)]
    tenant: Tenant,
}

const AFTER_HELP: &str = "\
Prints the ids of the members, one a line, sorted by bytes.

Exit status: 0 done (also for a group without members), 1 there is no such group,
2 wrong usage, 3 a fault.

Example:
  muster members --data muster-data --group guests-of-contoso";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let storage = data::open_existing(&self.data)?;
        let mut search = Search {
            tenant: self.tenant,
            group: self.group,
            exists: false,
            local: None,
            members: Vec::new(),
        };
        storage.load(0, &mut search)?;
        if !search.exists {
            eprintln!("there is no group `{}` in tenant `{}`", search.group, search.tenant);
            return Ok(Outcome::No);
        }
        search.members.sort_unstable();
        let mut stdout = BufWriter::new(std::io::stdout().lock());
        for member in &search.members {
            writeln!(stdout, "{member}")?;
        }
        stdout.flush()?;
        Ok(Outcome::Done)
    }
}

/// Looks for one group's members among a partition's records.
struct Search {
    tenant: Tenant,
    group: String,
    exists: bool,
    local: Option<LocalGroup>,
    members: Vec<String>,
}

impl Restore for Search {
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        match record {
            RecordImage::Definition(tenant, id, Some(_))
                if tenant == self.tenant && id.as_str() == self.group =>
            {
                self.exists = true;
            }
            RecordImage::Group(tenant, id, Some(group))
                if tenant == self.tenant && id.as_str() == self.group =>
            {
                self.local = Some(group.local);
            }
            RecordImage::Membership(tenant, id, Some(memberships)) if tenant == self.tenant => {
                if let Some(local) = self.local
                    && memberships.groups.binary_search(&local).is_ok()
                {
                    self.members.push(id.as_str().to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }
}
