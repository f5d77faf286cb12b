//! The list of requests.

use std::collections::BTreeMap;

use askama::Template;
use gapura_controller::{Reach, RequestsAsked, Right, Tab};
use gapura_model::SiteId;

use super::speak::{self, Line};
use super::{PAGE, encoded, href};
use crate::answer::{Answer, Oops, page};
use crate::chrome::Chrome;
use crate::here::Here;

/// A tab with its figure: the figure is the list's own count.
#[derive(Clone, Debug)]
pub(super) struct TabLink {
    pub(super) href: String,
    pub(super) words: String,
    /// Not while something is searched for: each count would search everything.
    pub(super) count: Option<u64>,
    pub(super) current: bool,
}

#[derive(Template)]
#[template(path = "requests/list.html")]
pub(super) struct List {
    pub(super) c: Chrome,
    pub(super) action: String,
    pub(super) part: String,
    pub(super) search: String,
    pub(super) tabs: Vec<TabLink>,
    pub(super) rows: Vec<Line>,
    pub(super) settled: bool,
    /// Shown over several sites.
    pub(super) with_site: bool,
    /// The sites to choose one from: address, name, whether it is chosen.
    pub(super) sites: Vec<(String, String, bool)>,
    pub(super) may_add: bool,
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
}

impl List {
    /// Something was searched for, or a site chosen.
    fn looked(&self) -> bool {
        !self.search.is_empty() || self.sites.iter().any(|(_, _, chosen)| *chosen)
    }
}

/// *Permintaan*.
pub(super) async fn list(here: Here) -> Answer {
    let places = here.office().site_places().await?;
    // What an agency's desk has, it sees there.
    let reach = Reach { agencies: Vec::new(), ..Reach::of(here.grants(), &places) };
    let w = here.w();
    let c = Chrome::of(&here, w.t("requests-title")).sub(w.t("requests-sub"));
    let may_add = here.may_anywhere(Right::WriteRequests);
    let seen: Vec<_> = places.iter().filter(|place| here.may_at(Right::SeeRequests, Some(place))).collect();
    let list = fill(&here, &reach, ("/permintaan", c), |row| href(&row.site, &speak::number(row))).await?;
    let one = here.asked().get("lokasi").to_owned();
    let mut sites = Vec::new();
    if seen.len() > 1 {
        let documents = here.office().sites().await?;
        let known = documents.into_iter().filter(|(site, _)| seen.iter().any(|place| place.site == *site));
        sites.extend(known.map(|(site, document)| (site.to_string(), document.name, site.as_str() == one)));
        sites.sort_by(|a, b| a.1.cmp(&b.1));
    }
    page(&List { may_add, with_site: seen.len() > 1, sites, ..list })
}

/// The list within `reach`, at the address `action`.
pub(super) async fn fill(
    here: &Here,
    reach: &Reach,
    (action, c): (&str, Chrome),
    href: impl Fn(&gapura_controller::RequestRow) -> String,
) -> Result<List, Oops> {
    let fields = here.asked();
    let (part, search) = (fields.get("bagian").to_owned(), fields.get("cari").to_owned());
    let tab = speak::tab(&part);
    let first: u32 = fields.get("mulai").parse().unwrap_or_default();
    let (say, w) = (here.say(), here.w());
    let me = here.actor("").name;
    let site: Option<SiteId> = fields.get("lokasi").parse().ok();
    let asked = |tab| RequestsAsked { tab, site: site.as_ref(), me: &me, search: &search, offset: first, limit: PAGE };
    let list = here.office().requests(reach, &asked(tab)).await?;
    let names: BTreeMap<String, String> =
        here.office().sites().await?.into_iter().map(|(site, document)| (site.to_string(), document.name)).collect();
    let address = |part: &str, first: u32| {
        let site = site.as_ref().map(ToString::to_string).unwrap_or_default();
        let pairs =
            [("bagian", part.to_owned()), ("cari", search.clone()), ("lokasi", site), ("mulai", first.to_string())];
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty() && value != "0");
        let text = pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        if text.is_empty() { action.to_owned() } else { format!("{action}?{text}") }
    };
    let mut tabs = Vec::new();
    for (other, name, words) in speak::TABS {
        let count = if other == tab && (first == 0 || !list.rows.is_empty()) {
            Some(list.total)
        } else if search.is_empty() {
            Some(here.office().count_requests(reach, &asked(other)).await?)
        } else {
            None
        };
        tabs.push(TabLink { href: address(name, 0), words: w.t(words), count, current: other == tab });
    }
    let line = |row: &gapura_controller::RequestRow| {
        let site = names.get(&row.site).cloned().unwrap_or_else(|| row.site.clone());
        speak::line(&say, row, (href(row), site), here.now)
    };
    let behind = u64::from(first) + u64::try_from(list.rows.len()).unwrap_or(u64::MAX);
    Ok(List {
        c,
        action: action.to_owned(),
        tabs,
        rows: list.rows.iter().map(line).collect(),
        settled: tab == Tab::Done,
        with_site: true,
        sites: Vec::new(),
        may_add: false,
        earlier: (first > 0).then(|| address(&part, first.saturating_sub(PAGE))),
        later: (behind < list.total).then(|| address(&part, first.saturating_add(PAGE))),
        part,
        search,
    })
}
