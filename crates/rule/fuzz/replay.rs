//! A fuzz target's corpus and its mutations, replayed by a test: what a fuzzer would do, briefly and the same in
//! every run. `MUSTER_MUTATIONS` and `MUSTER_SEED` ask for more, and for others. The tests of other crates share it.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// Runs `property` on the seeds and on so many mutations of them.
pub(crate) fn replay(seeds: &[String], mutations: usize, words: &[&str], property: fn(&str)) {
    assert!(seeds.len() >= 20, "{} seeds", seeds.len());
    let check = |input: &str| {
        assert!(catch_unwind(|| property(input)).is_ok(), "the input was {input:?}");
    };
    seeds.iter().for_each(|seed| check(seed));
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let mutations = number("MUSTER_MUTATIONS").map_or(mutations, |count| usize::try_from(count).unwrap());
    let mut random = Random(number("MUSTER_SEED").unwrap_or(0x5EED_0003) | 1);
    for _ in 0..mutations {
        let mut input: Vec<char> = random.one_of(seeds).chars().collect();
        for _ in 0..=random.below(3) {
            random.mutate(&mut input, words, seeds);
        }
        check(&input.into_iter().take(4_000).collect::<String>());
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn one_of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.below(things.len())]
    }

    fn mutate(&mut self, input: &mut Vec<char>, words: &[&str], seeds: &[String]) {
        let at = self.below(input.len() + 1);
        let end = (at + self.below(12)).min(input.len());
        match self.below(6) {
            0 => drop(input.drain(at..end)),
            1 => {
                let again = input[at..end].to_vec();
                drop(input.splice(at..at, again));
            }
            2 => drop(input.splice(at..end, self.one_of(words).chars())),
            3 => {
                let other: Vec<char> = self.one_of(seeds).chars().collect();
                let from = self.below(other.len() + 1);
                drop(input.splice(at.., other[from..].iter().copied()));
            }
            4 => drop(input.get_mut(at).map(|c| *c = char::from_u32(u32::from(*c) ^ 1).unwrap_or(*c))),
            _ => drop(input.splice(at..at, self.one_of(words).chars())),
        }
    }
}

/// The kept inputs of a fuzz target.
pub(crate) fn corpus(target: &str) -> Vec<String> {
    files(&format!("fuzz/corpus/{target}")).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The files of a folder of this crate, by name.
pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    files.sort();
    files
}
