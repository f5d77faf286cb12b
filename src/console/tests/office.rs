//! A department with two sites behind a console on loopback, and people of every role.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gapura_controller::{Actor, AuditSearch, Grant, Office, PersonOrder, PlanFile, SiteDocument, VisitRow};
use gapura_model::Secret;
use gapura_runtime::{Clock as _, ManualClock, Tasks};
use ring::hmac;

use super::browser::Browser;

pub(super) const PASSWORD: &str = "kuda makan rumput laut";

const PLANS: &str = "[[plan]]\nid = \"umum\"\nname = \"Umum\"\n";

const SITE: &str = r#"
name = "Galeri Internet"
kind = "gallery"
agency = "AGENCY"
regency = "REGENCY"
contact = "Petugas di loket"
hours = { zone = "Asia/Makassar", weekly = { mon = ["08.00-22.00"] } }
ways = { voucher = true }
uplink = { up = 10_000_000, down = 20_000_000 }
"#;

/// A department.
pub(super) struct Department {
    pub(super) clock: Arc<ManualClock>,
    pub(super) office: Office,
    pub(super) console: crate::Serving,
    tasks: Tasks,
    directory: PathBuf,
}

pub(super) fn root() -> Actor {
    Actor { name: "root".to_owned(), reason: String::new() }
}

impl Department {
    /// Sites `galeri` (agency Kominfo, regency Sinjai) and `seberang` (agency Pendidikan, regency Bone).
    pub(super) async fn open(name: &str) -> Self {
        Self::open_with(name, "").await
    }

    /// The same, with more in the configuration.
    pub(super) async fn open_with(name: &str, more: &str) -> Self {
        Self::open_where(name, more, &[]).await
    }

    /// The same with files beside the configuration, one of them the catalogue `lists.toml`.
    pub(super) async fn open_lists(name: &str, files: &[(&str, String)]) -> Self {
        Self::open_where(name, "", files).await
    }

    async fn open_where(name: &str, more: &str, files: &[(&str, String)]) -> Self {
        let directory = std::env::temp_dir().join(format!("gapura-console-{}-{name}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        for (name, text) in files {
            std::fs::write(directory.join(name), text).unwrap();
        }
        let lists = if files.is_empty() {
            String::new()
        } else {
            format!("lists = \"{}\"\n", directory.join("lists.toml").display())
        };
        let config = directory.join("controller.toml");
        let text = format!(
            "[controller]\nlisten = \"127.0.0.1:0\"\npublic_name = \"c.example\"\ndata_dir = \"{0}/keys\"\n\
             database = \"sqlite:{0}/controller.db\"\n{lists}[console]\nlisten = \"127.0.0.1:0\"\npublic_name = \"konsol.example\"\n{more}",
            directory.display()
        );
        std::fs::write(&config, text).unwrap();
        let config = gapura_controller::load_config(&config).unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap()));
        let tasks = Tasks::new();
        let office = gapura_controller::serve(&config, clock.clone(), &tasks).await.unwrap().office;
        let console = crate::serve(config.console.as_ref().unwrap(), &office, &tasks).await.unwrap();
        let plans: PlanFile = toml::from_str(PLANS).unwrap();
        office.set_plans(&plans, &root()).await.unwrap();
        for (site, agency, regency) in [("galeri", "Kominfo", "Sinjai"), ("seberang", "Pendidikan", "Bone")] {
            let text = SITE.replace("AGENCY", agency).replace("REGENCY", regency);
            let document: SiteDocument = toml::from_str(&text).unwrap();
            office.set_site(&site.parse().unwrap(), &document, &root()).await.unwrap();
        }
        Self { clock, office, console, tasks, directory }
    }

    pub(super) async fn close(self) {
        let left = self.tasks.shutdown(Duration::from_secs(10), std::future::pending()).await;
        assert_eq!(left, gapura_runtime::Left::default());
        self.office.store().close().await;
        std::fs::remove_dir_all(&self.directory).unwrap();
    }

    /// Writes a file beside the configuration.
    pub(super) fn put(&self, name: &str, text: &str) {
        std::fs::write(self.directory.join(name), text).unwrap();
    }

    /// The whole audit log, to be searched for words.
    pub(super) async fn log(&self) -> String {
        let (from, until) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        let all = AuditSearch { before: i64::MAX, from, until, actor: "", object: "", limit: 1000 };
        format!("{:?}", self.office.audit_rows(&all).await.unwrap())
    }

    /// The authority that browsers trust here (PEM).
    pub(super) fn authority(&self) -> Vec<u8> {
        std::fs::read(self.directory.join("keys/fleet.pem")).unwrap()
    }

    pub(super) fn browser(&self) -> Browser {
        Browser::new(self.console.address, &self.authority())
    }

    /// Somebody with these roles; the secret of the second factor where one is needed.
    pub(super) async fn add(&self, name: &str, grants: Vec<Grant>) -> Option<Vec<u8>> {
        let needs = grants.iter().any(|grant| grant.role.needs_second_factor());
        let name: gapura_controller::StaffName = name.parse().unwrap();
        let (title, lang) = ("Petugas".to_owned(), "id".to_owned());
        let order = PersonOrder { name: name.clone(), title, lang, grants, subject: None };
        self.office.add_person(&order, Some(Secret::new(PASSWORD.to_owned())), &root()).await.unwrap();
        if !needs {
            return None;
        }
        let (shown, _) = self.office.give_totp(&name, &root()).await.unwrap();
        Some(secret_of(&shown.groups))
    }

    /// Signs in through the pages.
    pub(super) async fn sign_in(&self, browser: &mut Browser, name: &str, secret: Option<&[u8]>) {
        let mut answer = browser.post("/masuk", &[("nama", name), ("sandi", PASSWORD)]).await;
        if answer.status == 429 {
            // Others guessed from this address: whoever waits is heard.
            let seconds = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            self.clock.advance(Duration::from_secs(seconds));
            answer = browser.post("/masuk", &[("nama", name), ("sandi", PASSWORD)]).await;
        }
        assert_eq!(answer.status, 303, "{name}: {}", answer.text);
        if let Some(secret) = secret {
            assert_eq!(answer.location(), "/masuk/kode");
            // Each code is good once.
            self.clock.advance(Duration::from_secs(30));
            let code = self.code(secret);
            let answer = browser.post("/masuk/kode", &[("kode", &code)]).await;
            assert_eq!((answer.status, answer.location()), (303, "/"), "{name}: {}", answer.text);
        }
    }

    /// What a telephone shows now (RFC 6238).
    pub(super) fn code(&self, secret: &[u8]) -> String {
        let step = self.clock.now().wall.as_second() / 30;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let at = usize::from(tag.as_ref()[19] & 15);
        let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }
}

/// A visit that was stored.
pub(super) fn visit(id: &str, site: &str, started: i64, bytes_down: i64) -> VisitRow {
    VisitRow {
        address: None,
        nat: None,
        site: site.to_owned(),
        visit: id.to_owned(),
        gateway: "gw-1".to_owned(),
        revision: 1,
        device: "0123456789abcdef".to_owned(),
        device_local: 0,
        holder: None,
        way: "staff".to_owned(),
        terms: None,
        terms_sha256: None,
        plan: "umum".to_owned(),
        generation: 1,
        started,
        clock: "trusted".to_owned(),
        told: started,
        bytes_up: 0,
        bytes_down,
        seconds: 60,
        ended: None,
        cause: None,
    }
}

/// A secret as it is typed (RFC 4648 section 6).
pub(super) fn secret_of(groups: &str) -> Vec<u8> {
    let value = |c: u8| if c >= b'A' { c - b'A' } else { c - b'2' + 26 };
    let letters = groups.bytes().filter(|c| *c != b' ');
    let bits: Vec<bool> = letters.flat_map(|c| (0..5).rev().map(move |bit| value(c) >> bit & 1 == 1)).collect();
    let octet = |bits: &[bool]| bits.iter().fold(0_u8, |octet, bit| octet << 1 | u8::from(*bit));
    bits.chunks_exact(8).map(octet).collect()
}
