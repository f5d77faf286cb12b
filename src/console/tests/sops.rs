//! A SOP through its pages: written with a mistake, mended, changed by form, given back, approved, published, ended by two.

use gapura_controller::{Grant, Role, Scope};
use http::Method;

use super::browser::{Answer, Browser};
use super::office::Department;
use crate::form::{TOKEN, token_of};

const SOUND: &str = r#"# Ditandatangani Kepala Dinas.
number = "SOP/73.07/KOMINFO/01"
title = "SOP Filter Konten Sinjai"
layer = "regency"
revision = 1 # naik setiap perubahan
owner = "Diskominfo Sinjai"
legal-basis = ["Keputusan Bupati Sinjai Nomor 1 Tahun 2026"]
effective-from = 2026-01-01
review-by = 2027-12-01

[[clause]]
number = 1
words = "Situs judi daring diblokir."
citizen = { id = "Situs judi daring diblokir.", en = "Online gambling is blocked." }
action = "block"
names = ["judi.example.com"]
mandatory = true
"#;

async fn person(department: &Department, name: &str, role: Role) -> Browser {
    let secret = department.add(name, vec![Grant { role, scope: Scope::Province }]).await;
    let mut browser = department.browser();
    department.sign_in(&mut browser, name, secret.as_deref()).await;
    browser
}

/// What a hidden field of a page holds.
fn field(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("type=\"hidden\" name=\"{name}\" value=\"")).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

fn went(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.location()
}

/// Sends a paper as a browser does.
async fn attach(browser: &mut Browser, path: &str, file: &str) -> Answer {
    let token = token_of(browser.cookie.as_deref().unwrap());
    let body = format!(
        "--batas\r\nContent-Disposition: form-data; name=\"{TOKEN}\"\r\n\r\n{token}\r\n--batas\r\nContent-Disposition: \
         form-data; name=\"berkas\"; filename=\"sk.pdf\"\r\nContent-Type: application/pdf\r\n\r\n{file}\r\n--batas--\r\n"
    );
    let kind = [("content-type", "multipart/form-data; boundary=batas"), ("sec-fetch-site", "same-origin")];
    browser.send_as(Method::POST, path, body, &kind).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sop_is_written_mended_approved_by_another_and_published() {
    let department = Department::open("sops").await;
    let mut editor = person(&department, "penyusun", Role::SopEditor).await;
    assert_eq!(editor.get("/").await.location(), "/sop", "the desk is where an editor begins");
    assert!(editor.get("/sop").await.text.contains("Belum ada SOP"));
    let blank = editor.get("/sop/baru?dari=kosong").await;
    assert!(blank.text.contains("Belum diisi: SOP/____") && blank.text.contains("effective-from = 2026-11-21"));
    let choices = editor.get("/sop/baru").await.text;
    assert!(choices.contains("paket:kabupaten.toml") && choices.contains("Belum ada SOP yang berlaku"), "{choices}");
    assert_eq!(editor.get("/sop/baru?dari=paket:../rahasia").await.status, 404);

    // Both mistakes at once, each beside its line; what was typed is still there, and nothing was kept.
    let wrong = SOUND.replace("\"block\"", "\"blok\"").replace("judi.example.com", "judi example.com");
    let refused = editor.post("/sop/simpan", &[("id", ""), ("teks", &wrong), ("apa", "simpan")]).await;
    for words in ["Baris 15, kolom 10", "“blok” bukan tindakan", "Mungkin maksud Anda “block”", "Baris 16, kolom 10"]
    {
        assert!(refused.status == 422 && refused.text.contains(words), "{words}: {}", refused.text);
    }
    assert!(refused.text.contains("Draf belum disimpan") && refused.text.contains("judi example.com&#34;]"));
    let only = editor.post("/sop/simpan", &[("id", ""), ("teks", SOUND), ("apa", "periksa")]).await;
    assert!(only.status == 200 && only.text.contains("Tidak ada kesalahan"), "{}", only.text);
    assert!(department.office.sops().await.unwrap().is_empty());
    let large = format!("{SOUND}# {}\n", "x".repeat(256 * 1024));
    let large = editor.post("/sop/simpan", &[("id", ""), ("teks", &large), ("apa", "simpan")]).await;
    assert!(large.status == 422 && large.text.contains("lebih dari") && large.text.contains("SOP/73.07/KOMINFO/01"));
    let kept = editor.post("/sop/simpan", &[("id", ""), ("teks", SOUND), ("apa", "simpan")]).await;
    assert_eq!(went(&kept), "/sop/1?kabar=sop-saved");

    // The form changes its lines and no others.
    let form = editor.get("/sop/1/formulir").await.text;
    assert!(form.contains("value=\"1 Des 2027\"") && form.contains("Situs judi daring diblokir."), "{form}");
    let mut fields = vec![
        ("judul", "SOP Filter Konten Sinjai"),
        ("mulai", "1 Jan 2026"),
        ("tinjau", "besok"),
        ("jam.1", "Senin–Jumat 07.00–13.00"),
        ("baru.klausul", "1"),
        ("baru.nama", "catur.judi.example.com"),
        ("baru.alasan", "Lomba catur"),
        ("baru.sampai", "30 Jun 2027"),
    ];
    let bad = editor.post("/sop/1/formulir", &fields).await;
    assert!(bad.status == 422 && bad.text.contains("value=\"besok\""), "{}", bad.text);
    assert!(
        bad.text.contains("Ditinjau paling lambat: Tanggal tidak dikenali")
            && bad.text.contains("catur.judi.example.com")
    );
    fields[2].1 = "31 Des 2027";
    assert_eq!(went(&editor.post("/sop/1/formulir", &fields).await), "/sop/2/formulir?kabar=sop-saved");
    let text = department.office.sop(2).await.unwrap().document;
    assert!(text.contains("revision = 1 # naik setiap perubahan") && text.contains("review-by = 2027-12-31"), "{text}");
    assert!(text.contains("spans = [\"07.00-13.00\"]") && text.contains("until = 2027-06-30"), "{text}");
    let late = editor.post("/sop/1/formulir", &fields).await;
    assert!(late.status == 422 && late.text.contains("sudah disimpan orang lain"), "{}", late.text);

    // A second person: gives it back, then approves it with its decree.
    assert_eq!(editor.post("/sop/2/setujui", &[]).await.status, 403);
    let mut first = person(&department, "setuju-satu", Role::SopApprover).await;
    let page = first.get("/sop/2").await.text;
    assert!(page.contains("Setujui SOP") && page.contains("Lomba catur") && page.contains("<b>1<span"), "{page}");
    let silent = first.post("/sop/2/kembalikan", &[("isi", " ")]).await;
    assert!(silent.status == 422 && silent.text.contains("ulis apa yang perlu diperbaiki"), "{}", silent.text);
    let back = first.post("/sop/2/kembalikan", &[("isi", "Lampirkan SK")]).await;
    assert_eq!(went(&back), "/sop/2?kabar=sop-returned");
    assert!(editor.get("/sop/2").await.text.contains("“Lampirkan SK”"));
    let none = attach(&mut editor, "/sop/2/keputusan", "<html>").await;
    assert!(none.status == 422 && none.text.contains("PDF"), "{}", none.text);
    let pdf = "%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n";
    assert_eq!(went(&attach(&mut editor, "/sop/2/keputusan", pdf).await), "/sop/2?kabar=sop-decree");
    let paper = first.get("/sop/2/keputusan").await;
    assert_eq!((paper.text.as_str(), paper.headers["content-type"].to_str().unwrap()), (pdf, "application/pdf"));
    // The page that was read before says nothing of this decree.
    let unread = first.post("/sop/2/setujui", &[("isi", "Sesuai rapat"), ("sk", &field(&page, "sk"))]).await;
    assert!(unread.status == 422 && unread.text.contains("keputusan SOP 2 diganti"), "{}", unread.text);
    let read = field(&first.get("/sop/2").await.text, "sk");
    let approved = first.post("/sop/2/setujui", &[("isi", "Sesuai rapat"), ("sk", &read)]).await;
    assert_eq!(went(&approved), "/sop/2?kabar=sop-approved");
    let published = first.post("/sop/2/terbitkan", &[]).await;
    assert_eq!(went(&published), "/sop/2?kabar=sop-published");
    let site = "galeri".parse().unwrap();
    let bundle = department.office.last_bundle(&site).await.unwrap().unwrap();
    assert!(bundle.to_json().unwrap().len() > 100);
    let page = first.get("/sop/2").await.text;
    assert!(page.contains("class=\"tag good\">Berlaku<") && page.contains("“Sesuai rapat”"), "{page}");
    let printed = editor.get("/sop/2/cetak").await.text;
    assert!(printed.contains("SOP/73.07/KOMINFO/01") && printed.contains("setuju-satu"), "{printed}");
    assert!(editor.get("/sop/baru?dari=revisi:2").await.text.contains("revision = 2 # naik"));

    // It binds others: a second person agrees on their own page.
    let asked = first.post("/sop/2/akhiri", &[("isi", "Diganti")]).await;
    assert_eq!(went(&asked), "/sop/2?kabar=sop-end-asked");
    assert!(!first.get("/sop/2").await.text.contains("/akhiri-setuju"));
    let alone = first.post("/sop/2/akhiri-setuju", &[]).await;
    assert!(alone.status == 422 && alone.text.contains("orang lain yang harus"), "{}", alone.text);
    let mut second = person(&department, "setuju-dua", Role::SopApprover).await;
    assert!(second.get("/sop").await.text.contains("Diminta diakhiri"));
    let page = second.get("/sop/2").await.text;
    assert!(page.contains("“Diganti”"));
    let blind = second.post("/sop/2/akhiri-setuju", &[]).await;
    assert!(blind.status == 422 && blind.text.contains("setelah halaman ini dibuka"), "{}", blind.text);
    let asked = field(&page, "diminta");
    assert_eq!(went(&second.post("/sop/2/akhiri-setuju", &[("diminta", &asked)]).await), "/sop/2?kabar=sop-ended");
    assert!(second.get("/sop/2").await.text.contains("Tidak berlaku lagi"));
    assert!(second.get("/sop?status=berakhir").await.text.contains("SOP Filter Konten Sinjai"));
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_is_begun_and_a_draft_is_thrown_away_with_a_reason() {
    let department = Department::open("sop-trial").await;
    let mut editor = person(&department, "penyusun", Role::SopEditor).await;
    editor.post("/sop/simpan", &[("id", ""), ("teks", SOUND), ("apa", "simpan")]).await;
    let none = editor.get("/sop/1/dampak").await.text;
    assert!(none.contains("Belum dicoba") && none.contains("0 gerbang di 2 lokasi"), "{none}");
    let long = editor.post("/sop/1/coba", &[("hari", "90")]).await;
    assert!(long.status == 422 && long.text.contains("1 sampai 30 hari"), "{}", long.text);
    let begun = editor.post("/sop/1/coba", &[("hari", "3")]).await;
    assert_eq!(went(&begun), "/sop/1/dampak?kabar=sop-trial");
    let page = editor.get("/sop/1/dampak").await.text;
    assert!(page.contains("Belum ada gerbang yang melapor") && page.contains("0 dari 0 gerbang"), "{page}");
    let silent = editor.post("/sop/1/buang", &[]).await;
    assert_eq!(silent.status, 422, "{}", silent.text);
    assert_eq!(went(&editor.post("/sop/1/buang", &[("isi", "keliru")]).await), "/sop/1?kabar=sop-discarded");
    assert!(editor.get("/sop/1").await.text.contains("“keliru”"));
    assert_eq!(editor.get("/sop/1/teks").await.location(), "/sop/1", "it is no draft any more");
    for nowhere in ["/sop/9", "/sop/x", "/sop/9/cetak", "/sop/1/keputusan"] {
        assert_eq!(editor.get(nowhere).await.status, 404, "{nowhere}");
    }
    department.close().await;
}
