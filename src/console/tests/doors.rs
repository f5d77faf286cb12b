//! Who keeps others out, and where a browser lands that came at the wrong moment.

use std::net::SocketAddr;
use std::time::Duration;

use gapura_controller::preset::{Preset, PresetPlace, UseBefore};
use gapura_controller::{Grant, Role, Scope, SetAt, TermsDocument};
use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::office::{Department, root};

/// A connection from one of this machine's addresses.
async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(to).await.unwrap()
}

/// Whether the console speaks TLS to this connection: it objects to what is none.
async fn is_served(mut stream: TcpStream) -> bool {
    let asked = async {
        // A connection that was closed takes nothing, or gives nothing.
        let _ = stream.write_all(b"Ini bukan TLS.\r\n").await;
        let mut said = [0; 1];
        matches!(stream.read(&mut said).await, Ok(1))
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_does_not_take_all_places() {
    let department = Department::open_with("places", "connections = 32\nconnections_per_address = 8\n").await;
    let console = department.console.address;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(connect("127.0.0.1", console).await);
    }
    assert!(!is_served(connect("127.0.0.1", console).await).await, "a ninth of the same address");
    assert!(is_served(connect("127.0.0.2", console).await).await, "another address");
    assert!(is_served(held.pop().unwrap()).await);
    // Its place is free again as soon as the console saw it go.
    let again = async { while !is_served(connect("127.0.0.1", console).await).await {} };
    tokio::time::timeout(Duration::from_mins(1), again).await.unwrap();
    drop(held);
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_had_to_sign_in_or_prove_first_lands_on_a_page() {
    let department = Department::open("landing").await;
    let admin = vec![Grant { role: Role::NetworkAdmin, scope: Scope::Province }];
    let secret = department.add("andi", admin).await;
    let mut andi = department.browser();
    // Too late: signed out over a form.
    let form = |page: &'static str| [("sec-fetch-site", "same-origin"), ("host", "konsol.example"), ("referer", page)];
    let page = "https://konsol.example/orang/baru?x=1";
    let sent = andi.send(Method::POST, "/orang/baru", String::new(), &form(page)).await;
    assert_eq!((sent.status, sent.location()), (303, "/masuk?ke=%2Forang%2Fbaru%3Fx%3D1"));
    let elsewhere = andi.send(Method::POST, "/keluar", String::new(), &form("https://evil.example/profil")).await;
    assert_eq!((elsewhere.status, elsewhere.location()), (303, "/masuk"));
    department.sign_in(&mut andi, "andi", secret.as_deref()).await;
    // The proof is too old for what the form wants.
    department.clock.advance(Duration::from_mins(6));
    let old = form("https://konsol.example/orang/andi/ubah");
    let sent = andi.send(Method::POST, "/orang/andi/ubah", String::new(), &old).await;
    assert_eq!(sent.location(), "/buktikan?ke=%2Forang%2Fandi%2Fubah");
    // Straight to what only takes forms.
    let blank = andi.get("/keluar").await;
    assert_eq!((blank.status, blank.headers["allow"].to_str().unwrap()), (405, "POST"));
    assert!(
        blank.text.contains("hanya menerima formulir") && blank.text.contains("href=\"/profil\""),
        "{}",
        blank.text
    );
    assert!(blank.text.contains("name=\"ke\" value=\"/\""), "the other language leads to a page: {}", blank.text);
    department.close().await;
}

fn grant(role: Role, scope: &str) -> Vec<Grant> {
    vec![Grant { role, scope: scope.parse().unwrap() }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_regency_s_settings_looks_and_terms_are_not_seen() {
    let department = Department::open("regencies").await;
    let terms: TermsDocument = toml::from_str(
        "version = \"2026-9\"\neffective = \"2026-01-01\"\ntext = { id = \"Gunakan dengan sopan.\", en = \"Be kind.\" }\n",
    )
    .unwrap();
    let galeri = SetAt::Site("galeri".parse().unwrap());
    department.office.set_terms(&galeri, Some(&terms), &root()).await.unwrap();
    department.add("kepala", grant(Role::SiteHead, "regency:Bone")).await;
    department.add("auditor", grant(Role::Auditor, "province")).await;
    for (name, all) in [("kepala", false), ("auditor", true)] {
        let mut browser = department.browser();
        department.sign_in(&mut browser, name, None).await;
        for (path, theirs) in [
            ("/setelan/kabupaten/Bone", true),
            ("/setelan/kabupaten/Sinjai", all),
            ("/setelan/dinas/semua", true),
            ("/setelan/instansi/Kominfo", all),
            ("/rupa/kabupaten/Bone", true),
            ("/rupa/kabupaten/Sinjai", all),
            ("/syarat/versi?v=2026-9", all),
        ] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, if theirs { 200 } else { 404 }, "{name} at {path}");
        }
        for (path, said) in [("/setelan", "Sinjai"), ("/rupa", "Sinjai"), ("/syarat", "2026-9")] {
            assert_eq!(browser.get(path).await.text.contains(said), all, "{name} at {path}");
        }
    }
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_made_and_its_vouchers_are_printed_at_each_site() {
    let department = Department::open("groups").await;
    let secret = department.add("jaringan", grant(Role::NetworkAdmin, "province")).await;
    department.add("semua", grant(Role::Helpdesk, "province")).await;
    department.add("satu", grant(Role::Helpdesk, "site:galeri")).await;
    let mut network = department.browser();
    department.sign_in(&mut network, "jaringan", secret.as_deref()).await;
    let bad = network.post("/kelompok-lokasi", &[("apa", "baru"), ("nama", "Dua Pulau"), ("catatan", "rapat")]).await;
    assert!(bad.status == 422 && bad.text.contains("value=\"Dua Pulau\"") && bad.text.contains("value=\"rapat\""));
    for fields in [
        [("apa", "baru"), ("nama", "pulau"), ("catatan", "")],
        [("apa", "masuk"), ("grup", "pulau"), ("lokasi", "galeri")],
        [("apa", "masuk"), ("grup", "pulau"), ("lokasi", "seberang")],
    ] {
        let done = network.post("/kelompok-lokasi", &fields).await;
        assert_eq!(done.status, 303, "{}", done.text);
    }
    let preset = Preset {
        name: gapura_wire::Text { id: "Sehari".to_owned(), en: String::new() },
        plan: "umum".parse().unwrap(),
        use_minutes: Some(60),
        use_before: UseBefore::Days(2),
        devices: None,
        place: PresetPlace::Everywhere,
        order: 0,
        colour: 1,
    };
    let preset = department.office.set_preset(None, &preset, &root()).await.unwrap();

    // Who serves one of the sites sees the group, and makes nothing for the other.
    let mut one = department.browser();
    department.sign_in(&mut one, "satu", None).await;
    let seen = one.get("/voucer-kelompok").await;
    assert!(seen.text.contains("pulau") && !seen.text.contains("name=\"kunci\""), "{}", seen.text);
    assert_eq!(one.post("/voucer-kelompok/cetak", &[("grup", "pulau")]).await.status, 403);

    let mut all = department.browser();
    department.sign_in(&mut all, "semua", None).await;
    let form = all.get("/voucer-kelompok").await;
    let key = form.between("name=\"kunci\" value=\"", "\"").to_owned();
    let fields = |note: &'static str| {
        vec![
            ("grup", "pulau"),
            ("kunci", key.as_str()),
            ("pilihan", preset.as_str()),
            ("jumlah", "2"),
            ("catatan", note),
        ]
    };
    let none = all.post("/voucer-kelompok/cetak", &fields("")).await;
    assert!(none.status == 422 && none.text.contains("Tulis catatan") && none.text.contains("value=\"2\""));
    let made = all.post("/voucer-kelompok/cetak", &fields("lomba")).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let paper = made.location().to_owned();
    let batch = paper.split("kelompok=").nth(1).unwrap().to_owned();
    let there = format!("/l/seberang/voucer/kertas?kelompok={batch}");
    for path in [&paper, &there] {
        let sheet = all.get(path).await;
        assert!(sheet.status == 200 && sheet.text.contains("lomba"), "{path}: {}", sheet.text);
    }
    let again = all.post("/voucer-kelompok/cetak", &fields("lomba")).await;
    assert_eq!(again.location(), format!("{paper}&lagi=1"), "one form, one batch");
    assert!(all.get("/voucer-kelompok").await.text.contains(&batch));
    let gone = [("grup", "pulau"), ("kelompok", batch.as_str()), ("alasan", "hilang")];
    assert_eq!(all.post("/voucer-kelompok/cabut", &gone).await.status, 303);
    assert_eq!(all.get(&there).await.status, 404, "its codes are gone");
    // Leaving a group withdraws its vouchers at that site: not without a reason.
    let out = [("apa", "keluar"), ("grup", "pulau"), ("lokasi", "seberang")];
    let asked = network.post("/kelompok-lokasi", &out).await;
    assert!(asked.status == 422 && asked.text.contains("Tulis alasannya"), "{}", asked.text);
    let out = [out[0], out[1], out[2], ("alasan", "pindah kabupaten")];
    assert_eq!(network.post("/kelompok-lokasi", &out).await.status, 303);
    department.close().await;
}
