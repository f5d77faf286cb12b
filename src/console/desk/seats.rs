//! PC seats and the queue, beside the table.

use gapura_controller::{Queue, Seat, SeatState, Ticket, TicketState, ticket_name};
use gapura_model::VisitId;
use gapura_speech::Words;
use gapura_wire::OrderKind;
use jiff::{SignedDuration, Timestamp};

use super::act::{closes, id};
use super::reason;
use super::slip::ahead;
use super::view::{Look, length};
use crate::answer::{Answer, Oops, see_other, to};
use crate::form::Posted;
use crate::here::Here;

/// A seat as it is drawn.
#[derive(Clone, Debug)]
pub(super) struct SeatCell {
    pub(super) label: String,
    /// `free`, `use`, `soon` or `off`.
    pub(super) class: &'static str,
    pub(super) words: String,
    pub(super) href: String,
}

/// What can be done with a seat.
#[derive(Clone, Debug)]
pub(super) struct SeatForm {
    pub(super) label: String,
    pub(super) state: String,
    /// Lengths of time to open it for; none: it cannot be opened now.
    pub(super) open: Vec<(String, String)>,
    /// Minutes to add (or take) and the words.
    pub(super) minutes: Vec<(String, String)>,
    pub(super) visit: String,
    pub(super) plans: Vec<(String, String)>,
    /// How long it can be kept: minutes and the words; none: it is not free.
    pub(super) keep: Vec<(String, String)>,
    /// The reason, where it is known: a number of the queue.
    pub(super) reason: String,
    pub(super) reasons: Vec<String>,
    pub(super) kept: bool,
    pub(super) broken: bool,
    pub(super) order: String,
    pub(super) back: String,
}

/// A number of the queue.
#[derive(Clone, Debug)]
pub(super) struct QueueRow {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) words: String,
    pub(super) limit: String,
    /// It is called: who called it, and how often.
    pub(super) called: Option<String>,
    /// The seat that is free for the next one.
    pub(super) seat: String,
}

/// A number that was just taken, in large.
#[derive(Clone, Debug)]
pub(super) struct TicketPanel {
    pub(super) name: String,
    pub(super) words: String,
    pub(super) slip: String,
}

/// A seat that falls free so soon is said to.
const SOON: SignedDuration = SignedDuration::from_mins(10);

pub(super) fn cells(look: &Look<'_>, seats: &[Seat]) -> Vec<SeatCell> {
    seats.iter().map(|seat| cell(look, seat)).collect()
}

fn cell(look: &Look<'_>, seat: &Seat) -> SeatCell {
    let (w, now) = (look.w(), look.here.now);
    let (class, words) = match &seat.state {
        SeatState::Free if seat.opening => ("use", w.t("desk-seat-opening")),
        SeatState::Free => ("free", w.t("desk-seat-free")),
        SeatState::InUse { until: Some(until), .. } => {
            let class = if until.duration_since(now) < SOON { "soon" } else { "use" };
            (class, w.t1("desk-seat-minutes", "n", minutes(now, *until)))
        }
        SeatState::InUse { until: None, .. } => ("use", w.t("desk-seat-used")),
        SeatState::Reserved { ticket: Some(ticket), .. } => {
            ("free", w.t1("desk-seat-for", "number", ticket_name(*ticket)))
        }
        SeatState::Reserved { ticket: None, until } => {
            ("free", w.t1("desk-seat-kept", "clock", look.here.say().bare_clock(*until)))
        }
        SeatState::Broken => ("off", w.t("desk-seat-broken")),
    };
    let href = format!("{}#kursi", look.href(&[("kursi", &seat.label)]));
    SeatCell { label: seat.label.clone(), class, words, href }
}

fn minutes(now: Timestamp, until: Timestamp) -> String {
    until.duration_since(now).as_mins().max(0).to_string()
}

/// "9 dari 12 terpakai".
pub(super) fn line(w: Words, seats: &[Seat]) -> String {
    let used = seats.iter().filter(|seat| matches!(seat.state, SeatState::InUse { .. })).count();
    w.t2("desk-seats-used", "used", used.to_string(), "all", seats.len().to_string())
}

/// The form of the seat that is open.
pub(super) fn form(look: &Look<'_>, seats: &[Seat]) -> Option<SeatForm> {
    let seat = seats.iter().find(|seat| seat.label == look.asked.kursi)?;
    let (say, w, now) = (look.here.say(), look.w(), look.here.now);
    let closes = closes(look.here);
    let at = |from: Timestamp, minutes: i64| {
        let ends = from.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
        closes.map_or(ends, |closes| ends.min(closes))
    };
    let length = |from: Timestamp, minutes: i64| {
        let clock = say.bare_clock(at(from, minutes));
        (minutes.to_string(), w.t2("desk-minutes", "n", minutes.to_string(), "clock", clock))
    };
    let (mut open, mut more, mut visit) = (Vec::new(), Vec::new(), String::new());
    match &seat.state {
        SeatState::Free | SeatState::Reserved { .. } if !seat.opening => {
            open = [30, 60, 120].map(|minutes| length(now, minutes)).to_vec();
        }
        SeatState::InUse { visit: on, until: Some(until), .. } => {
            visit = on.to_string();
            more = [15, 30, 60].map(|minutes| length(*until, minutes)).to_vec();
            more.push(("-15".to_owned(), w.t1("desk-less", "clock", say.bare_clock(at(*until, -15).max(now)))));
        }
        SeatState::Free | SeatState::Reserved { .. } | SeatState::InUse { .. } | SeatState::Broken => {}
    }
    let usual = look.here.site.as_ref().and_then(|site| site.document.staff_plan.clone());
    let mut plans: Vec<(String, String)> =
        look.plans.iter().map(|plan| (plan.id.to_string(), plan.name.clone())).collect();
    plans.sort_by_key(|(id, _)| usual.as_ref().is_none_or(|usual| usual.as_str() != id));
    Some(SeatForm {
        label: seat.label.clone(),
        state: cell(look, seat).words,
        keep: match seat.state {
            SeatState::Free => [5, 15, 30, 60, 120].map(|minutes| length(now, minutes)).to_vec(),
            SeatState::InUse { .. } | SeatState::Reserved { .. } | SeatState::Broken => Vec::new(),
        },
        reason: look
            .asked
            .nomor
            .parse()
            .map(|number| w.t1("desk-seat-of", "number", ticket_name(number)))
            .unwrap_or_default(),
        reasons: look.reasons("desk-reasons-seat"),
        kept: matches!(seat.state, SeatState::Reserved { .. }),
        broken: seat.state == SeatState::Broken,
        open,
        minutes: more,
        visit,
        plans,
        order: look.order(),
        back: look.href(&[]),
    })
}

pub(super) fn rows(look: &Look<'_>, queue: &Queue, seats: &[Seat]) -> Vec<QueueRow> {
    let (say, w, now) = (look.here.say(), look.w(), look.here.now);
    let free = seats.iter().find(|seat| seat.state == SeatState::Free && !seat.opening);
    let seat = free.map(|seat| seat.label.clone()).unwrap_or_default();
    let row = |ticket: &Ticket| {
        let calls = || w.t2("desk-calls", "n", ticket.calls.to_string(), "who", ticket.caller.as_str());
        let (words, limit, called) = match &ticket.state {
            TicketState::Called { at, until, seat } => {
                let at = say.bare_clock(*at);
                let words = match seat {
                    Some(seat) => w.t2("desk-called-to", "clock", at, "seat", seat.as_str()),
                    None => w.t1("desk-called", "clock", at),
                };
                (words, w.t1("desk-called-until", "clock", say.bare_clock(*until)), Some(calls()))
            }
            TicketState::Waiting | TicketState::Present { .. } | TicketState::Gone => {
                (w.t1("desk-waits", "time", say.duration(length(ticket.made, now))), String::new(), None)
            }
        };
        QueueRow { number: ticket.number, name: ticket.name(), words, limit, called, seat: seat.clone() }
    };
    queue.tickets.iter().map(row).collect()
}

/// The number that was just taken.
pub(super) fn ticket_panel(look: &Look<'_>, queue: &Queue, ticket: &Ticket) -> TicketPanel {
    let ahead = u64::try_from(ahead(queue, ticket)).unwrap_or_default();
    TicketPanel {
        name: ticket.name(),
        words: look.w().n("desk-slip-ahead", ahead),
        slip: format!("{}/antrean/struk?nomor={}", look.base, ticket.number),
    }
}

pub(super) fn queue_line(look: &Look<'_>, queue: &Queue) -> String {
    let (say, w) = (look.here.say(), look.w());
    let waiting = queue.waiting.to_string();
    match queue.expected {
        Some(expected) if expected.as_secs() >= 60 => {
            w.t2("desk-queue-wait", "n", waiting, "time", say.duration(expected))
        }
        Some(_) => w.t1("desk-queue-free", "n", waiting),
        None => w.t1("desk-queue", "n", waiting),
    }
}

/// What is done with a seat.
pub(super) async fn act(here: Here, Posted(fields): Posted) -> Answer {
    let site = here.site()?.place.site.clone();
    let (office, seat) = (here.office(), fields.get("kursi"));
    let back = format!("/l/{site}/loket");
    let who = here.actor(reason(&fields));
    let news = match fields.get("aksi") {
        "buka" => {
            let minutes: u64 = fields.get("m").parse().map_err(|_| Oops::NotFound)?;
            let plan = fields.get("paket").parse().ok();
            office.open_seat(&site, (id(&fields)?, seat), (plan.as_ref(), minutes.saturating_mul(60)), &who).await?;
            "desk-seat-opens"
        }
        "menit" => {
            let minutes: i64 = fields.get("m").parse().map_err(|_| Oops::NotFound)?;
            let visit = on_seat(&here, seat, fields.get("kunjungan")).await?;
            let seconds = minutes.unsigned_abs().saturating_mul(60);
            let what = if minutes < 0 {
                OrderKind::Shorten { visit, seconds }
            } else {
                OrderKind::Extend { visit, seconds: Some(seconds) }
            };
            office.order_once(&site, id(&fields)?, what, &who).await?;
            "desk-seat-time"
        }
        "simpan" => {
            let minutes: i64 = fields.get("lamanya").parse().map_err(|_| Oops::NotFound)?;
            office.reserve_seat(&site, seat, Some(SignedDuration::from_mins(minutes.clamp(0, 1440))), &who).await?;
            "desk-seat-keeps"
        }
        "lepas" => {
            office.reserve_seat(&site, seat, None, &who).await?;
            "desk-seat-frees"
        }
        "rusak" => {
            office.set_seat_broken(&site, seat, true, &who).await?;
            "desk-seat-breaks"
        }
        "baik" => {
            office.set_seat_broken(&site, seat, false, &who).await?;
            "desk-seat-works"
        }
        _ => return Err(Oops::NotFound),
    };
    Ok(to(&back, news))
}

/// Whoever runs the seats gives and takes time of visits on seats, and of no others.
async fn on_seat(here: &Here, label: &str, visit: &str) -> Result<VisitId, Oops> {
    let wanted: VisitId = visit.parse().map_err(|_| Oops::NotFound)?;
    let seats = here.office().seats(&here.site()?.place.site).await?;
    let on =
        |seat: &Seat| seat.label == label && matches!(&seat.state, SeatState::InUse { visit, .. } if *visit == wanted);
    if seats.iter().any(on) { Ok(wanted) } else { Err(Oops::NotFound) }
}

/// What is done with the queue.
pub(super) async fn queue(here: Here, Posted(fields): Posted) -> Answer {
    let site = here.site()?.place.site.clone();
    let (office, who) = (here.office(), here.actor(""));
    let back = format!("/l/{site}/loket");
    let number = || fields.get("nomor").parse::<u32>().map_err(|_| Oops::NotFound);
    match fields.get("aksi") {
        "ambil" => {
            let ticket = office.take_number(&site, fields.get("kunci").parse().ok().as_ref(), &who).await?;
            Ok(to(&format!("{back}?nomor={}", ticket.number), "desk-number-taken"))
        }
        call @ ("panggil" | "panggil-lagi") => {
            // Called again, it keeps its seat.
            let again = call == "panggil-lagi";
            let seat = Some(fields.get("kursi")).filter(|seat| !seat.is_empty() && !again);
            office.call_number(&site, (number()?, again), seat, &who).await?;
            Ok(to(&back, "desk-number-called"))
        }
        "hadir" => {
            let number = number()?;
            let seat = office.close_number(&site, number, true, &who).await?;
            let fits = |seat: &Seat| matches!(seat.state, SeatState::Free) && !seat.opening;
            let seat = match seat {
                Some(seat) => Some(seat),
                None => office.seats(&site).await?.into_iter().find(fits).map(|seat| seat.label),
            };
            Ok(match seat {
                Some(seat) => {
                    let seat: String = form_urlencoded::byte_serialize(seat.as_bytes()).collect();
                    see_other(&format!("{back}?kursi={seat}&nomor={number}&kabar=desk-number-present#kursi"))
                }
                None => to(&back, "desk-number-present"),
            })
        }
        "hapus" => {
            office.close_number(&site, number()?, false, &who).await?;
            Ok(to(&back, "desk-number-gone"))
        }
        _ => Err(Oops::NotFound),
    }
}
