//! Settings, tables, memory and clock of this machine.

use gapura_kernel::net::sysctl::{self, Fullness, Setting, Sizes, Wanted};
use gapura_kernel::net::{NetError, Route};
use gapura_model::{ClockTrust, IfName};
use gapura_runtime::{Believe, Clock as _, ClockStart, SystemClock};

use super::report::{Area, Level, Report};
use crate::network;

/// What the settings are compared with.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) lans: Vec<IfName>,
    pub(super) uplinks: Vec<IfName>,
    pub(super) devices: u32,
    pub(super) flows_per_device: u32,
    /// The configuration says that the machine's clock is right.
    pub(super) trust_clock: bool,
}

/// Compares the kernel's settings with what the site wants. Those the gateway sets itself matter only while it runs.
pub(super) fn settings(site: &Site, running: bool, report: &mut Report) {
    let sizes = Sizes { devices: site.devices, flows_per_device: site.flows_per_device, memory: network::memory() };
    let settings = match sysctl::settings(&site.lans, &site.uplinks, &sizes) {
        Ok(settings) => settings,
        Err(error) => {
            report
                .add(Area::Settings, Level::Unknown, "/proc/sys", gapura_model::with_causes(&error))
                .mend("run this as root");
            return;
        }
    };
    let (ours, machine): (Vec<Setting>, Vec<Setting>) = settings.into_iter().partition(|setting| setting.ours);
    let wrong: Vec<&Setting> = ours.iter().filter(|setting| !setting.is_right()).collect();
    if wrong.is_empty() {
        report.add(Area::Settings, Level::Ok, "of the gateway", format!("all {} as wanted", ours.len()));
    } else if !running {
        let found = format!("{} of {} differ; the gateway sets them when it starts", wrong.len(), ours.len());
        report.add(Area::Settings, Level::Ok, "of the gateway", found);
    } else {
        for setting in wrong {
            tell(setting, level(setting), "restart the gateway, and find out who changed it", report);
        }
    }
    for setting in &machine {
        if setting.is_right() {
            report.add(Area::Settings, Level::Ok, &setting.name, words(setting));
        } else {
            tell(setting, Level::Limited, "gapura setup --sysctl", report);
        }
    }
}

/// Without forwarding over IPv4 nobody gets anywhere.
fn level(setting: &Setting) -> Level {
    if setting.name == "net.ipv4.ip_forward" { Level::Prevents } else { Level::Limited }
}

fn tell(setting: &Setting, level: Level, remedy: &str, report: &mut Report) {
    report.add(Area::Settings, level, &setting.name, words(setting)).means(setting.effect).mend(remedy);
}

fn words(setting: &Setting) -> String {
    let found = setting.found.as_deref();
    match (&setting.wanted, found) {
        (_, None) => "not there (yet); nothing to set".to_owned(),
        (Wanted::Is(wanted), Some(found)) => format!("is {found}, wanted {wanted}"),
        (Wanted::AtLeast(wanted), Some(found)) => format!("is {found}, wanted at least {wanted}"),
    }
}

/// How full the tables of flows and neighbours are.
pub(super) fn tables(site: &Site, report: &mut Report) {
    match sysctl::flow_table() {
        Ok(Some(flows)) => fullness("flows", flows, "new connections of everybody fail once it is full", report),
        Ok(None) => {
            report.add(Area::Tables, Level::Ok, "flows", "no flow table yet: it comes with the gate's rules");
        }
        Err(error) => unknown("flows", &error, report),
    }
    let counted = Route::open().and_then(|mut route| count_neighbours(&mut route, &site.lans));
    let (v4, v6) = match counted {
        Ok(counted) => counted,
        Err(error) => return unknown("neighbours", &error, report),
    };
    for (name, used, is_v6) in [("neighbours, IPv4", v4, false), ("neighbours, IPv6", v6, true)] {
        match sysctl::neighbour_table(used, is_v6) {
            Ok(Some(rows)) => fullness(name, rows, "new devices do not get through once it is full", report),
            Ok(None) => {
                let found = format!("{used} in use; the limit is the machine's, outside this network namespace");
                report.add(Area::Tables, Level::Ok, name, found);
            }
            Err(error) => unknown(name, &error, report),
        }
    }
}

/// Rows of the neighbour tables on the visitor bridges: IPv4 and IPv6.
fn count_neighbours(route: &mut Route, lans: &[IfName]) -> Result<(u64, u64), NetError> {
    let (mut v4, mut v6) = (0, 0);
    for lan in lans {
        let Some(link) = route.find_link(lan)? else { continue };
        for row in route.neighbours(link.index)? {
            if row.ip.is_ipv4() { v4 += 1 } else { v6 += 1 }
        }
    }
    Ok((v4, v6))
}

fn fullness(name: &str, table: Fullness, effect: &str, report: &mut Report) {
    let found = format!("{} of {} in use", table.used, table.max);
    if table.is_near_limit() {
        report
            .add(Area::Tables, Level::Limited, name, found)
            .means(effect)
            .mend("gapura setup --sysctl --devices NUMBER");
    } else {
        report.add(Area::Tables, Level::Ok, name, found);
    }
}

fn unknown(name: &str, error: &NetError, report: &mut Report) {
    report.add(Area::Tables, Level::Unknown, name, gapura_model::with_causes(error)).mend("run this as root");
}

/// Memory that should be left for a gateway that fills up, bytes.
const MEMORY_LEFT: u64 = 64 << 20;

/// How much memory there is, and whether the clock is believed.
pub(super) fn machine(site: &Site, report: &mut Report) {
    let total = network::memory();
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = available(&info).unwrap_or(total);
    let found = format!("{} MiB, {} MiB available", total >> 20, available >> 20);
    if available < MEMORY_LEFT {
        report
            .add(Area::Machine, Level::Limited, "memory", found)
            .means("when it runs out the kernel ends a program; nobody online is cut off, but nobody new gets in until it restarts")
            .mend("take other programs off this machine");
    } else {
        report.add(Area::Machine, Level::Ok, "memory", found);
    }
    let believe = if site.trust_clock { Believe::Always } else { Believe::Evidence };
    let now = SystemClock::start(ClockStart { floor: None, believe }).now();
    match now.trust {
        ClockTrust::Trusted => {
            report.add(
                Area::Machine,
                Level::Ok,
                "clock",
                format!("{} UTC, believed", now.wall.strftime("%Y-%m-%d %H:%M:%S")),
            );
        }
        ClockTrust::Doubtful => {
            let found = format!("{} UTC, without evidence", now.wall.strftime("%Y-%m-%d %H:%M:%S"));
            report
                .add(Area::Machine, Level::Limited, "clock", found)
                .means("until the time is known the site's stated choice replaces its hours, and nothing is extended")
                .mend(
                    "run an NTP client; or set gateway.trust_clock where the machine's clock is right from the start",
                );
        }
    }
}

/// `MemAvailable` in bytes.
fn available(info: &str) -> Option<u64> {
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_near_their_limit_are_told() {
        let mut report = Report::default();
        fullness("flows", Fullness { used: 10, max: 100 }, "x", &mut report);
        fullness("flows", Fullness { used: 90, max: 100 }, "x", &mut report);
        let levels: Vec<Level> = report.findings().iter().map(|finding| finding.level).collect();
        assert_eq!(levels, [Level::Ok, Level::Limited]);
    }

    #[test]
    fn available_memory_is_read_in_bytes() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:      2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemAvailable: much\n"), None);
    }

    #[test]
    fn a_setting_says_what_is_and_what_should_be() {
        let setting = |found: Option<&str>| Setting {
            name: "net.ipv4.ip_forward".to_owned(),
            wanted: Wanted::Is("1".to_owned()),
            found: found.map(str::to_owned),
            effect: "no visitor reaches the Internet over IPv4",
            ours: true,
        };
        assert_eq!(words(&setting(Some("0"))), "is 0, wanted 1");
        assert!(words(&setting(None)).contains("not there"));
        assert_eq!(level(&setting(Some("0"))), Level::Prevents);
    }
}
