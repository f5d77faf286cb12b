//! The disk is full, the ledger is locked by another program, or damaged.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gapura_lab::addr::{SERVER4, SERVER6};
use gapura_lab::config::{QUOTA, SiteWish};
use gapura_lab::counters;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{Ended, Knock, download, numbered_stream};
use gapura_lab::visit::{Family, Page};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::stand::{
    BOTH, SOON, admit, code, expect_online, expect_refused, log, one_tap, redeem, session, site, status, tcp, usage,
    wait,
};

#[test]
fn on_a_full_disk_visitors_stay_and_new_ones_get_a_clear_page() {
    let disk = SmallDisk::new();
    let wish = SiteWish { gateway_home: Some(disk.home.clone()), ..SiteWish::default() };
    let site = site("full", 3, wish);
    admit(&site, 1, &["--for", "3000s"]);
    let streams = BOTH.map(|server| numbered_stream(site.lab().visitor(1).unwrap().ns(), server).unwrap());
    disk.fill();
    troubled(&site);
    turned_away(&site, 2, &one_tap(&site, 2));
    turned_away(&site, 3, &redeem(&site, 3, &code(&site, "kuota", 0)));
    expect_online(&site, 1);
    let before = session(&site, 1).unwrap();

    disk.free();
    wait(&format!("the ledger to take entries again\n{}", log(&site)), SOON, || {
        (status(&site)["storage"]["ok"] == true).then_some(())
    });
    one_tap(&site, 2);
    expect_online(&site, 2);
    redeem(&site, 3, &code(&site, "kuota", 0));
    expect_online(&site, 3);
    let after = session(&site, 1).unwrap();
    assert_eq!(after["visit"], before["visit"]);
    for stream in streams {
        let report = stream.stop().unwrap();
        assert!(
            report.broken.is_none() && report.in_order && report.longest_gap < Duration::from_secs(3),
            "{report:?}"
        );
        eprintln!("the visitor's stream over a full disk: longest gap {:?}", report.longest_gap);
    }
}

#[test]
fn a_locked_ledger_keeps_nobody_out_for_longer_than_it_is_locked() {
    let site = site("locked", 2, SiteWish::default());
    admit(&site, 1, &[]);
    let stream = numbered_stream(site.lab().visitor(1).unwrap().ns(), SERVER6).unwrap();
    let other = rusqlite::Connection::open(ledger(&site)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    troubled(&site);
    turned_away(&site, 2, &redeem(&site, 2, &code(&site, "kuota", 0)));
    expect_online(&site, 1);
    other.execute_batch("ROLLBACK").unwrap();
    wait("the ledger to take entries again", SOON, || (status(&site)["storage"]["ok"] == true).then_some(()));
    redeem(&site, 2, &code(&site, "kuota", 0));
    expect_online(&site, 2);
    let report = stream.stop().unwrap();
    assert!(report.broken.is_none() && report.in_order && report.longest_gap < Duration::from_secs(3), "{report:?}");
}

#[test]
fn a_damaged_ledger_is_set_aside_and_visitors_online_go_on_without_a_second_quota() {
    let mut site = site("damaged", 3, SiteWish::default());
    admit(&site, 1, &["--for", "600s"]);
    let before = counters::read(site.lab().visitor(2).unwrap().ns()).unwrap();
    redeem(&site, 2, &code(&site, "kuota", 0));
    expect_online(&site, 2);
    let second = site.lab().visitor(2).unwrap().ns().handle();
    second.run(|| download(SERVER4, QUOTA / 2, SOON)).unwrap();
    assert!(usage(&site, 2).1 > QUOTA / 2);
    let stream = numbered_stream(site.lab().visitor(1).unwrap().ns(), SERVER4).unwrap();
    site.gateway_mut().kill();
    damage(&ledger(&site));
    site.restart_gateway().unwrap();

    let data = fs::read_dir(site.gateway_dir().join("data")).unwrap();
    let names: Vec<String> = data.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().any(|name| name.starts_with("ledger.sqlite.")), "the damaged file is kept: {names:?}");
    assert!(log(&site).contains("is set aside"), "{}", log(&site));
    assert_eq!(status(&site)["storage"]["ok"], true);
    expect_online(&site, 1);
    expect_online(&site, 2);
    let first = session(&site, 1).unwrap_or_else(|| panic!("visitor 1 has no visit\n{}", log(&site)));
    let left = first["seconds_left"].as_u64().unwrap();
    assert!((550..600).contains(&left), "time neither gained nor lost: {first}");
    let counted = usage(&site, 1);
    wait("what is used to be counted on", SOON, || (usage(&site, 1).1 > counted.1).then_some(()));
    // Visitor 2's quota is the kernel's, and ends there.
    let rest = second.run(|| download(SERVER6, QUOTA * 2, SOON)).unwrap();
    assert_eq!(rest.ended, Ended::Reset);
    let got = counters::read(&second).unwrap().since(before);
    assert!(got.received <= QUOTA, "{got:?} of {QUOTA}");
    wait("the end of visitor 2's visit", SOON, || session(&site, 2).is_none().then_some(()));
    expect_refused(&site, 2);
    expect_refused(&site, 3);
    // What was made again survives another death.
    site.gateway_mut().kill();
    site.restart_gateway().unwrap();
    assert_eq!(session(&site, 1).unwrap()["visit"], first["visit"]);
    assert_eq!(tcp(&site, 1, Family::V6), Knock::Open);
    let report = stream.stop().unwrap();
    assert!(report.broken.is_none() && report.in_order && report.longest_gap < Duration::from_secs(3), "{report:?}");
    eprintln!(
        "{} bytes of one quota of {QUOTA}; the stream's longest gap {:?}",
        got.received + got.sent,
        report.longest_gap
    );
}

/// Staff are told.
fn troubled(site: &Site) {
    let words = wait(&format!("a word about the disk\n{}", log(site)), SOON, || {
        let storage = status(site)["storage"].clone();
        (storage["ok"] == false).then(|| storage["trouble"].as_str().unwrap_or_default().to_owned())
    });
    assert!(!words.is_empty());
    assert_eq!(status(site)["state"], "degraded");
    let said = log(site).lines().filter(|line| line.contains("the ledger cannot be written")).count();
    assert!((1..=3).contains(&said), "said, and not over and over: {said} times\n{}", log(site));
}

/// The visitor is told that it is not their fault, and is not online.
fn turned_away(site: &Site, number: u16, page: &Page) {
    assert_eq!(page.reply.status, 503, "{}", page.reply.text());
    assert!(page.reply.text().contains("tidak dapat menyimpan catatan"), "{}", page.reply.text());
    assert!(session(site, number).is_none());
    expect_refused(site, number);
}

fn ledger(site: &Site) -> PathBuf {
    site.gateway_dir().join("data").join("ledger.sqlite")
}

/// Overwrites the middle of every page but leaves the file's size: what a dying card does.
fn damage(path: &Path) {
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let file = File::options().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    for at in (0..length).step_by(4096) {
        file.write_all_at(&[0x5a; 512], at).unwrap();
    }
}

/// A data directory on a disk of its own.
struct SmallDisk {
    home: PathBuf,
}

impl SmallDisk {
    fn new() -> Self {
        let home = std::env::temp_dir().join(format!("gapura-full-{}", std::process::id()));
        fs::create_dir_all(home.join("data")).unwrap();
        let disk = Self { home };
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("tmpfs", disk.home.join("data"), "tmpfs", flags, Some(c"size=2m")).unwrap();
        disk
    }

    fn filler(&self) -> PathBuf {
        self.home.join("data").join("somebody's film")
    }

    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        for size in [4096, 512, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = unmount(self.home.join("data"), UnmountFlags::DETACH);
        let _ = fs::remove_dir_all(&self.home);
    }
}
