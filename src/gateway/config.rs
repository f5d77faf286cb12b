//! The gateway's configuration file: what is true of this router, whatever site it serves.
//!
//! TOML; unknown keys are refused; every mistake is reported at once with line and column. What the site offers (plans,
//! hours, ways in, texts) comes in the bundle, not from here.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use gapura_model::{GatewayId, IfName};
use gapura_runtime::settings::{self, SettingsError};
use serde::Deserialize;

use crate::forwarding::DnsSection;
use crate::limits::LimitsSection;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// This router.
    pub gateway: GatewaySection,
    /// Visitor bridges; at least one.
    pub lan: Vec<LanSection>,
    /// The way to the Internet.
    pub uplink: UplinkSection,
    /// The pages visitors see.
    #[serde(default)]
    pub portal: PortalSection,
    /// The resolver on port 53.
    #[serde(default)]
    pub dns: DnsSection,
    /// The content filter of a site that runs alone; in a fleet its rules come from the controller.
    #[serde(default)]
    pub filter: FilterSection,
    /// What visitors can make this router hold, or wait for; the defaults are for 1000 devices.
    #[serde(default)]
    pub limits: LimitsSection,
    /// Figures for Prometheus; without this table they are served nowhere.
    #[serde(default)]
    pub metrics: Option<MetricsSection>,
    /// The department's controller; leave out for a site that runs alone from `gateway.site_file`.
    pub controller: Option<ControllerSection>,
}

/// `[gateway]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewaySection {
    /// This router's name, for example `gw-sinjai-utara-1`.
    pub name: GatewayId,
    /// Where visits, the last bundle and keys are kept.
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// Where the control socket `ctl.sock` is made.
    #[serde(default = "default_run_dir")]
    pub run_dir: PathBuf,
    /// A bundle in TOML for a site without a controller (plans, hours, ways in); read again on SIGHUP.
    pub site_file: Option<PathBuf>,
    /// Devices the site is built for; sizes the kernel's tables.
    #[serde(default = "default_devices")]
    pub devices: u32,
    /// Kernel features to leave unused although they are there (for tests): see `gapura doctor`.
    #[serde(default)]
    pub without: BTreeSet<String>,
    /// Seconds between two readings of the kernel's counters.
    #[serde(default = "default_usage_interval")]
    pub usage_interval: u32,
    /// Addresses from which the router may be managed over an uplink.
    #[serde(default)]
    pub management: Vec<String>,
    /// Private networks that visitors may reach although they are private.
    #[serde(default)]
    pub allowed: Vec<String>,
    /// This machine's clock is right from the start (a virtual machine, a battery-backed clock the kernel does not report);
    /// otherwise it is believed on evidence only: NTP, the kernel's own battery-backed clock, or the controller's signed time.
    #[serde(default)]
    pub trust_clock: bool,
    /// A user to become after start, keeping three capabilities; leave out under systemd, which does it itself.
    pub user: Option<String>,
}

/// `[[lan]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanSection {
    /// The visitor bridge.
    pub interface: IfName,
    /// The gateway's IPv4 address on it, with prefix length.
    pub address: Ipv4Net,
    /// Who hands out addresses.
    #[serde(default)]
    pub dhcp: DhcpMode,
    /// Seconds a lease lives.
    #[serde(default = "default_lease")]
    pub lease: u32,
    /// IPv6 on this bridge: `auto` routes a delegated prefix, else translates a ULA, else announces no router; `off`.
    #[serde(default)]
    pub ipv6: Ipv6Mode,
    /// Ports of the bridge that must not reach each other; default: all.
    #[serde(default)]
    pub isolate: IsolateMode,
    /// Ports of the bridge with the site's own machines behind them, such as the DHCP server of `foreign` or the controller of
    /// the access points: visitors reach these machines, and they may hand out addresses.
    #[serde(default)]
    pub trusted_ports: BTreeSet<IfName>,
}

/// Who hands out IPv4 addresses on a visitor bridge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DhcpMode {
    /// Our own dnsmasq.
    #[default]
    Ours,
    /// The router's own server (OpenWrt).
    Router,
    /// Somebody else's.
    Foreign,
}

/// IPv6 on a visitor bridge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ipv6Mode {
    /// Route what is delegated, else NAT66 from a ULA, else no default router.
    #[default]
    Auto,
    /// No IPv6 for visitors.
    Off,
}

/// Whether ports of a visitor bridge are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IsolateMode {
    /// Every port.
    #[default]
    All,
    /// None (access points that isolate by themselves).
    None,
}

/// `[uplink]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UplinkSection {
    /// Interfaces towards the Internet; those that do not exist yet may come later.
    pub interfaces: Vec<IfName>,
    /// Addresses probed over TCP to know whether the Internet is there (`address:port`); default: the default router only.
    #[serde(default)]
    pub probes: Vec<SocketAddr>,
    /// An IPv6 prefix routed to this router, if the operating system does not tell (`2001:db8:1::/56`).
    pub prefix: Option<String>,
}

/// `[portal]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PortalSection {
    /// Port that redirected port-80 traffic arrives on.
    pub http_port: u16,
    /// Port of the HTTPS portal.
    pub https_port: u16,
    /// The portal's own name, answered with the bridge's address; needed for HTTPS.
    pub name: Option<String>,
    /// Certificate chain (PEM), read again when it changes.
    pub certificate: Option<PathBuf>,
    /// Its private key (PEM).
    pub key: Option<PathBuf>,
    /// Account passwords over plain HTTP: off unless switched on here.
    pub passwords_over_http: bool,
}

impl Default for PortalSection {
    fn default() -> Self {
        Self { http_port: 8080, https_port: 443, name: None, certificate: None, key: None, passwords_over_http: false }
    }
}

/// `[filter]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilterSection {
    /// SOPs in force (TOML, as `gapura sop check` reads them), highest layer first; read again on SIGHUP. Groups of plans and
    /// devices stand in the site file under `[filter]`.
    pub sops: Vec<PathBuf>,
    /// The index of filter lists, as `gapura lists build` writes it; read again on SIGHUP.
    pub index: Option<PathBuf>,
    /// First packets of connections to port 443 are looked at for the name they ask for, beside DNS; needs a kernel with packet
    /// queues (`gapura doctor`). A blocked one is reset. Encrypted names (ECH) are not seen.
    pub inspect: bool,
}

/// `[metrics]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSection {
    /// Where `GET /metrics` is answered, without any sign-in: this machine, or one address of a management network; never a visitor
    /// bridge.
    pub listen: SocketAddr,
}

/// `[controller]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControllerSection {
    /// `https://name:port` of the controller.
    pub url: String,
    /// The controller's key, `sha256:...`, as printed with the enrolment code.
    pub pin: String,
    /// File that holds the one-off enrolment code; removed once enrolled.
    pub code_file: Option<PathBuf>,
}

/// An IPv4 address with its prefix length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Ipv4Net {
    /// The gateway's address.
    pub address: Ipv4Addr,
    /// 8 to 30.
    pub prefix: u8,
}

impl TryFrom<String> for Ipv4Net {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = || format!("\"{text}\" is not an address with prefix length, for example 10.20.0.1/22 (8 to 30)");
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address = address.parse().map_err(|_| wrong())?;
        let prefix = prefix.parse().ok().filter(|prefix| (8..=30).contains(prefix)).ok_or_else(wrong)?;
        Ok(Self { address, prefix })
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`SettingsError`] names every mistake found.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        settings::load(path, Self::contradictions)
    }

    fn contradictions(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.lan.is_empty() {
            wrong.push("lan: at least one visitor bridge is needed: add [[lan]] with interface and address".to_owned());
        }
        let mut seen = BTreeSet::new();
        for lan in &self.lan {
            if !seen.insert(&lan.interface) {
                wrong.push(format!("lan: {} stands twice: one [[lan]] for each bridge", lan.interface));
            }
            if self.uplink.interfaces.contains(&lan.interface) {
                wrong.push(format!(
                    "uplink.interfaces: {} is a visitor bridge too: it can only be one of them",
                    lan.interface
                ));
            }
        }
        if self.uplink.interfaces.is_empty() {
            wrong.push("uplink.interfaces: name at least one interface, for example [\"wan0\"]".to_owned());
        }
        let portal = &self.portal;
        if portal.certificate.is_some() != portal.key.is_some() {
            wrong.push("portal: certificate and key belong together: give both or neither".to_owned());
        }
        if portal.certificate.is_some() && portal.name.is_none() {
            wrong.push("portal.name: HTTPS needs the name the certificate is for".to_owned());
        }
        if self.controller.is_none() && self.gateway.site_file.is_none() {
            wrong.push("controller: give [controller], or gateway.site_file for a site that runs alone".to_owned());
        }
        if self.controller.is_some() && (!self.filter.sops.is_empty() || self.filter.index.is_some()) {
            wrong.push("filter: rules and lists come from the controller: leave out sops and index".to_owned());
        }
        if self.controller.is_some() && self.gateway.site_file.is_some() {
            wrong.push("gateway.site_file: the site comes from the controller: leave out one of the two".to_owned());
        }
        let nets = [("management", &self.gateway.management), ("allowed", &self.gateway.allowed)];
        for (key, text) in nets.iter().flat_map(|(key, nets)| nets.iter().map(move |text| (key, text))) {
            if let Err(why) = text.parse::<gapura_kernel::Net>() {
                wrong.push(format!("gateway.{key}: {why}"));
            }
        }
        if let Some(Err(why)) = self.uplink.prefix.as_ref().map(|text| text.parse::<gapura_lan::Prefix6>()) {
            wrong.push(format!("uplink.prefix: {why}"));
        }
        if let Some(controller) = &self.controller {
            if let Err(why) = crate::link::Endpoint::parse(&controller.url) {
                wrong.push(why.to_string());
            }
            if let Err(why) = controller.pin.parse::<gapura_wire::SpkiPin>() {
                wrong.push(format!("controller.pin: {why}"));
            }
        }
        if let Some(MetricsSection { listen }) = &self.metrics {
            let bridge = self.lan.iter().any(|lan| listen.ip() == lan.address.address);
            if listen.ip().is_unspecified() || bridge {
                wrong.push(
                    "metrics.listen: write one address that visitors do not reach, for example 127.0.0.1:9464"
                        .to_owned(),
                );
            }
        }
        wrong.extend(self.dns.contradictions());
        wrong.extend(self.limits.contradictions());
        if !(1..=65_000).contains(&self.gateway.devices) {
            wrong.push("gateway.devices: 1 to 65000 devices".to_owned());
        }
        if !(1..=3600).contains(&self.gateway.usage_interval) {
            wrong.push("gateway.usage_interval: 1 to 3600 seconds".to_owned());
        }
        wrong
    }
}

fn default_data_dir() -> PathBuf {
    PathBuf::from("/var/lib/gapura")
}

fn default_run_dir() -> PathBuf {
    PathBuf::from("/run/gapura")
}

fn default_devices() -> u32 {
    1_000
}

fn default_usage_interval() -> u32 {
    10
}

fn default_lease() -> u32 {
    1_800
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[gateway]
name = "gw-1"
site_file = "/etc/gapura/site.toml"
[[lan]]
interface = "br-lan"
address = "10.20.0.1/22"
[uplink]
interfaces = ["wan0"]
"#;

    #[test]
    fn a_small_file_is_enough() {
        let config: Config = settings::parse(GOOD).unwrap();
        assert!(config.contradictions().is_empty());
        assert_eq!(config.lan[0].dhcp, DhcpMode::Ours);
        assert_eq!(config.portal.http_port, 8080);
    }

    #[test]
    fn contradictions_are_all_named() {
        let text = GOOD.replace("wan0", "br-lan").replace("site_file", "#");
        let config: Config = settings::parse(&text).unwrap();
        assert_eq!(config.contradictions().len(), 2);
        for listen in ["0.0.0.0:9464", "[::]:9464", "10.20.0.1:9464"] {
            let config: Config = settings::parse(&format!("{GOOD}[metrics]\nlisten = \"{listen}\"\n")).unwrap();
            assert_eq!(config.contradictions().len(), 1, "{listen}");
        }
        let config: Config = settings::parse(&format!("{GOOD}[metrics]\nlisten = \"127.0.0.1:9464\"\n")).unwrap();
        assert_eq!(config.contradictions().len(), 0);
        let text = format!(
            "{}prefix = \"fe80\"\n[controller]\nurl = \"http://x\"\npin = \"x\"\n",
            GOOD.replace("site_file = \"/etc/gapura/site.toml\"", "management = [\"192.0.2.1/40\"]")
        );
        let config: Config = settings::parse(&text).unwrap();
        assert_eq!(config.contradictions().len(), 4);
    }
}
