//! A number of the queue on paper: a slip of 58 or 80 mm. It prints itself where scripts run.

use askama::Template;
use gapura_controller::{Queue, Ticket, TicketState};
use http::HeaderMap;

use crate::answer::{Answer, Oops, page};
use crate::assets;
use crate::chrome::Chrome;
use crate::here::Here;
use crate::vouchers;

#[derive(Template)]
#[template(path = "queue-slip.html")]
pub(super) struct Slip {
    pub(super) c: Chrome,
    pub(super) script: &'static str,
    /// 80 mm; else 58.
    pub(super) wide: bool,
    pub(super) back: String,
    /// This slip's address, without its paper.
    pub(super) here: String,
    pub(super) site: String,
    pub(super) name: String,
    pub(super) taken: String,
    pub(super) ahead: String,
}

/// The slip of today's number behind `?nomor=`.
pub(super) async fn slip(here: Here, headers: HeaderMap) -> Answer {
    let site = here.site()?;
    let (id, name) = (site.place.site.clone(), site.document.name.clone());
    let asked = here.asked();
    let number = asked.get("nomor").parse().map_err(|_| Oops::NotFound)?;
    let ticket = here.office().ticket(&id, number).await?;
    let queue = here.office().queue(&id).await?;
    let wide = match asked.get("bentuk") {
        "58" => false,
        "80" => true,
        _ => vouchers::prints_wide(&headers),
    };
    let c = Chrome::of(&here, here.w().t("desk-slip-title"));
    page(&of(c, &here.say(), (&format!("/l/{id}"), name), &ticket, (&queue, wide)))
}

pub(super) fn of(
    c: Chrome,
    say: &gapura_speech::Say,
    (base, site): (&str, String),
    ticket: &Ticket,
    (queue, wide): (&Queue, bool),
) -> Slip {
    Slip {
        script: &assets::PRINT.path,
        wide,
        back: format!("{base}/loket?nomor={}", ticket.number),
        here: format!("{base}/antrean/struk?nomor={}", ticket.number),
        site,
        name: ticket.name(),
        taken: say.when(ticket.made),
        ahead: c.w.n("desk-slip-ahead", u64::try_from(ahead(queue, ticket)).unwrap_or_default()),
        c,
    }
}

/// How many wait before this number.
pub(super) fn ahead(queue: &Queue, ticket: &Ticket) -> usize {
    let before = |other: &&Ticket| other.number < ticket.number && other.state == TicketState::Waiting;
    queue.tickets.iter().filter(before).count()
}
