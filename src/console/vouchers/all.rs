//! All vouchers of a site: found by code, note, batch and state; withdrawn with a reason.

use askama::Template;
use gapura_controller::{Right, VoucherQuery, VoucherSeen, VoucherState};
use gapura_speech::Say;
use gapura_wire::VoucherTag;
use std::time::Duration;

use super::{Tab, base, speak, tabs};
use crate::answer::{Answer, Oops, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

/// States one can ask for.
const STATES: [(&str, &str); 6] = [
    ("", "vouchers-filter-all"),
    ("unused", "vouchers-filter-unused"),
    ("used", "vouchers-filter-used"),
    ("used-up", "vouchers-filter-used-up"),
    ("past", "vouchers-filter-past"),
    ("withdrawn", "vouchers-filter-withdrawn"),
];

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) code: String,
    pub(super) what: String,
    pub(super) note: String,
    pub(super) batch: String,
    pub(super) made: String,
    pub(super) before: String,
    pub(super) class: &'static str,
    pub(super) state: String,
    pub(super) reprint: Option<String>,
    pub(super) revoke: Option<String>,
}

#[derive(Template)]
#[template(path = "vouchers-all.html")]
pub(super) struct All {
    pub(super) c: Chrome,
    pub(super) base: String,
    pub(super) tabs: Vec<Tab>,
    pub(super) words: String,
    pub(super) states: Vec<(&'static str, String)>,
    pub(super) state: String,
    pub(super) rows: Vec<Row>,
    pub(super) told: String,
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
}

/// The page.
pub(super) async fn all(here: Here) -> Answer {
    let site = here.site()?.place.site.clone();
    let (w, say, fields) = (here.w(), here.say(), here.asked());
    let known = STATES.into_iter().find(|(state, _)| *state == fields.get("keadaan")).map_or("", |(state, _)| state);
    let skip: u32 = fields.get("mulai").parse().unwrap_or_default();
    let words: String = fields.get("cari").chars().take(80).collect();
    let asked = VoucherQuery { words: words.clone(), state: known.to_owned(), skip };
    let found = here.office().find_vouchers(&site, &asked).await?;
    let base = base(&here);
    let rights = (here.may(Right::MakeVouchers), here.may(Right::RevokeVouchers));
    let more = |skip: u32| {
        let words: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
        format!("{base}/semua?cari={words}&keadaan={known}&mulai={skip}")
    };
    let shown = u32::try_from(found.vouchers.len()).unwrap_or_default();
    let later = found.more.then(|| more(skip + shown));
    let earlier = (skip > 0).then(|| more(skip.saturating_sub(50)));
    page(&All {
        c: Chrome::of(&here, w.t("vouchers-title")),
        tabs: tabs(w, &base, "/semua"),
        rows: found.vouchers.iter().map(|voucher| row(&say, &base, voucher, rights)).collect(),
        told: speak::told(&say, found.told),
        base,
        words,
        states: STATES.into_iter().map(|(state, key)| (state, w.t(key))).collect(),
        state: known.to_owned(),
        earlier,
        later,
    })
}

/// Withdraws one voucher, or what nobody has used of a batch.
pub(super) async fn revoke(here: Here, Posted(fields): Posted) -> Answer {
    let site = here.site()?.place.site.clone();
    let reason = fields.get("alasan");
    if reason.is_empty() {
        return Err(Oops::Refused(here.w().t("vouchers-reason-missing")));
    }
    let who = here.actor(reason);
    let base = base(&here);
    let batch = fields.get("kelompok");
    if batch.is_empty() {
        let tag: VoucherTag = fields.get("voucer").parse().map_err(|_| Oops::NotFound)?;
        here.office().revoke_tag(&site, &tag, &who).await?;
        Ok(to(&format!("{base}/semua"), "voucher-revoked"))
    } else {
        here.office().revoke_unused(&site, batch, &who).await?;
        Ok(to(&format!("{base}/kelompok"), "vouchers-revoked"))
    }
}

pub(super) fn row(say: &Say, base: &str, voucher: &VoucherSeen, (print, revoke): (bool, bool)) -> Row {
    let w = say.words;
    let (class, state) = speak::state(say, &voucher.state);
    let good = matches!(voucher.state, VoucherState::Unused | VoucherState::Used { .. });
    let time = voucher.use_time.and_then(|time| u64::try_from(time).ok()).map(Duration::from_secs);
    let time = time.map(|time| say.duration(time));
    Row {
        code: voucher.begins.as_ref().map_or_else(|| w.t("vouchers-code-gone"), |begins| format!("{begins} ·····")),
        what: time.map_or_else(|| voucher.plan.clone(), |time| format!("{}, {time}", voucher.plan)),
        note: voucher.note.clone(),
        batch: voucher.batch.clone(),
        made: speak::moment(say, voucher.made),
        before: voucher.use_before.map_or_else(|| w.t("vouchers-never"), |at| speak::spoken(say, at)),
        class,
        state,
        reprint: (print && good && voucher.begins.is_some()).then(|| format!("{base}/kertas?voucer={}", voucher.tag)),
        revoke: (revoke && good && !voucher.of_group).then(|| voucher.tag.to_string()),
    }
}
