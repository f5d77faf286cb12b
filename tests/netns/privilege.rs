//! The daemon runs as a user of its own with three capabilities.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;

use gapura_lab::config::SiteWish;
use gapura_lab::visit::Family;

use crate::stand::{expect_online, expect_refused, log, one_tap, session, site, status, tcp};

/// CAP_NET_BIND_SERVICE (10), CAP_NET_ADMIN (12), CAP_NET_RAW (13).
const THREE: u64 = 1 << 10 | 1 << 12 | 1 << 13;

#[test]
fn three_capabilities_are_enough() {
    let home = Home::new();
    let wish = SiteWish {
        gateway_home: Some(home.0.clone()),
        gateway_lines: "user = \"nobody\"\n".into(),
        ..SiteWish::default()
    };
    let mut site = site("three", 2, wish);
    let pid = site.gateway_mut().id();
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let of = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_owned();
    for set in ["CapEff:", "CapPrm:", "CapBnd:", "CapInh:", "CapAmb:"] {
        let held = u64::from_str_radix(&of(set), 16).unwrap();
        assert_eq!(held & !THREE, 0, "{set} {held:x}");
    }
    assert_eq!(u64::from_str_radix(&of("CapEff:"), 16).unwrap(), THREE);
    let ids: Vec<u32> = of("Uid:").split_whitespace().map(|id| id.parse().unwrap()).collect();
    assert!(ids.iter().all(|id| *id == NOBODY), "{ids:?}");
    // As many sockets answer names on the bridge's address as there are CPUs, at most four.
    let table = fs::read_to_string(format!("/proc/{pid}/net/udp")).unwrap();
    let wanted = format!(" {:08X}:0035 ", u32::from_ne_bytes(gapura_lab::addr::LAN.0.octets()));
    let cpus = std::thread::available_parallelism().unwrap().get();
    assert_eq!(table.matches(&wanted).count(), cpus.min(4), "{table}");
    one_tap(&site, 1);
    expect_online(&site, 1);
    expect_refused(&site, 2);
    // Every part of the work: a setting of hours, a kick, a repair by hand, a restart.
    site.ctl(&["reconcile"]).unwrap();
    site.gateway_mut().kill();
    site.restart_gateway().unwrap();
    assert!(
        session(&site, 1).is_some() && tcp(&site, 1, Family::V6) == gapura_lab::traffic::Knock::Open,
        "{}",
        log(&site)
    );
    site.ctl(&["hours", "--close-in", "0s", "--reason", "uji"]).unwrap();
    crate::stand::wait("closing", crate::stand::SOON, || session(&site, 1).is_none().then_some(()));
    expect_refused(&site, 1);
    assert_eq!(status(&site)["storage"]["ok"], true);
    let said = log(&site);
    assert!(!said.contains("ermission denied") && !said.contains("not permitted"), "{said}");
}

const NOBODY: u32 = 65_534;

/// A directory that user can work in.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("gapura-three-{}", std::process::id()));
        for sub in ["data", "run"] {
            fs::create_dir_all(dir.join(sub)).unwrap();
            chown(dir.join(sub), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
        Self(dir)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
