//! Lists at the console: looked at in the background, held by the guard, let through or turned down with a reason.

use std::time::Duration;

use gapura_controller::{Grant, Role};

use super::browser::Browser;
use super::office::Department;

const CATALOGUE: &str = "[[list]]\nid = \"judi\"\ncategory = \"judi\"\ntitle = \"Judi <daring>\"\nholds = \"names\"\n\
                         sources = [\"judi.txt\"]\nformat = \"domains\"\nlicence = \"CC0-1.0\"\nguard = \"10%\"\n";

fn names(count: u32) -> String {
    (0..count).map(|n| format!("situs{n}.judi.example")).collect::<Vec<_>>().join("\n") + "\n"
}

/// The page, once nothing is being done any more.
async fn settled(browser: &mut Browser) -> String {
    for _ in 0..600 {
        let page = browser.get("/daftar").await.text;
        if !page.contains("Sedang dikerjakan") {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("work on lists does not end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_update_waits_for_an_approver_and_a_stale_decision_decides_nothing() {
    let files = [("lists.toml", CATALOGUE.to_owned()), ("judi.txt", names(2000))];
    let department = Department::open_lists("lists", &files).await;
    let secret =
        department.add("budi", vec![Grant { role: Role::SopApprover, scope: "province".parse().unwrap() }]).await;
    let mut budi = department.browser();
    department.sign_in(&mut budi, "budi", secret.as_deref()).await;
    // The server's own first look.
    for _ in 0..600 {
        if department.office.last_index().await.unwrap().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page = budi.get("/daftar").await.text;
    assert!(page.contains("Judi &#60;daring&#62;") && page.contains("2.000") && page.contains("CC0-1.0"), "{page}");
    assert!(page.contains("<dt>Versi</dt><dd>1</dd>"), "{page}");

    department.put("judi.txt", &names(500));
    let looked = budi.post("/daftar/lihat", &[("daftar", "judi")]).await;
    assert_eq!((looked.status, looked.location()), (303, "/daftar?kabar=lists-look"), "{}", looked.text);
    let page = settled(&mut budi).await;
    assert!(page.contains("Pembaruan Judi") && page.contains("2.000 isi menjadi 500 isi"), "{page}");
    assert!(page.contains("Menyusut 75 %") && page.contains("(10 %)"), "{page}");
    let rest = page.split("name=\"isi\" value=\"").nth(1).unwrap();
    let seen = rest.split('"').next().unwrap().to_owned();
    let form =
        |reason: &'static str| [("daftar", "judi".to_owned()), ("isi", seen.clone()), ("alasan", reason.to_owned())];
    let post = async |browser: &mut Browser, path: &str, fields: &[(&str, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(path, &fields).await
    };
    let bare = post(&mut budi, "/daftar/terima", &form("")).await;
    assert!(bare.status == 422 && bare.text.contains("Belum dapat dilakukan"), "{}", bare.text);

    // The source changed again: what was seen is not what would be let through.
    department.put("judi.txt", &names(400));
    budi.post("/daftar/lihat", &[]).await;
    settled(&mut budi).await;
    let stale = post(&mut budi, "/daftar/terima", &form("cukup & benar")).await;
    assert!(stale.status == 422 && stale.text.contains("sudah berganti"), "{}", stale.text);
    assert!(stale.text.contains("value=\"cukup &#38; benar\""), "{}", stale.text);
    let page = settled(&mut budi).await;
    let seen = page.split("name=\"isi\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = [("daftar", "judi".to_owned()), ("isi", seen), ("alasan", "diumumkan".to_owned())];
    let taken = post(&mut budi, "/daftar/terima", &form).await;
    assert_eq!(taken.location(), "/daftar?kabar=lists-accept", "{}", taken.text);
    let page = settled(&mut budi).await;
    assert!(page.contains("<dt>Versi</dt><dd>2</dd>") && !page.contains("Pembaruan Judi"), "{page}");
    assert_eq!(department.office.last_index().await.unwrap().unwrap().version, 2);
    // Who looked and who decided stands in the log.
    let log = department.log().await;
    assert!(log.contains("list-accept") && log.contains("diumumkan") && log.contains("list-refresh"), "{log}");
    department.close().await;
}
