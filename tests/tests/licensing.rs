//! Licensing against a naive recomputation after every step of random histories, with restarts and
//! with deltas that come again.
//!
//! `MUSTER_TEST_SEED` starts at another history and `MUSTER_LICENSING_HISTORIES` runs more of them.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what it expected"
)]

use muster_directory::licence::{LicenceChange, LicensingInput};
use muster_directory::{Delta, Instant, LicenceEvent, Source, Tenant};
use muster_engine::storage::{MemoryStorage, Positions, Storage};
use muster_licensing::{ApplyError, Gap, Licensing};
use muster_tests::licences::history::{History, Step, skus, users};
use muster_tests::licences::model::{Difference, Model, View};
use muster_tests::licences::scenario::play;
use muster_tests::random::Random;
use muster_tests::scenario::Restarts;
use std::collections::BTreeMap;

const STEPS: usize = 120;

#[test]
fn events_are_those_of_a_naive_recomputation() {
    let seed = number_from_environment("MUSTER_TEST_SEED").unwrap_or(1);
    let histories = number_from_environment("MUSTER_LICENSING_HISTORIES").unwrap_or(300);
    let mut seen = BTreeMap::new();
    for seed in seed..seed + histories {
        compare(seed, &mut seen);
    }
    println!("{seen:?}");
    for change in ["assigned", "changed", "removed", "waiting", "failed"] {
        assert!(seen.get(change).is_some_and(|count| *count > 100), "{change} was hardly seen: {seen:?}");
    }
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap_or_else(|_| panic!("{name}={number}")))
}

fn start() -> Instant {
    Instant::parse("2026-11-22T08:00:00Z").expect("an instant")
}

/// The subscriber over a storage that remembers.
struct Subject {
    storage: MemoryStorage,
    licensing: Licensing,
    sequence: u64,
}

impl Subject {
    fn new() -> Subject {
        Subject { storage: MemoryStorage::default(), licensing: Licensing::new(start()), sequence: 0 }
    }

    fn apply(&mut self, input: LicensingInput) -> Result<(), ApplyError> {
        let source = Source::File { file: "inputs".into(), line: 1 };
        self.licensing.apply(input, &source)
    }

    /// Commits, and gives the events since the last commit.
    fn commit(&mut self) -> Vec<LicenceEvent> {
        let entry = self.licensing.take_entry(Positions::new());
        for event in &entry.licences {
            self.sequence += 1;
            assert_eq!(event.sequence, self.sequence);
        }
        self.storage.commit(0, std::slice::from_ref(&entry)).expect("a commit");
        entry.licences
    }

    fn restart(&mut self) {
        self.licensing = Licensing::restore(&self.storage, 0, Instant::MIN).expect("a state");
    }
}

fn compare(seed: u64, seen: &mut BTreeMap<&'static str, u64>) {
    let mut history = History::new(seed, start());
    let mut random = Random::new(seed ^ 0xdead);
    let (mut model, mut subject) = (Model::new(start()), Subject::new());
    let mut done: Vec<(u32, Delta)> = Vec::new();
    for number in 0..STEPS {
        let step = history.step(&model.held());
        let at = || format!("seed {seed}, step {number}: {step:?}");
        let expected = match &step {
            Step::Input(input) => {
                subject.apply(input.clone()).unwrap_or_else(|error| panic!("{error}, {}", at()));
                model.apply(input)
            }
            Step::Deltas(partition, deltas) => {
                for (index, delta) in deltas.iter().enumerate() {
                    subject.apply(LicensingInput::Delta(*partition, delta.clone())).expect("no gap");
                    done.push((*partition, delta.clone()));
                    if index + 1 < deltas.len() && random.chance(10) {
                        assert_eq!(subject.commit(), [], "an event is applied when it is complete");
                        subject.restart();
                    }
                }
                model.deltas(deltas)
            }
        };
        if random.chance(10) && !done.is_empty() {
            let (partition, delta) = random.pick(&done).clone();
            subject.apply(LicensingInput::Delta(partition, delta)).expect("a duplicate");
            model.pass();
        }
        let events = subject.commit();
        let found: Vec<Difference> = events.iter().map(difference).collect();
        assert_eq!(found, expected, "{}", at());
        for event in &events {
            *seen.entry(event.change.as_str()).or_default() += 1;
        }
        if random.chance(15) {
            subject.restart();
        }
        check_state(&subject.licensing, &model, &at());
    }
}

/// The report and the explanations agree with the model.
fn check_state(licensing: &Licensing, model: &Model, at: &str) {
    let tenant = Tenant::default();
    let report = licensing.report(&tenant);
    let views = model.views();
    for product in &report.products {
        assert_eq!(product.consumed_units, model.used(&product.sku), "{at}");
        assert_eq!(product.waiting, model.queue(&product.sku).len() as u64, "{at}");
    }
    assert_eq!(report.dynamic_groups.users, model.dynamic_users(), "{at}");
    assert_eq!(
        report.held_removals.keys().copied().collect::<Vec<_>>(),
        Vec::from_iter(model.held()),
        "{at}"
    );
    for user in users() {
        let Some(explanation) = licensing.explain(&tenant, &user) else { continue };
        for licence in explanation.licences {
            let view = &views[&(user.clone(), licence.sku.clone())];
            assert_eq!(Vec::from_iter(view.plans.iter().cloned()), licence.enabled_plans, "{at}");
            assert_eq!((view.has_seat, view.kept), (licence.has_seat, licence.kept), "{at}");
            let place = model.queue(&licence.sku).iter().position(|other| *other == user);
            assert_eq!(licence.waiting_position, place.map(|place| place as u64 + 1), "{at}");
        }
    }
    assert!(report.products.len() <= skus().count());
}

fn difference(event: &LicenceEvent) -> Difference {
    Difference {
        user: event.user.clone(),
        sku: event.sku.clone(),
        change: event.change,
        view: View {
            has_seat: matches!(event.change, LicenceChange::Assigned | LicenceChange::Changed),
            plans: event.enabled_plans.iter().cloned().collect(),
            states: event.states.iter().map(|state| (state.group.clone(), state.state)).collect(),
            kept: event.kept,
        },
    }
}

#[test]
fn a_gap_stops_and_changes_nothing() {
    let mut history = History::new(7, start());
    let deltas = std::iter::repeat_with(|| history.step(&Default::default())).filter_map(|step| match step {
        Step::Deltas(0, deltas) => Some(deltas),
        _ => None,
    });
    let deltas: Vec<Delta> = deltas.take(20).flatten().collect();
    let mut subject = Subject::new();
    subject.apply(LicensingInput::Delta(0, deltas[0].clone())).expect("the first");
    let gap = subject.apply(LicensingInput::Delta(0, deltas[2].clone()));
    assert_eq!(gap, Err(ApplyError::Gap(Gap::Sequence { partition: 0, last: 1, found: 3 })));
    for delta in deltas {
        subject.apply(LicensingInput::Delta(0, delta)).expect("nothing was lost by it");
    }
}

#[test]
fn scenarios_cause_what_they_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("licences");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("scenarios").map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a scenario");
        for restarts in [Restarts::Never, Restarts::BeforeEveryLine] {
            let actual = play(&text, restarts);
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::write(&file, &actual).expect("a scenario");
                break;
            }
            let differs = text.lines().zip(actual.lines()).find(|(a, b)| a != b);
            assert!(actual == text, "{} with {restarts:?}: {differs:?}", file.display());
        }
    }
}
