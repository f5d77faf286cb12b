//! Calendars of holidays through their pages, with a file; and a site that closes earlier today.

use gapura_controller::{Grant, HolidaySettings, Role, Scope};
use gapura_model::SiteId;
use http::Method;

use super::office::{Department, root};
use crate::form::{TOKEN, token_of};

const ICS: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nSUMMARY:Hari Natal\r\nEND:VEVENT\r\n\
                   END:VCALENDAR\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_calendar_is_read_from_a_file_kept_followed_and_removed() {
    let department = Department::open("calendars").await;
    let secret = department.add("jaringan", vec![Grant { role: Role::NetworkAdmin, scope: Scope::Province }]).await;
    let mut admin = department.browser();
    department.sign_in(&mut admin, "jaringan", secret.as_deref()).await;
    assert!(admin.get("/kalender").await.text.contains("Belum ada kalender"));

    // The file goes into the form as a browser sends it, and nothing is kept before somebody looked at it.
    let token = token_of(admin.cookie.as_deref().unwrap());
    let part = |name: &str, value: &str| {
        format!("--batas\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body =
        [part(TOKEN, &token), part("nama", "nasional"), part("berkas", ICS), "--batas--\r\n".to_owned()].concat();
    let kind = [("content-type", "multipart/form-data; boundary=batas"), ("sec-fetch-site", "same-origin")];
    let shown = admin.send_as(Method::POST, "/kalender/impor", body, &kind).await;
    assert!(shown.status == 200 && shown.text.contains("25 Des 2026: Hari Natal"), "{}", shown.text);
    assert!(shown.text.contains("value=\"nasional\"") && department.office.calendars().await.unwrap().is_empty());

    let wrong = [("nama", "Nasional!"), ("hari", "25 Des 2026: Hari Natal\nbesok: <b>\n26 Des 2026")];
    let wrong = admin.post("/kalender/simpan", &wrong).await;
    for words in ["tulis huruf kecil", "Baris 2: tanggal tidak dikenali", "Baris 3: tulis nama", "besok: &#60;b&#62;"] {
        assert!(wrong.status == 422 && wrong.text.contains(words), "{words}: {}", wrong.text);
    }
    let right = [("nama", "nasional"), ("hari", "25 Des 2026: Hari Natal\n24-12-2026 – 26-12-2026: Cuti bersama")];
    let kept = admin.post("/kalender/simpan", &right).await;
    assert_eq!((kept.status, kept.location()), (303, "/kalender?kabar=calendar-saved"), "{}", kept.text);
    let twice = admin.post("/kalender/simpan", &right).await;
    assert!(twice.status == 422 && twice.text.contains("sudah dipakai kalender lain"), "{}", twice.text);

    // A site keeps it: said there, and it stays.
    let site: SiteId = "galeri".parse().unwrap();
    let holidays = HolidaySettings { calendars: vec!["nasional".to_owned()], open: Vec::new() };
    department
        .office
        .set_holidays(&gapura_controller::SetAt::Site(site.clone()), Some(holidays), &root())
        .await
        .unwrap();
    let list = admin.get("/kalender").await.text;
    assert!(list.contains("Galeri Internet") && list.contains("24 Des 2026 – 26 Des 2026"), "{list}");
    let form = admin.get("/kalender/ubah/nasional").await.text;
    assert!(form.contains("Cuti bersama") && !form.contains("/kalender/hapus"), "{form}");
    assert_eq!(admin.post("/kalender/hapus", &[("nama", "nasional")]).await.status, 409);
    department.office.set_holidays(&gapura_controller::SetAt::Site(site.clone()), None, &root()).await.unwrap();
    let gone = admin.post("/kalender/hapus", &[("nama", "nasional")]).await;
    assert_eq!(gone.location(), "/kalender?kabar=calendar-removed", "{}", gone.text);
    assert_eq!(admin.get("/kalender/ubah/nasional").await.status, 404);
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_closes_the_site_earlier_today_and_takes_it_back() {
    let department = Department::open("early").await;
    let head = Grant { role: Role::SiteHead, scope: Scope::Site("galeri".parse().unwrap()) };
    department.add("kepala", vec![head]).await;
    let mut head = department.browser();
    department.sign_in(&mut head, "kepala", None).await;
    // Saturday, 16.00 there: open on Mondays only.
    let shown = head.get("/l/galeri/jam").await.text;
    assert!(!shown.contains("/l/galeri/jam/tutup-awal"), "{shown}");
    let site: SiteId = "galeri".parse().unwrap();
    let days = [("sat", "08.00-22.00"), ("mon", "08.00-22.00")];
    let days = days.map(|(day, hours)| (day.to_owned(), vec![hours.to_owned()])).into();
    department
        .office
        .set_week(&gapura_controller::SetAt::Site(site.clone()), gapura_controller::SiteWeek::Days(days), &root())
        .await
        .unwrap();
    let shown = head.get("/l/galeri/jam").await.text;
    assert!(shown.contains("/l/galeri/jam/tutup-awal") && shown.contains("buka sampai"), "{shown}");

    for (time, words) in [("15.00", "sudah lewat"), ("23.00", "memang sudah tutup"), ("sore", "Tulis pukul berapa")] {
        let wrong = head.post("/l/galeri/jam/tutup-awal", &[("tutup-jam", time), ("tutup-alasan", "")]).await;
        assert!(wrong.status == 422 && wrong.text.contains(words), "{words}: {}", wrong.text);
        assert!(wrong.text.contains("Tulis alasannya") && wrong.text.contains(&format!("value=\"{time}\"")));
    }
    let closed = [("tutup-jam", "17:00"), ("tutup-alasan", "Listrik padam")];
    let closed = head.post("/l/galeri/jam/tutup-awal", &closed).await;
    assert_eq!(closed.location(), "/l/galeri/jam?kabar=closed-early", "{}", closed.text);
    let hours = department.office.site(&site).await.unwrap().unwrap().hours;
    let at = |text: &str| text.parse().unwrap();
    assert!(hours.state(at("2026-11-21T08:59:00Z")).is_open() && !hours.state(at("2026-11-21T09:00:00Z")).is_open());
    assert_eq!(hours.override_at(at("2026-11-21T10:00:00Z")).unwrap().reason, "Listrik padam");
    let shown = head.get("/l/galeri/jam").await.text;
    assert!(
        shown.contains("pukul 17.00") && shown.contains("Listrik padam") && !shown.contains("tutup-awal\""),
        "{shown}"
    );

    let back = head.post("/l/galeri/jam/buka-lagi", &[]).await;
    assert_eq!(back.location(), "/l/galeri/jam?kabar=reopened", "{}", back.text);
    let hours = department.office.site(&site).await.unwrap().unwrap().hours;
    assert!(hours.overrides().is_empty() && hours.state(at("2026-11-21T09:00:00Z")).is_open());
    assert_eq!(head.post("/l/galeri/jam/buka-lagi", &[]).await.status, 404);
    department.close().await;
}
