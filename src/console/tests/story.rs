//! People as the pages let them live: added, signed in, proved, changed, closed; and the log of it.

use std::time::Duration;

use gapura_controller::{Grant, Role, Scope};
use http::Method;

use super::office::{Department, PASSWORD, root, secret_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_is_added_signs_in_and_is_closed() {
    let department = Department::open("story").await;
    let admin = vec![Grant { role: Role::NetworkAdmin, scope: Scope::Province }];
    let secret = department.add("andi", admin).await.unwrap();
    let mut andi = department.browser();
    // From any page to the sign-in, and back to that page.
    let sent = andi.get("/orang/baru").await;
    assert_eq!((sent.status, sent.location()), (303, "/masuk?ke=%2Forang%2Fbaru"));
    let wrong = andi.post("/masuk", &[("nama", "andi"), ("sandi", "salah salah salah"), ("ke", "/orang/baru")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("tidak cocok") && wrong.text.contains("value=\"andi\""));
    assert_eq!(andi.cookie, None);
    let half = andi.post("/masuk", &[("nama", "Andi"), ("sandi", PASSWORD), ("ke", "/orang/baru")]).await;
    assert_eq!(half.location(), "/masuk/kode?ke=%2Forang%2Fbaru");
    let before = andi.cookie.clone().unwrap();
    assert_eq!(andi.get("/orang").await.location(), "/masuk?ke=%2Forang", "half-way opens nothing");
    let code = department.code(&secret);
    let there = andi.post("/masuk/kode", &[("kode", &code), ("ke", "/orang/baru")]).await;
    assert_eq!((there.status, there.location()), (303, "/orang/baru"));
    assert_ne!(andi.cookie.as_deref(), Some(before.as_str()), "another token");

    let duties =
        [("peran", "sop-editor"), ("cakupan", "province"), ("peran", "sop-approver"), ("cakupan", "site:galeri")];
    let mut fields = vec![("nama", "loket.utara"), ("sebutan", "Petugas loket"), ("bahasa", "id"), ("alasan", "baru")];
    fields.extend(duties);
    let clash = andi.post("/orang/baru", &fields).await;
    assert!(clash.status == 422 && clash.text.contains("Satu orang tidak boleh"), "{}", clash.text);
    assert!(
        clash.text.contains("value=\"loket.utara\"") && clash.text.contains("value=\"Petugas loket\""),
        "nothing lost"
    );
    fields.truncate(6);
    fields[4] = ("peran", "network-admin");
    let made = andi.post("/orang/baru", &fields).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let password = made.between("<b>", "</b>").to_owned();
    let password = if password.len() == 19 { password } else { made.between("mono\"><b>", "</b>").to_owned() };

    // First sign-in: own password, second factor, codes for the day it is lost.
    let mut loket = department.browser();
    let first = loket.post("/masuk", &[("nama", "loket.utara"), ("sandi", &password)]).await;
    assert_eq!(first.location(), "/masuk/sandi");
    let known = [("baru", "bismillah123"), ("ulang", "bismillah123")];
    let known = loket.post("/masuk/sandi", &known).await;
    assert!(known.status == 422 && known.text.contains("daftar kata sandi bocor"), "{}", known.text);
    let own = "perahu payung kopi";
    let second = loket.post("/masuk/sandi", &[("baru", own), ("ulang", own)]).await;
    assert_eq!(second.location(), "/masuk/faktor");
    let shown = loket.get("/masuk/faktor").await;
    assert!(shown.text.contains("<svg") && !shown.text.contains("style="), "{}", shown.text);
    let own_secret = secret_of(shown.between("class=\"mono\">", "</b>"));
    let codes = loket.post("/masuk/faktor", &[("kode", &department.code(&own_secret))]).await;
    assert_eq!((codes.status, codes.text.matches("<li>").count()), (200, 8), "{}", codes.text);
    assert_eq!(loket.get("/").await.location(), "/ringkasan");
    let front = loket.get("/ringkasan").await;
    assert!(front.status == 200 && front.text.contains("loket.utara"), "{}", front.text);
    let policy = front.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && front.headers["cache-control"] == "no-store");
    // English, and back.
    let turned = loket.post("/bahasa", &[("bahasa", "en"), ("ke", "/profil")]).await;
    assert_eq!(turned.location(), "/profil");
    assert!(loket.get("/profil").await.text.contains("Where you are signed in"));

    // Later, what matters asks for proof; another's duties change, and their session is over.
    department.clock.advance(Duration::from_mins(6));
    let sent = andi.get("/orang/loket.utara/ubah").await;
    assert_eq!(sent.location(), "/buktikan?ke=%2Forang%2Floket.utara%2Fubah");
    let bad = andi.post("/buktikan", &[("bukti", "000000"), ("ke", "/orang/loket.utara/ubah")]).await;
    assert_eq!(bad.status, 422);
    let code = department.code(&secret);
    let good = andi.post("/buktikan", &[("bukti", &code), ("ke", "/orang/loket.utara/ubah")]).await;
    assert_eq!(good.location(), "/orang/loket.utara/ubah", "{}", good.text);
    assert_eq!(andi.get("/orang/loket.utara/ubah").await.status, 200);
    let less =
        [("apa", "tugas"), ("peran", "clerk"), ("cakupan", "site:galeri"), ("peran", ""), ("cakupan", "province")];
    let less = andi.post("/orang/loket.utara/ubah", &less).await;
    assert_eq!(less.location(), "/orang/loket.utara?kabar=people-granted", "{}", less.text);
    assert_eq!(loket.get("/profil").await.location(), "/masuk?ke=%2Fprofil");
    let oneself = andi.post("/orang/andi/ubah", &[("apa", "tutup"), ("alasan", "coba")]).await;
    assert!(oneself.status == 422 && oneself.text.contains("akunnya sendiri"), "{}", oneself.text);
    let closed = andi.post("/orang/loket.utara/ubah", &[("apa", "tutup"), ("alasan", "pindah")]).await;
    assert_eq!(closed.location(), "/orang/loket.utara?kabar=people-gone");
    let wrong = loket.post("/masuk", &[("nama", "loket.utara"), ("sandi", own)]).await;
    assert_eq!(wrong.status, 422);
    let out = andi.post("/keluar", &[]).await;
    assert_eq!((out.location(), andi.cookie.as_ref()), ("/masuk?kabar=signed-out", None));
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_auditor_reads_the_log_and_takes_it_out_after_fresh_proof() {
    let department = Department::open("log").await;
    department.add("auditor", vec![Grant { role: Role::Auditor, scope: Scope::Province }]).await;
    let mut browser = department.browser();
    department.sign_in(&mut browser, "auditor", None).await;
    let anchor = department.office.anchor_audit().await.unwrap().unwrap();
    let page = browser.get("/audit").await;
    assert!(page.text.contains("site-set") && page.text.contains(&anchor.code().to_string()), "{}", page.text);
    let some = browser.get("/audit?objek=plan%2F&dari=21-11-2026&sampai=21-11-2026").await;
    assert!(some.text.contains("plan-set") && !some.text.contains("site-set"), "{}", some.text);
    let none = browser.get("/audit?dari=22-11-2026").await;
    assert!(none.text.contains("Tidak ada catatan yang cocok"), "{}", none.text);
    assert!(browser.get("/audit?dari=kemarin").await.text.contains("20-11-2026"));
    assert_eq!(browser.get("/audit/periksa").await.status, 405, "a look through the whole log is asked for");
    assert!(browser.post("/audit/periksa", &[]).await.text.contains("Catatan utuh"));
    // Longer than what is in memory at once: every row, once.
    for row in 0..1100 {
        department.office.looked(format!("test/{row}"), &root()).await.unwrap();
    }
    let whole = browser.get("/audit/unduh?objek=test%2F").await;
    let numbers: Vec<i64> =
        whole.text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers.len(), 1100);
    assert!(numbers.windows(2).all(|two| two[1] == two[0] - 1), "the newest first, none twice");
    let file = browser.get("/audit/unduh").await;
    assert_eq!((file.status, file.headers["content-type"].to_str().unwrap()), (200, "text/csv; charset=utf-8"));
    assert!(file.text.starts_with("number,at,actor") && file.text.contains("\"plan-set\""), "{}", file.text);
    assert!(browser.get("/audit").await.text.contains("export"), "that is in the log too");
    department.clock.advance(Duration::from_mins(6));
    assert_eq!(browser.get("/audit/unduh").await.location(), "/buktikan?ke=%2Faudit%2Funduh");
    // Guessing at the proof is slowed down as at the sign-in.
    for _ in 0..5 {
        assert_eq!(browser.post("/buktikan", &[("bukti", "salah salah salah")]).await.status, 422);
    }
    let slowed = browser.post("/buktikan", &[("bukti", PASSWORD)]).await;
    assert_eq!((slowed.status, slowed.headers["retry-after"].to_str().unwrap()), (429, "1"));
    department.clock.advance(Duration::from_secs(1));
    assert_eq!(browser.post("/buktikan", &[("bukti", PASSWORD), ("ke", "/audit")]).await.location(), "/audit");
    let elsewhere = browser.post("/buktikan", &[("bukti", PASSWORD), ("ke", "//evil.example")]).await;
    assert_eq!(elsewhere.location(), "/");
    let huge = browser.send(Method::POST, "/bahasa", "x=".to_owned() + &"y".repeat(600 * 1024), &[]).await;
    assert_eq!(huge.status, 413);
    department.close().await;
}
