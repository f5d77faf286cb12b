//! All gateways, those that need somebody first.

use askama::Template;
use gapura_controller::{GatewayStanding, Pending, Right, Tone};
use gapura_model::SiteKind;

use super::{Tag, ago, kind, place, said_last, spoken, tag};
use crate::answer::{Answer, page};
use crate::chrome::Chrome;
use crate::here::Here;

/// A gateway.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) tag: Tag,
    pub(super) last_words: String,
    pub(super) settings: String,
    pub(super) heard: String,
    pub(super) outbox: String,
}

/// A router that waits for approval.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) href: String,
    pub(super) words: String,
}

/// A choice of which are shown.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) href: String,
    pub(super) words: String,
    pub(super) current: bool,
}

#[derive(Template)]
#[template(path = "fleet.html")]
pub(super) struct Fleet {
    pub(super) c: Chrome,
    pub(super) waiting: Vec<Waiting>,
    /// "1 gerbang menunggu persetujuan".
    pub(super) told: String,
    pub(super) words: String,
    pub(super) choices: Vec<Choice>,
    pub(super) rows: Vec<Row>,
    pub(super) any: bool,
    /// How old the newest backup is, and whether that is too old; for whoever may make one.
    pub(super) backup: Option<(String, bool)>,
    /// Who may enrol a router.
    pub(super) may_enrol: bool,
}

const KINDS: [(&str, Option<SiteKind>); 5] = [
    ("galeri", Some(SiteKind::Gallery)),
    ("hotspot", Some(SiteKind::Hotspot)),
    ("plik", Some(SiteKind::Plik)),
    ("telecenter", Some(SiteKind::Telecenter)),
    ("mplik", Some(SiteKind::Mplik)),
];

/// Whether somebody should look at it.
fn needs_somebody(one: &GatewayStanding) -> bool {
    matches!(one.condition.tone(), Tone::Bad | Tone::Warn)
}

pub(super) async fn fleet(here: Here) -> Answer {
    let w = here.w();
    let fields = here.asked();
    let (words, only) = (fields.get("cari").chars().take(80).collect::<String>(), fields.get("hanya").to_owned());
    let mut all = here.office().gateways().await?;
    all.retain(|one| here.may_at(Right::SeeNetwork, Some(&place(one))));
    // Those that were replaced or revoked are on the site's page.
    all.retain(|one| one.condition.id() != "revoked");
    all.sort_by_key(|one| (one.condition.tone(), one.site_name.clone()));
    let sub = summary(&here, &all);
    let counted = |of: Option<SiteKind>| all.iter().filter(|one| of.is_none_or(|of| one.kind == of)).count();
    let attention = all.iter().filter(|one| needs_somebody(one)).count();
    let choice = |key: &str, name: String, count: usize| Choice {
        href: if key.is_empty() { "/gerbang".to_owned() } else { format!("/gerbang?hanya={key}") },
        words: format!("{name} {count}"),
        current: only == key,
    };
    let mut choices =
        vec![choice("perhatian", w.t("network-attention"), attention), choice("", w.t("network-all"), counted(None))];
    for (key, of) in KINDS.iter().filter(|(_, of)| counted(*of) > 0) {
        choices.extend(of.map(|of_kind| choice(key, w.t(kind(of_kind)), counted(*of))));
    }
    let shown = |one: &&GatewayStanding| {
        let kind = KINDS.iter().find(|(key, _)| *key == only).and_then(|(_, kind)| *kind);
        let text = format!("{} {} {} {}", one.site_name, one.gateway, one.hostname, one.place.as_deref().unwrap_or(""));
        (only != "perhatian" || needs_somebody(one))
            && kind.is_none_or(|kind| one.kind == kind)
            && text.to_lowercase().contains(&words.to_lowercase())
    };
    let rows = all.iter().filter(shown).map(|one| row(&here, one)).collect();
    let waiting = waiting(&here, here.office().enrolments().await?).await?;
    let c = Chrome::of(&here, w.t("network-gateways")).sub(sub);
    let told = w.n("network-waiting", waiting.len() as u64);
    let backup = if here.may_at(Right::BackUp, None) { Some(backup(&here).await?) } else { None };
    let may_enrol = here.may_anywhere(Right::RunGateways);
    page(&Fleet { c, waiting, told, words, choices, rows, any: !all.is_empty(), backup, may_enrol })
}

/// The age of the newest backup; it is too old after twice the time between two.
async fn backup(here: &Here) -> Result<(String, bool), crate::answer::Oops> {
    let w = here.w();
    let Some(last) = here.office().backups(1).await?.into_iter().next() else {
        return Ok((w.t("network-backup-never"), true));
    };
    let age = std::time::Duration::try_from(here.now.duration_since(last.made)).unwrap_or_default();
    let every = here.office().backup_plan().map_or(24, |(_, hours, _)| u64::from(hours));
    let late = age > std::time::Duration::from_hours(every.saturating_mul(2));
    Ok((w.t1("network-backup-age", "time", here.say().duration(age)), late))
}

/// "24 terdaftar: 21 Melayani, 2 Tutup, 1 Diam".
fn summary(here: &Here, all: &[GatewayStanding]) -> String {
    let w = here.w();
    let states = [
        (Tone::Good, "network-count-good"),
        (Tone::Off, "network-count-off"),
        (Tone::Warn, "network-count-warn"),
        (Tone::Bad, "network-count-bad"),
    ];
    let count = |tone: Tone| all.iter().filter(|one| one.condition.tone() == tone).count();
    let parts = states.into_iter().map(|(tone, key)| (count(tone), key)).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, key)| w.n(key, count as u64)).collect();
    w.t2("network-summary", "count", all.len().to_string(), "states", parts.join(", "))
}

async fn waiting(here: &Here, all: Vec<Pending>) -> Result<Vec<Waiting>, crate::answer::Oops> {
    let mut found = Vec::new();
    for one in all.into_iter().filter(|one| one.state == "pending") {
        let Ok(site) = one.site.parse() else { continue };
        let Some(document) = here.office().site(&site).await? else { continue };
        let place =
            gapura_controller::SitePlace { site, agency: document.agency.clone(), regency: document.regency.clone() };
        if here.may_at(Right::RunGateways, Some(&place)) {
            let href = format!("/l/{}/gerbang-baru", place.site);
            found.push(Waiting { href, words: format!("{}, {} {}", document.name, one.hostname, one.hardware) });
        }
    }
    Ok(found)
}

pub(super) fn row(here: &Here, one: &GatewayStanding) -> Row {
    let (w, say) = (here.w(), spoken(here, &one.zone));
    let mut about = w.t(kind(one.kind));
    if let Some(place) = &one.place {
        about = format!("{about}, {}", w.t1("network-now-at", "place", place));
    }
    let settings = if one.in_force >= one.wanted {
        one.in_force.to_string()
    } else {
        w.t2("network-behind", "runs", one.in_force.to_string(), "wanted", one.wanted.to_string())
    };
    let silent = one.condition.id() == "silent";
    let outbox = match &one.beat {
        Some(beat) if !silent && beat.outbox.records == 0 => w.t("network-outbox-empty"),
        Some(beat) if !silent => w.n("network-outbox", beat.outbox.records),
        _ => w.t("network-unknown"),
    };
    Row {
        href: format!("/l/{}/gerbang/{}", one.site, one.gateway),
        name: one.site_name.clone(),
        about,
        tag: tag(&one.condition, &say),
        last_words: if silent { said_last(one, &say, here) } else { String::new() },
        settings,
        heard: one.heard.map_or_else(|| w.t("network-never"), |at| ago(here, &say, at)),
        outbox,
    }
}
