//! deploy/gateway.toml and deploy/controller.toml are made from the code, and the code reads them.

use crate::generator::{Examples, generate};
use crate::scratch::{Scratch, gapura, hold, ours, read, said};

const GATEWAY: &str = "deploy/gateway.toml";
const CONTROLLER: &str = "deploy/controller.toml";
const SYSCTL: &str = "deploy/sysctl.d/60-gapura.conf";

const OF_GATEWAY: Examples<'_> = &[
    ("gateway.name", "\"gw-sinjai-utara-1\""),
    ("gateway.site_file", "\"/etc/gapura/site.toml\""),
    ("gateway.without", "[\"fq-codel\"]"),
    ("gateway.management", "[\"192.0.2.0/24\", \"2001:db8:99::/48\"]"),
    ("gateway.allowed", "[\"10.9.8.0/24\"]"),
    ("gateway.user", "\"gapura\""),
    ("lan.interface", "\"br-lan\""),
    ("lan.address", "\"10.20.0.1/22\""),
    ("lan.trusted_ports", "[\"eth3\"]"),
    ("uplink.interfaces", "[\"wan0\"]"),
    ("uplink.probes", "[\"192.0.2.80:443\", \"[2001:db8::80]:443\"]"),
    ("uplink.prefix", "\"2001:db8:1::/56\""),
    ("portal.name", "\"portal.sinjai.example\""),
    ("portal.certificate", "\"/etc/gapura/portal.pem\""),
    ("portal.key", "\"/etc/gapura/portal.key\""),
    (
        "dns.upstreams",
        "[\"tls://dns.example.net@192.0.2.53,[2001:db8::53]\", \"https://dns.example.org/dns-query@198.51.100.53\", \"192.0.2.54\"]",
    ),
    ("dns.forwards", "[{ zone = \"sinjaikab.go.id\", servers = [\"10.9.8.53\"] }]"),
    ("dns.ca_file", "\"/etc/gapura/dns-ca.pem\""),
    ("dns.sockets", "2"),
    ("filter.index", "\"/var/lib/gapura/index\""),
    ("metrics.listen", "\"127.0.0.1:9464\""),
    ("controller.url", "\"https://gapura.sinjai.example:8443\""),
    ("controller.pin", "\"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\""),
    ("controller.code_file", "\"/var/lib/gapura/code\""),
];

const OF_CONTROLLER: Examples<'_> = &[
    ("controller.listen", "\"[::]:8443\""),
    ("controller.public_name", "\"gapura.sinjai.example\""),
    ("controller.data_dir", "\"/var/lib/gapura-controller\""),
    ("controller.database", "\"sqlite:/var/lib/gapura-controller/controller.db\""),
    ("controller.lists", "\"/etc/gapura/lists.toml\""),
    ("metrics.listen", "\"127.0.0.1:9465\""),
    ("console.listen", "\"[::]:443\""),
    ("console.public_name", "\"konsol.sinjai.example\""),
    ("console.certificate", "\"/etc/gapura/console.pem\""),
    ("console.key", "\"/etc/gapura/console.key\""),
    ("console.zone", "\"Asia/Makassar\""),
    ("console.unlisted", "[\"rumah-singgah\"]"),
    ("console.contact", "\"(0482) 555 0110\""),
    ("mail.server", "\"surel.sinjai.example\""),
    ("mail.user", "\"gapura\""),
    ("mail.password_file", "\"/etc/gapura/mail.password\""),
    ("mail.from", "\"Gapura <gapura@sinjai.example>\""),
    ("mail.to", "[\"jaringan@sinjai.example\"]"),
    ("webhook.url", "\"https://obrolan.sinjai.example/gapura\""),
    ("webhook.secret_file", "\"/etc/gapura/webhook.secret\""),
    ("backup.directory", "\"/var/backups/gapura\""),
    ("backup.key_file", "\"/etc/gapura/backup.key\""),
    ("backup.passphrase_file", "\"/etc/gapura/backup.passphrase\""),
    ("console.connections_per_address", "128"),
    ("sso.issuer", "\"https://sso.sinjai.example\""),
    ("sso.client_id", "\"gapura\""),
    ("sso.client_secret_file", "\"/etc/gapura/sso.secret\""),
    ("sso.redirect", "\"https://konsol.sinjai.example/masuk/sso\""),
    ("staff.breached_passwords", "\"/var/lib/gapura-controller/breached.txt\""),
    ("requests.webhook", "\"https://aduan.provinsi.example/gapura\""),
    ("requests.secret", "\"/etc/gapura/aduan.secret\""),
];

#[test]
fn the_examples_say_what_the_code_says() {
    let source = read("src/gateway/limits.rs").split("#[cfg(test)]").next().unwrap().replace("//!", "//")
        + &read("src/gateway/forwarding.rs").split("#[cfg(test)]").next().unwrap().replace("//!", "//")
        + &read("src/gateway/config.rs");
    let title = "Gapura gateway: /etc/gapura/gateway.toml. What is true of this router, whatever site it serves.";
    hold(GATEWAY, &generate(title, "src/gateway/config.rs", &source, OF_GATEWAY));
    let source = read("src/controller/config.rs");
    let title = "Gapura controller: /etc/gapura/controller.toml.";
    hold(CONTROLLER, &generate(title, "src/controller/config.rs", &source, OF_CONTROLLER));
}

#[test]
fn the_sysctl_example_is_what_setup_prints() {
    let made = said(&gapura(&["setup", "--sysctl", "--print", "--devices", "1000", "--memory", "1024"]));
    hold(SYSCTL, &made);
}

#[test]
fn the_controller_reads_its_example() {
    let config = gapura_controller::load_config(&ours(CONTROLLER)).unwrap().controller;
    assert_eq!(config.connections, 2048);
    let all = uncomment(&read(CONTROLLER), "", &["passphrase_file"]);
    let scratch = Scratch::new("controller-example");
    assert_eq!(gapura_controller::load_config(&scratch.file("c.toml", &all)).unwrap().controller.connections, 2048);
}

#[test]
fn the_gateway_reads_its_example() {
    let text = read(GATEWAY);
    let scratch = Scratch::new("gateway-example");
    // As it is, it does not say where the site comes from.
    let wrong = gapura_gateway::Config::load(&ours(GATEWAY)).unwrap_err().to_string();
    assert!(wrong.contains("give [controller], or gateway.site_file"), "{wrong}");
    // With the table [controller] switched on it is complete.
    let small = gapura_gateway::Config::load(&scratch.file("a.toml", &uncomment(&text, "controller", &[]))).unwrap();
    assert_eq!(small.controller.as_ref().unwrap().url, "https://gapura.sinjai.example:8443");
    // With every line switched on it is still read, and no default is another one than the code's.
    let all = uncomment(&text, "", &["site_file", "index"]);
    let all =
        gapura_gateway::Config::load(&scratch.file("b.toml", &all)).unwrap_or_else(|error| panic!("{error}\n{all}"));
    assert_eq!(
        (all.gateway.devices, all.gateway.usage_interval),
        (small.gateway.devices, small.gateway.usage_interval)
    );
    assert_eq!((&all.gateway.data_dir, &all.gateway.run_dir), (&small.gateway.data_dir, &small.gateway.run_dir));
    assert_eq!((all.portal.http_port, all.portal.https_port), (small.portal.http_port, small.portal.https_port));
    assert_eq!((all.lan[0].dhcp, all.lan[0].lease), (small.lan[0].dhcp, small.lan[0].lease));
    assert!(all.gateway.user.is_some() && all.uplink.prefix.is_some());
    assert_eq!((all.dns.upstreams.len(), all.dns.forwards.len(), all.dns.ca_file.is_some()), (3, 1, true));
}

/// Takes the `#` off the settings of one table, or of all (""), except those named.
fn uncomment(text: &str, only: &str, except: &[&str]) -> String {
    let mut table = String::new();
    let mut out = String::new();
    for line in text.lines() {
        let bare = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ') && !rest.is_empty()).unwrap_or(line);
        if bare.starts_with('[') {
            bare.trim_matches(['[', ']']).clone_into(&mut table);
        }
        let key = bare.split(" = ").next().unwrap_or_default();
        let on = (only.is_empty() || table == only) && !except.contains(&key);
        out.push_str(if on { bare } else { line });
        out.push('\n');
    }
    out
}
