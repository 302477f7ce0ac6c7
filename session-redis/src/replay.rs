//! Replays what is kept for a fuzz target: as it stands, and with bytes changed, the same changes in every run. So
//! every change of a decoder meets hostile bytes in the ordinary tests, without what a fuzzer needs.
//!
//! The store crates share this file by symbolic links.

use std::fs;
use std::path::Path;
use std::thread;

/// How many changed inputs follow the kept ones.
const CHANGED: usize = 10_000;
/// The most bytes a changed input has.
const MAX_LEN: usize = 4_096;

/// Gives `check` what is kept for `target`, and then what becomes of it. The published packages come without.
pub(crate) fn replay(target: &str, check: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../session-core/fuzz");
    if !fuzz.exists() {
        return;
    }
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for kept in ["seeds", "found"] {
        let folder = fuzz.join(kept).join(target);
        let mut files: Vec<_> = fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path()).collect();
        // Folders have no order, and the changes are to be the same everywhere.
        files.sort();
        seeds.extend(files.iter().map(|file| fs::read(file).unwrap()));
    }
    assert!(!seeds.is_empty(), "nothing is kept for {target}");
    for seed in &seeds {
        shown(check, seed);
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..CHANGED {
        let mut data = seeds[dice.below(seeds.len())].clone();
        for _ in 0..=dice.below(4) {
            change(&mut data, &seeds, &mut dice);
        }
        data.truncate(MAX_LEN);
        shown(check, &data);
    }
}

/// Checks one input, and shows it if that fails: put it into `seeds`.
fn shown(check: fn(&[u8]), data: &[u8]) {
    struct Shown<'a>(&'a [u8]);
    impl Drop for Shown<'_> {
        fn drop(&mut self) {
            if thread::panicking() {
                eprintln!("it failed on b\"{}\"", self.0.escape_ascii());
            }
        }
    }
    let _shown = Shown(data);
    check(data);
}

fn change(data: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let (from, to) = (dice.below(data.len() + 1), dice.below(data.len() + 1));
    let (from, to) = (from.min(to), from.max(to));
    match dice.below(8) {
        0 if from < data.len() => data[from] ^= 1 << dice.below(8),
        1 if from < data.len() => data[from] = dice.byte(),
        2 => data.insert(from, dice.byte()),
        3 => drop(data.drain(from..to)),
        4 => data.truncate(from),
        5 => data.extend_from_within(from..to),
        // Lengths and times are numbers of several bytes, and go wrong at their ends.
        6 => {
            let end = [0, 0x7f, 0x80, 0xff][dice.below(4)];
            data[from..].iter_mut().take(1 + dice.below(8)).for_each(|byte| *byte = end);
        }
        _ => {
            let other = &seeds[dice.below(seeds.len())];
            data.splice(from.., other[dice.below(other.len() + 1)..].iter().copied());
        }
    }
}

/// Draws numbers that only have to look random: Knuth's multiplier.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).expect("it is below a length")
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).expect("it is below 256")
    }
}
