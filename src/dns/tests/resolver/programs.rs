//! Other people's programs on both sides: dnsmasq as the upstream, dig as the client.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use hickory_proto::rr::RecordType;

use crate::support::*;

/// dnsmasq with a fixed zone, gone when dropped.
struct Dnsmasq {
    child: Child,
    address: SocketAddr,
}

impl Dnsmasq {
    fn start() -> Self {
        let address = nobody(V4);
        let long = (0..60).map(|index| format!("--txt-record=panjang.example.go.id,{index:0>200}"));
        let child = Command::new("dnsmasq")
            .args(["--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--bind-interfaces"])
            .args([
                "--listen-address=127.0.0.1",
                "--edns-packet-max=1232",
                "--local-ttl=300",
                "--local=/example.go.id/",
            ])
            .args(["--user=root", "--pid-file="])
            .arg(format!("--port={}", address.port()))
            .arg("--host-record=www.example.go.id,192.0.2.80,2001:db8::80")
            .arg("--cname=alias.example.go.id,www.example.go.id")
            .args(long)
            .stderr(Stdio::null())
            .spawn()
            .expect("dnsmasq is installed");
        let upstream = Self { child, address };
        until("dnsmasq answers", || {
            let socket = client(upstream.address);
            socket.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
            socket.send(&query("www.example.go.id.", RecordType::A).to_vec().unwrap()).is_ok()
                && socket.recv(&mut [0; 512]).is_ok()
        });
        upstream
    }
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn dig(server: SocketAddr, args: &[&str]) -> String {
    let output = Command::new("dig")
        .args([&format!("@{}", server.ip()), "-p", &server.port().to_string(), "+tries=1", "+time=4"])
        .args(args)
        .output()
        .expect("dig is installed");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn dig_gets_through_to_dnsmasq_over_both_families() {
    let upstream = Dnsmasq::start();
    let site = Site::start(&[upstream.address]);
    for server in [site.v4, site.v6] {
        assert_eq!(dig(server, &["+short", "www.example.go.id"]).trim(), "192.0.2.80");
        assert_eq!(dig(server, &["+short", "+tcp", "AAAA", "www.example.go.id"]).trim(), "2001:db8::80");
        assert_eq!(dig(server, &["+short", "alias.example.go.id"]).trim(), "www.example.go.id.\n192.0.2.80");
        assert!(dig(server, &["tiada.example.go.id"]).contains("status: NXDOMAIN"));
    }
}

#[test]
fn dig_falls_back_to_tcp_for_what_is_too_long() {
    let upstream = Dnsmasq::start();
    let site = Site::start(&[upstream.address]);
    let cut = dig(site.v4, &["+ignore", "TXT", "panjang.example.go.id"]);
    assert!(cut.contains(" tc ") && cut.contains("ANSWER: 0"), "{cut}");
    for args in [vec![], vec!["+noedns"], vec!["+bufsize=4096"], vec!["+tcp", "+keepopen"]] {
        let args: Vec<_> = args.into_iter().chain(["TXT", "panjang.example.go.id"]).collect();
        let whole = dig(site.v6, &args);
        assert!(whole.contains("ANSWER: 60") && whole.contains("status: NOERROR"), "{whole}");
    }
    assert!(site.figures().upstream_tcp >= 1, "dnsmasq cut it too");
}

#[test]
fn dig_sees_our_edns_and_our_refusals() {
    let upstream = Dnsmasq::start();
    let site = Site::start(&[upstream.address]);
    let with = dig(site.v4, &["+dnssec", "+subnet=203.0.113.0/24", "www.example.go.id"]);
    assert!(with.contains("flags: do; udp: 1232") && !with.contains("CLIENT-SUBNET"), "{with}");
    assert!(!dig(site.v4, &["+noedns", "www.example.go.id"]).contains("EDNS"));
    assert!(dig(site.v4, &["+edns=5", "+noednsneg", "www.example.go.id"]).contains("status: BADVERS"));
    assert!(dig(site.v4, &["CH", "TXT", "version.bind"]).contains("status: REFUSED"));
    assert!(dig(site.v4, &["+opcode=STATUS", "www.example.go.id"]).contains("status: NOTIMP"));
    assert!(dig(site.v4, &["+norecurse", "www.example.go.id"]).contains("status: REFUSED"));
    assert!(dig(site.v4, &["SVCB", "_dns.resolver.arpa"]).contains("status: NOERROR"));
    let unknown = dig(site.v4, &["TYPE65280", "www.example.go.id"]);
    assert!(unknown.contains("status: NOERROR") && unknown.contains("ANSWER: 0"), "{unknown}");
}
