//! The public page for programs: UTC times (RFC 3339), clock times of the site as `HH:MM`, octets and not megabytes.

use gapura_controller::{Public, PublicSite, PublicState, PublicUse};
use gapura_model::SiteKind;
use jiff::Timestamp;
use serde::Serialize;

/// Everything.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Twin<'a> {
    at: Timestamp,
    department: &'a str,
    sites: Vec<Site<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct Site<'a> {
    id: &'a str,
    name: &'a str,
    kind: SiteKind,
    agency: &'a str,
    regency: &'a str,
    place: Option<&'a str>,
    contact: &'a str,
    zone: Option<&'a str>,
    state: &'static str,
    /// When it closes, or opens; none where nobody knows.
    changes: Option<Timestamp>,
    week: Vec<Day<'a>>,
    month: Usage,
}

#[derive(Clone, Debug, Serialize)]
struct Day<'a> {
    date: String,
    open: Vec<[String; 2]>,
    reason: &'a str,
}

#[derive(Clone, Debug, Serialize)]
struct Usage {
    month: String,
    /// It could tell of somebody in particular, as in the monthly report: then both are null, as where the month is not closed.
    suppressed: bool,
    visits: Option<u64>,
    octets: Option<u64>,
}

impl<'a> Twin<'a> {
    pub(super) fn of(public: &'a Public, department: &'a str) -> Self {
        let month = format!("{:04}-{:02}", public.month.year(), public.month.month());
        let sites = public.sites.iter().map(|site| one(site, &month)).collect();
        Self { at: public.at, department, sites }
    }
}

fn one<'a>(site: &'a PublicSite, month: &str) -> Site<'a> {
    let (state, changes) = match site.now {
        PublicState::Open(closes) => ("open", closes),
        PublicState::Closed(opens) => ("closed", opens),
        PublicState::Disturbed => ("disturbed", None),
        PublicState::Planned => ("planned", None),
    };
    let clock = |minutes: i32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let day = |day: &'a gapura_controller::PublicDay| Day {
        date: day.date.to_string(),
        open: day.windows.iter().map(|(from, until)| [clock(*from), clock(*until)]).collect(),
        reason: &day.reason,
    };
    let (suppressed, visits, octets) = match site.used {
        None => (false, None, None),
        Some(PublicUse::Withheld) => (true, None, None),
        Some(PublicUse::Of(used)) => (false, Some(used.visits), Some(used.octets)),
    };
    Site {
        id: site.id.as_str(),
        name: &site.name,
        kind: site.kind,
        agency: &site.agency,
        regency: &site.regency,
        place: site.place.as_deref(),
        contact: &site.contact,
        zone: site.zone.iana_name(),
        state,
        changes,
        week: site.week.iter().map(day).collect(),
        month: Usage { month: month.to_owned(), suppressed, visits, octets },
    }
}
