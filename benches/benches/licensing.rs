//! Licensing: how many membership deltas a second the pure subscriber folds, entries and records included.
//!
//! A million deltas of 100,000 users over 1,000 groups, a quarter of which have licences of ten products
//! with too few seats, so that waiting lists are long and every seat that is freed is handed on.
//! `MUSTER_BENCH_DELTAS`, `…_USERS`, `…_GROUPS` set other sizes.
#![expect(clippy::expect_used, reason = "a bench that cannot run should stop")]

use muster_benches::number;
use muster_directory::licence::{
    AssignedLicence, Assignee, Assignment, Capability, LicensingInput, Product, ServicePlan,
};
use muster_directory::{
    Cause, Delta, GroupId, Instant, MembershipChange, ObjectId, ObjectKind, Ordinal, PlanId, SkuId, Source,
    Tenant,
};
use muster_engine::storage::Positions;
use muster_licensing::Licensing;
use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;

const PRODUCTS: usize = 10;
/// Deltas of one entry.
const ENTRY: usize = 4_096;

fn main() {
    let deltas = number("DELTAS", 1_000_000);
    let (users, groups) = (number("USERS", 100_000), number("GROUPS", 1_000));
    let source = Source::File { file: Arc::from("bench"), line: 1 };
    let mut licensing = Licensing::new(Instant::MIN);
    for input in definitions(users, groups) {
        licensing.apply(input, &source).expect("a definition");
    }
    licensing.take_entry(Positions::new());
    let workload = workload(deltas, users, groups, &source);

    let started = std::time::Instant::now();
    let (mut events, mut records) = (0, 0);
    for (number, delta) in (1..).zip(workload) {
        licensing.apply(LicensingInput::Delta(0, delta), &source).expect("a delta");
        if number % ENTRY == 0 {
            let entry = licensing.take_entry(Positions::new());
            events += entry.licences.len();
            records += entry.records.len();
        }
    }
    let elapsed = started.elapsed().as_secs_f64();
    let report = licensing.report(&Tenant::default());
    let used: u64 = report.products.iter().map(|product| product.consumed_units).sum();
    let waiting: u64 = report.products.iter().map(|product| product.waiting).sum();
    println!("{deltas} deltas of {users} users over {groups} groups, {PRODUCTS} products");
    println!("  deltas/s             {:>14.0}", deltas as f64 / elapsed);
    println!("  licence events/s     {:>14.0}", f64::from(u32::try_from(events).expect("fewer")) / elapsed);
    println!("  records written      {records:>14}");
    println!("  seats in use         {used:>14}");
    println!("  users waiting        {waiting:>14}");
    println!("  seconds              {elapsed:>14.2}");
    println!("measured by `cargo bench -p muster-benches --bench licensing`; one thread, no disk");
}

/// Ten products with seats for a twentieth of the users each, assigned to every fourth group.
fn definitions(users: usize, groups: usize) -> Vec<LicensingInput> {
    let plan = |number: usize| ServicePlan {
        id: PlanId::new(&format!("plan-{number}")).expect("an id"),
        name: None,
        depends_on: Vec::new(),
        excludes: Vec::new(),
        prohibited_in: Vec::new(),
        unique: None,
    };
    let product = |number: usize| Product {
        part_number: None,
        enabled_units: users as u64 / 20,
        capability: Capability::Enabled,
        grace_millis: 0,
        service_plans: (0..5).map(|at| plan(10 * number + at)).collect(),
    };
    let products = (0..PRODUCTS)
        .map(|number| LicensingInput::Product(Tenant::default(), sku(number), Some(product(number))));
    let assignments = (0..groups).step_by(4).map(|number| {
        let licence = AssignedLicence { sku: sku(number / 20), disabled_plans: Vec::new() };
        let assignment = Assignment { priority: 0, licences: vec![licence] };
        LicensingInput::Assignment(Tenant::default(), Assignee::Group(group(number)), Some(assignment))
    });
    products.chain(assignments).collect()
}

fn sku(number: usize) -> SkuId {
    SkuId::new(&format!("sku-{}", number % PRODUCTS)).expect("an id")
}

fn group(number: usize) -> GroupId {
    GroupId::new(&format!("group-{number}")).expect("an id")
}

/// Memberships at random: a pair that is there ends, another begins.
fn workload(deltas: usize, users: usize, groups: usize, source: &Source) -> Vec<Delta> {
    let names: Vec<ObjectId> =
        (0..users).map(|number| ObjectId::new(&format!("user-{number}")).expect("an id")).collect();
    let groups: Vec<GroupId> = (0..groups).map(group).collect();
    let (mut members, mut state) = (HashSet::new(), 1_u64);
    let mut below = |end: usize| {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).expect("below a usize")
    };
    let mut delta = |sequence: u64| {
        // Few enough pairs that about a third of the deltas are removals.
        let pair = (below(users), below(groups.len()) / 20 * 20 + below(4));
        let added = members.insert(pair) || !members.remove(&pair);
        Delta {
            tenant: Tenant::default(),
            group: groups.get(pair.1).expect("a group").clone(),
            member: names.get(pair.0).expect("a user").clone(),
            member_kind: ObjectKind::User,
            change: if added { MembershipChange::Added } else { MembershipChange::Removed },
            sequence,
            time: Instant::MIN,
            rule_version: 0,
            event: Ordinal { index: NonZeroU32::MIN, count: NonZeroU32::MIN },
            cause: Cause::Clock,
            source: source.clone(),
        }
    };
    (1..=deltas as u64).map(&mut delta).collect()
}
