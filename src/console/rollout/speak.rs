//! A rollout in words.

use gapura_controller::{Right, RolloutGateway, RolloutSite, RolloutState, RolloutView, Runs, Trouble, verdict_words};
use gapura_speech::{Say, Words};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Row, Tag, Wave, taken};
use crate::dates;
use crate::here::Here;

/// "20.14" today, else "20 November 2026 20.14".
pub(super) fn moment(say: &Say, at: Timestamp) -> String {
    if say.date_of(at) == say.today() { say.clock(at) } else { format!("{} {}", say.day(at), say.clock(at)) }
}

/// The same in a table: "20.14" today, else "1 Okt 2026".
fn short(w: Words, say: &Say, at: Timestamp) -> String {
    if say.date_of(at) == say.today() { say.bare_clock(at) } else { dates::write(w, say.date_of(at)) }
}

/// The line below the heading.
pub(super) fn about(w: Words, view: &RolloutView) -> String {
    let of = format!("{}.", view.line.number);
    let approved = w.t1("rollout-approved", "who", view.approver.as_str());
    format!("{of} {approved} {}", w.t("rollout-stops-itself"))
}

/// What a wave is called.
pub(super) fn wave_name(w: Words, wave: i64, waves: i64) -> String {
    match (wave, waves) {
        (_, 1) => w.t("rollout-wave-only"),
        (1, _) => w.t("rollout-wave-pilot"),
        (wave, _) => w.t1("rollout-wave", "n", (wave - 1).to_string()),
    }
}

/// The same in a table: the number alone.
pub(super) fn short_wave(w: Words, wave: i64, waves: i64) -> String {
    if waves > 1 && wave > 1 { (wave - 1).to_string() } else { wave_name(w, wave, waves) }
}

pub(super) fn waves(w: Words, say: &Say, view: &RolloutView) -> Vec<Wave> {
    let of = |wave: i64, one: &gapura_controller::RolloutWave| {
        let counted =
            || w.t2("rollout-wave-well", "well", say.number(one.well as u64), "of", say.number(one.gateways as u64));
        let over = wave < view.line.wave || view.line.state == Some(RolloutState::Done);
        let (class, tag) = match one.begun {
            None => ("", Tag { class: "off", words: w.n("rollout-wave-waits", one.sites as u64) }),
            Some(_) if view.line.state == Some(RolloutState::RolledBack) => {
                ("", Tag { class: "off", words: w.t("rollout-wave-back") })
            }
            Some(_) if one.ill > 0 => {
                let ill = w.n("rollout-wave-ill", one.ill as u64);
                (if over { "done" } else { "run" }, Tag { class: "bad", words: format!("{}, {ill}", counted()) })
            }
            Some(_) if over => ("done", Tag { class: "good", words: counted() }),
            Some(_) => ("run", Tag { class: "warn", words: counted() }),
        };
        Wave { class, name: wave_name(w, wave, view.line.waves), tag }
    };
    (1..).zip(&view.progress).map(|(wave, one)| of(wave, one)).collect()
}

/// The last of the waves' line: heading and words.
pub(super) fn end(w: Words, say: &Say, view: &RolloutView) -> (String, String) {
    let last = view.line.wave == view.line.waves;
    match (view.line.state, view.next) {
        (Some(RolloutState::Done), _) => {
            (w.t("rollout-end"), w.t1("rollout-end-at", "when", moment(say, view.changed)))
        }
        (Some(RolloutState::RolledBack), _) => (w.t("rollout-end"), w.t("rollout-end-back")),
        (Some(RolloutState::Stopped), _) => (w.t("rollout-end"), w.t("rollout-end-stopped")),
        (Some(RolloutState::Waiting) | None, _) => (w.t("rollout-end"), w.t("rollout-end-later")),
        (Some(RolloutState::Running), Some(next)) => {
            let key = if last { "rollout-end-about" } else { "rollout-next-about" };
            let title = if last { "rollout-end" } else { "rollout-next" };
            (w.t(title), w.t1(key, "when", say.when(next)))
        }
        (Some(RolloutState::Running), None) => {
            (w.t(if last { "rollout-end" } else { "rollout-next" }), w.t("rollout-next-unknown"))
        }
    }
}

/// The rows of a site: one a gateway, or one that says that there is none.
pub(super) fn rows(here: &Here, view: &RolloutView, site: &RolloutSite) -> Vec<Row> {
    let w = here.w();
    let zone = TimeZone::get(&site.zone).unwrap_or(TimeZone::UTC);
    let say = gapura_controller::say(here.lang, zone, here.now);
    let wave = short_wave(w, site.wave, view.line.waves);
    if site.gateways.is_empty() {
        return vec![Row {
            name: site.name.clone(),
            gateway: String::new(),
            revision: w.t("rollout-none"),
            generation: String::new(),
            since: w.t("rollout-none"),
            tag: Tag { class: "off", words: w.t("rollout-no-gateway") },
            more: w.t("rollout-no-gateway-about"),
            heard: w.t("rollout-none"),
            wave,
        }];
    }
    site.gateways.iter().map(|one| row(here, view, site, (one, &say))).collect()
}

fn row(here: &Here, view: &RolloutView, site: &RolloutSite, (one, say): (&RolloutGateway, &Say)) -> Row {
    let w = here.w();
    let former = || view.former.last().map_or_else(|| w.t("rollout-none"), ToString::to_string);
    let back = view.line.state == Some(RolloutState::RolledBack);
    let runs_it = taken(&one.runs) && !back;
    let (tag, more) = standing(w, view, one, say);
    let since = match one.runs {
        Runs::Well { since } if runs_it => short(w, say, since),
        Runs::Well { .. } | Runs::Waits | Runs::Coming | Runs::Away | Runs::Ill { .. } => w.t("rollout-none"),
    };
    let heard = match one.standing.heard {
        Some(at) => short(w, say, at),
        None => w.t("rollout-never"),
    };
    let generation = w.t1("rollout-generation", "n", one.standing.in_force.to_string());
    Row {
        name: site.name.clone(),
        gateway: if here.may_at(Right::SeeNetwork, Some(&site.place)) || site.gateways.len() > 1 {
            one.standing.gateway.to_string()
        } else {
            String::new()
        },
        revision: if runs_it { view.line.revision.to_string() } else { former() },
        generation,
        since,
        tag,
        more,
        heard,
        wave: short_wave(w, site.wave, view.line.waves),
    }
}

/// How a gateway stands, and what else there is to know.
fn standing(w: Words, view: &RolloutView, one: &RolloutGateway, say: &Say) -> (Tag, String) {
    let tag = |class, words| Tag { class, words };
    if view.line.state == Some(RolloutState::RolledBack) && view.line.wave > 0 {
        let taken = one.standing.in_force >= one.standing.wanted;
        let key = if taken { "rollout-is-back" } else { "rollout-coming-back" };
        return (tag("off", w.t(key)), String::new());
    }
    match one.runs {
        Runs::Waits => (tag("off", w.t("rollout-waiting-turn")), String::new()),
        Runs::Coming => (tag("warn", w.t("rollout-coming")), String::new()),
        Runs::Away => (tag("info", one.standing.condition.words(say)), w.t("rollout-away-about")),
        Runs::Well { .. } => (tag("good", w.t("rollout-in-force")), String::new()),
        Runs::Ill { trouble, accepted, .. } => {
            let mut more = match trouble {
                Trouble::Refused => refusal(w, one, say),
                Trouble::Unfiltered => w.t("rollout-unfiltered-about"),
                Trouble::Silent | Trouble::Degraded => one.standing.condition.words(say),
                Trouble::Restarts => String::new(),
            };
            if accepted {
                more = [more, w.t("rollout-accepted")]
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join(". ");
            }
            let key = match trouble {
                Trouble::Refused => "rollout-ill-refused",
                Trouble::Unfiltered => "rollout-ill-unfiltered",
                Trouble::Silent => "rollout-ill-silent",
                Trouble::Degraded => "rollout-ill-degraded",
                Trouble::Restarts => "rollout-ill-restarts",
            };
            (tag("bad", w.t(key)), more)
        }
    }
}

/// Why a bundle was not applied, and what holds there.
fn refusal(w: Words, one: &RolloutGateway, say: &Say) -> String {
    let verdict = one.standing.verdict.as_deref().map(|verdict| verdict_words(say, verdict)).unwrap_or_default();
    if one.standing.detail.is_empty() {
        return verdict;
    }
    format!("{verdict}: {}", w.t1("rollout-said", "words", one.standing.detail.as_str()))
}

/// How sites fare: what the SOP refuses where it refuses most, and who has not heard of it.
/// `seen`: the sites whose names the person may read.
pub(super) fn health(
    w: Words,
    say: &Say,
    view: &RolloutView,
    seen: &dyn Fn(&RolloutSite) -> bool,
) -> Vec<(String, String)> {
    let begun: Vec<&RolloutSite> = view.sites.iter().filter(|site| site.begun.is_some()).collect();
    if begun.is_empty() {
        return Vec::new();
    }
    let gateways = begun.iter().flat_map(|site| &site.gateways);
    let count =
        |test: &dyn Fn(&Runs) -> bool| say.number(gateways.clone().filter(|one| test(&one.runs)).count() as u64);
    let mut lines = vec![
        (w.t("rollout-health-well"), count(&|runs| matches!(runs, Runs::Well { .. }))),
        (w.t("rollout-health-coming"), count(&|runs| matches!(runs, Runs::Coming))),
        (w.t("rollout-health-away"), count(&|runs| matches!(runs, Runs::Away))),
        (w.t("rollout-health-ill"), count(&|runs| matches!(runs, Runs::Ill { .. }))),
    ];
    let most = begun.iter().max_by_key(|site| site.refused).filter(|site| site.refused > 0);
    lines.push((w.t("rollout-health-refused"), say.number(most.map_or(0, |site| site.refused))));
    if let Some(most) = most {
        let name = if seen(most) { most.name.clone() } else { w.t("rollout-elsewhere") };
        lines.push((w.t("rollout-health-where"), name));
        lines.push((w.t("rollout-health-before"), say.number(most.busiest)));
    }
    lines
}

/// When it stops by itself.
pub(super) fn limits(w: Words, say: &Say, view: &RolloutView) -> Vec<String> {
    let rules = view.rules;
    let times = rules.refusals_times.to_string();
    vec![
        w.t1("rollout-limit-settle", "minutes", say.number(rules.settle_minutes.into())),
        w.t("rollout-limit-refused"),
        w.t("rollout-limit-pilot"),
        w.t1("rollout-limit-lost", "percent", rules.lost_percent.to_string()),
        w.t2("rollout-limit-refusals", "least", say.number(rules.refusals_least), "times", times),
    ]
}
