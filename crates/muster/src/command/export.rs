//! `muster export`: the current state as event lines, for an application with more partitions, or another one.
//!
//! What a group that follows its rule contains follows from its rule and the objects, so that neither its members
//! nor any partition is written. A paused group contains what it did when it was paused, which no rule says: it is
//! exported as an assigned group that lists its members, and made a paused one at the end.

mod definitions;

use super::config::ConfigArguments;
use crate::data;
use crate::failure::{Failure, Outcome};
use clap::Args;
use definitions::Definitions;
use muster_directory::{
    Event, GroupDefinition, GroupId, GroupOp, GroupPatch, GroupRequest, ListingChange, ListingOp,
    ObjectChange, ObjectId, ObjectOp, ProcessingState, SchemaRequest, Tenant,
};
use muster_engine::storage::{LocalGroup, MembershipImage, RecordImage, Restore, Storage, StorageError};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Write the current state as event lines
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// A data directory of `replay`; without it, that of the service, which must be at rest
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "set"])]
    data: Option<PathBuf>,
    /// Where the files go: a directory that is new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    source: ConfigArguments,
}

const AFTER_HELP: &str = "\
Writes four files, to be fed in the order of their names and each applied before
the next (`produce --wait`): 01-groups (schemas and what licensing needs, too),
02-objects, 03-listings, 04-paused-groups. Memberships come out the same; sequences, causes and times
begin anew. The groups of a service are read from its log.

Exit status: 0 done, 2 wrong usage or configuration, 3 a fault.

Examples:
  muster export --config muster.toml --out state
  muster export --data muster-data --out state && muster replay --events state/*.jsonl --deltas deltas.jsonl
  for part in state/*.jsonl; do muster produce --config larger.toml --wait $part; done";

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let (storage, definitions) = match &self.data {
            Some(dir) => {
                let storage = data::open_existing(dir)?;
                let definitions = Definitions::stored(&storage)?;
                (storage, definitions)
            }
            None => {
                let config = self.source.load()?;
                let storage = data::open_existing(&config.data.dir)?;
                (storage, Definitions::logged(&config)?)
            }
        };
        let mut files = Files::create(&self.out)?;
        for (tenant, schema) in &definitions.schemas {
            let request = SchemaRequest { tenant: tenant.clone(), schema: schema.clone() };
            files.groups.write(&Event::Schema(request))?;
        }
        for definition in definitions.groups.values() {
            files.groups.write(&upsert(definition, At::First))?;
        }
        for line in definitions.licensing.values() {
            files.groups.write_line(line.as_bytes())?;
        }
        for number in storage.partitions()? {
            let mut partition = ExportedPartition {
                files: &mut files,
                paused: &definitions.paused(),
                locals: BTreeMap::new(),
                failed: None,
            };
            storage.load(number, &mut partition)?;
            if let Some(error) = partition.failed {
                return Err(error.into());
            }
        }
        for definition in definitions.groups.values().filter(|definition| is_paused(definition)) {
            files.paused.write(&upsert(definition, At::Last))?;
        }
        files.finish()?;
        Ok(Outcome::Done)
    }
}

/// When a group's line is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the objects.
    First,
    /// After everything.
    Last,
}

fn is_paused(definition: &GroupDefinition) -> bool {
    definition.rule.is_some() && definition.processing_state == ProcessingState::Paused
}

fn upsert(definition: &GroupDefinition, at: At) -> Event {
    let listed_first = at == At::First && is_paused(definition);
    let rule = definition.rule.as_ref().filter(|_| !listed_first);
    let state = if listed_first { ProcessingState::On } else { definition.processing_state };
    let other = definition.other.iter().map(|(name, json)| (name.clone(), Some(json.clone())));
    Event::Group(GroupRequest {
        tenant: definition.tenant.clone(),
        id: definition.id.clone(),
        op: GroupOp::Upsert(GroupPatch {
            display_name: definition.display_name.clone().map(Some),
            membership_rule: rule.map(|rule| Some(rule.text.clone())),
            processing_state: (state == ProcessingState::Paused).then_some(Some(state)),
            dialect: rule.map(|rule| Some(rule.dialect)),
            other: other.collect(),
        }),
    })
}

/// Writes the objects of one partition as they are loaded: groups first, then objects, then memberships.
struct ExportedPartition<'a> {
    files: &'a mut Files,
    paused: &'a BTreeSet<(Tenant, GroupId)>,
    /// Paused groups by their numbers here.
    locals: BTreeMap<(Tenant, LocalGroup), GroupId>,
    failed: Option<std::io::Error>,
}

impl ExportedPartition<'_> {
    fn listings(
        &mut self,
        tenant: &Tenant,
        member: &ObjectId,
        image: &MembershipImage,
    ) -> std::io::Result<()> {
        let paused = image.groups.iter().filter_map(|local| self.locals.get(&(tenant.clone(), *local)));
        let groups: BTreeSet<&GroupId> = image.listed.iter().chain(paused).collect();
        for group in groups {
            let (tenant, group, member) = (tenant.clone(), group.clone(), member.clone());
            let change = ListingChange { tenant, group, member, op: ListingOp::Add, time: None };
            self.files.listings.write(&Event::Listing(change))?;
        }
        Ok(())
    }
}

impl Restore for ExportedPartition<'_> {
    fn record(&mut self, record: RecordImage) -> Result<(), StorageError> {
        let written = match record {
            RecordImage::Group(tenant, id, Some(image)) => {
                let key = (tenant, id);
                if self.paused.contains(&key) {
                    self.locals.insert((key.0, image.local), key.1);
                }
                Ok(())
            }
            RecordImage::Object(tenant, id, Some(object)) => {
                let op = ObjectOp::Upsert(object.attributes.into_patch());
                let change = ObjectChange { tenant, kind: object.kind, id, op, time: None };
                self.files.objects.write(&Event::Object(change))
            }
            RecordImage::Membership(tenant, id, Some(image)) => self.listings(&tenant, &id, &image),
            _ => Ok(()),
        };
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
        Ok(())
    }
}

/// The files, in the order in which they are fed.
struct Files {
    groups: Lines,
    objects: Lines,
    listings: Lines,
    paused: Lines,
}

impl Files {
    fn create(dir: &Path) -> Result<Files, Failure> {
        let shown = dir.display();
        std::fs::create_dir_all(dir)?;
        if std::fs::read_dir(dir)?.next().is_some() {
            return Err(Failure::usage(format!("`{shown}` is not empty: give another directory to --out")));
        }
        Ok(Files {
            groups: Lines::create(dir, "01-groups.jsonl")?,
            objects: Lines::create(dir, "02-objects.jsonl")?,
            listings: Lines::create(dir, "03-listings.jsonl")?,
            paused: Lines::create(dir, "04-paused-groups.jsonl")?,
        })
    }

    fn finish(self) -> Result<(), Failure> {
        for lines in [self.groups, self.objects, self.listings, self.paused] {
            eprintln!("{}: {} lines", lines.name, lines.count);
            lines.file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        }
        Ok(())
    }
}

struct Lines {
    name: &'static str,
    file: BufWriter<File>,
    count: u64,
    line: Vec<u8>,
}

impl Lines {
    fn create(dir: &Path, name: &'static str) -> Result<Lines, Failure> {
        let file = BufWriter::new(File::create(dir.join(name))?);
        Ok(Lines { name, file, count: 0, line: Vec::new() })
    }

    fn write(&mut self, event: &Event) -> std::io::Result<()> {
        self.line.clear();
        muster_wire::write_event(&mut self.line, event);
        self.count += 1;
        self.file.write_all(&self.line)
    }

    fn write_line(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.count += 1;
        self.file.write_all(line)?;
        self.file.write_all(b"\n")
    }
}
