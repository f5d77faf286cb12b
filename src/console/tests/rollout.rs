//! A SOP published in waves through its pages.

use std::time::Duration;

use gapura_controller::{Actor, Grant, Office, Role, SopFile};

use super::browser::Browser;
use super::office::Department;

fn by(name: &str) -> Actor {
    Actor { name: name.to_owned(), reason: String::new() }
}

/// A SOP of two regencies or of one, approved.
async fn approved(office: &Office, revision: u32, regencies: &str) -> i64 {
    let text = format!(
        r#"
number = "SOP/{regencies}/01"
title = "SOP Filter Konten"
layer = "national"
revision = {revision}
owner = "Diskominfo"
legal-basis = ["Keputusan Nomor 1 Tahun 2026"]
effective-from = 2026-01-01
review-by = 2027-01-01
scope = {{ regencies = [{}] }}

[[clause]]
number = 1
words = "Situs judi daring diblokir."
citizen = {{ id = "Situs judi daring diblokir.", en = "Online gambling is blocked." }}
action = "block"
names = ["judi{revision}.{regencies}.example"]
"#,
        regencies.split('-').map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    );
    let file = SopFile { file: "sop.toml".to_owned(), text };
    let id = office.import_sops(&[file], &by("ani")).await.unwrap().sops[0].id;
    office.approve_sop(id, None, &by("budi")).await.unwrap();
    id
}

async fn signed_in(department: &Department, name: &str, scope: &str) -> Browser {
    let grants = vec![Grant { role: Role::SopApprover, scope: scope.parse().unwrap() }];
    let secret = department.add(name, grants).await;
    let mut browser = department.browser();
    department.sign_in(&mut browser, name, secret.as_deref()).await;
    browser
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approver_orders_pauses_goes_on_and_takes_back_with_a_reason() {
    let department = Department::open("rollout").await;
    let first = approved(&department.office, 1, "Sinjai-Bone").await;
    department.office.publish_sop(first, &by("budi")).await.unwrap();
    let id = approved(&department.office, 2, "Sinjai-Bone").await;
    let (form, page) = (format!("/sop/{id}/terbitkan-bertahap"), format!("/sop/{id}/peluncuran"));
    let mut approver = signed_in(&department, "penyetuju", "province").await;

    let none = approver.get(&page).await;
    assert!(none.status == 200 && none.text.contains("belum diterbitkan bertahap") && none.text.contains(&form));
    let shown = approver.get(&form).await.text;
    assert!(shown.contains("value=\"galeri\"") && shown.contains("tidak terdengar"), "{shown}");
    let wrong = [("mulai", "nanti"), ("tanggal", "besok"), ("gelombang", "50, 20"), ("pantau", "0"), ("tolak", "x")];
    let again = approver.post(&form, &wrong).await;
    for words in
        ["27 Nov 2026 dan jam", "persentase yang naik", "10.080 menit", "sebagai angka", "sedikitnya satu lokasi"]
    {
        assert!(again.status == 422 && again.text.contains(words), "{words}: {}", again.text);
    }
    assert!(again.text.contains("value=\"besok\"") && again.text.contains("value=\"50, 20\""), "nothing typed is lost");
    let past = [
        ("mulai", "nanti"),
        ("tanggal", "20 Nov 2026"),
        ("pukul", "20.00"),
        ("lokasi", "galeri"),
        ("pantau", "30"),
        ("tolak", "500"),
    ];
    assert!(approver.post(&form, &past).await.text.contains("sudah lewat"));

    let order =
        [("mulai", "sekarang"), ("lokasi", "galeri"), ("gelombang", "100"), ("pantau", "30"), ("tolak", "1.000")];
    let ordered = approver.post(&form, &order).await;
    assert_eq!(
        (ordered.status, ordered.location()),
        (303, format!("{page}?kabar=rollout-begun").as_str()),
        "{}",
        ordered.text
    );
    let seen = approver.get(&page).await.text;
    for words in ["Penerbitan revisi 2", "Percontohan", "Belum ada gerbang", "Kembali ke revisi 1", "1.000 kali"] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    let twice = approver.post(&form, &order).await;
    assert!(twice.status == 422 && twice.text.contains("disetujui"), "{}", twice.text);

    // Each step asks for a reason, and keeps what was typed when it cannot be done.
    for step in ["jeda", "semua", "tarik"] {
        let refused = approver.post(&format!("{page}/{step}"), &[("alasan", " ")]).await;
        assert!(refused.status == 422 && refused.text.contains("Tulis alasannya"), "{step}: {}", refused.text);
    }
    assert_eq!(approver.post(&format!("{page}/lain"), &[("alasan", "x")]).await.status, 404);
    let paused = approver.post(&format!("{page}/jeda"), &[("alasan", "tunggu loket")]).await;
    assert_eq!(paused.location(), format!("{page}?kabar=rollout-paused"));
    let seen = approver.get(&page).await.text;
    assert!(seen.contains("dijeda pada") && seen.contains("tunggu loket") && seen.contains("/lanjut\""), "{seen}");
    let late = approver.post(&format!("{page}/jeda"), &[("alasan", "sekali lagi")]).await;
    assert!(late.status == 422, "somebody was quicker: {}", late.text);
    let on = approver.post(&format!("{page}/lanjut"), &[("alasan", "loket siap")]).await;
    assert_eq!(on.location(), format!("{page}?kabar=rollout-goes-on"));
    let back = approver.post(&format!("{page}/tarik"), &[("alasan", "sekolah tertutup")]).await;
    assert_eq!(back.location(), format!("{page}?kabar=rollout-withdrawn"), "{}", back.text);
    let seen = approver.get(&page).await.text;
    assert!(seen.contains("Revisi ini ditarik pada") && !seen.contains("/tarik\""), "{seen}");
    let sop = department.office.sop(first).await.unwrap();
    assert_eq!(sop.state, "published");

    // Proof of who asks goes stale.
    department.clock.advance(Duration::from_mins(6));
    assert_eq!(approver.get(&form).await.status, 303);
    assert_eq!(approver.post(&format!("{page}/tarik"), &[("alasan", "x")]).await.status, 303);
    assert_eq!(approver.get("/sop/abc/peluncuran").await.status, 404);
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approver_of_one_regency_acts_where_all_sites_are_of_it_and_sees_no_others() {
    let department = Department::open("rollout-scope").await;
    let (own, both) =
        (approved(&department.office, 1, "Sinjai").await, approved(&department.office, 1, "Sinjai-Bone").await);
    let mut approver = signed_in(&department, "penyetuju", "regency:Sinjai").await;
    let order = [("mulai", "sekarang"), ("lokasi", "galeri"), ("gelombang", "100"), ("pantau", "30"), ("tolak", "500")];
    let (mine, theirs) = (format!("/sop/{own}/terbitkan-bertahap"), format!("/sop/{both}/terbitkan-bertahap"));
    assert_eq!((approver.get(&theirs).await.status, approver.post(&theirs, &order).await.status), (403, 403));
    assert_eq!(approver.post(&mine, &order).await.status, 303);
    department.office.publish_sop(both, &by("budi")).await.unwrap();
    let page = format!("/sop/{both}/peluncuran");
    let seen = approver.get(&page).await.text;
    assert_eq!(seen.matches("<tr><th scope=\"row\">").count(), 1, "the site of the other regency is not shown: {seen}");
    assert!(!seen.contains("/tarik\""), "{seen}");
    assert_eq!(approver.post(&format!("{page}/tarik"), &[("alasan", "x")]).await.status, 403);
    department.close().await;
}
