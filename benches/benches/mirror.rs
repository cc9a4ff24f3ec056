//! The mirror index over a large organisation: what a preview costs per operator, what an edit that flips many
//! memberships takes, and what a synchronisation does to the changes that come meanwhile.
//!
//! Everything is in memory but the edit's commits, which go to a store in a temporary directory.
//! `MUSTER_BENCH_OBJECTS`, `…_CHANGES`, `…_SLICE` and `…_SEED` set other sizes.
#![expect(clippy::expect_used, clippy::panic, reason = "a bench that cannot run should stop")]

use muster_directory::{Event, GroupId, GroupOp, GroupPatch, GroupRequest, Source, Tenant};
use muster_engine::storage::{Positions, Storage};
use muster_engine::{
    Budget, Catalog, Definition, Draft, Interpret, Partition, Registrar, Request, ValueCount, ValuesQuestion,
};
use muster_index::IndexKind;
use muster_loadgen::{Profile, Size, Workload};
use muster_rule::{AttributeType, Dialect, ObjectKind, Rule, Schema, Value};
use muster_store::{Changelog, Store};
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

/// Nothing is declared, so nothing is read anew.
struct NoValues;

impl Interpret for NoValues {
    fn read(&self, _: ObjectKind, _: AttributeType, _: &str) -> Option<Value> {
        None
    }

    fn write(&self, _: &Value) -> Box<str> {
        "null".into()
    }
}

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
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(directory.path(), Changelog::Off).expect("a store");
        let slice = number("SLICE", 1_000) as u64;
        self.define(r#"user.objectId -eq "nobody""#, Budget::Whole);
        let tenth = self.tenth();
        let mut first = 0;
        let (mut flipped, mut slices) = (0, 0);
        let began = Instant::now();
        self.define(&tenth, Budget::Objects(slice));
        let decided = began.elapsed();
        loop {
            let more = self.partition.synchronise(&self.catalog, Budget::Objects(slice));
            let mut entry = self.partition.take_entry(Positions::new(), self.version, Vec::new());
            flipped += entry.deltas.len();
            slices += 1;
            if first == 0 {
                first = entry.number - 1;
            }
            entry.number -= first;
            entry.sequence = flipped as u64;
            store.commit(0, std::slice::from_ref(&entry)).expect("a commit");
            if !more {
                break;
            }
        }
        let elapsed = began.elapsed();
        println!(
            "  an edit that flips {flipped} memberships: {:.2} s in {slices} synced commits; the first slice after {:.1} ms",
            elapsed.as_secs_f64(),
            millis(decided)
        );
    }

    /// Changes alone, and changes between slices.
    fn changes(&mut self) {
        let slice = number("SLICE", 1_000) as u64;
        let count = number("CHANGES", 100_000);
        let events: Vec<Event> = self.workload.changes_in(0..2 * count as u64).collect();
        let (alone, between) = events.split_at(count);
        self.define(r#"user.objectId -eq "nobody""#, Budget::Whole);
        let mut quiet = self.run(alone, None);
        let tenth = self.tenth();
        self.define(&tenth, Budget::Objects(0));
        let mut busy = self.run(between, Some(slice));
        println!("  {:<34} {:>9} {:>9} {:>9}", "a change and what precedes it", "p50 us", "p99 us", "max us");
        for (name, times) in [("without a synchronisation", &mut quiet), ("between slices of one", &mut busy)]
        {
            let at = |times: &mut Vec<Duration>, q| quantile(times, q).as_secs_f64() * 1e6;
            println!(
                "  {name:<34} {:>9.1} {:>9.1} {:>9.1}   ({} changes, slices of {slice})",
                at(times, 0.5),
                at(times, 0.99),
                at(times, 1.0),
                times.len()
            );
        }
    }

    /// How long each change takes, with a slice before it as long as there is one.
    fn run(&mut self, events: &[Event], slice: Option<u64>) -> Vec<Duration> {
        let mut times = Vec::new();
        for (number, event) in events.iter().enumerate() {
            let event = event.clone();
            let began = Instant::now();
            if let Some(slice) = slice
                && !self.partition.synchronise(&self.catalog, Budget::Objects(slice))
            {
                break;
            }
            change(&mut self.partition, &self.catalog, event);
            times.push(began.elapsed());
            if number % 100 == 0 {
                drop(self.partition.take_entry(Positions::new(), self.version, Vec::new()));
            }
        }
        times
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

fn number(name: &str, default: usize) -> usize {
    let name = format!("MUSTER_BENCH_{name}");
    match std::env::var(&name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => default,
    }
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
