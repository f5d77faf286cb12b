//! Dashboard and wallboard: what the whole is, and a screen that is live over a real connection until it is taken back.

use std::time::Duration;

use gapura_controller::{Grant, Role};
use http::{Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;

use super::browser::Browser;
use super::office::Department;

fn admin(scope: &str) -> Vec<Grant> {
    vec![Grant { role: Role::NetworkAdmin, scope: scope.parse().unwrap() }]
}

/// The stream of a board, as a screen's browser opens it.
#[expect(clippy::disallowed_methods, reason = "drives a test's connection, which ends with the test")]
async fn open(department: &Department, path: &str) -> http::Response<Incoming> {
    let tls = department.browser().tls().await;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(tls)).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    let request = Request::builder().uri(path).header(header::HOST, "konsol.example");
    let request = request.header(header::ACCEPT, "text/event-stream").body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    // The connection lives as long as its sender.
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_mins(5)).await;
        drop(sender);
    });
    answer
}

/// What comes next, up to a mark; none where the stream ends.
async fn until(answer: &mut http::Response<Incoming>, mark: &str) -> Option<String> {
    let reading = async {
        let mut text = String::new();
        while let Some(frame) = answer.body_mut().frame().await {
            text.push_str(&String::from_utf8_lossy(frame.ok()?.data_ref()?));
            if text.contains(mark) {
                return Some(text);
            }
        }
        None
    };
    tokio::time::timeout(Duration::from_mins(1), reading).await.unwrap()
}

async fn make(browser: &mut Browser, name: &str, scope: &str) -> String {
    let key = gapura_controller::FormKey::draw().unwrap().to_text();
    let form = [("nama", name), ("wilayah", scope), ("kunci", &key)];
    let made = browser.post("/layar/baru", &form).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let again = browser.post("/layar/baru", &form).await;
    assert!(again.status == 422 && again.text.contains("sudah dibuat"), "{}", again.text);
    made.between("class=\"btn\" href=\"", "\"").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_after_the_whole_begins_with_the_dashboard() {
    let department = Department::open("dashboard").await;
    let secret = department.add("andi", admin("province")).await;
    let mut andi = department.browser();
    department.sign_in(&mut andi, "andi", secret.as_deref()).await;
    assert_eq!(andi.get("/").await.location(), "/ringkasan");
    let page = andi.get("/ringkasan").await.text;
    assert!(page.contains("<dt>Lokasi melayani</dt><dd>0 dari 2"), "{page}");
    assert!(page.contains("href=\"/l/galeri\"") && page.contains("href=\"/l/seberang\""), "{page}");
    assert!(page.contains("belum ada gerbang") && page.contains("Belum ada kunjungan dalam 14 hari"), "{page}");

    // What was used today, and a week ago; a regency's own alone.
    let now = 1_795_248_000_000; // 2026-11-21T08:00:00Z
    let mut tx = department.office.store().write().await.unwrap();
    for (id, site, ago) in [("a", "galeri", 0), ("b", "galeri", 1), ("c", "seberang", 1), ("d", "galeri", 24 * 7)] {
        let started = now - ago * 3_600_000;
        tx.put_visit(&super::office::visit(id, site, started, 500_000_000)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let page = andi.get("/ringkasan").await.text;
    assert!(page.contains("<dt>Kunjungan hari ini</dt><dd>3<small>Sabtu lalu: 1 sepanjang hari"), "{page}");
    assert!(
        page.contains("<svg class=\"chart\"") && page.contains("Terbanyak 3 kunjungan pada 21 November 2026."),
        "{page}"
    );
    let secret = department.add("budi", admin("regency:Bone")).await;
    let mut budi = department.browser();
    department.sign_in(&mut budi, "budi", secret.as_deref()).await;
    let page = budi.get("/ringkasan").await.text;
    assert!(page.contains("<dt>Kunjungan hari ini</dt><dd>1<small>") && !page.contains("href=\"/l/galeri\""), "{page}");
    assert_ne!(budi.get("/").await.location(), "/ringkasan", "not the whole");
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_tells_of_requests_what_whoever_made_it_may_see() {
    let department = Department::open("wall-requests").await;
    let grants = [(Role::NetworkAdmin, "province"), (Role::Helpdesk, "regency:Bone")];
    let grants = grants.map(|(role, scope)| Grant { role, scope: scope.parse().unwrap() }).to_vec();
    let secret = department.add("citra", grants).await;
    let mut citra = department.browser();
    department.sign_in(&mut citra, "citra", secret.as_deref()).await;
    let mut screen = department.browser();
    for (scope, told) in [("regency:Bone", true), ("province", false)] {
        let path = make(&mut citra, scope, scope).await;
        let page = screen.get(&path).await;
        assert_eq!((page.status, page.text.contains("<dt>Menunggu</dt>")), (200, told), "{scope}: {}", page.text);
    }
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_screen_is_live_until_it_is_taken_back_and_opens_nothing_else() {
    let department = Department::open("wall").await;
    let secret = department.add("andi", admin("province")).await;
    let mut andi = department.browser();
    department.sign_in(&mut andi, "andi", secret.as_deref()).await;
    let key = "0".repeat(32);
    let slip = andi.post("/layar/baru", &[("nama", " "), ("wilayah", "province"), ("kunci", &key)]).await;
    assert!(slip.status == 422 && slip.text.contains("Belum dapat dilakukan"), "{}", slip.text);
    let path = make(&mut andi, "Ruang <pantau>", "province").await;

    // Nobody is signed in there.
    let mut screen = department.browser();
    let page = screen.get(&path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(!page.text.contains("<dt>Menunggu</dt>"), "andi may not see requests: {}", page.text);
    assert!(page.text.contains("http-equiv=\"refresh\"") && page.text.contains("class=\"wall\""), "{}", page.text);
    assert!(page.text.contains("Galeri Internet") && !page.text.contains("<footer>"), "{}", page.text);
    assert!(screen.cookie.is_none() && page.headers.get("set-cookie").is_none());
    for other in ["/ringkasan", "/layar", "/l/galeri"] {
        assert!(screen.get(other).await.location().starts_with("/masuk"), "{other}");
    }
    assert_eq!(screen.get("/papan/0123456789abcdef").await.status, 404);
    assert_eq!(screen.get("/papan/0123456789abcdef/alir").await.status, 404);

    let mut stream = open(&department, &format!("{path}/alir?bahasa=id")).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let first = until(&mut stream, "\n\n").await.unwrap();
    assert!(first.contains("event: papan") && first.contains("data: ") && first.contains("Galeri Internet"), "{first}");
    assert!(until(&mut stream, "event: detak").await.is_some(), "it is heard also while nothing changes");
    // A visit that is stored appears by itself.
    let mut tx = department.office.store().write().await.unwrap();
    tx.put_visit(&super::office::visit("a", "galeri", 1_795_248_000_000, 1_000)).await.unwrap();
    tx.commit().await.unwrap();
    let changed = until(&mut stream, "</main>").await.unwrap();
    assert!(changed.contains("<dt>Kunjungan</dt><dd>1</dd>"), "{changed}");

    // Of a regency only its own sites; its administrator reaches no other screen.
    let secret = department.add("budi", admin("regency:Bone")).await;
    let mut budi = department.browser();
    department.sign_in(&mut budi, "budi", secret.as_deref()).await;
    assert!(!budi.get("/layar").await.text.contains("Ruang &#60;pantau"));
    assert_eq!(budi.post("/layar/baru", &[("nama", "x"), ("wilayah", "province")]).await.status, 422);
    let own = make(&mut budi, "Bone", "regency:Bone").await;
    assert_eq!(screen.get(&own).await.text.matches("</li>").count(), 1);
    let list = andi.get("/layar").await;
    let ids: Vec<&str> =
        list.text.split("name=\"layar\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(ids.len(), 2, "{}", list.text);
    let page = screen.get(&path).await;
    assert_eq!(page.status, 200);

    // Taken back, with a reason: the stream ends, and the address opens nothing.
    for id in &ids {
        let bare = andi.post("/layar/cabut", &[("layar", id), ("alasan", "")]).await;
        assert_eq!(bare.status, 422, "{}", bare.text);
        assert_eq!(budi.post("/layar/cabut", &[("layar", id), ("alasan", "x")]).await.status == 404, *id != ids[0]);
        let ended = andi.post("/layar/cabut", &[("layar", id), ("alasan", "dipindah")]).await;
        // The newer one was taken back by its own administrator a moment ago.
        assert_eq!(ended.status, if *id == ids[0] { 422 } else { 303 }, "{}", ended.text);
    }
    let told = tokio::time::timeout(Duration::from_secs(10), until(&mut stream, "event: tutup")).await.unwrap();
    assert!(told.is_some(), "its browser is told");
    assert_eq!(until(&mut stream, "event: nothing").await, None, "the stream ended");
    assert_eq!(screen.get(&path).await.status, 404);
    let log = department.log().await;
    assert!(log.contains("screen-make") && log.contains("screen-end") && log.contains("dipindah"), "{log}");
    assert!(!log.contains(path.trim_start_matches("/papan/")), "the secret stands nowhere");
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_bounded_end_with_the_console_and_wake_nobody() {
    let department = Department::open("wall-many").await;
    let secret = department.add("andi", admin("province")).await;
    let mut andi = department.browser();
    department.sign_in(&mut andi, "andi", secret.as_deref()).await;
    let mut streams = Vec::new();
    let mut path = String::new();
    for number in 0..8 {
        path = make(&mut andi, &format!("Layar {number}"), "province").await;
        for _ in 0..4 {
            streams.push(open(&department, &format!("{path}/alir")).await);
        }
        // One address takes no place of the other screens.
        let full = open(&department, &format!("{path}/alir")).await;
        assert_eq!((full.status().as_u16(), full.headers()["retry-after"].to_str().unwrap()), (503, "15"));
    }
    assert!(streams.iter().all(|stream| stream.status() == 200));
    let one_more = make(&mut andi, "Satu lagi", "province").await;
    assert_eq!(open(&department, &format!("{one_more}/alir")).await.status(), 503, "no more than 32 in all");
    // Somebody's own browser at the board for an hour: nobody is there, and their session ends.
    for _ in 0..4 {
        department.clock.advance(Duration::from_mins(10));
        assert_eq!(andi.get(&path).await.status, 200);
    }
    assert!(andi.get("/ringkasan").await.location().starts_with("/masuk"));
    // Stops within its time with all of them open.
    department.close().await;
    for mut stream in streams {
        while let Some(Ok(_)) = stream.body_mut().frame().await {}
    }
}
