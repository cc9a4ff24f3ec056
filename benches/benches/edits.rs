//! One rule among many: what adding, editing and removing it takes, and what the change behind it waits.
//!
//! Everything is in memory. Each edit is decided by the registrar, put in force in the catalog, and synchronised
//! whole; the change that comes right behind it is timed apart, as an index that puts work off would do it then.
//! `MUSTER_BENCH_RULES`, `…_OBJECTS`, `…_EDITS` and `…_SEED` set other sizes.
#![expect(clippy::expect_used, clippy::panic, reason = "a bench that cannot run should stop")]

use muster_benches::{NoValues, number};
use muster_directory::{Event, GroupOp, GroupPatch, GroupRequest, Source, Tenant};
use muster_engine::storage::Positions;
use muster_engine::{Budget, Catalog, Partition, Registrar, Request};
use muster_index::IndexKind;
use muster_loadgen::workload::group_id;
use muster_loadgen::{Profile, Size, Workload};
use muster_rule::Dialect;
use std::time::{Duration, Instant};

struct Bench {
    catalog: Catalog,
    partition: Partition,
    version: u64,
}

#[derive(Default)]
struct Times {
    decided: Vec<Duration>,
    in_force: Vec<Duration>,
    synchronised: Vec<Duration>,
    behind: Vec<Duration>,
}

fn main() {
    let (rules, edits) = (number("RULES", 100_000), number("EDITS", 500));
    let size = Size { rules: rules + edits, objects: number("OBJECTS", 10_000) };
    let workload = Workload::new(Profile::Typical, size, number("SEED", 1) as u64);
    println!("{rules} rules, typical, {} users, seed {}", size.objects, workload.seed());
    let mut bench = Bench {
        catalog: Catalog::new(IndexKind::Value),
        partition: Partition::new(workload.now()),
        version: 0,
    };
    let groups: Vec<GroupRequest> = workload.groups().map(request).collect();
    let (present, spare) = groups.split_at(rules);
    let began = Instant::now();
    for group in present {
        bench.request(group.clone());
    }
    println!("  loading, seconds {:>24.1}", began.elapsed().as_secs_f64());
    for event in workload.users() {
        bench.change(event);
    }
    drop(bench.partition.take_entry(Positions::new(), 0, Vec::new()));

    let mut changes = workload.changes_in(0..u64::MAX);
    let mut next = || changes.next().expect("a change");
    let mut quiet: Vec<Duration> = (0..10 * edits).map(|_| bench.change(next())).collect();
    let added = bench.measure(spare.iter().cloned(), &mut next);
    let edited = bench.measure(
        spare
            .iter()
            .zip(present)
            .map(|(spare, present)| GroupRequest { id: present.id.clone(), ..spare.clone() }),
        &mut next,
    );
    let renamed = bench.measure(
        present.iter().take(edits).map(|present| {
            let patch = GroupPatch { display_name: Some(Some("renamed".into())), ..GroupPatch::default() };
            GroupRequest { op: GroupOp::Patch(patch), ..present.clone() }
        }),
        &mut next,
    );
    let removed = bench.measure(
        (rules..rules + edits).map(|number| GroupRequest {
            tenant: Tenant::default(),
            id: group_id(number),
            op: GroupOp::Delete,
        }),
        &mut next,
    );
    println!("  {:<30} {:>9} {:>9} {:>9} {:>9}   microseconds", "", "mean", "p50", "p99", "max");
    print("a change, no edits", &mut quiet);
    for (name, mut times) in [("add", added), ("edit", edited), ("rename", renamed), ("remove", removed)] {
        print(&format!("{name}: decided"), &mut times.decided);
        print(&format!("{name}: in force"), &mut times.in_force);
        print(&format!("{name}: synchronised"), &mut times.synchronised);
        print(&format!("{name}: the change behind it"), &mut times.behind);
    }
}

impl Bench {
    fn measure(
        &mut self,
        requests: impl Iterator<Item = GroupRequest>,
        next: &mut dyn FnMut() -> Event,
    ) -> Times {
        let mut times = Times::default();
        for request in requests {
            let [decided, in_force, synchronised] = self.request(request);
            times.decided.push(decided);
            times.in_force.push(in_force);
            times.synchronised.push(synchronised);
            times.behind.push(self.change(next()));
            drop(self.partition.take_entry(Positions::new(), 0, Vec::new()));
        }
        times
    }

    fn request(&mut self, request: GroupRequest) -> [Duration; 3] {
        self.version += 1;
        let began = Instant::now();
        let registrar = Registrar { default_dialect: Dialect::Extended };
        let decided = registrar.decide(&self.catalog, Request::Group(request), self.version, &source());
        let definition = decided.expect("it is accepted").expect("a definition");
        let decided = Instant::now();
        self.catalog.apply(&definition);
        let in_force = Instant::now();
        self.partition.define(&self.catalog, &definition, &NoValues, Budget::Whole);
        [decided - began, in_force - decided, in_force.elapsed()]
    }

    fn change(&mut self, event: Event) -> Duration {
        let Event::Object(change) = event else { panic!("a change of an object") };
        let began = Instant::now();
        self.partition.change(&self.catalog, change, &source()).expect("the change is taken");
        began.elapsed()
    }
}

fn request(event: Event) -> GroupRequest {
    let Event::Group(request) = event else { panic!("a group") };
    request
}

fn source() -> Source {
    Source::File { file: "bench".into(), line: 1 }
}

fn print(name: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let at = |share: f64| {
        let place = (times.len().saturating_sub(1) as f64 * share) as usize;
        times.get(place).copied().map_or(f64::NAN, micros)
    };
    let mean = micros(times.iter().sum::<Duration>()) / times.len().max(1) as f64;
    println!("  {name:<30} {mean:>9.1} {:>9.1} {:>9.1} {:>9.1}", at(0.5), at(0.99), at(1.0));
}
