//! `muster memberships`: the groups an object is in.

use super::parse_tenant;
use crate::data;
use crate::failure::{Failure, Outcome};
use clap::Args;
use muster_directory::Tenant;
use muster_engine::storage::{LocalGroup, RecordImage, Restore, Storage, StorageError};
use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::PathBuf;

/// List the groups of an object, from a data directory at rest
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The user or device
    #[arg(long, value_name = "ID")]
    object: String,
    /// Whose object
    #[arg(long, value_name = "T", default_value = "default", value_parser = parse_tenant)]
    tenant: Tenant,
}

const AFTER_HELP: &str = "\
Prints the ids of the groups that the user or device is a member of, one a line,
sorted by bytes.

Exit status: 0 done (also for an object in no group), 1 there is no such object,
2 wrong usage, 3 a fault.

Example:
  muster memberships --data muster-data --object u1";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let storage = data::open_existing(&self.data)?;
        let mut search = Search {
            tenant: self.tenant,
            object: self.object,
            exists: false,
            groups: HashMap::new(),
            found: BTreeSet::new(),
        };
        storage.load(0, &mut search)?;
        if !search.exists {
            eprintln!("there is no user or device `{}` in tenant `{}`", search.object, search.tenant);
            return Ok(Outcome::No);
        }
        let mut stdout = std::io::stdout().lock();
        for group in &search.found {
            writeln!(stdout, "{group}")?;
        }
        Ok(Outcome::Done)
    }
}

/// Looks for one object's groups among a partition's records.
struct Search {
    tenant: Tenant,
    object: String,
    exists: bool,
    /// The groups by their numbers.
    groups: HashMap<LocalGroup, String>,
    found: BTreeSet<String>,
}

impl Restore for Search {
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        match record {
            RecordImage::Group(tenant, id, Some(group)) if tenant == self.tenant => {
                self.groups.insert(group.local, id.as_str().to_owned());
            }
            RecordImage::Object(tenant, id, Some(_))
                if tenant == self.tenant && id.as_str() == self.object =>
            {
                self.exists = true;
            }
            RecordImage::Membership(tenant, id, Some(memberships))
                if tenant == self.tenant && id.as_str() == self.object =>
            {
                self.found =
                    memberships.groups.iter().filter_map(|local| self.groups.get(local).cloned()).collect();
            }
            _ => {}
        }
        Ok(())
    }
}
