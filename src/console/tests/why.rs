//! What a use-case refuses is told in the reader's language, on pages of refusals and beside forms.

use gapura_controller::{Grant, Role, Scope};

use super::browser::Browser;
use super::office::{Department, root};

/// The page of an address in both languages, and back to Bahasa Indonesia.
async fn both(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> [(u16, String); 2] {
    let indonesian = browser.post(path, fields).await;
    assert_eq!(browser.post("/bahasa", &[("bahasa", "en"), ("ke", "/")]).await.status, 303);
    let english = browser.post(path, fields).await;
    assert_eq!(browser.post("/bahasa", &[("bahasa", "id"), ("ke", "/")]).await.status, 303);
    [indonesian, english].map(|answer| (answer.status, answer.text))
}

fn told(answers: &[(u16, String); 2], status: u16, words: [&str; 2]) {
    for ((answer, own), other) in answers.iter().zip(words).zip([words[1], words[0]]) {
        assert_eq!(answer.0, status, "{}", answer.1);
        assert!(answer.1.contains(own) && !answer.1.contains(other), "{own}: {}", answer.1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_told_in_the_language_of_the_page() {
    let department = Department::open("why").await;
    let grants = [Role::NetworkAdmin, Role::Helpdesk].map(|role| Grant { role, scope: Scope::Province });
    let secret = department.add("jaringan", grants.to_vec()).await;
    let mut admin = department.browser();
    department.sign_in(&mut admin, "jaringan", secret.as_deref()).await;
    let site = "galeri".parse().unwrap();
    let mut document = department.office.site(&site).await.unwrap().unwrap();
    document.staff_plan = Some("umum".parse().unwrap());
    department.office.set_site(&site, &document, &root()).await.unwrap();

    let used = both(&mut admin, "/paket/hapus", &[("id", "umum")]).await;
    let words = [
        "Paket umum masih dipakai di lokasi Galeri Internet; beri lokasi itu paket lain dahulu.",
        "Plan umum is used at Galeri Internet: give those sites another first.",
    ];
    told(&used, 409, words);

    // It is Saturday: only Mondays are open.
    let class = [("nama", "SD 2"), ("ponsel", "4"), ("paket", "umum"), ("lama", "90")];
    let closed = both(&mut admin, "/l/galeri/kelas", &class).await;
    let words = [
        "Lokasi sedang tutup; kelas dapat dibuka pada jam layanan.",
        "The site is closed now: a class cannot be opened.",
    ];
    told(&closed, 422, words);

    // A slip in the grid is the form's to tell, a calendar that is not there the use-case's.
    let week = [("pola", "pekan"), ("lama-mon", "08.00–22.00"), ("jam-mon", "pagi")];
    let slip = both(&mut admin, "/l/galeri/jam", &week).await;
    told(&slip, 422, ["Senin: Jam tidak dikenali.", "Monday: These are no hours."]);
    let holidays = [("libur", "sendiri"), ("kalender", "lain"), ("jam-libur", "08.00-12.00")];
    let missing = both(&mut admin, "/l/galeri/jam/libur", &holidays).await;
    let words = ["Hari libur: tidak ada kalender &#34;lain&#34;.", "Holidays: there is no calendar &#34;lain&#34;."];
    told(&missing, 422, words);

    // Beside a form of requests.
    let nameless = [("lokasi", "galeri"), ("topik", "other"), ("isi", "Halo"), ("sesi", "12")];
    let request = both(&mut admin, "/permintaan/simpan", &nameless).await;
    told(&request, 422, ["Nomor sesi tidak dikenali; tulis seperti", "The visit&#39;s number is not one: write it"]);
    department.close().await;
}
