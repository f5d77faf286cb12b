//! The content filter with real programs behind it: names, addresses, ports, by group and hour, and while things change.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use gapura_lab::addr::{DNS, LAN, server};
use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::traffic::{Knock, knock};
use gapura_lab::visit::Family;

use crate::sop::{CHILDS_PC, FORBIDDEN, addressed, clause, groups, head, office, section};
use crate::stand::{SOON, lab, log, start, visitor_of, wait};

mod bypass;
mod cannot;
mod change;
mod groups;
mod hours;
mod inspect;
mod page;
mod quic;
mod throttle;

/// A site with these SOPs, highest layer first, and an index of lists if `index` writes one.
fn filtered(name: &str, visitors: u16, sops: &[String], index: Option<&dyn Fn(&Path)>) -> Site {
    let lab = lab(name, visitors, |_| {});
    let gateway_sections = section(&lab, sops, index);
    start(lab, SiteWish { change: Some(groups), gateway_sections, ..SiteWish::default() })
}

/// What `dig` was told.
#[derive(Debug)]
struct Dug(String);

impl Dug {
    fn status(&self) -> &str {
        self.0.split_once("status: ").and_then(|(_, rest)| rest.split(',').next()).unwrap_or("no answer")
    }

    /// Whether the answer says which clause refused: `ede` and the beginning of its text.
    fn refused(&self, ede: u16, clause: &str) -> bool {
        self.0.contains(&format!("; EDE: {ede} ")) && self.0.contains(&format!("({clause}"))
    }

    /// Records of the answer section, one a line.
    fn records(&self) -> Vec<&str> {
        let section = self.0.split_once(";; ANSWER SECTION:\n").map_or("", |(_, rest)| rest);
        section.lines().take_while(|line| !line.is_empty()).collect()
    }
}

/// The gateway's own resolver.
fn own() -> IpAddr {
    LAN.0.into()
}

/// `dig` on a visitor's device.
fn dig(site: &Site, number: u16, at: IpAddr, words: &[&str]) -> Dug {
    let mut command = visitor_of(site, number).ns().command("dig");
    command.arg(format!("@{at}")).args(["+time=5", "+tries=3"]).args(words);
    Dug(String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned())
}

/// Waits until `dig` at the gateway's resolver has this status.
fn until_status(site: &Site, number: u16, name: &str, status: &str) {
    wait(&format!("{name} to be {status} for visitor {number}\n{}", log(site)), SOON * 2, || {
        (dig(site, number, own(), &[name]).status() == status).then_some(())
    });
}

fn tcp(site: &Site, number: u16, to: IpAddr, port: u16) -> Knock {
    visitor_of(site, number).ns().run(|| Ok(knock(SocketAddr::new(to, port), Duration::from_secs(2)).0)).unwrap()
}

fn of(number: u8, family: Family) -> IpAddr {
    let (v4, v6) = server(number);
    if family == Family::V4 { v4.into() } else { v6.into() }
}

/// Upstream's resolver: what an application with a hard-coded resolver asks.
fn their(family: Family) -> IpAddr {
    if family == Family::V4 { DNS.0.into() } else { DNS.1.into() }
}
