//! `desk`.

use std::time::Duration;

use clap::{Args, Subcommand};
use gapura_model::{PlanId, PolicyGroup, SiteId, VisitId};
use gapura_wire::{MoveTo, OrderId, OrderKind, Pseudonym, device_label};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::output::Output;
use super::voucher::duration;
use super::{CommandError, Desk};
use crate::office::{ClassOrder, OrderSeen};

/// `gapura controller desk ...`
#[derive(Clone, Debug, Args)]
pub struct DeskArgs {
    /// The site.
    #[arg(long, global = true, value_name = "SITE")]
    site: Option<SiteId>,
    #[command(subcommand)]
    command: DeskCommand,
}

/// What to do at the counter.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum DeskCommand {
    /// Who is online, as the site's gateway last told it.
    #[command(after_help = "Example:\n  gapura controller desk online --site galeri-sinjai")]
    Online,
    /// Orders of the last day and what became of them.
    #[command(after_help = "Example:\n  gapura controller desk orders --site galeri-sinjai")]
    Orders,
    /// Give a visit more time, never past closing; without --for, until closing.
    #[command(
        after_help = "Example:\n  gapura controller desk extend 0d5c7f6e-0000-4000-8000-000000000001 --for 30m --site galeri-sinjai --reason \"tugas sekolah\""
    )]
    Extend {
        /// The visit.
        visit: VisitId,
        /// How much more, for example 30m.
        #[arg(long = "for", value_name = "TIME", value_parser = duration)]
        time: Option<Duration>,
    },
    /// Take time of a visit away.
    #[command(
        after_help = "Example:\n  gapura controller desk shorten 0d5c7f6e-0000-4000-8000-000000000001 --by-time 15m --site galeri-sinjai --reason antre"
    )]
    Shorten {
        /// The visit.
        visit: VisitId,
        /// How much less, for example 15m.
        #[arg(long = "by-time", value_name = "TIME", value_parser = duration)]
        time: Duration,
    },
    /// End a visit; its visitor reads the reason.
    #[command(
        after_help = "Example:\n  gapura controller desk end 0d5c7f6e-0000-4000-8000-000000000001 --site galeri-sinjai --reason \"selesai\""
    )]
    End {
        /// The visit.
        visit: VisitId,
    },
    /// Keep a device out; its visitor reads the reason.
    #[command(
        after_help = "Example:\n  gapura controller desk block h1:2026-11:3f07... --until 2026-11-21T14:00:00Z --site galeri-sinjai --reason mengganggu"
    )]
    Block {
        /// The device, by its pseudonym.
        device: Pseudonym,
        /// Until then; none = until it is let in again.
        #[arg(long)]
        until: Option<Timestamp>,
    },
    /// Let a blocked device try again.
    #[command(
        after_help = "Example:\n  gapura controller desk unblock h1:2026-11:3f07... --site galeri-sinjai --reason \"sudah bicara\""
    )]
    Unblock {
        /// The device, by its pseudonym.
        device: Pseudonym,
    },
    /// Move a visit to a PC seat, or print a code that the visitor types on the other device.
    #[command(
        after_help = "Example:\n  gapura controller desk move 0d5c7f6e-0000-4000-8000-000000000001 --site galeri-sinjai --reason \"baterai habis\""
    )]
    Move {
        /// The visit.
        visit: VisitId,
        /// To this PC seat; none = make a code.
        #[arg(long)]
        seat: Option<String>,
    },
    /// PC seats and how they are.
    #[command(after_help = "Example:\n  gapura controller desk seats --site galeri-sinjai")]
    Seats,
    /// Open a PC seat.
    #[command(
        after_help = "Example:\n  gapura controller desk open-seat \"PC 03\" --for 1h --site galeri-sinjai --reason \"tanpa ponsel\""
    )]
    OpenSeat {
        /// The seat, by its label.
        seat: String,
        /// For how long, for example 1h.
        #[arg(long = "for", value_name = "TIME", value_parser = duration)]
        time: Duration,
        /// The plan; none = the site's plan for staff.
        #[arg(long)]
        plan: Option<PlanId>,
    },
    /// Open a class on PC seats and phones; it ends by itself.
    #[command(
        after_help = "Example:\n  gapura controller desk open-class \"SD 2 Balangnipa\" --seat \"PC 01\" --seat \"PC 02\" --plan kelas --group anak --until 2026-11-20T08:00:00Z --site galeri-sinjai"
    )]
    OpenClass {
        /// What the class is called.
        title: String,
        /// A PC seat; may stand several times.
        #[arg(long = "seat", value_name = "SEAT")]
        seats: Vec<String>,
        /// So many phones at once on the class's voucher.
        #[arg(long, default_value_t = 0)]
        phones: u16,
        /// The plan.
        #[arg(long)]
        plan: PlanId,
        /// The group in the content filter.
        #[arg(long)]
        group: Option<PolicyGroup>,
        /// When it ends; closing time ends it before.
        #[arg(long)]
        until: Timestamp,
    },
    /// End a class before its time.
    #[command(
        after_help = "Example:\n  gapura controller desk close-class 0d5c7f6e-0000-4000-8000-000000000001 --site galeri-sinjai --reason selesai"
    )]
    CloseClass {
        /// The class.
        class: Uuid,
    },
    /// Note how many came to a class.
    #[command(
        after_help = "Example:\n  gapura controller desk attendance 0d5c7f6e-0000-4000-8000-000000000001 12 --site galeri-sinjai"
    )]
    Attendance {
        /// The class.
        class: Uuid,
        /// How many.
        came: u32,
    },
}

pub(super) async fn desk(args: &DeskArgs, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let site = args.site.as_ref().ok_or_else(|| CommandError::Usage("say which site with --site".to_owned()))?;
    let (office, who) = (&desk.office, &desk.who);
    let what = match &args.command {
        DeskCommand::Online => return online(site, desk, out).await,
        DeskCommand::Orders => {
            let orders = office.orders(site).await?;
            let rows: Vec<_> = orders.iter().map(order_row).collect();
            return out.table(&orders, ["made", "order", "state", "who", "reason"], &rows);
        }
        DeskCommand::Seats => {
            let seats = office.seats(site).await?;
            let row = |seat: &crate::office::Seat| [seat.label.clone(), word(&seat.state)];
            return out.table(&seats, ["seat", "state"], &seats.iter().map(row).collect::<Vec<_>>());
        }
        DeskCommand::Move { visit, seat: None } => {
            let order = office.order_id()?;
            let (code, until) = office.move_by_code(site, order, *visit, who).await?;
            let json = json!({ "order": order, "code": code, "until": until });
            return out.value(&json, &format!("{} (until {until})", code.expose()));
        }
        DeskCommand::OpenSeat { seat, time, plan } => {
            let order =
                office.open_seat(site, (office.order_id()?, seat), (plan.as_ref(), time.as_secs()), who).await?;
            return queued(order, out);
        }
        DeskCommand::OpenClass { title, seats, phones, plan, group, until } => {
            let order = ClassOrder {
                title: title.clone(),
                seats: seats.clone(),
                phones: *phones,
                plan: plan.clone(),
                group: group.clone(),
                until: *until,
                form: None,
            };
            let class = office.open_class(site, &order, who).await?;
            let code = class.code.as_deref().map(|code| format!("\ncode for phones  {code}")).unwrap_or_default();
            return out.value(&class, &format!("class  {}\nuntil  {}{code}", class.id, class.until));
        }
        DeskCommand::CloseClass { class } => {
            let class = office.close_class(site, *class, who).await?;
            return out.value(&class, &format!("class {} is over", class.id));
        }
        DeskCommand::Attendance { class, came } => {
            office.set_attendance(site, *class, *came, who).await?;
            return out.value(&json!({ "class": class, "attendance": came }), &format!("{came} came"));
        }
        DeskCommand::Extend { visit, time } => {
            OrderKind::Extend { visit: *visit, seconds: time.map(|time| time.as_secs()) }
        }
        DeskCommand::Shorten { visit, time } => OrderKind::Shorten { visit: *visit, seconds: time.as_secs() },
        DeskCommand::End { visit } => OrderKind::End { visit: *visit },
        DeskCommand::Block { device, until } => OrderKind::Block { device: *device, until: *until },
        DeskCommand::Unblock { device } => OrderKind::Unblock { device: *device },
        DeskCommand::Move { visit, seat: Some(seat) } => {
            OrderKind::Move { visit: *visit, to: MoveTo::Seat(seat.clone()) }
        }
    };
    let order = office.order(site, what, who).await?;
    queued(order, out)
}

async fn online(site: &SiteId, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let view = desk.office.online(site).await?;
    let at = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
    let rows: Vec<[String; 5]> = view
        .visits
        .iter()
        .map(|visit| {
            let device = visit.seat.clone().unwrap_or_else(|| device_label(visit.sort, &visit.device));
            [device, visit.plan.to_string(), visit.started.to_string(), at(visit.until), visit.visit.to_string()]
        })
        .collect();
    let json = json!({ "told": view.told, "visits": view.visits, "blocks": view.blocks });
    out.table(&json, ["device", "plan", "since", "until", "visit"], &rows)
}

fn queued(order: OrderId, out: &mut Output<'_>) -> Result<(), CommandError> {
    out.value(&json!({ "order": order }), &format!("order {order} is queued: `desk orders` says what became of it"))
}

fn order_row(order: &OrderSeen) -> [String; 5] {
    let what = order.what.as_ref().map_or_else(|| "move".to_owned(), word);
    [order.made.to_string(), what, word(&order.state), order.who.clone(), order.reason.clone()]
}

/// The tag of an enum, as JSON has it.
fn word<T: serde::Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    let tag = value.get("do").or_else(|| value.get("state")).and_then(|tag| tag.as_str());
    tag.unwrap_or_default().to_owned()
}
