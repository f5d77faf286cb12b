//! A filtered site before a real browser: secure DNS does not lead around the filter, and who meets a blocked site is told why
//! and asks for a review.

use gapura_lab::addr::DNS;
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::dns::kind;
use gapura_lab::upstream::UPSTREAM_PAGE;
use gapura_wire::Bundle;

use crate::chromium::{Browser, DESKTOP, Habits, PHONE, SMALL};
use crate::gallery::complete;
use crate::looks::{expect_good, expect_keyboard_order};
use crate::people::{at, furnish};
use crate::provider::{self, PROVIDER, no_provider};
use crate::sop::{FORBIDDEN, clause, groups, head, section};
use crate::stand::{SOON, admit, lab, log, start, wait};

/// Never forbidden.
const SCHOOL: &str = "sekolah.example";
/// Forbidden, and answered with the portal's address.
const WITH_PAGE: &str = "situs-taruhan-daring.example";
/// "No such name" (RFC 1035 section 4.1.1).
const NO_SUCH_NAME: u8 = 3;
/// Why it should be open.
const WHY: &str = "Situs ini memuat materi pelajaran matematika peluang yang dipakai kelas kami.";
const SEND: &str = "form[action$='/peninjauan'] button";

/// A site with these clauses; staff have the plan `kuota`.
fn filtered(name: &str, visitors: u16, clauses: &[String]) -> Site {
    let lab = lab(name, visitors, |_| {});
    let gateway_sections = section(&lab, &[head("regency", "SOP-07/DISKOMINFO/2026") + &clauses.concat()], None);
    let change = |bundle: &mut Bundle| {
        furnish(bundle);
        groups(bundle);
    };
    start(lab, SiteWish { quota_is_missing: true, change: Some(change), gateway_sections, ..SiteWish::default() })
}

fn gambling() -> String {
    clause(1, "Situs perjudian diblokir.", &format!("action = \"block\"\nnames = [\"{FORBIDDEN}\"]"))
}

/// A visitor comes in, and the filter knows whose device that is.
fn enter(site: &Site, number: u16, plan: &str) {
    admit(site, number, &["--plan", plan]);
    wait(&format!("{FORBIDDEN} to be refused to visitor {number}\n{}", log(site)), SOON * 2, || {
        let answer = at(site, number).look_up(FORBIDDEN, kind::A);
        answer.is_ok_and(|answer| answer.rcode == NO_SUCH_NAME).then_some(())
    });
}

/// Opens a page of the Internet until it comes.
fn expect_open(site: &Site, browser: &Browser, host: &str) {
    wait(&format!("{host} to open\n{}", log(site)), SOON * 2, || {
        browser.try_open(&format!("http://{host}/")).ok()?;
        browser.words().contains(UPSTREAM_PAGE).then_some(())
    });
}

/// Holds that the browser shows its own error, and which.
fn expect_error(site: &Site, browser: &Browser, url: &str, error: &str) {
    match browser.try_open(url) {
        Err(said) => assert!(said.contains(error), "{url}: {said}\n{}", log(site)),
        Ok(()) => panic!("{url} opens: {}\n{}", browser.words(), log(site)),
    }
}

#[test]
fn secure_dns_of_the_browser_does_not_lead_around_the_filter() {
    let site = filtered("doh", 2, &[gambling(), no_provider(2)]);
    let mut provider = provider::open(&site);
    enter(&site, 1, "umum");
    enter(&site, 2, "kuota");
    let template = |host: &str| format!("https://{host}/dns-query");
    let providers = [template(PROVIDER), template(&DNS.0.to_string()), template(&format!("[{}]", DNS.1))];
    let started = |number, mode, templates: &str| {
        Browser::of(at(&site, number), PHONE, Habits::SecureDns(mode, templates.to_owned()))
    };
    let upstream = |name: &str| site.lab().upstream().seen().asked(name);

    for (number, template) in providers.iter().enumerate() {
        // Staff may use the provider, and so reach what is forbidden: this is what the rule is against.
        let name = format!("petugas{number}.{FORBIDDEN}");
        expect_open(&site, &started(2, "secure", template), &name);
        assert!(provider::log(&site).contains(&name), "{template}: {:?}\n{}", provider.ended(), provider::log(&site));

        // Anybody else: neither the provider nor another way.
        let name = format!("warga{number}.{FORBIDDEN}");
        let browser = started(1, "secure", template);
        expect_error(&site, &browser, &format!("http://{name}/"), "ERR_NAME_NOT_RESOLVED");
        assert!(!provider::log(&site).contains(&name) && upstream(&name) == 0, "{template}: {}", provider::log(&site));
    }

    // As it comes, and with the provider in sight: the browser falls back to our resolver, which refuses the one and finds the other.
    for (number, templates) in ["", &providers.join(" ")].into_iter().enumerate() {
        let name = format!("sendiri{number}.{FORBIDDEN}");
        let browser = started(1, "automatic", templates);
        expect_error(&site, &browser, &format!("http://{name}/"), "ERR_NAME_NOT_RESOLVED");
        expect_open(&site, &browser, &format!("kelas{number}.{SCHOOL}"));
        let said = provider::log(&site);
        assert!(!said.contains(&name) && !said.contains(SCHOOL) && upstream(&name) == 0, "{templates}: {said}");
    }
}

#[test]
fn a_blocked_site_is_explained_and_a_review_filed_and_followed() {
    let words = "Situs perjudian dan taruhan daring diblokir.";
    let page = clause(2, words, &format!("action = \"block\"\nnames = [\"{WITH_PAGE}\"]\nanswer = \"page\""));
    let site = filtered("banding", 2, &[gambling(), page]);
    for number in [1, 2] {
        enter(&site, number, "umum");
    }
    let browser = Browser::of(at(&site, 1), PHONE, Habits::Plain);
    expect_open(&site, &browser, SCHOOL);
    // Over HTTPS nothing of ours can stand in the site's place: the browser says so in its own words, at once.
    expect_error(&site, &browser, &format!("https://{FORBIDDEN}/"), "ERR_NAME_NOT_RESOLVED");
    expect_error(&site, &browser, &format!("https://{WITH_PAGE}/"), "ERR_CONNECTION_REFUSED");
    a_review(&site, &browser, true);
    drop(browser);

    let browser = Browser::of(at(&site, 2), SMALL, Habits::Bare);
    a_review(&site, &browser, false);
}

/// From the blocked site to the number that one follows the review by; every page on the way is good.
fn a_review(site: &Site, browser: &Browser, looked_at: bool) {
    let look = |name: &str| {
        if looked_at {
            expect_good_to_everybody(browser, name);
        }
    };
    wait(&format!("the block page\n{}", log(site)), SOON, || {
        browser.try_open(&format!("http://{WITH_PAGE}/promo?a=1")).ok()?;
        browser.words().contains("Situs ini diblokir").then_some(())
    });
    assert!(browser.url().ends_with(&format!("/situs?alamat={WITH_PAGE}")), "{}", browser.url());
    let words = browser.words();
    for wanted in [
        WITH_PAGE,
        "Situs perjudian dan taruhan daring diblokir.",
        "SOP-07/DISKOMINFO/2026",
        "Keputusan Bupati Nomor 1 Tahun 2026",
        "BLK-",
    ] {
        assert!(words.contains(wanted), "{wanted} is missing: {words}");
    }
    look("site-blocked");

    browser.follow("Ajukan peninjauan");
    look("appeal");
    browser.press(SEND);
    assert!(browser.text("#em").contains("Tulis alasannya dahulu."), "{}", browser.words());
    look("appeal-empty");
    browser.fill("#mengapa", WHY);
    browser.fill("#kontak", "warga@contoh.example");
    browser.press(SEND);
    let number = browser.url().split_once("/lacak?nomor=").map(|(_, number)| number.to_owned());
    let number = number.unwrap_or_else(|| panic!("no number: {} {}", browser.url(), browser.words()));
    assert_eq!(browser.text(".ref"), number);
    assert!(browser.words().contains("Permohonan Anda sudah kami terima"), "{}", browser.words());
    look("appeal-filed");

    // Another time, with the number on a piece of paper.
    browser.open(&format!("http://{WITH_PAGE}/"));
    browser.follow("Situs tidak terbuka?");
    look("why");
    browser.follow("Lihat jawaban dengan nomor tiket");
    look("follow");
    browser.fill("#nomor", &number.to_lowercase().replace('-', " "));
    browser.press("form[action$='/lacak'] button");
    let words = browser.words();
    assert!(words.contains(&number) && words.contains(WITH_PAGE) && words.contains("Menunggu"), "{words}");
    assert!(
        !words.contains(WHY) && !words.contains("warga@contoh.example"),
        "whoever has the number reads this: {words}"
    );
    look("followed");
}

/// Holds that the page is good on a phone; with pictures wanted also on other screens, in the dark and in English.
fn expect_good_to_everybody(browser: &Browser, name: &str) {
    expect_good(browser, name, PHONE);
    if complete() {
        on_every_screen(browser, name);
        // A form that was sent has no address to come back to.
        if browser.count(".err") == 0 {
            browser.follow("English");
            on_every_screen(browser, &format!("en-{name}"));
            browser.follow("Bahasa Indonesia");
        }
        browser.use_screen(PHONE);
    }
    expect_keyboard_order(browser);
}

fn on_every_screen(browser: &Browser, name: &str) {
    for screen in [SMALL, PHONE, DESKTOP] {
        browser.use_screen(screen);
        expect_good(browser, name, screen);
        browser.prefer_dark(true);
        expect_good(browser, &format!("{name}-dark"), screen);
        browser.prefer_dark(false);
    }
}
