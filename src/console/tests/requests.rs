//! Requests as the pages let staff live them: seen, taken, answered, forwarded, and what each role may not do.

use gapura_controller::{Grant, RequestOrder, RequestsAsked, Role};
use gapura_wire::HelpTopic;

use super::office::{Department, root};

fn grant(role: Role, scope: &str) -> Grant {
    Grant { role, scope: scope.parse().unwrap() }
}

/// A request that somebody at the counter made; its number.
async fn ask(department: &Department, site: &str, words: &str) -> String {
    let order = RequestOrder {
        site: site.parse().unwrap(),
        by_telephone: true,
        topic: HelpTopic::Complaint,
        words: words.to_owned(),
        contact: "0812-0000-0000".to_owned(),
        visit: String::new(),
        about: String::new(),
        form: None,
    };
    let (row, _) = department.office.add_request(&order, &root()).await.unwrap();
    row.reference.parse::<gapura_model::Reference>().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sees_several_sites_looks_at_one_of_them() {
    let department = Department::open("requests-sites").await;
    let secret = department.add("ani", vec![grant(Role::Helpdesk, "site:galeri")]).await;
    let mut ani = department.browser();
    department.sign_in(&mut ani, "ani", secret.as_deref()).await;
    let number = ask(&department, "galeri", "Toilet rusak.").await;
    let list = ani.get("/permintaan").await.text;
    assert!(!list.contains("name=\"lokasi\""), "{list}");
    let other = ask(&department, "seberang", "Kursi patah.").await;
    let secret = department.add("eka", vec![grant(Role::Auditor, "province")]).await;
    let mut eka = department.browser();
    department.sign_in(&mut eka, "eka", secret.as_deref()).await;
    let both = eka.get("/permintaan").await.text;
    assert!(both.contains("name=\"lokasi\"") && both.contains(&number) && both.contains(&other), "{both}");
    let there = eka.get("/permintaan?lokasi=seberang").await.text;
    assert!(
        there.contains(&other) && !there.contains(&number) && there.contains("?bagian=selesai&#38;lokasi=seberang"),
        "{there}"
    );
    assert!(!ani.get("/permintaan?lokasi=seberang").await.text.contains(&other), "another's site");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_goes_from_the_helpdesk_to_an_agency_and_back() {
    let department = Department::open("requests").await;
    let secret = department.add("ani", vec![grant(Role::Helpdesk, "site:galeri")]).await;
    let mut ani = department.browser();
    department.sign_in(&mut ani, "ani", secret.as_deref()).await;
    let number = ask(&department, "galeri", "Toilet <b>rusak</b>.").await;
    let list = ani.get("/permintaan").await;
    assert!(list.status == 200 && list.text.contains(&number), "{}", list.text);
    assert!(list.text.contains("Toilet &#60;b&#62;rusak") && !list.text.contains("0812"), "{}", list.text);
    // The menu says what the list says.
    assert!(list.text.contains("<b>1<span class=\"vh\"> menunggu</span></b>") && list.text.contains("Menunggu 1"));
    assert!(ani.get("/permintaan?cari=tidak-ada").await.text.contains("Tidak ada yang cocok"));

    let base = format!("/l/galeri/permintaan/{number}");
    let shown = ani.get(&base).await;
    assert!(shown.status == 200 && !shown.text.contains("0812"), "{}", shown.text);
    let contact = ani.post(&format!("{base}/kontak"), &[]).await;
    assert!(contact.status == 200 && contact.text.contains("0812-0000-0000"), "{}", contact.text);
    let taken = ani.post(&format!("{base}/ambil"), &[]).await;
    assert_eq!((taken.status, taken.location()), (303, format!("{base}?kabar=requests-taken").as_str()));
    assert!(ani.get(taken.location()).await.text.contains("Permintaan ini Anda tangani."));
    assert!(ani.get("/permintaan?bagian=saya").await.text.contains(&number));
    let empty = ani.post(&format!("{base}/jawab"), &[("isi", " ")]).await;
    assert!(
        empty.status == 422 && empty.text.contains("Isinya kosong; tulis apa yang ingin disampaikan."),
        "{}",
        empty.text
    );
    let unfit = ani.post(&format!("{base}/teruskan"), &[("instansi", "a|b"), ("isi", "Mohon bantuan.")]).await;
    assert!(
        unfit.status == 422 && unfit.text.contains("Mohon bantuan.") && unfit.text.contains("value=\"a|b\""),
        "what was typed stays: {}",
        unfit.text
    );
    let sent = ani.post(&format!("{base}/teruskan"), &[("instansi", "Dinas PU"), ("isi", "Mohon bantuan.")]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);

    // The agency's desk sees it, without the contact; another agency's does not, and neither does the officer elsewhere.
    let secret = department.add("budi", vec![grant(Role::AgencyOfficer, "agency:Dinas PU")]).await;
    let mut budi = department.browser();
    department.sign_in(&mut budi, "budi", secret.as_deref()).await;
    assert_eq!(budi.get("/instansi").await.location(), "/instansi/Dinas%20PU/permintaan");
    let desk = budi.get("/instansi/Dinas%20PU/permintaan").await;
    assert!(desk.status == 200 && desk.text.contains(&number), "{}", desk.text);
    for nowhere in ["/permintaan", base.as_str(), "/instansi/Dinas%20Lain/permintaan"] {
        assert_eq!(budi.get(nowhere).await.status, 403, "{nowhere}");
    }
    let at_desk = format!("/instansi/Dinas%20PU/permintaan/{number}");
    let one = budi.get(&at_desk).await;
    assert!(one.status == 200 && one.text.contains("Mohon bantuan.") && !one.text.contains("/kontak"), "{}", one.text);
    let other = ask(&department, "galeri", "Lain.").await;
    assert_eq!(budi.get(&format!("/instansi/Dinas%20PU/permintaan/{other}")).await.status, 404);
    let answered = budi.post(&format!("{at_desk}/jawab"), &[("isi", "Sudah\r\ndiperbaiki.")]).await;
    assert_eq!(answered.location(), format!("{at_desk}?kabar=requests-answered"));
    let history = ani.get(&base).await.text;
    assert!(history.contains("Terlihat pengunjung") && history.contains("budi, Dinas PU"), "{history}");
    let closed = ani.post(&format!("{base}/tutup"), &[]).await;
    assert_eq!(closed.status, 303, "{}", closed.text);
    let late = ani.post(&format!("{base}/jawab"), &[("isi", "Terlambat sedikit.")]).await;
    assert!(late.status == 422 && late.text.contains("readonly>\nTerlambat sedikit."), "{}", late.text);
    assert!(ani.get("/permintaan?bagian=selesai").await.text.contains(&number));
    let log = department
        .office
        .requests(&gapura_controller::Reach::ALL, &RequestsAsked { limit: 10, ..RequestsAsked::default() })
        .await;
    assert_eq!(log.unwrap().total, 1, "only the other one waits");
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn staff_write_down_requests_and_questions_where_they_may() {
    let department = Department::open("requests-write").await;
    let secret = department.add("ani", vec![grant(Role::Helpdesk, "site:galeri")]).await;
    let mut ani = department.browser();
    department.sign_in(&mut ani, "ani", secret.as_deref()).await;
    let form = ani.get("/permintaan/baru").await;
    assert!(form.text.contains("value=\"galeri\"") && !form.text.contains("value=\"seberang\""), "{}", form.text);
    let wrong = ani.post("/permintaan/simpan", &[("lokasi", "seberang"), ("isi", ""), ("kontak", "0812")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("Pilih lokasi layanan.") && wrong.text.contains("0812"));
    let (_, key) = form.text.split_once("name=\"kunci\" value=\"").unwrap();
    let key = &key[..32];
    let fields =
        [("lokasi", "galeri"), ("asal", "loket"), ("topik", "more-time"), ("isi", "Tugas kuliah."), ("kunci", key)];
    let made = ani.post("/permintaan/simpan", &fields).await;
    let twice = ani.post("/permintaan/simpan", &fields).await;
    assert_eq!(twice.location(), made.location(), "pressed twice, written once");
    assert!(made.location().starts_with("/l/galeri/permintaan/"), "{} {}", made.status, made.text);
    assert!(ani.get(made.location()).await.text.contains("Permintaan tersimpan."));

    // One place to write questions: straight there. Moving keeps nothing, saving does.
    assert_eq!(ani.get("/tanya-jawab").await.location(), "/l/galeri/tanya-jawab");
    assert_eq!(ani.get("/tanya-jawab/dinas").await.status, 403);
    let row = |question: &'static str, answer: &'static str| [("t", question), ("j", answer), ("ten", ""), ("jen", "")];
    let two = [row("Di mana mencetak?", "Di loket."), row("Parkir?", "Di belakang.")].concat();
    let moved = ani.post("/l/galeri/tanya-jawab", &[&two[..], &[("aksi", "naik-1")]].concat()).await;
    let place = |text: &str| moved.text.find(text).unwrap();
    assert!(moved.status == 200 && place("Parkir?") < place("Di mana mencetak?"), "{}", moved.text);
    let site = "galeri".parse().unwrap();
    assert!(department.office.faq(Some(&site)).await.unwrap().is_empty(), "not kept yet");
    let half = ani.post("/l/galeri/tanya-jawab", &[&row("Kapan?", "")[..], &[("aksi", "simpan")]].concat()).await;
    assert!(half.status == 422 && half.text.contains("Tulis pertanyaan dan jawabannya."), "{}", half.text);
    let saved = ani.post("/l/galeri/tanya-jawab", &[&two[..], &[("aksi", "simpan")]].concat()).await;
    assert_eq!(saved.location(), "/l/galeri/tanya-jawab?kabar=requests-faq-saved");
    assert_eq!(department.office.faq(Some(&site)).await.unwrap().len(), 2);
    // Taking data out is not the helpdesk's.
    assert_eq!(ani.get("/ekspor-permintaan").await.status, 403);
    department.close().await;
}
