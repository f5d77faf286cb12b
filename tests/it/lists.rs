//! `gapura lists`: from lists as they come to an answer, and what must wait for a person.

use std::path::Path;

use crate::scratch::{Scratch, gapura, said};

const CATALOGUE: &str = r#"
[[list]]
id = "uji-judi"
category = "judi"
title = "Judi (uji)"
holds = "names"
sources = ["https://daftar.example/judi.txt"]
format = "auto"
licence = "MIT"
guard = "10%"

[[list]]
id = "uji-alamat"
category = "malware"
title = "Alamat (uji)"
holds = "addresses"
sources = ["https://daftar.example/alamat.txt"]
licence = "MIT"
"#;

fn names(count: usize) -> String {
    (0..count).fold(String::new(), |text, number| text + &format!("0.0.0.0 situs{number}.example\n"))
}

/// Builds, and gives the exit code with what was said on both outputs.
fn build(scratch: &Scratch, more: &[&str]) -> (Option<i32>, String) {
    let path = |name: &str| scratch.path().join(name).display().to_string();
    let (catalogue, sources, out) = (path("lists.toml"), path("sources"), path("index"));
    let arguments = ["lists", "build", "--catalogue", &catalogue, "--sources", &sources, "--out", &out];
    let output = gapura(&[&arguments[..], more].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

fn scratch() -> Scratch {
    let scratch = Scratch::new("lists");
    scratch.file("lists.toml", CATALOGUE);
    std::fs::create_dir(scratch.path().join("sources")).unwrap();
    scratch.file("sources/uji-judi.txt", &names(200));
    scratch.file("sources/uji-alamat.txt", "198.51.100.0/24\n192.168.1.0/24\n");
    scratch
}

fn lookup(index: &Path, asked: &str) -> serde_json::Value {
    let index = index.display().to_string();
    serde_json::from_str(&said(&gapura(&["lists", "lookup", asked, "--index", &index, "--json"]))).unwrap()
}

#[test]
fn what_was_built_says_which_list_and_which_line() {
    let scratch = scratch();
    let (code, text) = build(&scratch, &[]);
    assert_eq!(code, Some(0), "{text}");
    let index = scratch.path().join("index");
    let found = lookup(&index, "www.situs7.example");
    assert_eq!(found["lists"][0], "uji-judi");
    assert_eq!((&found["lines"][0]["line"], &found["lines"][0]["file"]), (&8.into(), &"uji-judi.txt".into()));
    assert!(found["names"].as_str().unwrap().ends_with("index.names"), "{found}");
    assert_eq!(lookup(&index, "198.51.100.7")["lists"][0], "uji-alamat");
    assert_eq!(lookup(&index, "192.168.1.1")["lists"], serde_json::json!([]), "a private address is never taken");
    assert_eq!(lookup(&index, "situs7.example.org")["lists"], serde_json::json!([]));
    std::fs::remove_file(scratch.path().join("index.names")).unwrap();
    assert_eq!(lookup(&index, "situs7.example")["names"], serde_json::Value::Null);
    let list = scratch.path().join("sources/uji-alamat.txt").display().to_string();
    let text = said(&gapura(&["lists", "stat", &list]));
    assert!(text.contains("could cut a site's own network") && text.contains("uji-alamat.txt:2"), "{text}");
}

#[test]
fn a_large_change_waits_and_the_old_index_stays() {
    let scratch = scratch();
    assert_eq!(build(&scratch, &[]).0, Some(0));
    let index = scratch.path().join("index");
    let before = std::fs::read(&index).unwrap();
    scratch.file("sources/uji-judi.txt", &names(150));
    let (code, text) = build(&scratch, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("uji-judi: it shrank from 200 to 150 entries"), "{text}");
    assert!(std::fs::read(&index).unwrap() == before);
    let (code, text) = build(&scratch, &["--accept", "uji-judi"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(lookup(&index, "situs150.example")["lists"], serde_json::json!([]));
    assert_eq!(lookup(&index, "situs149.example")["version"], 2);
    let (code, text) = build(&scratch, &["--protect", "situs3.example"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("would hold situs3.example, which is protected"), "{text}");
}

#[test]
fn missing_lists_and_a_wrong_catalogue_are_told() {
    let scratch = scratch();
    std::fs::remove_file(scratch.path().join("sources/uji-alamat.txt")).unwrap();
    let (code, text) = build(&scratch, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("uji-alamat"), "{text}");
    assert_eq!(build(&scratch, &["--without-missing"]).0, Some(0));
    scratch.file("lists.toml", "[[list]]\nid = \"Bukan Nama\"\n");
    assert_eq!(build(&scratch, &[]).0, Some(78));
}
