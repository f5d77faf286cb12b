//! `gapura sop` as officers and their engineers meet it.

use std::process::Output;

use crate::scratch::{Scratch, gapura};

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The SOPs that come with Gapura, in a directory of their own.
fn packs(scratch: &Scratch) -> String {
    let directory = scratch.path().join("sop").display().to_string();
    let output = gapura(&["sop", "packs", &directory]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let again = gapura(&["sop", "packs", &directory]);
    assert_eq!(again.status.code(), Some(1), "what is there is not written over: {again:?}");
    directory
}

#[test]
fn check_ends_with_1_where_there_is_an_error_and_names_every_one() {
    let scratch = Scratch::new("sop-check");
    let directory = packs(&scratch);
    let good = gapura(&["sop", "check", &directory]);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good));
    assert!(text(&good).contains("4 SOPs: 0 errors, 3 warnings"), "{}", text(&good));
    let bad = scratch.file("bad.toml", "number = \"\"\nlayer = \"desa\"\n[[clause]]\naction = \"blok\"\n");
    let bad = gapura(&["sop", "check", &bad.display().to_string(), "--json"]);
    assert_eq!(bad.status.code(), Some(1), "{}", text(&bad));
    let report: serde_json::Value = serde_json::from_str(&text(&bad)).unwrap();
    let places: Vec<(u64, &str)> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| (problem["line"].as_u64().unwrap(), problem["id"].as_str().unwrap()))
        .collect();
    for wanted in [(1, "empty"), (2, "layer"), (4, "action"), (3, "missing")] {
        assert!(places.contains(&wanted), "{wanted:?} in {places:?}");
    }
}

#[test]
fn explain_names_the_clause_that_decides_at_that_hour() {
    let scratch = Scratch::new("sop-explain");
    let directory = packs(&scratch);
    let explain = |time: &str| {
        let place =
            ["--held", "gim", "--group", "anak", "--plan", "umum", "--site", "galeri-1", "--at", time, "--json"];
        let arguments: Vec<&str> = ["sop", "explain", "gim.example", &directory].into_iter().chain(place).collect();
        let output = gapura(&arguments);
        serde_json::from_str::<serde_json::Value>(&text(&output)).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    };
    let school = explain("2026-03-02 10.00");
    assert_eq!((school["action"].as_str(), school["clause"]["clause"].as_str()), (Some("block"), Some("11")));
    assert_eq!(school["clause"]["sop"], "SOP-FILTER-KONTEN");
    let evening = explain("2026-03-02 20.00");
    assert_eq!((evening["action"].as_str(), evening["clause"].is_null()), (Some("open"), true));
}

#[test]
fn diff_says_for_whom() {
    let scratch = Scratch::new("sop-diff");
    let old = packs(&scratch);
    let kabupaten = std::fs::read_to_string(scratch.path().join("sop/kabupaten.toml")).unwrap();
    let changed =
        scratch.file("kabupaten.toml", &kabupaten.replace("spans = [\"07.00-13.00\"]", "spans = [\"07.00-14.00\"]"));
    let old = format!("{old}/kabupaten.toml");
    let output = gapura(&["sop", "diff", &old, &changed.display().to_string()]);
    let wanted = "list gim, list media-sosial: open -> blocked for group anak, mon to fri 13.00-14.00";
    assert!(text(&output).contains(wanted), "{}", text(&output));
    let same = gapura(&["sop", "diff", &old, &old]);
    assert_eq!(text(&same), "Nothing changes.\n");
}
