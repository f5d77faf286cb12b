//! What the forms of hours ask for, at a site or a level.

use std::collections::BTreeMap;

use axum::extract::Path;
use gapura_controller::{HolidaySettings, OfficeError, Season, SetAt, SiteWeek};
use gapura_rules::hours::{ExceptionDocument, Zone};

use super::{Hours, Named, ROOM, day_names, made, place_of};
use crate::answer::{Answer, again, spoken, to};
use crate::dates;
use crate::form::{Fields, Posted};
use crate::here::Here;
use crate::network::at;
use crate::week::{self, DAYS};

/// Shows the form again with what was typed, or goes on; what the use-case found stands on top.
pub(super) async fn finish(
    here: &Here,
    at: &SetAt,
    outcome: Result<(), OfficeError>,
    news: &str,
    typed: impl FnOnce(&mut Hours),
) -> Answer {
    match outcome {
        Ok(()) => Ok(to(&at::href(ROOM, at), news)),
        Err(OfficeError::Mistakes(all)) => {
            let mut form = made(here, at).await?;
            typed(&mut form);
            form.wrong.extend(spoken(here.w(), &all).into_iter().map(|words| ("isi".to_owned(), words)));
            again(&form)
        }
        Err(error) => Err(error.into()),
    }
}

/// Nothing was asked of the use-case yet: there are mistakes in the form.
const UNASKED: Result<(), OfficeError> = Err(OfficeError::Mistakes(Vec::new()));

/// Keeps the week.
pub(in crate::network) async fn set_week(here: Here, Path(named): Path<Named>, Posted(fields): Posted) -> Answer {
    let at = place_of(&here, &named)?;
    let mut typed: Vec<(String, String, Vec<u16>, String)> = Vec::new();
    let (mut weekly, mut changed) = (BTreeMap::new(), false);
    for day in DAYS {
        let (was, line) = (fields.get(&format!("lama-{day}")), fields.get(&format!("jam-{day}")));
        let boxes: Vec<u16> = fields.all(&format!("kotak-{day}")).filter_map(|hour| hour.parse().ok()).collect();
        let read = week::day(was, line, &boxes);
        changed |= read != week::read(was);
        let wrong = match read {
            Ok(spans) if spans.is_empty() => String::new(),
            Ok(spans) => {
                weekly.insert(day.to_owned(), week::texts(&spans));
                String::new()
            }
            Err(slip) => slip.words(here.w()),
        };
        typed.push((was.to_owned(), line.to_owned(), boxes, wrong));
    }
    let (mode, choice) = match fields.get("pola") {
        "atas" => ("atas", Some(SiteWeek::FromAbove)),
        "selalu" => ("selalu", Some(SiteWeek::Always)),
        _ => ("pekan", None),
    };
    let wrong = typed.iter().any(|(.., wrong)| !wrong.is_empty());
    let week = choice.or_else(|| (!wrong && !weekly.is_empty()).then_some(SiteWeek::Days(weekly.clone())));
    let outcome = match week {
        // Hours that were changed are not thrown away because of a button that was left alone.
        Some(SiteWeek::FromAbove | SiteWeek::Always) if changed => UNASKED,
        Some(week) => here.office().set_week(&at, week, &here.actor("")).await.map(|_| ()),
        None => UNASKED,
    };
    let whole = match mode {
        "pekan" => (!wrong && weekly.is_empty()).then(|| ("jam-mon", here.w().t("hours-wrong-empty"))),
        _ => changed.then(|| ("pola", here.w().t("hours-wrong-pattern"))),
    };
    finish(&here, &at, outcome, "week-set", |form| {
        form.mode = mode;
        for (day, (was, line, boxes, wrong)) in form.days.iter_mut().zip(typed) {
            if !wrong.is_empty() {
                form.wrong.push((format!("jam-{}", day.key), format!("{}: {wrong}", day.name)));
            }
            (day.was, day.typed, day.wrong) = (was, line, wrong);
            day.boxes = (0..24).map(|hour| boxes.contains(&hour)).collect();
        }
        form.wrong.extend(whole.map(|(field, words)| (field.to_owned(), words)));
    })
    .await
}

/// A span of dates as typed, and what is wrong with it.
fn read_span(
    here: &Here,
    (from_field, to_field): (&str, &str),
    fields: &Fields,
) -> Result<(String, String), Vec<(String, String)>> {
    let w = here.w();
    let (from, to) = (fields.get(from_field), fields.get(to_field));
    let mut wrong = Vec::new();
    let mut read = |field: &str, text: &str| {
        let date = dates::parse(text);
        if date.is_none() {
            wrong.push((field.to_owned(), w.t("network-day-wrong")));
        }
        date
    };
    let first = read(from_field, from);
    let last = if to.is_empty() { first } else { read(to_field, to) };
    match (first, last) {
        (Some(first), Some(last)) if last < first => Err(vec![(to_field.to_owned(), w.t("hours-wrong-order"))]),
        (Some(first), Some(last)) => Ok((first.to_string(), last.to_string())),
        _ => Err(wrong),
    }
}

/// Other hours for a date or span.
pub(in crate::network) async fn except(here: Here, Path(named): Path<Named>, Posted(fields): Posted) -> Answer {
    let at = place_of(&here, &named)?;
    let w = here.w();
    let mut wrong = Vec::new();
    let dates = read_span(&here, ("dari", "sampai"), &fields).map_err(|more| wrong.extend(more)).ok();
    let open = week::read(fields.get("jam")).map_err(|slip| wrong.push(("jam".to_owned(), slip.words(w)))).ok();
    let reason = fields.get("alasan");
    if reason.is_empty() {
        wrong.push(("alasan".to_owned(), w.t("hours-wrong-reason")));
    }
    let outcome = match (dates, open) {
        (Some((from, to)), Some(open)) if wrong.is_empty() => {
            let exception = ExceptionDocument {
                from: Some(from),
                to: Some(to),
                open: week::texts(&open),
                reason: reason.to_owned(),
                ..ExceptionDocument::default()
            };
            here.office().set_exception(&at, &exception, &here.actor(reason)).await.map(|_| ())
        }
        _ => UNASKED,
    };
    finish(&here, &at, outcome, "exception-set", |form| {
        fields.get("dari").clone_into(&mut form.typed.from);
        fields.get("sampai").clone_into(&mut form.typed.to);
        fields.get("jam").clone_into(&mut form.typed.hours);
        reason.clone_into(&mut form.typed.reason);
        form.wrong = wrong;
    })
    .await
}

/// Takes other hours of the site away.
pub(in crate::network) async fn unexcept(here: Here, Path(named): Path<Named>, Posted(fields): Posted) -> Answer {
    let at = place_of(&here, &named)?;
    let span = (fields.get("dari"), fields.get("sampai"));
    here.office().remove_exception(&at, span, &here.actor(fields.get("alasan"))).await?;
    Ok(to(&at::href(ROOM, &at), "exception-removed"))
}

/// Another week for a while.
pub(in crate::network) async fn set_season(here: Here, Path(named): Path<Named>, Posted(fields): Posted) -> Answer {
    let at = place_of(&here, &named)?;
    let w = here.w();
    let mut wrong = Vec::new();
    let dates = read_span(&here, ("musim-dari", "musim-sampai"), &fields).map_err(|more| wrong.extend(more)).ok();
    let mut weekly = BTreeMap::new();
    for (day, name) in day_names(&here) {
        let field = format!("musim-{day}");
        match week::read(fields.get(&field)) {
            Ok(spans) if spans.is_empty() => {}
            Ok(spans) => {
                weekly.insert(day.to_owned(), week::texts(&spans));
            }
            Err(slip) => wrong.push((field, format!("{name}: {}", slip.words(w)))),
        }
    }
    let reason = fields.get("musim-alasan");
    if reason.is_empty() {
        wrong.push(("musim-alasan".to_owned(), w.t("hours-wrong-reason")));
    }
    let outcome = match dates {
        Some((from, to)) if wrong.is_empty() => {
            let season = Season { from, to, weekly, reason: reason.to_owned() };
            here.office().set_season(&at, &season, &here.actor(reason)).await.map(|_| ())
        }
        _ => UNASKED,
    };
    finish(&here, &at, outcome, "season-set", |form| {
        fields.get("musim-dari").clone_into(&mut form.typed.season_from);
        fields.get("musim-sampai").clone_into(&mut form.typed.season_to);
        reason.clone_into(&mut form.typed.season_reason);
        form.typed.season_days = DAYS.map(|day| fields.get(&format!("musim-{day}")).to_owned()).to_vec();
        form.wrong = wrong;
    })
    .await
}

/// Takes a season of the site away.
pub(in crate::network) async fn remove_season(here: Here, Path(named): Path<Named>, Posted(fields): Posted) -> Answer {
    let at = place_of(&here, &named)?;
    let span = (fields.get("dari"), fields.get("sampai"));
    here.office().remove_season(&at, span, &here.actor("")).await?;
    Ok(to(&at::href(ROOM, &at), "season-removed"))
}

/// Which calendars of holidays hold here.
pub(in crate::network) async fn set_holidays(here: Here, Path(named): Path<Named>, Posted(fields): Posted) -> Answer {
    let at = place_of(&here, &named)?;
    let mut wrong = Vec::new();
    let own = fields.get("libur") == "sendiri";
    let open = week::read(fields.get("jam-libur"));
    let open = open.map_err(|slip| wrong.push(("jam-libur".to_owned(), slip.words(here.w())))).ok();
    let calendars: Vec<String> = fields.all("kalender").map(str::to_owned).collect();
    let settings = match open {
        _ if !own => Some(None),
        Some(open) => Some(Some(HolidaySettings { calendars: calendars.clone(), open: week::texts(&open) })),
        None => None,
    };
    let outcome = match settings {
        Some(settings) => here.office().set_holidays(&at, settings, &here.actor("")).await.map(|_| ()),
        None => UNASKED,
    };
    finish(&here, &at, outcome, "holidays-set", |form| {
        form.holidays_own = own;
        fields.get("jam-libur").clone_into(&mut form.typed.holiday_hours);
        form.calendars.iter_mut().for_each(|line| line.kept = calendars.contains(&line.name));
        form.wrong = wrong;
    })
    .await
}

/// The time zone.
pub(in crate::network) async fn set_zone(here: Here, Path(named): Path<Named>, Posted(fields): Posted) -> Answer {
    let at = place_of(&here, &named)?;
    let typed = fields.get("zona");
    let zone = (!typed.is_empty()).then(|| typed.parse::<Zone>());
    let outcome = match zone.transpose() {
        Ok(zone) => here.office().set_zone(&at, zone.as_ref(), &here.actor("")).await.map(|_| ()),
        Err(_) => UNASKED,
    };
    finish(&here, &at, outcome, "zone-set", |form| {
        if !form.zones.iter_mut().any(|zone| zone.name == typed) {
            form.wrong.push(("zona".to_owned(), here.w().t("hours-wrong-zone")));
        }
        form.zones.iter_mut().for_each(|zone| zone.chosen = zone.name == typed);
    })
    .await
}
