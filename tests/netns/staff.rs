//! What staff decide about single devices, and what they tell everybody.

use std::time::Duration;

use gapura_lab::addr::{LAN, visitor_mac};
use gapura_lab::clock::Stopwatch;
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{Knock, download};
use gapura_lab::visit::{Family, Page};
use gapura_wire::{Bundle, Device, DeviceRole};

use crate::stand::{
    ANY, SOON, admit, expect_online, expect_refused, families, log, one_tap, outbox, session, site, submit, tcp,
    visitor_of, wait,
};

const PRINTER: u16 = 1;
const SEAT: u16 = 2;
const PHONE: u16 = 3;
/// A visit on the seat ends after this long without a packet.
const IDLE: Duration = Duration::from_secs(5);
/// Everybody's time a day.
const DAY: Duration = Duration::from_hours(2);

/// A page of the gateway itself.
fn gate(site: &Site, number: u16, path: &str) -> Page {
    visitor_of(site, number).open(&format!("http://{}{path}", LAN.0), Family::V4).unwrap()
}

fn says(site: &Site, number: u16, path: &str, words: &str) -> bool {
    gate(site, number, path).reply.text().contains(words)
}

fn expect_says(site: &Site, number: u16, path: &str, words: &str) {
    let page = gate(site, number, path);
    assert!(page.reply.text().contains(words), "visitor {number} reads nothing of \"{words}\":\n{}", page.reply.text());
}

fn known_devices(bundle: &mut Bundle) {
    let device = |number, role, label: &str, idle| Device { mac: visitor_mac(number), role, label: label.into(), idle };
    bundle.devices = vec![
        device(PRINTER, DeviceRole::Trusted, "Pencetak loket", None),
        device(SEAT, DeviceRole::Seat, "PC 1", Some(IDLE)),
    ];
    for plan in &mut bundle.plans {
        plan.day.time = Some(DAY);
    }
}

#[test]
fn a_printer_needs_no_login_a_seat_needs_one_each_time_and_a_blocked_device_is_told_whom_to_ask() {
    let mut site = site("staff", 3, SiteWish { change: Some(known_devices), ..SiteWish::default() });
    // The printer: through, over both families, without anybody's doing.
    expect_online(&site, PRINTER);
    expect_says(&site, PRINTER, "/", "Perangkat ini selalu tersambung");
    assert_eq!(session(&site, PRINTER).unwrap()["way"], "trusted");
    for number in [SEAT, PHONE] {
        expect_refused(&site, number);
    }

    // The seat: a visit goes on while it is used. Its visitor leaves it by the button, the next has to log in and begins with
    // a whole allowance.
    one_tap(&site, PHONE);
    one_tap(&site, SEAT);
    let watch = Stopwatch::start();
    let used = IDLE + Duration::from_secs(2);
    while watch.elapsed() < used {
        for family in families(&site) {
            // An answer that is late on a busy machine is no end; a refusal would be.
            assert_ne!(tcp(&site, SEAT, family), Knock::Refused, "a seat in use\n{}", log(&site));
        }
    }
    let page = gate(&site, SEAT, "/status");
    submit(visitor_of(&site, SEAT), &page, "/keluar", &[]);
    expect_refused(&site, SEAT);
    one_tap(&site, SEAT);
    let left = Stopwatch::start();
    expect_online(&site, SEAT);
    let fresh = session(&site, SEAT).unwrap();
    let whole = fresh["seconds_left"].as_u64().unwrap() + fresh["seconds_used"].as_u64().unwrap();
    assert!(whole + used.as_secs() > DAY.as_secs() + 2, "the visitor before used some of it: {fresh}");
    // Left alone it ends; the phone's visit, silent for longer, does not.
    wait(&format!("the end of the seat's visit\n{}", log(&site)), SOON, || {
        session(&site, SEAT).is_none().then_some(())
    });
    assert!(left.elapsed() + Duration::from_secs(1) > IDLE, "ended after {:?} of silence", left.elapsed());
    expect_refused(&site, SEAT);
    expect_says(&site, SEAT, "/", "Sambungan tidak dipakai beberapa waktu");
    assert!(session(&site, PHONE).is_some(), "no seat, no idle end");
    let told = outbox(&site);
    let idle = told.iter().filter(|record| record["cause"] == "idle" && !record["end"].is_null()).count();
    assert_eq!(idle, 1, "{told:?}");

    // A visitor is kept out: told so, why and whom to ask; without a way in, until staff let it try again.
    let mac = visitor_mac(PHONE).to_string();
    site.ctl(&["block", "--mac", &mac, "--reason", "mengganggu pengunjung lain"]).unwrap();
    assert!(session(&site, PHONE).is_none());
    expect_refused(&site, PHONE);
    for url in [ANY.to_owned(), format!("http://{}/voucer", LAN.0), format!("http://{}/status", LAN.0)] {
        let page = visitor_of(&site, PHONE).open(&url, Family::V4).unwrap();
        let text = page.reply.text();
        for words in
            ["Perangkat ini tidak dapat masuk", "Alasan: mengganggu pengunjung lain", "Hubungi petugas", "Loket 1"]
        {
            assert!(text.contains(words), "{url} says nothing of \"{words}\":\n{text}");
        }
        assert!(page.forms().is_empty(), "{url} offers a way in");
    }
    site.gateway_mut().kill();
    site.restart_gateway().unwrap();
    expect_refused(&site, PHONE);
    expect_says(&site, PHONE, "/", "Perangkat ini tidak dapat masuk");
    site.ctl(&["unblock", "--mac", &mac, "--reason", "sudah bicara"]).unwrap();
    expect_refused(&site, PHONE);
    one_tap(&site, PHONE);
    expect_online(&site, PHONE);

    // The hours are for visitors, not for the printer, and its visit is nobody's usage.
    site.ctl(&["hours", "--close-in", "0s", "--reason", "uji"]).unwrap();
    wait(&format!("closing\n{}", log(&site)), SOON, || session(&site, PHONE).is_none().then_some(()));
    expect_refused(&site, PHONE);
    expect_online(&site, PRINTER);
    let got = visitor_of(&site, PRINTER).ns().run(|| download(Family::V6.server(), 100_000, SOON)).unwrap();
    assert_eq!(got.bytes, 100_000);
    assert!(outbox(&site).iter().all(|record| record["way"] != "trusted"), "{:?}", outbox(&site));
}

#[test]
fn a_notice_stands_on_every_page_until_its_end() {
    const TITLE: &str = "Siaga: Sungai meluap";
    const BODY: &str = "Naik ke lantai dua.";
    let mut site = site("notice", 3, SiteWish { blocked: vec![visitor_mac(3)], ..SiteWish::default() });
    admit(&site, 2, &[]);
    let text = format!("Sungai meluap\n{BODY}");
    site.ctl(&["notice", &text, "--severity", "siaga", "--for", "3000s"]).unwrap();
    // A restart does not take it down.
    site.gateway_mut().kill();
    site.restart_gateway().unwrap();
    let pages =
        [(1, "/", "Selamat datang"), (2, "/status", "Anda tersambung"), (3, "/", "Perangkat ini tidak dapat masuk")];
    for (number, path, page) in pages {
        for words in [page, TITLE, BODY, "Berlaku sampai"] {
            expect_says(&site, number, path, words);
        }
    }
    let english = gate(&site, 1, "/en").reply.text();
    assert!(english.contains("Sungai meluap") && english.contains("<html lang=\"en\">"), "{english}");
    site.ctl(&["hours", "--close-in", "0s", "--reason", "uji"]).unwrap();
    for number in [1, 2] {
        wait(&format!("the closed page\n{}", log(&site)), SOON, || {
            says(&site, number, "/", "Layanan tutup").then_some(())
        });
        expect_says(&site, number, "/", TITLE);
    }
    // Staff take it away.
    site.ctl(&["notice"]).unwrap();
    assert!(!says(&site, 1, "/", "Sungai meluap"));
    // It ends by itself, at its time and not before.
    let length = Duration::from_secs(4);
    let watch = Stopwatch::start();
    site.ctl(&["notice", "Listrik padam", "--severity", "waspada", "--for", "4s"]).unwrap();
    expect_says(&site, 1, "/", "Waspada: Listrik padam");
    let ended =
        wait("the end of the notice", SOON, || (!says(&site, 1, "/", "Listrik padam")).then(|| watch.elapsed()));
    assert!(ended + Duration::from_millis(200) > length, "ended after {ended:?} of {length:?}");
    let acts = crate::stand::audit(&site);
    for (action, times) in [("notice-shown", 2), ("notice-removed", 1)] {
        assert_eq!(acts.iter().filter(|known| *known == action).count(), times, "{acts:?}");
    }
}
