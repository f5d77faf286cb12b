//! Every page with every kind of content, for the tests and for looking at them.

mod help;
mod site;

use std::sync::Arc;
use std::time::Duration;

use gapura_model::{BitRate, ByteCount, ClockTrust, Moment, Traffic, Uptime};
use jiff::{Timestamp, tz::TimeZone};

use crate::dress::Dress;
use crate::pages::{self, Problem, Scene};
use crate::{
    BytesLeft, Clause, Door, EndReason, Ended, Extension, Help, Lang, Link, Look, Nearby, Notice, Offer, Period,
    Refused, Severity, Share, Site, Speed, State, Terms, Text, TimeEnd, TimeLeft, Uplink, View, Visit,
};
use gapura_speech::Say;

const MB: u64 = 1_000_000;

/// 20 November 2026, 20.14 WITA, a Friday.
fn now() -> Timestamp {
    "2026-11-20T12:14:00Z".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

pub(super) fn look() -> Look {
    let mut look = Look::new(
        Text::plain("Internet Sinjai"),
        Text::plain("Galeri Internet Sinjai Utara"),
        Text::new("Diskominfo Kabupaten Sinjai", "the Sinjai Regency government"),
    );
    look.welcome = Some(Text::new("Selamat datang di Sinjai", "Welcome to Sinjai"));
    look.address = Some("internet.sinjaikab.go.id".to_owned());
    look.terms = Terms { version: "3".to_owned(), since: Some(jiff::civil::date(2026, 10, 1)), ..Terms::default() };
    look.help = Help {
        phone: Some("+624825550112".to_owned()),
        phone_text: Some("(0482) 555 0112".to_owned()),
        hours: Some(Text::new("Telepon atau WhatsApp, 08.00–22.00 WITA", "By phone or WhatsApp, 08:00–22:00 WITA")),
        counter: Some(Text::new("Petugas ada di loket sampai 22.00.", "Staff are at the counter until 22:00.")),
        ..Help::default()
    };
    look.garden = vec![
        Link { label: Text::plain("BMKG"), url: "https://www.bmkg.go.id/".to_owned() },
        Link { label: Text::plain("Lapor!"), url: "https://www.lapor.go.id/".to_owned() },
    ];
    look.nearby = vec![Nearby {
        name: Text::plain("Alun-alun Sinjai Bersatu"),
        note: Text::new("450 m, hotspot luar ruang", "450 m, outdoor hotspot"),
    }];
    look
}

fn site() -> Site {
    let day = vec![(480, 1320)];
    let friday = vec![(480, 690), (810, 1320)];
    let sunday = vec![(810, 1320)];
    Site {
        zone: TimeZone::get("Asia/Makassar").unwrap(),
        week: Some([day.clone(), day.clone(), day.clone(), day.clone(), friday, day, sunday]),
        one_tap: Some(Offer {
            time: Some(Duration::from_hours(2)),
            daily: true,
            bytes: Some(ByteCount::new(1000 * MB)),
        }),
        voucher: true,
        account: true,
    }
}

fn view(state: State) -> View {
    View {
        site: Arc::new(site()),
        state,
        door: Door::Open { closes: Some(at("2026-11-20T22:00:00")) },
        uplink: Uplink::Up,
        notice: None,
        wait: None,
    }
}

fn visit() -> Visit {
    Visit {
        number: "4K7M-29QD".to_owned(),
        plan: Text::new("Umum", "General"),
        devices: Some(1),
        started: now(),
        time: Some(TimeLeft { left: Duration::from_mins(72), of: Duration::from_hours(2), by: TimeEnd::Plan }),
        bytes: BytesLeft::Total(Share {
            left: ByteCount::new(640 * MB),
            of: ByteCount::new(1000 * MB),
            period: Period::Day,
            renews: Some(at("2026-11-21T00:00:00")),
        }),
        used: Traffic { up: ByteCount::new(47 * MB), down: ByteCount::new(313 * MB) },
        speed: Speed { up: BitRate::new(2_000_000), down: BitRate::new(4_000_000) },
        slowed: false,
        extend: Some(Extension { until: Some(at("2026-11-20T21:56:00")), bytes: ByteCount::ZERO }),
    }
}

fn over(why: EndReason) -> Ended {
    Ended {
        why,
        at: at("2026-11-20T20:02:00"),
        lasted: Duration::from_mins(82),
        used: Traffic { up: ByteCount::new(47 * MB), down: ByteCount::new(741 * MB) },
        time_left: Some(Duration::from_mins(38)),
        bytes_left: Some(ByteCount::new(212 * MB)),
        keep_until: Some(at("2026-11-21T00:00:00")),
        again: None,
        resumable: true,
    }
}

fn notice(severity: Severity, id: &str, en: &str, body: &str) -> Notice {
    Notice {
        severity,
        title: Text::new(id, en),
        body: Text::plain(body),
        issued: Some(at("2026-11-20T19:45:00")),
        until: Some(at("2026-11-20T22:30:00")),
        link: Some((Text::new("Rincian dari BMKG", "Details from BMKG"), "https://www.bmkg.go.id/".to_owned())),
    }
}

/// One page to look at.
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) lang: Lang,
    pub(super) html: String,
}

/// Every page in every language.
pub(super) fn all() -> Vec<Sample> {
    let dress = Dress::new(look()).unwrap();
    let mut samples = Vec::new();
    for lang in Lang::ALL {
        let mut add = |name: &str, view: &View, trust: ClockTrust, page: &dyn Fn(&Scene<'_>) -> String| {
            let moment = Moment { up: Uptime::default(), wall: now(), trust };
            let say = Say::new(crate::words::words(lang), view.site.zone.clone(), moment);
            let token = "0123456789abcdef0123456789abcdef".to_owned();
            let scene = Scene { dress: &dress, view, say, path: "/".to_owned(), token, passwords: true };
            samples.push(Sample { name: name.to_owned(), lang, html: page(&scene) });
        };
        for (name, view) in situations() {
            add(name, &view, ClockTrust::Trusted, &pages::situation);
            add(&format!("{name}-clock-in-doubt"), &view, ClockTrust::Doubtful, &pages::situation);
        }
        let ready = view(State::Ready);
        let mut plain = |name: &str, page: &dyn Fn(&Scene<'_>) -> String| add(name, &ready, ClockTrust::Trusted, page);
        plain("voucher", &|scene| pages::voucher(scene, "", None, None));
        plain("voucher-link", &|scene| pages::voucher(scene, "K7MRT 4WHPS", None, None));
        let token: gapura_model::VoucherToken = "0123456789abcdefghjkmnpqrs".parse().unwrap();
        plain("voucher-scanned", &|scene| pages::voucher_link(scene, &token, None));
        plain("takeover-scanned", &|scene| pages::takeover(scene, 1, "/v/0123456789abcdefghjkmnpqrs", "", ""));
        plain("account", &|scene| pages::account(scene, "", None, None));
        plain("takeover-voucher", &|scene| pages::takeover(scene, 1, "/voucer", "K7MRT 4WHPS", ""));
        plain("takeover-account", &|scene| pages::takeover(scene, 3, "/akun", "", "andi"));
        plain("takeover-one-tap", &|scene| pages::takeover(scene, 1, "/masuk", "", ""));
        plain("terms", &pages::terms);
        plain("privacy", &pages::privacy);
        for (name, page) in help::all().into_iter().chain(help::with_times()) {
            plain(&name, &page);
        }
        for (name, page) in site::all().into_iter().chain(site::with_times()) {
            plain(&name, &page);
        }
        for status in [400, 403, 413] {
            let status = http::StatusCode::from_u16(status).unwrap();
            plain(&format!("http-{}", status.as_u16()), &|scene| pages::http_error(scene, status));
        }
        plain("welcome-stale", &|scene| {
            let w = scene.say.words;
            pages::welcome(scene, Some(Problem::new(w.t("not-connected"), w.t("form-stale"))))
        });
        for (name, refusal) in refusals() {
            plain(&format!("refused-{name}"), &|scene| pages::refused(scene, &refusal).1);
            plain(&format!("refused-{name}-form"), &|scene| match pages::field_error(scene, &refusal) {
                pages::FieldError::Field(text) if refusal == Refused::WrongPassword => {
                    pages::account(scene, "andi", Some(text), None)
                }
                pages::FieldError::Field(text) => pages::voucher(scene, "K7MRT 4WHPS", Some(text), None),
                pages::FieldError::Form(problem) => pages::voucher(scene, "K7MRT 4WHPS", None, Some(problem)),
                pages::FieldError::Page => pages::refused(scene, &refusal).1,
            });
        }
        let online = view(State::Online(Box::new(visit())));
        let asked = |scene: &Scene<'_>| pages::why(scene, &pages::Asked::Site(&site::name(), crate::Explained::Open));
        add("why-online", &online, ClockTrust::Trusted, &asked);
        for (name, page) in site::with_times() {
            add(&format!("{name}-clock-in-doubt"), &ready, ClockTrust::Doubtful, &page);
        }
        for (name, page) in help::with_times() {
            add(&format!("{name}-clock-in-doubt"), &ready, ClockTrust::Doubtful, &page);
        }
        add("help-online", &online, ClockTrust::Trusted, &|scene| pages::help(scene, &pages::Plea::default(), None));
    }
    samples
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn situations() -> Vec<(&'static str, View)> {
    let online = |change: &dyn Fn(&mut Visit)| {
        let mut visit = visit();
        change(&mut visit);
        view(State::Online(Box::new(visit)))
    };
    let ended = |why, change: &dyn Fn(&mut Ended)| {
        let mut ended = over(why);
        change(&mut ended);
        view(State::Ended(Box::new(ended)))
    };
    let used_up = |ended: &mut Ended| {
        (ended.bytes_left, ended.resumable) = (Some(ByteCount::ZERO), false);
        ended.again = Some(at("2026-11-21T00:00:00"));
    };
    let soon = |minutes: u64, by| {
        move |visit: &mut Visit| {
            visit.time =
                Some(TimeLeft { left: Duration::from_secs(minutes * 60 - 5), of: Duration::from_hours(2), by });
        }
    };
    let door = |door| View { door, ..view(State::Ready) };
    let uplink = |uplink| View { uplink, ..view(State::Ready) };
    let with = |notice| View { notice: Some(notice), ..view(State::Ready) };
    let closed = |opens: Option<&str>, reason| Door::Closed { opens: opens.map(at), reason };
    let gone = Share { left: ByteCount::ZERO, of: ByteCount::new(500 * MB), period: Period::Month, renews: None };
    let every_hour = Site { week: None, one_tap: None, account: false, ..site() };
    let nothing = Site { one_tap: None, voucher: false, account: false, ..site() };
    vec![
        ("welcome", view(State::Ready)),
        (
            "welcome-24h-voucher-only",
            View { site: Arc::new(every_hour), door: Door::Open { closes: None }, ..view(State::Ready) },
        ),
        ("welcome-staff-only", View { site: Arc::new(nothing), ..view(State::Ready) }),
        ("welcome-wait", View { wait: Some(Duration::from_secs(20)), ..view(State::Ready) }),
        ("info", with(notice(Severity::Info, "Besok listrik padam", "No power tomorrow", "Pukul 09.00–11.00 WITA."))),
        ("waspada", with(notice(Severity::Waspada, "angin kencang", "strong wind", "Sinjai Barat."))),
        (
            "siaga",
            with(notice(Severity::Siaga, "hujan lebat, petir", "heavy rain, lightning", "Jauhi bantaran sungai.")),
        ),
        (
            "awas",
            with(notice(
                Severity::Awas,
                "peringatan dini tsunami",
                "tsunami warning",
                "Segera menuju tempat tinggi\nJauhi pantai dan muara sungai.\nTitik kumpul: halaman Kantor Bupati.",
            )),
        ),
        ("status", online(&|_| {})),
        ("status-soon-15", online(&soon(15, TimeEnd::Plan))),
        (
            "status-soon-5-closing",
            online(&|visit| {
                soon(5, TimeEnd::Closing)(visit);
                visit.extend = Some(Extension { until: None, bytes: ByteCount::new(100 * MB) });
            }),
        ),
        ("status-use-before", online(&soon(40, TimeEnd::UseBefore))),
        ("status-last-minute", online(&soon(1, TimeEnd::UseBefore))),
        (
            "status-unlimited",
            online(&|visit| (visit.time, visit.bytes, visit.speed) = (None, BytesLeft::Unlimited, Speed::default())),
        ),
        (
            "status-slowed",
            online(&|visit| {
                visit.slowed = true;
                visit.bytes =
                    BytesLeft::EachWay { up: Some(Share { period: Period::Visit, ..gone }), down: Some(gone) };
                visit.speed = Speed { up: None, down: BitRate::new(512_000) };
            }),
        ),
        (
            "status-voucher-bytes",
            online(&|visit| {
                visit.bytes = BytesLeft::Total(Share { period: Period::Voucher, ..gone });
                visit.speed.down = None;
            }),
        ),
        ("status-uplink-down", View { uplink: Uplink::Down { since: None }, ..online(&|_| {}) }),
        ("ended-logged-out", ended(EndReason::LoggedOut, &|_| {})),
        (
            "ended-unlimited",
            ended(EndReason::LoggedOut, &|e| (e.time_left, e.bytes_left, e.keep_until) = (None, None, None)),
        ),
        ("ended-time-only", ended(EndReason::Idle, &|e| (e.bytes_left, e.keep_until) = (None, None))),
        (
            "ended-visit-time",
            ended(EndReason::VisitTime, &|e| (e.time_left, e.resumable) = (Some(Duration::ZERO), false)),
        ),
        ("ended-day-time", ended(EndReason::DayTime, &used_up)),
        ("ended-month-time", ended(EndReason::MonthTime, &used_up)),
        (
            "quota-visit",
            ended(EndReason::Bytes(Period::Visit), &|e| (e.bytes_left, e.resumable) = (Some(ByteCount::ZERO), false)),
        ),
        ("quota-day", ended(EndReason::Bytes(Period::Day), &used_up)),
        ("quota-month", ended(EndReason::Bytes(Period::Month), &used_up)),
        (
            "quota-voucher",
            ended(EndReason::Bytes(Period::Voucher), &|e| (e.bytes_left, e.resumable) = (Some(ByteCount::ZERO), false)),
        ),
        ("ended-share", ended(EndReason::Share, &|e| (e.time_left, e.bytes_left, e.keep_until) = (None, None, None))),
        ("ended-idle", ended(EndReason::Idle, &|_| {})),
        ("ended-pause", ended(EndReason::LoggedOut, &|e| e.again = Some(at("2026-11-20T20:30:00")))),
        ("ended-closing", ended(EndReason::Closing, &|_| {})),
        ("ended-use-before", ended(EndReason::UseBefore, &|e| e.resumable = false)),
        ("ended-staff", ended(EndReason::Staff { reason: Some(Text::plain("PC 04 dipakai orang lain")) }, &|_| {})),
        ("ended-taken-over", ended(EndReason::TakenOver, &|_| {})),
        ("ended-address", ended(EndReason::AddressTaken, &|_| {})),
        ("ended-other", ended(EndReason::Other, &|_| {})),
        ("closed", door(closed(Some("2026-11-21T08:00:00"), None))),
        (
            "closed-today",
            door(closed(Some("2026-11-20T21:00:00"), Some(Text::new("Rapat petugas.", "Staff meeting.")))),
        ),
        (
            "closed-holiday",
            door(closed(Some("2026-11-23T08:00:00"), Some(Text::new("Hari libur.", "Public holiday.")))),
        ),
        ("closed-unknown", door(closed(None, None))),
        ("emergency", door(Door::Emergency { until: at("2026-11-20T23:30:00") })),
        ("uplink-down", uplink(Uplink::Down { since: Some(at("2026-11-20T19:52:00")) })),
        ("uplink-clash", uplink(Uplink::Clash)),
        ("blocked", view(State::Blocked { reason: None })),
        ("blocked-reason", view(State::Blocked { reason: Some(Text::plain("Mengganggu jaringan.")) })),
        ("trusted", view(State::Trusted)),
        ("unknown", view(State::Unknown)),
    ]
}

fn refusals() -> Vec<(&'static str, Refused)> {
    let later = at("2026-11-21T00:00:00");
    vec![
        ("unknown-code", Refused::UnknownCode),
        ("link-used", Refused::LinkUsed),
        ("used-up", Refused::UsedUp),
        ("use-before", Refused::UseBefore { passed: at("2026-11-19T00:00:00") }),
        ("wrong-site", Refused::WrongSite { site: None }),
        ("wrong-site-named", Refused::WrongSite { site: Some("Telecenter Tongke-Tongke".to_owned()) }),
        ("devices", Refused::TooManyDevices { allowed: 2, may_take_over: false }),
        ("password", Refused::WrongPassword),
        ("https", Refused::PasswordNeedsHttps),
        ("day-time", Refused::DayTimeGone { again: later }),
        ("month-time", Refused::MonthTimeGone { again: later }),
        ("bytes-visit", Refused::BytesGone { period: Period::Visit, again: None }),
        ("bytes-day", Refused::BytesGone { period: Period::Day, again: Some(later) }),
        ("bytes-month", Refused::BytesGone { period: Period::Month, again: Some(later) }),
        ("bytes-voucher", Refused::BytesGone { period: Period::Voucher, again: None }),
        ("share", Refused::ShareUsed),
        ("pause", Refused::Pause { until: at("2026-11-20T20:44:00") }),
        ("closed", Refused::Closed { opens: Some(at("2026-11-21T08:00:00")) }),
        ("uplink", Refused::UplinkDown),
        ("wait", Refused::Wait { wait: Duration::from_secs(20) }),
        ("busy", Refused::Busy),
        ("storage", Refused::Storage),
        ("device", Refused::UnknownDevice),
        ("blocked", Refused::Blocked),
        ("way-off", Refused::WayOff),
        ("terms", Refused::TermsChanged),
        ("clock", Refused::ClockDoubtful),
        ("not-offered", Refused::NotOffered),
    ]
}

/// Texts that try to break out of a page.
pub(super) fn hostile() -> Vec<String> {
    let evil = "\"><script>alert(1)</script>'&<b>";
    let mut bad_look = look();
    bad_look.site = Text::plain(evil);
    bad_look.help.questions = vec![Clause { title: Text::plain(evil), text: Text::plain(evil) }];
    let dress = Dress::new(bad_look).unwrap();
    let mut view = view(State::Online(Box::new(Visit { plan: Text::plain(evil), number: evil.to_owned(), ..visit() })));
    view.notice = Some(Notice {
        link: Some((Text::plain(evil), "javascript:alert(1)".to_owned())),
        ..notice(Severity::Info, evil, evil, evil)
    });
    let moment = Moment::trusted(Uptime::default(), now());
    let say = Say::new(crate::words::words(Lang::Id), view.site.zone.clone(), moment);
    let scene =
        Scene { dress: &dress, view: &view, say, path: evil.to_owned(), token: evil.to_owned(), passwords: true };
    let of_sites = site::hostile(&scene, evil).into_iter().chain(help::hostile(&scene, evil));
    let pages = [
        pages::situation(&scene),
        pages::voucher(&scene, evil, None, None),
        pages::account(&scene, evil, Some(evil.to_owned()), None),
        pages::takeover(&scene, 1, "/akun", "", evil),
        pages::refused(&scene, &Refused::WrongSite { site: Some(evil.to_owned()) }).1,
    ];
    pages.into_iter().chain(of_sites).collect()
}
