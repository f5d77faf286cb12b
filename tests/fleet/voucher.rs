//! What a voucher is good for: one site, one time, until a day, on so many devices, until it is withdrawn.

use std::time::Duration;

use gapura_lab::clock::{Stopwatch, unix_seconds};
use gapura_lab::visit::Family;

use crate::people::{is_in, is_online, log_out, page, redeem, submit, wait_until_online, words};
use crate::world::{OTHER, SITE, SOON, World, site};

#[test]
fn a_voucher_is_for_its_site_and_ends_when_it_is_withdrawn() {
    let mut world = World::serving("site", 2);
    let code = world.vouchers("warga", 1, &[]).remove(0);
    let other = world.staff(&["voucher", "make", "--site", OTHER, "--plan", "warga"]);
    world.visitor(1);
    world.visitor(2);
    let [one, two] = [1, 2].map(|number| world.lab.visitor(number).unwrap());
    // The other site's voucher is not known here, and what is known here is not in the other site's bundle.
    let refused = redeem(two, other["codes"][0].as_str().unwrap());
    assert!(words(&refused).contains("Kode voucer tidak dikenali"), "{}", words(&refused));
    let sql = "SELECT count(*) FROM voucher AS mine JOIN voucher AS theirs ON mine.tag = theirs.tag AND mine.site <> theirs.site";
    assert_eq!(world.database().query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap(), 0);
    // As people write it.
    assert!(is_in(&redeem(one, &format!(" {} ", code.to_lowercase().replace([' ', '-'], "- ")))));
    wait_until_online(one, true);
    let watch = Stopwatch::start();
    world.try_staff(&["voucher", "revoke", "--site", SITE], Some(&format!("{code}\n"))).unwrap();
    let told = watch.elapsed();
    world.wait("the end of the withdrawn voucher's visit", Duration::from_secs(2), || {
        (!is_online(one, Family::V4) && !is_online(one, Family::V6)).then_some(())
    });
    println!("withdrawn: command {} ms, access ended after {} ms", told.as_millis(), watch.elapsed().as_millis());
    let again = redeem(one, &code);
    assert!(!is_in(&again) && !is_online(one, Family::V4), "{}", words(&again));
    let visits = world.wait_for_visits("the end", |visits| visits.len() == 1 && !visits[0]["end"].is_null());
    assert_eq!(visits[0]["cause"], "policy-changed");
    // Twice is once.
    assert!(world.try_staff(&["voucher", "revoke", "--site", SITE], Some(&code)).is_err());
}

#[test]
fn a_qr_code_lets_one_visitor_in_once_and_its_code_goes_on() {
    let mut world = World::serving("qr", 2);
    let made = world.staff(&["voucher", "make", "--site", SITE, "--plan", "warga", "--count", "2", "--use-time", "1h"]);
    world.wait_for_generation(made["published"][0]["generation"].as_u64().unwrap());
    let batch = made["batch"].as_str().unwrap().to_owned();
    let print = |world: &World| world.staff(&["voucher", "print", "--site", SITE, "--batch", &batch]);
    // The router says by itself where visitors reach its portal.
    let link =
        world.wait("the router's word of its portal", SOON, || print(&world)["links"][0].as_str().map(str::to_owned));
    let printed = print(&world);
    assert_eq!(printed["codes"], made["codes"], "printed again, the same codes");
    let path = link.strip_prefix("http://10.60.0.1").unwrap_or_else(|| panic!("{link}")).to_owned();
    world.visitor(1);
    world.visitor(2);
    let [one, two] = [1, 2].map(|number| world.lab.visitor(number).unwrap());
    // Previews and prefetches look, and use nothing up.
    let looked: Vec<_> = (0..3).map(|_| one.open(&link, Family::V4).unwrap()).collect();
    assert!(
        looked.iter().all(|page| page.forms().iter().filter(|form| form.has("t")).count() == 1),
        "{}",
        words(&looked[0])
    );
    assert!(!is_online(one, Family::V4) && world.ctl(&["sessions"]).as_array().unwrap().is_empty());
    let watch = Stopwatch::start();
    assert!(is_in(&submit(one, &looked[2], &path, &[])));
    wait_until_online(one, true);
    println!("scanned: online after {} ms", watch.elapsed().as_millis());
    assert!(is_in(&one.open(&link, Family::V4).unwrap()), "who is in sees how things stand");
    let refused = |visitor: &gapura_lab::Visitor| {
        let page = visitor.open(&link, Family::V4).unwrap();
        let answer = submit(visitor, &page, &path, &[]);
        assert!(words(&answer).contains("Kode QR ini sudah dipakai"), "{}", words(&answer));
        assert!(!is_in(&answer) && answer.forms().iter().any(|form| form.has("kode")), "the code can be typed at once");
    };
    refused(two);
    // Used once is used for ever, also after a power cut.
    log_out(one);
    world.kill_router();
    world.start_router();
    world.wait_until_serving();
    let [one, two] = [1, 2].map(|number| world.lab.visitor(number).unwrap());
    refused(one);
    refused(two);
    assert!(!is_online(one, Family::V4) && !is_online(two, Family::V4));
    // The code beside it goes on working as the plan says.
    let code = made["codes"][0].as_str().unwrap();
    assert!(is_in(&redeem(two, code)));
    wait_until_online(two, true);
    // The counter prints what is left, without the one in use.
    world.wait("the counter to know", Duration::from_mins(1), || {
        let left = world.staff(&["voucher", "print", "--site", SITE, "--batch", &batch, "--only-unused"]);
        (left["codes"].as_array().unwrap().as_slice() == [made["codes"][1].clone()]).then_some(())
    });
}

#[test]
fn time_of_use_stops_at_log_out_and_the_last_day_is_kept() {
    let mut world = World::serving("time", 2);
    let used = world.vouchers("warga", 1, &["--use-time", "8s"]).remove(0);
    world.visitor(1);
    world.visitor(2);
    let one = world.lab.visitor(1).unwrap();
    let pass = |time: u64| {
        let watch = Stopwatch::start();
        world.wait("time to pass", Duration::from_mins(1), || (watch.elapsed().as_secs() >= time).then_some(()));
    };
    assert!(is_in(&redeem(one, &used)));
    pass(3);
    let over = log_out(one);
    assert!(words(&over).contains("tersimpan"), "{}", words(&over));
    pass(4);
    // Had time run on, one second were left; now it is about five. The code need not be typed again.
    assert!(is_in(&submit(one, &over, "/lagi", &[])));
    let watch = Stopwatch::start();
    let left = world.ctl(&["sessions"])[0]["seconds_left"].as_u64().unwrap();
    assert!((2..=5).contains(&left), "{left} s left");
    world.wait("the end of the time of use", Duration::from_secs(20), || (!is_online(one, Family::V4)).then_some(()));
    let second = watch.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(8)).contains(&second), "{second:?}");
    let visits = world
        .wait_for_visits("both ends", |visits| visits.len() == 2 && visits.iter().all(|visit| !visit["end"].is_null()));
    let seconds: u64 = visits.iter().map(|visit| visit["seconds"].as_u64().unwrap()).sum();
    println!("Waktu pakai 8 s: used {seconds} s in two visits, the second ended after {} ms", second.as_millis());
    assert!((7..=8).contains(&seconds), "{seconds}");
    assert_eq!(visits[1]["cause"], "time-up-voucher");
    assert!(!page(one, "/").forms().iter().any(|form| form.action.contains("/lagi")), "nothing is left to go on with");
    let again = redeem(one, &used);
    assert!(words(&again).contains("Voucer ini sudah habis dipakai"), "{}", words(&again));

    let before = jiff::Timestamp::from_second(unix_seconds() + 6).unwrap();
    let until = world.vouchers("warga", 1, &["--use-before", &before.to_string()]).remove(0);
    let two = world.lab.visitor(2).unwrap();
    assert!(is_in(&redeem(two, &until)));
    world.wait("Pakai sebelum", Duration::from_secs(20), || (!is_online(two, Family::V4)).then_some(()));
    let late = unix_seconds() - before.as_second();
    assert!((0..=3).contains(&late), "ended {late} s after its last moment");
    let again = redeem(two, &until);
    assert!(words(&again).contains("hanya dapat dipakai sebelum"), "{}", words(&again));
}

#[test]
fn a_second_device_is_asked_and_takes_the_visit_over() {
    let mut world = World::serving("devices", 3);
    let one_device = world.vouchers("warga", 1, &[]).remove(0);
    let two_devices = world.vouchers("warga", 1, &["--devices", "2"]).remove(0);
    for number in 1..=3 {
        world.visitor(number);
    }
    let [one, two, three] = [1, 2, 3].map(|number| world.lab.visitor(number).unwrap());
    assert!(is_in(&redeem(one, &one_device)));
    wait_until_online(one, true);
    let asked = redeem(two, &one_device);
    assert!(!is_in(&asked) && !is_online(two, Family::V4) && is_online(one, Family::V4), "{}", words(&asked));
    assert!(asked.forms().iter().any(|form| form.has("alih")), "{}", words(&asked));
    let visit = world.ctl(&["sessions"])[0]["visit"].clone();
    assert!(is_in(&submit(two, &asked, "/voucer", &[])));
    wait_until_online(two, true);
    wait_until_online(one, false);
    let sessions = world.ctl(&["sessions"]);
    assert_eq!((sessions.as_array().unwrap().len(), &sessions[0]["visit"]), (1, &visit), "it is the same visit");
    log_out(two);
    // Two devices at once, and the third is asked.
    assert!(is_in(&redeem(one, &two_devices)) && is_in(&redeem(two, &two_devices)));
    let asked = redeem(three, &two_devices);
    assert!(!is_in(&asked) && words(&asked).contains("2 perangkat"), "{}", words(&asked));
    wait_until_online(one, true);
    wait_until_online(two, true);
}

#[test]
fn a_notice_of_the_department_comes_and_goes_with_the_bundle() {
    let mut world = World::serving("notice", 1);
    world.visitor(1);
    let visitor = world.lab.visitor(1).unwrap();
    let plain = site("Galeri Internet Sinjai");
    let notice = "notices = [{ severity = \"warning\", until = \"2099-01-01T00:00:00Z\", \
                  text = { id = \"Banjir di Jalan Persatuan\", en = \"Flood\" } }]\n";
    let publish = |document: &str| {
        let published = world.staff_with_file(&["site", "set", SITE], document);
        let generation = published["published"][0]["generation"].as_u64().unwrap_or_else(|| panic!("{published}"));
        world.wait_for_generation(generation);
    };
    let shown = || page(visitor, "/").reply.text().contains("Banjir");
    assert!(!shown());
    publish(&plain.replace("\n[terms]", &format!("{notice}\n[terms]")));
    assert!(shown());
    publish(&plain);
    assert!(!shown());
}
