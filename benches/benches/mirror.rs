//! The mirror index over a large organisation: what a preview costs per operator, what an edit that flips many
//! memberships takes, and what a synchronisation does to the changes that come meanwhile.
//!
//! Everything is in memory but the commits, which go to a store in a temporary directory. Changes come at a rate
//! (`MUSTER_BENCH_RATE` a second), whatever waits: each latency is from the instant at which a change was to come to
//! the end of the commit that has it, in turns like those of a service's partition. The same process measures alone,
//! between slices of synchronisations, and while previews are asked, in parts as the service asks them and at once.
//! `MUSTER_BENCH_OBJECTS`, `…_CHANGES`, `…_SLICE` and `…_SEED` set other sizes.
#![expect(clippy::expect_used, clippy::panic, reason = "a bench that cannot run should stop")]

use muster_benches::{NoValues, number};
use muster_directory::{Event, GroupId, GroupOp, GroupPatch, GroupRequest, Source, Tenant};
use muster_engine::storage::{Positions, Storage};
use muster_engine::{
    Against, Budget, Catalog, Definition, Draft, Inquiry, Partition, Registrar, Request, ValueCount,
    ValuesQuestion,
};
use muster_index::IndexKind;
use muster_loadgen::{Profile, Size, Workload};
use muster_rule::{Dialect, ObjectKind, Rule, Schema};
use muster_store::{Changelog, Store};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What each draft is asked this often.
const ROUNDS: usize = 7;

const DRAFTS: &[(&str, &str)] = &[
    ("eq, shared", r#"user.department -eq "{department}""#),
    ("in, shared", r#"user.department -in ["{department}", "Sales", "Nobody"]"#),
    ("ne, shared", r#"user.department -ne "{department}""#),
    ("eq null", "user.city -eq null"),
    ("startsWith, shared", r#"user.department -startsWith "s""#),
    ("endsWith, shared", r#"user.department -endsWith "s""#),
    ("contains, shared", r#"user.jobTitle -contains "an""#),
    ("match, shared", r#"user.jobTitle -match "^[a-m].*r""#),
    ("eq, unique", r#"user.mail -eq "nobody@example.com""#),
    ("startsWith, unique", r#"user.displayName -startsWith "an""#),
    ("startsWith, unique, all", r#"user.userPrincipalName -startsWith """#),
    ("endsWith, unique", r#"user.mail -endsWith "1@contoso.com""#),
    ("contains, unique", r#"user.displayName -contains "son""#),
    ("contains, unique, most", r#"user.mail -contains "@""#),
    ("match, unique", r#"user.mail -match "^[a-m].*[0-9]7@""#),
    ("boolean", "user.accountEnabled -eq true"),
    ("date", "user.employeeHireDate -le system.now -minus P365D"),
    ("collection of texts", r#"user.proxyAddresses -any (_ -startsWith "smtp:an")"#),
    ("collection of plans", r#"user.assignedPlans -any (assignedPlan.capabilityStatus -eq "Enabled")"#),
    (
        "conjunction",
        r#"(user.accountEnabled -eq true) -and (user.department -eq "{department}") -and (user.displayName -contains "an")"#,
    ),
];

struct Organisation {
    workload: Workload,
    catalog: Catalog,
    partition: Partition,
    version: u64,
}

fn main() {
    let size = Size { rules: 0, objects: number("OBJECTS", 1_000_000) };
    let seed = number("SEED", 1);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    println!("{} users, seed {seed}, {cores} cores", size.objects);
    let mut organisation = Organisation::new(Workload::new(Profile::Typical, size, seed as u64));
    println!("  resident after loading, bytes/object {:>10.0}", resident() / size.objects as f64);
    organisation.previews();
    println!("  resident after previews, bytes/object {:>9.0}", resident() / size.objects as f64);
    organisation.edit();
    organisation.changes();
}

impl Organisation {
    fn new(workload: Workload) -> Organisation {
        let mut partition = Partition::new(workload.now());
        let catalog = Catalog::new(IndexKind::Value);
        let began = Instant::now();
        for (number, event) in workload.users().enumerate() {
            change(&mut partition, &catalog, event);
            if number % 1_000 == 0 {
                drop(partition.take_entry(Positions::new(), 0, Vec::new()));
            }
        }
        drop(partition.take_entry(Positions::new(), 0, Vec::new()));
        println!("  loading, seconds {:>14.1}", began.elapsed().as_secs_f64());
        Organisation { workload, catalog, partition, version: 0 }
    }

    fn previews(&self) {
        let tenant = Tenant::default();
        let head = ["median ms", "worst ms", "cpu ms", "members"];
        println!("  {:<26} {:>9} {:>9} {:>9} {:>10}", "preview", head[0], head[1], head[2], head[3]);
        for (name, text) in DRAFTS {
            let text = text.replace("{department}", &self.department());
            let rule = parse(&text);
            let draft = Draft { tenant: &tenant, group: None, rule: &rule, now: None };
            let mut times = Vec::new();
            let mut members = 0;
            let before = on_processor();
            for _ in 0..ROUNDS {
                let began = Instant::now();
                members = self.partition.compare(&self.catalog, draft).preview(20).members();
                times.push(began.elapsed());
            }
            let (median, worst) = (quantile(&mut times, 0.5), quantile(&mut times, 1.0));
            let cpu = (on_processor() - before) / ROUNDS as f64;
            println!("  {name:<26} {:>9.2} {:>9.2} {cpu:>9.2} {members:>10}", millis(median), millis(worst));
        }
    }

    /// Whose members are flipped by an edit: a tenth of the organisation.
    fn edit(&mut self) {
        let slice = number("SLICE", 1_024) as u64;
        self.define(r#"user.objectId -eq "nobody""#, Budget::Whole);
        let tenth = self.tenth();
        let mut commits = Commits::new(&mut self.partition);
        let began = Instant::now();
        self.define(&tenth, Budget::Objects(slice));
        let decided = began.elapsed();
        while self.partition.synchronise(&self.catalog, Budget::Objects(slice)) {
            commits.commit(&mut self.partition);
        }
        commits.commit(&mut self.partition);
        println!(
            "  an edit that flips {} memberships: {:.2} s in {} synced commits; the first slice after {:.1} ms",
            commits.sequence,
            began.elapsed().as_secs_f64(),
            commits.entries,
            millis(decided)
        );
    }

    /// The latency of changes that come at a rate, under each load.
    fn changes(&mut self) {
        let count = number("CHANGES", 10_000);
        let rate = number("RATE", 1_000);
        let events: Vec<Event> = self.workload.changes_in(0..5 * count as u64).collect();
        println!(
            "  {count} changes each, {rate} a second, milliseconds from when they were to come to their commit"
        );
        println!("  {:<44} {:>7} {:>7} {:>7} {:>7} {:>6}", "meanwhile", "p50", "p99", "p99.9", "max", "done");
        let slice = number("SLICE", 1_024) as u64;
        let preview = Arc::new(parse(r#"user.displayName -contains "son""#));
        let loads = [
            Load::Nothing,
            Load::Synchronisations { slice, number: 0 },
            Load::PreviewsInParts { rule: Arc::clone(&preview), open: None },
            Load::PreviewsAtOnce { rule: preview },
            Load::Nothing,
        ];
        for (load, events) in loads.into_iter().zip(events.chunks(count)) {
            let name = load.name();
            let (mut times, done) = self.run(events, rate, load);
            let at = |times: &mut Vec<Duration>, share| millis(quantile(times, share));
            println!(
                "  {name:<44} {:>7.2} {:>7.2} {:>7.2} {:>7.2} {done:>6}",
                at(&mut times, 0.5),
                at(&mut times, 0.99),
                at(&mut times, 0.999),
                at(&mut times, 1.0)
            );
        }
    }

    /// How long each change takes, in turns like those of a partition; and how many edits or previews were done.
    fn run(&mut self, events: &[Event], rate: usize, mut load: Load) -> (Vec<Duration>, u64) {
        let mut commits = Commits::new(&mut self.partition);
        let apart = Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX);
        let mut times = Vec::with_capacity(events.len());
        let mut done = 0;
        let began = Instant::now();
        while times.len() < events.len() {
            let first = times.len();
            let is_due = |place: usize| began + apart * u32::try_from(place).unwrap_or(u32::MAX);
            let now = Instant::now();
            if is_due(first) > now && load.is_idle() {
                std::thread::sleep(is_due(first) - now);
            }
            done += u64::from(self.proceed(&mut load));
            let now = Instant::now();
            let due = (first..events.len()).take_while(|place| is_due(*place) <= now).take(4_096).count();
            for event in events.get(first..first + due).into_iter().flatten() {
                change(&mut self.partition, &self.catalog, event.clone());
            }
            if let Load::Synchronisations { slice, .. } = load {
                self.partition.synchronise(&self.catalog, Budget::Objects(slice));
            }
            commits.commit(&mut self.partition);
            let now = Instant::now();
            times.extend((first..first + due).map(|place| now.saturating_duration_since(is_due(place))));
        }
        while self.partition.synchronise(&self.catalog, Budget::Objects(4_096)) {
            commits.commit(&mut self.partition);
        }
        commits.commit(&mut self.partition);
        (times, done)
    }

    /// What a turn does beside its changes; whether an edit or a preview was done with it.
    fn proceed(&mut self, load: &mut Load) -> bool {
        let tenant = Tenant::default();
        match load {
            Load::Nothing => false,
            Load::Synchronisations { slice, number } => {
                if !self.partition.behind().is_empty() {
                    return false;
                }
                *number += 1;
                let tenth = self.tenth();
                let rules = [tenth.as_str(), r#"user.displayName -contains "son""#];
                let rule = rules.get(*number % 2).copied().unwrap_or_default().to_owned();
                let slice = *slice;
                self.define(&rule, Budget::Objects(slice));
                *number > 1
            }
            Load::PreviewsInParts { rule, open } => {
                let draft = Draft { tenant: &tenant, group: None, rule, now: None };
                let inquiry = open
                    .get_or_insert_with(|| Box::new(Inquiry::new(draft, Arc::clone(rule), Against::Stored)));
                let answer = self.partition.proceed(&self.catalog, inquiry, 16_384);
                let is_whole = answer.map(|comparison| comparison.preview(20).members()).is_some();
                if is_whole {
                    *open = None;
                }
                is_whole
            }
            Load::PreviewsAtOnce { rule } => {
                let draft = Draft { tenant: &tenant, group: None, rule, now: None };
                self.partition.compare(&self.catalog, draft).preview(20).members() > 0
            }
        }
    }

    fn define(&mut self, text: &str, budget: Budget) {
        self.version += 1;
        let patch = GroupPatch { membership_rule: Some(Some(text.into())), ..GroupPatch::default() };
        let id = GroupId::new("edited").expect("an id");
        let request =
            Request::Group(GroupRequest { tenant: Tenant::default(), id, op: GroupOp::Upsert(patch) });
        let registrar = Registrar { default_dialect: Dialect::Extended };
        let decided = registrar.decide(&self.catalog, request, self.version, &source());
        let definition: Definition = decided.expect("a definition").expect("a definition");
        self.catalog.apply(&definition);
        self.partition.define(&self.catalog, &definition, &NoValues, budget);
    }

    /// A department that many are in.
    fn department(&self) -> String {
        let most = self.values("department").into_iter().max_by_key(|value| value.count);
        most.map(|value| value.value.into_string()).unwrap_or_default()
    }

    /// A rule that selects about a tenth of the organisation.
    fn tenth(&self) -> String {
        let wanted = self.workload.size().objects as u64 / 10;
        let (mut chosen, mut selected) = (Vec::new(), 0);
        for value in self.values("city") {
            if selected + value.count <= wanted && chosen.len() < 60 {
                selected += value.count;
                chosen.push(format!("\"{}\"", value.value));
            }
        }
        format!("user.city -in [{}]", chosen.join(", "))
    }

    fn values(&self, name: &str) -> Vec<ValueCount> {
        let property = muster_rule::property::find(ObjectKind::User, name, &Schema::default());
        let attribute = property.expect("a property").attribute;
        let question = ValuesQuestion {
            tenant: &Tenant::default(),
            kind: ObjectKind::User,
            attribute: &attribute,
            prefix: "",
            after: None,
            limit: 10_000,
        };
        self.partition.values(&question).values().collect()
    }
}

/// What there is to do beside the changes.
enum Load {
    Nothing,
    /// One edit after the other, each flipping many.
    Synchronisations {
        slice: u64,
        number: usize,
    },
    /// One preview after the other.
    PreviewsInParts {
        rule: Arc<Rule>,
        open: Option<Box<Inquiry>>,
    },
    PreviewsAtOnce {
        rule: Arc<Rule>,
    },
}

impl Load {
    fn name(&self) -> &'static str {
        match self {
            Load::Nothing => "nothing",
            Load::Synchronisations { .. } => "synchronisations, one after the other",
            Load::PreviewsInParts { .. } => "previews, one after the other, in parts",
            Load::PreviewsAtOnce { .. } => "previews, one after the other, at once",
        }
    }

    fn is_idle(&self) -> bool {
        matches!(self, Load::Nothing)
    }
}

/// Entries, committed to a store of their own.
struct Commits {
    store: Store,
    _directory: tempfile::TempDir,
    before: u64,
    entries: u64,
    sequence: u64,
}

impl Commits {
    fn new(partition: &mut Partition) -> Commits {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(directory.path(), Changelog::Off).expect("a store");
        let before = partition.take_entry(Positions::new(), 0, Vec::new()).number;
        Commits { store, _directory: directory, before, entries: 0, sequence: 0 }
    }

    fn commit(&mut self, partition: &mut Partition) {
        if partition.step_is_empty() {
            return;
        }
        let mut entry = partition.take_entry(Positions::new(), 0, Vec::new());
        entry.number -= self.before;
        self.entries += 1;
        for delta in &mut entry.deltas {
            self.sequence += 1;
            delta.sequence = self.sequence;
        }
        entry.sequence = self.sequence;
        self.store.commit(0, std::slice::from_ref(&entry)).expect("a commit");
    }
}

fn change(partition: &mut Partition, catalog: &Catalog, event: Event) {
    let Event::Object(change) = event else { panic!("a change of an object") };
    partition.change(catalog, change, &source()).expect("the change is taken");
}

fn source() -> Source {
    Source::File { file: "bench".into(), line: 1 }
}

fn parse(text: &str) -> Rule {
    Rule::parse(text, Dialect::Extended, &Schema::default())
        .unwrap_or_else(|diagnostics| panic!("{text}: {diagnostics:?}"))
}

fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    times.get((last as f64 * share) as usize).copied().unwrap_or_default()
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Milliseconds that this thread has had a processor, which others want too.
fn on_processor() -> f64 {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = schedule.split(' ').next().and_then(|text| text.parse::<f64>().ok());
    nanoseconds.unwrap_or(f64::NAN) / 1e6
}

/// Bytes of memory in use, as the kernel counts them.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) * 1024.0
}
