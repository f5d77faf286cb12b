//! A SOP's life, from the editor's draft to the month's report: counted, approved, stopped by a sick pilot, published, appealed
//! against, lifted for a time.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use gapura_lab::addr::{self, port};
use gapura_lab::child::output_of;
use gapura_lab::clock::unix_seconds;
use gapura_lab::dns::{ask, kind};
use gapura_lab::upstream::UPSTREAM_PAGE;
use gapura_lab::visit::Family;
use gapura_wire::SignedBundle;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{
    LATER, Person, add, browser, expect_good, office, open, portal, prove, see, sign_in, sign_out, wait_for_the_newest,
};
use crate::chromium::{Browser, DESKTOP, Habits, PHONE};
use crate::looks;
use crate::world::{OTHER, SITE, SOON, World, from_base64};

/// Who uses the Internet before it is forbidden: as many devices as a report needs to tell of them.
const VISITORS: std::ops::RangeInclusive<u16> = 1..=10;
/// What the draft forbids; asked for by all of them.
const FORBIDDEN: &str = "taruhan-daring.example";
/// Asked for by one of them: counted, and not named.
const RARE: &str = "judi-langka.example";
/// Why it should be open.
const WHY: &str = "Situs ini memuat materi pelajaran peluang yang dipakai kelas kami.";
/// The controller looks at a rollout every 15 seconds.
const LOOKS: Duration = Duration::from_mins(2);

/// The draft as the editor types it.
fn draft() -> String {
    format!(
        r#"number = "SOP-07/DISKOMINFO/2026"
title = "SOP Filter Konten"
layer = "regency"
revision = 1
owner = "Dinas Komunikasi dan Informatika"
legal-basis = ["Keputusan Bupati Nomor 1 Tahun 2026"]
effective-from = 2026-01-01
review-by = 2036-01-01

[[clause]]
number = 1
words = "Situs perjudian daring diblokir."
citizen = {{ id = "Situs perjudian dan taruhan daring diblokir.", en = "Gambling sites are blocked." }}
action = "block"
names = ["{FORBIDDEN}", "{RARE}"]
answer = "page"
"#
    )
}

/// What is in force before: names are counted only where the filter is.
fn filter_already(world: &World) {
    let text = draft().replace("SOP-07/DISKOMINFO/2026", "SOP/PROV/01").replace("regency", "province");
    let file = world.controller_dir.join("sop.toml");
    fs::write(&file, text.replace(FORBIDDEN, "lama.example").replace(RARE, "lain.example")).unwrap();
    let id = world.staff(&["sop", "import", &file.display().to_string()])["sops"][0]["id"].to_string();
    world.staff(&["sop", "approve", &id, "--by", "budi"]);
    world.staff(&["sop", "publish", &id, "--by", "budi"]);
    wait_for_the_newest(world);
}

/// Enters by one tap, without a browser.
fn enter(world: &World, number: u16) {
    let visitor = world.at(number);
    let page = visitor.open(&portal("/"), Family::V4).unwrap();
    let forms = page.forms();
    let form = forms.iter().find(|form| form.action.contains("/masuk")).expect("a way in");
    visitor.submit(&page, form, &[], Family::V4).unwrap();
    world.until_packets(number, true);
}

/// Asks our resolver for a name until it has an answer.
fn look_up(world: &World, number: u16, name: &str) {
    let to = SocketAddr::new(addr::LAN.0.into(), port::DNS);
    world.wait(&format!("an answer for {name}"), SOON, || {
        let answer = world.at(number).ns().run(|| ask(to, name, kind::A, Duration::from_secs(2)));
        answer.is_ok_and(|answer| answer.rcode == 0).then_some(())
    });
}

/// Where the only SOP of this number and state is read.
fn sop(world: &World, state: &str) -> String {
    let sql = "SELECT max(id) FROM sop WHERE state = ?1";
    let id: i64 = world.database().query_row(sql, (state,), |row| row.get(0)).unwrap();
    format!("/sop/{id}")
}

/// Whether the newest bundle of a site speaks of a name.
fn published(world: &World, site: &str, name: &str) -> bool {
    let sql = "SELECT signed FROM bundle WHERE site = ?1 ORDER BY generation DESC LIMIT 1";
    let signed: Vec<u8> = world.database().query_row(sql, (site,), |row| row.get(0)).unwrap();
    let bundle = SignedBundle::from_json(&signed).unwrap().bundle;
    String::from_utf8(bundle).unwrap().contains(name)
}

/// What the site's newest bundle holds of SOPs is what the router runs.
fn in_force(world: &World, visitor: &Browser, open: bool) {
    world.wait(&format!("{FORBIDDEN} to be open: {open}"), LATER, || {
        visitor.try_open(&format!("http://{FORBIDDEN}/")).ok()?;
        let wanted = if open { UPSTREAM_PAGE } else { "Situs ini diblokir" };
        visitor.words().contains(wanted).then_some(())
    });
}

/// The editor writes, and is told beside the line what is wrong; then what it would have blocked. Where the draft is read.
fn written_and_tried(world: &World, staff: &Browser, editor: &Person) -> String {
    sign_in(staff, editor, "/sop/baru?dari=kosong");
    staff.fill("#teks", &draft().replace("\"block\"", "\"blok\""));
    staff.press("button[value=simpan]");
    assert!(staff.count(".src li.bad") == 1 && staff.words().contains("1 kesalahan"), "{}", staff.words());
    expect_good(staff, "sop-wrong", DESKTOP);
    staff.fill("#teks", &draft());
    staff.press("button[value=simpan]");
    assert!(staff.words().contains("Situs perjudian daring diblokir."), "{}", staff.words());
    expect_good(staff, "sop-draft", DESKTOP);
    let draft = sop(world, "draft");
    assert!(staff.url().contains(&draft), "{}", staff.url());

    // What it would have blocked, from the gateway's own counts.
    open(staff, &format!("{draft}/dampak"));
    staff.press("form[action$='/coba'] button");
    see(world, staff, &format!("{draft}/dampak"), FORBIDDEN, LATER);
    let words = staff.words();
    assert!(words.contains("1 dari 1 gerbang sudah melapor") && !words.contains(RARE), "{words}");
    assert!(words.contains("Nama terlindung terkena: tidak ada"), "{words}");
    expect_good(staff, "sop-impact", DESKTOP);
    draft
}

/// What staff's command says on another day than today, at noon.
fn staff_on(world: &World, day: &str, words: &[&str]) -> serde_json::Value {
    let mut command = world.lab.ctl().command("faketime");
    command.arg(format!("{day} 12:00:00")).arg(env!("CARGO_BIN_EXE_gapura")).arg("controller").args(words);
    command.arg("--config").arg(world.controller_dir.join("controller.toml")).args(["--by", "tester", "--json"]);
    serde_json::from_str(&output_of(command, None).unwrap()).unwrap()
}

#[test]
fn a_sop_is_drafted_counted_stopped_published_appealed_and_lifted() {
    let mut world = office("sop", *VISITORS.end()).with_router();
    let editor = add(&world, "penyusun", "sop-editor");
    let approver = add(&world, "penyetuju", "sop-approver");
    let second = add(&world, "penyetuju-2", "sop-approver");
    filter_already(&world);
    for number in VISITORS {
        world.visitor(number);
        enter(&world, number);
        look_up(&world, number, FORBIDDEN);
    }
    look_up(&world, 1, RARE);
    let staff = browser(&world, Habits::Plain);

    let draft = written_and_tried(&world, &staff, &editor);
    sign_out(&staff);

    // A second person approves, and begins with a pilot whose disk takes nothing any more.
    sign_in(&staff, &approver, &draft);
    staff.press("form[action$='/setujui'] button");
    assert!(staff.words().contains("Disetujui, belum terbit"), "{}", staff.words());
    let stored = world.router_dir.join("data/bundle.json");
    let good = fs::read(&stored).unwrap();
    fs::remove_file(&stored).unwrap();
    fs::create_dir(&stored).unwrap();
    staff.follow("Terbitkan bertahap");
    for site in [SITE, OTHER] {
        let ticked = staff.property(&format!("input[value={site}]"), "checked") == true;
        if ticked != (site == SITE) {
            staff.click(&format!("input[value={site}]"));
        }
    }
    staff.fill("#gelombang", "100");
    staff.fill("#pantau", "1");
    expect_good(&staff, "rollout-order", DESKTOP);
    staff.press("form#formulir button.go");
    let rollout = format!("{draft}/peluncuran");
    see(&world, &staff, &rollout, "Penerbitan berhenti sendiri", LOOKS);
    let words = staff.words();
    assert!(words.contains("Gagal dipasang") && words.contains("1 lokasi, menunggu giliran"), "{words}");
    expect_good(&staff, "rollout-stopped", DESKTOP);
    let reached = |site| published(&world, site, FORBIDDEN);
    assert!(reached(SITE) && !reached(OTHER), "the other site never got it");

    // The disk is well again; the rest of the sites may have it.
    fs::remove_dir(&stored).unwrap();
    fs::write(&stored, good).unwrap();
    let sql = "UPDATE staff_session SET proved = proved - 1200000";
    world.database().execute(sql, ()).unwrap();
    open(&staff, &rollout);
    let mended = "Ruang simpan gerbang percontohan sudah diperbaiki.";
    staff.fill("#a-semua", mended);
    staff.press("form[action$='/semua'] button");
    prove(&staff, &approver);
    assert_eq!(staff.property("#a-semua", "value"), mended, "what was typed outlives the proof");
    assert!(staff.words().contains("Yang Anda tulis tadi sudah kembali di sini."), "{}", staff.words());
    expect_good(&staff, "rollout-typed-is-back", DESKTOP);
    staff.press("form[action$='/semua'] button");
    // Who asks before it is in force may go by the answer for as long as it is good; here nobody's browser does.
    let to = SocketAddr::new(addr::LAN.0.into(), port::DNS);
    world.wait("the resolver to refuse the name", LATER, || {
        let answer = world.at(1).ns().run(|| ask(to, FORBIDDEN, kind::A, Duration::from_secs(2)));
        answer.is_ok_and(|answer| answer.addresses() == [addr::LAN.0]).then_some(())
    });
    let visitor = Browser::of(world.at(1), PHONE, Habits::Plain);
    in_force(&world, &visitor, false);
    see(&world, &staff, &rollout, "Berlaku", LOOKS);
    expect_good(&staff, "rollout-everywhere", DESKTOP);

    // A visitor asks for a review; the office lifts it with a last day, and a second person agrees.
    looks::expect_good(&visitor, "story-blocked", PHONE);
    visitor.follow("Ajukan peninjauan");
    visitor.fill("#mengapa", WHY);
    visitor.press("form[action$='/peninjauan'] button");
    let number = visitor.text(".ref");
    see(&world, &staff, "/peninjauan", FORBIDDEN, LATER);
    expect_good(&staff, "appeals", DESKTOP);
    staff.follow(&number);
    assert!(staff.words().contains(WHY), "{}", staff.words());
    let month = Timestamp::from_second(unix_seconds() + 30 * 86_400).unwrap().to_zoned(TimeZone::UTC).date();
    staff.fill("#jawaban", "Dibuka untuk pelajaran sampai akhir bulan.");
    staff.fill("#sampai", &month.strftime("%d/%m/%Y").to_string());
    expect_good(&staff, "appeal", DESKTOP);
    staff.press("button[value=kabul]");
    assert!(staff.words().contains("Peninjauan dikabulkan"), "{}", staff.words());
    in_force(&world, &visitor, false);
    sign_out(&staff);
    let exception = sop(&world, "draft");
    sign_in(&staff, &second, &exception);
    assert!(staff.words().contains(FORBIDDEN) && staff.words().contains("Pengecualian"), "{}", staff.words());
    expect_good(&staff, "sop-exception", DESKTOP);
    staff.press("form[action$='/setujui'] button");
    staff.press("form[action$='/terbitkan'] button");
    assert!(staff.words().contains("Berlaku"), "{}", staff.words());

    // The visitor gets through, and reads the answer by number.
    in_force(&world, &visitor, true);
    visitor.open(&portal(&format!("/lacak?nomor={number}")));
    assert!(visitor.words().contains("Dibuka untuk pelajaran"), "{}", visitor.words());
    looks::expect_good(&visitor, "story-lifted", PHONE);

    sign_out(&staff);
    report(&mut world, &staff);
}

/// What the month was: the totals go every few minutes, and a router that starts anew tells them at once.
fn report(world: &mut World, staff: &Browser) {
    for number in VISITORS {
        let mac = addr::visitor_mac(number).to_string();
        world.ctl(&["kick", "--mac", &mac, "--reason", "lokasi tutup"]);
    }
    world.wait("the visits", LATER, || {
        let ended = world.visits().iter().filter(|visit| !visit["end"].is_null()).count();
        (ended >= usize::from(*VISITORS.end())).then_some(())
    });
    world.stop_router();
    world.start_router();
    world.wait("the totals", LATER, || {
        let counts = world.staff(&["filter", "counts", "--site", SITE]);
        (!counts.as_array()?.is_empty()).then_some(())
    });
    // Once the month is over it is closed; who looks on its first days reads so.
    let there = TimeZone::get("Asia/Makassar").unwrap();
    let today = Timestamp::from_second(unix_seconds()).unwrap().to_zoned(there).date();
    let after = today.first_of_month().saturating_add(1.month().days(2));
    let made = staff_on(world, &after.to_string(), &["report", "make"]);
    assert_eq!(made["closed"], 1, "{made}");
    let site_head = add(world, "kepala", &format!("site-head@site:{SITE}"));
    let months = "/laporan-bulanan";
    sign_in(staff, &site_head, months);
    expect_good(staff, "reports", DESKTOP);
    // The month that just began is there too.
    staff.press(&format!("a[href*='/{}']", today.strftime("%Y-%m")));
    let words = staff.words();
    let figure = |label: &str| {
        let value = words.split(label).nth(1).and_then(|rest| rest.split_whitespace().next());
        value.unwrap_or_else(|| panic!("no {label}: {words}")).to_owned()
    };
    let count = |label: &str| figure(label).parse::<u64>().unwrap_or_else(|_| panic!("{label}: {words}"));
    assert_eq!(count("Orang terlayani"), u64::from(*VISITORS.end()), "{words}");
    assert!(count("Nama yang ditolak penyaring") > 0 && count("Kunjungan") >= u64::from(*VISITORS.end()), "{words}");
    assert_eq!((figure("Peninjauan masuk"), figure("Peninjauan dikabulkan")), ("1".to_owned(), "1".to_owned()));
    expect_good(staff, "report", DESKTOP);
    staff.use_screen(PHONE);
    expect_good(staff, "report", PHONE);
    let paper = staff.devtools("Page.printToPDF", serde_json::json!({ "printBackground": false }));
    let paper = from_base64(paper["data"].as_str().unwrap());
    assert!(paper.starts_with(b"%PDF-"), "{} octets", paper.len());
}
