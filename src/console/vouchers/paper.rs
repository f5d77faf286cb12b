//! Paper: receipts of 58 and 80 mm, A4 with 24 codes, cards, large print. It prints itself where scripts run.

use askama::Template;
use gapura_controller::{PrintedVoucher, Sheet, Which};
use gapura_speech::Say;
use http::HeaderMap;
use jiff::tz::TimeZone;

use super::qr::{self, Qr};
use super::quick::remember;
use super::{Paper, Papers, base, form_key, speak};
use crate::answer::{Answer, Oops, page};
use crate::assets;
use crate::chrome::Chrome;
use crate::here::Here;

/// One voucher on paper.
#[derive(Clone, Debug)]
pub(super) struct Slip {
    pub(super) number: String,
    pub(super) code: String,
    pub(super) qr: Option<Qr>,
    pub(super) time: String,
    pub(super) quota: String,
    pub(super) speed: String,
    pub(super) before: String,
    pub(super) devices: String,
}

#[derive(Template)]
#[template(path = "paper.html")]
pub(super) struct PaperPage {
    pub(super) c: Chrome,
    pub(super) script: &'static str,
    pub(super) paper: Paper,
    /// The words for the paper, and other papers to change to.
    pub(super) on: String,
    pub(super) papers: Vec<(String, String, bool)>,
    pub(super) back: String,
    /// The same form had been sent before.
    pub(super) known: bool,
    /// Another one from the same preset: its id and the form's key.
    pub(super) more: Option<(String, String)>,
    pub(super) network: String,
    pub(super) site: String,
    pub(super) wifi: Option<String>,
    pub(super) portal: Option<String>,
    pub(super) note: String,
    pub(super) made: String,
    pub(super) pages: Vec<Vec<Slip>>,
}

/// The paper of a batch (`kelompok`, only what is unused with `sisa`) or of one voucher (`voucer`).
pub(super) async fn paper(here: Here, headers: HeaderMap) -> Answer {
    let site = here.site()?.place.site.clone();
    let (fields, base) = (here.asked(), base(&here));
    let which = match fields.get("voucer") {
        "" => Which::Batch { batch: fields.get("kelompok").to_owned(), only_unused: fields.is_on("sisa") },
        tag => Which::One(tag.parse().map_err(|_| Oops::NotFound)?),
    };
    let sheet = here.office().sheet(&site, &which, &here.actor("")).await?;
    let mut papers = Papers::remembered(&headers);
    let remembered = if sheet.vouchers.len() > 1 { papers.many } else { papers.one };
    let chosen = fields.get("bentuk").parse().unwrap_or(remembered);
    if sheet.vouchers.len() > 1 {
        papers.many = chosen;
    } else {
        papers.one = chosen;
    }
    let what = match &which {
        Which::One(tag) => format!("{base}/kertas?voucer={tag}"),
        Which::Batch { batch, only_unused: true } => format!("{base}/kertas?kelompok={batch}&sisa=1"),
        Which::Batch { batch, only_unused: false } => format!("{base}/kertas?kelompok={batch}"),
    };
    let single = sheet.amount == 1 && !sheet.preset.is_empty();
    let more = single.then(|| form_key().map(|key| (sheet.preset.clone(), key))).transpose()?;
    let view = PaperPage {
        known: fields.is_on("lagi"),
        back: base,
        more,
        ..paper_page(Chrome::of(&here, here.w().t("vouchers-paper-title")), &here.say(), &sheet, chosen, &what)
    };
    page(&view).map(|response| remember(response, papers))
}

pub(super) fn paper_page(c: Chrome, say: &Say, sheet: &Sheet, paper: Paper, what: &str) -> PaperPage {
    let w = say.words;
    let other = |other: Paper| (format!("{what}&bentuk={other}"), w.t(other.words()), other == paper);
    let slips: Vec<Slip> = sheet.vouchers.iter().map(|voucher| slip(say, sheet, voucher)).collect();
    let zone: &TimeZone = sheet.zone.tz();
    let made = sheet.made.to_zoned(zone.clone()).timestamp();
    PaperPage {
        c,
        script: &assets::PRINT.path,
        paper,
        on: w.n("vouchers-paper-on", u64::try_from(slips.len()).unwrap_or_default()),
        papers: Paper::ALL.into_iter().map(other).collect(),
        back: String::new(),
        known: false,
        more: None,
        network: sheet.network.clone(),
        site: sheet.site.clone(),
        wifi: sheet.wifi.clone(),
        portal: sheet.portal.clone(),
        note: sheet.note.clone(),
        made: format!("{} {}, {}", speak::on_paper(say, made), say.zone(), sheet.maker),
        pages: slips.chunks(paper.on_a_page()).map(<[Slip]>::to_vec).collect(),
    }
}

fn slip(say: &Say, sheet: &Sheet, voucher: &PrintedVoucher) -> Slip {
    let plan = sheet.plan.as_ref();
    let devices = voucher.devices.and_then(|devices| u64::try_from(devices).ok()).filter(|devices| *devices > 1);
    Slip {
        number: format!("{}/{}", voucher.number, sheet.amount),
        code: voucher.code.grouped(),
        qr: voucher.link.as_deref().and_then(qr::draw),
        time: speak::use_time(say, voucher.use_time, plan),
        quota: speak::quota(say, plan),
        speed: speak::speed(say, plan),
        before: voucher.use_before.map_or_else(|| say.words.t("vouchers-never"), |at| speak::on_paper(say, at)),
        devices: devices.map_or_else(String::new, |devices| say.words.n("vouchers-devices", devices)),
    }
}
