//! The network: gateways in words, one gateway, enrolment with its delivery note, a site's settings and where they came from,
//! alerts, backups.

mod alerts;
mod at;
mod backups;
mod basics;
mod calendars;
mod days;
mod devices;
mod enrol;
mod fields;
mod fleet;
mod gateway;
mod hours;
mod input;
mod levels;
mod look;
mod new_site;
mod plan_form;
mod plans;
#[cfg(test)]
mod samples;
mod site;
mod sites;
mod terms;

use gapura_controller::{Condition, GatewayStanding, Right, SitePlace, Tone, last_words};
use gapura_model::SiteKind;
use gapura_speech::Say;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/gerbang", Needs::Anywhere(Right::SeeNetwork), fleet::fleet);
    routes.get("/l/{site}/gerbang/{gateway}", Needs::Right(Right::SeeNetwork), gateway::one);
    routes.get("/l/{site}/gerbang-baru", Needs::Right(Right::RunGateways), enrol::new);
    routes.post("/l/{site}/gerbang-baru", Needs::Right(Right::RunGateways), enrol::make);
    routes.post("/l/{site}/gerbang-setuju", Needs::Right(Right::RunGateways), enrol::approve);
    routes.post("/l/{site}/gerbang-tolak", Needs::Right(Right::RunGateways), enrol::refuse);
    routes.post("/l/{site}/gerbang-cabut", Needs::Right(Right::RunGateways), gateway::revoke);
    routes.get("/lokasi", Needs::Anywhere(Right::SeeNetwork), sites::sites);
    routes.get("/lokasi/baru", Needs::Anywhere(Right::SetNetwork), new_site::new);
    routes.post("/lokasi/baru", Needs::Anywhere(Right::SetNetwork), new_site::make);
    routes.get("/l/{site}/dasar", Needs::Right(Right::SeeNetwork), basics::site);
    routes.post("/l/{site}/dasar/{bagian}", Needs::Right(Right::SetNetwork), basics::save_site);
    routes.get("/dasar/{tingkat}/{nama}", Needs::Anywhere(Right::SeeNetwork), basics::above);
    routes.post("/dasar/{tingkat}/{nama}/{bagian}", Needs::Right(Right::SetNetwork), basics::save_above);
    routes.get("/l/{site}/perangkat", Needs::Right(Right::SeeNetwork), devices::devices);
    routes.post("/l/{site}/perangkat", Needs::Right(Right::SetNetwork), devices::save);
    routes.post("/l/{site}/perangkat/hapus", Needs::Right(Right::SetNetwork), devices::remove);
    routes.get("/l/{site}", Needs::Right(Right::SeeNetwork), site::site);
    routes.post("/l/{site}/pindah", Needs::Right(Right::MoveSite), site::relocate);
    routes.post("/l/{site}/jam/pengecualian", Needs::Right(Right::SetHours), hours::set::except);
    routes.post("/l/{site}/jam/pengecualian-hapus", Needs::Right(Right::SetHours), hours::set::unexcept);
    routes.get("/l/{site}/jam", Needs::Right(Right::SeeNetwork), hours::hours);
    routes.post("/l/{site}/jam", Needs::Right(Right::SetNetwork), hours::set::set_week);
    routes.post("/l/{site}/jam/musim", Needs::Right(Right::SetNetwork), hours::set::set_season);
    routes.post("/l/{site}/jam/musim-hapus", Needs::Right(Right::SetNetwork), hours::set::remove_season);
    routes.post("/l/{site}/jam/libur", Needs::Right(Right::SetNetwork), hours::set::set_holidays);
    routes.post("/l/{site}/jam/tutup-awal", Needs::Right(Right::SetHours), hours::early::close);
    routes.post("/l/{site}/jam/buka-lagi", Needs::Right(Right::SetHours), hours::early::reopen);
    routes.post("/l/{site}/jam/zona", Needs::Right(Right::SetNetwork), hours::set::set_zone);
    routes.get("/jam/{tingkat}/{nama}", Needs::Anywhere(Right::SeeNetwork), hours::hours);
    routes.post("/jam/{tingkat}/{nama}", Needs::Right(Right::SetNetwork), hours::set::set_week);
    routes.post("/jam/{tingkat}/{nama}/zona", Needs::Right(Right::SetNetwork), hours::set::set_zone);
    routes.post("/jam/{tingkat}/{nama}/musim", Needs::Right(Right::SetNetwork), hours::set::set_season);
    routes.post("/jam/{tingkat}/{nama}/musim-hapus", Needs::Right(Right::SetNetwork), hours::set::remove_season);
    routes.post("/jam/{tingkat}/{nama}/libur", Needs::Right(Right::SetNetwork), hours::set::set_holidays);
    routes.post("/jam/{tingkat}/{nama}/pengecualian", Needs::Right(Right::SetNetwork), hours::set::except);
    routes.post("/jam/{tingkat}/{nama}/pengecualian-hapus", Needs::Right(Right::SetNetwork), hours::set::unexcept);
    routes.get("/kalender", Needs::Anywhere(Right::SeeNetwork), calendars::list);
    routes.get("/kalender/baru", Needs::Right(Right::SetNetwork), calendars::new);
    routes.get("/kalender/ubah/{id}", Needs::Right(Right::SetNetwork), calendars::edit);
    routes.post("/kalender/impor", Needs::Right(Right::SetNetwork), calendars::take_in);
    routes.post("/kalender/simpan", Needs::Right(Right::SetNetwork), calendars::save);
    routes.post("/kalender/hapus", Needs::Right(Right::SetNetwork), calendars::remove);
    routes.get("/rupa", Needs::Anywhere(Right::SeeNetwork), look::list::list);
    routes.get("/rupa/bingkai", Needs::Anywhere(Right::SeeNetwork), look::frame::frame);
    routes.get("/rupa/{tingkat}/{nama}", Needs::Anywhere(Right::SeeNetwork), look::above);
    routes.post("/rupa/{tingkat}/{nama}", Needs::Right(Right::SetNetwork), look::save_above);
    routes.post("/rupa/{tingkat}/{nama}/pratinjau", Needs::Right(Right::SetNetwork), look::try_above);
    routes.get("/l/{site}/rupa", Needs::Right(Right::SeeNetwork), look::site);
    routes.post("/l/{site}/rupa", Needs::Right(Right::SetNetwork), look::save_site);
    routes.post("/l/{site}/rupa/pratinjau", Needs::Right(Right::SetNetwork), look::try_site);
    routes.get("/setelan", Needs::Anywhere(Right::SeeNetwork), levels::list);
    routes.get("/setelan/{tingkat}/{nama}", Needs::Anywhere(Right::SeeNetwork), levels::one);
    routes.post("/setelan/baru", Needs::Right(Right::SetNetwork), levels::make);
    routes.post("/setelan/nama", Needs::Right(Right::SetNetwork), levels::rename);
    routes.post("/setelan/hapus", Needs::Right(Right::SetNetwork), levels::remove);
    routes.post("/setelan/gabung", Needs::Right(Right::SetNetwork), levels::join);
    routes.get("/syarat", Needs::Anywhere(Right::SeeNetwork), terms::list);
    routes.get("/syarat/versi", Needs::Anywhere(Right::SeeNetwork), terms::one);
    routes.get("/syarat/baru", Needs::Right(Right::SetNetwork), terms::write::new);
    routes.post("/syarat/baru", Needs::Right(Right::SetNetwork), terms::write::write);
    routes.post("/syarat/berlaku", Needs::Right(Right::SetNetwork), terms::put);
    routes.post("/syarat/cabut", Needs::Right(Right::SetNetwork), terms::withdraw);
    routes.get("/paket", Needs::Anywhere(Right::SeeNetwork), plans::list);
    routes.get("/paket/baru", Needs::Right(Right::SetNetwork), plans::new);
    routes.get("/paket/ubah/{id}", Needs::Right(Right::SetNetwork), plans::edit);
    routes.post("/paket/simpan", Needs::Right(Right::SetNetwork), plans::save);
    routes.post("/paket/hapus", Needs::Right(Right::SetNetwork), plans::remove);
    routes.get("/siaga", Needs::Anywhere(Right::SeeAlerts), alerts::alerts);
    routes.post("/siaga/tangani", Needs::Anywhere(Right::TakeAlerts), alerts::take);
    routes.get("/cadangan", Needs::Right(Right::BackUp), backups::backups);
    routes.post("/cadangan/buat", Needs::Right(Right::BackUp), backups::make);
    let lines = [
        (icons::GATEWAY, "network-menu-gateways", "/gerbang", Right::SeeNetwork),
        (icons::SITE, "network-menu-sites", "/lokasi", Right::SeeNetwork),
        (icons::SITE, "network-menu-site", "/l/{site}", Right::SeeNetwork),
        (icons::HOURS, "hours-menu", "/l/{site}/jam", Right::SeeNetwork),
        (icons::HOURS, "calendars-menu", "/kalender", Right::SeeNetwork),
        (icons::PLAN, "plans-menu", "/paket", Right::SeeNetwork),
        (icons::TERMS, "terms-menu", "/syarat", Right::SeeNetwork),
        (icons::LAYERS, "levels-menu", "/setelan", Right::SeeNetwork),
        (icons::LOOK, "looks-menu", "/rupa", Right::SeeNetwork),
        (icons::ALERT, "network-menu-alerts", "/siaga", Right::SeeAlerts),
        (icons::BACKUP, "network-menu-backups", "/cadangan", Right::BackUp),
    ];
    for (icon, words, path, needs) in lines {
        routes.menu(MenuLine { section: Section::Network, icon, words, path, needs });
    }
}

/// A tag: its class and words.
#[derive(Clone, Debug)]
struct Tag {
    class: &'static str,
    words: String,
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "bad",
        Tone::Warn => "warn",
        Tone::Good => "good",
        Tone::Off => "off",
    }
}

/// The controller's own words about a place in this zone.
fn spoken(here: &Here, zone: &str) -> Say {
    gapura_controller::say(here.lang, TimeZone::get(zone).unwrap_or(TimeZone::UTC), here.now)
}

fn tag(condition: &Condition, say: &Say) -> Tag {
    Tag { class: class(condition.tone()), words: condition.words(say) }
}

/// What a silent gateway said last, in quotation marks; empty where there is nothing.
fn said_last(one: &GatewayStanding, say: &Say, here: &Here) -> String {
    let words = last_words(one.beat.as_ref().and_then(|beat| beat.words), say);
    if words.is_empty() { words } else { here.w().t1("network-last-words", "words", words) }
}

fn place(one: &GatewayStanding) -> SitePlace {
    SitePlace { site: one.site.clone(), agency: one.agency.clone(), regency: one.regency.clone() }
}

pub(crate) const fn kind(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Gallery => "network-kind-gallery",
        SiteKind::Hotspot => "network-kind-hotspot",
        SiteKind::Telecenter => "network-kind-telecenter",
        SiteKind::Plik => "network-kind-plik",
        SiteKind::Mplik => "network-kind-mplik",
    }
}

/// "20.14" today, else "20 November 2026 20.14".
fn moment(say: &Say, at: Timestamp) -> String {
    if say.date_of(at) == say.today() { say.bare_clock(at) } else { format!("{} {}", say.day(at), say.bare_clock(at)) }
}

/// "8 detik lalu" within an hour, else the time.
fn ago(here: &Here, say: &Say, at: Timestamp) -> String {
    let passed = here.now.duration_since(at);
    match std::time::Duration::try_from(passed) {
        Ok(passed) if passed.as_secs() < 3600 => here.w().t1("network-ago", "time", here.say().duration(passed)),
        _ => moment(say, at),
    }
}
