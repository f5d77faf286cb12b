//! The configuration's contents, programs, files, and whether the gateway runs.

use std::io::ErrorKind;
use std::path::Path;

use gapura_kernel::Net;
use gapura_lan::Prefix6;
use gapura_wire::{Bundle, SpkiPin};
use rustix::fs::{Access, access, statvfs};
use serde_json::Value;

use super::report::{Area, Level, Report};
use crate::config::{Config, DhcpMode};
use crate::ctl::{self, CtlError, Request};
use crate::link::Endpoint;

/// Our DHCP server.
const DNSMASQ: &str = "/usr/sbin/dnsmasq";
/// Below this no visit can be written down for long, bytes.
const SPACE_NEEDED: u64 = 8 << 20;
/// Below this it is time to look, bytes.
const SPACE_WANTED: u64 = 64 << 20;

/// Texts of the configuration that say something else than they should.
pub(super) fn contents(config: &Config, report: &mut Report) {
    let before = report.count(Level::Prevents) + report.count(Level::Limited);
    let nets = [("gateway.management", &config.gateway.management), ("gateway.allowed", &config.gateway.allowed)];
    for (key, texts) in nets {
        for wrong in texts.iter().filter_map(|text| text.parse::<Net>().err()) {
            report.add(Area::Configuration, Level::Limited, key, wrong).means("none; this line has no effect");
        }
    }
    if let Some(text) = &config.uplink.prefix
        && let Err(error) = text.parse::<Prefix6>()
    {
        report
            .add(Area::Configuration, Level::Limited, "uplink.prefix", error.to_string())
            .means("IPv6 is translated instead of routed");
    }
    if let Some(path) = &config.gateway.site_file {
        let bundle = gapura_runtime::settings::load(path, |_: &Bundle| Vec::new());
        let wrong = match bundle {
            Ok(bundle) => bundle.check().err(),
            Err(error) => Some(gapura_model::with_causes(&error)),
        };
        if let Some(wrong) = wrong {
            report
                .add(Area::Configuration, Level::Prevents, "gateway.site_file", wrong)
                .means("the gateway does not start");
        }
    }
    if let Some(section) = &config.controller {
        controller(section, &config.gateway.data_dir, report);
    }
    let files = [("portal.certificate", &config.portal.certificate), ("portal.key", &config.portal.key)];
    for (key, path) in files {
        if let Some(path) = path
            && let Err(error) = std::fs::read(path)
        {
            let level = if error.kind() == ErrorKind::PermissionDenied { Level::Unknown } else { Level::Prevents };
            report
                .add(Area::Configuration, level, key, format!("{}: {error}", path.display()))
                .means("the gateway does not start");
        }
    }
    if before == report.count(Level::Prevents) + report.count(Level::Limited) {
        report.add(Area::Configuration, Level::Ok, "contents", "no mistake found");
    }
}

fn controller(section: &crate::config::ControllerSection, data_dir: &Path, report: &mut Report) {
    const ALONE: &str = "the router stays out of the fleet; a site that never had a bundle lets nobody in";
    if Endpoint::parse(&section.url).is_err() {
        let found = format!("\"{}\" is not https://name:port", section.url);
        report.add(Area::Configuration, Level::Limited, "controller.url", found).means(ALONE);
    }
    if let Err(error) = section.pin.parse::<SpkiPin>() {
        report
            .add(Area::Configuration, Level::Limited, "controller.pin", error.to_string())
            .means(ALONE)
            .mend("copy it from what `gapura controller gateway code` printed");
    }
    if data_dir.join("identity/membership.json").exists() {
        report.add(Area::Configuration, Level::Ok, "controller", "this router is enrolled");
        return;
    }
    let code = section.code_file.as_deref().filter(|path| path.exists());
    let finding = match code {
        Some(path) => {
            let found = format!("not enrolled yet; the code is in {}", path.display());
            report.add(Area::Configuration, Level::Limited, "controller", found)
        }
        None => {
            report.add(Area::Configuration, Level::Limited, "controller", "not enrolled, and no code to enrol with")
        }
    };
    finding.means("nobody gets in until the controller has sent the site's plans").mend(
        "gapura controller gateway code --site SITE; put the code into controller.code_file and restart the gateway",
    );
}

/// Who hands out addresses, and who is asked for names.
pub(super) fn addresses(config: &Config, report: &mut Report) {
    let ours = config.lan.iter().any(|lan| lan.dhcp == DhcpMode::Ours);
    let program = Path::new(DNSMASQ);
    if !ours {
        report.add(Area::Addresses, Level::Ok, "dnsmasq", "not needed: others hand out addresses here");
    } else if access(program, Access::EXEC_OK).is_ok() {
        report.add(Area::Addresses, Level::Ok, "dnsmasq", format!("found: {DNSMASQ}"));
    } else {
        report
            .add(Area::Addresses, Level::Prevents, "dnsmasq", format!("{DNSMASQ} is not there"))
            .means("no device gets an address")
            .mend("apt-get install dnsmasq-base, or state another [[lan]] dhcp");
    }
    let resolvers = config.dns.resolvers();
    if resolvers.is_empty() {
        report
            .add(
                Area::Addresses,
                Level::Prevents,
                "resolvers",
                "none in [dns] upstreams, and none but this machine in /etc/resolv.conf",
            )
            .means("the gateway does not start: there is nobody to ask for names")
            .mend("name your provider's resolvers in [dns] upstreams");
    } else {
        let list: Vec<String> = resolvers.iter().map(ToString::to_string).collect();
        report.add(Area::Addresses, Level::Ok, "resolvers", list.join(", "));
    }
    if config.dns.needs_authorities()
        && let Err(error) = config.dns.authorities().check()
    {
        report
            .add(Area::Addresses, Level::Prevents, "authorities", error.to_string())
            .means("the gateway does not start: it could not know a resolver over TLS or HTTPS from another")
            .mend("mend dns.ca_file, or pin the resolver's key behind its address");
    }
}

/// Whether visits can be written down.
pub(super) fn storage(config: &Config, report: &mut Report) {
    let directory = &config.gateway.data_dir;
    let name = directory.display().to_string();
    let existing = directory.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let to_be_made = existing != directory.as_path();
    if let Err(error) = access(existing, Access::WRITE_OK) {
        let level = if error == rustix::io::Errno::ACCESS { Level::Unknown } else { Level::Prevents };
        report
            .add(Area::Storage, level, name, format!("cannot be written: {error}"))
            .means("no voucher can be redeemed, and no visit is remembered")
            .mend("run this as root; mount the disk for writing; or state another gateway.data_dir");
        return;
    }
    let free = match statvfs(existing) {
        Ok(space) => space.f_bavail.saturating_mul(space.f_frsize),
        Err(error) => {
            report.add(Area::Storage, Level::Unknown, name, format!("free space is not known: {error}"));
            return;
        }
    };
    let made = if to_be_made { "will be made at the first start" } else { "can be written" };
    let found = format!("{made}, {} MiB free", free >> 20);
    let level = match free {
        ..SPACE_NEEDED => Level::Prevents,
        SPACE_NEEDED..SPACE_WANTED => Level::Limited,
        SPACE_WANTED.. => Level::Ok,
    };
    let finding = report.add(Area::Storage, level, name, found);
    if level != Level::Ok {
        finding.means("visitors online stay, but no new voucher is accepted once the disk is full").mend("make room");
    }
}

/// Asks the running gateway how it is. Returns whether it runs.
pub(super) fn gateway(config: &Config, report: &mut Report) -> bool {
    let path = config.gateway.run_dir.join(ctl::SOCKET);
    match ctl::ask(&path, &Request::Status) {
        Ok(status) => {
            alerts(&status, report);
            true
        }
        Err(CtlError::Connect(_, error)) if error.kind() == ErrorKind::PermissionDenied => {
            report
                .add(Area::Gateway, Level::Unknown, "gateway", format!("{}: {error}", path.display()))
                .mend("run this as root");
            true
        }
        Err(CtlError::Connect(..)) => {
            report
                .add(
                    Area::Gateway,
                    Level::Limited,
                    "gateway",
                    format!("does not run (nobody answers at {})", path.display()),
                )
                .means("who is online stays until time or bytes are used up; nobody new gets in")
                .mend("systemctl start gapura-gateway; journalctl -u gapura-gateway says why it ended");
            false
        }
        Err(error) => {
            report
                .add(Area::Gateway, Level::Limited, "gateway", gapura_model::with_causes(&error))
                .mend("restart the gateway: it and this program must be of one version");
            true
        }
    }
}

/// What the status of a running gateway says that somebody should hear.
fn alerts(status: &Value, report: &mut Report) {
    let state = status.get("state").and_then(Value::as_str).unwrap_or("unknown");
    let online = status.get("online").and_then(Value::as_u64).unwrap_or(0);
    let (level, effect) = match state {
        "serving" => (Level::Ok, None),
        "closed" => (Level::Ok, Some("outside the hours: the portal says when it opens")),
        "open-in-emergency" => (Level::Limited, Some("the gate is open to everybody, without plans")),
        "starting" => (Level::Limited, Some("nobody gets in until the first bundle is there")),
        "uplink-down" => (Level::Limited, Some("visitors read \"Internet sedang terganggu\"; no voucher is used up")),
        _ => (Level::Limited, None),
    };
    let finding = report.add(Area::Gateway, level, "state", format!("{state}, {online} online"));
    if let Some(effect) = effect {
        finding.means(effect);
    }
    let text = |pointer: &str| status.pointer(pointer).and_then(Value::as_str);
    if let Some(clash) = text("/uplink/clash") {
        report.add(Area::Gateway, Level::Prevents, "subnets", clash).means("nothing works after login");
    }
    if let Some(trouble) = text("/storage/trouble") {
        report
            .add(Area::Gateway, Level::Limited, "storage", trouble)
            .means("visitors online stay, new logins get a page that says so")
            .mend("make room on the disk, or mend it");
    }
    if let Some(dropped) = status.pointer("/outbox/dropped").and_then(Value::as_u64).filter(|dropped| *dropped > 0) {
        report
            .add(
                Area::Gateway,
                Level::Limited,
                "outbox",
                format!("{dropped} record(s) dropped: the controller was away too long"),
            )
            .means("none; the usage log at the controller has a gap");
    }
    if text("/clock/trust") == Some("doubtful") {
        report
            .add(Area::Gateway, Level::Limited, "clock", "in doubt")
            .means("the site's stated choice replaces its hours");
    }
    match text("/filter/instead") {
        Some("closed") => {
            report
                .add(Area::Gateway, Level::Prevents, "content filter", "cannot start")
                .means("no name is answered, as this site chose (`without_index = \"closed\"`)");
        }
        Some(_) => {
            report
                .add(Area::Gateway, Level::Limited, "content filter", "cannot start")
                .means("names are not held against lists, as this site chose (`without_index = \"plain\"`)");
        }
        None => {}
    }
    for trouble in status.pointer("/filter/trouble").and_then(Value::as_array).into_iter().flatten() {
        let words = trouble.as_str().map_or_else(|| trouble.to_string(), str::to_owned);
        report.add(Area::Gateway, Level::Limited, "content filter", words);
    }
    for alert in status.get("alerts").and_then(Value::as_array).into_iter().flatten() {
        let words = alert.as_str().map_or_else(|| alert.to_string(), str::to_owned);
        report.add(Area::Gateway, Level::Limited, "alert", words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn alerts_of_a_running_gateway_are_passed_on() {
        let mut report = Report::default();
        alerts(
            &json!({ "state": "serving", "online": 7, "uplink": { "clash": null }, "storage": { "trouble": null },
            "outbox": { "dropped": 0 }, "clock": { "trust": "trusted" } }),
            &mut report,
        );
        assert_eq!((report.findings().len(), report.count(Level::Ok)), (1, 1));
        assert_eq!(report.findings()[0].found, "serving, 7 online");
        let mut report = Report::default();
        alerts(
            &json!({ "state": "degraded", "uplink": { "clash": "both use 10.0.0.0/8" }, "storage": { "trouble": "disk full" },
            "outbox": { "dropped": 3 }, "clock": { "trust": "doubtful" }, "alerts": ["few addresses left"] }),
            &mut report,
        );
        assert_eq!((report.count(Level::Prevents), report.count(Level::Limited)), (1, 5));
    }

    #[test]
    fn a_filter_that_cannot_start_is_told_with_what_holds_instead() {
        let of = |instead: &str| {
            let mut report = Report::default();
            alerts(
                &json!({ "state": "serving", "filter": { "instead": instead, "trouble": ["no index"] } }),
                &mut report,
            );
            (report.count(Level::Prevents), report.count(Level::Limited))
        };
        assert_eq!((of("closed"), of("plain")), ((1, 1), (0, 2)));
    }

    #[test]
    fn a_gateway_that_does_not_run_and_a_place_to_write_are_told() {
        let base = std::env::temp_dir().join(format!("gapura-doctor-{}", std::process::id()));
        let text = format!(
            "[gateway]\nname = \"gw-1\"\nmanagement = [\"everywhere\"]\ndata_dir = \"{0}/data\"\nrun_dir = \"{0}/run\"\n\
             [[lan]]\ninterface = \"br-lan\"\naddress = \"10.20.0.1/22\"\n[uplink]\ninterfaces = [\"wan0\"]\n\
             [dns]\nupstreams = [\"192.0.2.53\"]\n[controller]\nurl = \"http://c\"\npin = \"x\"\n",
            base.display()
        );
        let config: Config = gapura_runtime::settings::parse(&text).unwrap();
        let mut report = Report::default();
        assert!(!gateway(&config, &mut report));
        storage(&config, &mut report);
        contents(&config, &mut report);
        addresses(&config, &mut report);
        let of = |name: &str| report.findings().iter().find(|finding| finding.name == name).unwrap().found.clone();
        assert!(of("gateway").contains("does not run"));
        assert!(of(&format!("{}/data", base.display())).contains("will be made"));
        assert!(of("gateway.management").contains("everywhere"));
        assert!(of("controller.url").contains("https://") && of("controller").contains("not enrolled"));
        assert_eq!(of("resolvers"), "192.0.2.53");
    }
}
