//! *Kelas*: seats and phones opened for a class in one press, its end, and how many came.

use askama::Template;
use gapura_controller::{Class, ClassOrder, OfficeError, OrderSeen, OrderState, Right, SeatState};
use gapura_rules::hours::OpenState;
use gapura_speech::Words;
use gapura_wire::OrderKind;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::answer::{Answer, Oops, again, page, spoken, to};
use crate::chrome::Chrome;
use crate::dates;
use crate::desk::form_key;
use crate::desk::orders::{About, OrderLine, why_not};
use crate::form::{Fields, Posted};
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};
#[cfg(test)]
use crate::samples::Sample;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/l/{site}/kelas", Needs::Right(Right::SeeCounter), classes);
    routes.get("/l/{site}/kelas/kode", Needs::Right(Right::RunSeats), code);
    routes.post("/l/{site}/kelas", Needs::Right(Right::RunSeats), open);
    routes.post("/l/{site}/kelas/ubah", Needs::Right(Right::RunSeats), change);
    routes.menu(MenuLine {
        section: Section::Service,
        icon: icons::CLASS,
        words: "class-menu",
        path: "/l/{site}/kelas",
        needs: Right::SeeCounter,
    });
}

/// A seat that can be chosen.
#[derive(Clone, Debug)]
struct Choice {
    value: String,
    words: String,
    on: bool,
    off: bool,
}

/// A class in the list.
#[derive(Clone, Debug)]
struct Row {
    id: String,
    title: String,
    what: String,
    when: String,
    /// Class and words.
    state: (&'static str, String),
    /// Where the code for its phones is shown.
    code: Option<String>,
    runs: bool,
    came: String,
}

#[derive(Template)]
#[template(path = "class.html")]
struct Classes {
    c: Chrome,
    base: String,
    may: bool,
    mistakes: Vec<String>,
    title: String,
    seats: Vec<Choice>,
    phones: String,
    plans: Vec<Choice>,
    groups: Vec<Choice>,
    lengths: Vec<Choice>,
    /// Another end: chosen, and the time as typed.
    other: (bool, String),
    closed: bool,
    rows: Vec<Row>,
    /// The form's key: sent again, it opens nothing more.
    key: String,
    orders: Vec<OrderLine>,
    /// The code that is shown now.
    code: Option<Code>,
}

/// The code for the phones of a class.
#[derive(Clone, Debug)]
struct Code {
    title: String,
    /// None where it is not kept any more.
    text: Option<String>,
    /// Where it is printed.
    print: Option<String>,
}

async fn classes(here: Here) -> Answer {
    page(&show(&here, &Fields::default(), Vec::new()).await?)
}

/// The page with the code of a class; that somebody looked is noted.
async fn code(here: Here) -> Answer {
    let site = here.site()?.place.site.clone();
    let asked = here.asked();
    let id: Uuid = asked.get("kelas").parse().map_err(|_| Oops::NotFound)?;
    let class = here.office().classes(&site).await?.into_iter().find(|class| class.id == id);
    let class = class.ok_or(Oops::NotFound)?;
    let code = here.office().class_code(&site, id, &here.actor("")).await?;
    let print = class.voucher.filter(|_| code.is_some() && here.may(Right::MakeVouchers));
    let print = print.map(|tag| format!("/l/{site}/voucer/kertas?voucer={tag}"));
    let code = Code { title: class.title, text: code.map(|code| code.grouped()), print };
    page(&Classes { code: Some(code), ..show(&here, &Fields::default(), Vec::new()).await? })
}

/// The page, with what was typed.
async fn show(here: &Here, typed: &Fields, mistakes: Vec<String>) -> Result<Classes, Oops> {
    let site = here.site()?;
    let (id, office, w, say, now) = (site.place.site.clone(), here.office(), here.w(), here.say(), here.now);
    let fresh = typed.get("kirim").is_empty();
    let chosen: Vec<&str> = typed.all("kursi").collect();
    let seats = office.seats(&id).await?.into_iter().map(|seat| {
        let free = seat.state == SeatState::Free && !seat.opening;
        let words = if free { seat.label.clone() } else { w.t1("class-seat-taken", "seat", seat.label.as_str()) };
        let on = free && (fresh || chosen.contains(&seat.label.as_str()));
        Choice { value: seat.label, words, on, off: !free }
    });
    let usual = site.document.staff_plan.as_ref().or(site.document.one_tap_plan.as_ref());
    let choice = |value: String, words: String, field: &str, first: bool| {
        let on = if fresh { first } else { typed.get(field) == value };
        Choice { value, words, on, off: false }
    };
    let plans = office.plans().await?.into_iter().map(|plan| {
        let first = usual == Some(&plan.id);
        choice(plan.id.to_string(), plan.name, "paket", first)
    });
    let mut groups = vec![choice(String::new(), w.t("class-group-usual"), "kelompok", false)];
    for (place, group) in office.class_groups(&id).await?.into_iter().enumerate() {
        groups.push(choice(group.to_string(), group.to_string(), "kelompok", place == 0));
    }
    let state = site.document.hours.state(now);
    let mut lengths: Vec<Choice> = Vec::new();
    for minutes in [60_i64, 90, 120, 180] {
        let ends = now.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
        if state.next_change().is_none_or(|closes| ends < closes) {
            let words = w.t2("class-length", "n", minutes.to_string(), "clock", say.bare_clock(ends));
            lengths.push(choice(minutes.to_string(), words, "lama", minutes == 90));
        }
    }
    if let OpenState::Open { closes: Some(closes) } = state {
        let words = w.t1("class-to-closing", "clock", say.bare_clock(closes));
        lengths.push(choice("tutup".to_owned(), words, "lama", lengths.is_empty()));
    }
    let orders = office.orders(&id).await?;
    let known = |class: &Class| {
        let order = orders.iter().find(|order| Some(order.id) == class.order);
        order.map(|order| order.state.clone())
    };
    let classes = office.classes(&id).await?;
    let rows = classes.iter().map(|class| row(here, class, known(class).as_ref())).collect();
    let seats = seats.collect();
    let base = format!("/l/{id}");
    let (online, all) = (office.online(&id).await?, office.seats(&id).await?);
    let about = About { here, base: &base, online: &online, classes: &classes, seats: &all };
    let of_class =
        |order: &&OrderSeen| matches!(order.what, Some(OrderKind::OpenClass { .. } | OrderKind::CloseClass { .. }));
    let orders = about.lines(orders.iter().filter(of_class));
    Ok(Classes {
        c: Chrome::of(here, w.t("class-title")).sub(w.t("class-sub")),
        base,
        may: here.may(Right::RunSeats),
        mistakes,
        title: typed.get("nama").to_owned(),
        seats,
        phones: if fresh { "0".to_owned() } else { typed.get("ponsel").to_owned() },
        plans: plans.collect(),
        groups,
        lengths,
        other: (typed.get("lama") == "pukul", typed.get("pukul").to_owned()),
        closed: !state.is_open(),
        rows,
        key: form_key()?,
        orders,
        code: None,
    })
}

fn row(here: &Here, class: &Class, order: Option<&OrderState>) -> Row {
    let (w, say) = (here.w(), here.say());
    let mut what = Vec::new();
    if !class.seats.is_empty() {
        what.push(w.t1("class-seats", "n", class.seats.len().to_string()));
    }
    if class.phones > 0 {
        what.push(w.t1("class-phones", "n", class.phones.to_string()));
    }
    what.extend(class.group.as_ref().map(|group| w.t1("class-in-group", "group", group.as_str())));
    let title = if class.title.is_empty() { w.t("class-forgotten") } else { class.title.clone() };
    Row {
        id: class.id.to_string(),
        title,
        what: what.join(", "),
        when: w.t2("class-when", "from", say.when(class.made), "until", say.bare_clock(class.until)),
        state: state(w, class, order),
        code: class.voucher.filter(|_| here.may(Right::RunSeats)).map(|_| format!("kelas/kode?kelas={}", class.id)),
        runs: class.runs,
        came: class.attendance.map(|came| came.to_string()).unwrap_or_default(),
    }
}

fn state(w: Words, class: &Class, order: Option<&OrderState>) -> (&'static str, String) {
    match (class.runs, order) {
        (_, Some(OrderState::TakenBack { .. })) => ("off", w.t("class-back")),
        (false, _) => ("off", w.t("class-over")),
        (true, Some(OrderState::Queued)) => ("info", w.t("class-queued")),
        (true, Some(OrderState::Sent { .. })) => ("info", w.t("class-sent")),
        (true, Some(OrderState::Failed { why, .. })) => ("bad", w.t1("class-failed", "why", why_not(w, *why))),
        (true, Some(OrderState::Done { left_out, .. })) if !left_out.is_empty() => {
            ("warn", w.t1("class-left-out", "seats", left_out.join(", ")))
        }
        (true, Some(OrderState::Done { .. }) | None) => ("good", w.t("class-runs")),
    }
}

/// Opens a class.
pub(crate) async fn open(here: Here, Posted(fields): Posted) -> Answer {
    let site = here.site()?;
    let (id, w) = (site.place.site.clone(), here.w());
    let closes = site.document.hours.state(here.now).next_change();
    let until = match fields.get("lama") {
        "tutup" => closes,
        "pukul" => dates::time(fields.get("pukul")).and_then(|time| today_at(time, here.now, &here.zone())),
        minutes => minutes
            .parse()
            .ok()
            .and_then(|minutes: i64| here.now.checked_add(SignedDuration::from_mins(minutes.clamp(1, 1440))).ok()),
    };
    let mut mistakes = Vec::new();
    if fields.get("nama").is_empty() {
        mistakes.push(w.t("class-wrong-title"));
    }
    let phones = fields.get("ponsel").parse::<u16>().ok().filter(|phones| *phones <= 500);
    if phones.is_none() {
        mistakes.push(w.t("class-wrong-phones"));
    }
    let seats: Vec<String> = fields.all("kursi").map(str::to_owned).collect();
    if seats.is_empty() && phones == Some(0) {
        mistakes.push(w.t("class-wrong-nobody"));
    }
    let (Some(until), Ok(plan), Some(phones), true) = (until, fields.get("paket").parse(), phones, mistakes.is_empty())
    else {
        if mistakes.is_empty() {
            mistakes.push(w.t(if fields.get("lama") == "pukul" { "class-wrong-clock" } else { "class-wrong-time" }));
        }
        return again(&show(&here, &fields, mistakes).await?);
    };
    let group = fields.get("kelompok").parse().ok();
    let order = ClassOrder {
        title: fields.get("nama").to_owned(),
        seats,
        phones,
        plan,
        group,
        until,
        form: fields.get("kunci").parse().ok(),
    };
    match here.office().open_class(&id, &order, &here.actor("")).await {
        Ok(_) => Ok(to(&format!("/l/{id}/kelas"), "class-opened")),
        Err(OfficeError::Mistakes(mistakes)) => again(&show(&here, &fields, spoken(w, &mistakes)).await?),
        Err(OfficeError::Refused(why)) => again(&show(&here, &fields, spoken(w, &[why])).await?),
        Err(error) => Err(error.into()),
    }
}

/// That time of today, if it lies ahead.
fn today_at(time: Time, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let at = now.to_zoned(zone.clone()).date().to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp();
    (at > now).then_some(at)
}

/// Ends a class, or notes how many came.
async fn change(here: Here, Posted(fields): Posted) -> Answer {
    let site = here.site()?.place.site.clone();
    let class: Uuid = fields.get("kelas").parse().map_err(|_| Oops::NotFound)?;
    let back = format!("/l/{site}/kelas");
    match fields.get("aksi") {
        "tutup" => {
            let reason = here.w().t("class-closed-by-staff");
            here.office().close_class(&site, class, &here.actor(&reason)).await?;
            Ok(to(&back, "class-closed"))
        }
        "hadir" => {
            let came = fields.get("hadir").parse().map_err(|_| Oops::Refused(here.w().t("class-wrong-came")))?;
            here.office().set_attendance(&site, class, came, &here.actor("")).await?;
            Ok(to(&back, "class-came"))
        }
        _ => Err(Oops::NotFound),
    }
}

/// This room's pages, to be looked at.
#[cfg(test)]
pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = || frame("/l/galeri-utara/kelas", "class-title");
    let w = c().w;
    let choice = |value: &str, on, off| Choice { value: value.to_owned(), words: value.to_owned(), on, off };
    let row = |title: &str, runs: bool, state: (&'static str, String)| Row {
        id: title.to_owned(),
        title: title.to_owned(),
        what: format!("{}, {}", w.t1("class-seats", "n", "8"), w.t1("class-phones", "n", "4")),
        when: w.t2("class-when", "from", "pukul 15.00 WITA", "until", "16.30"),
        state,
        code: runs.then(|| "kelas/kode?kelas=1".to_owned()),
        runs,
        came: if runs { String::new() } else { "12".to_owned() },
    };
    let page = |mistakes, rows| Classes {
        c: c().sub(w.t("class-sub")),
        base: "/l/galeri-utara".to_owned(),
        may: true,
        mistakes,
        title: "SD 2 Balangnipa".to_owned(),
        seats: vec![choice("PC 01", true, false), choice("PC 02", true, false), choice("PC 03", false, true)],
        phones: "4".to_owned(),
        plans: vec![choice("Kelas", true, false)],
        groups: vec![choice("anak", true, false)],
        lengths: vec![choice("90 menit, 16.30", true, false)],
        other: (false, String::new()),
        closed: false,
        rows,
        key: String::new(),
        orders: Vec::new(),
        code: None,
    };
    let rows = vec![
        row("SD 2 Balangnipa", true, ("good", w.t("class-runs"))),
        row("Kelas menjahit", false, ("off", w.t("class-over"))),
    ];
    let line = |what: String, state, back| OrderLine {
        id: "1".to_owned(),
        what,
        by: w.t2("desk-order-by", "when", "pukul 15.00 WITA", "who", "petugas.utara"),
        state,
        back,
        code: None,
    };
    let orders = vec![
        line(w.t1("desk-order-class-end", "title", "Kelas menjahit"), ("info", w.t("desk-order-waits")), false),
        line(w.t1("desk-order-class", "title", "SD 2 Balangnipa"), ("good", w.t("desk-order-done")), false),
    ];
    let print = Some("/l/galeri-utara/voucer/kertas?voucer=1".to_owned());
    let code = Code { title: "SD 2 Balangnipa".to_owned(), text: Some("ABCDE 23456".to_owned()), print };
    vec![
        Sample::of("class", &Classes { orders, ..page(Vec::new(), rows.clone()) }),
        Sample::of("class-code", &Classes { code: Some(code), ..page(Vec::new(), rows) }),
        Sample::of("class-mistakes", &page(vec![w.t("class-wrong-title")], Vec::new())),
        Sample::of("class-empty", &Classes { closed: true, ..page(Vec::new(), Vec::new()) }),
    ]
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    #[test]
    fn another_end_is_a_time_of_the_sites_today_that_lies_ahead() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let now: Timestamp = "2026-11-20T15:30:00Z".parse().unwrap();
        // 23.30 in that zone.
        assert_eq!(today_at(time(23, 45, 0, 0), now, &zone), Some("2026-11-20T15:45:00Z".parse().unwrap()));
        assert_eq!(today_at(time(23, 30, 0, 0), now, &zone), None);
        assert_eq!(today_at(time(0, 10, 0, 0), now, &zone), None);
    }
}
