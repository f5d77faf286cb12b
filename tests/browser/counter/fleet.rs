//! A router's life: enrolled by the code of its delivery note, approved, silent, replaced.

use std::time::Duration;

use gapura_lab::traffic::download;
use gapura_lab::visit::Family;
use serde_json::{Value, json};

use super::{LATER, add, browser, expect_good, office, open, portal, prove, see, sign_in};
use crate::chromium::{Browser, DESKTOP, Habits, PHONE, WALL};
use crate::looks;
use crate::world::{SITE, SOON, World};

const CODE: &str = "input[name=kode]";
/// What the plan `kuota` allows, both ways together.
const QUOTA: u64 = 2_000_000;
/// What the visitor downloads from the first box.
const USED: u64 = 1_200_000;

/// Makes a delivery note on the page shown, and a box unpacks what stands on it.
fn make_a_note(world: &mut World, staff: &Browser) {
    staff.press("form[action$='/gerbang-baru'] button.go");
    assert_eq!(staff.count("svg.qr"), 1, "{}", staff.words());
    let told = staff.measure("return [...document.querySelectorAll('dd.mono')].map(one => one.innerText)");
    let made = json!({ "controller": told[1], "pin": told[2] });
    world.unpack_with(told[0].as_str().unwrap(), &made);
    world.start_router();
}

/// Looks for the request, compares the key with the router's own words, and approves it.
fn approve(world: &World, staff: &Browser) {
    see(world, staff, "/gerbang", "1 gerbang menunggu persetujuan", LATER);
    staff.follow("Periksa dan setujui");
    let key = staff.text("form[action$='/gerbang-setuju'] dd.mono");
    assert!(world.router_log().contains(&key), "the key in the router's log, for comparison: {key}");
    staff.click("input[name=cocok]");
    expect_good(staff, "enrol-waiting", DESKTOP);
    staff.press("form[action$='/gerbang-setuju'] button.go");
    world.wait_until_serving();
}

/// The visitor types a voucher; what the status page says.
fn redeem(visitor: &Browser, code: &str) -> String {
    visitor.open(&portal("/voucer"));
    visitor.fill(CODE, code);
    visitor.press("form[action$='/voucer'] button");
    let words = visitor.words();
    assert!(words.contains("Anda tersambung"), "{words}");
    words
}

/// A screen for the command centre, opened.
fn hang_a_screen(staff: &Browser) -> String {
    open(staff, "/layar");
    staff.fill("#nama", "Ruang pantau");
    staff.press("form[action='/layar/baru'] button.go");
    expect_good(staff, "screens", DESKTOP);
    staff.follow("Buka papan");
    staff.use_screen(WALL);
    // Gone if the page is loaded anew: what changes after this was sent to it.
    staff.measure("window.kept = true");
    staff.url()
}

/// Waits until the board shows so many people online, as it is.
fn see_online(world: &World, staff: &Browser, count: &str) {
    world.wait(&format!("{count} on the board"), LATER, || (staff.text(".first dd") == count).then_some(()));
    assert_eq!(staff.measure("return window.kept === true"), true, "live, without being loaded anew");
    assert_eq!(staff.measure("return document.getElementById('putus').hidden"), true, "it hears the controller");
}

/// The screen is taken back: its address shows nothing any more.
fn take_the_screen_back(staff: &Browser, address: &str) {
    staff.use_screen(DESKTOP);
    open(staff, "/layar");
    staff.fill("form[action='/layar/cabut'] input[name=alasan]", "Layar dipindahkan");
    staff.press("form[action='/layar/cabut'] button");
    staff.open(address);
    assert_eq!(staff.count("#papan"), 0, "{}", staff.words());
}

#[test]
fn a_router_is_enrolled_approved_silenced_and_replaced_with_its_balances() {
    let mut world = office("router", 1);
    let admin = add(&world, "pengelola", "network-admin");
    let staff = browser(&world, Habits::Plain);
    sign_in(&staff, &admin, &format!("/l/{SITE}/gerbang-baru"));
    make_a_note(&mut world, &staff);
    expect_good(&staff, "delivery-note", DESKTOP);
    approve(&world, &staff);
    // It says so itself, and not only at its next heartbeat.
    see(&world, &staff, "/gerbang", "Melayani", SOON);
    assert!(!staff.words().contains("menunggu persetujuan"), "{}", staff.words());
    expect_good(&staff, "fleet", DESKTOP);

    // A visitor uses up more than half of a voucher.
    let voucher = world.vouchers("kuota", 1, &[]).remove(0);
    world.visitor(1);
    let visitor = Browser::of(world.at(1), PHONE, Habits::Plain);
    let board = hang_a_screen(&staff);
    see_online(&world, &staff, "0");
    redeem(&visitor, &voucher);
    see_online(&world, &staff, "1");
    assert_eq!(looks::misplaced(&staff), Vec::<String>::new());
    looks::keep(&staff, "live-console-board", WALL);
    take_the_screen_back(&staff, &board);
    world.at(1).ns().run(|| download(Family::V4.server(), USED, Duration::from_secs(10))).unwrap();
    visitor.open(&portal("/status"));
    visitor.press("form[action$='/keluar'] button");
    world.wait("the balance at the controller", LATER, || {
        let sql = "SELECT document FROM balance WHERE holder LIKE 'voucher:%'";
        let document: String = world.database().query_row(sql, (), |row| row.get(0)).ok()?;
        let told: Value = serde_json::from_str(&document).unwrap();
        told["day_used"]["traffic"]["down"].as_u64().filter(|down| *down >= USED)
    });

    // The battery runs out, and twenty minutes pass.
    world.kill_router();
    let sql = "UPDATE gateway_report SET heard = heard - 1200000,
        heartbeat = json_set(heartbeat, '$.words', json('{\"battery\": 11}'))";
    assert_eq!(world.database().execute(sql, ()).unwrap(), 1);
    let sql = "UPDATE staff_session SET proved = proved - 1200000";
    assert_eq!(world.database().execute(sql, ()).unwrap(), 1);
    see(&world, &staff, "/gerbang", "Diam sejak", SOON);
    let words = staff.words();
    assert!(words.contains("Kata terakhir: “baterai 11") && words.contains("tidak diketahui"), "{words}");
    expect_good(&staff, "fleet-silent", DESKTOP);
    see(&world, &staff, "/siaga", "Galeri Internet Sinjai", LATER);
    let words = staff.words();
    assert!(words.contains("diam") || words.contains("Diam"), "{words}");
    expect_good(&staff, "alerts", DESKTOP);

    // Another box takes its place.
    open(&staff, "/gerbang");
    staff.follow("Galeri Internet Sinjai");
    expect_good(&staff, "gateway-silent", DESKTOP);
    staff.follow("Ganti router");
    prove(&staff, &admin);
    assert!(staff.words().contains("gw-galeri-1"), "{}", staff.words());
    world.lab.gw().nft("flush ruleset\n").unwrap();
    make_a_note(&mut world, &staff);
    assert!(staff.words().contains("Menggantikan gw-galeri-1"), "{}", staff.words());
    approve(&world, &staff);
    world.wait("the balances on the new box", SOON, || {
        world.router_log().contains("balances that were last reported for this site were taken over").then_some(())
    });
    see(&world, &staff, "/gerbang", "Melayani", SOON);
    assert!(!staff.words().contains("Diam"), "{}", staff.words());
    open(&staff, &format!("/l/{SITE}"));
    assert!(staff.words().contains("gw-galeri-2") && staff.words().contains("gw-galeri-1"), "{}", staff.words());
    expect_good(&staff, "site-replaced", DESKTOP);

    // The voucher goes on where it stood.
    redeem(&visitor, &voucher);
    let left = world.ctl(&["sessions"])[0]["bytes_left"].as_u64().unwrap();
    println!("of {QUOTA} bytes, after {USED} bytes down on the dead box: {left} left");
    assert!(left > 0 && left < QUOTA - USED, "{left}");
}
