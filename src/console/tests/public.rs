//! The page that anybody reads.

use super::office::Department;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_reads_where_the_service_is_and_when_without_a_cookie() {
    let department = Department::open("public").await;
    let mut stranger = department.browser();
    let page = stranger.get("/publik").await;
    assert_eq!(page.status, 200, "{}", page.text);
    for wanted in ["Galeri Internet", "Petugas di loket", "08.00–22.00", "Belum melayani", "lang=\"id\""] {
        assert!(page.text.contains(wanted), "{wanted} is missing in {}", page.text);
    }
    assert_eq!(page.headers["cache-control"], "public, max-age=60");
    assert!(!page.headers.contains_key("set-cookie") && stranger.cookie.is_none());
    let english = stranger.get("/publik?bahasa=en").await;
    assert!(english.text.contains("lang=\"en\"") && english.text.contains("Not yet in service"));
    let twin = stranger.get("/publik.json").await;
    assert_eq!((twin.status, twin.headers["content-type"].to_str().unwrap()), (200, "application/json"));
    let twin: serde_json::Value = serde_json::from_str(&twin.text).unwrap();
    let sites = twin["sites"].as_array().unwrap();
    assert_eq!(sites.len(), 2);
    assert_eq!((&sites[0]["state"], sites[0]["week"].as_array().unwrap().len()), (&"planned".into(), 7));
    assert!(sites[0]["month"]["visits"].is_null(), "no month is closed yet");
    let description = stranger.get("/api/openapi.json").await;
    let description: serde_json::Value = serde_json::from_str(&description.text).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    department.close().await;
}
