//! *Loket*: who is online, and what is done about it; PC seats and the queue beside it.

mod act;
mod forms;
pub(crate) mod orders;
#[cfg(test)]
mod sample;
mod seats;
mod slip;
mod view;

use askama::Template;
use axum::extract::Query;
use gapura_controller::{OrderSeen, Right};
use gapura_wire::OrderKind;
use serde::Deserialize;

use crate::answer::{Answer, Oops, page};
use crate::chrome::Chrome;
use crate::form::Fields;
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};
#[cfg(test)]
use crate::samples::Sample;

use orders::{About, OrderLine};
use seats::{QueueRow, SeatCell, SeatForm, TicketPanel};
use view::{BlockRow, CodePanel, Row, Tab};

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/l/{site}/loket", Needs::Right(Right::SeeCounter), loket);
    routes.post("/l/{site}/loket/perpanjang", Needs::Right(Right::EndVisits), act::extend);
    routes.post("/l/{site}/loket/putuskan", Needs::Right(Right::EndVisits), act::end);
    routes.post("/l/{site}/loket/pindahkan", Needs::Right(Right::EndVisits), act::moving);
    routes.post("/l/{site}/loket/blokir", Needs::Right(Right::BlockDevices), act::block);
    routes.post("/l/{site}/loket/buka", Needs::Right(Right::BlockDevices), act::unblock);
    routes.post("/l/{site}/loket/batal", Needs::Right(Right::RunSeats), orders::take_back);
    routes.post("/l/{site}/kursi", Needs::Right(Right::RunSeats), seats::act);
    routes.post("/l/{site}/antrean", Needs::Right(Right::RunSeats), seats::queue);
    routes.get("/l/{site}/antrean/struk", Needs::Right(Right::RunSeats), slip::slip);
    routes.menu(MenuLine {
        section: Section::Service,
        icon: icons::COUNTER,
        words: "desk-menu",
        path: "/l/{site}/loket",
        needs: Right::SeeCounter,
    });
}

/// What stands behind `?`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// What is searched for.
    q: String,
    /// Which tab.
    saring: String,
    /// Which row is open: a visit, or a device that is kept out.
    baris: String,
    /// For what.
    aksi: String,
    /// Which seat is open.
    kursi: String,
    /// An order whose code is to be shown.
    kode: String,
    /// A number of the queue that was just taken, or came.
    nomor: String,
    /// The page, from 1.
    hal: usize,
}

#[derive(Template)]
#[template(path = "desk.html")]
#[expect(clippy::struct_excessive_bools, reason = "five rights and whether the page may look again")]
struct Loket {
    c: Chrome,
    /// `/l/SITE`.
    base: String,
    /// This view's address, to look again.
    again: String,
    /// Nothing is being filled in: the page may look again by itself.
    live: bool,
    q: String,
    tab: &'static str,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    blocks: Vec<BlockRow>,
    may_end: bool,
    may_block: bool,
    may_seats: bool,
    /// Seats can be added.
    may_add: bool,
    may_print: bool,
    /// Class and words of how the gateway is.
    line: (&'static str, String),
    /// What to say where there is no row.
    empty: (String, String),
    shown: String,
    earlier: Option<String>,
    later: Option<String>,
    code: Option<CodePanel>,
    orders: Vec<OrderLine>,
    ticket: Option<TicketPanel>,
    /// The key of the form that takes a number.
    key: String,
    seats: Vec<SeatCell>,
    seats_line: String,
    seat: Option<SeatForm>,
    queue: Vec<QueueRow>,
    queue_line: String,
}

async fn loket(here: Here, Query(asked): Query<Asked>) -> Answer {
    let site = here.site()?.place.site.clone();
    let base = format!("/l/{site}");
    let (office, w) = (here.office(), here.w());
    let online = office.online(&site).await?;
    let orders = office.orders(&site).await?;
    let plans = office.plans().await?;
    let seats = office.seats(&site).await?;
    let queue = office.queue(&site).await?;
    let tag = match asked.q.parse() {
        Ok(code) => Some(office.voucher_tag(&site, &code).await?),
        Err(_) => None,
    };
    let look = view::Look { here: &here, asked: &asked, base: &base, plans: &plans, orders: &orders, tag };
    let table = look.table(&online, &seats);
    let code = match asked.kode.parse() {
        Ok(id) if here.may(Right::EndVisits) => office.move_code(&site, id, &here.actor("")).await?,
        _ => None,
    };
    let of_class =
        |order: &OrderSeen| matches!(order.what, Some(OrderKind::OpenClass { .. } | OrderKind::CloseClass { .. }));
    let classes = if orders.iter().any(of_class) { office.classes(&site).await? } else { Vec::new() };
    let about = About { here: &here, base: &base, online: &online, classes: &classes, seats: &seats };
    let ticket = match asked.nomor.parse() {
        Ok(number) if asked.kursi.is_empty() => office.ticket(&site, number).await.ok(),
        _ => None,
    };
    let title = w.t("desk-title");
    let c = Chrome::of(&here, title).sub(look.head(&online));
    page(&Loket {
        c,
        live: asked.baris.is_empty() && asked.kursi.is_empty(),
        again: look.href(&[]),
        may_end: here.may(Right::EndVisits),
        may_block: here.may(Right::BlockDevices),
        may_seats: here.may(Right::RunSeats),
        may_add: here.may(Right::SetNetwork),
        may_print: here.may(Right::MakeVouchers),
        line: look.line(&online),
        empty: look.empty(&online),
        tab: look.tab(),
        tabs: look.tabs(&online),
        q: asked.q.clone(),
        rows: table.rows,
        blocks: table.blocks,
        shown: table.shown,
        earlier: table.earlier,
        later: table.later,
        code: code.map(|code| look.code(&code)),
        orders: about.lines(orders.iter()),
        ticket: ticket.map(|ticket| seats::ticket_panel(&look, &queue, &ticket)),
        key: form_key()?,
        seats: seats::cells(&look, &seats),
        seats_line: seats::line(w, &seats),
        seat: seats::form(&look, &seats),
        queue: seats::rows(&look, &queue, &seats),
        queue_line: seats::queue_line(&look, &queue),
        base,
    })
}

/// A form's own key: sent again, it does nothing more.
pub(crate) fn form_key() -> Result<String, Oops> {
    let key = gapura_controller::FormKey::draw().map_err(gapura_controller::OfficeError::from)?;
    Ok(key.to_text())
}

/// The reason that staff chose or wrote.
fn reason(fields: &Fields) -> &str {
    match fields.get("lain") {
        "" => fields.get("alasan"),
        own => own,
    }
}

/// This room's pages, to be looked at.
#[cfg(test)]
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    sample::samples(frame)
}

#[cfg(test)]
mod tests;
