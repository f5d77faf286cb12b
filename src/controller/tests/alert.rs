//! Alerts over time, over restarts, over real SMTP and HTTP.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gapura_runtime::{Clock, ManualClock, Tasks};
use gapura_store::GatewayRow;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::network::beat;
use super::post_office::{PASSWORD, PostOffice, USER, certified, posted_to};
use super::world::{SITE, cli_with, config_text, postgres};
use crate::alert::post;
use crate::lists::Lists;
use crate::office::{Actor, Office};
use crate::opening::open;
use crate::{Config, SiteDocument, load_config};

/// A controller without its clockwork: the test looks and sends.
struct Quiet {
    office: Office,
    clock: Arc<ManualClock>,
}

async fn quiet(config: &Path, clock: &Arc<ManualClock>) -> Quiet {
    let config: Config = load_config(config).unwrap();
    let (keys, store) = open(&config.controller).await.unwrap();
    let lists = Arc::new(Lists::open(&config.controller).unwrap());
    let office = Office::new(store, keys, clock.clone(), lists, &config).unwrap();
    Quiet { office, clock: clock.clone() }
}

impl Quiet {
    /// Time goes by in steps of half a minute; the controller's clockwork looks twice as often.
    async fn wait(&self, minutes: u64) {
        for _ in 0..minutes * 2 {
            self.clock.advance(Duration::from_secs(30));
            self.look().await;
        }
    }

    async fn look(&self) {
        self.office.look_for_alerts().await.unwrap();
        self.office.send_messages().await.unwrap();
    }

    async fn furnish(&self, sites: usize) {
        let plans = toml::from_str(super::world::PLANS).unwrap();
        let who = Actor { name: "tester".to_owned(), reason: String::new() };
        self.office.set_plans(&plans, &who).await.unwrap();
        for number in 1..=sites {
            let text = SITE.replace("Galeri Internet Sinjai", &format!("Galeri {number}"));
            let document: SiteDocument = toml::from_str(&text).unwrap();
            let site = format!("galeri-{number:02}");
            self.office.set_site(&site.parse().unwrap(), &document, &who).await.unwrap();
            let mut tx = self.office.store().write().await.unwrap();
            let gateway = GatewayRow {
                id: format!("gw-{site}"),
                site,
                hostname: "router".to_owned(),
                hardware: String::new(),
                made: self.clock.now().wall.as_millisecond(),
                revoked: None,
                reason: String::new(),
                restores: 0,
            };
            tx.add_gateway(&gateway).await.unwrap();
            tx.commit().await.unwrap();
        }
    }

    /// Heartbeats of the sites of these numbers.
    async fn beats(&self, sites: std::ops::RangeInclusive<usize>, more: Value) {
        let now = self.clock.now().wall;
        let mut said = json!({ "sent": now });
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = serde_json::to_string(&beat(&said)).unwrap();
        let mut tx = self.office.store().write().await.unwrap();
        for number in sites {
            let site = format!("galeri-{number:02}");
            tx.put_heartbeats(&[(&site, &format!("gw-{site}"), &text)], now).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

struct Home(PathBuf);

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn home(name: &str) -> Home {
    let path = std::env::temp_dir().join(format!("gapura-alert-{}-{name}", std::process::id()));
    std::fs::create_dir(&path).unwrap();
    Home(path)
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap()))
}

fn mail_of(post: &PostOffice, home: &Path, security: &str, password: &str) -> String {
    let (trust, file) = (home.join("trust.pem"), home.join("password"));
    std::fs::write(&file, format!("{password}\n")).unwrap();
    format!(
        "[mail]\nserver = \"127.0.0.1\"\nport = {}\nsecurity = \"{security}\"\nuser = \"{USER}\"\npassword_file = \"{}\"\n\
         from = \"Gapura <gapura@sinjai.example>\"\nto = [\"Jaringan <jaringan@sinjai.example>\", \"kepala@sinjai.example\"]\n\
         trust = \"{}\"\n",
        post.address.port(),
        file.display(),
        trust.display()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blackout_of_twenty_sites_is_one_message_and_nothing_is_lost_over_a_restart() {
    let database = postgres::database();
    for (name, address) in [("lite", None), ("post", Some(database.address.clone()))] {
        let (home, tasks, clock) = (home(&format!("blackout-{name}")), Tasks::new(), clock());
        let mail = PostOffice::open(&tasks, &home.0.join("trust.pem"), false).await;
        let config = home.0.join("controller.toml");
        let address = address.unwrap_or_else(|| format!("sqlite:{}", home.0.join("c.db").display()));
        let text = config_text("127.0.0.1:0", &home.0.join("keys"), &address);
        std::fs::write(&config, text + &mail_of(&mail, &home.0, "starttls", PASSWORD)).unwrap();

        let one = quiet(&config, &clock).await;
        one.furnish(21).await;
        one.beats(1..=21, json!({})).await;
        one.wait(5).await;
        one.beats(21..=21, json!({})).await;
        assert!(
            mail.letters().is_empty() && one.office.alerts(1).await.unwrap().is_empty(),
            "silent, but not for long"
        );
        one.wait(4).await;
        one.beats(21..=21, json!({})).await;
        mail.shut.store(true, Ordering::SeqCst);
        one.wait(4).await;
        assert_eq!(one.office.alerts(1).await.unwrap().len(), 20);
        let waits = one.office.alert_messages().await.unwrap();
        assert!(waits.len() == 1 && waits[0].sent.is_none() && waits[0].trouble.contains("come back"), "{waits:?}");

        // The controller goes down with the message still on its way.
        one.office.store().close().await;
        drop(one);
        mail.shut.store(false, Ordering::SeqCst);
        let two = quiet(&config, &clock).await;
        two.beats(21..=21, json!({})).await;
        two.wait(5).await;
        two.beats(21..=21, json!({})).await;
        two.wait(3).await;
        let letters = mail.letters();
        assert_eq!(letters.len(), 1, "{letters:?}");
        let letter = &letters[0];
        assert!(letter.secured && letter.signed_in, "{letter:?}");
        assert_eq!(letter.to, ["jaringan@sinjai.example", "kepala@sinjai.example"]);
        assert!(letter.head.contains("Subject: Siaga: 20 kejadian"), "{}", letter.head);
        assert!(
            letter.head.contains("Date: Sat, 21 Nov 2026") && letter.head.contains("@c.example>"),
            "{}",
            letter.head
        );
        assert!(letter.body.contains("- Galeri 7 (gw-galeri-07): Diam sejak 16.00"), "{}", letter.body);
        assert!(letter.body.contains("Periksa listrik") && !letter.body.contains("galeri-21"), "{}", letter.body);

        // Somebody takes one; of the others they are reminded, once, after four hours.
        let first = two.office.alerts(1).await.unwrap()[0].clone();
        let words = ["alert", "take", &first.id, "--reason", "PLN padam"];
        cli_with(&config, clock.clone(), &words).await.unwrap();
        let again = cli_with(&config, clock.clone(), &words).await.unwrap_err().1;
        assert!(again.contains("tester takes care"), "{again}");
        for _ in 0..50 {
            two.beats(21..=21, json!({})).await;
            two.wait(5).await;
        }
        let letters = mail.letters();
        assert_eq!(letters.len(), 2, "{letters:?}");
        assert!(letters[1].head.contains("Masih berlangsung: 19 kejadian"), "{}", letters[1].head);

        // Light again: over after a while of looking well, told at once for all.
        for _ in 0..6 {
            two.beats(1..=21, json!({})).await;
            two.wait(1).await;
        }
        let letters = mail.letters();
        assert_eq!(letters.len(), 3, "{letters:?}");
        assert!(letters[2].head.contains("Selesai: 20 kejadian"), "{}", letters[2].head);
        let over = two.office.alerts(1).await.unwrap();
        assert!(over.len() == 20 && over.iter().all(|alert| alert.ended.is_some()));
        two.office.store().close().await;
        tasks.shutdown(Duration::from_secs(10), std::future::pending()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_trouble_is_raised_and_ends() {
    let (home, clock) = (home("kinds"), clock());
    let config = home.0.join("controller.toml");
    let address = format!("sqlite:{}", home.0.join("c.db").display());
    let key = home.0.join("backup.key");
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let backup =
        format!("[backup]\ndirectory = \"{}\"\nkey_file = \"{}\"\n", home.0.join("b").display(), key.display());
    std::fs::write(&config, config_text("127.0.0.1:0", &home.0.join("keys"), &address) + &backup).unwrap();
    let one = quiet(&config, &clock).await;
    one.furnish(1).await;
    let mut expected: Vec<(&str, Value, u64)> = vec![
        ("clock", json!({ "clock": { "trust": "doubtful", "source": "disk" } }), 11),
        ("outbox", json!({ "outbox": { "records": 50_000, "dropped": 0 } }), 11),
        ("rollout", json!({ "generation": 0 }), 16),
        ("filter", json!({ "filter": { "in_force": false } }), 4),
    ];
    for (kind, said, minutes) in expected.drain(..) {
        let open = async || {
            let open = one.office.alerts(0).await.unwrap();
            open.into_iter().filter(|one| one.ended.is_none()).map(|one| one.kind.unwrap().id()).collect::<Vec<_>>()
        };
        for _ in 0..minutes {
            one.beats(1..=1, said.clone()).await;
            one.wait(1).await;
        }
        assert_eq!(open().await, [kind]);
        if kind == "outbox" {
            for _ in 0..10 {
                one.beats(1..=1, json!({ "outbox": { "records": 6000, "dropped": 0 } })).await;
                one.wait(1).await;
            }
            assert_eq!(open().await, [kind], "it ends lower than it began");
        }
        for _ in 0..7 {
            one.beats(1..=1, json!({})).await;
            one.wait(1).await;
        }
        assert!(open().await.is_empty(), "{kind} does not end");
    }
    // No backup for two days: a new one ends it.
    clock.advance(Duration::from_hours(49));
    one.beats(1..=1, json!({})).await;
    one.look().await;
    let raised = one.office.alerts(0).await.unwrap();
    assert_eq!(
        raised.iter().filter(|one| one.ended.is_none()).map(|one| one.kind.unwrap().id()).collect::<Vec<_>>(),
        ["backup"]
    );
    one.office.back_up_wanted_or_due().await.unwrap().unwrap();
    one.look().await;
    assert!(one.office.alerts(0).await.unwrap().iter().all(|one| one.ended.is_some()));
    one.office.store().close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_goes_over_tls_and_to_a_webhook_signed() {
    let (home, tasks, clock) = (home("channels"), Tasks::new(), clock());
    let mail = PostOffice::open(&tasks, &home.0.join("trust.pem"), true).await;
    let config = home.0.join("controller.toml");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (trust, secret) = (home.0.join("hook.pem"), home.0.join("hook.secret"));
    let tls = certified(&trust);
    std::fs::write(&secret, "kunci\n").unwrap();
    let address = format!("sqlite:{}", home.0.join("c.db").display());
    let text = config_text("127.0.0.1:0", &home.0.join("keys"), &address) + &mail_of(&mail, &home.0, "tls", PASSWORD);
    let hook = format!(
        "[webhook]\nurl = \"https://127.0.0.1:{}/siaga?a=1\"\nsecret_file = \"{}\"\ntrust = \"{}\"\n",
        listener.local_addr().unwrap().port(),
        secret.display(),
        trust.display()
    );
    std::fs::write(&config, text.clone() + &hook).unwrap();
    let one = quiet(&config, &clock).await;
    assert_eq!(cli_with(&config, clock.clone(), &["alert", "try"]).await.unwrap()["channels"], 2);
    let (_, (head, body)) = tokio::join!(one.office.send_messages(), posted_to(&listener, Some(&tls), 503));
    assert!(head.starts_with("POST /siaga?a=1 HTTP/1.1\r\n"), "{head}");
    let digits = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("gapura-signature: sha256=").map(str::to_owned));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"kunci");
    let tag: Vec<u8> = digits
        .unwrap()
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    ring::hmac::verify(&key, body.as_bytes(), &tag).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["subject"], "Percobaan: pesan siaga sampai");
    assert!(mail.letters().len() == 1 && mail.letters()[0].secured && mail.letters()[0].signed_in);
    let messages = one.office.alert_messages().await.unwrap();
    let hook = messages.iter().find(|one| one.channel == "webhook").unwrap();
    assert!(hook.sent.is_none() && hook.trouble.contains("503"), "{hook:?}");
    clock.advance(Duration::from_secs(31));
    let (taken, (_, again)) = tokio::join!(one.office.send_messages(), posted_to(&listener, Some(&tls), 204));
    assert_eq!((taken.unwrap(), serde_json::from_str::<Value>(&again).unwrap()["id"].clone()), (1, body["id"].clone()));
    one.office.store().close().await;

    // A wrong password, and a server whose certificate nobody vouches for.
    for (password, pem, said) in [("keliru", "trust.pem", "535"), (PASSWORD, "hook.pem", "certificate")] {
        let text = mail_of(&mail, &home.0, "tls", password).replace("trust.pem", pem);
        let settings = toml::from_str::<toml::Value>(&text).unwrap()["mail"].clone().try_into().unwrap();
        let message =
            crate::alert::bulletin::Message { subject: "s".to_owned(), text: "t".to_owned(), alerts: Vec::new() };
        let clock: Arc<dyn Clock> = clock.clone();
        let error = post::mail(&settings, (&message, "id", "c.example"), &clock).await.unwrap_err();
        let error = gapura_model::with_causes(&error);
        assert!(error.to_lowercase().contains(said), "{error}");
    }
    assert_eq!(mail.letters().len(), 1);
    tasks.shutdown(Duration::from_secs(10), std::future::pending()).await;
}
