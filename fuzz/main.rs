//! One program for all targets, so that it is linked once: it drives the one that it is called by.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use gapura_fuzz::{TARGETS, Target};

static CALLED: OnceLock<Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let called = std::env::args_os().next().unwrap_or_default();
        let name = Path::new(&called).file_name().unwrap_or_default();
        match TARGETS.iter().find(|(target, _)| name == *target) {
            Some((_, target)) => drop(CALLED.set(*target)),
            None => panic!("call it by the name of a target: {}", TARGETS.map(|(target, _)| target).join(", ")),
        }
    },
    |input: &[u8]| {
        if let Some(target) = CALLED.get() {
            target(input);
        }
    }
);
