//! The steps of the README at the controller: every command that stands there works, in that order, on a SQLite file.

use std::path::PathBuf;
use std::process::Command;

use crate::scratch::{GAPURA, Scratch, ours, read, said};

/// A controller on SQLite and a free port of the loopback.
pub(crate) fn controller_config(scratch: &Scratch) -> PathBuf {
    let text = format!(
        "[controller]\nlisten = \"127.0.0.1:0\"\npublic_name = \"localhost\"\ndata_dir = \"{0}/data\"\ndatabase = \"sqlite:{0}/controller.db\"\n",
        scratch.path().display()
    );
    scratch.file("controller.toml", &text)
}

/// The commands of the README's shell blocks, lines that go on joined.
fn commands(start: &str) -> Vec<String> {
    let text = read("README.md").replace("\\\n", " ");
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if let Some(at) = line.find(start).filter(|_| inside && !line.trim_start().starts_with('#')) {
            found.push(line[at..].to_owned());
        }
    }
    found
}

#[test]
fn every_controller_command_of_the_readme_works() {
    let scratch = Scratch::new("office");
    let config = controller_config(&scratch);
    for name in ["plans.toml", "site.toml"] {
        std::fs::copy(ours(&format!("deploy/examples/{name}")), scratch.path().join(name)).unwrap();
    }
    // The regency's own SOP grows out of the one that Gapura brings.
    let sop = read("rules/packs/kabupaten.toml").replace("\nrevision = 1\n", "\nrevision = 2\n");
    scratch.file("sop-filter-sinjai.toml", &sop);
    said(&Command::new(GAPURA).arg("migrate").arg("--config").arg(&config).output().unwrap());
    let all = commands("gapura controller ");
    assert!(all.len() >= 8, "{all:?}");
    for line in all {
        // Comments go to the shell too. Approving needs a router that asked; who it is, only a run can tell.
        if line.contains(" ID ") {
            let words: Vec<&str> = line.split_whitespace().skip(1).take(3).chain(["--help"]).collect();
            said(&Command::new(GAPURA).args(&words).output().unwrap());
            continue;
        }
        let script = line.replacen("gapura controller", "\"$0\" controller --config \"$1\"", 1);
        let output = Command::new("sh")
            .args(["-ec", &script, GAPURA])
            .arg(&config)
            .current_dir(scratch.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "{line} says nothing");
    }
}

#[test]
fn the_office_says_which_sop_is_in_force_and_for_how_many_sites() {
    let scratch = Scratch::new("office-words");
    let config = controller_config(&scratch).display().to_string();
    let office = |words: &[&str]| {
        let arguments = [&["controller", "--config", &config], words].concat();
        said(&Command::new(GAPURA).args(&arguments).output().unwrap())
    };
    // A new installation without a site: its SOPs are in force all the same.
    let packs = office(&["sop", "packs", "--publish", "--by", "ani"]);
    assert!(packs.contains("SOP-FILTER-KONTEN revision 1, in force") && !packs.contains("second person"), "{packs}");
    assert!(packs.contains("no bundle was published: there is no site yet"), "{packs}");
    let publish = |revision: u32, from: &str| {
        let text = read("rules/packs/kabupaten.toml")
            .replace("\nrevision = 1\n", &format!("\nrevision = {revision}\n"))
            .replace("effective-from = 2026-01-01", &format!("effective-from = {from}"))
            .replace("review-by = 2027-12-31", "review-by = 2127-12-31");
        let file = scratch.file("sop.toml", &text).display().to_string();
        let draft = office(&["sop", "import", &file, "--by", "ani"]);
        assert!(draft.contains("draft; a second person approves it next"), "{draft}");
        let id = draft.lines().find_map(|line| line.strip_prefix("SOP ")?.split(':').next()).unwrap().to_owned();
        office(&["sop", "approve", &id, "--by", "budi"]);
        office(&["sop", "publish", &id, "--by", "budi"])
    };
    let none = publish(2, "2026-01-01");
    assert!(none.contains("revision 2, in force") && none.contains("no bundle was published"), "{none}");
    for (what, file) in [(&["plan", "set"][..], "plans.toml"), (&["site", "set", "galeri-sinjai"], "site.toml")] {
        let file = ours(&format!("deploy/examples/{file}")).display().to_string();
        office(&[what, &["--file", &file]].concat());
    }
    let one = publish(3, "2026-01-02");
    assert!(one.contains("revision 3, in force"), "{one}");
    assert!(one.contains("a bundle was published for 1 site: galeri-sinjai generation "), "{one}");
    let later = publish(4, "2126-01-01");
    assert!(later.contains("revision 4, published: in force from 2126-01-01 on"), "{later}");
}

#[test]
fn every_other_command_of_the_readme_exists() {
    for line in commands("gapura ") {
        let words: Vec<&str> =
            line.split_whitespace().skip(1).take_while(|word| !word.starts_with(['-', '>', '|'])).collect();
        let path: Vec<&str> =
            words.into_iter().take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-')).collect();
        // The last word may be an argument: a site's or plan's name.
        let known = |path: &[&str]| Command::new(GAPURA).args(path).arg("--help").output().unwrap().status.success();
        assert!(known(&path) || known(&path[..path.len() - 1]), "{line}");
    }
}
