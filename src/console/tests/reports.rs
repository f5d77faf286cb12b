//! The monthly report through its pages.

use gapura_controller::{Grant, Role};
use gapura_model::ClockTrust;

use super::office::{Department, visit};

fn grant(role: Role, scope: &str) -> Vec<Grant> {
    vec![Grant { role, scope: scope.parse().unwrap() }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_shows_what_is_theirs_and_can_be_taken_along() {
    let department = Department::open("reports").await;
    let october = "2026-10-07T03:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let mut tx = department.office.store().write().await.unwrap();
    for number in 0..24 {
        let site = if number < 12 { "galeri" } else { "seberang" };
        let mut one = visit(&format!("v{number}"), site, october + number, 1_000_000);
        one.device = format!("d{number}");
        tx.put_visit(&one).await.unwrap();
    }
    tx.commit().await.unwrap();
    department.clock.set_wall("2026-11-21T08:00:00Z".parse().unwrap(), ClockTrust::Trusted);
    department.office.make_reports().await.unwrap();

    let secret = department.add("kepala", grant(Role::SiteHead, "site:galeri")).await;
    let mut head = department.browser();
    department.sign_in(&mut head, "kepala", secret.as_deref()).await;
    let list = head.get("/laporan-bulanan").await;
    assert!(list.text.contains("Oktober 2026") && list.text.contains("November 2026"), "{}", list.text);
    assert!(!list.text.contains("/statistik/"), "that is of the whole department");
    // Without a word about the scope it is the widest of theirs: their site.
    let page = head.get("/laporan-bulanan/2026-10").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Laporan Layanan Internet Publik, Oktober 2026"));
    assert!(page.text.contains("<dt>Orang terlayani</dt><dd>12</dd>"), "{}", page.text);
    for scope in ["province", "regency:Sinjai", "site:seberang", "agency:Kominfo", "nonsense"] {
        let there = head.get(&format!("/laporan-bulanan/2026-10?wilayah={scope}")).await;
        assert_eq!(there.status, 404, "{scope}");
        let file = head.get(&format!("/laporan-bulanan/2026-10/unduh?bentuk=csv&wilayah={scope}")).await;
        assert_eq!(file.status, 404, "{scope}");
    }
    for month in ["2026-13", "2020-01", "oktober"] {
        assert_eq!(head.get(&format!("/laporan-bulanan/{month}")).await.status, 404, "{month}");
    }

    let secret = department.add("pengawas", grant(Role::Auditor, "province")).await;
    let mut auditor = department.browser();
    department.sign_in(&mut auditor, "pengawas", secret.as_deref()).await;
    let page = auditor.get("/laporan-bulanan/2026-10").await;
    assert!(page.text.contains("<dt>Orang terlayani</dt><dd>24</dd>"), "{}", page.text);
    assert!(
        page.text.contains("<svg class=\"chart\"") && page.text.contains("Rabu, 7 Oktober 2026"),
        "a table beside the chart"
    );
    let so_far = auditor.get("/laporan-bulanan/2026-11/unduh?bentuk=csv").await;
    assert_eq!(so_far.headers["content-disposition"], "attachment; filename=\"laporan-2026-11-sementara.csv\"");
    assert!(so_far.text.contains(";2026-11;;sementara;2026-11-21 "), "{}", so_far.text);
    let file = |kind: &str| format!("/laporan-bulanan/2026-10/unduh?bentuk={kind}&wilayah=regency%3ASinjai");
    let csv = auditor.get(&file("csv")).await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert!(csv.text.starts_with("\u{feff}Tingkat;Nama;") && !csv.text.contains("seberang"), "{}", csv.text);
    let json = auditor.get(&file("json")).await;
    let json: serde_json::Value = serde_json::from_str(&json.text).unwrap();
    assert_eq!((&json["total"]["people"], &json["scope"]), (&12.into(), &"regency:Sinjai".into()));
    let pdf = auditor.get(&file("pdf")).await;
    assert_eq!(pdf.headers["content-type"], "application/pdf");
    assert_eq!(pdf.headers["content-disposition"], "attachment; filename=\"laporan-2026-10-sinjai.pdf\"");
    let data = auditor.get("/laporan-bulanan/statistik/2026/data").await;
    assert!(data.text.contains(";orang_terlayani;24;perangkat"), "{}", data.text);
    let metadata = auditor.get("/laporan-bulanan/statistik/2026-10/metadata").await;
    assert!(metadata.text.contains("aturan_penyembunyian"), "{}", metadata.text);
    assert_eq!(auditor.get("/laporan-bulanan/statistik/2020/data").await.status, 404);
    assert_eq!(auditor.get("/laporan-bulanan/statistik/2026/lain").await.status, 404);
    department.close().await;
}
