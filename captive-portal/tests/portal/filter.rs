//! Blocked names: the way to the reason, the question why, appeals and what becomes of them.

use std::time::Duration;

use captive_portal::{AppealRefused, Limits, Rate, Ruling, Stage, Text};

use crate::support::{Client, House, Plan, Reply, open, reference};

/// Form-encoded "Untuk tugas sekolah & <b>lain</b>".
const WHY: &str = "Untuk+tugas+sekolah+%26+%3Cb%3Elain%3C%2Fb%3E";

fn ruling() -> Ruling {
    Ruling {
        words: Text::new("Situs perjudian diblokir.", "Gambling sites are blocked."),
        clause: "4.2".to_owned(),
        clause_text: "Situs \"judi\" diblokir di semua lokasi.".to_owned(),
        sop_title: "SOP Filter Konten".to_owned(),
        sop_number: "SOP-07/2026".to_owned(),
        revision: 13,
        basis: vec!["UU 1/2024".to_owned(), "PP 71/2019".to_owned()],
        list: Some(Text::plain("TrustPositif")),
        category: Some(Text::new("Perjudian", "Gambling")),
        until: None,
    }
}

fn house(limits: &Limits) -> House {
    let house = open(Plan { limits: *limits, ..Plan::default() });
    house.world.block("situs-taruhan.example", ruling());
    house
}

async fn file(device: &Client, name: &str, why: &str, contact: &str) -> Reply {
    let form = device.get(&format!("/peninjauan?alamat={name}")).await;
    device.post("/peninjauan", &format!("t={}&alamat={name}&mengapa={why}&kontak={contact}", form.hidden("t"))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_who_is_online_is_led_from_a_blocked_site_to_the_reason() {
    let house = house(&Limits::default());
    for device in [house.device(7), house.device6()] {
        let base = format!("http://{}", device.host());
        let reason = format!("{base}/situs?alamat=situs-taruhan.example");
        let wants = |host: &'static str| async move { device.get_from(host, "/main?id=1", "").await };
        // A stranger is led to the door, whatever they want.
        assert_eq!(wants("situs-taruhan.example").await.leads(), format!("{base}/"));
        device.tap().await;
        for host in ["situs-taruhan.example", "SITUS-taruhan.example:80", "situs-taruhan.example."] {
            let reply = wants(host).await;
            assert_eq!((reply.leads(), reply.header("cache-control")), (reason.as_str(), "no-store"), "{host}");
        }
        for host in ["situs-lain.example", "www.situs-taruhan.example", "10.9.9.9", "connectivitycheck.gstatic.com"] {
            assert_eq!(wants(host).await.leads(), format!("{base}/"), "{host}");
        }
        // The same with a body, and on a connection that has served a page of ours before.
        let post = b"POST /masuk HTTP/1.1\r\nHost: situs-taruhan.example\r\nContent-Length: 3\r\n\r\na=b";
        assert_eq!(device.raw(post).await.leads(), reason);
        let own = device.host();
        let two = format!(
            "GET /favicon.ico HTTP/1.1\r\nHost: {own}\r\n\r\nGET / HTTP/1.1\r\nHost: situs-taruhan.example\r\n\r\n"
        );
        let both = device.raw(two.as_bytes()).await;
        assert!(String::from_utf8_lossy(&both.body).contains(&reason), "{}", String::from_utf8_lossy(&both.body));
    }
    assert_eq!(house.portal.counts().blocked, 10);

    let page = house.device(7).get("/situs?alamat=situs-taruhan.example").await;
    for text in [
        "Situs ini diblokir",
        "Situs perjudian diblokir.",
        "<dd>4.2</dd>",
        "SOP Filter Konten</dd>",
        "SOP-07/<wbr>2026, revisi 13",
        "Bunyi klausul 4.2",
        "Situs &#34;judi&#34; diblokir di semua lokasi.",
        "UU 1/<wbr>2024; PP 71/<wbr>2019",
        "TrustPositif",
        "Perjudian",
        "BLK-",
        "/peninjauan?alamat=situs-taruhan.example",
        "href=\"/en/situs?alamat=situs-taruhan.example\"",
    ] {
        page.says(text);
    }
    house.device(7).get("/en/situs?alamat=situs-taruhan.example").await.says("Gambling sites are blocked.");
    // Somebody whose visit is over meets the door again.
    house.world.kick("127.0.0.7", captive_portal::EndReason::VisitTime);
    assert_eq!(house.device(7).get_from("situs-taruhan.example", "/", "").await.leads(), "http://127.0.0.1/");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_why_a_site_does_not_open_is_told() {
    let house = open(Plan::default());
    let device = house.device(7);
    let ask = |typed: &'static str| async move { device.get(&format!("/situs?alamat={typed}")).await };
    ask("situs-lain.example").await.says("Tidak ada pemblokiran di sini");
    house.world.block("situs-taruhan.example", ruling());
    house.world.block("xn--bcher-kva.example", ruling());
    ask("https%3A%2F%2Fsitus-lain.example%2Fa%3Fb")
        .await
        .says("Tidak diblokir di sini")
        .says("situs-lain.<wbr>example");
    ask("http%3A%2F%2FSitus-Taruhan.example%3A80%2Fmain").await.says("Situs ini diblokir");
    ask("b%C3%BCcher.example")
        .await
        .says("Situs ini diblokir")
        .says("xn--bcher-kva.<wbr>example")
        .says("b\u{fc}cher.example");
    ask("situs%E2%80%AE-taruhan.example").await.says("Situs ini diblokir");
    ask("youtube").await.says("Alamat ini belum lengkap.").says("value=\"youtube\"");
    ask("10.0.0.1").await.says("Ini alamat berupa angka.");
    ask("%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E")
        .await
        .says("tampaknya bukan alamat situs")
        .says("&#60;script&#62;");
    for page in ["/situs", "/en/situs"] {
        let page = device.get(page).await;
        let (vpn, dns) = if page.header("content-language") == "id" {
            ("Matikan VPN sebentar untuk masuk", "DNS Pribadi")
        } else {
            ("Turn off the VPN for a moment to sign in", "Private DNS")
        };
        page.says(vpn).says(dns);
    }
    house.world.set(|inner| inner.blocks = None);
    ask("situs-lain.example").await.says("Belum dapat dipastikan");
    // The address of a page is pasted whole.
    let long = format!("/situs?alamat=https%3A%2F%2Fsitus-lain.example%2F{}", "a%2F".repeat(900));
    device.get(&long).await.says("Belum dapat dipastikan");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_appeal_is_filed_and_followed() {
    let house = house(&Limits::default());
    let device = house.device(7);
    device.get("/peninjauan?alamat=situs-taruhan.example").await.says("Mengapa situs ini perlu dibuka?");
    let filed = file(&device, "situs-taruhan.example", WHY, "+0812+3456%0A7890+").await;
    let number = reference(0).to_string();
    assert_eq!(filed.leads(), format!("/lacak?nomor={number}"));
    house.world.set(|inner| {
        let appeal = &inner.appeals[0];
        assert_eq!(appeal.name.to_string(), "situs-taruhan.example");
        assert_eq!(appeal.why, "Untuk tugas sekolah & <b>lain</b>");
        assert_eq!(appeal.contact.as_deref(), Some("0812 3456 7890"));
    });
    let page = device.get(filed.leads()).await;
    page.says("Permohonan Anda sudah kami terima").says(&format!("<p class=\"ref\">{number}</p>"));
    page.says("Menunggu dikirim ke pusat").says("20 November 2026 pukul 20.14 WITA");
    assert!(!page.text().contains("tugas sekolah") && !page.text().contains("3456"), "what was written is shown");
    // From any device, as people type numbers.
    house.world.set(|inner| inner.stage = Stage::Received);
    let typed = number.to_lowercase().replace('-', "+");
    house.device(8).get(&format!("/lacak?nomor={typed}")).await.says("Menunggu diperiksa petugas").says("Diajukan");
    let at = "2026-11-23T02:05:00Z".parse().unwrap();
    let until = Some("2026-12-31".parse().unwrap());
    let granted =
        |opened| Stage::Decided { granted: true, opened, words: "Isinya <i>berita</i>.".to_owned(), at, until };
    // Nothing is promised before the SOP that opens it is in force.
    house.world.set(|inner| inner.stage = granted(false));
    let page = device.get(&format!("/lacak?nomor={typed}")).await;
    page.says("Permohonan dikabulkan");
    page.says("Permohonan Anda dikabulkan; pembukaan menunggu revisi SOP disahkan.");
    assert!(!page.text().contains("begitu aturan barunya") && !page.text().contains("31 Desember"), "{}", page.text());
    house.world.set(|inner| inner.stage = granted(true));
    let page = house.device6().get(&format!("/en/lacak?nomor={typed}")).await;
    page.says("The review was granted")
        .says("Isinya &#60;i&#62;berita&#60;/i&#62;.")
        .says("23 November 2026 at 10:05 WITA")
        .says("It stays open until 31 December 2026.");
    device.get("/lacak").await.says("Tulis nomor yang Anda terima.");
    device.get(&format!("/lacak?nomor={}", reference(1))).await.says("Nomor ini tidak dikenali.");
    device.get("/lacak?nomor=%3Cb%3E").await.says("Nomornya terdiri atas").says("value=\"&#60;b&#62;\"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_appeal_that_is_not_taken_says_why_and_keeps_what_was_written() {
    let house = house(&Limits::default());
    let device = house.device(7);
    let name = "situs-taruhan.example";
    let kept = "Untuk tugas sekolah &#38; &#60;b&#62;lain&#60;/b&#62;</textarea>";
    file(&device, name, "++%0A", "").await.says("Tulis alasannya dahulu.");
    file(&device, name, "%E2%80%AE%E2%80%8B%E3%85%A4", "").await.says("Tulis alasannya dahulu.");
    let long = file(&device, name, &"a+".repeat(251), "").await;
    long.says("Ringkas menjadi paling banyak 500 karakter.");
    assert_eq!(file(&device, name, &"%F0%9F%98%80".repeat(500), &"%F0%9F%98%80".repeat(100)).await.status, 303);
    file(&device, name, WHY, &"0".repeat(101)).await.says("Tulis satu nomor atau satu surel saja.").says(kept);
    for (refused, status, text) in [
        (AppealRefused::Busy, 503, "Gerbang jaringan sedang ramai."),
        (AppealRefused::Storage, 503, "tidak dapat menyimpan permohonan sekarang"),
        (AppealRefused::Unknown, 503, "sedang memuat aturannya"),
        (AppealRefused::UnknownDevice, 200, "Perangkat Anda belum dikenali."),
        (AppealRefused::Wait { wait: Duration::from_mins(5) }, 429, "Tunggu 5 menit"),
    ] {
        house.world.set(|inner| inner.refuse_appeals = Some(refused));
        let reply = file(&device, name, WHY, "0812").await;
        assert_eq!(reply.status, status, "{refused:?}");
        reply.says(text).says(kept).says("value=\"0812\"");
    }
    house.world.set(|inner| inner.refuse_appeals = None);
    // A form of another device, and one without a token.
    let token = house.device(8).get(&format!("/peninjauan?alamat={name}")).await.hidden("t");
    for token in [token.as_str(), ""] {
        let form = format!("t={token}&alamat={name}&mengapa={WHY}");
        device.post("/peninjauan", &form).await.says("Halaman ini sudah terlalu lama terbuka.").says(kept);
    }
    // From another site.
    let form = format!("t={token}&alamat={name}&mengapa={WHY}");
    let foreign = device.post_with("/peninjauan", &form, "Origin: http://situs-lain.example\r\n").await;
    assert_eq!(foreign.status, 403);
    // There is nothing to appeal against.
    for page in ["/peninjauan", "/peninjauan?alamat=", "/peninjauan?alamat=%3Cb%3E"] {
        assert_eq!(device.get(page).await.leads(), "/situs", "{page}");
    }
    assert_eq!(
        device.get("/en/peninjauan?alamat=Situs-Lain.example").await.leads(),
        "/en/situs?alamat=situs-lain.example"
    );
    let token = device.get(&format!("/peninjauan?alamat={name}")).await.hidden("t");
    let open = format!("t={token}&alamat=situs-lain.example&mengapa={WHY}");
    assert_eq!(device.post("/peninjauan", &open).await.leads(), "/situs?alamat=situs-lain.example");
    let evil = format!("t={token}&alamat=%2F%2Fevil.example%2F%0D%0ASet-Cookie:+a&mengapa={WHY}");
    assert_eq!(device.post("/peninjauan", &evil).await.leads(), "/situs?alamat=evil.example");
    assert_eq!(house.world.set(|inner| inner.appeals.len()), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appeals_and_look_ups_are_limited_by_device_and_by_site() {
    let window = Duration::from_hours(1);
    let appeals = Rate { per_device: 2, per_site: 3, window };
    let look_ups = Rate { per_device: 2, per_site: 100, window };
    let house = house(&Limits { appeals, look_ups, ..Limits::default() });
    let name = "situs-taruhan.example";
    let (one, two, three) = (house.device(1), house.device(2), house.device(3));
    // What was not taken does not count.
    house.world.set(|inner| inner.refuse_appeals = Some(AppealRefused::Busy));
    assert_eq!(file(&one, name, WHY, "").await.status, 503);
    house.world.set(|inner| inner.refuse_appeals = None);
    assert_eq!(file(&one, name, WHY, "").await.status, 303);
    house.world.pass(Duration::from_mins(10));
    assert_eq!(file(&one, name, WHY, "").await.status, 303);
    let refused = file(&one, name, WHY, "").await;
    assert_eq!(refused.status, 429);
    refused.says("Tunggu 50 menit, lalu kirim lagi.").says("Untuk tugas sekolah");
    assert_eq!(file(&two, name, WHY, "").await.status, 303);
    file(&three, name, WHY, "").await.says("Tunggu 50 menit");
    house.world.pass(Duration::from_mins(50));
    assert_eq!(file(&three, name, WHY, "").await.status, 303);
    assert_eq!(house.world.set(|inner| inner.appeals.len()), 4);

    let path = format!("/lacak?nomor={}", reference(0));
    for _ in 0..2 {
        one.get(&path).await.says("Menunggu dikirim");
    }
    one.get(&path).await.says("Terlalu banyak percobaan.");
    two.get(&path).await.says("Menunggu dikirim");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked_sites_are_explained_over_https_where_the_portal_has_a_certificate() {
    let (folder, _) = crate::api::certificate("filter");
    let house = crate::api::house(&folder);
    house.world.block("situs-taruhan.example", ruling());
    house.world.set(|inner| inner.let_in("127.0.0.7".parse().unwrap()));
    let reply = house.device(7).get_from("situs-taruhan.example", "/", "").await;
    assert_eq!(reply.leads(), format!("https://{}/situs?alamat=situs-taruhan.example", crate::support::NAME));
}
