//! A site's hours through its page: line or boxes, dated exceptions, seasons, mistakes; and the list of sites.

use gapura_controller::{Grant, Role, Scope};
use gapura_model::SiteId;
use gapura_rules::hours::HoursDocument;

use super::office::Department;

const MONDAY: [(&str, &str); 14] = [
    ("kotak-mon", "8"),
    ("kotak-mon", "9"),
    ("kotak-mon", "10"),
    ("kotak-mon", "11"),
    ("kotak-mon", "12"),
    ("kotak-mon", "13"),
    ("kotak-mon", "14"),
    ("kotak-mon", "15"),
    ("kotak-mon", "16"),
    ("kotak-mon", "17"),
    ("kotak-mon", "18"),
    ("kotak-mon", "19"),
    ("kotak-mon", "20"),
    ("kotak-mon", "21"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hours_of_a_level_reach_its_sites_and_a_zone_is_chosen() {
    let department = Department::open("level-hours").await;
    let secret = department.add("jaringan", vec![Grant { role: Role::NetworkAdmin, scope: Scope::Province }]).await;
    let mut admin = department.browser();
    department.sign_in(&mut admin, "jaringan", secret.as_deref()).await;
    assert!(admin.get("/setelan/jenis/gallery").await.text.contains("href=\"/jam/jenis/gallery\""));
    let shown = admin.get("/jam/jenis/gallery").await;
    assert!(
        shown.status == 200 && shown.text.contains("value=\"atas\" checked> Tidak diatur di sini"),
        "{}",
        shown.text
    );

    // The site follows once it says nothing itself.
    let week = [("pola", "pekan"), ("lama-wed", ""), ("jam-wed", "09.00-15.00")];
    let kept = admin.post("/jam/jenis/gallery", &week).await;
    assert_eq!((kept.status, kept.location()), (303, "/jam/jenis/gallery?kabar=week-set"), "{}", kept.text);
    assert!(!hours(&department).await.weekly["mon"].is_empty(), "its own week is nearer");
    let follow = [("pola", "atas"), ("lama-mon", "08.00–22.00"), ("jam-mon", "08.00–22.00")];
    let boxes: Vec<String> = (8..22).map(|hour| hour.to_string()).collect();
    let boxes: Vec<(&str, &str)> = boxes.iter().map(|hour| ("kotak-mon", hour.as_str())).collect();
    let kept = admin.post("/l/galeri/jam", &[&follow[..], &boxes].concat()).await;
    assert_eq!(kept.status, 303, "{}", kept.text);
    let now = hours(&department).await;
    assert_eq!(now.weekly["wed"], ["09.00-15.00"]);
    assert!(now.weekly.get("mon").is_none_or(Vec::is_empty));

    // A closed day for all of them, and back.
    let day = [("dari", "28 Nov 2026"), ("jam", "tutup"), ("alasan", "Pemeliharaan jaringan")];
    let kept = admin.post("/jam/jenis/gallery/pengecualian", &day).await;
    assert_eq!(kept.location(), "/jam/jenis/gallery?kabar=exception-set", "{}", kept.text);
    assert_eq!(hours(&department).await.exceptions[0].reason, "Pemeliharaan jaringan");
    let shown = admin.get("/jam/jenis/gallery").await.text;
    assert!(
        shown.contains("Pemeliharaan jaringan") && shown.contains("/jam/jenis/gallery/pengecualian-hapus"),
        "{shown}"
    );
    let span = [("dari", "2026-11-28"), ("sampai", "2026-11-28")];
    let gone = admin.post("/jam/jenis/gallery/pengecualian-hapus", &span).await;
    assert_eq!(gone.location(), "/jam/jenis/gallery?kabar=exception-removed", "{}", gone.text);
    assert!(hours(&department).await.exceptions.is_empty());

    // The zone of one site; a level that is none is not found, and a zone that is none changes nothing.
    assert_eq!(hours(&department).await.zone, "Asia/Makassar");
    let zone = admin.post("/l/galeri/jam/zona", &[("zona", "Asia/Jayapura")]).await;
    assert_eq!(zone.location(), "/l/galeri/jam?kabar=zone-set", "{}", zone.text);
    assert_eq!(hours(&department).await.zone, "Asia/Jayapura");
    let wrong = admin.post("/l/galeri/jam/zona", &[("zona", "Mars/Olympus")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("Zona waktu tidak dikenali"), "{}", wrong.text);
    assert_eq!(hours(&department).await.zone, "Asia/Jayapura");
    assert_eq!(admin.get("/jam/kelompok/entah").await.status, 404);
    department.close().await;
}

async fn hours(department: &Department) -> HoursDocument {
    let site: SiteId = "galeri".parse().unwrap();
    department.office.site(&site).await.unwrap().unwrap().hours.into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hours_are_set_by_line_or_by_boxes_and_nothing_typed_is_lost() {
    let department = Department::open("hours").await;
    let secret = department.add("jaringan", vec![Grant { role: Role::NetworkAdmin, scope: Scope::Province }]).await;
    let head = Grant { role: Role::SiteHead, scope: Scope::Site("galeri".parse().unwrap()) };
    department.add("kepala", vec![head]).await;
    let mut admin = department.browser();
    department.sign_in(&mut admin, "jaringan", secret.as_deref()).await;
    let shown = admin.get("/l/galeri/jam").await;
    assert!(shown.status == 200 && shown.text.contains("name=\"jam-mon\" maxlength=\"60\" value=\"08.00–22.00\""));
    assert!(shown.text.contains("value=\"8\" aria-label=\"Senin 08.00\" checked"), "{}", shown.text);
    assert!(shown.text.contains("value=\"7\" aria-label=\"Senin 07.00\">"), "{}", shown.text);

    // Monday by its boxes, Tuesday by its line.
    let lines = [("pola", "pekan"), ("lama-mon", "08.00–22.00"), ("jam-mon", "08.00–22.00")];
    let mut week = [&lines[..], &[("lama-tue", ""), ("jam-tue", "08.00-11.30, 13.30-22.00")], &MONDAY[1..]].concat();
    let kept = admin.post("/l/galeri/jam", &week).await;
    assert_eq!((kept.status, kept.location()), (303, "/l/galeri/jam?kabar=week-set"), "{}", kept.text);
    let now = hours(&department).await;
    assert_eq!(now.weekly["mon"], ["09.00-22.00"]);
    assert_eq!(now.weekly["tue"], ["08.00-11.30", "13.30-22.00"]);
    assert!(now.weekly["sun"].is_empty());

    // Mistakes stand at their day, with what was typed; nothing was changed.
    week[4] = ("jam-tue", "pagi & malam");
    let wrong = admin.post("/l/galeri/jam", &week).await;
    assert!(wrong.status == 422 && wrong.text.contains("Selasa: Jam tidak dikenali"), "{}", wrong.text);
    assert!(wrong.text.contains("value=\"pagi &#38; malam\""), "{}", wrong.text);
    week[0] = ("pola", "selalu");
    week[4] = ("jam-tue", "09.00-10.00");
    let torn = admin.post("/l/galeri/jam", &week).await;
    assert!(torn.status == 422 && torn.text.contains("polanya bukan"), "{}", torn.text);
    assert_eq!(hours(&department).await, now);
    let always = [("pola", "selalu"), ("lama-mon", "09.00–22.00"), ("jam-mon", "09.00–22.00")];
    let kept = admin.post("/l/galeri/jam", &[&always[..], &MONDAY[1..]].concat()).await;
    assert_eq!(kept.status, 303, "{}", kept.text);
    assert!(hours(&department).await.always_open);

    let ramadan = [("musim-dari", "8 Feb 2027"), ("musim-sampai", "9 Mar 2027"), ("musim-mon", "09.00-15.00")];
    let nameless = admin.post("/l/galeri/jam/musim", &ramadan).await;
    assert!(nameless.status == 422 && nameless.text.contains("value=\"09.00-15.00\""), "{}", nameless.text);
    let named = [&ramadan[..], &[("musim-alasan", "Ramadan")]].concat();
    assert_eq!(admin.post("/l/galeri/jam/musim", &named).await.location(), "/l/galeri/jam?kabar=season-set");
    assert_eq!(hours(&department).await.exceptions.len(), 2, "Monday, and the closed days");
    assert!(admin.get("/l/galeri/jam").await.text.contains("8 Feb 2027 – 9 Mar 2027"));
    let span = [("dari", "2027-02-08"), ("sampai", "2027-03-09")];
    assert_eq!(admin.post("/l/galeri/jam/musim-hapus", &span).await.location(), "/l/galeri/jam?kabar=season-removed");
    assert!(hours(&department).await.exceptions.is_empty());

    // The head of a site sets a day, not the week.
    let mut head = department.browser();
    department.sign_in(&mut head, "kepala", None).await;
    let shown = head.get("/l/galeri/jam").await;
    assert!(
        shown.text.contains("action=\"/l/galeri/jam/pengecualian\"")
            && !shown.text.contains("action=\"/l/galeri/jam\"")
    );
    let late = [("dari", "29 Nov 2026"), ("sampai", "28 Nov 2026"), ("jam", "tutup"), ("alasan", "")];
    let wrong = head.post("/l/galeri/jam/pengecualian", &late).await;
    for words in ["lebih awal daripada", "Tulis alasannya", "value=\"29 Nov 2026\"", "value=\"tutup\""] {
        assert!(wrong.status == 422 && wrong.text.contains(words), "{words}: {}", wrong.text);
    }
    let day = [("dari", "28 Nov 2026"), ("jam", "08:00-12:00"), ("alasan", "Listrik padam")];
    let kept = head.post("/l/galeri/jam/pengecualian", &day).await;
    assert_eq!(kept.location(), "/l/galeri/jam?kabar=exception-set", "{}", kept.text);
    assert_eq!(hours(&department).await.exceptions[0].open, ["08.00-12.00"]);
    assert!(head.get("/l/galeri/jam").await.text.contains("Listrik padam"));

    // Of the sites everybody sees their own.
    let (all, own) = (admin.get("/lokasi").await.text, head.get("/lokasi").await.text);
    assert!(all.contains("tutup, buka "), "{all}");
    assert!(all.contains("href=\"/l/galeri\"") && all.contains("href=\"/l/seberang\"") && all.contains("buka sampai "));
    assert!(own.contains("href=\"/l/galeri\"") && !own.contains("href=\"/l/seberang\""), "{own}");
    assert!(admin.get("/lokasi?cari=pendidikan").await.text.contains("href=\"/l/seberang\""));
    assert!(admin.get("/lokasi?cari=entah").await.text.contains("Tidak ada lokasi yang cocok"));
    department.close().await;
}
