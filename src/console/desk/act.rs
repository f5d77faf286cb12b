//! What staff press: each becomes an order for the gateway, with a reason.

use gapura_controller::Actor;
use gapura_model::VisitId;
use gapura_rules::hours::OpenState;
use gapura_wire::{MoveTo, OrderId, OrderKind, Pseudonym};
use jiff::{SignedDuration, Timestamp};

use super::reason;
use crate::answer::{Answer, Oops, see_other, to};
use crate::form::{Fields, Posted};
use crate::here::Here;

/// More time.
pub(super) async fn extend(here: Here, Posted(fields): Posted) -> Answer {
    let visit = visit(&fields)?;
    let seconds = match fields.get("m") {
        "tutup" => None,
        minutes => Some(minutes.parse::<u64>().map_err(|_| Oops::NotFound)?.saturating_mul(60)),
    };
    order(&here, &fields, OrderKind::Extend { visit, seconds }, "desk-extend").await
}

/// *Putuskan*.
pub(super) async fn end(here: Here, Posted(fields): Posted) -> Answer {
    order(&here, &fields, OrderKind::End { visit: visit(&fields)? }, "desk-end").await
}

/// *Blokir*.
pub(super) async fn block(here: Here, Posted(fields): Posted) -> Answer {
    let hours = |hours: i64| here.now.checked_add(SignedDuration::from_hours(hours)).ok();
    let until = match fields.get("m") {
        "jam" => hours(1),
        "hari" => hours(24),
        "tutup" => closes(&here).or_else(|| hours(24)),
        _ => None,
    };
    order(&here, &fields, OrderKind::Block { device: device(&fields)?, until }, "desk-block").await
}

/// Lets a device try again.
pub(super) async fn unblock(here: Here, Posted(fields): Posted) -> Answer {
    order(&here, &fields, OrderKind::Unblock { device: device(&fields)? }, "desk-unblock").await
}

/// *Pindahkan ke perangkat lain*: to a seat, or by a code, which is shown next.
pub(super) async fn moving(here: Here, Posted(fields): Posted) -> Answer {
    let visit = visit(&fields)?;
    let seat = fields.get("m");
    if !seat.is_empty() {
        let what = OrderKind::Move { visit, to: MoveTo::Seat(seat.to_owned()) };
        return order(&here, &fields, what, "desk-move").await;
    }
    let (site, id) = (here.site()?.place.site.clone(), id(&fields)?);
    here.office().move_by_code(&site, id, visit, &who(&here, &fields)).await?;
    Ok(see_other(&format!("/l/{site}/loket?kode={id}")))
}

async fn order(here: &Here, fields: &Fields, what: OrderKind, news: &str) -> Answer {
    let site = here.site()?.place.site.clone();
    here.office().order_once(&site, id(fields)?, what, &who(here, fields)).await?;
    Ok(to(&format!("/l/{site}/loket"), news))
}

fn who(here: &Here, fields: &Fields) -> Actor {
    here.actor(reason(fields))
}

/// Sent twice, a form orders once.
pub(super) fn id(fields: &Fields) -> Result<OrderId, Oops> {
    fields.get("pesanan").parse().map_err(|_| Oops::Stale)
}

fn visit(fields: &Fields) -> Result<VisitId, Oops> {
    fields.get("kunjungan").parse().map_err(|_| Oops::NotFound)
}

fn device(fields: &Fields) -> Result<Pseudonym, Oops> {
    fields.get("perangkat").parse().map_err(|_| Oops::NotFound)
}

/// When the site closes today.
pub(super) fn closes(here: &Here) -> Option<Timestamp> {
    match here.site.as_ref()?.document.hours.state(here.now) {
        OpenState::Open { closes } => closes,
        OpenState::Closed { .. } => None,
    }
}
