//! The table of the counter: rows, tabs, what is open, what waits for the gateway.

use std::time::Duration;

use gapura_controller::{OnlineView, OrderSeen, Right, Seat};
use gapura_model::BitRate;
use gapura_session::{Plan, Way};
use gapura_speech::Words;
use gapura_wire::{BlockInForce, OnlineVisit, VoucherTag, WireHolder, device_label, short_device};
use jiff::{SignedDuration, Timestamp};

use super::Asked;
use super::act::closes;
use crate::here::Here;

/// A tab above the table.
#[derive(Clone, Debug)]
pub(super) struct Tab {
    pub(super) href: String,
    pub(super) words: String,
    pub(super) current: bool,
}

/// A visit.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// For the addresses of its parts.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) under: String,
    pub(super) plan: String,
    pub(super) since: String,
    pub(super) left: String,
    /// Part of its time that is left, in percent; none where nothing ends it.
    pub(super) percent: Option<i64>,
    pub(super) quota: String,
    pub(super) speed: String,
    /// What was ordered a moment ago.
    pub(super) tag: Option<(&'static str, String)>,
    /// It waits for the gateway: nothing else is ordered meanwhile.
    pub(super) waits: bool,
    pub(super) extend: String,
    pub(super) end: String,
    pub(super) moving: String,
    /// A request about this visit; none for whoever may write none.
    pub(super) request: Option<String>,
    /// Where it is blocked; none for a PC seat, which is the site's own.
    pub(super) block: Option<String>,
    pub(super) open: Option<SubForm>,
}

/// A device that is kept out.
#[derive(Clone, Debug)]
pub(super) struct BlockRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) reason: String,
    pub(super) until: String,
    pub(super) by_document: bool,
    pub(super) unblock: String,
    pub(super) open: Option<SubForm>,
}

/// What is filled in below a row.
#[derive(Clone, Debug)]
pub(super) struct SubForm {
    pub(super) action: String,
    pub(super) legend: String,
    /// Name and value that say what it is about.
    pub(super) about: (&'static str, String),
    /// Choices: value and words; the first is chosen.
    pub(super) picks: Vec<(String, String)>,
    pub(super) reasons: Vec<String>,
    pub(super) hint: String,
    pub(super) button: String,
    pub(super) class: &'static str,
    pub(super) order: String,
    pub(super) back: String,
}

/// A code that staff read out.
#[derive(Clone, Debug)]
pub(super) struct CodePanel {
    pub(super) code: String,
    pub(super) until: String,
    pub(super) state: String,
}

/// The table with its pages.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) blocks: Vec<BlockRow>,
    pub(super) shown: String,
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
}

/// Rows on a page.
const ROWS: usize = 25;
/// What ends so soon is worth a look.
const SOON: SignedDuration = SignedDuration::from_mins(20);
/// Tabs: what stands in the address, and their words.
const TABS: [(&str, &str); 5] = [
    ("daring", "desk-tab-online"),
    ("wifi", "desk-tab-wifi"),
    ("pc", "desk-tab-pc"),
    ("segera", "desk-tab-soon"),
    ("blokir", "desk-tab-blocked"),
];

/// What a look at the counter goes by.
pub(super) struct Look<'a> {
    pub(super) here: &'a Here,
    pub(super) asked: &'a Asked,
    pub(super) base: &'a str,
    pub(super) plans: &'a [Plan],
    pub(super) orders: &'a [OrderSeen],
    /// The voucher whose code is searched for.
    pub(super) tag: Option<VoucherTag>,
}

impl Look<'_> {
    pub(super) fn w(&self) -> Words {
        self.here.w()
    }

    pub(super) fn tab(&self) -> &'static str {
        TABS.iter().map(|(tab, _)| *tab).find(|tab| *tab == self.asked.saring).unwrap_or("daring")
    }

    /// This view with other things behind `?`.
    pub(super) fn href(&self, with: &[(&str, &str)]) -> String {
        let page = self.asked.hal.to_string();
        let kept = [("saring", self.tab()), ("q", self.asked.q.as_str()), ("hal", page.as_str())];
        let kept = kept.into_iter().filter(|(name, value)| {
            !with.iter().any(|(other, _)| other == name) && !matches!(*value, "" | "0" | "daring")
        });
        let all: Vec<String> = kept
            .chain(with.iter().copied())
            .map(|(name, value)| {
                format!("{name}={}", form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>())
            })
            .collect();
        if all.is_empty() { format!("{}/loket", self.base) } else { format!("{}/loket?{}", self.base, all.join("&")) }
    }

    /// The line below the heading: date, time, closing time.
    pub(super) fn head(&self, online: &OnlineView) -> String {
        let (say, w, now) = (self.here.say(), self.w(), self.here.now);
        let day = say.today();
        let today = format!("{}, {}", say.weekday(day.weekday()), say.date(day));
        let at = w.t2("desk-now", "day", today, "clock", say.clock(now));
        let next = match (online.told.is_some(), online.open, online.changes) {
            (true, false, Some(opens)) => w.t1("desk-opens", "when", say.when(opens)),
            (true, false, None) => w.t("desk-closed"),
            (_, _, changes) => match changes.or_else(|| closes(self.here)) {
                Some(closes) => {
                    let left = say.duration(length(now, closes));
                    w.t2("desk-closes", "clock", say.bare_clock(closes), "left", left)
                }
                None => w.t("desk-always"),
            },
        };
        format!("{at} {next}")
    }

    /// How the gateway is.
    pub(super) fn line(&self, online: &OnlineView) -> (&'static str, String) {
        let (say, w) = (self.here.say(), self.w());
        match online.told {
            None if online.reachable => ("info", w.t("desk-line-first")),
            None => ("warn", w.t("desk-line-never")),
            Some(_) if online.reachable => ("good", w.t("desk-line-good")),
            Some(told) => ("warn", w.t1("desk-line-gone", "when", say.when(told))),
        }
    }

    pub(super) fn tabs(&self, online: &OnlineView) -> Vec<Tab> {
        let count = |tab: &str| match tab {
            "blokir" => online.blocks.len(),
            _ => online.visits.iter().filter(|visit| self.is_in(tab, visit)).count(),
        };
        let tab = |&(tab, words): &(&str, &str)| Tab {
            href: self.href(&[("saring", tab), ("hal", "1")]),
            words: format!("{} {}", self.w().t(words), count(tab)),
            current: tab == self.tab(),
        };
        TABS.iter().map(tab).collect()
    }

    fn is_in(&self, tab: &str, visit: &OnlineVisit) -> bool {
        match tab {
            "wifi" => visit.seat.is_none(),
            "pc" => visit.seat.is_some(),
            "segera" => visit.until.is_some_and(|until| until.duration_since(self.here.now) < SOON),
            _ => true,
        }
    }

    fn fits(&self, visit: &OnlineVisit) -> bool {
        let wanted = self.asked.q.trim().to_lowercase();
        if wanted.is_empty() {
            return true;
        }
        if let (Some(tag), Some(WireHolder::Voucher(held))) = (self.tag, &visit.holder) {
            return tag == *held;
        }
        let said = [self.name(visit), self.under(visit), self.plan(visit), visit.visit.short()];
        said.iter().any(|text| text.to_lowercase().contains(&wanted))
    }

    /// The rows of this page.
    pub(super) fn table(&self, online: &OnlineView, seats: &[Seat]) -> Table {
        if self.tab() == "blokir" {
            let blocks = online.blocks.iter().map(|block| self.blocked(block));
            return Table { blocks: blocks.filter(|row| self.row_fits(row)).collect(), ..Table::default() };
        }
        let fitting: Vec<&OnlineVisit> =
            online.visits.iter().filter(|visit| self.is_in(self.tab(), visit) && self.fits(visit)).collect();
        let pages = fitting.len().div_ceil(ROWS).max(1);
        let page = self.asked.hal.clamp(1, pages);
        let first = (page - 1) * ROWS;
        let rows: Vec<Row> = fitting.iter().skip(first).take(ROWS).map(|visit| self.row(visit, seats)).collect();
        let range = format!("{}–{}", first + 1, first + rows.len());
        let shown = self.w().t2("desk-shown", "range", range, "all", fitting.len().to_string());
        let at = |page: usize| self.href(&[("hal", &page.to_string())]);
        Table {
            shown: if rows.is_empty() { String::new() } else { shown },
            earlier: (page > 1).then(|| at(page - 1)),
            later: (page < pages).then(|| at(page + 1)),
            rows,
            blocks: Vec::new(),
        }
    }

    fn row_fits(&self, row: &BlockRow) -> bool {
        let wanted = self.asked.q.trim().to_lowercase();
        row.name.to_lowercase().contains(&wanted) || row.reason.to_lowercase().contains(&wanted)
    }

    pub(super) fn empty(&self, online: &OnlineView) -> (String, String) {
        let w = self.w();
        if !self.asked.q.is_empty() {
            (w.t("desk-none-found"), w.t("desk-none-found-do"))
        } else if online.told.is_none() {
            (w.t("desk-none-told"), w.t("desk-none-told-do"))
        } else if self.tab() == "blokir" {
            (w.t("desk-none-blocked"), w.t("desk-none-blocked-do"))
        } else {
            (w.t("desk-none-online"), w.t("desk-none-online-do"))
        }
    }

    pub(super) fn name(&self, visit: &OnlineVisit) -> String {
        device_name(self.w(), visit)
    }

    fn under(&self, visit: &OnlineVisit) -> String {
        let w = self.w();
        let way = match (&visit.holder, visit.way) {
            _ if visit.class.is_some() => w.t("desk-way-class"),
            (Some(WireHolder::Account(name)), _) => w.t1("desk-way-account", "name", name.as_str()),
            (Some(WireHolder::Voucher(_)), _) | (None | Some(WireHolder::Device(_)), Way::Voucher) => {
                w.t("desk-way-voucher")
            }
            (None | Some(WireHolder::Device(_)), Way::OneTap) => w.t("desk-way-tap"),
            (None | Some(WireHolder::Device(_)), Way::Account | Way::Trusted | Way::Staff) => w.t("desk-way-staff"),
        };
        format!("{way}, {}", visit.visit.short())
    }

    fn plan(&self, visit: &OnlineVisit) -> String {
        let plan = self.plans.iter().find(|plan| plan.id == visit.plan);
        plan.map_or_else(|| visit.plan.to_string(), |plan| plan.name.clone())
    }

    fn row(&self, visit: &OnlineVisit, seats: &[Seat]) -> Row {
        let (say, w, now) = (self.here.say(), self.w(), self.here.now);
        let id = visit.visit.to_string();
        let at = |action: &str| format!("{}#baris", self.href(&[("baris", &id), ("aksi", action)]));
        let percent = visit.until.map(|until| {
            let whole = until.duration_since(visit.started).as_secs().max(1);
            (until.duration_since(now).as_secs().max(0) * 100 / whole).clamp(0, 100)
        });
        let tag = self.said_of(visit.visit);
        let speed = BitRate::new(visit.speed).filter(|_| visit.speed >= 1000);
        let speed = speed.map_or_else(|| w.t("desk-idle"), |speed| say.rate(speed));
        let speed = if visit.slowed { w.t1("desk-slowed", "speed", speed) } else { speed };
        Row {
            name: held(&self.name(visit)),
            under: held(&self.under(visit)),
            plan: self.plan(visit),
            since: w.t1("desk-since", "clock", say.bare_clock(visit.started)),
            left: visit.until.map_or_else(|| w.t("desk-no-end"), |until| short(w, length(now, until))),
            percent,
            quota: visit.bytes_left.map_or_else(|| w.t("desk-no-quota"), |left| say.bytes(left)),
            speed: w.t2("desk-used", "bytes", say.bytes(visit.traffic.total()), "speed", speed),
            waits: matches!(tag, Some(("info", _))),
            tag,
            extend: at("perpanjang"),
            end: at("putuskan"),
            moving: at("pindahkan"),
            request: self.here.may(Right::WriteRequests).then(|| {
                format!("/permintaan/baru?lokasi={}&sesi={}", self.base.trim_start_matches("/l/"), visit.visit.short())
            }),
            block: visit.seat.is_none().then(|| at("blokir")),
            open: (self.asked.baris == id).then(|| self.sub_form(visit, seats)).flatten(),
            id,
        }
    }

    fn blocked(&self, block: &BlockInForce) -> BlockRow {
        let (say, w) = (self.here.say(), self.w());
        let id = block.device.to_string();
        let name = format!("{} {}", w.t("desk-device"), short_device(&block.device));
        let open = (self.asked.baris == id && !block.by_document).then(|| SubForm {
            action: format!("{}/loket/buka", self.base),
            legend: w.t1("desk-unblock-legend", "device", name.as_str()),
            about: ("perangkat", id.clone()),
            picks: Vec::new(),
            reasons: self.reasons("desk-reasons-unblock"),
            hint: String::new(),
            button: w.t("desk-unblock-button"),
            class: "go",
            order: self.order(),
            back: self.href(&[]),
        });
        BlockRow {
            name,
            reason: block.reason.clone(),
            until: block
                .until
                .map_or_else(|| w.t("desk-block-open"), |until| w.t1("desk-until", "when", say.when(until))),
            by_document: block.by_document,
            unblock: format!("{}#baris", self.href(&[("baris", &id), ("aksi", "buka")])),
            open,
            id,
        }
    }
}

/// A device as staff call it: its seat, or `Ponsel 3F-07`.
pub(super) fn device_name(w: Words, visit: &OnlineVisit) -> String {
    let word = match (&visit.seat, w.lang(), visit.sort) {
        (Some(seat), ..) => return seat.clone(),
        (None, gapura_speech::Lang::Id, sort) => return device_label(sort, &visit.device),
        (None, _, gapura_model::DeviceSort::Phone) => w.t("desk-phone"),
        (None, _, gapura_model::DeviceSort::Tablet) => w.t("desk-tablet"),
        (None, _, gapura_model::DeviceSort::Laptop) => w.t("desk-laptop"),
        (None, _, gapura_model::DeviceSort::Other) => w.t("desk-device"),
    };
    format!("{word} {}", short_device(&visit.device))
}

/// With hyphens that do not break: a device's name is read out in one piece.
fn held(text: &str) -> String {
    text.replace('-', "\u{2011}")
}

/// "1 jam 12 mnt", "8 mnt": a column is narrow.
pub(super) fn short(w: Words, length: Duration) -> String {
    let minutes = length.as_secs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => w.t1("desk-short-minutes", "m", minutes.to_string()),
        (hours, 0) => w.t1("desk-short-hours", "h", hours.to_string()),
        (hours, minutes) => w.t2("desk-short-both", "h", hours.to_string(), "m", minutes.to_string()),
    }
}

pub(super) fn length(now: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}
