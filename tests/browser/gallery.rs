//! Every page with every kind of content, as the portal's own tests leave them in `target/portal-pages`: those that no
//! visitor of a story comes to see as well.

use std::fs;
use std::path::PathBuf;

use crate::chromium::{Browser, DESKTOP, Habits, PHONE, SMALL};
use crate::looks;
use crate::stand::lab;

/// `make browser` asks for pictures of all pages, and for axe-core's word on each of them.
pub(crate) fn complete() -> bool {
    std::env::var_os("GAPURA_SCREENS").is_some()
}

/// Pages that between them have every colour there is.
const COLOURFUL: [&str; 8] = [
    "welcome-id",
    "status-soon-5-closing-id",
    "awas-id",
    "refused-unknown-code-form-id",
    "closed-id",
    "blocked-id",
    "site-blocked-id",
    "followed-granted-id",
];

/// A page with one of each fault that these tests are to find.
const FAULTY: &str = "data:text/html,<!doctype html><html><meta name='viewport' content='width=device-width'><title>x</title><main><h1 style='color:%23eee;background:white'>\
    Pudar</h1><p style='width:900px'>Lebar</p><p style='width:40px;overflow-wrap:break-word'>menyambungkan</p>\
    <p style='height:10px;overflow:hidden'>Satu<br>Dua<br>Tiga</p><a href='%23' style='display:block;height:9px;font-size:8px'>a</a>\
    <p style='color:%23fff;background:%23fff'>Sama</p><img src=''></main>";

#[test]
fn every_page_is_good_to_everybody() {
    let lab = lab("gallery", 1, |_| {});
    let browser = Browser::of(lab.visitor(1).unwrap(), SMALL, Habits::Plain);
    expect_faults_to_be_found(&browser);
    let mut wrong = Vec::new();
    for (name, path) in pages() {
        browser.open(&format!("file://{}", path.display()));
        let mut found = looks::misplaced(&browser);
        // What axe-core looks for is the same in both languages, and in all pages that refuse something.
        let first_of_its_kind = name.ends_with("-id") && !name.starts_with("refused-");
        if complete() || first_of_its_kind || COLOURFUL.contains(&name.as_str()) {
            found.extend(looks::violations(&browser));
        }
        if COLOURFUL.contains(&name.as_str()) || complete() {
            browser.prefer_dark(true);
            found.extend(looks::violations(&browser).into_iter().map(|line| format!("dark: {line}")));
            if complete() && COLOURFUL.contains(&name.as_str()) {
                browser.use_screen(PHONE);
                looks::keep(&browser, &format!("{name}-dark"), PHONE);
                browser.use_screen(SMALL);
            }
            browser.prefer_dark(false);
        }
        if complete() {
            for screen in [PHONE, DESKTOP] {
                browser.use_screen(screen);
                looks::keep(&browser, &name, screen);
                found.extend(looks::misplaced(&browser).into_iter().map(|line| format!("{}: {line}", screen.name)));
            }
            browser.use_screen(SMALL);
        }
        found.extend(looks::misplaced_when_enlarged(&browser));
        wrong.extend(found.into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The tests' own eyes are good.
fn expect_faults_to_be_found(browser: &Browser) {
    browser.open(FAULTY);
    let found = [looks::violations(browser), looks::misplaced(browser)].concat();
    let faults = [
        "html-has-lang",
        "color-contrast",
        "image-alt",
        "one colour for words and ground",
        "scrolls sideways",
        "outside the screen",
        "a broken word: menyambungkan",
        "cut off",
        "too small a target",
    ];
    for fault in faults {
        assert!(found.iter().any(|line| line.starts_with(fault)), "{fault} is not found: {found:#?}");
    }
}

/// Name and file of every page.
fn pages() -> Vec<(String, PathBuf)> {
    let folder = looks::target().join("portal-pages");
    let missing = "no pages to look at: cargo test -p captive-portal --lib writes them";
    let paths = fs::read_dir(&folder).expect(missing).map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = paths.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path)).collect();
    // While the clock is in doubt pages look the same, with fewer words.
    pages.retain(|(name, _)| !name.contains("clock-in-doubt"));
    pages.sort();
    assert!(pages.len() > 150, "{missing}");
    pages
}
