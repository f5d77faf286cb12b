//! Cetak Cepat: a tile makes one voucher and opens its receipt; many at once with a note; what was printed last stays in sight.

use std::time::Duration;

use askama::Template;
use gapura_controller::preset::{MOST_AT_ONCE, UseBefore};
use gapura_controller::{BatchSeen, PrintError, PrintMistake, PrintOrder, Right, Tile};
use gapura_speech::Say;
use http::{HeaderMap, header};

use super::{Paper, Papers, Tab, base, form_key, speak, tabs};
use crate::answer::{Answer, Oops, again, page, see_other};
use crate::chrome::Chrome;
use crate::dates;
use crate::form::{Fields, Posted};
use crate::here::Here;

/// Batches that stay in sight.
const LAST: u32 = 6;

/// A tile.
#[derive(Clone, Debug)]
pub(super) struct TileLine {
    pub(super) id: String,
    pub(super) colour: u8,
    pub(super) name: String,
    pub(super) lines: Vec<String>,
    /// Why it makes nothing now.
    pub(super) shut: Option<String>,
    pub(super) key: String,
}

/// The form for many, as it is shown or shown again.
#[derive(Clone, Debug, Default)]
pub(super) struct Many {
    pub(super) key: String,
    pub(super) count: String,
    pub(super) preset: String,
    pub(super) before: String,
    pub(super) note: String,
    pub(super) paper: String,
    pub(super) count_wrong: Option<String>,
    pub(super) preset_wrong: Option<String>,
    pub(super) before_wrong: Option<String>,
    pub(super) note_wrong: Option<String>,
}

/// A batch, or a single voucher, that was printed lately.
#[derive(Clone, Debug)]
pub(super) struct LastLine {
    pub(super) code: String,
    pub(super) what: String,
    pub(super) tags: Vec<(&'static str, String)>,
    /// Where it is printed again, and the words for it.
    pub(super) reprint: Option<(String, String)>,
    /// A single voucher's tag that can be withdrawn.
    pub(super) revoke: Option<String>,
}

#[derive(Template)]
#[template(path = "vouchers.html")]
pub(super) struct Quick {
    pub(super) c: Chrome,
    pub(super) base: String,
    pub(super) tabs: Vec<Tab>,
    pub(super) may_make: bool,
    pub(super) may_set: bool,
    pub(super) paper: Paper,
    pub(super) tiles: Vec<TileLine>,
    /// Id and words of each preset that makes something now.
    pub(super) choices: Vec<(String, String)>,
    pub(super) many: Many,
    pub(super) most: u32,
    pub(super) papers: Vec<(Paper, String)>,
    pub(super) last: Vec<LastLine>,
}

impl Quick {
    fn wrong(&self) -> Vec<(&'static str, &str)> {
        let many = &self.many;
        let all = [
            ("jumlah", &many.count_wrong),
            ("pilihan", &many.preset_wrong),
            ("sebelum", &many.before_wrong),
            ("catatan", &many.note_wrong),
        ];
        all.into_iter().filter_map(|(id, words)| Some((id, words.as_deref()?))).collect()
    }
}

/// The page.
pub(super) async fn quick(here: Here, headers: HeaderMap) -> Answer {
    let papers = Papers::remembered(&headers);
    let many = Many { count: "24".to_owned(), paper: papers.many.key().to_owned(), ..Many::default() };
    page(&quick_page(&here, papers, many).await?)
}

/// Makes what a tile or the form for many asks for, and leads to its paper.
pub(super) async fn make(here: Here, headers: HeaderMap, Posted(fields): Posted) -> Answer {
    let site = here.site()?.place.site.clone();
    let papers = Papers::remembered(&headers);
    let form = fields.get("kunci").parse().map_err(|_| Oops::Stale)?;
    let count = fields.get("jumlah");
    let count = if count.is_empty() { Some(1) } else { count.parse::<u32>().ok() };
    let before = fields.get("sebelum");
    let date = dates::parse(before);
    let mut many = shown_again(&fields);
    let w = here.w();
    if !before.is_empty() && date.is_none() {
        many.before_wrong = Some(w.t("vouchers-date-wrong"));
    }
    let Ok(preset) = fields.get("pilihan").parse() else {
        many.preset_wrong = Some(w.t("vouchers-preset-wrong"));
        return again(&quick_page(&here, papers, many).await?);
    };
    let order = PrintOrder {
        site,
        preset,
        count: count.unwrap_or_default(),
        use_before: date.map(UseBefore::Date),
        note: fields.get("catatan").to_owned(),
        form,
    };
    // A date that cannot be read must not become the preset's: nothing is made, and all else that is wrong is said as well.
    let order = if many.before_wrong.is_some() { PrintOrder { count: 0, ..order } } else { order };
    match here.office().print_vouchers(&order, &here.actor("")).await {
        Ok(printed) => {
            let paper = fields.get("bentuk").parse().unwrap_or(if order.count > 1 { papers.many } else { papers.one });
            let known = if printed.again { "&lagi=1" } else { "" };
            Ok(see_other(&format!("{}/kertas?kelompok={}&bentuk={paper}{known}", base(&here), printed.batch)))
        }
        Err(PrintError::Mistakes(mistakes)) => {
            for mistake in mistakes {
                match mistake {
                    PrintMistake::Count if count != Some(order.count) => {}
                    PrintMistake::Count => {
                        many.count_wrong = Some(w.n("vouchers-count-wrong", u64::from(MOST_AT_ONCE)));
                    }
                    PrintMistake::NoteMissing => many.note_wrong = Some(w.t("vouchers-note-missing")),
                    PrintMistake::NoteUnfit => many.note_wrong = Some(w.t("vouchers-note-unfit")),
                    PrintMistake::Preset => many.preset_wrong = Some(w.t("vouchers-preset-wrong")),
                    PrintMistake::UseBefore(why) => many.before_wrong = Some(speak::no_time(w, why)),
                }
            }
            again(&quick_page(&here, papers, many).await?)
        }
        Err(PrintError::Office(error)) => Err(error.into()),
    }
}

/// What was typed is kept.
fn shown_again(fields: &Fields) -> Many {
    let get = |name: &str| fields.get(name).to_owned();
    Many {
        count: get("jumlah"),
        preset: get("pilihan"),
        before: get("sebelum"),
        note: get("catatan"),
        paper: get("bentuk"),
        ..Many::default()
    }
}

async fn quick_page(here: &Here, papers: Papers, mut many: Many) -> Result<Quick, Oops> {
    let (w, say) = (here.w(), here.say());
    let site = here.site()?.place.site.clone();
    let may_make = here.may(Right::MakeVouchers);
    let mut tiles = Vec::new();
    for tile in here.office().tiles(&site).await? {
        tiles.push(line(&say, &tile, form_key()?));
    }
    many.key = form_key()?;
    let choices = tiles.iter().map(|tile| (tile.id.clone(), format!("{}, {}", tile.name, short(tile)))).collect();
    let base = base(here);
    let (print, revoke) = (may_make, here.may(Right::RevokeVouchers));
    let batches = here.office().batches(&site, 1, (LAST, 0)).await?;
    let last = batches.iter().map(|batch| last_line(&say, &base, batch, (print, revoke))).collect();
    let sub = w.t1("vouchers-sub", "paper", w.t(papers.one.words()));
    Ok(Quick {
        c: Chrome::of(here, w.t("vouchers-title")).sub(if may_make { sub } else { String::new() }),
        tabs: tabs(w, &base, ""),
        base,
        may_make,
        may_set: here.may_at(Right::SetNetwork, None),
        paper: papers.one,
        tiles,
        choices,
        many,
        most: MOST_AT_ONCE,
        papers: Paper::ALL.into_iter().map(|paper| (paper, w.t(paper.words()))).collect(),
        last,
    })
}

/// *Waktu pakai* alone, for the list of presets.
fn short(tile: &TileLine) -> &str {
    tile.lines.first().map_or("", String::as_str)
}

pub(super) fn line(say: &Say, tile: &Tile, key: String) -> TileLine {
    let w = say.words;
    let preset = &tile.preset;
    let time = preset.use_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let mut lines = vec![w.t1("vouchers-use-time", "time", speak::use_time(say, time, Some(&tile.plan)))];
    let quota = speak::quota(say, Some(&tile.plan));
    let quota = if quota.is_empty() { quota } else { w.t1("vouchers-quota-of", "bytes", quota) };
    let limits = [quota, speak::speed(say, Some(&tile.plan))];
    let limits: Vec<String> = limits.into_iter().filter(|limit| !limit.is_empty()).collect();
    if limits.is_empty() {
        lines.push(w.t("vouchers-no-quota"));
    } else {
        lines.push(limits.join(", "));
    }
    let shut = match tile.until {
        Ok(until) => {
            lines.push(w.t1("vouchers-use-before", "when", speak::spoken(say, until)));
            None
        }
        Err(why) => Some(speak::no_time(w, why)),
    };
    let name = preset.name.clone();
    let name = if w.lang() == gapura_speech::Lang::En && !name.en.is_empty() { name.en } else { name.id };
    TileLine { id: tile.id.to_string(), colour: preset.colour, name, lines, shut, key }
}

pub(super) fn last_line(say: &Say, base: &str, batch: &BatchSeen, (print, revoke): (bool, bool)) -> LastLine {
    let w = say.words;
    let totals = &batch.totals;
    let made = speak::moment(say, batch.made);
    let tail = if totals.note.is_empty() { made } else { format!("{made}, {}", totals.note) };
    let kertas = |more: &str| format!("{base}/kertas?kelompok={}{more}", totals.batch);
    if let Some(single) = &batch.single {
        let (class, words) = speak::state(say, &single.state);
        let good = matches!(
            single.state,
            gapura_controller::VoucherState::Unused | gapura_controller::VoucherState::Used { .. }
        );
        let reprint = (print && good && single.begins.is_some()).then(|| (kertas(""), w.t("vouchers-reprint")));
        return LastLine {
            code: single.begins.as_ref().map_or_else(|| w.t("vouchers-code-gone"), |begins| format!("{begins} ·····")),
            what: format!("{}, {tail}", totals.plan),
            tags: vec![(class, words)],
            reprint,
            revoke: (revoke && good && !single.of_group).then(|| single.tag.to_string()),
        };
    }
    let amount = |key: &str, n: i64| w.n(key, u64::try_from(n).unwrap_or_default());
    let figures = [
        ("good", "vouchers-n-used", totals.used),
        ("off", "vouchers-n-unused", batch.unused),
        ("info", "vouchers-n-used-up", totals.used_up),
        ("bad", "vouchers-n-withdrawn", totals.withdrawn),
        ("warn", "vouchers-n-past", batch.past),
    ];
    let tags = figures.into_iter().filter(|(.., n)| *n > 0).map(|(class, key, n)| (class, amount(key, n))).collect();
    let left = (print && batch.unused > 0 && totals.kept > 0).then(|| {
        let words = if batch.unused == totals.amount {
            w.t("vouchers-reprint")
        } else {
            amount("vouchers-reprint-left", batch.unused)
        };
        (kertas("&sisa=1"), words)
    });
    LastLine {
        code: amount("vouchers-n-codes", totals.amount),
        what: format!("{}, {tail}", totals.plan),
        tags,
        reprint: left,
        revoke: None,
    }
}

/// Has the browser remember the paper.
pub(super) fn remember(mut response: axum::response::Response, papers: Papers) -> axum::response::Response {
    if let Some(cookie) = papers.remember() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
