//! What can happen between two instances, each with a data directory of its own.

use super::{Fault, Scene, Selection};
use crate::service::Service;
use rustix::process::Signal;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "zombie",
        what: "an instance is stopped for longer than its session, another takes over, and it goes on",
        selection: Selection::Whole,
        play: zombie,
    },
    Fault {
        name: "instance-killed",
        what: "one of two instances is killed with its disk",
        selection: Selection::Whole,
        play: killed,
    },
];

/// An instance beside that of the scene's own data directory.
fn another(scene: &Scene<'_>) -> Service {
    let data = scene.workshop.path("another");
    scene.spawn(&[("MUSTER__DATA__DIR", data.to_str().expect("text"))]).until_ready()
}

fn zombie(scene: &mut Scene<'_>) -> Result<String, String> {
    let zombie = another(scene);
    scene.feed(100);
    scene.rest(&zombie);
    zombie.signal(Signal::STOP);
    // In the middle of whatever it had begun.
    scene.feed(100);
    let service = scene.start();
    scene.rest(&service);
    scene.check()?;
    zombie.signal(Signal::CONT);
    scene.feed(100);
    let status = zombie.terminate();
    let said = zombie.said();
    drop(zombie);
    scene.feed(50);
    scene.verdict(service)?;
    let fenced = said.lines().filter(|line| line.contains("fence") || line.contains("lost")).count();
    Ok(format!(
        "the other restores and goes on; the zombie is fenced ({fenced} lines) and ends with {status}"
    ))
}

fn killed(scene: &mut Scene<'_>) -> Result<String, String> {
    let service = scene.start();
    let other = another(scene);
    scene.feed(200);
    other.kill();
    drop(other);
    scene.feed(100);
    scene.verdict(service)?;
    Ok("the other restores its partitions and goes on".to_owned())
}
