//! A voucher's life: printed at the counter, used, lengthened, taken away.

use std::thread;
use std::time::Duration;

use gapura_lab::clock::{Stopwatch, wait_for};
use gapura_lab::visit::Family;

use super::{LATER, add, at_the_site, browser, expect_good, office, open, portal, see, sign_in, sign_out};
use crate::chromium::{Browser, DESKTOP, Habits, PHONE, SMALL};
use crate::people::meet_the_portal;
use crate::world::{SITE, SOON, World, passes};

/// From the click to the packet, at most: what the counter promises.
const PROMISED: Duration = Duration::from_secs(2);
const CODE: &str = "input[name=kode]";

/// Presses what `css` selects; how long after the click packets of both families failed.
fn press_and_feel(world: &World, staff: &Browser, css: &str) -> Duration {
    let ns = world.at(1).ns().handle();
    let watch = Stopwatch::start();
    let feels = thread::spawn(move || {
        let out = || Ok(Family::BOTH.iter().all(|family| !passes(&ns, *family)).then_some(()));
        wait_for("packets of both families to fail", SOON, out).map(|()| watch.elapsed())
    });
    staff.press(css);
    feels.join().unwrap().unwrap()
}

/// Minutes left, as the visitor's page says it.
fn minutes_left(visitor: &Browser) -> u64 {
    visitor.open(&portal("/status"));
    let words = visitor.words();
    let before = words.split(" menit").next().and_then(|text| text.split_whitespace().last());
    before.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no minutes: {words}"))
}

#[test]
fn a_voucher_is_printed_used_lengthened_and_taken_away() {
    let mut world = office("voucher", 1).with_router();
    world.visitor(1);
    let admin = add(&world, "pengelola", "network-admin");
    let (clerk, officer) = at_the_site(&world);
    let staff = browser(&world, Habits::Plain);

    // The administrator, who needs a second factor, says what may be printed with one tap.
    sign_in(&staff, &admin, "/pilihan-voucer/baru");
    staff.fill("#nama", "Sebentar");
    staff.fill("#menit", "10");
    staff.click("#paket option[value=warga]");
    staff.press("form[action='/pilihan-voucer/simpan'] button");
    assert!(staff.words().contains("Sebentar"), "{}", staff.words());
    expect_good(&staff, "presets", DESKTOP);
    sign_out(&staff);

    // The clerk taps once.
    sign_in(&staff, &clerk, &format!("/l/{SITE}/voucer"));
    expect_good(&staff, "vouchers", DESKTOP);
    staff.press(".tiles button");
    let code = staff.text(".kode");
    assert_eq!(staff.count("svg.qr"), 1, "{}", staff.words());
    assert!(staff.words().contains("10 menit"), "{}", staff.words());
    expect_good(&staff, "paper", DESKTOP);
    super::wait_for_the_newest(&world);

    // The visitor types it.
    let visitor = Browser::of(world.at(1), PHONE, Habits::Plain);
    meet_the_portal(&visitor);
    visitor.follow("Saya punya kode voucer");
    visitor.fill(CODE, &code.to_lowercase());
    visitor.press("form[action$='/voucer'] button");
    assert!(visitor.words().contains("Anda tersambung"), "{}", visitor.words());
    world.until_packets(1, true);
    let before = minutes_left(&visitor);
    assert!(before <= 10, "{before}");
    see(&world, &staff, &format!("/l/{SITE}/loket"), "Warga", LATER);
    assert_eq!(staff.count("a[id^='e-'], a[id^='p-']"), 0, "a clerk ends no visit");
    sign_out(&staff);

    // Somebody of the helpdesk gives more time, by the keyboard alone, on a small screen.
    sign_in(&staff, &officer, &format!("/l/{SITE}/loket"));
    expect_good(&staff, "counter", DESKTOP);
    staff.use_screen(SMALL);
    expect_good(&staff, "counter", SMALL);
    staff.tab_to("a[id^='e-']");
    staff.press_enter();
    expect_good(&staff, "counter-extend", SMALL);
    staff.tab_to("form[action$='/perpanjang'] button");
    staff.press_enter();
    assert!(staff.words().contains("Perpanjangan dikirim"), "{}", staff.words());
    staff.use_screen(DESKTOP);
    // The page looks again by itself.
    world.wait("what became of it on the page", LATER, || staff.words().contains("+15 mnt,").then_some(()));
    let after = minutes_left(&visitor);
    assert!(after > before && (15..=25).contains(&after), "{before} minutes, then {after}");
    drop(staff);

    // And takes it away, in a browser without JavaScript.
    let staff = browser(&world, Habits::WithoutScripts);
    staff.open("data:text/html,<title>before</title><script>document.title='after'</script>");
    assert_eq!(staff.title(), "before");
    sign_in(&staff, &officer, &format!("/l/{SITE}/loket"));
    staff.press("a[id^='p-']");
    let took = press_and_feel(&world, &staff, "form[action$='/putuskan'] button");
    println!("from the click to the packet of both families, the browser's own work in it: {} ms", took.as_millis());
    assert!(took < PROMISED * 5, "{took:?}");
    see(&world, &staff, &format!("/l/{SITE}/loket"), "Belum ada yang daring", LATER);
    meet_the_portal(&visitor);
    let words = visitor.words();
    assert!(words.contains("Sesi diakhiri petugas") && words.contains("Alasan: Selesai dipakai"), "{words}");
    open(&staff, &format!("/l/{SITE}/voucer"));
    staff.click(".list details summary");
    staff.fill(".list details input[name=alasan]", "kertas hilang");
    staff.press(".list details form button");
    assert!(staff.words().contains("dicabut"), "{}", staff.words());
    super::wait_for_the_newest(&world);
    visitor.open(&portal("/voucer"));
    visitor.fill(CODE, &code);
    visitor.press("form[action$='/voucer'] button");
    let error = visitor.text("#e");
    assert!(!visitor.words().contains("Anda tersambung") && error.contains("oucer"), "{error}");
    assert!(!world.passes(1, Family::V4) && !world.passes(1, Family::V6));
}
