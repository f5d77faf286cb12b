//! A site made on one page and led on to its gateway; its parts, seats and notices set by forms; who may and who may not.

use gapura_controller::{Grant, Level, Role, Scope, SetAt};
use gapura_model::SiteId;
use gapura_wire::{DeviceRole, GardenTarget};

use super::browser::Browser;
use super::office::Department;

async fn admin(department: &Department, name: &str, scope: &str) -> Browser {
    let secret = department.add(name, vec![Grant { role: Role::NetworkAdmin, scope: scope.parse().unwrap() }]).await;
    let mut admin = department.browser();
    department.sign_in(&mut admin, name, secret.as_deref()).await;
    admin
}

/// The form with other texts in some of its fields.
fn with<'a>(fields: &[(&'a str, &'a str)], other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let changed = |(name, text): &(&'a str, &'a str)| {
        let new = other.iter().find(|(known, _)| known == name).map_or(*text, |(_, text)| *text);
        (*name, new)
    };
    fields.iter().map(changed).collect()
}

const NEW: [(&str, &str); 17] = [
    ("nama", "MPLIK Sinjai <3>"),
    ("id", "mplik-3"),
    ("jenis", "mplik"),
    ("instansi", "Kominfo"),
    ("kabupaten", "Sinjai"),
    ("kontak", "Petugas di mobil"),
    ("alamat-id", "Di belakang mobil"),
    ("alamat-en", ""),
    ("desa", "Desa Arabika"),
    ("wifi", "mplik"),
    ("zona-waktu", "Asia/Makassar"),
    ("jam", "jenis"),
    ("jam-harian", ""),
    ("asal-masuk", "sendiri"),
    ("cara", "voucer"),
    ("cara", "petugas"),
    ("paket-petugas", "umum"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_is_made_on_one_page_and_goes_on_to_its_gateway() {
    let department = Department::open("new-site").await;
    let mut admin = admin(&department, "jaringan", "province").await;
    let id: SiteId = "mplik-3".parse().unwrap();
    let list = admin.get("/lokasi").await.text;
    assert!(list.contains("href=\"/lokasi/baru\""), "{list}");
    let shown = admin.get("/lokasi/baru").await;
    assert!(shown.status == 200 && shown.text.contains("<option value=\"Kominfo\">"), "{}", shown.text);

    // All mistakes at once, each at its field, and nothing typed is lost.
    let slips = [
        ("nama", ""),
        ("id", "MPLIK 3"),
        ("jenis", ""),
        ("kontak", ""),
        ("jam", "harian"),
        ("jam-harian", "pagi & sore"),
    ];
    let wrong = admin.post("/lokasi/baru", &with(&NEW, &slips)).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    for field in ["nama", "id", "jenis", "kontak", "jam-harian"] {
        assert!(wrong.text.contains(&format!("<li><a href=\"#{field}\">")), "{field}: {}", wrong.text);
    }
    assert!(
        wrong.text.contains("value=\"MPLIK 3\"") && wrong.text.contains("value=\"pagi &#38; sore\""),
        "{}",
        wrong.text
    );
    assert!(wrong.text.contains("value=\"petugas\" checked") && wrong.text.contains("value=\"Desa Arabika\""));
    let one_tap = admin.post("/lokasi/baru", &with(&NEW, &[("cara", "satu-ketuk"), ("kabupaten", "")])).await.text;
    for field in ["paket-ketuk", "cara", "kabupaten"] {
        assert!(one_tap.contains(&format!("<li><a href=\"#{field}\">")), "{field}: {one_tap}");
    }
    assert!(
        wrong.text.contains("Nama lokasi: Tulis 1 sampai 200 karakter."),
        "the list names the field: {}",
        wrong.text
    );
    assert!(department.office.site(&id).await.unwrap().is_none());

    let made = admin.post("/lokasi/baru", &NEW).await;
    assert_eq!((made.status, made.location()), (303, "/l/mplik-3/gerbang-baru?kabar=site-made"), "{}", made.text);
    let next = admin.get("/l/mplik-3/gerbang-baru?kabar=site-made").await.text;
    assert!(next.contains("Sekarang daftarkan gerbangnya") && next.contains("/l/mplik-3/gerbang-baru"), "{next}");
    let site = department.office.site(&id).await.unwrap().unwrap();
    assert_eq!((site.name.as_str(), site.staff_plan.as_ref().unwrap().as_str()), ("MPLIK Sinjai <3>", "umum"));
    assert!(site.ways.voucher && site.ways.staff && !site.ways.one_tap && !site.ways.account);
    assert_eq!(site.look.texts["help-counter"].id, "Di belakang mobil");
    let hours = gapura_rules::hours::HoursDocument::from(site.hours.clone());
    assert_eq!((hours.weekly["mon"].clone(), !hours.weekly["sun"].is_empty()), (vec!["08.00-16.00".to_owned()], false));
    assert_eq!(department.office.places(&id).await.unwrap()[0].place, "Desa Arabika");

    let twice = admin.post("/lokasi/baru", &with(&NEW, &[("nama", "Lain")])).await;
    assert!(twice.status == 422 && twice.text.contains("sudah dipakai lokasi lain"), "{}", twice.text);
    assert_eq!(department.office.site(&id).await.unwrap().unwrap().name, "MPLIK Sinjai <3>");

    // What a level says holds: the kind's hours are not written into the site.
    let mut said = gapura_controller::SettingsDocument::default();
    said.hours.always_open = Some(true);
    let level = Level::Kind("hotspot".to_owned());
    department.office.set_level(&level, Some(&said), &super::office::root()).await.unwrap();
    let other = with(&NEW, &[("id", "alun"), ("jenis", "hotspot"), ("desa", "")]);
    assert_eq!(admin.post("/lokasi/baru", &other).await.status, 303);
    let settings = department.office.site_settings(&"alun".parse().unwrap()).await.unwrap();
    assert_eq!((settings.own.hours.always_open, settings.own.hours.weekly), (None, None));
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_is_made_and_moved_only_where_the_administrator_is_one() {
    let department = Department::open("new-site-scope").await;
    let mut admin = admin(&department, "sinjai", "regency:Sinjai").await;
    let elsewhere = admin.post("/lokasi/baru", &with(&NEW, &[("kabupaten", "Bone")])).await;
    assert!(elsewhere.status == 422 && elsewhere.text.contains("Anda tidak mengatur lokasi"), "{}", elsewhere.text);
    assert_eq!(admin.post("/lokasi/baru", &NEW).await.status, 303);
    let identity = [("nama", "Galeri"), ("jenis", "gallery"), ("instansi", "Kominfo"), ("kabupaten", "Bone")];
    let away = admin.post("/l/galeri/dasar/identitas", &identity).await;
    assert!(away.status == 422 && away.text.contains("Anda tidak mengatur lokasi"), "{}", away.text);
    let named = admin.post("/l/galeri/dasar/identitas", &with(&identity, &[("kabupaten", "Sinjai")])).await;
    assert_eq!(named.location(), "/l/galeri/dasar?kabar=part-saved", "{}", named.text);

    // The head of an MPLIK says where it stands; what is wrong is told at its field.
    let head = Grant { role: Role::SiteHead, scope: Scope::Site("mplik-3".parse().unwrap()) };
    department.add("kepala", vec![head]).await;
    let mut head = department.browser();
    department.sign_in(&mut head, "kepala", None).await;
    let shown = head.get("/l/mplik-3").await.text;
    assert!(
        shown.contains("action=\"/l/mplik-3/pindah\"") && !shown.contains("href=\"/l/mplik-3/gerbang-baru\""),
        "{shown}"
    );
    let long = "x".repeat(81);
    let wrong = head.post("/l/mplik-3/pindah", &[("desa", &long), ("alasan", "jadwal <B>")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("value=\"jadwal &#60;B&#62;\""), "{}", wrong.text);
    department.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(head.post("/l/mplik-3/pindah", &[("desa", "Desa Tompobulu")]).await.status, 303);
    let stood = department.office.places(&"mplik-3".parse().unwrap()).await.unwrap();
    assert_eq!((stood.len(), stood[0].place.as_str(), stood[0].by.as_str()), (2, "Desa Tompobulu", "kepala"));
    let fields = [("kontak", "x")];
    assert_eq!(head.post("/l/mplik-3/dasar/bantuan", &fields).await.status, 403, "the rest is not the head's");
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_are_set_at_levels_and_sites_and_say_where_they_come_from() {
    let department = Department::open("basics").await;
    let mut admin = admin(&department, "jaringan", "province").await;
    let id: SiteId = "galeri".parse().unwrap();
    let site = async || department.office.site(&id).await.unwrap().unwrap();
    // Both sites state their own speed; the gallery gives way to the department's.
    let level = "/dasar/dinas/semua";
    let kept = admin
        .post(&format!("{level}/kecepatan"), &[("asal-uplink", "sendiri"), ("turun", "50"), ("naik", "12,5")])
        .await;
    assert_eq!((kept.status, kept.location()), (303, "/dasar/dinas/semua?kabar=part-saved"), "{}", kept.text);
    let left =
        admin.post("/l/galeri/dasar/kecepatan", &[("asal-uplink", "atas"), ("turun", "99"), ("naik", "10")]).await;
    assert!(left.status == 422 && left.text.contains("value=\"99\""), "{}", left.text);
    assert_eq!(site().await.uplink.down.unwrap().bits_per_second(), 20_000_000, "what was typed decides nothing");
    let given_way =
        admin.post("/l/galeri/dasar/kecepatan", &[("asal-uplink", "atas"), ("turun", "20"), ("naik", "10")]).await;
    assert_eq!(given_way.status, 303, "{}", given_way.text);
    assert_eq!(site().await.uplink.up.unwrap().bits_per_second(), 12_500_000);
    let shown = admin.get("/l/galeri/dasar").await.text;
    assert!(shown.contains("Ikuti dinas: unduh 50\u{a0}Mb/s"), "{shown}");

    let garden = "bpjs-kesehatan.go.id\n203.0.113.0/24 443, 8443\nbukan situs";
    let wrong = admin.post("/l/galeri/dasar/tanpa-masuk", &[("asal-taman", "sendiri"), ("taman", garden)]).await;
    assert!(wrong.status == 422 && wrong.text.contains("“bukan” bukan nama domain"), "{}", wrong.text);
    assert!(wrong.text.contains("203.0.113.0/24 443, 8443\nbukan situs</textarea>"), "{}", wrong.text);
    let garden = "bpjs-kesehatan.go.id\n203.0.113.0/24 443, 8443\ngo.id";
    assert_eq!(
        admin.post("/l/galeri/dasar/tanpa-masuk", &[("asal-taman", "sendiri"), ("taman", garden)]).await.status,
        303
    );
    let now = site().await.garden;
    assert_eq!((now.len(), &now[0].to), (3, &GardenTarget::Name("bpjs-kesehatan.go.id".to_owned())));
    let shown = admin.get("/l/galeri/dasar").await.text;
    assert!(shown.contains("go.id: membuka semua nama di bawahnya"), "{shown}");

    let one_tap = [("asal-masuk", "sendiri"), ("cara", "satu-ketuk"), ("cara", "akun")];
    let refused = admin.post("/l/galeri/dasar/masuk", &one_tap).await;
    assert!(refused.status == 422 && refused.text.contains("href=\"#paket-ketuk\""), "{}", refused.text);
    assert!(refused.text.contains("value=\"akun\" checked") && !site().await.ways.account, "{}", refused.text);
    let ways = [("asal-masuk", "sendiri"), ("cara", "akun"), ("paket-petugas", "umum")];
    assert_eq!(admin.post("/l/galeri/dasar/masuk", &ways).await.status, 303);
    assert!(site().await.ways.account && !site().await.ways.voucher);
    assert_eq!(admin.post("/l/galeri/dasar/bantuan", &[("kontak", "")]).await.status, 422, "nobody else says it");
    assert_eq!(admin.post(&format!("{level}/bantuan"), &[("kontak", "0482-21000")]).await.status, 303);
    assert_eq!(admin.post("/l/galeri/dasar/bantuan", &[("kontak", ""), ("wifi", "galeri")]).await.status, 303);
    assert_eq!((site().await.contact.as_str(), site().await.wifi.as_deref()), ("0482-21000", Some("galeri")));
    assert_eq!(admin.post(&format!("{level}/identitas"), &[("nama", "x")]).await.status, 404);
    assert_eq!(admin.get("/dasar/kelompok/entah").await.status, 404);

    // Notices; above the sites in the department's time.
    assert!(admin.get(level).await.text.contains("Sampai pukul (WIB)"));
    assert!(admin.get("/l/galeri/dasar").await.text.contains("Sampai pukul (WITA)"));
    let wrong = admin
        .post(&format!("{level}/pengumuman"), &[("tingkat", "info"), ("teks-en", "Exam"), ("tanggal", "besok")])
        .await;
    assert!(wrong.status == 422 && wrong.text.contains("href=\"#teks-id\"") && wrong.text.contains(">Exam</textarea>"));
    let past = [("tingkat", "info"), ("teks-id", "Ujian"), ("tanggal", "20 Nov 2026")];
    let past = admin.post(&format!("{level}/pengumuman"), &past).await;
    assert!(past.status == 422 && past.text.contains("href=\"#tanggal\""), "{}", past.text);
    let notice = [("tingkat", "danger"), ("teks-id", "Air <naik>"), ("tanggal", "22 Nov 2026"), ("pukul", "17.00")];
    assert_eq!(
        admin.post(&format!("{level}/pengumuman"), &notice).await.location(),
        "/dasar/dinas/semua?kabar=notice-added"
    );
    assert_eq!(site().await.notices[0].until, "2026-11-22T10:00:00Z".parse().unwrap(), "17.00 WIB");
    let stale = admin.post(&format!("{level}/pengumuman"), &[("hapus", "0"), ("teks", "lain")]).await;
    assert_eq!((stale.status, site().await.notices.len()), (403, 1), "somebody else changed the list meanwhile");
    let removed = admin.post(&format!("{level}/pengumuman"), &[("hapus", "0"), ("teks", "Air <naik>")]).await;
    assert_eq!((removed.status, site().await.notices.len()), (303, 0), "{}", removed.text);
    let tree = department.office.settings_tree().await.unwrap();
    assert_eq!(tree.said(&SetAt::Above(Level::Department)).contact.as_deref(), Some("0482-21000"));
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_are_added_renamed_and_removed_by_a_form() {
    let department = Department::open("devices").await;
    let mut admin = admin(&department, "jaringan", "province").await;
    let id: SiteId = "galeri".parse().unwrap();
    let devices = async || department.office.site(&id).await.unwrap().unwrap().devices;
    let path = "/l/galeri/perangkat";
    let seat = [
        ("lama", ""),
        ("peran", "kursi"),
        ("nama", "PC 01"),
        ("mac", "02-00-5E-10-00-11"),
        ("kelompok", "anak"),
        ("diam", "5"),
    ];
    let wrong = admin.post(path, &with(&seat, &[("nama", ""), ("mac", "02:00"), ("diam", "lama & lama")])).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    for field in ["nama", "mac", "diam"] {
        assert!(wrong.text.contains(&format!("<li><a href=\"#{field}\">")), "{field}: {}", wrong.text);
    }
    assert!(wrong.text.contains("value=\"lama &#38; lama\"") && devices().await.is_empty(), "{}", wrong.text);
    assert_eq!(admin.post(path, &seat).await.location(), "/l/galeri/perangkat?kabar=device-saved");
    let twice = admin.post(path, &with(&seat, &[("mac", "02:00:5e:10:00:12")])).await;
    assert!(twice.status == 422 && twice.text.contains("sudah ada; beri nama lain"), "{}", twice.text);
    let change = admin.get("/l/galeri/perangkat?ubah=02:00:5e:10:00:11").await.text;
    assert!(
        change.contains("name=\"lama\" value=\"02:00:5e:10:00:11\"") && change.contains("value=\"PC 01\""),
        "{change}"
    );
    let renamed = with(&seat, &[("lama", "02:00:5e:10:00:11"), ("nama", "PC Anak")]);
    assert_eq!(admin.post(path, &renamed).await.status, 303);
    let now = devices().await;
    assert_eq!((now.len(), now[0].device.label.as_str(), now[0].device.role), (1, "PC Anak", DeviceRole::Seat));
    assert_eq!(now[0].device.idle.unwrap().as_secs(), 300);
    assert_eq!(department.office.seats(&id).await.unwrap()[0].label, "PC Anak", "the counter has it");
    assert_eq!(admin.post("/l/galeri/perangkat/hapus", &[("mac", "02:00:5e:10:00:11")]).await.status, 303);
    assert!(devices().await.is_empty());
    assert_eq!(admin.post("/l/galeri/perangkat/hapus", &[("mac", "02:00:5e:10:00:11")]).await.status, 404);
    department.close().await;
}
