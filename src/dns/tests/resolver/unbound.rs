//! unbound as the upstream over TLS and over HTTPS, with a signed zone; dig and delv as clients.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::programs::dig;
use crate::secure::*;
use crate::support::*;

/// The zone as it is served, and the key it is signed with.
const ZONE: &str = include_str!("signed.zone");
const ANCHOR: &str =
    "257 3 13 RYPv+FDtHAOYkk34/5dwSm1xQXYl5uMoDDh76utXrvTvXkH7RqOzadrHah4qn53z07HgWVRr2thgxU1HVCHIjg==";

/// unbound with its files, gone when dropped.
struct Unbound {
    child: Child,
    directory: PathBuf,
    tls: SocketAddr,
    https: SocketAddr,
}

impl Unbound {
    fn start(certificate: &Certificate) -> Self {
        // Another test may take a port in between.
        (0..10).find_map(|_| Self::try_start(certificate)).expect("unbound listens")
    }

    fn try_start(certificate: &Certificate) -> Option<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("gapura-unbound-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let place = directory.display();
        let (chain, key) = certificate.pem();
        for (name, text) in [("chain.pem", &*chain), ("key.pem", &*key), ("zone", ZONE)] {
            std::fs::write(directory.join(name), text).unwrap();
        }
        let free = || TcpListener::bind((V4, 0)).unwrap();
        let (one, other) = (free(), free());
        let (tls, https) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        drop((one, other));
        let config = format!(
            "server:\n  directory: \"{place}\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n\
             \x20 do-daemonize: no\n  interface: 127.0.0.1@{0}\n  interface: 127.0.0.1@{1}\n  tls-port: {0}\n\
             \x20 https-port: {1}\n  tls-service-pem: \"{place}/chain.pem\"\n  tls-service-key: \"{place}/key.pem\"\n\
             \x20 local-zone: \"test.\" nodefault\n  trust-anchor: \"sinjaikab.test. DNSKEY {ANCHOR}\"\n\
             remote-control:\n  control-enable: no\n\
             auth-zone:\n  name: \"sinjaikab.test\"\n  zonefile: \"{place}/zone\"\n  for-downstream: no\n  for-upstream: yes\n",
            tls.port(),
            https.port(),
        );
        std::fs::write(directory.join("unbound.conf"), config).unwrap();
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let child = Command::new("/usr/sbin/unbound")
            .args(["-d", "-c"])
            .arg(directory.join("unbound.conf"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("unbound is installed");
        let mut started = Self { child, directory, tls, https };
        let mut ended = false;
        until_long("unbound listens or ends", || {
            ended = started.child.try_wait().unwrap().is_some();
            ended || TcpStream::connect(tls).is_ok() && TcpStream::connect(https).is_ok()
        });
        (!ended).then_some(started)
    }

    fn anchors(&self) -> PathBuf {
        let path = self.directory.join("anchors");
        let (flags, key) = ANCHOR.rsplit_once(' ').unwrap();
        std::fs::write(&path, format!("trust-anchors {{ sinjaikab.test. static-key {flags} \"{key}\"; }};\n")).unwrap();
        path
    }
}

impl Drop for Unbound {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

#[test]
fn signed_answers_of_unbound_pass_untouched_over_tls_and_https() {
    let authority = Authority::new();
    let certificate = authority.issue(NAME);
    let unbound = Unbound::start(&certificate);
    let anchors = unbound.anchors();
    for stated in [
        format!("tls://{NAME}@{}", unbound.tls),
        format!("https://{NAME}/dns-query@{}", unbound.https),
        format!("tls://{}{}", unbound.tls, certificate.pin()),
    ] {
        let site = authority.site(std::slice::from_ref(&stated));
        for server in [site.v4, site.v6] {
            assert_eq!(dig(server, &["+short", "www.sinjaikab.test"]).trim(), "192.0.2.80", "{stated}");
            assert_eq!(dig(server, &["+short", "+tcp", "AAAA", "www.sinjaikab.test"]).trim(), "2001:db8::80");
            assert!(dig(server, &["tiada.sinjaikab.test"]).contains("status: NXDOMAIN"));
        }
        let signed = dig(site.v4, &["+dnssec", "www.sinjaikab.test"]);
        assert!(signed.contains(" ad;") && signed.contains("RRSIG\tA 13 3 3600 20800101000000"), "{signed}");
        let asked_for = dig(site.v4, &["+adflag", "www.sinjaikab.test"]);
        assert!(asked_for.contains(" ad;") && !asked_for.contains("RRSIG"), "{asked_for}");
        let unchecked = dig(site.v4, &["+dnssec", "+cdflag", "www.sinjaikab.test"]);
        assert!(unchecked.contains(" cd") && unchecked.contains("RRSIG"), "{unchecked}");
        let denied = dig(site.v4, &["+dnssec", "tiada.sinjaikab.test"]);
        assert!(denied.contains("NSEC\twww.sinjaikab.test.") && denied.contains("RRSIG\tNSEC"), "{denied}");
        // A validator behind us: every signature and every denial, from the key on.
        for (name, verdict) in [
            ("www.sinjaikab.test", "; fully validated"),
            ("alias.sinjaikab.test", "; fully validated"),
            ("tiada.sinjaikab.test", "; negative response, fully validated"),
        ] {
            let output = Command::new("delv")
                .arg(format!("@{}", site.v4.ip()))
                .args(["-p", &site.v4.port().to_string(), "-a"])
                .arg(&anchors)
                .args(["+root=sinjaikab.test", name, "A"])
                .output()
                .expect("delv is installed");
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(said.contains(verdict), "{stated} {name}: {said}");
        }
        assert_eq!(site.figures().failures, 0);
    }
}

#[test]
fn unbound_with_another_certificate_is_not_asked() {
    let unbound = Unbound::start(&Authority::new().issue(NAME));
    let authority = Authority::new();
    for stated in [format!("tls://{NAME}@{}", unbound.tls), format!("https://{NAME}/dns-query@{}", unbound.https)] {
        let site = authority.site(&[stated]);
        assert!(dig(site.v4, &["www.sinjaikab.test"]).contains("status: SERVFAIL"));
    }
}
