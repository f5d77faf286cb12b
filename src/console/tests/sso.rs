//! Signing in at the department's identity provider.

use std::time::Duration;

use gapura_controller::{Grant, PersonOrder, Role, Scope};
use gapura_runtime::{Clock as _, Tasks};

use super::browser::Browser;
use super::office::{Department, root};
use super::provider::{Provider, Will};

/// Goes to the provider and comes back with what it gives; the address back at the console.
async fn away(browser: &mut Browser, at_provider: &mut Browser, path: &str) -> String {
    let sent = browser.get(path).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let place = sent.location();
    assert!(place.starts_with("https://localhost:") && place.contains("code_challenge_method=S256"), "{place}");
    let query = place.split_once("/authorize").unwrap().1;
    let back = at_provider.get(&format!("/authorize{query}")).await;
    back.location().strip_prefix("https://konsol.example").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_the_provider_names_and_was_added_here_is_let_in() {
    let folder = std::env::temp_dir().join(format!("gapura-provider-{}", std::process::id()));
    let tasks = Tasks::new();
    let provider = Provider::start(&folder, &tasks).await;
    let settings = format!(
        "[sso]\nissuer = \"{}\"\nclient_id = \"gapura\"\nclient_secret_file = \"{}\"\n\
         redirect = \"https://konsol.example/masuk/sso\"\nclaim = \"nip\"\ntrust = \"{}\"\n",
        provider.issuer(),
        provider.secret.display(),
        provider.certificate.display()
    );
    let department = Department::open_with("sso", &settings).await;
    let add = async |name: &str, subject: &str, role| {
        let grants = vec![Grant { role, scope: Scope::Province }];
        let (title, lang, subject) = ("Petugas".to_owned(), "id".to_owned(), Some(subject.to_owned()));
        let order = PersonOrder { name: name.parse().unwrap(), title, lang, grants, subject };
        department.office.add_person(&order, None, &root()).await.unwrap();
    };
    add("andi", "1985", Role::Auditor).await;
    add("budi", "1990", Role::NetworkAdmin).await;
    let certificate = std::fs::read(&provider.certificate).unwrap();
    let mut there = Browser::named("localhost", provider.address, &certificate);
    let now = || department.clock.now().wall.as_second();
    let will = |subject: &str, rsa, auth_time| {
        provider.will(Will { subject: subject.to_owned(), auth_time, now: now(), rsa });
    };

    let mut browser = department.browser();
    assert!(browser.get("/masuk").await.text.contains("/masuk/sso/mulai"));
    for rsa in [false, true] {
        will("1985", rsa, now());
        let back = away(&mut browser, &mut there, "/masuk/sso/mulai?ke=%2Faudit").await;
        let signed = browser.get(&back).await;
        assert_eq!((signed.status, signed.location()), (303, "/audit"), "{}", signed.text);
        assert_eq!(browser.get("/audit").await.status, 200);
        let again = browser.get(&back).await;
        assert!(again.location().starts_with("/masuk"), "each way back leads in once: {}", again.location());
        browser = department.browser();
    }
    // Who needs a second factor needs it here too.
    will("1990", false, now());
    let back = away(&mut browser, &mut there, "/masuk/sso/mulai").await;
    assert_eq!(browser.get(&back).await.location(), "/masuk/faktor");

    // Nobody is made by the provider's word; another browser's way back, or another state, opens nothing.
    let mut browser = department.browser();
    will("2000", false, now());
    let back = away(&mut browser, &mut there, "/masuk/sso/mulai").await;
    assert!(browser.get(&back).await.location().starts_with("/masuk"), "unknown");
    assert_eq!(department.office.people().await.unwrap().len(), 2);
    will("1985", false, now());
    let back = away(&mut browser, &mut there, "/masuk/sso/mulai").await;
    assert!(department.browser().get(&back).await.location().starts_with("/masuk"), "without the cookie");
    let changed = back.replace("state=", "state=x");
    assert!(browser.get(&changed).await.location().starts_with("/masuk"), "another state");
    let back = away(&mut browser, &mut there, "/masuk/sso/mulai").await;
    department.clock.advance(Duration::from_mins(11));
    assert!(browser.get(&back).await.location().starts_with("/masuk"), "too late");

    // Fresh proof: the provider has to ask the person anew, and to say so.
    will("1985", false, now() - 3600);
    let back = away(&mut browser, &mut there, "/masuk/sso/mulai?baru=1").await;
    assert!(browser.get(&back).await.location().starts_with("/masuk"), "signed in there an hour ago");
    will("1985", false, now());
    let back = away(&mut browser, &mut there, "/masuk/sso/mulai?baru=1&ke=%2Faudit%2Funduh").await;
    assert_eq!(browser.get(&back).await.location(), "/audit/unduh");
    assert_eq!(browser.get("/audit/unduh").await.status, 200);
    department.close().await;
    tasks.shutdown(Duration::from_secs(10), std::future::pending()).await;
    std::fs::remove_dir_all(&folder).unwrap();
}
