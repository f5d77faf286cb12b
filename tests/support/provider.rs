//! A provider of encrypted DNS that really answers: what a device turns to that wants no filter.

use std::fs;
use std::process::Stdio;

use gapura_lab::addr::DNS;
use gapura_lab::child::Guarded;
use gapura_lab::daemon::Site;

use crate::sop::{addressed, clause};

/// Leads to upstream's resolver.
pub(crate) const PROVIDER: &str = "dns.penyedia.example";

/// Three clauses, the first of them `number`: nobody but staff gets encrypted DNS from the provider, by whatever way.
pub(crate) fn no_provider(number: u8) -> String {
    let people = "scope = { except-groups = [\"staf\"] }";
    let private = format!("action = \"block\"\nservices = [\"tcp/853\", \"udp/853\"]\n{people}");
    let named = format!("action = \"block\"\nnames = [\"{PROVIDER}\"]\n{people}");
    let addresses = "action = \"block\"\naddresses = [RESOLVER]\nservices = [\"tcp/443\", \"udp/443\"]";
    let clauses = [
        clause(number, "DNS pribadi ditolak.", &private),
        clause(number + 1, "DNS lewat web ditolak.", &named),
        clause(number + 2, "DNS lewat web ditolak.", &format!("{addresses}\n{people}")),
    ];
    addressed(&clauses.concat())
}

/// unbound at upstream's resolver's addresses, over TLS and HTTPS; it asks the lab's resolver.
pub(crate) fn open(site: &Site) -> Guarded {
    let dir = site.lab().dir().join("provider");
    fs::create_dir_all(&dir).unwrap();
    let certified =
        rcgen::generate_simple_self_signed([PROVIDER.to_owned(), DNS.0.to_string(), DNS.1.to_string()]).unwrap();
    fs::write(dir.join("chain.pem"), certified.cert.pem()).unwrap();
    fs::write(dir.join("key.pem"), certified.signing_key.serialize_pem()).unwrap();
    let place = dir.display();
    let (v4, v6) = DNS;
    let config = format!(
        "server:\n  directory: \"{place}\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  \
         do-daemonize: no\n  log-queries: yes\n  module-config: \"iterator\"\n  access-control: 0.0.0.0/0 allow\n  access-control: ::/0 allow\n  \
         interface: {v4}@853\n  interface: {v4}@443\n  interface: {v6}@853\n  interface: {v6}@443\n  tls-port: 853\n  \
         https-port: 443\n  tls-service-pem: \"{place}/chain.pem\"\n  tls-service-key: \"{place}/key.pem\"\n\
         remote-control:\n  control-enable: no\nforward-zone:\n  name: \".\"\n  forward-addr: {v4}\n"
    );
    let file = dir.join("unbound.conf");
    fs::write(&file, config).unwrap();
    let said = fs::File::create(dir.join("log")).unwrap();
    let mut command = site.lab().internet().command("/usr/sbin/unbound");
    command.args(["-d", "-c"]).arg(&file).stdin(Stdio::null()).stderr(said);
    Guarded::start(command).unwrap()
}

/// What the provider wrote down: a line for every question.
pub(crate) fn log(site: &Site) -> String {
    fs::read_to_string(site.lab().dir().join("provider/log")).unwrap_or_default()
}
