//! What every page is held to: WCAG 2.2 AA by axe-core, nothing outside the screen, fingers find what they want, larger
//! text stays readable, the keyboard reaches everything in order.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::chromium::{Browser, Screen};

/// axe-core, see `axe/README.md`.
const AXE: &str = include_str!("axe/axe.min.js");
/// Everything of WCAG 2.0, 2.1 and 2.2 at levels A and AA; `target-size` (criterion 2.5.8) is off unless asked for.
const RUN_AXE: &str = r"
;const done = arguments[arguments.length - 1];
// axe-core is not sure whether words without any contrast are meant to be seen; on our pages they are.
const same = node => node.any.some(check => check.data && check.data.messageKey === 'equalRatio');
const tags = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'];
axe.run(document, { runOnly: tags, rules: { 'target-size': { enabled: true } }, resultTypes: ['violations', 'incomplete'], preload: false })
  .then(found => done(found.violations.map(one => one.id + ': ' + one.nodes.map(node => node.html + ' ' + node.failureSummary).join(' | '))
    .concat(found.incomplete.filter(one => one.id === 'color-contrast').flatMap(one => one.nodes).filter(same).map(node => 'one colour for words and ground: ' + node.html))),
        error => done([String(error)]));";
/// What stands outside the screen, on other things, or cut off; targets smaller than a finger needs (24 CSS pixels, WCAG 2.2
/// criterion 2.5.8, which leaves out links inside a sentence).
const MEASURE: &str = r"
const wrong = [];
// Not innerWidth, which grows with what overflows on a phone.
const wide = document.documentElement.clientWidth;
const name = element => element.outerHTML.slice(0, 90);
const scroll = document.scrollingElement;
if (scroll.scrollWidth > wide) wrong.push('scrolls sideways: ' + scroll.scrollWidth + ' > ' + wide);
const seen = element => element.checkVisibility() && !element.closest('.skip');
for (const element of document.querySelectorAll('body *')) {
  if (!seen(element)) continue;
  const box = element.getBoundingClientRect();
  if (box.right > wide + 0.5 || box.left < -0.5) wrong.push('outside the screen: ' + name(element));
  const style = getComputedStyle(element);
  const cut = style.overflowX !== 'visible' || style.overflowY !== 'visible';
  if (cut && !element.closest('svg') && !element.matches('input, textarea') && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1))
    wrong.push('cut off: ' + name(element));
}
const gate = document.querySelector('.hero .gate')?.getBoundingClientRect();
for (const element of document.querySelectorAll('.hero h1, .hero p')) {
  const range = document.createRange();
  range.selectNodeContents(element);
  for (const line of range.getClientRects())
    if (gate && line.right > gate.left + 1 && line.bottom > gate.top && line.left < gate.right) wrong.push('on the gate: ' + name(element));
}
// A word on two lines that has no hyphen was broken because it did not fit.
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let text = texts.nextNode(); text; text = texts.nextNode()) {
  if (!seen(text.parentElement)) continue;
  for (const word of text.data.matchAll(/[\p{L}\p{N}]{2,}/gu)) {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map(line => Math.round(line.top))).size > 1) wrong.push('a broken word: ' + word[0]);
  }
}
for (const element of document.querySelectorAll('a[href], button, summary, textarea, input:not([type=hidden])')) {
  if (!seen(element)) continue;
  const box = element.getBoundingClientRect();
  const inSentence = element.matches('a') && getComputedStyle(element).display === 'inline' && element.parentElement.textContent.trim() !== element.textContent.trim();
  if (!inSentence && Math.min(box.width, box.height) < 24) wrong.push('too small a target: ' + name(element));
}
return wrong;";
/// What [`MEASURE`] calls a word that did not fit.
const BROKEN: &str = "a broken word";
/// Every text twice as large, as a phone's font setting makes it (WCAG 2.2 criterion 1.4.4).
const ENLARGE: &str = r"
const all = [...document.querySelectorAll('body, body *')].map(element => [element, parseFloat(getComputedStyle(element).fontSize)]);
for (const [element, size] of all) if (!element.closest('svg')) element.style.fontSize = size * 2 + 'px';";
/// Where the keyboard is, and whether one sees it: place among all that it can reach, or -1.
const FOCUS: &str = r"
const all = [...document.querySelectorAll('a[href], button, summary, textarea, input:not([type=hidden])')].filter(element => element.checkVisibility());
const here = document.activeElement, style = getComputedStyle(here);
const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && style.boxShadow !== 'none';
const box = here.getBoundingClientRect();
return { place: all.indexOf(here), all: all.length, ring, inside: box.left >= 0 && box.top >= 0 && box.right <= innerWidth, name: here.outerHTML.slice(0, 90) };";

/// What axe-core finds wrong with the page shown.
pub(crate) fn violations(browser: &Browser) -> Vec<String> {
    // Half a megabyte, which a page keeps once it has it.
    let axe = if browser.measure("return Boolean(window.axe)") == true { "" } else { AXE };
    lines(&browser.measure_slowly(&format!("{axe}{RUN_AXE}")))
}

/// What stands wrong on the screen.
pub(crate) fn misplaced(browser: &Browser) -> Vec<String> {
    lines(&browser.measure(MEASURE))
}

/// The same with every text twice as large; the page is spoilt for anything else. Long words are broken then: twice as large
/// they are wider than a small phone.
pub(crate) fn misplaced_when_enlarged(browser: &Browser) -> Vec<String> {
    browser.measure(ENLARGE);
    let found = misplaced(browser).into_iter().filter(|line| !line.starts_with(BROKEN));
    found.map(|line| format!("at 200 %: {line}")).collect()
}

/// Holds that the page shown is right in every respect, and keeps a picture of it.
pub(crate) fn expect_good(browser: &Browser, name: &str, screen: Screen) {
    let found: Vec<String> = violations(browser).into_iter().chain(misplaced(browser)).collect();
    keep(browser, &format!("live-{name}"), screen);
    assert!(found.is_empty(), "{name} at {}: {found:#?}\n{}", browser.url(), browser.words());
}

/// Holds that Tab goes through everything there is, from the top, once, and that one sees where one is.
pub(crate) fn expect_keyboard_order(browser: &Browser) {
    let mut place = -1;
    loop {
        browser.press_tab();
        let focus = browser.measure(FOCUS);
        let next = focus["place"].as_i64().unwrap();
        assert_eq!(next, place + 1, "Tab leads to {focus} on {}", browser.url());
        assert_eq!((&focus["ring"], &focus["inside"]), (&Value::Bool(true), &Value::Bool(true)), "{focus}");
        place = next;
        if place + 1 == focus["all"].as_i64().unwrap() {
            return;
        }
    }
}

/// Writes `target/screens/NAME-SCREEN.png`.
pub(crate) fn keep(browser: &Browser, name: &str, screen: Screen) {
    let folder = target().join("screens");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}-{}.png", screen.name)), browser.picture(screen)).unwrap();
}

/// Where the build's files are.
pub(crate) fn target() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target")
}

fn lines(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}
