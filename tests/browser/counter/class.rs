//! *Kelas*: eight seats in one press, until its time.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use gapura_lab::addr::{self, port};
use gapura_lab::clock::unix_seconds;
use gapura_lab::traffic::{Knock, knock};
use gapura_lab::visit::Family;
use serde_json::json;

use super::{LATER, at_the_site, browser, expect_good, office, open, portal, see, sign_in, wait_for_the_newest};
use crate::chromium::{Browser, DESKTOP, Habits, PHONE};
use crate::world::{SITE, SOON, World, site};

/// The gallery's seats are these visitors.
const SEATS: std::ops::RangeInclusive<u16> = 1..=8;
/// A visitor with a phone.
const PHONE_OWNER: u16 = 9;
/// A class is this long, in minutes: the form has hours to choose from, and takes any.
const MINUTES: i64 = 1;

/// The site's document with its seats and a group for classes.
fn gallery() -> String {
    let seat = |number: u16| {
        let mac = addr::visitor_mac(number);
        format!("\n[[devices]]\nmac = \"{mac}\"\nrole = \"seat\"\nlabel = \"PC 0{number}\"\n")
    };
    let seats: String = SEATS.map(seat).collect();
    format!("{}\n[filter]\nclass-groups = [\"anak\"]\n{seats}", site("Galeri Internet Sinjai"))
}

/// An SOP that closes one server to children, in force.
fn close_to_children(world: &World, closed: &[IpAddr]) {
    let text = format!(
        r#"
number = "SOP/UJI/02"
title = "SOP Filter Konten"
layer = "regency"
revision = 1
owner = "Dinas Komunikasi dan Informatika"
legal-basis = ["Keputusan Bupati Nomor 1 Tahun 2026"]
effective-from = 2026-01-01
review-by = 2036-01-01

[[clause]]
number = 1
words = "Alamat ini tertutup bagi anak."
citizen = {{ id = "Tertutup bagi anak.", en = "Closed to children." }}
action = "block"
addresses = {}
scope = {{ groups = ["anak"] }}
"#,
        json!(closed)
    );
    let file = world.controller_dir.join("sop.toml");
    std::fs::write(&file, text).unwrap();
    let imported = world.staff(&["sop", "import", &file.display().to_string()]);
    let id = imported["sops"][0]["id"].to_string();
    world.staff(&["sop", "approve", &id, "--by", "budi"]);
    world.staff(&["sop", "publish", &id, "--by", "budi"]);
    wait_for_the_newest(world);
}

#[test]
fn a_class_is_opened_on_eight_seats_and_ends_by_itself() {
    let world = office("class", PHONE_OWNER);
    world.staff_with_file(&["site", "set", SITE], &gallery());
    let mut world = world.with_router();
    for number in SEATS.chain([PHONE_OWNER]) {
        world.visitor(number);
    }
    let closed = [IpAddr::from(addr::server(2).0), addr::server(2).1.into()];
    close_to_children(&world, &closed);
    let (clerk, _) = at_the_site(&world);
    let staff = browser(&world, Habits::Plain);
    sign_in(&staff, &clerk, &format!("/l/{SITE}/loket"));
    see(&world, &staff, &format!("/l/{SITE}/loket"), "Gerbang tersambung", LATER);

    // One press.
    open(&staff, &format!("/l/{SITE}/kelas"));
    assert_eq!(staff.count("input[name=kursi]:checked"), 8, "{}", staff.words());
    expect_good(&staff, "class", DESKTOP);
    staff.fill("#nama", "SD 2 Balangnipa");
    staff.click("#paket option[value=warga]");
    staff.click("#kelompok option[value=anak]");
    staff.measure(&format!("document.querySelector('input[name=lama]:checked').value = '{MINUTES}'"));
    let pressed = unix_seconds();
    staff.press("form[action$='/kelas'] button.go");
    for number in SEATS {
        world.until_packets(number, true);
    }
    println!("eight seats open {} s after the press", unix_seconds() - pressed);
    see(&world, &staff, &format!("/l/{SITE}/kelas"), "Berjalan", LATER);
    assert!(!world.passes(PHONE_OWNER, Family::V4), "nobody else");
    let words = staff.words();
    assert!(words.contains("8 kursi PC") && words.contains("kelompok anak"), "{words}");
    expect_good(&staff, "class-running", DESKTOP);

    // What the group may not see, the seats do not see; a phone on its own sees it.
    let phone = Browser::of(world.at(PHONE_OWNER), PHONE, Habits::Plain);
    phone.open(&portal("/"));
    phone.press("form[action$='/masuk'] button");
    world.until_packets(PHONE_OWNER, true);
    let reaches = |number: u16| {
        let reached = |address: &IpAddr| {
            let to = SocketAddr::new(*address, port::HTTPS);
            world.at(number).ns().run(|| Ok(knock(to, Duration::from_millis(300)))).unwrap().0 == Knock::Open
        };
        closed.iter().map(reached).collect::<Vec<_>>()
    };
    assert_eq!(reaches(PHONE_OWNER), [true, true]);
    assert_eq!(reaches(1), [false, false]);
    assert_eq!(reaches(8), [false, false]);

    // How many came is all that is kept of who came.
    open(&staff, &format!("/l/{SITE}/kelas"));
    staff.fill("input[name=hadir]", "7");
    staff.press("button[value=hadir]");
    assert_eq!(staff.property("input[name=hadir]", "value"), "7");

    // Nobody does anything, and it is over.
    for number in SEATS {
        world.wait(&format!("seat {number} to close"), Duration::from_mins(2), || {
            Family::BOTH.iter().all(|family| !world.passes(number, *family)).then_some(())
        });
    }
    let lasted = unix_seconds() - pressed;
    println!("the class lasted {lasted} s");
    assert!(lasted >= MINUTES * 60 - 1, "{lasted}");
    see(&world, &staff, &format!("/l/{SITE}/kelas"), "Selesai", LATER);
    assert_eq!(staff.property("input[name=hadir]", "value"), "7");
    expect_good(&staff, "class-over", DESKTOP);
    assert!(world.passes(PHONE_OWNER, Family::V4) && world.passes(PHONE_OWNER, Family::V6), "who is not in it goes on");
    world.wait("free seats at the counter", SOON, || {
        open(&staff, &format!("/l/{SITE}/loket"));
        staff.words().contains("0 dari 8 terpakai").then_some(())
    });
}
