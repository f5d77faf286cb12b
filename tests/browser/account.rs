//! Accounts: signed in with a password, which the portal takes over HTTPS only.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use gapura_lab::addr::LAN;
use gapura_lab::child::output_of;
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_wire::Bundle;

use crate::chromium::{Browser, Habits, PHONE};
use crate::looks::expect_good;
use crate::people::{Speaks, WANTED_HOST, arrive, at, expect_the_wanted_page, furnish, meet_the_portal};
use crate::stand::{lab, program};

/// The portal's name, which the gateway's own resolver answers.
const PORTAL: &str = "internet.galeri.example";
const NAME: &str = "andi@sekolah";
const PASSWORD: &str = "rahasia sekali 7";
const SIGN_IN: &str = "form[action$='/akun'] button";

#[test]
fn an_account_signs_in_over_https() {
    let wish = SiteWish { change: Some(with_accounts), ..SiteWish::default() };
    let mut site = Site::start(lab("account", 1, |_| {}), program(), &wish).unwrap_or_else(|error| panic!("{error}"));
    open_account(&site);
    give_certificate(&mut site);
    arrive(&mut site, 1, Speaks::Both);
    let browser = Browser::of(at(&site, 1), PHONE, Habits::Plain);
    assert_eq!(meet_the_portal(&browser), format!("https://{PORTAL}"));
    browser.follow("Masuk dengan akun");
    expect_good(&browser, "account", PHONE);

    browser.fill("input[name=nama]", NAME);
    browser.fill("input[name=sandi]", "salah sama sekali");
    browser.press(SIGN_IN);
    assert!(browser.text("#e").contains("Nama pengguna atau kata sandi tidak cocok"), "{}", browser.words());
    assert_eq!(browser.property("input[name=nama]", "value"), NAME, "what was typed is kept");
    assert_eq!(browser.property("input[name=sandi]", "value"), "", "but a password never stands in a page");
    expect_good(&browser, "account-wrong", PHONE);

    browser.fill("input[name=sandi]", PASSWORD);
    browser.press(SIGN_IN);
    assert!(browser.url().ends_with("/status") && browser.words().contains("Anda tersambung"), "{}", browser.words());
    assert!(browser.words().contains(PORTAL), "the way back to this page: {}", browser.words());
    expect_the_wanted_page(&browser, &site);
    browser.open(&format!("https://{PORTAL}/status"));
    browser.press("form[action$='/keluar'] button");
    assert!(browser.words().contains("Anda sudah keluar"), "{}", browser.words());
    let hosts = browser.hosts();
    assert!(hosts.iter().all(|host| host == PORTAL || host == WANTED_HOST), "{hosts:?}");
}

fn with_accounts(bundle: &mut Bundle) {
    furnish(bundle);
    bundle.ways.account = true;
}

/// The department opens an account.
fn open_account(site: &Site) {
    let mut command = site.lab().ctl().command(program());
    command.args(["controller", "account", "set", NAME, "--plan", "umum", "--by", "tester", "--json", "--config"]);
    command.arg(site.lab().dir().join("ctl").join("controller.toml"));
    output_of(command, Some(&format!("{PASSWORD}\n"))).unwrap_or_else(|error| panic!("{error}"));
}

/// The gateway gets a name with a certificate, signed by nobody, and starts again with it.
fn give_certificate(site: &mut Site) {
    let made = rcgen::generate_simple_self_signed([PORTAL.to_owned(), LAN.0.to_string()]).unwrap();
    let dir = site.gateway_dir();
    let (chain, key) = (dir.join("portal.pem"), dir.join("portal.key"));
    fs::write(&chain, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let lines = format!(
        "\n[portal]\nname = \"{PORTAL}\"\ncertificate = \"{}\"\nkey = \"{}\"\n",
        chain.display(),
        key.display()
    );
    let mut file = OpenOptions::new().append(true).open(dir.join("gateway.toml")).unwrap();
    file.write_all(lines.as_bytes()).unwrap();
    site.restart_gateway().unwrap_or_else(|error| panic!("{error}"));
}
