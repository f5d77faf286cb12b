//! How the portal looks: seen before it is kept, refused where nobody could read it, inherited; groups and terms beside it.

use gapura_controller::{Grant, Role, Scope, SettingsDocument};
use gapura_model::SiteId;

use super::office::{Department, root};

async fn brand(department: &Department, site: &str) -> Option<String> {
    let site: SiteId = site.parse().unwrap();
    let look = department.office.site(&site).await.unwrap().unwrap().look;
    look.colours.get("brand").map(ToString::to_string)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_is_seen_in_its_frame_before_it_is_kept() {
    let department = Department::open("looks").await;
    let secret = department.add("jaringan", vec![Grant { role: Role::NetworkAdmin, scope: Scope::Province }]).await;
    let head = Grant { role: Role::SiteHead, scope: Scope::Site("galeri".parse().unwrap()) };
    department.add("kepala", vec![head]).await;
    let mut admin = department.browser();
    department.sign_in(&mut admin, "jaringan", secret.as_deref()).await;
    let list = admin.get("/rupa").await.text;
    for link in ["/rupa/dinas/semua", "/rupa/kabupaten/Sinjai", "/rupa/jenis/gallery", "/l/galeri/rupa"] {
        assert!(list.contains(&format!("href=\"{link}\"")), "{link}: {list}");
    }

    // Tried: nothing is kept, and the frame shows the real page in what was typed.
    let typed = [("sambutan-id", "Selamat datang di Sinjai"), ("sambutan-en", "Welcome"), ("warna-1", "#5a1f3c")];
    let english = [("situs", "galeri"), ("bahasa-lihat", "en"), ("halaman", "depan")];
    let tried = admin.post("/rupa/dinas/semua/pratinjau", &[&typed[..], &english].concat()).await;
    assert!(tried.status == 200 && tried.text.contains("value=\"Selamat datang di Sinjai\""), "{}", tried.text);
    assert_eq!(brand(&department, "galeri").await, None);
    let sources: Vec<_> =
        tried.text.split("src=\"").skip(1).filter(|rest| rest.starts_with("/rupa/bingkai?")).collect();
    assert_eq!(sources.len(), 2, "light and dark: {}", tried.text);
    for (source, dark) in sources.iter().zip([false, true]) {
        let source = source.split('"').next().unwrap().replace("&#38;", "&");
        let frame = admin.get(&source).await;
        let policy = frame.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'self'") && policy.contains("sandbox"), "{policy}");
        assert!(frame.text.contains("<h1>Welcome</h1>") && frame.text.contains("--brand:#5a1f3c"), "{}", frame.text);
        assert!(frame.text.contains("Galeri Internet") && !frame.text.contains(" href="), "{}", frame.text);
        assert_eq!(frame.text.contains("@media all{"), dark);
    }

    // A text that fits into no address is seen as well, by whoever typed it.
    let long = "Data Anda disimpan tujuh hari. ".repeat(250);
    let privacy =
        [("privasi-id", long.as_str()), ("privasi-en", long.as_str()), ("situs", "galeri"), ("halaman", "privasi")];
    let tried = admin.post("/rupa/dinas/semua/pratinjau", &privacy).await;
    let source = tried.between("src=\"/rupa/bingkai?", "\"").replace("&#38;", "&");
    assert!(source.len() < 1024, "{source}");
    let source = format!("/rupa/bingkai?{source}");
    let frame = admin.get(&source).await;
    assert!(frame.status == 200 && frame.text.contains("Data Anda disimpan tujuh hari."), "{}", frame.text);
    let mut other = department.browser();
    department.sign_in(&mut other, "kepala", None).await;
    assert_eq!(other.get(&source).await.status, 404);

    // Nobody could read this: told with the colours, and what was typed is there.
    let pale = [("warna-1", "#ffffff"), ("warna-5", "merah"), ("layanan-en", "Internet"), ("nama", "Galeri <A>")];
    let wrong = admin.post("/rupa/dinas/semua", &pale).await;
    let told = [
        "kontras 1,0 : 1",
        "Warna tidak dikenali",
        "Isi juga teks bahasa Indonesia",
        "value=\"merah\"",
        "Galeri &#60;A&#62;",
    ];
    for words in told {
        assert!(wrong.status == 422 && wrong.text.contains(words), "{words}: {}", wrong.text);
    }
    let kept = admin.post("/rupa/dinas/semua", &typed).await;
    assert_eq!(kept.location(), "/rupa/dinas/semua?kabar=look-saved", "{}", kept.text);
    assert_eq!(brand(&department, "seberang").await.as_deref(), Some("#5a1f3c"));
    let own = admin.post("/l/galeri/rupa", &[("warna-1", "0b4a50")]).await;
    assert_eq!(own.location(), "/l/galeri/rupa?kabar=look-saved", "{}", own.text);
    assert_eq!(brand(&department, "galeri").await.as_deref(), Some("#0b4a50"));
    let form = admin.get("/l/galeri/rupa").await.text;
    assert!(form.contains("Kosong: #5a1f3c, dari dinas.") && form.contains("value=\"#0b4a50\""), "{form}");
    assert_eq!(admin.post("/l/galeri/rupa", &[]).await.status, 303);
    assert_eq!(brand(&department, "galeri").await.as_deref(), Some("#5a1f3c"), "what is above holds again");

    // What the department says cannot spoil what a site adds, at any site.
    assert_eq!(admin.post("/l/seberang/rupa", &[("warna-3", "#f0f0f0")]).await.status, 303);
    let clash = admin
        .post("/rupa/dinas/semua", &[("warna-1", "#e0e0e0"), ("warna-3", "#101010"), ("warna-4", "#101010")])
        .await;
    assert!(
        clash.status == 422 && clash.text.contains("#f0f0f0") && clash.text.contains("(Galeri Internet)"),
        "{}",
        clash.text
    );

    // A head sees their own site's look, and no other's frame.
    let mut head = department.browser();
    department.sign_in(&mut head, "kepala", None).await;
    let shown = head.get("/l/galeri/rupa").await;
    assert!(shown.status == 200 && shown.text.contains("readonly") && !shown.text.contains("looks-save"));
    assert_eq!(head.get("/rupa/bingkai?di=dinas:semua&situs=galeri").await.status, 200);
    assert_eq!(head.get("/rupa/bingkai?di=dinas:semua&situs=seberang").await.status, 404);
    assert_eq!(head.get("/rupa/bingkai").await.status, 404);
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_made_filled_renamed_and_removed_once_empty() {
    let department = Department::open("levels").await;
    let secret = department.add("jaringan", vec![Grant { role: Role::NetworkAdmin, scope: Scope::Province }]).await;
    let mut admin = department.browser();
    department.sign_in(&mut admin, "jaringan", secret.as_deref()).await;
    let wrong = admin.post("/setelan/baru", &[("nama", "Pulau Utara")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("value=\"Pulau Utara\""), "{}", wrong.text);
    let made = admin.post("/setelan/baru", &[("nama", "pulau")]).await;
    assert_eq!(made.location(), "/setelan/kelompok/pulau?kabar=group-made", "{}", made.text);
    assert_eq!(admin.post("/setelan/baru", &[("nama", "pulau")]).await.status, 422);
    let join = [("kelompok", "pulau"), ("lokasi", "galeri")];
    assert_eq!(admin.post("/setelan/gabung", &join).await.location(), "/setelan/kelompok/pulau?kabar=group-joined");
    assert_eq!(admin.post("/rupa/kelompok/pulau", &[("warna-1", "#112233")]).await.status, 303);
    assert_eq!(brand(&department, "galeri").await.as_deref(), Some("#112233"));
    assert_eq!(brand(&department, "seberang").await, None);
    let page = admin.get("/setelan/kelompok/pulau").await.text;
    assert!(page.contains("Warna kepala") && page.contains("#112233") && !page.contains("/setelan/hapus"), "{page}");
    assert_eq!(admin.post("/setelan/hapus", &[("kelompok", "pulau")]).await.status, 409);

    assert_eq!(admin.post("/setelan/baru", &[("nama", "pesisir")]).await.status, 303);
    let taken = admin.post("/setelan/nama", &[("kelompok", "pulau"), ("nama", "pesisir")]).await;
    assert!(taken.status == 422 && taken.text.contains("sudah dipakai kelompok lain"), "{}", taken.text);
    let renamed = admin.post("/setelan/nama", &[("kelompok", "pulau"), ("nama", "kepulauan")]).await;
    assert_eq!(renamed.location(), "/setelan/kelompok/kepulauan?kabar=group-renamed", "{}", renamed.text);
    assert_eq!(brand(&department, "galeri").await.as_deref(), Some("#112233"), "its sites stay in it");
    assert_eq!(admin.get("/setelan/kelompok/pulau").await.status, 404);
    let leave = [("kelompok", "kepulauan"), ("lokasi", "galeri"), ("keluar", "1")];
    assert_eq!(admin.post("/setelan/gabung", &leave).await.location(), "/setelan/kelompok/kepulauan?kabar=group-left");
    assert_eq!(brand(&department, "galeri").await, None);
    let gone = admin.post("/setelan/hapus", &[("kelompok", "kepulauan")]).await;
    assert_eq!(gone.location(), "/setelan?kabar=group-removed", "{}", gone.text);
    let list = admin.get("/setelan").await.text;
    assert!(list.contains("/setelan/kelompok/pesisir") && !list.contains("kepulauan"), "{list}");
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_are_checked_put_in_force_by_a_press_and_their_words_stay() {
    let department = Department::open("terms").await;
    let secret = department.add("jaringan", vec![Grant { role: Role::NetworkAdmin, scope: Scope::Province }]).await;
    let mut admin = department.browser();
    department.sign_in(&mut admin, "jaringan", secret.as_deref()).await;
    assert!(admin.get("/syarat").await.text.contains("Belum ada syarat"));
    assert!(admin.get("/syarat/baru").await.text.contains("value=\"2026-1\""));
    let mut typed = vec![
        ("versi", "2026 satu"),
        ("mulai", "besok"),
        ("di", "dinas:semua"),
        ("teks-id", "Sopan.\n<b>Tertib."),
        ("teks-en", ""),
    ];
    let wrong = admin.post("/syarat/baru", &typed).await;
    for words in ["Nama versi: tulis", "value=\"besok\"", "dalam kedua bahasa", "&#60;b&#62;Tertib."] {
        assert!(wrong.status == 422 && wrong.text.contains(words), "{words}: {}", wrong.text);
    }
    (typed[0], typed[1], typed[4]) = (("versi", "2026-1"), ("mulai", "1 Okt 2026"), ("teks-en", "Be kind."));
    let checked = admin.post("/syarat/baru", &typed).await;
    assert!(checked.status == 200 && checked.text.contains("Akan berlaku di 2 lokasi."), "{}", checked.text);
    assert!(checked.text.contains("<ins>Sopan.</ins>") && department.office.terms().await.unwrap().is_empty());
    let publish = ("langkah", "terbit");
    let kept = admin.post("/syarat/baru", &[&typed[..], &[publish]].concat()).await;
    assert_eq!(kept.location(), "/syarat/versi?v=2026-1&kabar=terms-published", "{}", kept.text);
    let galeri: SiteId = "galeri".parse().unwrap();
    let in_force = async || department.office.site(&galeri).await.unwrap().unwrap().terms.unwrap().version;
    assert_eq!(in_force().await, "2026-1");

    // Its words never change; a new version is compared with it, and a site with its own keeps that.
    let again = admin.post("/syarat/baru", &typed).await;
    assert!(again.status == 422 && again.text.contains("Versi ini sudah ada"), "{}", again.text);
    let put = [("versi", "2026-1"), ("di", "lokasi:seberang")];
    assert_eq!(admin.post("/syarat/berlaku", &put).await.location(), "/syarat/versi?v=2026-1&kabar=terms-set");
    (typed[0], typed[3]) = (("versi", "2026-2"), ("teks-id", "Sopan.\nTertib."));
    let checked = admin.post("/syarat/baru", &typed).await.text;
    for words in ["Akan berlaku di 1 lokasi.", "diatur lebih dekat: Galeri Internet", "<del>&#60;b&#62;Tertib.</del>"] {
        assert!(checked.contains(words), "{words}: {checked}");
    }
    assert_eq!(admin.post("/syarat/baru", &[&typed[..], &[publish]].concat()).await.status, 303);
    assert_eq!(in_force().await, "2026-2");
    let list = admin.get("/syarat").await.text;
    assert!(list.contains("/syarat/versi?v=2026-1") && list.contains("/syarat/versi?v=2026-2"), "{list}");
    let old = admin.get("/syarat/versi?v=2026-1").await.text;
    assert!(old.contains("&#60;b&#62;Tertib.") && old.contains("Be kind.") && old.contains("/syarat/cabut"), "{old}");
    let withdrawn = admin.post("/syarat/cabut", &put).await;
    assert_eq!(withdrawn.location(), "/syarat/versi?v=2026-1&kabar=terms-withdrawn", "{}", withdrawn.text);
    let seberang = department.office.site(&"seberang".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(seberang.terms.unwrap().version, "2026-2");

    // One tap needs terms: they stay where they are all that holds.
    let mut own: SettingsDocument = department.office.site_settings(&galeri).await.unwrap().own;
    own.ways = Some(gapura_wire::WaysIn { one_tap: true, ..Default::default() });
    own.one_tap_plan = Some("umum".parse().unwrap());
    department.office.set_own(&galeri, &own, &root()).await.unwrap();
    let refused = admin.post("/syarat/cabut", &[("versi", "2026-2"), ("di", "dinas:semua")]).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    department.close().await;
}
