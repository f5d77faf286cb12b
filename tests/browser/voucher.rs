//! Vouchers, typed as people type them, and by the paper's QR code.

use gapura_lab::config::SiteWish;

use crate::chromium::{Browser, Habits, PHONE, SMALL};
use crate::looks::{expect_good, expect_keyboard_order};
use crate::people::{Speaks, arrive, at, expect_no_third_party, expect_the_wanted_page, meet_the_portal, site};

const CODE: &str = "input[name=kode]";
const CONNECT: &str = "form[action$='/voucer'] button";

#[test]
fn a_voucher_typed_wrong_then_right_and_one_from_a_qr_code() {
    let mut site = site("voucher", 2, SiteWish::default());
    arrive(&mut site, 1, Speaks::Both);
    let browser = Browser::of(at(&site, 1), SMALL, Habits::Plain);
    let portal = meet_the_portal(&browser);
    browser.follow("Saya punya kode voucer");
    assert!(browser.url().ends_with("/voucer"), "{}", browser.url());
    expect_good(&browser, "voucher", SMALL);
    expect_keyboard_order(&browser);

    // What is wrong stands beside the field, the field says so to a screen reader too, and keeps what was typed.
    for (typed, said) in [("", "Isian belum lengkap"), ("abc", "10 huruf dan angka"), ("zzzzz-zzzzz", "tidak dikenali")]
    {
        browser.fill(CODE, typed);
        browser.press(CONNECT);
        assert_eq!(browser.property(CODE, "value"), typed);
        assert_eq!(
            browser.measure("return document.querySelector('input[name=kode]').getAttribute('aria-invalid')"),
            "true"
        );
        let error = browser.text("#e");
        assert!(error.contains(said), "{typed:?}: {error}");
        assert_eq!(
            browser.measure(
                "return document.querySelector('#e').parentElement.contains(document.querySelector('input[name=kode]'))"
            ),
            true
        );
    }
    expect_good(&browser, "voucher-wrong", SMALL);
    // The summary above leads to the field.
    if browser.count("section[role=alert] a[href='#kode']") > 0 {
        browser.click("section[role=alert] a[href='#kode']");
    }

    let code = site.code("umum", 0).unwrap().grouped().to_lowercase().replace(' ', " - ");
    browser.fill(CODE, &format!("  {code} "));
    browser.press(CONNECT);
    assert!(browser.url().ends_with("/status") && browser.words().contains("Anda tersambung"), "{}", browser.words());
    expect_good(&browser, "status-voucher", SMALL);
    expect_the_wanted_page(&browser, &site);
    expect_no_third_party(&browser, &portal);
    drop(browser);

    // The QR code fills in the form, and nothing more: a person presses the button.
    arrive(&mut site, 2, Speaks::Both);
    let browser = Browser::of(at(&site, 2), PHONE, Habits::Plain);
    let portal = meet_the_portal(&browser);
    let code = site.code("kuota", 1).unwrap().grouped();
    browser.open(&format!("{portal}/v/{}", code.replace(' ', "")));
    assert_eq!(browser.property(CODE, "value"), code);
    assert!(browser.words().contains("Pakai kode ini?"), "{}", browser.words());
    expect_good(&browser, "voucher-link", PHONE);
    browser.press(CONNECT);
    assert!(browser.words().contains("Sisa kuota"), "{}", browser.words());
    expect_the_wanted_page(&browser, &site);
}
