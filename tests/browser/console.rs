//! Every page of the console with every kind of content, as its own tests leave them in `target/console-pages`.

use std::fs;
use std::path::PathBuf;

use crate::chromium::{Browser, DESKTOP, Habits, PHONE, SMALL};
use crate::gallery::complete;
use crate::looks;
use crate::stand::lab;

/// What is looked for on staff's pages beside axe-core: tables that scroll in a frame of their own may be wider than a screen.
const HELD: [&str; 2] = ["scrolls sideways", "too small a target"];

#[test]
fn every_page_of_the_console_is_good_to_everybody() {
    let lab = lab("console", 1, |_| {});
    let browser = Browser::of(lab.visitor(1).unwrap(), DESKTOP, Habits::Plain);
    let mut all = Vec::new();
    for (name, path) in pages() {
        browser.open(&format!("file://{}", path.display()));
        let mut found = Vec::new();
        // What axe-core looks for is the same in both languages; words are longer or shorter.
        let thorough = name.ends_with("-id") || complete();
        for (screen, dark) in [(DESKTOP, false), (DESKTOP, true), (SMALL, true), (SMALL, false)] {
            // Colours are the same in both languages and on all screens.
            if dark && !complete() && (!thorough || screen == SMALL) {
                continue;
            }
            browser.use_screen(screen);
            browser.prefer_dark(dark);
            let seen = if thorough { wrong(&browser) } else { misplaced(&browser) };
            let kind = if dark { "dark, " } else { "" };
            found.extend(seen.into_iter().map(|line| format!("{name}, {kind}{}: {line}", screen.name)));
        }
        if complete() {
            for (screen, dark) in [(DESKTOP, false), (DESKTOP, true), (PHONE, true), (PHONE, false)] {
                browser.use_screen(screen);
                browser.prefer_dark(dark);
                let kind = if dark { "-dark" } else { "" };
                looks::keep(&browser, &format!("console-{name}{kind}"), screen);
            }
        }
        all.extend(found);
    }
    // The menu of a phone.
    let (name, path) = pages().into_iter().find(|(name, _)| name == "desk-id").expect("the counter");
    browser.open(&format!("file://{}#menu", path.display()));
    browser.use_screen(SMALL);
    all.extend(wrong(&browser).into_iter().map(|line| format!("{name}, menu: {line}")));
    if complete() {
        looks::keep(&browser, "console-menu-id", SMALL);
    }
    assert!(all.is_empty(), "{all:#?}");
}

/// What is wrong with the page of the console that is shown.
pub(crate) fn wrong(browser: &Browser) -> Vec<String> {
    looks::violations(browser).into_iter().chain(misplaced(browser)).collect()
}

/// What stands wrong on a page of the console.
fn misplaced(browser: &Browser) -> Vec<String> {
    let all = looks::misplaced(browser);
    all.into_iter().filter(|line| HELD.iter().any(|held| line.starts_with(held))).collect()
}

/// Name and file of every page.
fn pages() -> Vec<(String, PathBuf)> {
    let folder = looks::target().join("console-pages");
    let missing = "no pages to look at: cargo test -p gapura-console --lib writes them";
    let paths = fs::read_dir(&folder).expect(missing).map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|ending| ending == "html"));
    let mut pages: Vec<_> = paths.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path)).collect();
    pages.sort();
    assert!(!pages.is_empty(), "{missing}");
    pages
}
