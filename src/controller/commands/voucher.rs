//! `voucher`.

use std::io::BufRead as _;
use std::time::Duration;

use clap::{Args, Subcommand};
use gapura_model::{GroupId, PlanId, SiteId, VoucherCode};
use gapura_store::{VoucherRow, timestamp};
use jiff::Timestamp;

use super::group::{GroupCommand, group};
use super::output::Output;
use super::{CommandError, Desk};
use crate::office::{Place, VoucherOrder, Which};

/// `gapura controller voucher ...`
#[derive(Clone, Debug, Subcommand)]
pub enum VoucherCommand {
    /// Make vouchers and print their codes, which can be printed again for as long as they can be used.
    #[command(
        after_help = "Example:\n  gapura controller voucher make --site galeri-sinjai --plan umum --count 20 --use-time 2h --use-before 2026-12-31"
    )]
    Make {
        /// Where they are good.
        #[command(flatten)]
        place: PlaceArgs,
        /// The plan they open.
        #[arg(long)]
        plan: PlanId,
        /// How many.
        #[arg(long, default_value_t = 1)]
        count: u32,
        /// Waktu pakai: time online in all, for example 2h, 90m, 1d.
        #[arg(long, value_name = "TIME", value_parser = duration)]
        use_time: Option<Duration>,
        /// Pakai sebelum: a date (the end of that day at the site) or a time such as 2026-12-31T15:00:00Z.
        #[arg(long, value_name = "DATE")]
        use_before: Option<String>,
        /// Devices at once.
        #[arg(long)]
        devices: Option<u16>,
        /// A note for staff.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List the vouchers of a site or group by batch, without codes.
    #[command(after_help = "Example:\n  gapura controller voucher list --site galeri-sinjai --json")]
    List {
        /// Where they were made for.
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Print the codes of a batch again, as long as they can be used; it is noted in the audit log.
    #[command(
        after_help = "Example:\n  gapura controller voucher print --site galeri-sinjai --batch 20261121-7KQM --only-unused"
    )]
    Print {
        /// The site they were made for.
        #[arg(long)]
        site: SiteId,
        /// The batch.
        #[arg(long)]
        batch: String,
        /// Leave out what is in use.
        #[arg(long)]
        only_unused: bool,
    },
    /// Withdraw a batch, or one voucher whose code is read from standard input.
    #[command(
        after_help = "Example:\n  gapura controller voucher revoke --site galeri-sinjai --batch 20261121-7KQM\n  gapura controller voucher revoke --group sinjai --batch 20261121-8FPA"
    )]
    Revoke {
        /// Where they were made for.
        #[command(flatten)]
        place: PlaceArgs,
        /// The batch; none = read one code from standard input.
        #[arg(long)]
        batch: Option<String>,
    },
    /// Groups of sites whose vouchers are good at each of them.
    #[command(subcommand)]
    Group(GroupCommand),
}

/// One site, or a group of sites.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct PlaceArgs {
    /// One site.
    #[arg(long)]
    pub site: Option<SiteId>,
    /// A group: good at each of its sites, within the same limits together.
    #[arg(long)]
    pub group: Option<GroupId>,
}

impl PlaceArgs {
    fn place(&self) -> Result<Place, CommandError> {
        match (&self.site, &self.group) {
            (Some(site), None) => Ok(Place::Site(site.clone())),
            (None, Some(group)) => Ok(Place::Group(group.clone())),
            (Some(_), Some(_)) | (None, None) => Err(CommandError::Usage("write --site or --group".to_owned())),
        }
    }
}

pub(super) async fn voucher(command: &VoucherCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        VoucherCommand::Make { place, plan, count, use_time, use_before, devices, note } => {
            let place = place.place()?;
            let use_before = match use_before {
                Some(text) => Some(until(text, desk, &place).await?),
                None => None,
            };
            let (plan, note) = (plan.clone(), note.clone());
            let order =
                VoucherOrder { place, plan, count: *count, use_time: *use_time, use_before, devices: *devices, note };
            let made = desk.office.make_vouchers(&order, &desk.who).await?;
            let codes: Vec<String> = made.codes.iter().map(VoucherCode::grouped).collect();
            let json = serde_json::json!({ "batch": made.batch, "codes": codes, "published": made.published });
            out.value(&json, &codes.join("\n"))
        }
        VoucherCommand::List { place } => {
            let vouchers = match place.place()? {
                Place::Site(site) => desk.office.vouchers(&site).await?,
                Place::Group(group) => desk.office.group_vouchers(&group).await?,
            };
            let rows: Vec<_> = vouchers.iter().map(line).collect();
            let json: Vec<_> = vouchers.iter().map(describe).collect();
            out.table(&json, ["batch", "plan", "use before", "state", "note"], &rows)
        }
        VoucherCommand::Print { site, batch, only_unused } => {
            let which = Which::Batch { batch: batch.clone(), only_unused: *only_unused };
            let sheet = desk.office.sheet(site, &which, &desk.who).await?;
            let codes: Vec<String> = sheet.vouchers.iter().map(|voucher| voucher.code.grouped()).collect();
            let links: Vec<_> = sheet.vouchers.iter().map(|voucher| voucher.link.clone()).collect();
            let json = serde_json::json!({ "batch": batch, "codes": codes, "links": links });
            out.value(&json, &codes.join("\n"))
        }
        VoucherCommand::Revoke { place, batch: Some(batch) } => {
            let count = match place.place()? {
                Place::Site(site) => desk.office.revoke_batch(&site, batch, &desk.who).await?,
                Place::Group(group) => desk.office.revoke_group_batch(&group, batch, &desk.who).await?,
            };
            out.value(&serde_json::json!({ "revoked": count }), &format!("{count} vouchers withdrawn"))
        }
        VoucherCommand::Revoke { place, batch: None } => {
            let mut text = String::new();
            let failed = |source| CommandError::Io { what: "read the code from standard input", source };
            std::io::stdin().lock().read_line(&mut text).map_err(failed)?;
            let code: VoucherCode = text.parse().map_err(|error| CommandError::Usage(format!("{error}")))?;
            match place.place()? {
                Place::Site(site) => desk.office.revoke_code(&site, &code, &desk.who).await?,
                Place::Group(group) => desk.office.revoke_group_code(&group, &code, &desk.who).await?,
            }
            out.value(&serde_json::json!({ "revoked": 1 }), "1 voucher withdrawn")
        }
        VoucherCommand::Group(command) => group(command, desk, out).await,
    }
}

/// The end of a date in the zone of the site (which is that of all sites of a group), or an exact time.
async fn until(text: &str, desk: &Desk, place: &Place) -> Result<Timestamp, CommandError> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let wrong =
        || CommandError::Usage(format!("--use-before {text}: write a date such as 2026-12-31 or 2026-12-31T15:00:00Z"));
    let date: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
    let document = desk.office.document_at(place).await?;
    let end = date.tomorrow().and_then(|day| day.to_zoned(document.hours.zone().tz().clone()));
    end.map(|end| end.timestamp()).map_err(|_| wrong())
}

fn describe(row: &VoucherRow) -> serde_json::Value {
    serde_json::json!({
        "site": row.site, "batch": row.batch, "plan": row.plan, "note": row.note, "use_time": row.use_time, "devices": row.devices,
        "use_before": row.use_before.map(timestamp), "made": timestamp(row.made), "revoked": row.revoked.map(timestamp),
    })
}

fn line(row: &VoucherRow) -> [String; 5] {
    let before = row.use_before.map(|at| timestamp(at).to_string()).unwrap_or_default();
    let state = if row.revoked.is_some() { "withdrawn" } else { "good" };
    [row.batch.clone(), row.plan.clone(), before, state.to_owned(), row.note.clone()]
}

/// `2h`, `90m`, `1h30m`, `1d`, or seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a length of time: write for example 2h, 90m, 1h30m or 1d");
    let (mut total, mut number) = (0_u64, None::<u64>);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            let grown = number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(digit.into()));
            number = Some(grown.ok_or_else(wrong)?);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        let part = number.take().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)?;
        total = total.checked_add(part).ok_or_else(wrong)?;
    }
    let total = total.checked_add(number.unwrap_or(0)).ok_or_else(wrong)?;
    if text.is_empty() { Err(wrong()) } else { Ok(Duration::from_secs(total)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let read = |text| duration(text).map(|time| time.as_secs());
        assert_eq!((read("2h"), read("1h30m"), read("1d"), read("90")), (Ok(7200), Ok(5400), Ok(86_400), Ok(90)));
        for bad in ["", "h", "2x", "99999999999999999999d", "-1h"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
