//! What a visitor does, from the first page to *Sambung lagi*, without JavaScript and without cookies.

use std::time::Duration;

use crate::support::{Client, GOOD, Plan, TOKEN, open};
use captive_portal::{Door, EndReason, Refused, Terms, Text, Uplink};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_tap_status_extend_leave_and_again() {
    let house = open(Plan::default());
    for (device, ip) in [(house.device(7), "127.0.0.7"), (house.device6(), "::1")] {
        device.get("/").await.says("Setuju dan sambungkan").says("2 jam").says("22.00").says("tutup (WITA)");
        assert_eq!(device.tap().await.leads(), "/status");
        assert!(house.world.is_online(ip));
        assert_eq!(device.get("/").await.leads(), "/status");
        let status = device.get("/status").await;
        status.says("Anda tersambung").says("2 jam").says("640\u{a0}MB").says("Berakhir pukul 22.1").says("4K7M-29QD");
        assert_eq!(status.header("set-cookie"), "");
        house.world.pass(Duration::from_mins(1));
        let status = device.get("/status").await;
        status.says("1 jam 59 menit").says("Perpanjang");
        assert_eq!(device.post("/perpanjang", &format!("t={}", status.hidden("t"))).await.leads(), "/status");
        device.get("/status").await.says("2 jam 29 menit");
        assert_eq!(device.post("/keluar", &format!("t={}", status.hidden("t"))).await.leads(), "/");
        assert!(!house.world.is_online(ip));
        let over = device.get("/").await;
        over.says("Anda sudah keluar").says("Sisa 38 menit dan 212\u{a0}MB tersimpan.").says("Sambung lagi");
        assert_eq!(device.post("/lagi", &format!("t={}", over.hidden("t"))).await.leads(), "/status");
        assert!(house.world.is_online(ip));
        house.world.kick(ip, EndReason::Closing);
    }
    let agreed = house.world.set(|inner| inner.agreed.clone());
    assert_eq!(agreed.len(), 2);
    assert!(agreed.iter().all(|terms| terms.version == "3" && terms.hash != [0; 32]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn english_stays_english_through_forms_and_redirects() {
    let house = open(Plan::default());
    let device = house.device(7);
    let page = device.get("/en/").await;
    page.says("Agree and connect").says("href=\"/\" lang=\"id\"").says("action=\"/en/masuk\"");
    assert_eq!(page.header("content-language"), "en");
    device.get("/?lang=en").await.says("Agree and connect").says("action=\"/en/masuk\"");
    device.get("/").await.says("href=\"/en/\" lang=\"en\"");
    device.get("/en/voucer").await.says("href=\"/voucer\" lang=\"id\"");
    let form = format!("t={}&syarat={}", page.hidden("t"), page.hidden("syarat"));
    assert_eq!(device.post("/en/masuk", &form).await.leads(), "/en/status");
    device
        .get("/en/status")
        .await
        .says("You are connected")
        .says("Ends at 22:14 WITA")
        .says("href=\"/status\" lang=\"id\"");
    let reply = device.post("/en/voucer", &format!("t={}&kode=x", page.hidden("t"))).await;
    reply.says("A voucher code has 10 letters").says("href=\"/voucer\" lang=\"id\"");
    assert_eq!(device.get("/en/nowhere").await.leads(), "/en/");
    assert_eq!(device.get("/english").await.leads(), "/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_for_moving_is_typed_where_vouchers_are() {
    let house = open(Plan::default());
    let device = house.device(7);
    device
        .voucher("aaaaa")
        .await
        .says("Kode ini tidak berlaku")
        .says("kode pindah dari petugas")
        .says("value=\"aaaaa\"");
    assert!(!house.world.is_online("127.0.0.7"));
    assert_eq!(device.voucher("+pn-dah+").await.leads(), "/status");
    assert!(house.world.is_online("127.0.0.7"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vouchers_as_people_type_them_and_links_that_change_nothing() {
    let house = open(Plan::default());
    let device = house.device(7);
    device
        .voucher("zzzzz-zzzzz")
        .await
        .says("Kode voucer tidak dikenali")
        .says("value=\"zzzzz-zzzzz\"")
        .says("Belum tersambung");
    device.voucher("SPENT23456").await.says("sudah habis dipakai");
    device.voucher("ABC").await.says("terdiri atas 10 huruf");
    device.voucher("ABCDE2345O").await.says("Angka 0 dan 1");
    device.voucher("").await.says("Isian belum lengkap");
    for link in ["/v/abcde23456", "/?kode=ABCDE-23456", "/en/v/ABCDE23456", "/voucer?kode=ABCDE23456"] {
        device.get(link).await.says("value=\"ABCDE 23456\"");
        assert!(!house.world.is_online("127.0.0.7"), "{link}");
    }
    device.get("/v/%22%3E%3Cscript%3E").await.says("value=\"&#34;&#62;&#60;script&#62;\"");
    assert_eq!(device.voucher("+abcde+-+23456+").await.leads(), "/status");
    assert!(house.world.is_online("127.0.0.7"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qr_code_leads_to_one_button_that_works_once() {
    let house = open(Plan::default());
    let (one, two) = (house.device(7), house.device(8));
    let link = format!("/v/{TOKEN}");
    // Looking, however often and by whomever, uses nothing up: previews and prefetches come first.
    for path in [link.clone(), format!("/v/{}", TOKEN.to_uppercase()), format!("/en{link}")] {
        let page = one.get(&path).await;
        assert_eq!(page.text().matches("<button").count(), 1, "{path}");
        assert!(page.text().contains(&format!("{link}\"")) && !page.text().contains("name=\"kode\""), "{path}");
    }
    assert_eq!(house.world.set(|world| world.asked), 0);
    // A page of before the restart, or of another device, is shown again with a fresh form.
    one.post(&link, "t=0123").await.says("Pakai voucer ini?");
    let press = async |device: &Client| {
        let page = device.get(&link).await;
        device.post(&link, &format!("t={}", page.hidden("t"))).await
    };
    assert_eq!(press(&one).await.leads(), "/status");
    assert!(house.world.is_online("127.0.0.7"));
    assert_eq!(one.get(&link).await.leads(), "/", "who is in needs no link");
    // Used: the next one is told to type the code, on the form for it.
    press(&two).await.says("Kode QR ini sudah dipakai").says("Ketik kode 10 huruf");
    assert!(!house.world.is_online("127.0.0.8"));
    let question = two.voucher(GOOD).await;
    question.says("Lanjutkan di perangkat ini?");
    let unknown = "/v/7zzzzzzzzzzzzzzzzzzzzzzzzz";
    let page = two.get(unknown).await;
    two.post(unknown, &format!("t={}", page.hidden("t"))).await.says("Kode voucer tidak dikenali");
    assert_eq!(two.post("/v/garbage", &format!("t={}", page.hidden("t"))).await.leads(), "/voucer");
    assert_eq!(two.post("/v/garbage", "t=0").await.leads(), "/voucer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_qr_code_of_a_voucher_in_use_asks_before_it_takes_over() {
    let house = open(Plan::default());
    let (old, new) = (house.device(7), house.device(8));
    assert_eq!(old.voucher(GOOD).await.leads(), "/status");
    let link = format!("/v/{TOKEN}");
    let page = new.get(&link).await;
    let question = new.post(&link, &format!("t={}", page.hidden("t"))).await;
    question.says("Lanjutkan di perangkat ini?");
    assert!(house.world.is_online("127.0.0.7") && !house.world.set(|world| world.token_used), "nothing is used up yet");
    assert_eq!(new.post(&link, &format!("t={}&alih=1", question.hidden("t"))).await.leads(), "/status");
    assert!(house.world.is_online("127.0.0.8") && !house.world.is_online("127.0.0.7"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_device_is_asked_for_before_it_is_disconnected() {
    let house = open(Plan { passwords_over_http: true, ..Plan::default() });
    let (old, new) = (house.device(7), house.device(8));
    assert_eq!(old.voucher("ABCDE23456").await.leads(), "/status");
    let question = new.voucher("abcde23456").await;
    question.says("Lanjutkan di perangkat ini?");
    assert!(house.world.is_online("127.0.0.7") && !house.world.is_online("127.0.0.8"));
    let form = format!("t={}&kode={}&alih=1", question.hidden("t"), question.hidden("kode").replace(' ', "+"));
    assert_eq!(new.post("/voucer", &form).await.leads(), "/status");
    assert!(!house.world.is_online("127.0.0.7") && house.world.is_online("127.0.0.8"));
    old.get("/").await.says("Pindah ke perangkat lain");

    let account = async |device: crate::support::Client, more: &str| {
        let page = device.get("/akun").await;
        device.post("/akun", &format!("t={}&nama=Andi&sandi=rahasia+%26+panjang{more}", page.hidden("t"))).await
    };
    let (old, new) = (house.device(17), house.device(18));
    assert_eq!(account(old, "").await.leads(), "/status");
    let question = account(new, "").await;
    question.says("Lanjutkan di perangkat ini?").says("value=\"Andi\"");
    assert!(!question.text().contains("rahasia"), "the password stands in the page");
    assert_eq!(account(new, "&alih=1").await.leads(), "/status");
    assert!(house.world.is_online("127.0.0.18") && !house.world.is_online("127.0.0.17"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_need_https_unless_switched_on() {
    let house = open(Plan::default());
    let device = house.device(7);
    let welcome = device.get("/").await;
    assert!(!welcome.text().contains("/akun"));
    device.get("/akun").await.says("HTTPS");
    let form = format!("t={}&nama=andi&sandi=rahasia+%26+panjang", welcome.hidden("t"));
    device.post("/akun", &form).await.says("HTTPS");
    assert!(!house.world.is_online("127.0.0.7"));
    let house = open(Plan { passwords_over_http: true, ..Plan::default() });
    let device = house.device(7);
    let page = device.get("/akun").await;
    let wrong = device.post("/akun", &format!("t={}&nama=andi&sandi=salah", page.hidden("t"))).await;
    wrong.says("tidak cocok").says("value=\"andi\"");
    let long = device.post("/akun", &format!("t={}&nama=andi&sandi={}", page.hidden("t"), "x".repeat(300))).await;
    long.says("tidak cocok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_site_cannot_log_a_visitor_in_or_out() {
    let house = open(Plan::default());
    let (device, other) = (house.device(7), house.device(8));
    device.tap().await;
    let token = device.get("/status").await.hidden("t");
    for headers in [
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Origin: https://evil.example\r\n",
        "Origin: https://127.0.0.1\r\n",
        "Origin: http://127.0.0.1.evil.example\r\n",
        "Origin: \u{e9}\r\n",
    ] {
        assert_eq!(device.post_with("/keluar", &format!("t={token}"), headers).await.status, 403, "{headers}");
    }
    for form in ["", "t=", "t=00000000000000000000000000000000"] {
        assert_eq!(device.post("/keluar", form).await.leads(), "/status");
    }
    let theirs = other.get("/").await.hidden("t");
    assert_eq!(device.post("/keluar", &format!("t={theirs}")).await.leads(), "/status");
    assert_eq!(device.get("/keluar").await.leads(), "/");
    assert!(house.world.is_online("127.0.0.7"));
    assert_eq!(device.post_with("/keluar", &format!("t={token}"), "Origin: http://127.0.0.1\r\n").await.leads(), "/");
    assert!(!house.world.is_online("127.0.0.7"));

    let page = other.get("/").await;
    let form = format!("t={}&syarat={}", page.hidden("t"), page.hidden("syarat"));
    house.world.pass(Duration::from_hours(3));
    let again = other.post("/masuk", &form).await;
    again.says("terlalu lama terbuka");
    assert!(!house.world.is_online("127.0.0.8"));
    let form = format!("t={}&syarat={}", again.hidden("t"), again.hidden("syarat"));
    assert_eq!(other.post("/masuk", &form).await.leads(), "/status");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_that_changed_are_read_again() {
    let house = open(Plan::default());
    let device = house.device(7);
    let page = device.get("/").await;
    let mut look = crate::support::look();
    look.terms = Terms { version: "4".to_owned(), lines: vec![Text::plain("Utamakan yang lain.")], ..Terms::default() };
    house.portal.dress(look).unwrap();
    let form = format!("t={}&syarat={}", page.hidden("t"), page.hidden("syarat"));
    device.post("/masuk", &form).await.says("baru saja berubah");
    assert!(!house.world.is_online("127.0.0.7"));
    let mut bad = crate::support::look();
    bad.colours.on_accent = "#ffffff".parse().unwrap();
    assert!(house.portal.dress(bad).unwrap_err().to_string().contains("on_accent"));
    // The operator's own text is what one reads and agrees to, in short and whole; none of the general text is left.
    device.get("/").await.says("Utamakan yang lain.");
    let whole = device.get("/syarat").await;
    whole.says("Utamakan yang lain.");
    assert!(!whole.text().contains("Konten terlarang"), "{}", whole.text());
    assert_eq!(device.tap().await.leads(), "/status");
    assert_eq!(house.world.set(|inner| inner.agreed[0].version.clone()), "4");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_door_a_dead_uplink_and_an_emergency_are_said_at_once() {
    let house = open(Plan::default());
    let device = house.device(7);
    house
        .world
        .set(|inner| inner.door = Door::Closed { opens: Some("2026-11-21T00:00:00Z".parse().unwrap()), reason: None });
    device.get("/").await.says("Layanan tutup").says("Buka kembali besok pukul 08.00 WITA.");
    assert_eq!(device.get("/voucer").await.leads(), "/");
    house.world.set(|inner| inner.door = Door::Open { closes: None });
    house.world.set(|inner| inner.uplink = Uplink::Down { since: None });
    device.get("/").await.says("Internet sedang terganggu").says("Voucer dan waktu Anda tidak berkurang");
    house.world.set(|inner| inner.uplink = Uplink::Up);
    house.world.set(|inner| inner.door = Door::Emergency { until: "2026-11-20T15:30:00Z".parse().unwrap() });
    device.get("/").await.says("Internet dibuka untuk semua").says("Sampai pukul 23.30 WITA.");
    house.world.set(|inner| inner.door = Door::Open { closes: None });
    house.world.set(|inner| inner.blocked.insert("127.0.0.7".parse().unwrap()));
    device.get("/").await.says("Perangkat ini tidak dapat masuk").says("tel:+624825550112");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_have_words_and_the_right_status() {
    let house = open(Plan::default());
    let device = house.device(7);
    for (refused, status, text) in [
        (Refused::Storage, 503, "Voucer Anda tidak terpakai"),
        (Refused::Busy, 503, "Banyak yang masuk bersamaan"),
        (Refused::Wait { wait: Duration::from_secs(20) }, 200, "Tunggu 20 detik"),
        (Refused::WrongSite { site: Some("Telecenter".to_owned()) }, 200, "untuk Telecenter"),
        (Refused::UplinkDown, 200, "Internet sedang terganggu"),
        (Refused::UnknownDevice, 200, "belum dikenali"),
        (Refused::DayTimeGone { again: "2026-11-20T16:00:00Z".parse().unwrap() }, 200, "Waktu baru pukul 00.00 WITA."),
    ] {
        house.world.set(|inner| inner.refuse = Some(refused.clone()));
        let reply = device.voucher("ABCDE23456").await;
        reply.says(text);
        assert_eq!(reply.status, status, "{refused:?}");
        assert!(!house.world.is_online("127.0.0.7"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_carry_their_policies_and_shrink_on_the_way() {
    let house = open(Plan::default());
    let device = house.device(7);
    let page = device.get("/").await;
    let policy = page.header("content-security-policy");
    for part in
        ["default-src 'none'", "style-src 'sha256-", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let small = device.get_from(&device.host(), "/", "Accept-Encoding: gzip, deflate\r\n").await;
    assert_eq!((small.header("content-encoding"), small.header("vary")), ("gzip", "Accept-Encoding"));
    let mut plain = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&small.body[..]), &mut plain).unwrap();
    assert_eq!(plain.len(), page.body.len());
    assert!(small.body.len() < 6 * 1024, "{} bytes", small.body.len());
    let head = device.raw(b"HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}
