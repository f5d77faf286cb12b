//! What is asked about, where, for whom and when, as written on the command line.

use std::net::IpAddr;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use gapura_model::{NameError, PlanId, PolicyGroup, SiteId, SiteKind};
use gapura_rules::hours::Zone;
use gapura_rules::sop::{Asked, Audience, Place};
use jiff::Timestamp;
use jiff::civil::DateTime;

/// A domain name or an address.
#[derive(Clone, Debug)]
pub(super) struct AskedArg(pub(super) Box<Asked>);

impl FromStr for AskedArg {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let address = text.parse::<IpAddr>().map(Asked::Address);
        address.or_else(|_| text.parse().map(Asked::Name)).map(|asked| Self(Box::new(asked)))
    }
}

/// Where, for whom and when.
#[derive(Debug, Args)]
pub(super) struct WhereArgs {
    /// The site.
    #[arg(long, default_value = "site")]
    site: SiteId,
    /// Its kind.
    #[arg(long, default_value = "gallery")]
    kind: KindArg,
    /// Its agency, as the SOPs write it.
    #[arg(long, default_value = "")]
    agency: String,
    /// Its regency, as the SOPs write it.
    #[arg(long, default_value = "")]
    regency: String,
    /// Its time zone.
    #[arg(long, default_value = "Asia/Makassar")]
    zone: Zone,
    /// The visitor's plan; without it: before login.
    #[arg(long)]
    plan: Option<PlanId>,
    /// The visitor's group.
    #[arg(long, default_value = gapura_rules::sop::DEFAULT_GROUP)]
    group: PolicyGroup,
    /// When, by the site's clock ("2026-08-17 21.30") or absolute (2026-08-17T13:30:00Z); without it: now.
    #[arg(long, value_name = "TIME")]
    at: Option<When>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindArg {
    Gallery,
    Hotspot,
    Telecenter,
    Plik,
    Mplik,
}

/// A moment, by some clock.
#[derive(Clone, Copy, Debug)]
enum When {
    Local(DateTime),
    Absolute(Timestamp),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse() {
            return Ok(Self::Absolute(at));
        }
        // 21.30 as people write it, 21:30 as machines do.
        let local = text.split_once([' ', 'T']).and_then(|(date, time)| {
            let time = time.replace('.', ":");
            format!("{date}T{time}").parse().ok()
        });
        local.map(Self::Local).ok_or_else(|| "write \"2026-08-17 21.30\" or 2026-08-17T13:30:00Z".to_owned())
    }
}

impl WhereArgs {
    pub(super) fn place(&self) -> Place {
        let kind = match self.kind {
            KindArg::Gallery => SiteKind::Gallery,
            KindArg::Hotspot => SiteKind::Hotspot,
            KindArg::Telecenter => SiteKind::Telecenter,
            KindArg::Plik => SiteKind::Plik,
            KindArg::Mplik => SiteKind::Mplik,
        };
        let (site, zone) = (self.site.clone(), self.zone.clone());
        Place { site, kind, agency: self.agency.clone(), regency: self.regency.clone(), zone }
    }

    pub(super) fn audience(&self) -> Audience {
        Audience { plan: self.plan.clone(), group: self.group.clone() }
    }

    pub(super) fn moment(&self, now: Timestamp) -> Timestamp {
        match self.at {
            None => now,
            Some(When::Absolute(at)) => at,
            Some(When::Local(local)) => local.to_zoned(self.zone.tz().clone()).map_or(now, |zoned| zoned.timestamp()),
        }
    }
}
