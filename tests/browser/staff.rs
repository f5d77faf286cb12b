//! What visitors see of what staff do: a notice, a kick, a block, closing time, an emergency; and of an outage.

use std::time::Duration;

use gapura_lab::clock::unix_seconds;
use gapura_lab::config::SiteWish;
use gapura_wire::Bundle;

use crate::chromium::{Browser, Habits, PHONE, SMALL};
use crate::looks::expect_good;
use crate::people::{Speaks, arrive, at, expect_the_wanted_page, furnish, meet_the_portal, site};
use crate::stand::{SOON, status, wait};

const ONE_TAP: &str = "form[action$='/masuk'] button";
/// An uplink's fate is known after this long on a busy machine.
const NOTICED: Duration = Duration::from_mins(1);

#[test]
fn a_notice_a_kick_and_a_block_are_told_with_their_reasons() {
    let mut site = site("staff", 1, SiteWish::default());
    arrive(&mut site, 1, Speaks::Both);
    let browser = Browser::of(at(&site, 1), SMALL, Habits::Plain);
    let portal = meet_the_portal(&browser);
    site.ctl(&["notice", "Besok listrik padam pukul 09.00–11.00 WITA", "--severity", "waspada", "--for", "6h"])
        .unwrap();
    see(&browser, &format!("{portal}/"), "Besok listrik padam");
    expect_good(&browser, "notice-waspada", SMALL);
    site.ctl(&["notice", "Segera menuju tempat tinggi", "--severity", "awas", "--for", "6h"]).unwrap();
    see(&browser, &format!("{portal}/"), "Segera menuju tempat tinggi");
    expect_good(&browser, "notice-awas", SMALL);
    browser.press(ONE_TAP);
    see(&browser, &format!("{portal}/status"), "Segera menuju tempat tinggi");
    expect_good(&browser, "status-awas", SMALL);
    site.ctl(&["notice"]).unwrap();
    expect_the_wanted_page(&browser, &site);

    let mac = at(&site, 1).mac().to_string();
    site.ctl(&["kick", "--mac", &mac, "--reason", "melewati waktu kelas"]).unwrap();
    meet_the_portal(&browser);
    let words = browser.words();
    assert!(words.contains("Sesi diakhiri petugas") && words.contains("Alasan: melewati waktu kelas"), "{words}");
    assert!(!words.contains("Segera menuju"), "the notice was taken away: {words}");
    expect_good(&browser, "kicked", SMALL);

    site.ctl(&["block", "--mac", &mac, "--reason", "mengganggu jaringan"]).unwrap();
    meet_the_portal(&browser);
    let words = browser.words();
    assert!(words.contains("Perangkat ini tidak dapat masuk") && words.contains("mengganggu jaringan"), "{words}");
    assert_eq!(browser.count("a[href='tel:04825550112']"), 1, "whom to ask");
    assert_eq!(browser.count("form"), 0, "a blocked device is offered no way in");
    expect_good(&browser, "blocked", SMALL);
    site.ctl(&["unblock", "--mac", &mac, "--reason", "sudah jelas"]).unwrap();
    meet_the_portal(&browser);
    assert!(browser.count("form") > 0, "{}", browser.words());

    site.ctl(&["open-in-emergency", "--for", "1h", "--reason", "gempa"]).unwrap();
    expect_the_wanted_page(&browser, &site);
    see(&browser, &format!("{portal}/"), "Internet dibuka untuk semua");
    expect_good(&browser, "emergency", SMALL);
}

/// Open from 8 to 22 o'clock, every day.
fn by_day(bundle: &mut Bundle) {
    furnish(bundle);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| format!(r#""{day}": ["08.00-22.00"]"#));
    let text = format!(r#"{{ "zone": "Asia/Makassar", "weekly": {{ {} }} }}"#, days.join(", "));
    bundle.hours = serde_json::from_str(&text).expect("hours");
}

#[test]
fn at_night_the_page_says_when_it_opens_again() {
    // 23.00 in Makassar, where it is eight hours later than UTC.
    let eleven_at_night = 15 * 3_600 - unix_seconds().rem_euclid(86_400);
    let clock = vec![format!("--clock-shift={eleven_at_night} trusted")];
    let mut site = site("night", 1, SiteWish { gateway_arguments: clock, change: Some(by_day), ..SiteWish::default() });
    arrive(&mut site, 1, Speaks::Both);
    let browser = Browser::of(at(&site, 1), PHONE, Habits::Plain);
    let portal = meet_the_portal(&browser);
    let words = browser.words();
    assert!(words.contains("Layanan tutup") && words.contains("Buka kembali besok pukul 08.00 WITA."), "{words}");
    assert!(words.contains("Jam layanan") && words.contains("08.00–22.00"), "{words}");
    assert_eq!(browser.count("form"), 0, "nobody is offered a way in");
    expect_good(&browser, "closed", PHONE);
    browser.follow("English");
    assert!(browser.words().contains("Opens again tomorrow at 08:00 WITA."), "{}", browser.words());

    // Staff open outside the hours; the warning before closing stands on the status page.
    site.ctl(&["hours", "--open-for", "14m", "--reason", "rapat warga"]).unwrap();
    see(&browser, &format!("{portal}/"), "Selamat datang");
    browser.press(ONE_TAP);
    let words = browser.words();
    assert!(words.contains("Simpan pekerjaan Anda sekarang") && words.contains("karena jam tutup"), "{words}");
    // The plan's extension brings bytes only, so close to closing.
    assert!(words.contains("Tambah kuota 100 MB") && !words.contains("erpanjang sampai"), "{words}");
    expect_good(&browser, "status-soon", PHONE);
    site.ctl(&["hours", "--close-in", "0s", "--reason", "selesai"]).unwrap();
    wait("the end of the visit", SOON, || {
        browser.open(&format!("{portal}/status"));
        let words = browser.words();
        (words.contains("Layanan sudah tutup") || words.contains("Layanan tutup")).then_some(())
    });
    expect_good(&browser, "ended-closing", PHONE);
}

#[test]
fn an_outage_is_told_and_costs_no_voucher() {
    let mut site = site("outage", 1, SiteWish::default());
    arrive(&mut site, 1, Speaks::Both);
    let browser = Browser::of(at(&site, 1), PHONE, Habits::Plain);
    let portal = meet_the_portal(&browser);
    site.lab().uplink("wan0", false).unwrap();
    wait("the outage", NOTICED, || (status(&site)["uplink"]["up"] == false).then_some(()));
    see(&browser, &format!("{portal}/"), "Internet sedang terganggu");
    assert!(browser.words().contains("Voucer dan waktu Anda tidak berkurang."), "{}", browser.words());
    expect_good(&browser, "uplink-down", PHONE);
    site.lab().uplink("wan0", true).unwrap();
    wait("the uplink again", NOTICED, || (status(&site)["uplink"]["up"] == true).then_some(()));
    browser.follow("Coba lagi");
    browser.press(ONE_TAP);
    assert!(browser.words().contains("Anda tersambung"), "{}", browser.words());
}

/// Opens a page of the portal until it says `words`.
fn see(browser: &Browser, url: &str, words: &str) {
    wait(&format!("{url} to say {words}"), SOON, || {
        browser.open(url);
        browser.words().contains(words).then_some(())
    });
}
