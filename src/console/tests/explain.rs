//! Checking a site as a clerk does: what is asked stands in the address, and nowhere else.

use gapura_controller::{Grant, Role, SopFile};

use super::office::{Department, root};

const SOP: &str = r#"
number = "SOP/1"
title = "SOP Filter Konten"
layer = "regency"
revision = 1
owner = "Kominfo"
legal-basis = ["Keputusan Bupati Nomor 1"]
effective-from = 2026-01-01
review-by = 2027-12-01

[[clause]]
number = "7.1"
words = "Judi <b>diblokir</b>."
citizen = { id = "Judi diblokir.", en = "Gambling is blocked." }
action = "block"
names = ["judi.example"]
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clerk_checks_a_site_and_hands_the_link_on() {
    let department = Department::open("explain").await;
    let clerk = Grant { role: Role::Clerk, scope: "site:galeri".parse().unwrap() };
    department.add("siti", vec![clerk]).await;
    let mut siti = department.browser();
    department.sign_in(&mut siti, "siti", None).await;
    let empty = siti.get("/periksa").await;
    assert!(empty.status == 200 && empty.text.contains("Belum ada yang diperiksa"), "{}", empty.text);
    assert!(empty.text.contains("href=\"/periksa\"") && !empty.text.contains("Lokasi seberang"));
    assert!(!empty.text.contains("value=\"seberang\""), "only her own place: {}", empty.text);

    // All mistakes at once, and nothing typed is lost.
    let wrong = siti.get("/periksa?situs=ju+di&lokasi=seberang&kelompok=A+B&hari=besok&jam=25").await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    for field in ["situs", "lokasi", "kelompok", "hari", "jam"] {
        assert!(wrong.text.contains(&format!("<li><a href=\"#{field}\">")), "{field}: {}", wrong.text);
    }
    assert!(wrong.text.contains("value=\"ju di\"") && wrong.text.contains("value=\"besok\""), "{}", wrong.text);

    let far = siti.get("/periksa?situs=judi.example&lokasi=galeri&paket=umum&hari=31-12-9999&jam=23.59").await;
    assert!(far.status == 422 && far.text.contains("<li><a href=\"#hari\">"), "{}", far.text);

    // Now becomes a moment in the address: the link says the same tomorrow.
    let now = siti.get("/periksa?situs=https%3A%2F%2Fwww.judi.example%2Fx&lokasi=galeri&paket=umum&hari=&jam=").await;
    let link = "/periksa?situs=www.judi.example&lokasi=galeri&paket=umum&kelompok=umum\
                &hari=2026-11-21&jam=16.00";
    assert_eq!((now.status, now.location()), (303, link));
    let open = siti.get(link).await.text;
    assert!(open.contains("<b>Terbuka</b>") && open.contains("belum ada SOP yang berlaku"), "{open}");

    let file = SopFile { file: "sop.toml".to_owned(), text: SOP.to_owned() };
    let by = |name: &str| gapura_controller::Actor { name: name.to_owned(), ..root() };
    let draft = department.office.import_sops(&[file], &by("ani")).await.unwrap().sops[0].id;
    assert!(!siti.get(link).await.text.contains("name=\"draf\""), "drafts are not a clerk's");
    department.office.approve_sop(draft, None, &by("budi")).await.unwrap();
    department.office.publish_sop(draft, &by("budi")).await.unwrap();
    let blocked = siti.get(link).await.text;
    assert!(blocked.contains("<b>Diblokir</b>") && blocked.contains("Klausul 7.1 (SOP/1)"), "{blocked}");
    assert!(blocked.contains("Keputusan Bupati Nomor 1") && blocked.contains("NXDOMAIN"), "{blocked}");
    assert!(blocked.contains("Judi &#60;b&#62;diblokir&#60;/b&#62;."), "{blocked}");
    assert!(blocked.contains("Indeks daftar belum disusun"), "{blocked}");
    let request = "/permintaan/baru?lokasi=galeri&#38;topik=blocked&#38;situs=www.judi.example&#38;isi=";
    assert!(blocked.contains(request), "{blocked}");
    assert!(!department.log().await.contains("judi.example"), "nothing of it is kept");
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_compares_with_a_draft() {
    let department = Department::open("explain-draft").await;
    let editor = Grant { role: Role::SopEditor, scope: "province".parse().unwrap() };
    department.add("ani", vec![editor]).await;
    let mut ani = department.browser();
    department.sign_in(&mut ani, "ani", None).await;
    let text = SOP.replace("2026-01-01", "2026-11-25");
    let file = SopFile { file: "sop.toml".to_owned(), text };
    let draft = department.office.import_sops(&[file], &root()).await.unwrap().sops[0].id;
    let path = "/periksa?situs=judi.example&lokasi=galeri&paket=&kelompok=umum&hari=Sabtu,+21+Nov+2026&jam=16.00&draf=";
    let page = ani.get(&format!("{path}{draft}")).await.text;
    assert!(page.contains("<b>Terbuka</b>") && page.contains("<b>Diblokir</b>"), "{page}");
    assert!(page.contains("dinilai untuk 28 November 2026"), "{page}");
    let gone = ani.get(&format!("{path}99")).await;
    assert!(gone.status == 422 && gone.text.contains("Draf ini tidak ada lagi."), "{}", gone.text);
    department.close().await;
}
