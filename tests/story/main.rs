//! The demo's story: all of it holds, and each sabotage breaks the step it is meant to break.

#![expect(clippy::unwrap_used, reason = "a demo that cannot be started must stop the test")]

use std::process::{Command, Output};

fn demo(arguments: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_gapura")).args(["demo", "--once"]).args(arguments).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output, text)
}

fn breaks(sabotage: &str, step: &str) {
    let (output, text) = demo(&["--sabotage", sabotage]);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(&format!("the story broke at: {step}")), "{text}");
}

#[test]
fn the_whole_story_holds() {
    let (output, text) = demo(&[]);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("steps held"), "{text}");
}

#[test]
fn json_tells_the_same_with_figures() {
    let (output, text) = demo(&["--json"]);
    assert!(output.status.success(), "{text}");
    let steps: Vec<serde_json::Value> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(steps.len() >= 12 && steps.iter().all(|step| step["ok"] == true), "{text}");
}

#[test]
fn a_lost_session_is_noticed() {
    breaks("session", "after login");
}

#[test]
fn a_missing_quota_is_noticed() {
    breaks("quota", "quota");
}

#[test]
fn hours_that_do_not_close_are_noticed() {
    breaks("hours", "closing");
}

#[test]
fn a_dead_resolver_is_noticed() {
    breaks("dns", "name service");
}

#[test]
fn a_flush_that_is_not_repaired_is_noticed() {
    breaks("flush", "flush");
}

#[test]
fn a_filter_without_sops_is_noticed() {
    breaks("filter", "blocked site");
}

#[test]
fn a_refused_usage_log_is_noticed() {
    breaks("ingest", "usage");
}
