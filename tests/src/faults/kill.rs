//! `kill -9`, at every named point and at any moment.

use super::{Fault, Scene, Selection};
use muster_stream::kill_point::{KillPoint, VARIABLE};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "kill-points",
        what: "killed before the batch, after it, inside the transaction, during the commit, after it, before the trim",
        selection: Selection::Kept,
        play: at_each_point,
    },
    Fault {
        name: "kill-points-often",
        what: "the same at later passings, and at many moments of the commit",
        selection: Selection::Whole,
        play: at_each_point_often,
    },
    Fault {
        name: "kill-at-random",
        what: "killed at any moment under load",
        selection: Selection::Whole,
        play: at_random,
    },
];

fn at_each_point(scene: &mut Scene<'_>) -> Result<String, String> {
    let killed = KillPoint::ALL.into_iter().map(|point| kill_at(scene, point, 4)).collect::<Vec<_>>().len();
    let service = scene.start();
    scene.verdict(service)?;
    Ok(format!("killed {killed} times; goes on where the marker says"))
}

fn at_each_point_often(scene: &mut Scene<'_>) -> Result<String, String> {
    let mut killed = 0;
    for point in KillPoint::ALL {
        for _ in 0..5 {
            let passing = scene.random.between(1, 12) as u64;
            kill_at(scene, point, passing);
            killed += 1;
        }
    }
    let service = scene.start();
    scene.verdict(service)?;
    Ok(format!("killed {killed} times; goes on where the marker says"))
}

fn kill_at(scene: &mut Scene<'_>, point: KillPoint, passing: u64) {
    scene.feed(20);
    let service = scene.spawn(&[(VARIABLE, &format!("{}:{passing}", point.name()))]);
    // Until it comes to the point.
    while !service.has_ended() {
        scene.feed(10);
    }
    service.wait_for_end();
}

fn at_random(scene: &mut Scene<'_>) -> Result<String, String> {
    const KILLS: usize = 20;
    for _ in 0..KILLS {
        let service = scene.start();
        let changes = scene.random.between(1, 150);
        scene.feed(changes);
        service.kill();
    }
    let service = scene.start();
    scene.verdict(service)?;
    Ok(format!("killed {KILLS} times; goes on where the marker says"))
}
