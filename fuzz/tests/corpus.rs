//! Every kept input goes through its target; every target has some.
#![expect(clippy::unwrap_used, reason = "a helper that cannot do its part must stop the test")]

use std::fs;
use std::path::Path;

use gapura_fuzz::{TARGETS, run, seeds};

#[test]
fn every_kept_input_holds() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut folders: Vec<String> = names(&corpora);
    for (target, _) in TARGETS {
        let folder = corpora.join(target);
        let inputs = names(&folder);
        assert!(!inputs.is_empty(), "no input is kept for {target}");
        for input in inputs {
            // Where one breaks, its name is the last that is printed.
            println!("{target}/{input}");
            run(target, &fs::read(folder.join(input)).unwrap());
        }
        folders.retain(|folder| folder != target);
    }
    assert!(folders.is_empty(), "corpora without a target: {folders:?}");
}

/// `UPDATE_EXPECT=1` writes them.
#[test]
fn the_seeds_are_those_that_the_samples_make() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    for (target, name, octets) in seeds() {
        let path = corpora.join(target).join(format!("seed-{name}"));
        if update {
            fs::create_dir_all(corpora.join(target)).unwrap();
            fs::write(&path, &octets).unwrap();
        }
        assert!(fs::read(&path).ok() == Some(octets), "{} is another; UPDATE_EXPECT=1 writes it", path.display());
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
