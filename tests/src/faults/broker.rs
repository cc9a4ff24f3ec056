//! What can happen to the broker.

use super::{Fault, Scene, Selection};
use std::time::Duration;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "broker-killed",
        what: "the broker is killed under load and started again",
        selection: Selection::Whole,
        play: killed,
    },
    Fault {
        name: "broker-away",
        what: "the broker is away for a minute",
        selection: Selection::Whole,
        play: away,
    },
    Fault {
        name: "both-killed",
        what: "broker and program are killed together",
        selection: Selection::Whole,
        play: both,
    },
];

fn killed(scene: &mut Scene<'_>) -> Result<String, String> {
    let service = scene.start();
    scene.feed(100);
    scene.broker.kill();
    scene.broker.restart();
    scene.feed(100);
    scene.verdict(service)?;
    Ok("waited for, taken over again, published".to_owned())
}

fn away(scene: &mut Scene<'_>) -> Result<String, String> {
    let service = scene.start();
    scene.feed(100);
    scene.broker.kill();
    // The fault itself, not a wait for something.
    std::thread::sleep(Duration::from_secs(60));
    if service.has_ended() {
        return Err(format!("it ended:\n{}", service.said()));
    }
    scene.broker.restart();
    scene.feed(50);
    scene.verdict(service)?;
    Ok("waited for, taken over again, published".to_owned())
}

fn both(scene: &mut Scene<'_>) -> Result<String, String> {
    for _ in 0..3 {
        let service = scene.start();
        scene.feed(60);
        service.kill();
        scene.broker.kill();
        scene.broker.restart();
    }
    let service = scene.start();
    scene.verdict(service)?;
    Ok("both come back and agree".to_owned())
}
