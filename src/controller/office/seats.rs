//! PC seats of a gallery: free, in use, kept for somebody, out of order.

use gapura_model::{PlanId, SiteId, VisitId};
use gapura_store::{SeatRow, Tx, millis, timestamp};
use gapura_wire::{DeviceRole, OnlineVisit, OrderId, OrderKind};
use jiff::{SignedDuration, Timestamp};

use super::desk::later;
use super::site::document_of;
use super::{Actor, Change, Office, OfficeError};
use crate::document::SiteDocument;
use crate::why::why;

/// A PC seat.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Seat {
    /// Its label, for example `PC 04`.
    pub label: String,
    /// How it is.
    pub state: SeatState,
    /// An order to open it is on its way.
    pub opening: bool,
}

/// How a seat is.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum SeatState {
    /// Nobody is on it.
    Free,
    /// Somebody is.
    InUse {
        /// The visit.
        visit: VisitId,
        /// When it ends if nothing changes (UTC); none: nothing ends it.
        until: Option<Timestamp>,
        /// It was opened by a class.
        class: bool,
    },
    /// It is kept.
    Reserved {
        /// For this number of the queue; none: for somebody without one.
        ticket: Option<u32>,
        /// Until then (UTC).
        until: Timestamp,
    },
    /// Out of order.
    Broken,
}

/// A seat is kept this long for whoever was called to it.
pub(super) const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);
/// And at most so long for anybody.
const LONGEST_KEPT: SignedDuration = SignedDuration::from_hours(4);

impl Office {
    /// A site's seats, by label.
    pub async fn seats(&self, site: &SiteId) -> Result<Vec<Seat>, OfficeError> {
        let (online, orders) = (self.online(site).await?, self.orders(site).await?);
        let mut tx = self.store.read().await?;
        let (labels, rows) = (labels_in(&mut tx, site).await?, tx.seats(site).await?);
        let opening: Vec<String> = orders
            .into_iter()
            .filter(|order| order.state.is_open())
            .flat_map(|order| match order.what {
                Some(OrderKind::OpenSeat { seat, .. }) => vec![seat],
                Some(OrderKind::OpenClass { seats, .. }) => seats,
                _ => Vec::new(),
            })
            .collect();
        Ok(labels.map(|label| seat(label, &online.visits, &rows, &opening, self.now())).collect())
    }

    /// Opens a seat for somebody; what it was kept for is over. Sent twice under the same id, it is opened once.
    pub async fn open_seat(
        &self,
        site: &SiteId,
        (id, label): (OrderId, &str),
        (plan, seconds): (Option<&PlanId>, u64),
        who: &Actor,
    ) -> Result<OrderId, OfficeError> {
        let mut tx = self.store.write().await?;
        if tx.desk_order(site, &id.to_string()).await?.is_some() {
            return Ok(id);
        }
        let row = row_in(&mut tx, site, label).await?;
        if row.broken != 0 {
            return Err(OfficeError::Refused(why!("seat-broken", seat = label)));
        }
        let what = OrderKind::OpenSeat { seat: label.to_owned(), plan: plan.cloned(), seconds };
        self.order_in(&mut tx, site, id, what, who).await?;
        if row.ticket.is_some() {
            tx.put_seat(&SeatRow { ticket: None, until: None, ..row }).await?;
        }
        tx.commit().await?;
        self.desk.ring(site);
        Ok(id)
    }

    /// Says that a seat is out of order, or works again.
    pub async fn set_seat_broken(
        &self,
        site: &SiteId,
        label: &str,
        broken: bool,
        who: &Actor,
    ) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = row_in(&mut tx, site, label).await?;
        let words = |broken: i64| if broken == 0 { "works" } else { "out of order" };
        let (before, after) = (words(row.broken), words(i64::from(broken)));
        tx.put_seat(&SeatRow { broken: i64::from(broken), ..row }).await?;
        let object = format!("site/{site}/seat/{label}");
        self.note(&mut tx, who, Change { action: "seat-state", object, before, after }).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps a seat for somebody for so long, five minutes to four hours; with none it is let go.
    pub async fn reserve_seat(
        &self,
        site: &SiteId,
        label: &str,
        keep: Option<SignedDuration>,
        who: &Actor,
    ) -> Result<(), OfficeError> {
        if keep.is_some_and(|keep| !(KEPT_FOR..=LONGEST_KEPT).contains(&keep)) {
            return Err(OfficeError::Mistakes(vec![why!("seat-keep").at("time")]));
        }
        let mut tx = self.store.write().await?;
        let row = row_in(&mut tx, site, label).await?;
        let until = keep.map(|keep| later(self.now(), keep));
        tx.put_seat(&SeatRow { ticket: keep.map(|_| 0), until: until.map(millis), ..row }).await?;
        let after = until.map_or_else(|| "free".to_owned(), |until| format!("kept until {until}"));
        let object = format!("site/{site}/seat/{label}");
        self.note(&mut tx, who, Change { action: "seat-reserve", object, before: "", after: &after }).await?;
        Ok(tx.commit().await?)
    }
}

/// How one seat is: somebody on it comes before whatever staff noted.
fn seat(label: String, visits: &[OnlineVisit], rows: &[SeatRow], opening: &[String], now: Timestamp) -> Seat {
    let row = rows.iter().find(|row| row.seat == label);
    let visit = visits.iter().find(|visit| visit.seat.as_ref() == Some(&label));
    let kept = row.and_then(|row| Some((row.ticket?, timestamp(row.until?)))).filter(|(_, until)| *until > now);
    let state = match (visit, kept) {
        (Some(visit), _) => SeatState::InUse { visit: visit.visit, until: visit.until, class: visit.class.is_some() },
        (None, _) if row.is_some_and(|row| row.broken != 0) => SeatState::Broken,
        (None, Some((ticket, until))) => {
            SeatState::Reserved { ticket: u32::try_from(ticket).ok().filter(|ticket| *ticket > 0), until }
        }
        (None, None) => SeatState::Free,
    };
    let opening = opening.contains(&label);
    Seat { label, state, opening }
}

/// What is noted of a seat that is there.
pub(super) async fn row_in(tx: &mut Tx, site: &SiteId, label: &str) -> Result<SeatRow, OfficeError> {
    if !labels_in(tx, site).await?.any(|known| known == label) {
        return Err(OfficeError::not_found("PC seat", label));
    }
    let known = tx.seats(site).await?.into_iter().find(|row| row.seat == label);
    Ok(known.unwrap_or_else(|| SeatRow {
        site: site.as_str().to_owned(),
        seat: label.to_owned(),
        broken: 0,
        ticket: None,
        until: None,
    }))
}

/// The labels of a site's seats, in order.
pub(super) async fn labels_in(tx: &mut Tx, site: &SiteId) -> Result<impl Iterator<Item = String> + use<>, OfficeError> {
    Ok(labels(&document_of(tx, site).await?).into_iter())
}

pub(super) fn labels(document: &SiteDocument) -> Vec<String> {
    let known = document.devices.iter().map(|known| &known.device);
    let seats = known.filter(|device| device.role == DeviceRole::Seat && !device.label.is_empty());
    let mut labels: Vec<String> = seats.map(|device| device.label.clone()).collect();
    labels.sort();
    labels.dedup();
    labels
}
