//! Requests for help: the form, what is kept, and how far one is.

use std::time::Duration;

use captive_portal::{Clause, HelpAnswer, HelpRefused, HelpStage, HelpTopic, Limits, Look, Rate, Text};

use crate::support::{Client, House, Plan, Reply, look, open, reference, request_number};

/// Form-encoded "Tidak bisa & <b>masuk</b>".
const WORDS: &str = "Tidak+bisa+%26+%3Cb%3Emasuk%3C%2Fb%3E";

async fn file(device: &Client, topic: &str, words: &str, contact: &str) -> Reply {
    let form = device.get("/bantuan").await;
    device.post("/bantuan", &format!("t={}&topik={topic}&cerita={words}&kontak={contact}", form.hidden("t"))).await
}

fn house(limits: &Limits) -> House {
    open(Plan { limits: *limits, ..Plan::default() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_kept_before_login_and_after_and_read_by_its_number() {
    let house = house(&Limits::default());
    let number = request_number(0).to_string();
    for (index, device) in [house.device(7), house.device6()].into_iter().enumerate() {
        let filed = file(&device, "pengaduan", WORDS, "0812%0d%0a3456").await;
        assert_eq!((filed.status, filed.leads()), (303, format!("/lacak?nomor={}", request_number(index)).as_str()));
        let kept = house.world.set(|inner| inner.requests.last().cloned().unwrap());
        assert_eq!((kept.topic, kept.words.as_str()), (HelpTopic::Complaint, "Tidak bisa & <b>masuk</b>"));
        assert_eq!((kept.contact.as_deref(), kept.visit, kept.about), (Some("0812 3456"), None, None));
    }
    let device = house.device(7);
    device
        .get(&format!("/lacak?nomor={number}"))
        .await
        .says("Sudah kami terima")
        .says(&number)
        .says("Pengaduan layanan");
    // With a visit its number goes along, and the page says so.
    device.tap().await;
    device.get("/bantuan").await.says("4K7M-29QD").says("nomor sesi Anda");
    assert_eq!(file(&device, "tambahan", WORDS, "").await.status, 303);
    let kept = house.world.set(|inner| inner.requests.last().cloned().unwrap());
    assert_eq!((kept.topic, kept.visit.as_deref(), kept.contact), (HelpTopic::MoreTime, Some("4K7M-29QD"), None));

    let due = Some("2026-11-24T08:00:00Z".parse().unwrap());
    let answer = |agency: Option<&str>, words: &str| HelpAnswer {
        at: "2026-11-23T02:05:00Z".parse().unwrap(),
        agency: agency.map(str::to_owned),
        words: words.to_owned(),
    };
    let read = async |helped: (HelpStage, Vec<HelpAnswer>), lang: &'static str| {
        house.world.set(|inner| inner.helped = (helped.0, due, helped.1));
        device.get(&format!("{lang}/lacak?nomor={}", number.to_lowercase())).await
    };
    read((HelpStage::Received, Vec::new()), "")
        .await
        .says("Dijawab paling lambat")
        .says("24 November 2026 pukul 16.00");
    read((HelpStage::InWork, Vec::new()), "").await.says("Sedang ditangani");
    let forwarded = HelpStage::Forwarded { agency: "Dinas <Pendidikan>".to_owned() };
    read((forwarded, Vec::new()), "").await.says("Diteruskan ke Dinas &#60;Pendidikan&#62;");
    let answers = vec![answer(None, "Kami periksa."), answer(Some("Dinas Pendidikan"), "Sudah <b>beres</b>.")];
    let page = read((HelpStage::Answered, answers.clone()), "").await;
    page.says("Dijawab</dd>").says("Kami periksa.").says("Sudah &#60;b&#62;beres").says("Dinas Pendidikan, ");
    page.says("Petugas, 23 November 2026 pukul 10.05 WITA");
    read((HelpStage::Closed, answers), "/en").await.says("Done</dd>").says("The staff, ");
    read((HelpStage::Refused, Vec::new()), "").await.says("Pusat tidak dapat menyimpan");
    device.get(&format!("/lacak?nomor={}", reference(30))).await.says("Nomor ini tidak dikenali.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_sent_comes_back_as_it_was_typed() {
    let house = house(&Limits::default());
    let device = house.device(7);
    let long = "a".repeat(1001);
    let both = file(&device, "situs", &long, &"0".repeat(101)).await;
    both.says("Ceritanya terlalu panjang.").says("Tulis satu nomor atau satu surel saja.").says(&long);
    both.says("value=\"situs\" checked");
    file(&device, "situs", "+%0a+", "0812").await.says("Ceritakan dahulu apa yang terjadi.").says("value=\"0812\"");
    // A form of another device, or of none.
    let other = house.device(8).get("/bantuan").await.hidden("t");
    for token in [other.as_str(), ""] {
        let stale = device.post("/bantuan", &format!("t={token}&topik=situs&cerita={WORDS}")).await;
        stale.says("&#60;b&#62;masuk").says("Belum terkirim");
    }
    assert!(house.world.set(|inner| inner.requests.is_empty()));
    for (refused, words, status) in [
        (HelpRefused::Busy, "sedang ramai", 503),
        (HelpRefused::Storage, "tidak dapat menyimpan", 503),
        (HelpRefused::UnknownDevice, "belum dikenali", 200),
    ] {
        house.world.set(|inner| inner.refuse_requests = Some(refused));
        let page = file(&device, "lainnya", WORDS, "").await;
        assert_eq!(page.status, status);
        page.says(words).says("&#60;b&#62;masuk");
    }
    // What the gate did not take counts for nothing.
    house.world.set(|inner| inner.refuse_requests = None);
    assert_eq!(file(&device, "lainnya", WORDS, "").await.status, 303);
    // A topic nobody knows is something else.
    assert_eq!(file(&device, "apa", WORDS, "").await.status, 303);
    assert_eq!(house.world.set(|inner| inner.requests.last().unwrap().topic), HelpTopic::Other);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_and_a_site_send_so_many_requests() {
    let rate = Rate { per_device: 2, per_site: 3, window: Duration::from_hours(1) };
    let house = house(&Limits { requests: rate, ..Limits::default() });
    let (one, two) = (house.device(7), house.device(8));
    for _ in 0..2 {
        assert_eq!(file(&one, "situs", WORDS, "").await.status, 303);
    }
    let refused = file(&one, "situs", WORDS, "").await;
    assert_eq!(refused.status, 429);
    refused.says("Tunggu 1 jam").says("&#60;b&#62;masuk");
    assert_eq!(file(&two, "situs", WORDS, "").await.status, 303);
    assert_eq!(file(&two, "situs", WORDS, "").await.status, 429);
    house.world.pass(Duration::from_hours(1));
    assert_eq!(file(&two, "situs", WORDS, "").await.status, 303);
    assert_eq!(house.world.set(|inner| inner.requests.len()), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_staff_answer_often_stands_first_and_a_site_is_carried_along() {
    let house = house(&Limits::default());
    let device = house.device(7);
    let own = Clause {
        title: Text::new("Di mana mencetak?", "Where to print?"),
        text: Text::new("Di loket.", "At the counter."),
    };
    let plain = look();
    let look = Look { help: captive_portal::Help { questions: vec![own], ..plain.help.clone() }, ..plain };
    house.portal.dress(look).unwrap();
    let page = device.get("/bantuan").await;
    let html = String::from_utf8_lossy(&page.body).into_owned();
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}: {html}"));
    assert!(place("Di mana mencetak?") < place("Halaman masuk tidak muncul"), "{html}");
    device.get("/en/bantuan").await.says("At the counter.");

    device.get("/situs?alamat=sekolah.example").await.says("/bantuan?alamat=sekolah.example");
    let form = device.get("/bantuan?alamat=sekolah.example").await;
    form.says("value=\"situs\" checked").says("sekolah.<wbr>example");
    let body = format!("t={}&alamat=sekolah.example&topik=situs&cerita={WORDS}&kontak=", form.hidden("t"));
    assert_eq!(device.post("/bantuan", &body).await.status, 303);
    let about = house.world.set(|inner| inner.requests.last().unwrap().about.unwrap());
    assert_eq!(about.to_string(), "sekolah.example");
    // What is no site is left out.
    device.get("/bantuan?alamat=%3Cb%3E").await.says("value=\"sambungan\" checked");
}
