//! What a clerk does, on a running controller: from the tile to the paper.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::response::{IntoResponse, Response};
use gapura_controller::preset::{Preset, PresetPlace, UseBefore};
use gapura_controller::{Actor, Console, Grant, Role, Scope, SiteDocument, SitePlace, load_config};
use gapura_runtime::{Clock, ManualClock, Tasks};
use gapura_speech::Lang;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{COOKIE, Paper, Papers, all, batches, paper, presets, quick};
use crate::answer::Answer;
use crate::form::{Fields, Posted};
use crate::here::{App, Here, Site};
use crate::session::Person;

const SITE: &str = r#"
name = "Galeri Sinjai Utara"
kind = "gallery"
agency = "Diskominfo Sinjai"
regency = "sinjai"
contact = "Loket 1"
wifi = "Galeri-Sinjai"
hours = { zone = "Asia/Makassar", weekly = { sat = ["08.00-22.00"] } }
ways = { voucher = true }
"#;

const PLANS: &str = r#"
[[plan]]
id = "pelajar"
name = "Pelajar"
day = { bytes = { total = 2_000_000_000 } }
"#;

const CONSOLE: &str = "listen = \"127.0.0.1:0\"\npublic_name = \"konsol.example\"\n";

/// A controller with one site, one plan and one preset, on a Saturday at 16.00 WITA.
struct Counter {
    here: Here,
    tasks: Tasks,
    _directory: Gone,
}

struct Gone(std::path::PathBuf);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Counter {
    async fn open(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("gapura-console-{}-{name}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let gone = Gone(directory.clone());
        let file = directory.join("controller.toml");
        let dir = directory.display();
        let text = format!(
            "[controller]\nlisten = \"127.0.0.1:0\"\npublic_name = \"c.example\"\ndata_dir = \"{dir}/keys\"\ndatabase = \"sqlite:{dir}/c.db\"\n"
        );
        std::fs::write(&file, text).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap()));
        let tasks = Tasks::new();
        let office = gapura_controller::serve(&load_config(&file).unwrap(), clock, &tasks).await.unwrap().office;
        let admin = Actor { name: "admin".to_owned(), reason: String::new() };
        office.set_plans(&toml::from_str(PLANS).unwrap(), &admin).await.unwrap();
        let document: SiteDocument = toml::from_str(SITE).unwrap();
        let id: gapura_model::SiteId = "galeri".parse().unwrap();
        office.set_site(&id, &document, &admin).await.unwrap();
        let preset = Preset {
            name: gapura_wire::Text { id: "Pelajar".to_owned(), en: String::new() },
            plan: "pelajar".parse().unwrap(),
            use_minutes: Some(180),
            use_before: UseBefore::Today,
            devices: Some(1),
            colour: 2,
            order: 1,
            place: PresetPlace::Everywhere,
        };
        office.set_preset(None, &preset, &admin).await.unwrap();
        let settings: Console = toml::from_str(CONSOLE).unwrap();
        let now = office.now();
        let app = App {
            office,
            settings: Arc::new(settings),
            menu: Arc::default(),
            wall: crate::wall::feed::Feed::new(&gapura_runtime::Tasks::new()),
        };
        let grant = |role| Grant { role, scope: Scope::Province };
        let grants = vec![grant(Role::Helpdesk)];
        let person = Person::sample("petugas.utara", "Petugas loket", grants, now, &"t".repeat(64));
        let place = SitePlace { site: id, agency: document.agency.clone(), regency: document.regency.clone() };
        let site = Site { place, document: Arc::new(document) };
        let here = Here {
            app,
            person: Some(person),
            site: Some(site),
            agency: None,
            lang: Lang::Id,
            now,
            path: "/l/galeri/voucer".to_owned(),
            back: "/".to_owned(),
            by_itself: false,
            news: None,
            waiting: std::collections::BTreeMap::new(),
        };
        Self { here, tasks, _directory: gone }
    }

    /// The circumstances of a request for this address.
    fn at(&self, path: &str) -> Here {
        Here { path: path.to_owned(), ..self.here.clone() }
    }

    async fn page(&self) -> String {
        text(quick::quick(self.at("/l/galeri/voucer"), HeaderMap::new()).await).await.1
    }

    async fn close(self) {
        let left = self.tasks.shutdown(std::time::Duration::from_secs(10), std::future::pending()).await;
        assert_eq!(left, gapura_runtime::Left::default());
    }
}

async fn text(answer: Answer) -> (StatusCode, String) {
    let response = answer.unwrap_or_else(IntoResponse::into_response);
    let status = response.status();
    let body = to_bytes(response.into_body(), 4 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap().replace('\u{a0}', " "))
}

fn leads(response: &Response) -> &str {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()[header::LOCATION].to_str().unwrap()
}

/// The value of the first hidden field of this name behind `mark`.
fn hidden(page: &str, mark: &str, name: &str) -> String {
    let behind = page.split_once(mark).unwrap_or_else(|| panic!("no {mark} in {page}")).1;
    behind.split_once(&format!("name=\"{name}\" value=\"")).unwrap().1.split('"').next().unwrap().to_owned()
}

fn form(text: &str) -> Posted {
    Posted(Fields::read(text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_tap_makes_one_voucher_and_opens_its_receipt() {
    let counter = Counter::open("tap").await;
    let page = counter.page().await;
    assert!(page.contains("Pakai sebelum hari ini 22.00") && page.contains("Waktu pakai 3 jam"), "{page}");
    let key = hidden(&page, "class=\"tiles\"", "kunci");
    let tap = format!("kunci={key}&pilihan=pelajar&bentuk=58");
    let first = quick::make(counter.here.clone(), HeaderMap::new(), form(&tap)).await.unwrap();
    let place = leads(&first).to_owned();
    assert!(place.starts_with("/l/galeri/voucer/kertas?kelompok=20261121-") && !place.contains("lagi"), "{place}");
    // A double tap, and a reload: the same voucher, which is said.
    let second = quick::make(counter.here.clone(), HeaderMap::new(), form(&tap)).await.unwrap();
    assert_eq!(leads(&second), format!("{place}&lagi=1"));
    let (status, receipt) = text(paper::paper(counter.at(&place), HeaderMap::new()).await).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((receipt.matches("class=\"struk\"").count(), receipt.matches("class=\"kode\"").count()), (1, 1));
    assert!(
        receipt.contains("Galeri-Sinjai") && receipt.contains("21 Nov 2026, 22.00") && receipt.contains("2 GB sehari")
    );
    // No gateway has said where its portal is: no QR code that leads nowhere.
    assert!(!receipt.contains("class=\"qr\"") && receipt.contains("lalu ketik kodenya"));
    assert!(!receipt.contains("Formulir yang sama"));
    let (_, again) = text(paper::paper(counter.at(&format!("{place}&lagi=1")), HeaderMap::new()).await).await;
    assert!(again.contains("Formulir yang sama sudah dikirim"));
    // Codes stand on paper alone: the counter shows how each begins.
    let code = receipt.split_once("class=\"kode\">").unwrap().1.split('<').next().unwrap().to_owned();
    let page = counter.page().await;
    assert!(page.contains(&code[..5]) && !page.contains(&code) && !page.contains(&code.replace(' ', "")), "{page}");
    let found =
        async |words: &str| text(all::all(counter.at(&format!("/l/galeri/voucer/semua?cari={words}"))).await).await.1;
    assert!(found(&code.to_lowercase().replace(' ', "-")).await.contains("belum dipakai"));
    assert!(found("lain").await.contains("Tidak ada voucer yang cocok"));
    // The paper chosen is remembered by the browser.
    let batch = place.split('&').next().unwrap();
    let chosen = paper::paper(counter.at(&format!("{batch}&bentuk=80")), HeaderMap::new()).await.unwrap();
    let cookie = chosen.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let headers: HeaderMap = [(header::COOKIE, HeaderValue::from_str(&cookie).unwrap())].into_iter().collect();
    let (_, kept) = text(paper::paper(counter.at(batch), headers).await).await;
    assert!(kept.contains("class=\"struk w80\""));
    counter.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_need_a_note_and_what_was_typed_is_kept() {
    let counter = Counter::open("many").await;
    let key = hidden(&counter.page().await, "novalidate", "kunci");
    let make = async |fields: &str| quick::make(counter.here.clone(), HeaderMap::new(), form(fields)).await;
    let wrong = format!("kunci={key}&pilihan=pelajar&jumlah=25&sebelum=besok+lusa&catatan=&bentuk=kartu");
    let (status, page) = text(make(&wrong).await).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("Tanggal tidak terbaca")
            && page.contains("value=\"besok lusa\"")
            && page.contains("value=\"25\"")
    );
    assert!(page.contains("value=\"kartu\" checked") && !page.contains("Jumlahnya 1 sampai"), "{page}");
    let wrong = format!("kunci={key}&pilihan=pelajar&jumlah=1001&sebelum=22+Nov+2026&catatan=");
    let (_, page) = text(make(&wrong).await).await;
    for words in ["Jumlahnya 1 sampai 1000", "Tulis catatan"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let good = format!("kunci={key}&pilihan=pelajar&jumlah=25&sebelum=28+Nov+2026&catatan=Lomba&bentuk=a4");
    let place = leads(&make(&good).await.unwrap()).to_owned();
    let (_, sheets) = text(paper::paper(counter.at(&place), HeaderMap::new()).await).await;
    assert_eq!((sheets.matches("class=\"sheet\"").count(), sheets.matches("class=\"kode\"").count()), (2, 25));
    assert!(sheets.contains("28 Nov 2026, 22.00") && sheets.contains("25/25"));
    let batch = place.split("kelompok=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let shown = async || text(batches::batches(counter.at("/l/galeri/voucer/kelompok")).await).await.1;
    assert!(shown().await.contains("25 kode") && shown().await.contains("25 belum"));
    let revoke = async |fields: &str| all::revoke(counter.here.clone(), form(fields)).await;
    let (status, _) = text(revoke(&format!("kelompok={batch}")).await).await;
    assert_eq!(status, StatusCode::CONFLICT, "a reason is owed");
    let done = revoke(&format!("kelompok={batch}&alasan=acara+batal")).await.unwrap();
    assert_eq!(leads(&done), "/l/galeri/voucer/kelompok?kabar=vouchers-revoked");
    assert!(shown().await.contains("25 dicabut"));
    let (status, _) = text(paper::paper(counter.at(&place), HeaderMap::new()).await).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "withdrawn codes are gone");
    counter.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presets_are_changed_by_one_form_with_all_mistakes_at_once() {
    let counter = Counter::open("presets").await;
    let save = async |fields: &str| presets::save(counter.here.clone(), form(fields)).await;
    let (status, page) =
        text(save("nama=&paket=tiada&jam=x&sebelum=tanggal&tanggal=besok&warna=9&tempat=lokasi-tiada").await).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = [
        "Tulis nama",
        "Pilih paket",
        "Waktu pakai 1 menit",
        "1 sampai 366 hari",
        "salah satu warna",
        "tempat yang ada",
    ];
    for words in said {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("value=\"besok\"") && page.contains("value=\"x\""), "what was typed is kept");
    let good = "id=&nama=Acara&paket=pelajar&jam=8&menit=30&sebelum=hari&hari=7&warna=5&urutan=9&tempat=jenis-gallery";
    assert_eq!(leads(&save(good).await.unwrap()), "/pilihan-voucer?kabar=preset-saved");
    let page = counter.page().await;
    assert!(page.contains("<b>Acara</b>") && page.contains("8 jam 30 menit"), "{page}");
    let removed = presets::remove(counter.here.clone(), form("id=acara")).await.unwrap();
    assert_eq!(leads(&removed), "/pilihan-voucer?kabar=preset-removed");
    assert!(!counter.page().await.contains("<b>Acara</b>"));
    counter.close().await;
}

#[test]
fn a_browser_remembers_its_paper() {
    let mut headers = HeaderMap::new();
    assert_eq!(Papers::remembered(&headers), Papers { one: Paper::Roll58, many: Paper::A4 });
    let kept = Papers { one: Paper::Roll80, many: Paper::Cards };
    let cookie = kept.remember().unwrap();
    let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
    headers.insert(header::COOKIE, format!("a=b; {pair}").parse().unwrap());
    assert_eq!(Papers::remembered(&headers), kept);
    headers.insert(header::COOKIE, format!("{COOKIE}=x.y").parse().unwrap());
    assert_eq!(Papers::remembered(&headers), Papers { one: Paper::Roll58, many: Paper::A4 });
}
