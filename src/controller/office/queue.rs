//! The queue for PC seats: a number, a call, five minutes to come.

use gapura_model::SiteId;
use gapura_store::{SeatRow, TicketRow, Tx, millis, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::desk::later;
use super::print::{FormKey, result_of};
use super::seats::{KEPT_FOR, Seat, SeatState, row_in};
use super::site::document_of;
use super::{Actor, Change, Office, OfficeError};
use crate::why::why;

/// Today's queue.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Queue {
    /// Numbers that are waited for: called ones and waiting ones, in order.
    pub tickets: Vec<Ticket>,
    /// How many wait uncalled.
    pub waiting: usize,
    /// How long whoever takes a number now would wait; none: it cannot be told.
    pub expected: Option<std::time::Duration>,
}

/// A number of the queue.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Ticket {
    /// The number; people say [`Ticket::name`].
    pub number: u32,
    /// Where it stands.
    pub state: TicketState,
    /// When it was taken (UTC).
    pub made: Timestamp,
    /// How often it was called.
    pub calls: u32,
    /// Who called it last; empty for nobody.
    pub caller: String,
}

/// Where a number stands.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum TicketState {
    /// It waits.
    Waiting,
    /// It was called.
    Called {
        /// When (UTC).
        at: Timestamp,
        /// Until when the seat is kept (UTC).
        until: Timestamp,
        /// To which seat.
        seat: Option<String>,
    },
    /// Who has it came.
    Present {
        /// To which seat.
        seat: Option<String>,
    },
    /// Nobody came within five minutes, or it was given back.
    Gone,
}

impl Ticket {
    /// The number as it is called out: `A-21`.
    pub fn name(&self) -> String {
        ticket_name(self.number)
    }
}

/// A number as it is called out: `A-21`.
pub fn ticket_name(number: u32) -> String {
    format!("A-{number}")
}

/// The most numbers of a day.
const MOST: usize = 999;

impl Office {
    /// Today's queue.
    pub async fn queue(&self, site: &SiteId) -> Result<Queue, OfficeError> {
        let seats = self.seats(site).await?;
        let mut tx = self.store.read().await?;
        let day = self.today(&mut tx, site).await?;
        let tickets: Vec<Ticket> =
            tx.tickets(site, &day).await?.iter().filter_map(|row| ticket(row, self.now())).collect();
        let tickets: Vec<Ticket> = tickets.into_iter().filter(is_open).collect();
        let waiting = tickets.iter().filter(|ticket| ticket.state == TicketState::Waiting).count();
        Ok(Queue { expected: expected(&seats, waiting, self.now()), tickets, waiting })
    }

    /// Takes the next number, once for each form.
    pub async fn take_number(&self, site: &SiteId, form: Option<&FormKey>, who: &Actor) -> Result<Ticket, OfficeError> {
        let mut tx = self.store.write().await?;
        let day = self.today(&mut tx, site).await?;
        let taken = tx.tickets(site, &day).await?;
        if let Some(known) = result_of(&mut tx, site, form).await? {
            let known = taken.iter().find(|row| known == form_result(row)).and_then(|row| ticket(row, self.now()));
            return known.ok_or_else(|| OfficeError::Refused(why!("queue-yesterday")));
        }
        if taken.len() >= MOST {
            return Err(OfficeError::Refused(why!("queue-full", most = MOST)));
        }
        let number = taken.iter().map(|row| row.number).max().unwrap_or(0) + 1;
        let row = TicketRow {
            site: site.as_str().to_owned(),
            day,
            number,
            state: "waiting".to_owned(),
            made: millis(self.now()),
            called: None,
            seat: None,
            calls: 0,
            caller: String::new(),
        };
        tx.put_ticket(&row).await?;
        if let Some(form) = form {
            tx.form_is_done((site, &form.to_text()), &form_result(&row), self.now()).await?;
        }
        self.note_ticket(&mut tx, site, &row, ("", "waiting"), who).await?;
        tx.commit().await?;
        ticket(&row, self.now()).ok_or_else(|| OfficeError::not_found("number of today's queue", number.to_string()))
    }

    /// A number of today.
    pub async fn ticket(&self, site: &SiteId, number: u32) -> Result<Ticket, OfficeError> {
        let row = self.ticket_in(&mut self.store.read().await?, site, number).await?;
        ticket(&row, self.now()).ok_or_else(|| OfficeError::not_found("number of today's queue", ticket_name(number)))
    }

    /// Calls a number, to a seat that is then kept for it. A number that was called is called again only on purpose (`again`): of two
    /// who call it at once, the second is told who was first.
    pub async fn call_number(
        &self,
        site: &SiteId,
        (number, again): (u32, bool),
        seat: Option<&str>,
        who: &Actor,
    ) -> Result<(), OfficeError> {
        let (now, mut tx) = (self.now(), self.store.write().await?);
        let row = self.ticket_in(&mut tx, site, number).await?;
        let name = ticket_name(number);
        let called = row.called.map(|at| later(timestamp(at), KEPT_FOR)).is_some_and(|until| until > now);
        match row.state.as_str() {
            "waiting" => {}
            "called" if again => {}
            // A second press of the same person.
            "called" if called && row.caller == who.name => return Ok(()),
            "called" if called => {
                let place = row.seat.as_deref().unwrap_or("-");
                return Err(OfficeError::Refused(why!("queue-called", number = name, who = row.caller, seat = place)));
            }
            "present" => return Err(OfficeError::Refused(why!("queue-present", number = name))),
            _ => return Err(OfficeError::Refused(why!("queue-gone", number = name))),
        }
        let seat = seat.map(str::to_owned).or_else(|| row.seat.clone());
        if let Some(label) = &seat {
            let known = row_in(&mut tx, site, label).await?;
            if known.broken != 0 {
                return Err(OfficeError::Refused(why!("seat-broken", seat = label)));
            }
            let kept = known.until.is_some_and(|until| timestamp(until) > now);
            if kept && known.ticket.is_some_and(|ticket| ticket != row.number) {
                return Err(OfficeError::Refused(why!("seat-kept", seat = label)));
            }
            self.let_go(&mut tx, site, &row).await?;
            let until = Some(millis(later(now, KEPT_FOR)));
            tx.put_seat(&SeatRow { ticket: Some(row.number), until, ..known }).await?;
        }
        let (state, caller) = ("called".to_owned(), who.name.clone());
        let calls = row.calls.saturating_add(1);
        tx.put_ticket(&TicketRow { state, called: Some(millis(now)), seat, calls, caller, ..row.clone() }).await?;
        self.note_ticket(&mut tx, site, &row, (&row.state, "called"), who).await?;
        Ok(tx.commit().await?)
    }

    /// Who has the number came (`present`), or it is given up and the seat no longer kept; the seat that it was called to.
    pub async fn close_number(
        &self,
        site: &SiteId,
        number: u32,
        present: bool,
        who: &Actor,
    ) -> Result<Option<String>, OfficeError> {
        let mut tx = self.store.write().await?;
        let row = self.ticket_in(&mut tx, site, number).await?;
        let state = if present { "present" } else { "gone" };
        if row.state == state {
            return Ok(row.seat);
        }
        // Whoever came sits down: the seat stays kept until it is opened, or its time is over.
        if !present {
            self.let_go(&mut tx, site, &row).await?;
        }
        tx.put_ticket(&TicketRow { state: state.to_owned(), ..row.clone() }).await?;
        self.note_ticket(&mut tx, site, &row, (&row.state, state), who).await?;
        tx.commit().await?;
        Ok(row.seat)
    }

    /// No seat is kept for a number any more.
    async fn let_go(&self, tx: &mut Tx, site: &SiteId, row: &TicketRow) -> Result<(), OfficeError> {
        for kept in tx.seats(site).await?.into_iter().filter(|seat| seat.ticket == Some(row.number)) {
            tx.put_seat(&SeatRow { ticket: None, until: None, ..kept }).await?;
        }
        Ok(())
    }

    async fn ticket_in(&self, tx: &mut Tx, site: &SiteId, number: u32) -> Result<TicketRow, OfficeError> {
        let day = self.today(tx, site).await?;
        let mut rows = tx.tickets(site, &day).await?.into_iter();
        let row = rows.find(|row| row.number == i64::from(number));
        row.ok_or_else(|| OfficeError::not_found("number of today's queue", ticket_name(number)))
    }

    async fn note_ticket(
        &self,
        tx: &mut Tx,
        site: &SiteId,
        row: &TicketRow,
        (before, after): (&str, &str),
        who: &Actor,
    ) -> Result<(), OfficeError> {
        let object = format!("site/{site}/queue/{}/A-{}", row.day, row.number);
        self.note(tx, who, Change { action: "queue-number", object, before, after }).await
    }

    /// The day at the site.
    async fn today(&self, tx: &mut Tx, site: &SiteId) -> Result<String, OfficeError> {
        Ok(document_of(tx, site).await?.hours.zone().date(self.now()).to_string())
    }
}

fn ticket(row: &TicketRow, now: Timestamp) -> Option<Ticket> {
    let state = match (row.state.as_str(), row.called) {
        ("called", Some(at)) => {
            let (at, seat) = (timestamp(at), row.seat.clone());
            let until = later(at, KEPT_FOR);
            if until <= now { TicketState::Gone } else { TicketState::Called { at, until, seat } }
        }
        ("waiting", _) => TicketState::Waiting,
        ("present", _) => TicketState::Present { seat: row.seat.clone() },
        _ => TicketState::Gone,
    };
    let (made, calls) = (timestamp(row.made), u32::try_from(row.calls).ok()?);
    Some(Ticket { number: u32::try_from(row.number).ok()?, state, made, calls, caller: row.caller.clone() })
}

/// A number as what came of a form: another day's is another one.
fn form_result(row: &TicketRow) -> String {
    format!("{} {}", row.day, ticket_name(u32::try_from(row.number).unwrap_or_default()))
}

const fn is_open(ticket: &Ticket) -> bool {
    matches!(ticket.state, TicketState::Waiting | TicketState::Called { .. })
}

/// How long the next one waits behind `waiting` others, if every seat is given on when it falls free; none where a seat before that
/// has no end, or there are too few.
fn expected(seats: &[Seat], waiting: usize, now: Timestamp) -> Option<std::time::Duration> {
    const HOUR: SignedDuration = SignedDuration::from_hours(1);
    let falls_free = seats.iter().filter_map(|seat| match &seat.state {
        SeatState::Free if !seat.opening => Some(now),
        SeatState::InUse { until, .. } => *until,
        // Whoever is on the way to it stays an hour.
        SeatState::Free | SeatState::Reserved { .. } => Some(later(now, HOUR)),
        SeatState::Broken => None,
    });
    let mut free: Vec<Timestamp> = falls_free.map(|at| at.max(now)).collect();
    if free.is_empty() {
        return None;
    }
    let mut last = now;
    for _ in 0..=waiting {
        let next = free.iter().enumerate().min_by_key(|(_, at)| **at).map(|(place, _)| place)?;
        let seat = free.get_mut(next)?;
        last = *seat;
        // Each stays an hour.
        *seat = later(last, HOUR);
    }
    Some(last.duration_since(now).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn in_use(minutes: i64) -> Seat {
        let until = Some(later(now(), SignedDuration::from_mins(minutes)));
        let visit = gapura_model::VisitId::from_random([1; 16]);
        Seat { label: String::new(), state: SeatState::InUse { visit, until, class: false }, opening: false }
    }

    #[test]
    fn the_wait_is_until_a_seat_is_left_for_whoever_comes_next() {
        let seat = |state| Seat { label: String::new(), state, opening: false };
        let minutes = |seats: &[Seat], waiting| expected(seats, waiting, now()).map(|wait| wait.as_secs() / 60);
        assert_eq!(minutes(&[in_use(8), seat(SeatState::Free)], 0), Some(0));
        assert_eq!(minutes(&[in_use(8), seat(SeatState::Free)], 1), Some(8));
        assert_eq!(minutes(&[in_use(8), in_use(30), seat(SeatState::Broken)], 1), Some(30));
        assert_eq!(minutes(&[in_use(8)], 2), Some(128), "an hour each");
        assert_eq!(minutes(&[seat(SeatState::Broken)], 0), None);
        assert_eq!(minutes(&[], 0), None);
    }

    #[test]
    fn whoever_does_not_come_within_five_minutes_is_gone() {
        let row = |state: &str, called: Option<i64>| TicketRow {
            site: "galeri".to_owned(),
            day: "2027-01-15".to_owned(),
            number: 21,
            state: state.to_owned(),
            made: millis(now()),
            called: called.map(|ago| millis(now()) - ago * 60_000),
            seat: Some("PC 09".to_owned()),
            calls: 1,
            caller: "ani".to_owned(),
        };
        let called = ticket(&row("called", Some(4)), now()).unwrap();
        assert_eq!((called.name().as_str(), is_open(&called)), ("A-21", true));
        assert_eq!(ticket(&row("called", Some(5)), now()).unwrap().state, TicketState::Gone);
        assert!(!is_open(&ticket(&row("present", Some(9)), now()).unwrap()));
    }
}
