//! The controller's configuration file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use gapura_rules::hours::Zone;
use gapura_runtime::settings::{self, SettingsError};
use serde::Deserialize;

use crate::backup::{BackupError, Secret};

/// `controller.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The gateways' API and the database.
    pub controller: Controller,
    /// The staff's console; without this table there is none.
    #[serde(default)]
    pub console: Option<Console>,
    /// How staff sign in.
    #[serde(default)]
    pub staff: StaffSection,
    /// Scheduled backups; without it none are made.
    #[serde(default)]
    pub backup: Option<Backup>,
    /// Where requests are told of; without this table nowhere.
    #[serde(default)]
    pub requests: Option<Requests>,
    /// When people are told of what is wrong in the fleet.
    #[serde(default)]
    pub alerts: Alerts,
    /// How long kinds of records are kept.
    #[serde(default)]
    pub retention: Retention,
    /// E-mail about alerts; without it none is sent.
    #[serde(default)]
    pub mail: Option<Mail>,
    /// A program that is told of alerts.
    #[serde(default)]
    pub webhook: Option<Webhook>,
    /// Figures for Prometheus; without this table they are served nowhere.
    #[serde(default)]
    pub metrics: Option<Metrics>,
    /// The department's identity provider (OpenID Connect), which staff may sign in with besides.
    #[serde(default)]
    pub sso: Option<SsoSection>,
}

/// The table `[requests]`: the province's complaint system is told what happens to requests.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// Its address, `https://..`.
    pub webhook: String,
    /// A file with the secret that is shown there (`Authorization: Bearer ..`).
    pub secret: PathBuf,
    /// Certificates (PEM) of those whose word is taken for who it is.
    #[serde(default = "lists_trust")]
    pub trust: PathBuf,
}

/// The table `[alerts]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// What is raised within so many seconds is told in one message.
    #[serde(default = "window_seconds")]
    pub window_seconds: u16,
    /// What nobody takes care of is told again after so many hours.
    #[serde(default = "remind_hours")]
    pub remind_hours: u16,
    /// A gateway of a gallery, hotspot or PLIK may be silent for so many minutes.
    #[serde(default = "silent_minutes")]
    pub silent_minutes: u16,
    /// One of a telecenter or MPLIK for so many hours: they live with days without uplink.
    #[serde(default = "silent_remote_hours")]
    pub silent_remote_hours: u16,
    /// The language of messages: `id` or `en`.
    #[serde(default = "lang")]
    pub lang: String,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            window_seconds: window_seconds(),
            remind_hours: remind_hours(),
            silent_minutes: silent_minutes(),
            silent_remote_hours: silent_remote_hours(),
            lang: lang(),
        }
    }
}

const fn window_seconds() -> u16 {
    120
}

const fn remind_hours() -> u16 {
    4
}

const fn silent_minutes() -> u16 {
    10
}

const fn silent_remote_hours() -> u16 {
    24
}

fn lang() -> String {
    "id".to_owned()
}

/// The table `[retention]`: for how many days kinds of records are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Visits, with the pseudonym keys of their months, so many days after the month's end: 30 to 365.
    pub visits_days: u16,
    /// Counts of gateways, after the month's end: 62 to 3650.
    pub tallies_days: u16,
    /// Outages, after the month's end: 62 to 3650.
    pub outages_days: u16,
    /// Contacts with requests and appeals, after their answer: 1 to 7.
    pub contacts_days: u16,
    /// What citizens wrote, after its answer: 30 to 90.
    pub words_days: u16,
    /// What citizens wrote and nobody answered: 90 to 365.
    pub unanswered_days: u16,
    /// Orders of the counter, queue tickets, classes: 30 to 90.
    pub desk_days: u16,
    /// What drafts of SOPs would have done: 14 to 90.
    pub trials_days: u16,
    /// How often clauses refused: 62 to 3650.
    pub counts_days: u16,
    /// Balances that routers do not tell any more: 180 to 1825.
    pub balances_days: u16,
    /// Which batches came in runs of routers that are over: 30 to 365.
    pub batches_days: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            visits_days: 90,
            tallies_days: 400,
            outages_days: 400,
            contacts_days: 7,
            words_days: 90,
            unanswered_days: 365,
            desk_days: 90,
            trials_days: 90,
            counts_days: 400,
            balances_days: 365,
            batches_days: 90,
        }
    }
}

/// The table `[mail]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The mail server's name; it stands in its certificate.
    pub server: String,
    /// Its port: 587 for STARTTLS, 465 for TLS.
    #[serde(default = "mail_port")]
    pub port: u16,
    /// How the connection is secured.
    #[serde(default)]
    pub security: MailSecurity,
    /// The name to sign in with.
    #[serde(default)]
    pub user: Option<String>,
    /// A file that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Who it is from, for example `Gapura <gapura@sinjai.example>`.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
    /// Certificates (PEM) of those whose word is taken for the mail server.
    #[serde(default = "lists_trust")]
    pub trust: PathBuf,
}

/// How a connection to a mail server is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailSecurity {
    /// STARTTLS (RFC 3207); refused by a server without it.
    #[default]
    Starttls,
    /// TLS from the first octet (RFC 8314).
    Tls,
    /// None: only for a server on this machine.
    None,
}

const fn mail_port() -> u16 {
    587
}

/// The table `[webhook]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where alerts are posted as JSON, `https://..`, or `http://..` within the house.
    pub url: String,
    /// A file with a secret: posts are signed with it (`Gapura-Signature: sha256=..`, HMAC of the body).
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// Certificates (PEM) of those whose word is taken for its server.
    #[serde(default = "lists_trust")]
    pub trust: PathBuf,
}

/// The table `[console]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    /// Where staff's browsers connect, for example `[::]:443`.
    pub listen: SocketAddr,
    /// The name or address in staff's browsers.
    pub public_name: String,
    /// Its certificate chain (PEM), leaf first; read again on SIGHUP. Without it the fleet's own authority gives one, which
    /// browsers do not know.
    #[serde(default)]
    pub certificate: Option<PathBuf>,
    /// The key of that certificate (PEM, PKCS #8).
    #[serde(default)]
    pub key: Option<PathBuf>,
    /// The department that runs the service, as pages name it.
    #[serde(default = "department")]
    pub department: String,
    /// Whom staff ask when they cannot sign in.
    #[serde(default)]
    pub contact: Option<String>,
    /// The time zone of pages that are about no single site; default: "Asia/Jakarta" (WIB).
    #[serde(default)]
    pub zone: Option<Zone>,
    /// The public page of sites and hours (`/publik`), which anybody who reaches the console reads without signing in.
    #[serde(default = "public_page")]
    pub public_page: bool,
    /// Sites, by their ids, that the public page leaves out.
    #[serde(default)]
    pub unlisted: Vec<String>,
    /// Connections at once; further ones wait in the kernel's queue.
    #[serde(default = "console_connections")]
    pub connections: usize,
    /// Connections of one address at once (of IPv6, one /64); a quarter of `connections` where nothing is said. As many as
    /// `connections` where everybody comes through one proxy.
    #[serde(default)]
    pub connections_per_address: Option<usize>,
}

impl Console {
    /// Connections of one address at once.
    #[must_use]
    pub fn per_address(&self) -> usize {
        self.connections_per_address.unwrap_or_else(|| (self.connections / 4).max(FEWEST))
    }
}

/// Less than so many connections of one address would break one browser's page.
const FEWEST: usize = 8;

fn department() -> String {
    "Dinas Komunikasi dan Informatika".to_owned()
}

const fn public_page() -> bool {
    true
}

const fn console_connections() -> usize {
    512
}

/// The table `[metrics]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Where `GET /metrics` is answered, without any sign-in: this machine, or one address of a management network.
    pub listen: SocketAddr,
}

/// The table `[backup]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Where backups go, for example `/var/backups/gapura`: better another disk or a mounted share.
    pub directory: PathBuf,
    /// The key they are sealed with (`gapura controller backup-key FILE`); this or `passphrase_file`.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// A file with a passphrase of 16 or more characters.
    #[serde(default)]
    pub passphrase_file: Option<PathBuf>,
    /// One is made every so many hours.
    #[serde(default = "every_hours")]
    pub every_hours: u16,
    /// So many are kept.
    #[serde(default = "keep")]
    pub keep: u16,
}

const fn every_hours() -> u16 {
    24
}

const fn keep() -> u16 {
    14
}

impl Backup {
    /// The secret it names.
    pub fn secret(&self) -> Result<Secret, BackupError> {
        Secret::read(self.key_file.as_deref(), self.passphrase_file.as_deref())
    }
}

/// The table `[controller]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// Where gateways connect, for example `[::]:8443`.
    pub listen: SocketAddr,
    /// The name or address gateways use; stands in the certificate and in what `gateway code` prints.
    pub public_name: String,
    /// Where the fleet's keys are kept, mode 0700, for example `/var/lib/gapura-controller`.
    pub data_dir: PathBuf,
    /// `sqlite:/path/to/file.db` or `postgres://user@host/name`.
    pub database: String,
    /// The catalogue of filter lists (`lists.toml`), whose lists are fetched every hour; read again on SIGHUP. Without it none
    /// are.
    #[serde(default)]
    pub lists: Option<PathBuf>,
    /// Certificates (PEM) of those whose word is taken for where lists come from.
    #[serde(default = "lists_trust")]
    pub lists_trust: PathBuf,
    /// Connections at once; further ones wait in the kernel's queue.
    #[serde(default = "connections")]
    pub connections: usize,
}

/// The table `[staff]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StaffSection {
    /// Whoever does nothing for so many minutes is signed out, from 1 to 720.
    pub idle_minutes: u16,
    /// Passwords that became known, as SHA-1 in the form in which Have I Been Pwned gives them for download; beside the small
    /// list in the program.
    pub breached_passwords: Option<PathBuf>,
}

/// The table `[sso]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsoSection {
    /// The provider's issuer identifier, an https address.
    pub issuer: String,
    /// What the provider knows this console by.
    pub client_id: String,
    /// A file with the client's secret; without it the client is a public one, which PKCE protects.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// Where the provider sends browsers back to: the console's address and `/masuk/sso`.
    pub redirect: String,
    /// The claim that says who somebody is; an `email` counts only where the provider has verified it.
    #[serde(default = "sso_claim")]
    pub claim: String,
    /// Certificates (PEM) of those whose word is taken for the provider's address.
    #[serde(default = "lists_trust")]
    pub trust: PathBuf,
}

fn sso_claim() -> String {
    "sub".to_owned()
}

impl Default for StaffSection {
    fn default() -> Self {
        Self { idle_minutes: 30, breached_passwords: None }
    }
}

const fn connections() -> usize {
    2048
}

fn lists_trust() -> PathBuf {
    PathBuf::from("/etc/ssl/certs/ca-certificates.crt")
}

/// Reads a configuration file; every mistake at once, with line and column.
pub fn load(path: &Path) -> Result<Config, SettingsError> {
    settings::load(path, mistakes)
}

fn mistakes(config: &Config) -> Vec<String> {
    let Controller { public_name, data_dir, database, connections, lists, lists_trust, .. } = &config.controller;
    let mut found = Vec::new();
    if !is_host(public_name) {
        found.push("controller.public_name: write a host name or an address, without https:// and port".to_owned());
    }
    if !data_dir.is_absolute() {
        found.push("controller.data_dir: write an absolute path".to_owned());
    }
    if lists.as_ref().is_some_and(|path| !path.is_absolute()) || !lists_trust.is_absolute() {
        found.push("controller.lists, controller.lists_trust: write absolute paths".to_owned());
    }
    if !["sqlite:", "postgres:", "postgresql:"].iter().any(|scheme| database.starts_with(scheme)) {
        found.push("controller.database: write sqlite:/path/to/file.db or postgres://user@host/name".to_owned());
    }
    if !(16..=65536).contains(connections) {
        found.push("controller.connections: write a number from 16 to 65536".to_owned());
    }
    found.extend(config.console.iter().flat_map(console_mistakes));
    found.extend(config.sso.iter().flat_map(sso_mistakes));
    let StaffSection { idle_minutes, breached_passwords } = &config.staff;
    if !(1..=720).contains(idle_minutes) {
        found.push("staff.idle_minutes: write a number from 1 to 720".to_owned());
    }
    if breached_passwords.as_ref().is_some_and(|path| !path.is_absolute()) {
        found.push("staff.breached_passwords: write an absolute path".to_owned());
    }
    if let Some(Backup { directory, key_file, passphrase_file, every_hours, keep }) = &config.backup {
        let paths = key_file.iter().chain(passphrase_file).chain([directory]);
        if paths.into_iter().any(|path| !path.is_absolute()) {
            found.push("backup.directory, backup.key_file, backup.passphrase_file: write absolute paths".to_owned());
        }
        if key_file.is_some() == passphrase_file.is_some() {
            found.push("backup: write either key_file or passphrase_file".to_owned());
        }
        if !(1..=720).contains(every_hours) || !(1..=1000).contains(keep) {
            found.push("backup.every_hours: 1 to 720; backup.keep: 1 to 1000".to_owned());
        }
    }
    if let Some(requests) = &config.requests {
        if !requests.webhook.starts_with("https://") {
            found.push("requests.webhook: write an address with https://".to_owned());
        }
        if !requests.secret.is_absolute() || !requests.trust.is_absolute() {
            found.push("requests.secret, requests.trust: write absolute paths".to_owned());
        }
    }
    found.extend(config.retention.mistakes());
    found.extend(mistakes_of_alerts(config));
    if config.metrics.as_ref().is_some_and(|metrics| metrics.listen.ip().is_unspecified()) {
        found.push("metrics.listen: write one address, for example 127.0.0.1:9465".to_owned());
    }
    found
}

fn mistakes_of_alerts(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let Alerts { window_seconds, remind_hours, silent_minutes, silent_remote_hours, lang } = &config.alerts;
    if !(0..=3600).contains(window_seconds) || [remind_hours, silent_minutes, silent_remote_hours].contains(&&0) {
        found.push("alerts: window_seconds is 0 to 3600, the others are at least 1".to_owned());
    }
    if !["id", "en"].contains(&lang.as_str()) {
        found.push("alerts.lang: write id or en".to_owned());
    }
    if let Some(mail) = &config.mail {
        if mail.to.is_empty() || mail.to.iter().chain([&mail.from]).any(|address| !address.contains('@')) {
            found.push(
                "mail.from, mail.to: write addresses, for example \"Jaringan <jaringan@sinjai.example>\"".to_owned(),
            );
        }
        if mail.user.is_some() != mail.password_file.is_some() {
            found.push("mail: user and password_file belong together".to_owned());
        }
        if mail.user.is_some() && mail.security == MailSecurity::None {
            found.push("mail.security: no password is sent without TLS".to_owned());
        }
    }
    if config
        .webhook
        .as_ref()
        .is_some_and(|webhook| !["https://", "http://"].iter().any(|start| webhook.url.starts_with(start)))
    {
        found.push("webhook.url: write https://.., or http://.. within the house".to_owned());
    }
    found
}

fn sso_mistakes(sso: &SsoSection) -> Vec<String> {
    let mut found = Vec::new();
    if !sso.issuer.starts_with("https://") {
        found.push("sso.issuer: write an address that begins with https://".to_owned());
    }
    if !sso.redirect.starts_with("https://") || !sso.redirect.ends_with("/masuk/sso") {
        found.push("sso.redirect: write the console's address, with https:// before and /masuk/sso behind".to_owned());
    }
    if sso.client_id.trim().is_empty() || sso.claim.trim().is_empty() {
        found.push("sso.client_id, sso.claim: must not be empty".to_owned());
    }
    if sso.client_secret_file.iter().chain([&sso.trust]).any(|path| !path.is_absolute()) {
        found.push("sso.client_secret_file, sso.trust: write absolute paths".to_owned());
    }
    found
}

fn console_mistakes(console: &Console) -> Vec<String> {
    let mut found = Vec::new();
    if !is_host(&console.public_name) {
        found.push("console.public_name: write a host name or an address, without https:// and port".to_owned());
    }
    if console.certificate.is_some() != console.key.is_some() {
        found.push("console.certificate, console.key: write both or neither".to_owned());
    }
    if [&console.certificate, &console.key].into_iter().flatten().any(|path| !path.is_absolute()) {
        found.push("console.certificate, console.key: write absolute paths".to_owned());
    }
    if console.department.trim().is_empty() {
        found.push("console.department: write the department's name".to_owned());
    }
    if !(16..=65536).contains(&console.connections) {
        found.push("console.connections: write a number from 16 to 65536".to_owned());
    }
    if console.connections_per_address.is_some_and(|each| !(FEWEST..=console.connections).contains(&each)) {
        found.push("console.connections_per_address: write a number from 8 to that of console.connections".to_owned());
    }
    found
}

fn is_host(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && !name.contains(|c: char| c.is_whitespace() || c == '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_reported_at_once() {
        let path = std::env::temp_dir().join(format!("gapura-controller-config-{}.toml", std::process::id()));
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            load(&path).map_err(|error| error.to_string())
        };
        let good = "[controller]\nlisten = \"[::]:8443\"\npublic_name = \"c.example\"\ndata_dir = \"/var/lib/g\"\ndatabase = \"sqlite:/x.db\"\n";
        assert_eq!(read(good).unwrap().controller.connections, 2048);
        let wrong = read(
            "[controller]\nlisten = \"here\"\npublic_name = \"c\"\ndata_dir = \"/g\"\ndatabase = \"x\"\nport = 1\n",
        );
        let wrong = wrong.unwrap_err();
        assert!(wrong.contains("2:10") && wrong.contains("6:1") && wrong.contains("port"), "{wrong}");
        let wrong = read(&good.replace("/var", "var").replace("sqlite", "mysql")).unwrap_err();
        assert!(wrong.contains("data_dir") && wrong.contains("database"), "{wrong}");
        std::fs::remove_file(&path).unwrap();
    }
}
