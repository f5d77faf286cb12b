//! Accounts: checked at the department, then known where they signed in.

use std::time::Duration;

use gapura_lab::visit::{Family, Page};

use crate::people::{is_in, is_online, log_out, page, sign_in, submit, words};
use crate::world::World;

const NAME: &str = "andi@sekolah";
const PASSWORD: &str = "rahasia sekali 7";

#[test]
fn an_account_signs_in_also_when_the_department_is_away_until_it_is_closed() {
    let mut world = World::serving("account", 3);
    set(&world, NAME, PASSWORD);
    set(&world, "budi@sekolah", "lain lagi 8888");
    for number in 1..=3 {
        world.visitor(number);
    }
    let wrong = |page: &Page| !is_in(page) && words(page).contains("Nama pengguna atau kata sandi tidak cocok");
    assert_eq!(kept(&world), Vec::<String>::new(), "nobody signed in here yet");
    assert!(wrong(&sign_in(world.at(1), NAME, "salah sama sekali")) && wrong(&sign_in(world.at(1), "siapa", PASSWORD)));
    assert!(is_in(&sign_in(world.at(1), NAME, PASSWORD)) && is_online(world.at(1), Family::V6));
    // Of the two accounts the one that signed in is kept, for thirty days.
    world.wait("the verifier", Duration::from_secs(5), || (kept(&world) == [NAME]).then_some(()));
    let sql = "SELECT verifier, expires FROM verifier";
    let (verifier, expires): (String, i64) =
        world.ledger().query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert!(verifier.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    let days = (expires / 1_000_000 - gapura_lab::clock::unix_seconds()) / 86_400;
    assert!((29..=30).contains(&days), "{days} days");
    log_out(world.at(1));

    world.stop_controller();
    assert!(is_in(&sign_in(world.at(2), NAME, PASSWORD)), "known here, so it works alone");
    log_out(world.at(2));
    assert!(wrong(&sign_in(world.at(2), NAME, "salah sama sekali")));
    assert!(!is_in(&sign_in(world.at(2), "budi@sekolah", "lain lagi 8888")), "never signed in here");
    world.start_controller();
    assert!(is_in(&sign_in(world.at(2), "budi@sekolah", "lain lagi 8888")));

    // A new password holds with the next bundle, also against what is kept.
    set(&world, NAME, "baru sekali 99");
    settle(&world);
    assert!(is_in(&sign_in(world.at(1), NAME, "baru sekali 99")));
    log_out(world.at(1));
    assert!(wrong(&sign_in(world.at(3), NAME, PASSWORD)));
    // Another password leaves a visit alone; closing the account ends it.
    assert!(is_in(&sign_in(world.at(3), NAME, "baru sekali 99")));
    set(&world, NAME, "dan lagi 1234");
    settle(&world);
    assert!(is_online(world.at(3), Family::V4) && is_online(world.at(3), Family::V6));
    world.staff(&["account", "close", NAME]);
    settle(&world);
    for family in Family::BOTH {
        assert!(!is_online(world.at(3), family), "{family}");
    }
    // Refused with the department there, and without it.
    assert!(wrong(&sign_in(world.at(1), NAME, "dan lagi 1234")));
    world.stop_controller();
    assert!(!is_in(&sign_in(world.at(1), NAME, "dan lagi 1234")));
    world.start_controller();
    let visits = world.wait_for_visits("the visits", |visits| {
        visits.len() == 5 && visits.iter().filter(|visit| visit["cause"] == "policy-changed").count() == 1
    });
    assert!(visits.iter().all(|visit| visit["way"] == "account" && visit["plan"] == "warga"));
    let holders: std::collections::BTreeSet<_> = visits.iter().map(|visit| visit["holder"].as_str().unwrap()).collect();
    assert_eq!(holders.len(), 2, "four visits of one account and one of another, by pseudonym");
}

#[test]
fn wrong_passwords_are_slowed_for_their_device_alone_and_plain_http_takes_none() {
    let mut world = World::serving("slow", 2);
    set(&world, NAME, PASSWORD);
    world.visitor(1);
    world.visitor(2);
    let [one, two] = [1, 2].map(|number| world.lab.visitor(number).unwrap());
    let slowed = (1..=8).find(|_| words(&sign_in(one, NAME, "salah sama sekali")).contains("Terlalu banyak percobaan"));
    println!("slowed at wrong password number {slowed:?}");
    assert!(slowed.is_some_and(|number| number > 3));
    assert!(is_in(&sign_in(two, NAME, PASSWORD)), "others are not held up");
    log_out(two);
    // The one who guessed is heard again after its wait, and let in with the right password.
    let page_after = world.wait("the end of the wait", Duration::from_secs(30), || {
        let page = sign_in(one, NAME, PASSWORD);
        is_in(&page).then_some(page)
    });
    assert!(is_in(&page_after));
    log_out(one);
    // As delivered: no HTTPS, no switch, no passwords.
    world.stop_router();
    let file = world.router_dir.join("gateway.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("passwords_over_http = true", "passwords_over_http = false")).unwrap();
    world.start_router();
    world.wait_until_serving();
    let two = world.lab.visitor(2).unwrap();
    let shown = page(two, "/akun");
    let answer = if shown.forms().iter().any(|form| form.has("sandi")) {
        submit(two, &shown, "/akun", &[("nama", NAME), ("sandi", PASSWORD)])
    } else {
        shown
    };
    assert!(!is_in(&answer) && words(&answer).contains("HTTPS"), "{}", words(&answer));
}

fn set(world: &World, name: &str, password: &str) {
    world.try_staff(&["account", "set", name, "--plan", "warga"], Some(&format!("{password}\n"))).unwrap();
}

/// Until the router has the newest bundle of its site.
fn settle(world: &World) {
    let sql = "SELECT max(generation) FROM bundle WHERE site = 'galeri'";
    let last: i64 = world.database().query_row(sql, (), |row| row.get(0)).unwrap();
    world.wait_for_generation(last.cast_unsigned());
}

/// The accounts that the router knows by itself.
fn kept(world: &World) -> Vec<String> {
    let ledger = world.ledger();
    let mut statement = ledger.prepare("SELECT account FROM verifier ORDER BY account").unwrap();
    statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
