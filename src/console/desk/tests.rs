//! The counter's pages over a real office: what is pressed is ordered, and shown to wait.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Query;
use gapura_controller::{Actor, Console, Grant, Office, OrderState, Role, Scope, SitePlace, load_config, serve};
use gapura_runtime::{Clock, ManualClock, Tasks};
use gapura_speech::Lang;
use gapura_wire::OrderKind;
use http::header;

use super::{Asked, act, loket, orders, seats, slip};
use crate::answer::{Answer, Oops};
use crate::chrome::Chrome;
use crate::form::{Fields, Posted};
use crate::here::{App, Here, Site};
use crate::session::Person;

/// What an answer says on the next page.
const NEWS: &[&str] = &[
    "news-desk-extend",
    "news-desk-end",
    "news-desk-move",
    "news-desk-block",
    "news-desk-unblock",
    "news-desk-seat-opens",
    "news-desk-seat-time",
    "news-desk-seat-keeps",
    "news-desk-seat-frees",
    "news-desk-seat-breaks",
    "news-desk-seat-works",
    "news-desk-number-taken",
    "news-desk-number-called",
    "news-desk-number-present",
    "news-desk-number-gone",
    "news-class-opened",
    "news-class-closed",
    "news-class-came",
    "news-desk-order-back",
];

const PLANS: &str = "[[plan]]\nid = \"umum\"\nname = \"Umum 2 jam\"\nvisit = { time = \"2h\" }\n";

const SITE: &str = r#"
name = "Galeri Internet Sinjai"
kind = "gallery"
agency = "Diskominfo Sinjai"
regency = "sinjai"
contact = "Loket 1"
staff-plan = "umum"
hours = { zone = "Asia/Makassar", weekly = { fri = ["08.00-22.00"] } }
ways = { voucher = true }
uplink = { up = 10_000_000, down = 20_000_000 }

[filter]
class-groups = ["anak"]

[[devices]]
mac = "02:00:5e:10:00:01"
role = "seat"
label = "PC 01"

[[devices]]
mac = "02:00:5e:10:00:02"
role = "seat"
label = "PC 02"
"#;

/// A controller of its own, and someone at its counter.
struct Counter {
    here: Here,
    clock: Arc<ManualClock>,
    tasks: Tasks,
    folder: PathBuf,
}

impl Counter {
    /// Friday evening, 20.14 in Makassar.
    async fn open(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("gapura-desk-{}-{name}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("controller.toml");
        let (data, database) = (folder.join("data"), folder.join("c.db"));
        let text = format!(
            "[controller]\nlisten = \"127.0.0.1:0\"\npublic_name = \"c.example\"\ndata_dir = \"{}\"\ndatabase = \"sqlite:{}\"\n",
            data.display(),
            database.display()
        );
        std::fs::write(&file, text).unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-20T12:14:00Z".parse().unwrap()));
        let (tasks, shared): (Tasks, Arc<dyn Clock>) = (Tasks::new(), clock.clone());
        let office = serve(&load_config(&file).unwrap(), shared, &tasks).await.unwrap().office;
        let who = Actor { name: "uji".to_owned(), reason: String::new() };
        let id = "galeri".parse().unwrap();
        office.set_plans(&toml::from_str(PLANS).unwrap(), &who).await.unwrap();
        office.set_site(&id, &toml::from_str(SITE).unwrap(), &who).await.unwrap();
        let here = Self::here(office, &clock).await;
        Self { here, clock, tasks, folder }
    }

    async fn here(office: Office, clock: &ManualClock) -> Here {
        let id = "galeri".parse().unwrap();
        let document = Arc::new(office.site(&id).await.unwrap().unwrap());
        let place = SitePlace { site: id.clone(), agency: document.agency.clone(), regency: document.regency.clone() };
        let settings: Console = toml::from_str("listen = \"127.0.0.1:0\"\npublic_name = \"c.example\"").unwrap();
        let now = clock.now().wall;
        let grants = vec![Grant { role: Role::Helpdesk, scope: Scope::Site(id) }];
        let person = Person::sample("ani", "Petugas", grants, now, "t");
        Here {
            app: App {
                office,
                settings: Arc::new(settings),
                menu: Arc::default(),
                wall: crate::wall::feed::Feed::new(&gapura_runtime::Tasks::new()),
            },
            person: Some(person),
            site: Some(Site { place, document }),
            agency: None,
            lang: Lang::Id,
            now,
            path: "/l/galeri/loket".to_owned(),
            back: "/".to_owned(),
            by_itself: false,
            news: None,
            waiting: std::collections::BTreeMap::new(),
        }
    }

    async fn see(&self, asked: Asked) -> String {
        text(loket(self.here.clone(), Query(asked)).await).await
    }

    async fn close(self) {
        self.tasks.shutdown(Duration::from_secs(10), std::future::pending()).await;
        self.here.office().store().close().await;
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

async fn text(answer: Answer) -> String {
    let body = to_bytes(answer.unwrap().into_body(), 1 << 20).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

fn leads(answer: Answer) -> String {
    answer.unwrap().headers()[header::LOCATION].to_str().unwrap().to_owned()
}

fn form(text: &str) -> Posted {
    Posted(Fields::read(text.as_bytes()))
}

#[test]
fn whatever_was_done_is_said() {
    for lang in Lang::ALL {
        for key in NEWS {
            assert!(!crate::words::words(lang).t(key).contains('⟪'), "{key}");
        }
    }
}

#[tokio::test]
async fn what_is_pressed_at_the_counter_is_ordered_once_and_shown_to_wait() {
    let counter = Counter::open("press").await;
    let (here, office, site) = (&counter.here, counter.here.office(), "galeri".parse().unwrap());
    let page = counter.see(Asked::default()).await;
    for words in ["Jumat, 20 November 2026 pukul 20.14", "Tutup pukul 22.00", "Belum ada kabar dari gerbang", "PC 01"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // A seat: the clock times that follow are bounded by closing time, and the press is an order.
    let seat = counter.see(Asked { kursi: "PC 01".to_owned(), ..Asked::default() }).await;
    assert!(seat.contains("60 mnt, 21.14") && seat.contains("120 mnt, 22.00"), "{seat}");
    assert!(!seat.contains("hx-get"), "nothing is swapped away while somebody fills in a form");
    assert!(!seat.contains("value=\"Pengguna") && seat.contains("name=\"alasan\" value=\"\""), "a reason nobody chose");
    let id = office.order_id().unwrap();
    // Pressed twice, it is opened once, and both presses lead to the same page.
    for _ in 0..2 {
        let press = form(&format!("pesanan={id}&kursi=PC+01&aksi=buka&m=60&paket=umum&alasan=antre"));
        assert!(leads(seats::act(here.clone(), press).await).ends_with("kabar=desk-seat-opens"));
    }
    let orders = office.orders(&site).await.unwrap();
    assert_eq!(
        (orders[0].who.as_str(), orders[0].reason.as_str(), &orders[0].state),
        ("ani", "antre", &OrderState::Queued)
    );
    let what = OrderKind::OpenSeat { seat: "PC 01".to_owned(), plan: "umum".parse().ok(), seconds: 3600 };
    assert_eq!(orders[0].what, Some(what));
    let page = counter.see(Asked::default()).await;
    assert!(page.contains("dibuka …"), "it waits for the gateway");
    let said = ["Perintah terakhir", "Buka PC 01, 60 mnt", "oleh ani", "menunggu gerbang", "Batalkan perintah"];
    assert!(said.iter().all(|words| page.contains(words)), "{page}");

    // Without a reason, or with nonsense, nothing is ordered and the page says what to do.
    let id = office.order_id().unwrap();
    let visit = "0d5c7f6e-0000-4000-8000-000000000001";
    let bare = form(&format!("pesanan={id}&kunjungan={visit}&m=15&alasan=&lain="));
    assert!(
        matches!(act::extend(here.clone(), bare).await, Err(Oops::Office(why)) if why[0].field() == Some("reason"))
    );
    assert!(matches!(act::end(here.clone(), form("pesanan=x&kunjungan=y")).await, Err(Oops::NotFound)));
    // A form that is sent twice orders once, with the reason that was written.
    for _ in 0..2 {
        let posted = form(&format!("pesanan={id}&kunjungan={visit}&m=15&alasan=Layanan&lain=surat+desa"));
        assert!(leads(act::extend(here.clone(), posted).await).ends_with("kabar=desk-extend"));
    }
    let orders = office.orders(&site).await.unwrap();
    assert_eq!((orders.len(), orders.iter().filter(|order| order.reason == "surat desa").count()), (2, 1));
    // A code for moving is shown next, and again when the page is loaded again.
    let id = office.order_id().unwrap();
    let posted = form(&format!("pesanan={id}&kunjungan={visit}&m=&alasan=baterai"));
    let next = leads(act::moving(here.clone(), posted).await);
    assert!(next.ends_with(&format!("?kode={id}")), "{next}");
    let shown = counter.see(Asked { kode: id.to_string(), ..Asked::default() }).await;
    assert!(shown.contains("Kode pindah") && shown.contains("20.24") && shown.contains("menunggu gerbang"), "{shown}");
    counter.close().await;
}

#[tokio::test]
async fn a_number_is_taken_called_to_a_free_seat_and_gone_when_nobody_comes() {
    let counter = Counter::open("queue").await;
    let mut here = counter.here.clone();
    // Each form takes one number, however often it is sent, and leads to it.
    for (key, number) in [("1", 1), ("1", 1), ("2", 2)] {
        let taken = leads(seats::queue(here.clone(), form(&format!("aksi=ambil&kunci={key:0>32}"))).await);
        assert!(taken.ends_with(&format!("?nomor={number}&kabar=desk-number-taken")), "{taken}");
    }
    let taken = counter.see(Asked { nomor: "2".to_owned(), ..Asked::default() }).await;
    let said = ["kode nomor\">A-2<", "1 orang menunggu di depan nomor ini", "/l/galeri/antrean/struk?nomor=2"];
    assert!(said.iter().all(|words| taken.contains(words)), "{taken}");
    let on_paper = Here { path: "/l/galeri/antrean/struk?nomor=2&bentuk=80".to_owned(), ..here.clone() };
    let paper = text(slip::slip(on_paper, http::HeaderMap::new()).await).await;
    assert!(paper.contains("struk w80") && paper.contains(">A-2<") && paper.contains("20.14"), "{paper}");
    let page = counter.see(Asked::default()).await;
    assert!(page.contains("A-1") && page.contains("A-2") && page.contains("2 menunggu"), "{page}");
    assert!(leads(seats::queue(here.clone(), form("aksi=panggil&nomor=1&kursi=PC+01")).await).contains("called"));
    let page = counter.see(Asked::default()).await;
    assert!(
        page.contains("untuk A-1") && page.contains("Dipanggil 20.14, PC 01") && page.contains("batas 20.19"),
        "{page}"
    );
    // Another clerk who calls it at the same time is told who was first; called again, it is counted.
    let mut budi = here.clone();
    budi.person = Some(Person::sample("budi", "Petugas", here.grants().to_vec(), here.now, "t"));
    let second = seats::queue(budi.clone(), form("aksi=panggil&nomor=1&kursi=PC+02")).await;
    let Err(Oops::Office(why)) = second else { panic!("called twice") };
    assert_eq!(why[0].say(Lang::Id), "A-1 sudah dipanggil oleh ani (kursi: PC 01).");
    assert!(leads(seats::queue(budi, form("aksi=panggil-lagi&nomor=1&kursi=PC+02")).await).contains("called"));
    let page = counter.see(Asked::default()).await;
    assert!(page.contains("panggilan ke-2, budi") && page.contains("Dipanggil 20.14, PC 01"), "{page}");
    // Whoever comes is led to the seat, with the number filled in.
    let came = leads(seats::queue(here.clone(), form("aksi=hadir&nomor=1")).await);
    assert_eq!(came, "/l/galeri/loket?kursi=PC+01&nomor=1&kabar=desk-number-present#kursi");
    let seat = Asked { kursi: "PC 01".to_owned(), nomor: "1".to_owned(), ..Asked::default() };
    assert!(counter.see(seat).await.contains("value=\"Antrean A-1\""));
    // A seat is kept as long as was said, and no longer.
    assert!(leads(seats::act(here.clone(), form("aksi=simpan&kursi=PC+02&lamanya=15")).await).contains("seat-keeps"));
    assert!(counter.see(Asked::default()).await.contains("s.d. 20.29"));
    assert!(matches!(
        seats::act(here.clone(), form("aksi=simpan&kursi=PC+02&lamanya=999")).await,
        Err(Oops::Office(_))
    ));
    counter.clock.advance(Duration::from_mins(15));
    here.now = counter.clock.now().wall;
    let page = text(loket(here.clone(), Query(Asked::default())).await).await;
    assert!(!page.contains("A-1<") && page.contains("A-2") && !page.contains("s.d. 20.29"), "{page}");
    assert!(matches!(seats::queue(here.clone(), form("aksi=hadir&nomor=9")).await, Err(Oops::NotFound)));
    // A class takes what is free; what is missing is said, and what was typed stays.
    let wrong = crate::class::open(here.clone(), form("kirim=1&nama=&ponsel=x&paket=umum&lama=60&kursi=PC+02")).await;
    let wrong = text(wrong).await;
    assert!(wrong.contains("Tulis nama kelas") && wrong.contains("angka 0 sampai 500"), "{wrong}");
    let key = format!("{:032x}", 9);
    for _ in 0..2 {
        let good = format!("kirim=1&kunci={key}&nama=SD+2&ponsel=4&paket=umum&kelompok=anak&lama=tutup&kursi=PC+02");
        assert!(leads(crate::class::open(here.clone(), form(&good)).await).ends_with("kabar=class-opened"));
    }
    let classes = here.office().classes(&"galeri".parse().unwrap()).await.unwrap();
    assert_eq!(classes.len(), 1, "pressed twice, opened once");
    assert_eq!((classes[0].seats.len(), classes[0].phones, classes[0].runs), (1, 4, true));
    assert_eq!(classes[0].until.to_string(), "2026-11-20T14:00:00Z", "at closing time");
    let frame = Chrome::of(&here, String::new());
    assert!(frame.token_field().contains("value=\"t\""));
    counter.close().await;
}

#[tokio::test]
async fn an_order_that_waits_is_taken_back_by_whoever_may_give_it() {
    let counter = Counter::open("back").await;
    let (here, office, site) = (&counter.here, counter.here.office(), "galeri".parse().unwrap());
    let visit = "0d5c7f6e-0000-4000-8000-000000000001";
    let id = office.order_id().unwrap();
    let press = form(&format!("pesanan={id}&kunjungan={visit}&m=15&alasan=x"));
    leads(act::extend(here.clone(), press).await);
    // A clerk may not end visits: neither the button nor the address.
    let clerk = vec![Grant { role: Role::Clerk, scope: Scope::Site("galeri".parse().unwrap()) }];
    let person = Person::sample("loket", "Petugas", clerk, here.now, "t");
    let clerk = Here { person: Some(person), ..here.clone() };
    let seen = text(loket(clerk.clone(), Query(Asked::default())).await).await;
    assert!(seen.contains("Perpanjang sesi") && !seen.contains("loket/batal"), "{seen}");
    let back = || form(&format!("pesanan={id}"));
    assert!(matches!(orders::take_back(clerk, back()).await, Err(Oops::NotAllowed)));
    assert!(counter.see(Asked::default()).await.contains("loket/batal"));
    for _ in 0..2 {
        assert!(leads(orders::take_back(here.clone(), back()).await).ends_with("/loket?kabar=desk-order-back"));
    }
    let page = counter.see(Asked::default()).await;
    assert!(page.contains(">dibatalkan<") && !page.contains("loket/batal"), "{page}");
    // A code for moving is shown to whoever may move visits, and to nobody else; looks are noted.
    let id = office.order_id().unwrap();
    leads(act::moving(here.clone(), form(&format!("pesanan={id}&kunjungan={visit}&m=&alasan=x"))).await);
    let asked = || Asked { kode: id.to_string(), ..Asked::default() };
    let shown = counter.see(asked()).await;
    let code = office.move_code(&site, id, &Actor { name: "uji".to_owned(), reason: String::new() }).await.unwrap();
    assert!(shown.contains(code.unwrap().code.expose()) && shown.contains("Lihat kode"), "{shown}");
    let auditor = vec![Grant { role: Role::Auditor, scope: Scope::Province }];
    let person = Person::sample("auditor", "Auditor", auditor, here.now, "t");
    let auditor = Here { person: Some(person), ..here.clone() };
    let seen = text(loket(auditor, Query(asked())).await).await;
    assert!(!seen.contains("Kode pindah<") && seen.contains("Kode pindah untuk"), "{seen}");
    // What failed is still told nine minutes after that was known.
    counter.clock.advance(Duration::from_mins(21));
    let later = Here { now: counter.clock.now().wall, ..here.clone() };
    let page = text(loket(later, Query(Asked::default())).await).await;
    assert!(page.contains("gagal: terlambat sampai di gerbang"), "{page}");
    counter.close().await;
}
