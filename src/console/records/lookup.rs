//! Telusur: lawful look-ups, asked by one person, agreed to by another, read by both for three days.

use askama::Template;
use axum::extract::Path;
use axum::response::IntoResponse as _;
use gapura_controller::{
    CASE_CHARS, FoundVisit, LOOKUP_DAYS, LookupAsked, LookupKind, LookupOrder, LookupQuestion, LookupSeen, LookupState,
    PORT_SPAN, PortsNoted, REASON_CHARS, Right,
};
use gapura_model::ByteCount;
use gapura_speech::{Say, Value, Words};
use http::{HeaderValue, header};
use jiff::Timestamp;
use jiff::civil::Time;

use super::{number, typed};
use crate::answer::{Answer, Oops, again, page, to};
use crate::assets;
use crate::chrome::Chrome;
use crate::dates;
use crate::form::{Fields, Posted};
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

const PATH: &str = "/telusur";

pub(super) fn routes(routes: &mut Routes) {
    let needs = Needs::Right(Right::Investigate);
    routes.get(PATH, needs, list);
    routes.get("/telusur/baru", needs, new);
    routes.post("/telusur/baru", needs, ask);
    routes.get("/telusur/{id}", needs, one);
    routes.get("/telusur/{id}/unduh", needs, download);
    routes.post("/telusur/{id}/setujui", needs, agree);
    routes.post("/telusur/{id}/tolak", needs, refuse);
    routes.post("/telusur/{id}/tutup", needs, close);
    routes.menu(MenuLine {
        section: Section::Department,
        icon: icons::LOOK_UP,
        words: super::MENU,
        path: PATH,
        needs: Right::Investigate,
    });
}

/// A look-up on the list.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) id: i64,
    pub(super) case_number: String,
    pub(super) authority: String,
    pub(super) by: String,
    pub(super) tag: &'static str,
    pub(super) state: String,
}

#[derive(Template)]
#[template(path = "records/lookups.html")]
pub(super) struct List {
    pub(super) c: Chrome,
    pub(super) lines: Vec<Line>,
}

/// What is typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    pub(super) case_number: String,
    pub(super) basis: String,
    pub(super) authority: String,
    pub(super) reason: String,
    pub(super) by: &'static str,
    pub(super) mac: String,
    pub(super) regency: String,
    pub(super) address: String,
    pub(super) site: String,
    pub(super) public: String,
    pub(super) port: String,
    pub(super) from_day: String,
    pub(super) from_time: String,
    pub(super) until_day: String,
    pub(super) until_time: String,
}

#[derive(Template)]
#[template(path = "records/lookup-new.html")]
pub(super) struct New {
    pub(super) c: Chrome,
    pub(super) form: Form,
    pub(super) regencies: Vec<String>,
    /// Id and name.
    pub(super) sites: Vec<(String, String)>,
    pub(super) zone: String,
    pub(super) days: i64,
    /// The longest span by port, minutes.
    pub(super) minutes: i64,
    /// Sites whose visits had public ports of their own, and since when; none: nowhere.
    pub(super) noted: Vec<String>,
    pub(super) case_chars: usize,
    pub(super) reason_chars: usize,
    pub(super) wrong: Vec<String>,
}

/// A visit that was found.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) site: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) way: String,
    pub(super) bytes: String,
    pub(super) device: String,
    pub(super) doubtful: bool,
    /// The ports by which it was found, and their time.
    pub(super) ports: Option<(String, String)>,
    /// They are ports of an address behind the provider's translation.
    pub(super) behind: bool,
    pub(super) moved: bool,
}

#[derive(Template)]
#[template(path = "records/lookup.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the page")]
pub(super) struct One {
    pub(super) c: Chrome,
    pub(super) script: Option<&'static str>,
    pub(super) base: String,
    pub(super) tag: &'static str,
    pub(super) state: String,
    pub(super) facts: Vec<(String, String)>,
    pub(super) digest: String,
    pub(super) may_decide: bool,
    pub(super) may_close: bool,
    pub(super) own: bool,
    pub(super) visits: Option<Vec<Visit>>,
    pub(super) count: String,
    pub(super) more: bool,
    pub(super) no_key: String,
    /// How many visits an address or a port cannot find; empty where it is none.
    pub(super) untold: String,
    pub(super) kind: LookupKind,
    /// Where a port was looked for, and since when it was noted there.
    pub(super) noted: Vec<String>,
    /// How many had more than one address; empty where it is none.
    pub(super) moved: String,
    pub(super) reason_chars: usize,
    pub(super) words: String,
    pub(super) wrong: Vec<String>,
}

async fn list(here: Here) -> Answer {
    let (w, say) = (here.w(), here.say());
    let all = here.office().lookups().await?;
    let line = |one: &LookupAsked| {
        let (state, tag) = state(w, &say, one);
        let by = w.t2("records-lookup-by", "who", one.asked.0.as_str(), "when", say.when(one.asked.1));
        Line { id: one.id, case_number: one.case_number.clone(), authority: one.authority.clone(), by, tag, state }
    };
    let c = Chrome::of(&here, w.t("records-lookup-title")).sub(w.t("records-lookup-sub"));
    page(&List { c, lines: all.iter().map(line).collect() })
}

async fn new(here: Here) -> Answer {
    page(&form_page(&here, Form::default(), Vec::new()).await?)
}

async fn ask(here: Here, Posted(fields): Posted) -> Answer {
    let form = read(&fields);
    let at = |day: &str, time: &str| moment(&here, day, time);
    let kind = WAYS.into_iter().find(|(way, _)| *way == form.by).map(|(_, kind)| kind).unwrap_or_default();
    let order = LookupOrder {
        case_number: form.case_number.clone(),
        basis: form.basis.clone(),
        authority: form.authority.clone(),
        reason: form.reason.clone(),
        asked: match kind {
            LookupKind::Device => form.mac.clone(),
            LookupKind::Address => form.address.clone(),
            LookupKind::Port => form.public.clone(),
        },
        port: form.port.clone(),
        kind,
        place: match kind {
            LookupKind::Device => form.regency.clone(),
            LookupKind::Address => form.site.clone(),
            LookupKind::Port => String::new(),
        },
        from: at(&form.from_day, &form.from_time),
        until: at(&form.until_day, &form.until_time),
    };
    match here.office().ask_lookup(&order, &here.actor(&form.reason)).await {
        Ok(id) => Ok(to(&format!("{PATH}/{id}"), "records-lookup-asked")),
        Err(error) => {
            let wrong = Oops::from(error).of_form(here.w())?;
            again(&form_page(&here, form, wrong).await?)
        }
    }
}

async fn one(here: Here, Path(id): Path<String>) -> Answer {
    let seen = here.office().see_lookup(number(&id)?, false, &here.actor("")).await?;
    let script = here.asked().is_on("cetak").then(|| assets::PRINT.path.as_str());
    page(&One { script, ..shown(&here, seen).await? })
}

async fn agree(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let id = number(&id)?;
    let done = here.office().agree_lookup(id, fields.get("dibaca"), &here.actor(fields.get("kata"))).await;
    after(&here, id, fields.get("kata"), done.map(drop), "records-lookup-agreed").await
}

async fn refuse(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let id = number(&id)?;
    let done = here.office().refuse_lookup(id, fields.get("dibaca"), &here.actor(fields.get("kata"))).await;
    after(&here, id, fields.get("kata"), done, "records-lookup-refused").await
}

async fn close(here: Here, Path(id): Path<String>, Posted(_): Posted) -> Answer {
    let id = number(&id)?;
    let done = here.office().close_lookup(id, &here.actor("")).await;
    after(&here, id, "", done, "records-lookup-closed").await
}

async fn after(
    here: &Here,
    id: i64,
    words: &str,
    done: Result<(), gapura_controller::OfficeError>,
    news: &str,
) -> Answer {
    match done {
        Ok(()) => Ok(to(&format!("{PATH}/{id}"), news)),
        Err(error) => {
            let wrong = Oops::from(error).of_form(here.w())?;
            let seen = here.office().see_lookup(id, false, &here.actor("")).await?;
            again(&One { wrong, words: words.to_owned(), ..shown(here, seen).await? })
        }
    }
}

async fn download(here: Here, Path(id): Path<String>) -> Answer {
    let id = number(&id)?;
    let seen = here.office().see_lookup(id, true, &here.actor("")).await?;
    let name = HeaderValue::from_str(&format!("attachment; filename=\"penelusuran-{id}.csv\""));
    let name = name.map_err(|_| Oops::Broken)?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], seen.csv()).into_response())
}

/// By what is looked, as the form has it.
pub(super) const WAYS: [(&str, LookupKind); 3] =
    [("perangkat", LookupKind::Device), ("alamat", LookupKind::Address), ("porta", LookupKind::Port)];

fn read(fields: &Fields) -> Form {
    Form {
        case_number: typed(fields, "perkara"),
        basis: typed(fields, "dasar"),
        authority: typed(fields, "instansi"),
        reason: typed(fields, "alasan"),
        by: WAYS.into_iter().find(|(way, _)| *way == fields.get("cara")).map_or("", |(way, _)| way),
        mac: typed(fields, "perangkat"),
        regency: typed(fields, "kabupaten"),
        address: typed(fields, "alamat"),
        site: typed(fields, "lokasi"),
        public: typed(fields, "alamat-publik"),
        port: typed(fields, "porta"),
        from_day: typed(fields, "dari"),
        from_time: typed(fields, "jam-dari"),
        until_day: typed(fields, "sampai"),
        until_time: typed(fields, "jam-sampai"),
    }
}

/// A day and a time of day in the department's zone.
fn moment(here: &Here, day: &str, time: &str) -> Option<Timestamp> {
    let time: Time = dates::time(time)?;
    Some(dates::parse(day)?.to_datetime(time).to_zoned(here.zone()).ok()?.timestamp())
}

async fn form_page(here: &Here, form: Form, wrong: Vec<String>) -> Result<New, Oops> {
    let w = here.w();
    let sites = here.office().sites().await?;
    let mut regencies: Vec<String> = sites.iter().map(|(_, document)| document.regency.clone()).collect();
    regencies.sort();
    regencies.dedup();
    let known = here.office().ports_noted().await?;
    let names: Vec<(String, String)> =
        sites.iter().map(|(id, document)| (id.to_string(), document.name.clone())).collect();
    Ok(New {
        noted: noted(&here.say(), &known, &names),
        minutes: PORT_SPAN.as_mins(),
        c: Chrome::of(here, w.t("records-lookup-new")).up(PATH, w.t("records-lookup-title")),
        form,
        regencies,
        sites: names,
        zone: here.say().zone(),
        days: LOOKUP_DAYS,
        case_chars: CASE_CHARS,
        reason_chars: REASON_CHARS,
        wrong,
    })
}

/// "Galeri Sinjai Utara: sejak 20 Nov 2026, 08.00".
pub(super) fn noted(say: &Say, sites: &[PortsNoted], names: &[(String, String)]) -> Vec<String> {
    let name =
        |id: &str| names.iter().find(|(known, _)| known == id).map_or_else(|| id.to_owned(), |(_, name)| name.clone());
    let time = |at: Timestamp| format!("{} {}", say.day(at), say.clock(at));
    let line = |one: &PortsNoted| {
        let (since, last) = (time(one.since), time(one.last));
        say.words.with(
            "records-nat-since",
            [("site", Value::Text(name(&one.site))), ("since", Value::Text(since)), ("last", Value::Text(last))],
        )
    };
    sites.iter().map(line).collect()
}

async fn shown(here: &Here, seen: LookupSeen) -> Result<One, Oops> {
    let w = here.w();
    let sites = here.office().sites().await?;
    let names: Vec<(String, String)> =
        sites.into_iter().map(|(id, document)| (id.to_string(), document.name)).collect();
    let c = Chrome::of(here, w.t1("records-lookup-case", "number", seen.asked.case_number.as_str()));
    Ok(told(c.up(PATH, w.t("records-lookup-title")), &here.say(), seen, &here.actor("").name, &names))
}

/// The page of a look-up for a person.
pub(super) fn told(c: Chrome, say: &Say, seen: LookupSeen, me: &str, sites: &[(String, String)]) -> One {
    let w = say.words;
    let one = &seen.asked;
    let named =
        |id: &str| sites.iter().find(|(known, _)| known == id).map_or_else(|| id.to_owned(), |(_, name)| name.clone());
    let time = |at: Timestamp| format!("{} {}", say.day(at), say.clock(at));
    let (state, tag) = state(w, say, one);
    let own = one.asked.0 == me;
    let is_one_of_both = own || one.decided.as_ref().is_some_and(|(name, _)| name == me);
    let mut facts: Vec<(&str, String)> = vec![
        ("records-lookup-authority", one.authority.clone()),
        ("records-lookup-basis", one.basis.clone()),
        ("records-lookup-reason", one.reason.clone()),
        ("records-lookup-span", format!("{} – {}", time(one.from), time(one.until))),
        (
            "records-lookup-where",
            match one.kind {
                LookupKind::Device => one.place.clone(),
                LookupKind::Address => named(&one.place),
                LookupKind::Port => w.t("records-nat-where"),
            },
        ),
    ];
    facts.push((
        "records-lookup-what",
        match &seen.question {
            Some(LookupQuestion::Device { mac, .. }) => mac.to_string(),
            Some(LookupQuestion::Address { address, .. }) => address.to_string(),
            Some(LookupQuestion::Port { address, port }) => {
                w.t2("records-nat-what", "address", address.to_string(), "port", port.to_string())
            }
            None if matches!(one.state, LookupState::Asked | LookupState::Open) => w.t("records-lookup-not-shown"),
            None => w.t("records-lookup-erased"),
        },
    ));
    facts.push(("records-lookup-asked-by", format!("{}, {}", one.asked.0, time(one.asked.1))));
    if let Some((who, at)) = &one.decided {
        facts.push(("records-lookup-decided-by", format!("{who}, {}", time(*at))));
    }
    if !one.words.is_empty() {
        facts.push(("records-lookup-words", one.words.clone()));
    }
    if let (Some(until), LookupState::Open) = (one.readable, one.state) {
        facts.push(("records-lookup-until", time(until)));
    }
    if let Some((who, at)) = &one.closed {
        let who = if who == "gapura" { w.t("records-itself") } else { who.clone() };
        facts.push(("records-lookup-closed-by", format!("{who}, {}", time(*at))));
    }
    let visit = |found: FoundVisit| Visit {
        site: named(&found.site),
        from: time(found.started),
        until: found.ended.map_or_else(|| w.t1("records-lookup-not-ended", "when", time(found.told)), time),
        way: way(w, &found.way),
        bytes: say
            .bytes(ByteCount::new(u64::try_from(found.bytes_up.saturating_add(found.bytes_down)).unwrap_or_default())),
        device: found.device,
        doubtful: !found.clock_trusted,
        behind: found.ports.as_ref().is_some_and(|of| of.behind),
        ports: found.ports.map(|of| {
            let until = of.until.map_or_else(|| w.t("records-nat-to-end"), time);
            (of.ports.to_string().replace('-', "–"), format!("{} – {until}", time(of.from)))
        }),
        moved: found.readdressed,
    };
    One {
        script: None,
        base: format!("{PATH}/{}", one.id),
        tag,
        state,
        facts: facts.into_iter().map(|(key, value)| (w.t(key), value)).collect(),
        digest: seen.digest,
        may_decide: one.state == LookupState::Asked && !own,
        may_close: is_one_of_both && matches!(one.state, LookupState::Asked | LookupState::Open),
        own,
        count: say.number(one.found),
        visits: seen.visits.map(|visits| visits.into_iter().map(visit).collect()),
        more: seen.more,
        no_key: seen.no_key.join(", "),
        untold: if seen.untold > 0 { say.number(seen.untold) } else { String::new() },
        kind: one.kind,
        noted: noted(say, &seen.noted, sites),
        moved: if seen.readdressed > 0 { say.number(seen.readdressed) } else { String::new() },
        reason_chars: REASON_CHARS,
        words: String::new(),
        wrong: Vec::new(),
        c,
    }
}

fn way(w: Words, way: &str) -> String {
    let key = match way {
        "one-tap" => "records-way-tap",
        "voucher" => "records-way-voucher",
        "account" => "records-way-account",
        "staff" => "records-way-staff",
        "emergency" => "records-way-emergency",
        other => return other.to_owned(),
    };
    w.t(key)
}

fn state(w: Words, say: &Say, one: &LookupAsked) -> (String, &'static str) {
    match one.state {
        LookupState::Asked => (w.t("records-lookup-state-asked"), "warn"),
        LookupState::Open => {
            let until = one.readable.map(|until| say.when(until)).unwrap_or_default();
            (w.t1("records-lookup-state-open", "when", until), "good")
        }
        LookupState::Refused => (w.t("records-lookup-state-refused"), "bad"),
        LookupState::Closed => (w.t("records-lookup-state-closed"), "off"),
    }
}
