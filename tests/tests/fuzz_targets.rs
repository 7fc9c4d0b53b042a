//! The fuzz targets of `fuzz/`, over their seeds and some thousands of mutations of them: the same ones in
//! every run, so that a failure can be run again.

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Once,
};

#[test]
fn the_values_that_callers_hand_in_survive_any_bytes() {
    run("entra_values", fuzz::entra_values, 50_000);
}

#[test]
fn every_message_of_the_contract_survives_any_bytes() {
    run("messages", fuzz::messages, 10_000);
}

#[test]
fn the_answers_of_the_token_endpoint_survive_any_bytes() {
    run("token_endpoint", fuzz::token_endpoint, 10_000);
}

#[test]
fn the_redirect_survives_any_bytes() {
    run("redirect", fuzz::redirect, 5_000);
}

#[test]
fn the_redirect_to_a_port_survives_any_bytes() {
    run("redirect", fuzz::redirect_at_a_port, 500);
}

#[test]
fn the_encrypted_file_survives_any_bytes() {
    run("encrypted_file", fuzz::encrypted_file, 10_000);
}

#[test]
fn what_is_pasted_survives_any_text() {
    run("pasted", fuzz::pasted, 5_000);
}

#[test]
fn every_method_answers_any_request_with_json() {
    run("service_calls", fuzz::service_calls, 5_000);
}

#[test]
fn every_method_of_our_own_answers_any_texts_with_json() {
    run("own_calls", fuzz::own_calls, 5_000);
}

#[test]
fn the_account_page_survives_any_bytes() {
    run("account_page", fuzz::account_page, 5_000);
}

/// Runs a target over its seeds and this many mutations.
fn run(name: &str, target: fn(&[u8]), mutations: usize) {
    let folder = format!("{}/../fuzz/seeds/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    paths.sort();
    let seeds: Vec<_> = paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    assert!(seeds.len() > 4, "{name} has {} seeds", seeds.len());
    count_panics();
    for seed in &seeds {
        check(target, seed);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..mutations {
        check(target, &mutated(&seeds, &mut random));
    }
}

/// Shows the bytes that broke it, so that they become a seed.
fn check(target: fn(&[u8]), bytes: &[u8]) {
    let before = PANICS.get();
    let done = catch_unwind(AssertUnwindSafe(|| target(bytes)));
    // One in a task of its own ends that task alone, and is a fault all the same.
    let panics = PANICS.get() - before;
    if done.is_err() || panics > 0 {
        panic!("broken by: \"{}\"", bytes.escape_ascii());
    }
}

thread_local!(static PANICS: Cell<usize> = const { Cell::new(0) });

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            report(panic);
        }));
    });
}

/// A seed with one to eight changes of the kinds that fuzzers find most with.
fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len() + 1);
        let end = at + random.below(bytes.len() - at + 1).min(32);
        match random.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            2 => bytes.insert(at, random.below(256) as u8),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            5 => bytes.truncate(at),
            6 => {
                let word = WORDS[random.below(WORDS.len())];
                drop(bytes.splice(at..end, word.iter().copied()));
            }
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let to = from + random.below(other.len() - from + 1);
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
        }
    }
    bytes
}

const WORDS: [&[u8]; 22] = [
    b"null",
    b"{}",
    b"[",
    b"\"",
    b"-1",
    b"1e999",
    b"18446744073709551616",
    b"\\u0000",
    b"\\ud800",
    b"\xff\xff\xff\xff",
    b"\xc3\xa9",
    b"\xf0\x9f\x94\x91",
    b"..",
    b"%00",
    b"STATE",
    b"PATH",
    b"TOKEN",
    b"code=",
    b"\r\n\r\n",
    b"https://",
    b"@",
    b"AADSTS4294967296",
];

/// xorshift64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}
