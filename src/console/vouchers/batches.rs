//! Kelompok cetak: batches with their figures; what is left of one is printed again or withdrawn.

use askama::Template;
use gapura_controller::Right;

use super::quick::{LastLine, last_line};
use super::{Tab, base, tabs};
use crate::answer::{Answer, page};
use crate::chrome::Chrome;
use crate::here::Here;

/// Batches on a page.
const PAGE: u32 = 20;

/// A batch.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) name: String,
    pub(super) maker: String,
    pub(super) line: LastLine,
    /// So many can be withdrawn.
    pub(super) revoke: Option<String>,
}

#[derive(Template)]
#[template(path = "vouchers-batches.html")]
pub(super) struct Batches {
    pub(super) c: Chrome,
    pub(super) base: String,
    pub(super) tabs: Vec<Tab>,
    pub(super) found: Vec<Batch>,
    pub(super) earlier: Option<String>,
    pub(super) later: Option<String>,
}

/// The page.
pub(super) async fn batches(here: Here) -> Answer {
    let site = here.site()?.place.site.clone();
    let (w, say, base) = (here.w(), here.say(), base(&here));
    let skip: u32 = here.asked().get("mulai").parse().unwrap_or_default();
    let mut found = here.office().batches(&site, 2, (PAGE + 1, skip)).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let (print, revoke) = (here.may(Right::MakeVouchers), here.may(Right::RevokeVouchers));
    let batch = |batch: &gapura_controller::BatchSeen| Batch {
        name: batch.totals.batch.clone(),
        maker: batch.totals.maker.clone(),
        line: last_line(&say, &base, batch, (print, revoke)),
        revoke: (revoke && batch.unused > 0)
            .then(|| w.n("vouchers-revoke-left", u64::try_from(batch.unused).unwrap_or_default())),
    };
    page(&Batches {
        c: Chrome::of(&here, w.t("vouchers-title")),
        tabs: tabs(w, &base, "/kelompok"),
        found: found.iter().map(batch).collect(),
        later: more.then(|| format!("{base}/kelompok?mulai={}", skip + PAGE)),
        earlier: (skip > 0).then(|| format!("{base}/kelompok?mulai={}", skip.saturating_sub(PAGE))),
        base,
    })
}
