//! Appeals as an approver decides them: the queue, the answer, and nothing else of requests.

use gapura_controller::{AppealRow, At, Grant, RequestRow, Role};

use super::office::Department;

const NUMBER: &str = "7KQMA4X2PB";

/// An appeal as a gateway sends it.
async fn file(department: &Department) {
    let appeal = AppealRow {
        site: "galeri".to_owned(),
        reference: NUMBER.to_owned(),
        gateway: "gw-1".to_owned(),
        subject: "catur.example".to_owned(),
        why: "Untuk <lomba> sekolah.".to_owned(),
        contact: None,
        sop: Some("SOP/1".to_owned()),
        sop_revision: Some(1),
        clause: Some("7.1".to_owned()),
        explanation: "{\"action\":\"block\",\"plan\":\"umum\",\"group\":\"anak\"}".to_owned(),
        made: 1_795_000_000_000,
        received: 1_795_000_000_000,
        verdict: None,
        words: String::new(),
        decided_by: None,
        decided: None,
        until: None,
    };
    let request = RequestRow {
        site: "galeri".to_owned(),
        reference: NUMBER.to_owned(),
        gateway: "gw-1".to_owned(),
        origin: "appeal".to_owned(),
        topic: "blocked".to_owned(),
        about: appeal.subject.clone(),
        words: appeal.why.clone(),
        contact: None,
        visit: None,
        explanation: appeal.explanation.clone(),
        state: "received".to_owned(),
        holder: String::new(),
        desk: "helpdesk".to_owned(),
        agency: String::new(),
        level: 0,
        made: appeal.made,
        received: appeal.received,
        due: appeal.made + 86_400_000,
        changed: appeal.made,
        settled: None,
        total: 1,
    };
    let mut tx = department.office.store().write().await.unwrap();
    tx.add_appeal(&appeal).await.unwrap();
    tx.add_request(&request).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approver_decides_an_appeal_and_the_answer_is_published() {
    let department = Department::open("appeals").await;
    let grant = |scope: &str| vec![Grant { role: Role::SopApprover, scope: scope.parse().unwrap() }];
    let secret = department.add("budi", grant("site:galeri")).await;
    let mut budi = department.browser();
    department.sign_in(&mut budi, "budi", secret.as_deref()).await;
    assert!(budi.get("/peninjauan").await.text.contains("Tidak ada peninjauan yang menunggu"));
    file(&department).await;
    let queue = budi.get("/peninjauan").await.text;
    let path = "/l/galeri/peninjauan/7KQMA-4X2PB";
    assert!(queue.contains(path) && queue.contains("klausul 7.1 SOP/1"), "{queue}");
    assert!(queue.contains("Untuk &#60;lomba&#62; sekolah."), "{queue}");

    let other = department.add("cici", grant("site:seberang")).await;
    let mut cici = department.browser();
    department.sign_in(&mut cici, "cici", other.as_deref()).await;
    assert!(!cici.get("/peninjauan").await.text.contains("catur.example"), "another's site");
    assert_eq!(cici.get(path).await.status, 403);

    let page = budi.get(path).await.text;
    let check = "/periksa?situs=catur.example&#38;lokasi=galeri&#38;paket=umum&#38;kelompok=anak";
    assert!(page.contains(check) && page.contains(&format!("action=\"{path}/putuskan\"")), "{page}");
    assert!(!page.contains("/kontak") && !page.contains("/ambil"), "only the decision: {page}");
    let empty = budi.post(&format!("{path}/putuskan"), &[("putusan", "kabul"), ("isi", "")]).await;
    assert_eq!(empty.status, 422, "{}", empty.text);
    let bad = [("putusan", "kabul"), ("isi", "Silakan <main>."), ("sampai", "besok")];
    let bad = budi.post(&format!("{path}/putuskan"), &bad).await;
    assert!(bad.status == 422 && bad.text.contains("Silakan &#60;main&#62;.</textarea>"), "{}", bad.text);
    let decided = budi.post(&format!("{path}/putuskan"), &[("putusan", "tolak"), ("isi", "Situs judi.")]).await;
    assert_eq!((decided.status, decided.location()), (303, "/peninjauan?kabar=requests-denied"), "{}", decided.text);
    let row = department.office.appeal(At::Anywhere, &NUMBER.parse().unwrap()).await.unwrap();
    assert_eq!((row.verdict.as_deref(), row.words.as_str()), (Some("rejected"), "Situs judi."));
    assert_eq!(row.decided_by.as_deref(), Some("budi"));
    assert!(!budi.get("/peninjauan").await.text.contains("catur.example"));
    department.close().await;
}
