//! A controller on loopback, its command line, and routers around it; on either database.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use gapura_runtime::{Clock, Exit, ManualClock, Tasks};
use gapura_wire::EnrolAnswer;
use serde_json::Value;

use super::client::Router;
use crate::commands::{ControllerArgs, run};
use crate::{Serving, load_config, serve};

#[path = "../../../tests/support/postgres.rs"]
pub(crate) mod postgres;

pub(crate) const SITE: &str = r#"
name = "Galeri Internet Sinjai"
kind = "gallery"
agency = "Diskominfo Sinjai"
regency = "sinjai"
contact = "Petugas di loket, 0482-21000"
one-tap-plan = "umum"
hours = { zone = "Asia/Makassar", weekly = { mon = ["08.00-22.00"] } }
ways = { one-tap = true, voucher = true, account = true }
uplink = { up = 10_000_000, down = 20_000_000 }
garden = [{ to = "bpjs-kesehatan.go.id" }, { to = "203.0.113.0/24", ports = [443] }]
devices = [{ mac = "02:00:5e:10:00:09", role = "blocked", label = "mengganggu" }]

[terms]
version = "2026-1"
effective = "2026-01-01"
text = { id = "Gunakan dengan sopan.", en = "Be kind." }
"#;

pub(crate) const PLANS: &str = r#"
[[plan]]
id = "umum"
name = "Umum"
visit = { time = "2h" }

[[plan]]
id = "pelajar"
name = "Pelajar"
"#;

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) serving: Serving,
    pub(crate) tasks: Tasks,
    directory: PathBuf,
    config: PathBuf,
    database: String,
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: ControllerArgs,
}

/// Plays `story` over IPv4 and SQLite, then over IPv6 and PostgreSQL.
pub(crate) async fn on_both<F: Future<Output = ()>>(name: &str, story: impl Fn(Arc<World>) -> F) {
    on_both_with(name, &[], story).await;
}

/// The same, with files beside the configuration; one called `lists.toml` is the catalogue of lists.
pub(crate) async fn on_both_with<F: Future<Output = ()>>(
    name: &str,
    files: &[(&str, &str)],
    story: impl Fn(Arc<World>) -> F,
) {
    let directory = std::env::temp_dir().join(format!("gapura-controller-{}-{name}", std::process::id()));
    let _gone_with_the_test = Gone(directory.clone());
    let database = postgres::database();
    let kinds = [
        ("127.0.0.1:0", format!("sqlite:{}", directory.join("controller.db").display())),
        ("[::1]:0", database.address.clone()),
    ];
    for (listen, address) in kinds {
        let world = Arc::new(World::start(directory.clone(), files, listen, &address).await);
        story(world.clone()).await;
        let left = world.tasks.shutdown(Duration::from_secs(10), std::future::pending()).await;
        assert_eq!(left, gapura_runtime::Left::default());
        world.serving.office.store().close().await;
        std::fs::remove_dir_all(&directory).unwrap();
    }
}

/// A controller's configuration, for one beside the world's own.
pub(crate) fn config_text(listen: &str, data: &std::path::Path, database: &str) -> String {
    format!(
        "[controller]\nlisten = \"{listen}\"\npublic_name = \"c.example\"\ndata_dir = \"{}\"\ndatabase = \"{database}\"\n",
        data.display()
    )
}

/// A command of a controller whose configuration is in `config`; JSON.
pub(crate) async fn cli_with(
    config: &std::path::Path,
    clock: Arc<dyn Clock>,
    words: &[&str],
) -> Result<Value, (Exit, String)> {
    let config = config.display().to_string();
    let all = ["controller", "--config", &config, "--json", "--by", "tester"].into_iter().chain(words.iter().copied());
    let args = Cli::try_parse_from(all).map_err(|error| (Exit::Usage, error.to_string()))?.args;
    let command = args.command.clone().unwrap();
    let mut out = Vec::new();
    match Box::pin(run(&args, &command, clock, &mut out)).await {
        Ok(()) => Ok(serde_json::from_slice(&out).unwrap()),
        Err(error) => Err((error.exit(), gapura_model::with_causes(&error))),
    }
}

/// A directory that is removed also when the test fails.
struct Gone(PathBuf);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl World {
    async fn start(directory: PathBuf, files: &[(&str, &str)], listen: &str, database: &str) -> Self {
        std::fs::create_dir(&directory).unwrap();
        for (name, text) in files {
            std::fs::write(directory.join(name), text).unwrap();
        }
        let lists = files.iter().find(|(name, _)| *name == "lists.toml");
        let lists =
            lists.map_or_else(String::new, |(name, _)| format!("lists = \"{}\"\n", directory.join(name).display()));
        let config = directory.join("controller.toml");
        let data = directory.join("keys");
        let text = format!(
            "[controller]\nlisten = \"{listen}\"\npublic_name = \"c.example\"\ndata_dir = \"{}\"\ndatabase = \"{database}\"\n{lists}",
            data.display()
        );
        std::fs::write(&config, text).unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-21T08:00:00Z".parse().unwrap()));
        let tasks = Tasks::new();
        let serving = serve(&load_config(&config).unwrap(), clock.clone(), &tasks).await.unwrap();
        Self { clock, serving, tasks, directory, config, database: database.to_owned() }
    }

    /// Runs a command as another process would, on a database connection of its own; JSON.
    pub(crate) async fn cli(&self, words: &[&str]) -> Value {
        self.try_cli(words).await.unwrap()
    }

    pub(crate) async fn try_cli(&self, words: &[&str]) -> Result<Value, (Exit, String)> {
        cli_with(&self.config, self.clock.clone(), words).await
    }

    /// Where its database is.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    pub(crate) fn directory(&self) -> &std::path::Path {
        &self.directory
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.directory.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Two plans and a site.
    pub(crate) async fn furnish(&self) {
        let (plans, site) = (self.file("plans.toml", PLANS), self.file("site.toml", SITE));
        self.cli(&["plan", "set", "--file", &plans]).await;
        self.cli(&["site", "set", "galeri", "--file", &site]).await;
    }

    pub(crate) fn stranger(&self) -> Router {
        Router::new(self.serving.address, self.serving.office.keys().pin())
    }

    /// A router that was taken in: code, request, approval, certificate.
    pub(crate) async fn member(&self, more: &[&str]) -> (Router, EnrolAnswer) {
        self.take_in(&[&["--site", "galeri"], more].concat()).await
    }

    /// The same at another site.
    pub(crate) async fn member_of(&self, site: &str) -> (Router, EnrolAnswer) {
        self.take_in(&["--site", site]).await
    }

    async fn take_in(&self, more: &[&str]) -> (Router, EnrolAnswer) {
        let mut router = self.stranger();
        let words: Vec<&str> = ["gateway", "code"].into_iter().chain(more.iter().copied()).collect();
        let made = self.cli(&words).await;
        let code = made["code"].as_str().unwrap();
        assert!(matches!(router.enrol(code).await, EnrolAnswer::Pending { .. }));
        let waiting = self.cli(&["gateway", "pending"]).await;
        let waiting = waiting.as_array().unwrap().iter().find(|one| one["state"] == "pending").unwrap().clone();
        assert_eq!(waiting["hostname"], "router", "control characters are dropped");
        self.cli(&["gateway", "approve", waiting["id"].as_str().unwrap()]).await;
        let answer = router.enrol(code).await;
        let EnrolAnswer::Approved { certificate_pem, .. } = &answer else { panic!("{answer:?}") };
        router.take_certificate(certificate_pem);
        (router, answer)
    }
}
