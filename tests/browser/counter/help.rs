//! A visitor asks, staff answer, the visitor reads it by number.

use super::{LATER, at_the_site, browser, expect_good, office, portal, see, sign_in};
use crate::chromium::{Browser, DESKTOP, Habits, PHONE};
use crate::looks;
use crate::people::meet_the_portal;
use crate::world::{SOON, World};

/// The visitor looks for the answer by number until the page says `words`.
fn follow(world: &World, visitor: &Browser, number: &str, words: &str) {
    world.wait(&format!("{words} at the portal"), LATER, || {
        visitor.open(&portal("/lacak"));
        visitor.fill("#nomor", &number.to_lowercase());
        visitor.press("form[action$='/lacak'] button");
        visitor.words().contains(words).then_some(())
    });
}

#[test]
fn a_visitor_asks_for_help_and_reads_the_answer_by_number() {
    let mut world = office("help", 2).with_router();
    world.visitor(1);
    world.visitor(2);
    let (_, officer) = at_the_site(&world);
    let visitor = Browser::of(world.at(1), PHONE, Habits::Plain);
    meet_the_portal(&visitor);
    visitor.follow("Butuh bantuan?");
    looks::expect_good(&visitor, "help-form", PHONE);
    visitor.click("#t-tambahan");
    visitor.fill("#cerita", "Formulir beasiswa belum selesai diisi.");
    visitor.press("form[action$='/bantuan'] button");
    let number = visitor.text(".ref");
    assert!(number.len() >= 9, "{number}: {}", visitor.words());
    looks::expect_good(&visitor, "help-sent", PHONE);

    let staff = browser(&world, Habits::Plain);
    sign_in(&staff, &officer, "/permintaan");
    see(&world, &staff, "/permintaan", &number, LATER);
    assert!(staff.words().contains("Formulir beasiswa"), "{}", staff.words());
    expect_good(&staff, "requests", DESKTOP);
    staff.follow(&number);
    assert!(staff.words().contains("Formulir beasiswa belum selesai diisi."), "{}", staff.words());
    expect_good(&staff, "request", DESKTOP);
    staff.fill("form[action$='/jawab'] textarea", "Silakan ke loket; waktu Anda kami tambah.");
    staff.press("form[action$='/jawab'] button.go");
    assert!(staff.words().contains("Silakan ke loket; waktu Anda kami tambah."), "{}", staff.words());
    expect_good(&staff, "request-answered", DESKTOP);

    // No account, no visit, not even the same device: the number is enough.
    drop(visitor);
    let visitor = Browser::of(world.at(2), PHONE, Habits::Plain);
    meet_the_portal(&visitor);
    follow(&world, &visitor, &number, "waktu Anda kami tambah");
    looks::expect_good(&visitor, "help-answered", PHONE);
    // What was asked stands on no page that a number opens to others.
    assert!(!visitor.words().contains("beasiswa"), "{}", visitor.words());
    staff.press("form[action$='/tutup'] button");
    world.wait("the end of it on the page", SOON, || staff.words().contains("Selesai").then_some(()));
    follow(&world, &visitor, &number, "Selesai");
}
