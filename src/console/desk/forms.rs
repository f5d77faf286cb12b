//! What is filled in below a row, and what became of what was ordered.

use gapura_controller::{MoveCodeSeen, OrderState, Seat, SeatState};
use gapura_model::VisitId;
use gapura_session::EndCause;
use gapura_speech::Words;
use gapura_wire::{MoveTo, NotDone, OnlineVisit, OrderKind};
use jiff::{SignedDuration, Timestamp};

use super::act::closes;
use super::orders::FAILED;
use super::view::{CodePanel, Look, SubForm};

/// What became of an order is shown this long.
const RECENT: SignedDuration = SignedDuration::from_mins(2);

impl Look<'_> {
    /// The form that is open below a visit.
    pub(super) fn sub_form(&self, visit: &OnlineVisit, seats: &[Seat]) -> Option<SubForm> {
        let (say, w, now) = (self.here.say(), self.w(), self.here.now);
        let name = self.name(visit);
        let closes = closes(self.here);
        let form = |action: &str, legend: String, button: &str, reasons: &str, class: &'static str| SubForm {
            action: format!("{}/loket/{action}", self.base),
            legend,
            about: ("kunjungan", visit.visit.to_string()),
            picks: Vec::new(),
            reasons: self.reasons(reasons),
            hint: String::new(),
            button: w.t(button),
            class,
            order: self.order(),
            back: self.href(&[]),
        };
        match self.asked.aksi.as_str() {
            "perpanjang" => Some(self.extend_form(visit, form)),
            "putuskan" => {
                let legend = w.t1("desk-end-legend", "device", name);
                let hint = w.t("desk-reason-read");
                Some(SubForm { hint, ..form("putuskan", legend, "desk-end-button", "desk-reasons-end", "go bad") })
            }
            "pindahkan" => {
                let legend = w.t1("desk-move-legend", "device", name);
                let free = seats.iter().filter(|seat| seat.state == SeatState::Free && !seat.opening);
                let mut picks = vec![(String::new(), w.t("desk-move-code"))];
                picks.extend(free.map(|seat| (seat.label.clone(), seat.label.clone())));
                let hint = w.t("desk-move-hint");
                Some(SubForm {
                    picks,
                    hint,
                    ..form("pindahkan", legend, "desk-move-button", "desk-reasons-move", "go")
                })
            }
            // A PC seat is the site's own device.
            "blokir" if visit.seat.is_some() => {
                let legend = w.t1("desk-block-legend", "device", name);
                let hint = w.t("desk-block-seat");
                Some(SubForm { hint, button: String::new(), ..form("blokir", legend, "", "desk-reasons-block", "go") })
            }
            "blokir" => {
                let legend = w.t1("desk-block-legend", "device", name);
                let hour = now.checked_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
                let day = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
                let mut picks = vec![("jam".to_owned(), w.t1("desk-block-hour", "clock", say.bare_clock(hour)))];
                if let Some(closes) = closes.filter(|closes| *closes > hour) {
                    picks.push(("tutup".to_owned(), w.t1("desk-to-closing", "clock", say.bare_clock(closes))));
                }
                picks.push(("hari".to_owned(), w.t1("desk-block-day", "when", say.when(day))));
                picks.push(("buka".to_owned(), w.t("desk-block-open")));
                let about = ("perangkat", visit.device.to_string());
                let hint = w.t("desk-reason-read");
                let form = form("blokir", legend, "desk-block-button", "desk-reasons-block", "go bad");
                Some(SubForm { about, picks, hint, ..form })
            }
            _ => None,
        }
    }

    /// More time for a visit, as far as closing time and its voucher let it; where nothing does, a sentence why.
    fn extend_form(
        &self,
        visit: &OnlineVisit,
        form: impl Fn(&str, String, &str, &str, &'static str) -> SubForm,
    ) -> SubForm {
        let (say, w, name) = (self.here.say(), self.w(), self.name(visit));
        let closes = closes(self.here);
        let form = |legend: String| form("perpanjang", legend, "desk-extend-button", "desk-reasons-extend", "go");
        let stuck = |legend: String, why: &str| SubForm { hint: w.t(why), button: String::new(), ..form(legend) };
        let Some(until) = visit.until else {
            return stuck(w.t1("desk-extend-free", "device", name), "desk-extend-unlimited");
        };
        let legend = w.t2("desk-extend-legend", "device", name, "clock", say.bare_clock(until));
        // Neither closing time nor a voucher's last moment moves for anybody.
        if matches!(visit.ends_because, Some(EndCause::Closing | EndCause::Expired)) {
            return stuck(legend, "desk-extend-stuck");
        }
        let mut picks = Vec::new();
        for minutes in [15_i64, 30, 60] {
            let ends = until.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
            if closes.is_none_or(|closes| ends < closes) {
                let words = w.t2("desk-minutes", "n", minutes.to_string(), "clock", say.bare_clock(ends));
                picks.push((minutes.to_string(), words));
            }
        }
        if let Some(closes) = closes.filter(|closes| *closes > until) {
            picks.push(("tutup".to_owned(), w.t1("desk-to-closing", "clock", say.bare_clock(closes))));
        }
        if picks.is_empty() { stuck(legend, "desk-extend-stuck") } else { SubForm { picks, ..form(legend) } }
    }

    /// Reasons to choose from, which one message has with commas.
    pub(super) fn reasons(&self, key: &str) -> Vec<String> {
        (0..).map(|place| self.w().list(key, place)).take_while(|text| !text.is_empty()).take(8).collect()
    }

    /// An id of its own for each form.
    pub(super) fn order(&self) -> String {
        self.here.office().order_id().map(|id| id.to_string()).unwrap_or_default()
    }

    /// What was ordered of a visit a moment ago, and what became of it.
    pub(super) fn said_of(&self, visit: VisitId) -> Option<(&'static str, String)> {
        let order = self.orders.iter().find(|order| order.visit == Some(visit))?;
        let (say, w) = (self.here.say(), self.w());
        let code = OrderKind::Unknown;
        let what = match order.what.as_ref().unwrap_or(&code) {
            OrderKind::Unknown if order.what.is_none() => w.t("desk-said-code"),
            OrderKind::Extend { seconds: Some(seconds), .. } => w.t1("desk-said-more", "n", (seconds / 60).to_string()),
            OrderKind::Extend { seconds: None, .. } => w.t("desk-said-closing"),
            OrderKind::Shorten { seconds, .. } => w.t1("desk-said-less", "n", (seconds / 60).to_string()),
            OrderKind::End { .. } => w.t("desk-said-end"),
            OrderKind::Move { to: MoveTo::Code { .. }, .. } => w.t("desk-said-code"),
            OrderKind::Move { to: MoveTo::Seat(seat), .. } => w.t1("desk-said-seat", "seat", seat.as_str()),
            OrderKind::Block { .. }
            | OrderKind::Unblock { .. }
            | OrderKind::OpenSeat { .. }
            | OrderKind::OpenClass { .. }
            | OrderKind::CloseClass { .. }
            | OrderKind::Unknown => return None,
        };
        match &order.state {
            OrderState::Queued => Some(("info", w.t1("desk-queued", "what", what))),
            OrderState::Sent { .. } => Some(("info", w.t1("desk-sent", "what", what))),
            OrderState::Done { told, until, .. } if self.here.now.duration_since(*told) < RECENT => {
                let until = until.map(|until| say.bare_clock(until)).unwrap_or_default();
                let words = if until.is_empty() { what } else { w.t2("desk-done", "what", what, "clock", until) };
                Some(("good", words))
            }
            OrderState::Failed { told, why } if self.here.now.duration_since(*told) < FAILED => {
                Some(("bad", w.t2("desk-failed", "what", what, "why", why_not(w, *why))))
            }
            OrderState::Done { .. } | OrderState::Failed { .. } | OrderState::TakenBack { .. } => None,
        }
    }

    /// The code that was just made.
    pub(super) fn code(&self, seen: &MoveCodeSeen) -> CodePanel {
        let (say, w) = (self.here.say(), self.w());
        let state = match &seen.state {
            OrderState::Queued | OrderState::Sent { .. } => w.t("desk-code-waits"),
            OrderState::Done { .. } => w.t("desk-code-good"),
            OrderState::Failed { why, .. } => why_not(w, *why),
            OrderState::TakenBack { .. } => w.t("desk-code-back"),
        };
        CodePanel { code: seen.code.expose().to_owned(), until: say.bare_clock(seen.until), state }
    }
}

/// Why an order was not carried out, for staff.
pub(crate) fn why_not(w: Words, why: NotDone) -> String {
    match why {
        NotDone::Expired => w.t("desk-why-expired"),
        NotDone::VisitOver => w.t("desk-why-over"),
        NotDone::UnknownDevice => w.t("desk-why-device"),
        NotDone::UnknownSeat => w.t("desk-why-seat"),
        NotDone::UnknownClass => w.t("desk-why-class"),
        NotDone::SeatInUse => w.t("desk-why-taken"),
        NotDone::UnknownPlan => w.t("desk-why-plan"),
        NotDone::UnknownGroup => w.t("desk-why-group"),
        NotDone::NotBlocked => w.t("desk-why-not-blocked"),
        NotDone::WouldNotHelp => w.t("desk-why-no-help"),
        NotDone::Closed => w.t("desk-why-closed"),
        NotDone::UplinkDown => w.t("desk-why-uplink"),
        NotDone::Blocked => w.t("desk-why-blocked"),
        NotDone::Trouble => w.t("desk-why-trouble"),
        NotDone::UnknownOrder | NotDone::Other => w.t("desk-why-other"),
    }
}
