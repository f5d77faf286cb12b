//! Staff at the console with a real browser, beside visitors with theirs: one controller, one router, real packets.

mod class;
mod fleet;
mod help;
mod sop;
mod voucher;

use std::fs;
use std::time::Duration;

use gapura_lab::clock::{unix_seconds, wait_for};
use ring::hmac;

use crate::chromium::{Browser, DESKTOP, Habits, Screen};
use crate::console::wrong;
use crate::looks;
use crate::world::{SITE, World};

/// Where staff find the console: their browser runs on the controller's machine.
const CONSOLE: &str = "https://127.0.0.1:8444";
/// What the controller's file says of it.
const SECTION: &str = r#"
[console]
listen = "[::]:8444"
public_name = "127.0.0.1"
department = "Diskominfo Kabupaten Sinjai"
zone = "Asia/Makassar"
"#;
/// Slow machines included: what one side of the network tells the other.
const LATER: Duration = Duration::from_mins(1);

/// Somebody who signs in.
struct Person {
    name: &'static str,
    password: &'static str,
    /// The secret of the second factor (base 32, RFC 4648 section 6), where the role needs one.
    secret: Option<String>,
}

/// A controller with a console; no router yet.
fn office(name: &str, visitors: u16) -> World {
    World::furnished_with(name, visitors, None, SECTION)
}

/// Adds somebody with one role.
fn add(world: &World, name: &'static str, role: &str) -> Person {
    let password = "perahu payung kopi susu";
    let words = ["admin", "create", "--name", name, "--title", name, "--role", role];
    let made = world.try_staff(&words, Some(&format!("{password}\n"))).unwrap();
    let secret = made["totp"].as_str().map(|address| {
        let secret = address.split(['?', '&']).find_map(|part| part.strip_prefix("secret="));
        secret.expect("a secret in the address").to_owned()
    });
    Person { name, password, secret }
}

/// Who works at the site: a clerk, somebody of the helpdesk.
fn at_the_site(world: &World) -> (Person, Person) {
    (add(world, "loket", &format!("clerk@site:{SITE}")), add(world, "petugas", &format!("helpdesk@site:{SITE}")))
}

/// Staff's browser.
fn browser(world: &World, habits: Habits) -> Browser {
    let dir = world.lab.dir().join("staff");
    fs::create_dir_all(&dir).unwrap();
    Browser::start(world.lab.ctl().handle(), &dir, DESKTOP, habits)
}

/// A page of the console.
fn open(browser: &Browser, path: &str) {
    browser.open(&format!("{CONSOLE}{path}"));
}

/// Signs in, with the second factor where there is one, and comes to `path`.
fn sign_in(browser: &Browser, person: &Person, path: &str) {
    open(browser, path);
    assert!(browser.url().contains("/masuk"), "{}", browser.url());
    browser.fill("#n", person.name);
    browser.fill("#s", person.password);
    browser.press("form[action='/masuk'] button");
    if let Some(secret) = &person.secret {
        assert!(browser.url().contains("/masuk/kode"), "{}: {}", browser.url(), browser.words());
        browser.fill("#k", &code_now(secret));
        browser.press("form[action='/masuk/kode'] button");
    }
    assert_eq!(browser.url(), format!("{CONSOLE}{path}"), "{}", browser.words());
}

/// What matters asks again who one is, some minutes after the last time. Each code is good once: the next comes within 30 s.
fn prove(staff: &Browser, person: &Person) {
    assert!(staff.url().contains("/buktikan"), "{}: {}", staff.url(), staff.words());
    let mut tried = String::new();
    let done = wait_for("proof", Duration::from_secs(70), || {
        let code = code_now(person.secret.as_deref().unwrap());
        if code != tried {
            staff.fill("input[name=bukti]", &code);
            staff.press("form[action='/buktikan'] button");
            tried = code;
        }
        Ok((!staff.url().contains("/buktikan")).then_some(()))
    });
    done.unwrap_or_else(|_| panic!("{}", staff.words()));
}

fn sign_out(browser: &Browser) {
    browser.press("form[action='/keluar'] button");
    assert!(browser.url().contains("/masuk"), "{}", browser.url());
}

/// Looks at a page of the console again until it says `words`.
fn see(world: &World, browser: &Browser, path: &str, words: &str, limit: Duration) {
    world.wait(&format!("{path} to say {words}"), limit, || {
        open(browser, path);
        browser.words().contains(words).then_some(())
    });
}

/// Holds that the page shown is good to everybody, and keeps a picture of it.
fn expect_good(browser: &Browser, name: &str, screen: Screen) {
    let found = wrong(browser);
    looks::keep(browser, &format!("live-console-{name}"), screen);
    assert!(found.is_empty(), "{name} at {}: {found:#?}", browser.url());
}

/// The one-time password of now (RFC 6238: HMAC-SHA-1, 30 s, 6 digits).
fn code_now(secret: &str) -> String {
    let mut octets = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for letter in secret.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
        held = (held << 5) | u32::try_from(value).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            octets.push(u8::try_from((held >> bits) & 0xff).unwrap());
        }
    }
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &octets);
    let tag = hmac::sign(&key, &unix_seconds().div_euclid(30).to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 0xf);
    let number = u32::from_be_bytes(tag[at..at + 4].try_into().unwrap());
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// Where the router's portal is.
fn portal(path: &str) -> String {
    format!("http://{}:8080{path}", gapura_lab::addr::LAN.0)
}

/// Until everything that was published for the site is in force at its router.
fn wait_for_the_newest(world: &World) {
    let sql = "SELECT max(generation) FROM bundle WHERE site = ?1";
    let newest: i64 = world.database().query_row(sql, (SITE,), |row| row.get(0)).unwrap();
    world.wait_for_generation(u64::try_from(newest).unwrap());
}
