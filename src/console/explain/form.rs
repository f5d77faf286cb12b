//! The form: what can be chosen, what was typed, and the question that it is.

use captive_portal::{NoSite, site_in};
use gapura_controller::{Right, SiteQuestion};
use gapura_model::{Moment, PlanId, PolicyGroup, SiteId, Uptime};
use gapura_rules::sop::{Asked, DEFAULT_GROUP, Explanation};
use gapura_speech::{Say, Words};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::PATH;
use crate::answer::Oops;
use crate::dates;
use crate::form::Fields;
use crate::here::Here;

/// Where a new request begins.
const REQUEST: &str = "/permintaan/baru?";

/// Something to choose.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) words: String,
    pub(super) chosen: bool,
}

/// The form as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Filled {
    pub(super) subject: String,
    pub(super) sites: Vec<Choice>,
    pub(super) plans: Vec<Choice>,
    pub(super) group: String,
    pub(super) groups: Vec<String>,
    pub(super) day: String,
    pub(super) hour: String,
    /// Drafts to compare with; none where the person sees no SOPs.
    /// A draft was named that is none, or that this person may not see.
    pub(super) no_draft: bool,
    pub(super) drafts: Vec<Choice>,
    /// The time of the site that is chosen.
    pub(super) zone: TimeZone,
    now: Timestamp,
}

/// What was read.
pub(super) struct Read {
    pub(super) question: SiteQuestion,
    /// Day and hour were given.
    pub(super) complete: bool,
}

impl Filled {
    /// With what the person may choose from, and what they typed.
    pub(super) async fn of(here: &Here, fields: &Fields) -> Result<Self, Oops> {
        let w = here.w();
        let mut sites = Vec::new();
        let (mut zone, mut groups, mut usual) = (here.zone(), vec![DEFAULT_GROUP.to_owned()], None);
        for (site, document) in here.office().sites().await? {
            let agency = document.agency.clone();
            let place = gapura_controller::SitePlace { site, agency, regency: document.regency.clone() };
            if !here.may_at(Right::ExplainSites, Some(&place)) {
                continue;
            }
            let asked = fields.get("lokasi");
            let chosen = if asked.is_empty() { sites.is_empty() } else { asked == place.site.as_str() };
            if chosen {
                zone = document.hours.zone().tz().clone();
                usual = document.one_tap_plan.clone().or_else(|| document.staff_plan.clone());
                groups.extend(document.filter.class_groups.iter().map(ToString::to_string));
                let devices = document.devices.iter().filter_map(|device| device.policy_group.as_ref());
                groups.extend(devices.map(ToString::to_string));
            }
            sites.push(Choice { value: place.site.to_string(), words: document.name, chosen });
        }
        groups.sort();
        groups.dedup();
        let wanted = match fields.all("paket").next() {
            Some(wanted) => wanted.to_owned(),
            None => usual.map(|plan| plan.to_string()).unwrap_or_default(),
        };
        let choice = |value: String, words: String, wanted: &str| Choice { chosen: value == wanted, value, words };
        let mut plans = vec![choice(String::new(), w.t("explain-before"), &wanted)];
        for plan in here.office().plans().await? {
            plans.push(choice(plan.id.to_string(), plan.name.clone(), &wanted));
        }
        let mut drafts = Vec::new();
        if here.may_anywhere(Right::SeeSops) {
            for row in here.office().compared_sops().await? {
                let revision = row.revision.to_string();
                let words = w.t2("explain-draft", "sop", row.number.as_str(), "revision", revision);
                drafts.push(choice(row.id.to_string(), words, fields.get("draf")));
            }
        }
        let typed = |name: &str, usual: &str| fields.all(name).next().unwrap_or(usual).to_owned();
        Ok(Self {
            subject: fields.get("situs").to_owned(),
            sites,
            plans,
            group: typed("kelompok", DEFAULT_GROUP),
            groups,
            day: fields.get("hari").to_owned(),
            hour: fields.get("jam").to_owned(),
            no_draft: !fields.get("draf").is_empty() && chosen(&drafts).is_none(),
            drafts,
            zone,
            now: here.now,
        })
    }

    /// The question, or what is wrong: all of it.
    pub(super) fn read(&self, w: Words) -> Result<Read, Vec<(&'static str, String)>> {
        let mut wrong = Vec::new();
        let asked = subject(&self.subject).map_err(|slip| wrong.push(("situs", w.t(slip)))).ok();
        let site: Option<SiteId> = chosen(&self.sites).and_then(|choice| choice.value.parse().ok());
        if site.is_none() {
            wrong.push(("lokasi", w.t("explain-wrong-place")));
        }
        let plan = chosen(&self.plans).map(|choice| choice.value.parse::<PlanId>().ok());
        if plan.is_none() {
            wrong.push(("paket", w.t("explain-wrong-plan")));
        }
        let group = self.group.parse::<PolicyGroup>();
        let group = group.map_err(|_| wrong.push(("kelompok", w.t("explain-wrong-group")))).ok();
        let moment = self.moment(w).map_err(|slips| wrong.extend(slips)).ok();
        if self.no_draft {
            wrong.push(("draf", w.t("explain-no-draft")));
        }
        let draft = chosen(&self.drafts).and_then(|choice| choice.value.parse().ok());
        match (asked, site, plan, group, moment) {
            (Some(asked), Some(site), Some(plan), Some(group), Some(at)) if wrong.is_empty() => {
                let complete = !self.day.is_empty() && !self.hour.is_empty();
                Ok(Read { question: SiteQuestion { site, asked, plan, group, at, draft }, complete })
            }
            _ => Err(wrong),
        }
    }

    /// Day and hour by the site's clock; what was left open is now.
    fn moment(&self, w: Words) -> Result<Timestamp, Vec<(&'static str, String)>> {
        let mut wrong = Vec::new();
        let local = self.now.to_zoned(self.zone.clone());
        let day: Option<Date> =
            if self.day.is_empty() { Some(local.date()) } else { dates::parse(without_weekday(&self.day)) };
        let hour: Option<Time> = if self.hour.is_empty() { Some(local.time()) } else { dates::time(&self.hour) };
        if day.is_none() {
            wrong.push(("hari", w.t("explain-wrong-day")));
        }
        if hour.is_none() {
            wrong.push(("jam", w.t("explain-wrong-hour")));
        }
        let at = day.zip(hour).and_then(|(day, hour)| day.to_datetime(hour).to_zoned(self.zone.clone()).ok());
        if at.is_none() && wrong.is_empty() {
            // A day so far away that no clock goes there.
            wrong.push(("hari", w.t("explain-wrong-day")));
        }
        at.map(|zoned| zoned.timestamp()).ok_or(wrong)
    }

    /// The address that asks the same again, whenever it is opened. Of a pasted address the site alone: what comes after it may
    /// be secret, and this goes into requests, which are kept.
    pub(super) fn link(&self) -> String {
        let local = self.now.to_zoned(self.zone.clone());
        let or = |text: &str, now: String| if text.is_empty() { now } else { text.to_owned() };
        let value = |choices: &[Choice]| chosen(choices).map(|choice| choice.value.clone()).unwrap_or_default();
        let pairs = [
            ("situs", subject(&self.subject).map_or_else(|_| self.subject.clone(), |asked| bare(&asked))),
            ("lokasi", value(&self.sites)),
            ("paket", value(&self.plans)),
            ("kelompok", self.group.clone()),
            ("hari", or(&self.day, local.date().to_string())),
            ("jam", or(&self.hour, local.strftime("%H.%M").to_string())),
            ("draf", value(&self.drafts)),
        ];
        let mut link = form_urlencoded::Serializer::for_suffix(format!("{PATH}?"), PATH.len() + 1);
        link.extend_pairs(pairs.iter().filter(|(name, value)| *name == "paket" || !value.is_empty()));
        link.finish()
    }

    /// Where a request of it begins, with what is known filled in.
    pub(super) fn request(&self, w: Words, explanation: &Explanation) -> String {
        let clause = explanation
            .clause
            .as_ref()
            .map(|clause| w.t2("explain-request-clause", "clause", clause.clause.as_str(), "sop", clause.sop.as_str()));
        let site = chosen(&self.sites).map(|choice| choice.value.clone()).unwrap_or_default();
        let words = format!("{}\n{}", clause.unwrap_or_default(), self.link());
        let mut link = form_urlencoded::Serializer::for_suffix(REQUEST.to_owned(), REQUEST.len());
        let pairs =
            [("lokasi", site.as_str()), ("topik", "blocked"), ("situs", &explanation.asked), ("isi", words.trim())];
        link.extend_pairs(pairs);
        link.finish()
    }

    /// Times by the clock of the site that is asked about.
    pub(super) fn say(&self, here: &Here) -> Say {
        Say::new(here.w(), self.zone.clone(), Moment::trusted(Uptime::default(), here.now))
    }
}

#[cfg(test)]
impl Filled {
    /// As it stands in samples.
    pub(super) fn sample(
        subject: &str,
        sites: Vec<Choice>,
        plans: Vec<Choice>,
        drafts: Vec<Choice>,
        zone: &gapura_rules::hours::Zone,
    ) -> Self {
        Self {
            subject: subject.to_owned(),
            sites,
            plans,
            group: "anak".to_owned(),
            groups: vec!["anak".to_owned(), "umum".to_owned()],
            day: "20 Nov 2026".to_owned(),
            hour: "10.30".to_owned(),
            no_draft: false,
            drafts,
            zone: zone.tz().clone(),
            now: Timestamp::UNIX_EPOCH,
        }
    }
}

fn bare(asked: &Asked) -> String {
    match asked {
        Asked::Name(name) => name.to_string(),
        Asked::Address(address) => address.to_string(),
    }
}

fn chosen(choices: &[Choice]) -> Option<&Choice> {
    choices.iter().find(|choice| choice.chosen)
}

/// A name or an address, bare or in a pasted URL; else the key of what is wrong.
fn subject(text: &str) -> Result<Asked, &'static str> {
    let bare = text.trim();
    if let Ok(address) = bare.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok(Asked::Address(address));
    }
    site_in(bare).map(Asked::Name).map_err(|slip| match slip {
        NoSite::Empty => "explain-wrong-empty",
        NoSite::Word => "explain-wrong-word",
        NoSite::Numbers => "explain-wrong-numbers",
        NoSite::Other => "explain-wrong-other",
    })
}

/// "Jumat, 20 Nov 2026" is a date with its day of the week before it.
fn without_weekday(text: &str) -> &str {
    match text.split_once([',', ' ']) {
        Some((first, rest)) if first.chars().all(char::is_alphabetic) => rest.trim(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_read_as_people_paste_it() {
        let name = |text: &str| match subject(text) {
            Ok(Asked::Name(name)) => name.to_string(),
            Ok(Asked::Address(address)) => address.to_string(),
            Err(key) => key.to_owned(),
        };
        for (text, read) in [
            (" https://www.Video-Anak.example/a?b=c ", "www.video-anak.example"),
            ("203.0.113.9", "203.0.113.9"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("", "explain-wrong-empty"),
            ("judi", "explain-wrong-word"),
            ("203.0.113.999", "explain-wrong-numbers"),
            ("apa ini?", "explain-wrong-other"),
        ] {
            assert_eq!(name(text), read, "{text}");
        }
    }

    #[test]
    fn a_day_of_the_week_may_stand_before_the_date() {
        for text in ["Jumat, 20 Nov 2026", "Jum 20 Nov 2026", "20 Nov 2026"] {
            assert_eq!(dates::parse(without_weekday(text)), Date::new(2026, 11, 20).ok(), "{text}");
        }
    }
}
