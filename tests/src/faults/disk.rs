//! What can happen to a data directory.

use super::{Fault, Scene, Selection};
use std::path::Path;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "disk-lost",
        what: "the data directory is gone, after changes that caused no delta",
        selection: Selection::Kept,
        play: lost,
    },
    Fault {
        name: "disk-older",
        what: "the data directory is put back from an older copy",
        selection: Selection::Kept,
        play: older,
    },
    Fault {
        name: "disk-flipped-bits",
        what: "bits flip in the database's files",
        selection: Selection::Whole,
        play: flipped,
    },
    Fault {
        name: "disk-full",
        what: "less is free than `data.min_free`",
        selection: Selection::Whole,
        play: full,
    },
];

fn lost(scene: &mut Scene<'_>) -> Result<String, String> {
    let service = scene.start();
    scene.feed(150);
    // No rule reads it, so nobody is told; a rule that does comes after the disk is lost.
    scene.feed_everybody(|id| {
        format!(r#"{{"kind":"user","op":"patch","id":"{id}","data":{{"jobTitle":"Pilot"}}}}"#)
    });
    scene.rest(&service);
    scene.check()?;
    service.kill();
    drop(service);
    remove(&scene.workshop.path("data"));
    let service = scene.start();
    let rule = r#"{"kind":"group","op":"upsert","id":"pilots","data":{"membershipRule":"user.jobTitle -eq \"Pilot\""}}"#;
    let _ = service.apply_events(rule);
    scene.feed(50);
    scene.verdict(service)?;
    Ok("restored from the changelog, attributes without deltas included".to_owned())
}

fn older(scene: &mut Scene<'_>) -> Result<String, String> {
    let service = scene.start();
    scene.feed(100);
    scene.rest(&service);
    assert_eq!(service.terminate(), 0);
    drop(service);
    let (data, copy) = (scene.workshop.path("data"), scene.workshop.path("copy"));
    copy_directory(&data, &copy);
    let service = scene.start();
    scene.feed(100);
    scene.rest(&service);
    service.kill();
    drop(service);
    remove(&data);
    std::fs::rename(&copy, &data).expect("a directory can be renamed");
    let service = scene.start();
    scene.feed(50);
    scene.verdict(service)?;
    Ok("recognised as older, wiped, and restored from the changelog".to_owned())
}

/// Every table loses a bit in its middle: it is never read as something else, and never skipped.
fn flipped(scene: &mut Scene<'_>) -> Result<String, String> {
    let service = scene.start();
    scene.feed(400);
    scene.rest(&service);
    scene.check()?;
    // Twice, so that what was logged lies in tables.
    assert_eq!(service.terminate(), 0);
    drop(service);
    let service = scene.start();
    scene.rest(&service);
    assert_eq!(service.terminate(), 0);
    drop(service);
    let flipped = flip(&scene.workshop.path("data"));
    if flipped == 0 {
        return Err("there is no table to damage".to_owned());
    }
    let service = scene.spawn(&[]);
    let told = service.wait_for_line(|line| {
        line.contains("damaged") || line.contains("orrupt") || line.starts_with("ready ")
    });
    if !told.starts_with("ready ") {
        service.wait_for_end();
        drop(service);
        // The operator gives the directory up.
        remove(&scene.workshop.path("data"));
        let service = scene.start();
        scene.feed(50);
        scene.verdict(service)?;
        return Ok(format!("{flipped} files: it stops and says so; with an empty directory it is restored"));
    }
    let service = service.until_ready();
    scene.feed(50);
    scene.verdict(service)?;
    Ok(format!("{flipped} files: the partition is wiped and restored"))
}

fn full(scene: &mut Scene<'_>) -> Result<String, String> {
    let service = scene.start();
    scene.feed(50);
    scene.rest(&service);
    assert_eq!(service.terminate(), 0);
    drop(service);
    let before = scene.seen();
    let service = scene.spawn(&[("MUSTER__DATA__MIN_FREE", "1048576GiB")]);
    let _ = service.wait_for_line(|line| line.contains("nothing more is taken in"));
    scene.feed(50);
    scene.seen().unchanged_since(&before)?;
    assert_eq!(service.terminate(), 0);
    drop(service);
    let service = scene.start();
    scene.verdict(service)?;
    Ok("nothing is taken in and nothing published; it goes on when there is room".to_owned())
}

fn remove(directory: &Path) {
    std::fs::remove_dir_all(directory).expect("a directory can be removed");
}

fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory can be made");
    for entry in std::fs::read_dir(from).expect("it can be read") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_directory(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}

/// Flips a bit in the middle of each table below the directory; how many there are.
fn flip(directory: &Path) -> usize {
    let mut flipped = 0;
    for entry in std::fs::read_dir(directory).expect("it can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            flipped += flip(&path);
        } else if path.extension().is_some_and(|extension| extension == "sst") {
            let mut bytes = std::fs::read(&path).expect("a file can be read");
            let middle = bytes.len() / 3;
            bytes[middle] ^= 0x10;
            std::fs::write(&path, bytes).expect("a file can be written");
            flipped += 1;
        }
    }
    flipped
}
