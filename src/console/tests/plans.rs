//! A plan through its form: made, changed, kept while it is used, removed.

use gapura_controller::{Grant, Role, Scope};
use gapura_session::Plan;

use super::office::{Department, root};

async fn plan(department: &Department, id: &str) -> Option<Plan> {
    department.office.plans().await.unwrap().into_iter().find(|plan| plan.id.as_str() == id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_made_changed_and_removed_once_nothing_uses_it() {
    let department = Department::open("plans").await;
    let secret = department.add("jaringan", vec![Grant { role: Role::NetworkAdmin, scope: Scope::Province }]).await;
    let mut admin = department.browser();
    department.sign_in(&mut admin, "jaringan", secret.as_deref()).await;
    let mut fields = vec![("id", "pelajar"), ("nama", "Pelajar <A>"), ("kunjungan-menit", "dua"), ("perangkat", "2")];
    let wrong = admin.post("/paket/simpan", &fields).await;
    assert!(wrong.status == 422 && wrong.text.contains("Pelajar &#60;A&#62;"), "{}", wrong.text);
    assert!(wrong.text.contains("value=\"dua\"") && plan(&department, "pelajar").await.is_none());
    fields[2] = ("kunjungan-menit", "120");
    let kept = admin.post("/paket/simpan", &fields).await;
    assert_eq!((kept.status, kept.location()), (303, "/paket?kabar=plan-saved"), "{}", kept.text);
    assert_eq!(plan(&department, "pelajar").await.unwrap().devices.get(), 2);
    let twice = admin.post("/paket/simpan", &fields).await;
    assert!(twice.status == 422 && twice.text.contains("sudah dipakai paket lain"), "{}", twice.text);
    fields.extend([("ada", "1"), ("turun", "4000")]);
    assert_eq!(admin.post("/paket/simpan", &fields).await.status, 303);
    let now = plan(&department, "pelajar").await.unwrap();
    assert_eq!(now.speed.down.unwrap().bits_per_second(), 4_000_000);

    // A site's staff open visits with it: it stays, and the page says so.
    let site = "galeri".parse().unwrap();
    let before = department.office.site(&site).await.unwrap().unwrap();
    let mut using = before.clone();
    using.staff_plan = Some(now.id);
    department.office.set_site(&site, &using, &root()).await.unwrap();
    let shown = admin.get("/paket/ubah/pelajar").await.text;
    assert!(shown.contains("dipakai 1 lokasi") && !shown.contains("/paket/hapus"), "{shown}");
    let refused = admin.post("/paket/hapus", &[("id", "pelajar")]).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    department.office.set_site(&site, &before, &root()).await.unwrap();
    assert!(admin.get("/paket/ubah/pelajar").await.text.contains("/paket/hapus"));
    assert_eq!(admin.post("/paket/hapus", &[("id", "pelajar")]).await.location(), "/paket?kabar=plan-removed");
    let list = admin.get("/paket").await.text;
    assert!(plan(&department, "pelajar").await.is_none() && list.contains("/paket/ubah/umum"), "{list}");
    department.close().await;
}
