//! The monthly report: made by the server's own task, kept as it was, read by pages.
//!
//! Devices' pseudonyms, refusals and requests are destroyed in time, and counting people costs a look at each visit: so figures of
//! a month are made once it is over and kept. While it runs they are made anew each hour.

use std::collections::BTreeMap;
use std::sync::Mutex;

use gapura_model::{ClockTrust, SiteId};
use gapura_speech::{Lang, Say};
use gapura_store::{MonthFigureRow, MonthHiddenRow, MonthPlanRow, Tx, millis, timestamp};
use jiff::{SignedDuration, Timestamp};

use super::network::documents_in;
use super::site::parse_site;
use super::{Actor, Change, Office, OfficeError, read_json, write_json};
use crate::document::SiteDocument;
use crate::report::{
    About, Hidden, KeptSite, Late, LateChange, Month, MonthReport, Part, Plan, STILL, SiteMonth, Spans, Statistics,
    Told, hidden_of, report,
};
use crate::retention::Kind;
use crate::rights::Scope;

/// A month is closed so long after its end: what routers tell by the minute is there by then.
const GRACE: SignedDuration = SignedDuration::from_hours(2);
/// Data that comes later than so long after a month's end changes nothing of its report: what it stands on is being destroyed.
const LATE: SignedDuration = SignedDuration::from_hours(24 * 62);
/// How often it is looked whether data came late.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(6);
/// Figures of the running month are made anew after so long.
const FRESH: SignedDuration = SignedDuration::from_mins(55);
/// So long after a month's end it is decided what is not shown of it, even if it could not be closed at every site.
const SETTLED: SignedDuration = SignedDuration::from_hours(24 * 3);
/// Months back that are reckoned where there are no reports yet.
const FIRST_BACK: usize = 13;
/// Months in a list.
const MONTHS: u32 = 240;

/// When it was last looked whether data came late.
#[derive(Debug, Default)]
pub(crate) struct ReportRoom(Mutex<Option<Timestamp>>);

/// A month that there are figures of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthReported {
    /// Which.
    pub month: Month,
    /// How many sites have figures.
    pub sites: u64,
    /// It is not closed at every site.
    pub running: bool,
    /// When the newest figures were made (UTC).
    pub made: Timestamp,
}

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportsMade {
    /// Months of sites that were closed.
    pub closed: usize,
    /// Issues of data that came late.
    pub later: usize,
    /// Figures of the running month.
    pub running: usize,
}

impl Office {
    /// The report of a month; none where there are no figures of it, or of no site in this scope. Whoever asks has been checked.
    pub async fn month_report(&self, scope: &Scope, month: Month) -> Result<Option<MonthReport>, OfficeError> {
        let mut tx = self.store.read().await?;
        let all = kept(tx.month_figures(&month.to_string()).await?)?;
        let changes = changes(&mut tx, month, &all).await?;
        let decided = decided(&mut tx, month).await?;
        Ok(report(scope, month, &all, (changes, decided.as_ref())))
    }

    /// The months that there are figures of, the latest first.
    pub async fn months_reported(&self) -> Result<Vec<MonthReported>, OfficeError> {
        let rows = self.store.read().await?.months_reported(MONTHS).await?;
        let month = |row: gapura_store::MonthLine| {
            Ok(MonthReported {
                month: parse_month(&row.month)?,
                sites: u64::try_from(row.sites).unwrap_or_default(),
                running: row.least == 0,
                made: timestamp(row.made),
            })
        };
        rows.into_iter().map(month).collect()
    }

    /// Closed months for the statistics office: of a year (`2026`) or a month (`2026-10`), of everything.
    pub async fn statistics(&self, period: &str) -> Result<Statistics, OfficeError> {
        let within = |month: Month| month.to_string() == period || month.year().to_string() == period;
        let mut months: Vec<Month> =
            self.months_reported().await?.into_iter().map(|one| one.month).filter(|month| within(*month)).collect();
        months.sort_unstable();
        let mut reports = Vec::new();
        for month in months {
            let report = self.month_report(&Scope::Province, month).await?;
            reports.extend(report.filter(|report| report.running_until.is_none()));
        }
        let Some(first) = reports.first() else {
            return Err(OfficeError::not_found("closed month", period.chars().take(20).collect::<String>()));
        };
        let (producer, contact) = self.producer();
        Ok(Statistics::of(&reports, (&producer, &contact), &self.say_report(first, Lang::Id)))
    }

    /// Who makes the reports, and where to ask about them.
    pub fn producer(&self) -> (String, String) {
        let console = self.config.console.as_ref();
        let name = console.map_or_else(String::new, |console| console.department.clone());
        (name, console.and_then(|console| console.contact.clone()).unwrap_or_default())
    }

    /// How a report speaks: in its own zone.
    pub fn say_report(&self, report: &MonthReport, lang: Lang) -> Say {
        let zone = jiff::tz::TimeZone::get(&report.zone).unwrap_or_else(|_| self.zone());
        crate::words::say(lang, zone, self.now())
    }

    /// Makes what is due: figures of the running month, of months that are over, and new issues where data came late.
    pub async fn make_reports(&self) -> Result<ReportsMade, OfficeError> {
        let now = self.now();
        let (documents, first, gone) = {
            let mut tx = self.store.read().await?;
            let gone = Gone {
                visits: self.destroyed_months(&mut tx, Kind::Visits).await?,
                outages: self.destroyed_months(&mut tx, Kind::Outages).await?,
                tallies: self.destroyed_months(&mut tx, Kind::Tallies).await?,
                counted: SignedDuration::from_hours(24 * i64::from(self.config.retention.counts_days)),
            };
            (documents_in(&mut tx).await?, tx.first_hour().await?, gone)
        };
        let look_back = self.reports.due(now);
        let mut made = ReportsMade::default();
        for (site, document) in &documents {
            let current = Month::of(document.hours.zone().date(now));
            let oldest = if first == 0 { current } else { Month::of(document.hours.zone().date(timestamp(first))) };
            let mut months: Vec<Month> =
                std::iter::successors(Some(current), |month| month.before()).take(FIRST_BACK).collect();
            months.reverse();
            for month in months {
                let known = month >= oldest;
                match self.make_report((site, document), (month, known), (look_back, &gone), &mut made).await {
                    Ok(()) => {}
                    Err(error @ OfficeError::Store(_)) => return Err(error),
                    // What of one site cannot be read must not keep all others from their reports.
                    Err(error) => {
                        let error = gapura_model::with_causes(&error);
                        tracing::error!(site, %month, error, "cannot make the monthly report of a site");
                    }
                }
            }
        }
        if look_back {
            self.reports.looked(now);
        }
        self.decide_hidden().await?;
        Ok(made)
    }

    /// Decides what is not shown of each month that is closed, and adds to it what later issues ask for.
    async fn decide_hidden(&self) -> Result<(), OfficeError> {
        let rows = self.store.read().await?.months_reported(MONTHS).await?;
        for row in rows {
            let month = parse_month(&row.month)?;
            let over = month.span(&jiff::tz::TimeZone::UTC).map(|span| self.now().duration_since(span.1));
            if row.least == 0 && over.is_none_or(|over| over < SETTLED) {
                continue;
            }
            let before = self.store.read().await?.month_hidden(&row.month).await?;
            if before.is_some_and(|before| before.decided >= row.made) {
                continue;
            }
            let mut tx = self.store.write().await?;
            let before = tx.month_hidden(&row.month).await?;
            let all = match kept(tx.month_figures(&row.month).await?) {
                Ok(all) => all,
                Err(error) => {
                    let error = gapura_model::with_causes(&error);
                    tracing::error!(%month, error, "cannot decide what a monthly report does not show");
                    continue;
                }
            };
            let before = before.map(|row| hidden_in(&row)).transpose()?;
            let hidden = hidden_of(&all, before.as_ref());
            let document = write_json(&hidden, "what a report does not show")?;
            tx.put_month_hidden(&MonthHiddenRow { month: row.month, document, decided: row.made }).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn make_report(
        &self,
        (site, document): (&str, &SiteDocument),
        (month, known): (Month, bool),
        (look_back, gone): (bool, &Gone),
        made: &mut ReportsMade,
    ) -> Result<(), OfficeError> {
        // A clock that nobody vouches for closes no month for good.
        let (now, sure) = (self.now(), self.clock.now().trust == ClockTrust::Trusted);
        let mut tx = self.store.read().await?;
        let before = newest(&mut tx, site, month).await?;
        let issue = before.as_ref().map_or(0, |row| row.issue);
        let earlier: Option<SiteMonth> =
            before.as_ref().map(|row| read_json(&row.document, format!("report {month} of {site}"))).transpose()?;
        // What a closed month was called stays, and where its days began: sites are renamed, change hands, and their zone is corrected.
        let about = match &earlier {
            Some(earlier) if issue > 0 => earlier.about.clone(),
            Some(_) | None => about(document),
        };
        let zone = jiff::tz::TimeZone::get(&about.zone).unwrap_or_else(|_| document.hours.zone().tz().clone());
        let Some(span) = month.span(&zone) else { return Ok(()) };
        let closes = span.1.checked_add(GRACE).unwrap_or(Timestamp::MAX);
        let due = match &before {
            Some(row) if row.issue == 0 => now >= closes || now.duration_since(timestamp(row.made)).abs() >= FRESH,
            // What is gone would be taken for what came late.
            Some(_) => look_back && now.duration_since(span.1) <= LATE && gone.is_whole(span, now),
            // Before the first visit of all there is nothing but what was noted while it ran.
            None => known,
        };
        if !due {
            return Ok(());
        }
        let plan = plan(&mut tx, (site, document), month, span.1.min(now)).await?;
        let told = told(&mut tx, (site, plan.0.clone()), month, (span, now, gone)).await?;
        let mut figures = SiteMonth::reckon(about, &told);
        let published = earlier.as_ref().filter(|_| issue > 0);
        if let Some(published) = published {
            figures.hold(published);
        }
        let changed = published.map(|published| figures.differs(published));
        if changed.as_ref().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        let closed = now >= closes && sure;
        // Before there was a site there is no report of it.
        if closed && before.is_none() && figures.is_empty() {
            return Ok(());
        }
        let counted = published.filter(|_| changed.as_ref().is_some_and(|parts| !parts.contains(&Part::Visits)));
        if let Some(published) = counted {
            figures.people = published.people;
        } else {
            let count = (span, closed.then_some(now));
            count_people(&mut tx, site, &mut figures, count, (earlier.as_ref(), document, now, gone)).await?;
        }
        if let Some(published) = published {
            figures.hold_people(published);
        }
        let late = published.map(|published| figures.differs(published));
        if late.as_ref().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        // In a report that was published without it, few would be the difference of two sums.
        let alone = closed && before.is_none() && figures.tells_of_few();
        if alone && tx.month_hidden(&month.to_string()).await?.is_some() {
            return Ok(());
        }
        drop(tx);
        let row = MonthFigureRow {
            site: site.to_owned(),
            month: month.to_string(),
            issue: if closed { issue + 1 } else { 0 },
            document: write_json(&figures, "a month's figures")?,
            made: millis(now),
            reason: late.map_or(Ok(String::new()), |parts| write_json(&Late { parts }, "what came late"))?,
        };
        self.keep_report(&row, &plan.1, made).await
    }

    /// Keeps figures, unless another server was quicker.
    async fn keep_report(
        &self,
        row: &MonthFigureRow,
        plan: &MonthPlanRow,
        made: &mut ReportsMade,
    ) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        tx.put_month_plan(&row.site, &row.month, plan).await?;
        if !tx.put_month_figure(row).await? {
            return Ok(());
        }
        if row.issue > 0 {
            tx.remove_running_figure(&row.site, &row.month).await?;
            let object = format!("report/{}/{}", row.month, row.site);
            let after = format!("{{\"issue\":{}}}", row.issue);
            let who = Actor { name: "gapura".to_owned(), reason: row.reason.clone() };
            let change = Change { action: "report-issue", object, before: "", after: &after };
            self.note(&mut tx, &who, change).await?;
        }
        tx.commit().await?;
        match row.issue {
            0 => made.running += 1,
            1 => made.closed += 1,
            _ => made.later += 1,
        }
        Ok(())
    }
}

/// What was destroyed by now of what reports stand on.
#[derive(Debug)]
struct Gone {
    visits: Vec<(i64, i64)>,
    outages: Vec<(i64, i64)>,
    tallies: Vec<(i64, i64)>,
    /// Refusals are counted for so long, day by day (see `forget_old`); what was before is not known.
    counted: SignedDuration,
}

impl Gone {
    fn touches(months: &[(i64, i64)], (from, until): (Timestamp, Timestamp)) -> bool {
        months.iter().any(|month| month.0 < millis(until) && millis(from) < month.1)
    }

    fn counted(&self, span: (Timestamp, Timestamp), now: Timestamp) -> bool {
        now.duration_since(span.0) < self.counted
    }

    /// Nothing of a month is gone.
    fn is_whole(&self, span: (Timestamp, Timestamp), now: Timestamp) -> bool {
        let kinds = [&self.visits, &self.outages, &self.tallies];
        self.counted(span, now) && !kinds.iter().any(|months| Self::touches(months, span))
    }
}

impl ReportRoom {
    fn due(&self, now: Timestamp) -> bool {
        let last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        last.is_none_or(|last| now.duration_since(last).abs() >= LOOK_BACK)
    }

    fn looked(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(now);
    }
}

fn about(document: &SiteDocument) -> About {
    About {
        name: document.name.clone(),
        kind: document.kind,
        agency: document.agency.clone(),
        regency: document.regency.clone(),
        zone: document.hours.zone().name().to_owned(),
    }
}

fn parse_month(text: &str) -> Result<Month, OfficeError> {
    text.parse().map_err(|error: crate::report::ParseMonthError| OfficeError::damaged("a month's report")(error.into()))
}

/// The newest figures of a site in a month.
async fn newest(tx: &mut Tx, site: &str, month: Month) -> Result<Option<MonthFigureRow>, OfficeError> {
    Ok(tx.newest_month_figure(site, &month.to_string()).await?)
}

/// When the site was to be open, noted up to `until`: what had been planned before stays as it was then.
async fn plan(
    tx: &mut Tx,
    (site, document): (&str, &SiteDocument),
    month: Month,
    until: Timestamp,
) -> Result<(Plan, MonthPlanRow), OfficeError> {
    let start = month.span(document.hours.zone().tz()).map_or(until, |span| span.0);
    let (known, from): (Plan, Timestamp) = match tx.month_plan(site, &month.to_string()).await? {
        Some(row) => (read_json(&row.document, format!("plan {month} of {site}"))?, timestamp(row.until)),
        None => (Plan::default(), start),
    };
    let windows = |hours: &gapura_rules::hours::Hours| -> Spans {
        hours.windows(from, until).iter().map(|open| (millis(open.from), millis(open.until))).collect()
    };
    // Staff who close early do not change what was promised.
    let planned = windows(&document.hours.clone().with_overrides(Vec::new()));
    let closed = planned.without(&windows(&document.hours));
    let plan = Plan { planned: known.planned.with(&planned), closed: known.closed.with(&closed) };
    let row = MonthPlanRow { document: write_json(&plan, "planned hours")?, until: millis(until.max(from)) };
    Ok((plan, row))
}

fn hidden_in(row: &MonthHiddenRow) -> Result<Hidden, OfficeError> {
    read_json(&row.document, format!("what the reports of {} do not show", row.month))
}

/// What was decided not to be shown of a month.
async fn decided(tx: &mut Tx, month: Month) -> Result<Option<Hidden>, OfficeError> {
    tx.month_hidden(&month.to_string()).await?.map(|row| hidden_in(&row)).transpose()
}

async fn told(
    tx: &mut Tx,
    (site, plan): (&str, Plan),
    month: Month,
    (span, now, gone): ((Timestamp, Timestamp), Timestamp, &Gone),
) -> Result<Told, OfficeError> {
    // Without its outages a gateway would seem to have been in order: then nobody knows.
    let known = !Gone::touches(&gone.outages, span);
    // What began before the border, and whether it was over behind it.
    let still = SignedDuration::from_millis(STILL);
    let earlier = span.0.saturating_sub(still * 2).unwrap_or(span.0);
    let beyond = (span.0, span.1.saturating_add(still).unwrap_or(span.1));
    let listened = !Gone::touches(&gone.tallies, span);
    Ok(Told {
        month,
        span,
        now,
        plan,
        hours: tx.month_hours(site, span).await?,
        states: if known { tx.month_states(site, beyond).await? } else { Vec::new() },
        outages: tx.month_outages(site, beyond).await?,
        blocked: if gone.counted(span, now) { Some(tx.month_blocked(site, span).await?) } else { None },
        appeals: tx.month_appeals(site, span).await?,
        requests: tx.month_requests(site, span).await?,
        tallies: if listened { Some(tx.month_tallies(site, (earlier, beyond.1)).await?) } else { None },
    })
}

/// Counts people: of a closed month in all of it, of a running one up to yesterday, once a day.
async fn count_people(
    tx: &mut Tx,
    site: &str,
    figures: &mut SiteMonth,
    (span, closed): ((Timestamp, Timestamp), Option<Timestamp>),
    (earlier, document, now, gone): (Option<&SiteMonth>, &SiteDocument, Timestamp, &Gone),
) -> Result<(), OfficeError> {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    if closed.is_some() {
        // Where visits are counted by the hour, but the visits themselves are gone, nobody is not what came.
        let whole = !Gone::touches(&gone.visits, span);
        let people = if whole { Some(count(tx.month_people(site, span).await?)) } else { None };
        figures.people = people.filter(|people| *people > 0 || figures.used.visits == 0);
        return Ok(());
    }
    let zone = document.hours.zone();
    let today = zone.day_start(now).min(span.1);
    let Some(yesterday) = zone.date(today).yesterday().ok().filter(|_| today > span.0) else { return Ok(()) };
    figures.people_until = Some(yesterday);
    figures.people = match earlier {
        Some(earlier) if earlier.people_until == Some(yesterday) => earlier.people,
        Some(_) | None => Some(count(tx.month_people(site, (span.0, today)).await?)),
    };
    Ok(())
}

fn kept(rows: Vec<MonthFigureRow>) -> Result<Vec<KeptSite>, OfficeError> {
    let site = |row: MonthFigureRow| {
        Ok(KeptSite {
            site: parse_site(&row.site)?,
            issue: u64::try_from(row.issue).unwrap_or_default(),
            made: timestamp(row.made),
            figures: read_json(&row.document, format!("report {} of {}", row.month, row.site))?,
        })
    };
    rows.into_iter().map(site).collect()
}

async fn changes(tx: &mut Tx, month: Month, all: &[KeptSite]) -> Result<Vec<(SiteId, LateChange)>, OfficeError> {
    let names: BTreeMap<&str, &str> =
        all.iter().map(|one| (one.site.as_str(), one.figures.about.name.as_str())).collect();
    let change = |row: MonthFigureRow| {
        let Late { parts } = read_json(&row.reason, format!("report {month} of {}", row.site))?;
        let site = names.get(row.site.as_str()).map_or_else(|| row.site.clone(), |name| (*name).to_owned());
        let issue = u64::try_from(row.issue).unwrap_or_default();
        Ok((parse_site(&row.site)?, LateChange { site, issue, made: timestamp(row.made), parts }))
    };
    tx.later_issues(&month.to_string()).await?.into_iter().map(change).collect()
}
