//! *Laporan bulanan*: what a month was, for those who answer for it; on screen, on paper and in files.

#[cfg(test)]
mod samples;

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use gapura_controller::report::{self, Fact, Month, MonthReport, Sheet, Table};
use gapura_controller::{MonthReported, Right, Scope, SitePlace, may_over};
use gapura_speech::Say;
use http::{HeaderValue, header};

use crate::answer::{Answer, Oops, page};
use crate::chrome::Chrome;
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

const PATH: &str = "/laporan-bulanan";

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    let needs = Right::SeeReports;
    routes.get(PATH, Needs::Anywhere(needs), months);
    routes.get("/laporan-bulanan/{month}", Needs::Anywhere(needs), show);
    routes.get("/laporan-bulanan/{month}/unduh", Needs::Anywhere(needs), download);
    routes.get("/laporan-bulanan/statistik/{period}/{part}", Needs::Right(needs), statistics);
    routes.menu(MenuLine { section: Section::Report, icon: icons::PRINT, words: "reports-title", path: PATH, needs });
}

/// A month in the list.
#[derive(Clone, Debug)]
struct Line {
    href: String,
    month: String,
    /// Only for whoever sees all of them.
    sites: Option<String>,
    running: bool,
    made: String,
}

#[derive(Template)]
#[template(path = "reports.html")]
struct Overview {
    c: Chrome,
    months: Vec<Line>,
    /// Years that there is a closed month of; empty for whoever may not take them for the whole department.
    years: Vec<String>,
}

/// A scope to choose.
#[derive(Clone, Debug)]
struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

/// A bar of the chart.
#[derive(Clone, Debug)]
struct Bar {
    x: u64,
    y: u64,
    height: u64,
    class: &'static str,
    foot: u64,
    label: Option<u8>,
}

/// The chart as it is drawn.
#[derive(Clone, Debug)]
struct Drawn {
    caption: String,
    says: String,
    bars: Vec<Bar>,
    lines: Vec<(u64, String)>,
}

/// Tables side by side, or one that takes the whole width.
#[derive(Clone, Debug)]
struct Block {
    wide: bool,
    tables: Vec<Table>,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Report {
    c: Chrome,
    /// Its own address, and the scope as it stands behind `?`.
    path: String,
    scope: String,
    choices: Vec<Choice>,
    title: String,
    of: String,
    department: String,
    notes: Vec<String>,
    running: Option<String>,
    changes: Vec<String>,
    /// Each with whether it is said in words, which take more room than figures.
    facts: Vec<(Fact, bool)>,
    chart: Option<Drawn>,
    blocks: Vec<Block>,
    meaning: String,
    definitions: Vec<(String, String)>,
    signed: [String; 2],
}

async fn months(here: Here) -> Answer {
    let (w, say) = (here.w(), here.say());
    let all = here.office().months_reported().await?;
    let whole = here.may(Right::SeeReports);
    page(&Overview {
        c: Chrome::of(&here, w.t("reports-title")).sub(w.t("reports-sub")),
        years: if whole { years(&all) } else { Vec::new() },
        months: all.iter().map(|one| line(one, whole, &say)).collect(),
    })
}

fn line(one: &MonthReported, whole: bool, say: &Say) -> Line {
    Line {
        href: format!("{PATH}/{}", one.month),
        month: month_words(one.month, say),
        sites: whole.then(|| say.number(one.sites)),
        running: one.running,
        made: say.when(one.made),
    }
}

fn years(all: &[MonthReported]) -> Vec<String> {
    let mut years: Vec<i16> = all.iter().filter(|one| !one.running).map(|one| one.month.year()).collect();
    years.dedup();
    years.into_iter().map(|year| year.to_string()).collect()
}

/// "Oktober 2026".
fn month_words(month: Month, say: &Say) -> String {
    let index = usize::from(month.number().unsigned_abs()).saturating_sub(1);
    format!("{} {}", say.words.list("months", index), month.year())
}

async fn show(here: Here, Path(month): Path<String>) -> Answer {
    let (asked, all) = asked(&here, &month).await?;
    let say = here.office().say_report(&asked.report, here.lang);
    let w = here.w();
    let title = w.t("reports-title");
    let month = month_words(asked.report.month, &say);
    let chosen = asked.report.scope.to_string();
    let choices = all.into_iter().map(|(scope, words)| {
        let value = scope.to_string();
        Choice { chosen: value == chosen, value, words }
    });
    let choices = choices.collect();
    let c = Chrome::of(&here, title).up(PATH, w.t("reports-back"));
    let sheet = Sheet::of(&asked.report, &say);
    page(&Report {
        path: format!("{PATH}/{}", asked.report.month),
        choices,
        department: here.app.settings.department.clone(),
        ..framed(c.sub(format!("{month}, {}", sheet.of)), sheet, &chosen)
    })
}

/// The page without what only a request knows.
fn framed(c: Chrome, sheet: Sheet, scope: &str) -> Report {
    let mut blocks: Vec<Block> = Vec::new();
    for table in sheet.tables {
        match blocks.last_mut() {
            Some(block) if !block.wide && !table.wide => block.tables.push(table),
            Some(_) | None => blocks.push(Block { wide: table.wide, tables: vec![table] }),
        }
    }
    Report {
        c,
        path: String::new(),
        scope: form_urlencoded::byte_serialize(scope.as_bytes()).collect(),
        choices: Vec::new(),
        title: sheet.title,
        of: sheet.of,
        department: String::new(),
        notes: sheet.notes,
        running: sheet.running,
        changes: sheet.changes,
        facts: sheet
            .facts
            .into_iter()
            .map(|fact| {
                let words = in_words(&fact.value);
                (fact, words)
            })
            .collect(),
        chart: sheet.chart.map(drawn),
        blocks,
        meaning: sheet.meaning,
        definitions: sheet.definitions,
        signed: sheet.signed,
    }
}

fn in_words(value: &str) -> bool {
    value.starts_with(char::is_alphabetic)
}

/// The box of the chart: 31 days fit beside the figures.
const LEFT: u64 = 44;
const TOP: u64 = 10;
const FOOT: u64 = 142;
const STEP: u64 = 19;
const WIDTH: u64 = 14;

fn drawn(chart: report::Chart) -> Drawn {
    let height = |figure: u64| figure.saturating_mul(FOOT - TOP) / chart.top.max(1);
    let bar = |(at, (day, figure, sunday)): (u64, &(u8, u64, bool))| {
        let (x, height) = (LEFT + 3 + STEP * at, height(*figure));
        Bar {
            x,
            y: FOOT - height,
            height,
            class: if *sunday { "c2" } else { "c1" },
            foot: x + WIDTH / 2,
            label: (*day == 1 || day.is_multiple_of(5)).then_some(*day),
        }
    };
    let figures = [0, chart.top / 2, chart.top];
    Drawn {
        bars: (0..).zip(&chart.bars).map(bar).collect(),
        lines: figures.into_iter().zip(chart.lines).map(|(figure, words)| (FOOT - height(figure), words)).collect(),
        caption: chart.caption,
        says: chart.says,
    }
}

/// A report that somebody asked for and may see.
struct Asked {
    report: MonthReport,
}

/// The report that the address asks for, and the scopes that may be asked for.
async fn asked(here: &Here, month: &str) -> Result<(Asked, Vec<(Scope, String)>), Oops> {
    let month: Month = month.parse().map_err(|_| Oops::NotFound)?;
    let scopes = scopes(here).await?;
    let fields = here.asked();
    let wanted = fields.get("wilayah").trim();
    let scope = match wanted {
        "" => scopes.first().map(|(scope, _)| scope.clone()),
        // What is not theirs is, to them, not there.
        text => text.parse().ok().filter(|asked| scopes.iter().any(|(scope, _)| scope == asked)),
    };
    let scope = scope.ok_or(Oops::NotFound)?;
    let report = here.office().month_report(&scope, month).await?.ok_or(Oops::NotFound)?;
    Ok((Asked { report }, scopes))
}

/// What the person may see reports of, the widest first.
async fn scopes(here: &Here) -> Result<Vec<(Scope, String)>, Oops> {
    let w = here.w();
    let sites = here.office().sites().await?;
    let place = |(id, document): &(gapura_model::SiteId, gapura_controller::SiteDocument)| SitePlace {
        site: id.clone(),
        agency: document.agency.clone(),
        regency: document.regency.clone(),
    };
    let places: Vec<SitePlace> = sites.iter().map(place).collect();
    let mut found = vec![(Scope::Province, w.t("reports-whole"))];
    let sorted = |of: &dyn Fn(&SitePlace) -> String| {
        let mut names: Vec<String> = places.iter().map(of).collect();
        names.sort();
        names.dedup();
        names
    };
    for name in sorted(&|place| place.regency.clone()) {
        found.push((Scope::Regency(name.clone()), w.t1("reports-regency", "name", name)));
    }
    for name in sorted(&|place| place.agency.clone()) {
        found.push((Scope::Agency(name.clone()), w.t1("reports-agency", "name", name)));
    }
    let mut named: Vec<_> = sites.iter().map(|(id, document)| (document.name.clone(), id.clone())).collect();
    named.sort();
    found.extend(named.into_iter().map(|(name, id)| (Scope::Site(id), name)));
    found.retain(|(scope, _)| may_over(here.grants(), Right::SeeReports, scope, &places));
    Ok(found)
}

async fn download(here: Here, Path(month): Path<String>) -> Answer {
    let (Asked { report }, _) = asked(&here, &month).await?;
    let say = here.office().say_report(&report, here.lang);
    let fields = here.asked();
    let (octets, kind, ending) = match fields.get("bentuk") {
        "csv" => (report::csv(&report, &say).into_bytes(), "text/csv; charset=utf-8", "csv"),
        "json" => {
            let json = serde_json::to_vec_pretty(&report).map_err(|error| {
                tracing::error!(%error, "a report could not be written");
                Oops::Broken
            })?;
            (json, "application/json", "json")
        }
        "pdf" | "" => {
            let sheet = Sheet::of(&report, &say);
            (report::pdf(&sheet, &here.app.settings.department, &say), "application/pdf", "pdf")
        }
        _ => return Err(Oops::NotFound),
    };
    let of = match &report.scope {
        Scope::Province => String::new(),
        Scope::Site(site) => format!("-{site}"),
        Scope::Regency(name) | Scope::Agency(name) => {
            // What a file may be called everywhere.
            let plain = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            format!("-{}", plain.trim_matches('-'))
        }
    };
    // A file lives on without the page that says it.
    let so_far = if report.running_until.is_some() { "-sementara" } else { "" };
    Ok(file(octets, kind, &format!("laporan-{}{of}{so_far}.{ending}", report.month)))
}

async fn statistics(here: Here, Path((period, part)): Path<(String, String)>) -> Answer {
    let made = here.office().statistics(&period).await?;
    let (text, name) = match part.as_str() {
        "data" => (made.data, "data"),
        "metadata" => (made.metadata, "metadata"),
        _ => return Err(Oops::NotFound),
    };
    Ok(file(text.into_bytes(), "text/csv; charset=utf-8", &format!("layanan-internet-{period}-{name}.csv")))
}

fn file(octets: Vec<u8>, kind: &'static str, name: &str) -> Response {
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let name = name.unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, name)];
    (headers, octets).into_response()
}
