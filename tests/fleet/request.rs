//! A visitor asks for help at the portal, the office answers, the visitor reads it by number.

use std::time::Duration;

use gapura_lab::visit::{Family, Page};
use serde_json::Value;

use crate::people::{is_in, one_tap, words};
use crate::world::{SITE, SOON, World};

/// Slow machines included: a message goes up at most a minute after the controller is back.
const LATER: Duration = Duration::from_mins(2);

/// The portal as a device sees it before login: whatever it opens leads there.
fn portal(world: &World, visitor: u16, family: Family) -> Page {
    world.wait("the portal", SOON, || world.at(visitor).open("http://halaman.contoh.example/", family).ok())
}

/// A page of the portal over this family.
fn page(world: &World, visitor: u16, (front, path): (&Page, &str), family: Family) -> Page {
    world.at(visitor).open(&front.resolve(path), family).unwrap()
}

/// Writes to the staff; the number on the page that comes.
fn ask(world: &World, visitor: u16, front: &Page, family: Family, filled: &[(&str, &str)]) -> String {
    let help = page(world, visitor, (front, "/bantuan"), family);
    let forms = help.forms();
    let form =
        forms.iter().find(|form| form.action.ends_with("/bantuan")).unwrap_or_else(|| panic!("{}", words(&help)));
    let filed = world.at(visitor).submit(&help, form, filled, family).unwrap();
    let text = filed.reply.text();
    let number = text.split("class=\"ref\">").nth(1).and_then(|rest| rest.split('<').next());
    number.unwrap_or_else(|| panic!("{}", words(&filed))).to_owned()
}

/// The request in the office's list.
fn arrived(world: &World, number: &str) -> Value {
    world.wait("the request at the office", LATER, || {
        let rows = world.staff(&["request", "list", "--part", "all"]);
        rows.as_array()?.iter().find(|row| row["reference"] == number).cloned()
    })
}

#[test]
fn a_visitor_asks_before_login_and_reads_the_answer_by_number() {
    let mut world = World::serving("request", 2);
    for visitor in [1, 2] {
        world.visitor(visitor);
    }
    for (visitor, family) in [(1, Family::V4), (2, Family::V6)] {
        let front = portal(&world, visitor, family);
        let filled = [("topik", "pengaduan"), ("cerita", "Ruang baca gelap."), ("kontak", "0812000111")];
        let number = ask(&world, visitor, &front, family, &filled);
        let row = arrived(&world, &number);
        let told = ["site", "origin", "topic", "words", "state"].map(|field| row[field].as_str().unwrap_or_default());
        assert_eq!(told, [SITE, "portal", "complaint", "Ruang baca gelap.", "received"], "{row}");
        let seen = world.staff(&["request", "show", &number, "--contact"]);
        assert_eq!((&seen["contact"], &seen["visit"]), (&"0812000111".into(), &Value::Null), "{seen}");
        let follow = |wanted: &str| {
            world.wait(wanted, SOON, || {
                let path = format!("/lacak?nomor={}", number.to_lowercase());
                page(&world, visitor, (&front, &path), family).reply.text().contains(wanted).then_some(())
            });
        };
        follow("Dijawab paling lambat");
        world.staff(&["request", "forward", &number, "Dinas Perpustakaan", "--by", "ani"]);
        follow("Diteruskan ke Dinas Perpustakaan");
        let answer = ["request", "answer", &number, "Lampunya sudah diganti.", "--agency", "Dinas Perpustakaan"];
        world.staff(&[&answer[..], &["--by", "budi"]].concat());
        follow("Lampunya sudah diganti.");
        world.staff(&["request", "close", &number, "--by", "ani"]);
        follow("Selesai</dd>");
    }
}

#[test]
fn a_request_without_the_controller_is_sent_when_it_is_back() {
    let mut world = World::serving("request-offline", 1);
    world.visitor(1);
    assert!(is_in(&one_tap(world.at(1))));
    let status = crate::people::page(world.at(1), "/status");
    world.stop_controller();
    let number =
        ask(&world, 1, &status, Family::V4, &[("topik", "tambahan"), ("cerita", "Tugas kuliah belum selesai.")]);
    let follow = |world: &World| page(world, 1, (&status, &format!("/lacak?nomor={number}")), Family::V4);
    assert!(follow(&world).reply.text().contains("menunggu dikirim ke pusat"), "{}", words(&follow(&world)));
    // The router forgets nothing while it is off, either.
    world.kill_router();
    world.start_router();
    world.start_controller();
    world.wait_until_serving();
    let row = arrived(&world, &number);
    assert_eq!((&row["topic"], &row["words"]), (&"more-time".into(), &"Tugas kuliah belum selesai.".into()));
    // Joined to the visit by the number that the visitor reads out.
    let short = row["visit"].as_str().unwrap();
    assert!(short.len() == 9 && status.reply.text().contains(short), "{row}");
    world.wait("the visit beside the request", LATER, || {
        (world.staff(&["request", "show", &number])["visit_seen"]["plan"] == "umum").then_some(())
    });
    let faq = r#"[{"question": {"id": "Di mana mencetak?"}, "answer": {"id": "Di loket."}}]"#;
    let file = world.controller_dir.join("faq.json");
    std::fs::write(&file, faq).unwrap();
    world.staff(&["request", "faq", "--file", &file.display().to_string()]);
    world.wait("the frequent question at the portal", SOON, || {
        page(&world, 1, (&status, "/bantuan"), Family::V4).reply.text().contains("Di mana mencetak?").then_some(())
    });
}
