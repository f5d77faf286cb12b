//! A whole visit: portal, terms, one tap, result page, the page that was wanted, log-out, portal again.

use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;

use crate::chromium::{Browser, DESKTOP, Habits, PHONE, SMALL, Screen};
use crate::looks::{expect_good, expect_keyboard_order};
use crate::people::{
    Speaks, WANTED_HOST, arrive, at, expect_no_third_party, expect_the_wanted_page, meet_the_portal, site,
};

const ONE_TAP: &str = "form[action$='/masuk'] button";
const TERMS_ARE_SEEN: &str = "return document.querySelector('details li').checkVisibility()";
const ADDRESS: &str = "#alamat";
const ASK: &str = "form[action$='/situs'] button";
const LOG_OUT: &str = "form[action$='/keluar'] button";

#[test]
fn a_visit_from_the_first_page_to_the_log_out() {
    let mut site = site("visit", 3, SiteWish::default());
    for (number, speaks, screen) in [(1, Speaks::V4, PHONE), (2, Speaks::V6, SMALL), (3, Speaks::Both, DESKTOP)] {
        arrive(&mut site, number, speaks);
        let browser = Browser::of(at(&site, number), screen, Habits::Plain);
        a_visit(&site, &browser, screen, speaks);
    }
}

#[test]
fn the_same_without_scripts_and_cookies() {
    let mut site = site("bare", 1, SiteWish::default());
    arrive(&mut site, 1, Speaks::Both);
    let browser = Browser::of(at(&site, 1), PHONE, Habits::Bare);
    // So that the setting is known to be one.
    browser.open("data:text/html,<title>before</title><script>document.title='after'</script>");
    assert_eq!(browser.title(), "before");
    let portal = meet_the_portal(&browser);
    assert_eq!(browser.measure("document.cookie = 'a=b'; return document.cookie"), "");
    assert_eq!(browser.measure(TERMS_ARE_SEEN), false);
    browser.click("details summary");
    assert_eq!(browser.measure(TERMS_ARE_SEEN), true);
    browser.press(ONE_TAP);
    assert!(browser.url().ends_with("/status") && browser.title().contains("Anda tersambung"), "{}", browser.words());
    expect_the_wanted_page(&browser, &site);
    browser.open(&format!("{portal}/status"));
    browser.press(LOG_OUT);
    assert!(browser.words().contains("Anda sudah keluar"), "{}", browser.words());
    assert_eq!(meet_the_portal(&browser), portal);
    expect_no_third_party(&browser, &portal);
}

/// The address of a page is pasted whole; the answer names its host, keeps it in the field, and leads on to appeals.
fn ask_why(browser: &Browser, screen: Screen) {
    browser.fill(ADDRESS, "HTTPS://Orang@Halaman.Contoh.example:443/berita?hari=ini#atas");
    browser.press(ASK);
    assert!(browser.url().contains("/situs?alamat="), "{}", browser.url());
    assert_eq!(browser.text("section.note bdi"), WANTED_HOST, "{}", browser.words());
    assert_eq!(browser.property(ADDRESS, "value"), WANTED_HOST);
    expect_keyboard_order(browser);
    browser.click("details summary");
    assert!(browser.words().contains("Matikan VPN, masuk, lalu nyalakan lagi"), "{}", browser.words());
    expect_good(browser, "why-answered", screen);
    browser.follow("English");
    assert!(browser.url().ends_with(&format!("/en/situs?alamat={WANTED_HOST}")), "{}", browser.url());
    browser.follow("Bahasa Indonesia");
    browser.fill(ADDRESS, "youtube");
    browser.press(ASK);
    assert!(browser.words().contains("Alamat ini belum lengkap."), "{}", browser.words());
    expect_good(browser, "why-no-address", screen);
    browser.follow("Lihat jawaban dengan nomor tiket");
    browser.fill("#nomor", "7kqma 4x2pb");
    browser.press("form[action$='/lacak'] button");
    assert!(browser.words().contains("Nomor ini tidak dikenali."), "{}", browser.words());
    expect_good(browser, "follow-not-found", screen);
    expect_keyboard_order(browser);
    browser.follow("Situs tidak terbuka?");
}

fn a_visit(site: &Site, browser: &Browser, screen: Screen, speaks: Speaks) {
    let portal = meet_the_portal(browser);
    assert_eq!(portal.contains('['), speaks != Speaks::V4, "{portal}");
    assert!(browser.title().contains("Selamat datang"), "{}", browser.title());
    assert_eq!(browser.measure("return document.documentElement.lang"), "id");
    expect_good(browser, "welcome", screen);
    expect_keyboard_order(browser);

    // The terms, short and long.
    assert_eq!(browser.measure(TERMS_ARE_SEEN), false);
    browser.click("details summary");
    assert_eq!(browser.measure(TERMS_ARE_SEEN), true);
    expect_good(browser, "welcome-terms-open", screen);
    browser.follow("Baca selengkapnya");
    assert!(browser.url().ends_with("/syarat") && browser.words().contains("dengan tertib"), "{}", browser.words());
    expect_good(browser, "terms", screen);
    browser.follow("Kembali");

    // English stays in the address from page to page, and leads back.
    browser.follow("English");
    for (words, path, title) in [("Need help?", "/en/bantuan", "help"), ("Privacy", "/en/privasi", "rivacy")] {
        assert!(browser.url().contains("/en"), "{}", browser.url());
        browser.follow(words);
        assert!(
            browser.url().ends_with(path) && browser.title().contains(title),
            "{} {}",
            browser.url(),
            browser.title()
        );
        assert_eq!(browser.measure("return document.documentElement.lang"), "en");
        expect_good(browser, &format!("en{}", path.replace('/', "-")), screen);
    }
    browser.follow("Bahasa Indonesia");
    assert!(browser.url().ends_with("/privasi") && !browser.url().contains("/en"), "{}", browser.url());
    browser.follow("Situs tidak terbuka?");
    expect_good(browser, "why", screen);
    ask_why(browser, screen);
    browser.follow("Ke halaman depan");

    // One tap.
    browser.press(ONE_TAP);
    assert!(browser.url().ends_with("/status"), "{}: {}", browser.url(), browser.words());
    let words = browser.words();
    for wanted in
        ["Anda tersambung", "Sisa waktu", "Sisa kuota", "500 MB", "Kecepatan", "Unduh 4 Mb/s, unggah 2 Mb/s", "Keluar"]
    {
        assert!(words.contains(wanted), "{wanted} is missing: {words}");
    }
    assert!(words.contains("1 jam 59 menit") || words.contains("2 jam"), "{words}");
    expect_good(browser, "status", screen);
    expect_keyboard_order(browser);
    expect_the_wanted_page(browser, site);

    // Out again.
    browser.open(&format!("{portal}/"));
    assert!(browser.url().ends_with("/status"), "{}", browser.url());
    browser.press(LOG_OUT);
    assert!(browser.words().contains("Anda sudah keluar"), "{}", browser.words());
    expect_good(browser, "ended", screen);
    assert_eq!(meet_the_portal(browser), portal);
    assert!(browser.count("form[action$='/lagi'] button, form[action$='/masuk'] button") > 0, "{}", browser.words());
    expect_no_third_party(browser, &portal);
}
