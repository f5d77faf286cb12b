//! One request: what was asked, why it was blocked, the visit, the history, and what may be done.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{At, Decision, OfficeError, RequestView, Right, Work};
use gapura_speech::{Say, Words};
use gapura_wire::HelpState;

use super::number;
use super::speak::{self, Tag};
use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::dates;
use crate::form::{Fields, Posted};
use crate::here::Here;

/// A row of a list of facts.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) mono: bool,
}

/// A step of the history.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) what: String,
    pub(super) who: String,
    pub(super) when: String,
    pub(super) lines: Vec<String>,
    /// Visitors read it.
    pub(super) told: bool,
}

/// What the person may do with it now.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a form of its own on the page")]
pub(super) struct Doors {
    pub(super) take: bool,
    pub(super) answer: bool,
    pub(super) decide: bool,
    pub(super) note: bool,
    pub(super) forward: bool,
    pub(super) take_back: bool,
    pub(super) close: bool,
    pub(super) reopen: bool,
    pub(super) contact: bool,
}

/// What was typed into a form that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) answer: String,
    pub(super) until: String,
    pub(super) agency: String,
    pub(super) forward: String,
    pub(super) back: String,
    pub(super) note: String,
    pub(super) again: String,
}

impl Typed {
    pub(super) fn of(work: &Work) -> Self {
        let none = Self::default();
        match work.clone() {
            Work::Take | Work::Close { .. } => none,
            Work::Answer { words, .. } => Self { answer: words, ..none },
            Work::Note { words } => Self { note: words, ..none },
            Work::Forward { agency, words } => Self { agency, forward: words, ..none },
            Work::Return { words } => Self { back: words, ..none },
            Work::Reopen { words } => Self { again: words, ..none },
        }
    }

    /// What has no field on the page any more, because somebody else was quicker.
    fn homeless(&self, doors: Doors) -> Vec<String> {
        let has = [
            (&self.answer, doors.answer || doors.decide),
            (&self.forward, doors.forward),
            (&self.back, doors.take_back),
            (&self.note, doors.note),
            (&self.again, doors.reopen),
        ];
        has.into_iter().filter(|(words, door)| !door && !words.is_empty()).map(|(words, _)| words.clone()).collect()
    }
}

#[derive(Template)]
#[template(path = "requests/one.html")]
pub(super) struct One {
    pub(super) c: Chrome,
    /// Where its forms go.
    pub(super) base: String,
    pub(super) tag: Tag,
    pub(super) left: String,
    pub(super) erased: bool,
    pub(super) words: Vec<String>,
    pub(super) from: String,
    pub(super) facts: Vec<Fact>,
    pub(super) why: Vec<Fact>,
    /// Where the same is judged as of now.
    pub(super) explain: Option<String>,
    pub(super) visit: Vec<Fact>,
    /// The visit at the counter, while it goes on.
    pub(super) counter: Option<String>,
    pub(super) steps: Vec<Step>,
    pub(super) doors: Doors,
    /// Shown after somebody asked for it.
    pub(super) contact: Option<String>,
    /// Agencies that are known, to choose from.
    pub(super) agencies: Vec<String>,
    /// On the desk of an agency.
    pub(super) desk: bool,
    /// Why nothing was done.
    pub(super) wrong: Vec<String>,
    /// What was to be done.
    pub(super) typed: Typed,
    /// What of it has no field any more.
    pub(super) homeless: Vec<String>,
}

impl One {
    /// The page after something was refused: nothing that was typed is lost.
    pub(super) fn after(self, typed: Typed, wrong: Vec<String>) -> Self {
        Self { homeless: typed.homeless(self.doors), typed, wrong, ..self }
    }
}

/// The page.
pub(super) async fn one(here: Here, Path((_, text)): Path<(String, String)>) -> Answer {
    let view = look(&here, &text).await?;
    page(&made(&here, &view, None).await?)
}

/// The request of this number at the site in the address.
pub(super) async fn look(here: &Here, text: &str) -> Result<RequestView, Oops> {
    Ok(here.office().request(At::Site(&here.site()?.place.site), &number(text)?).await?)
}

async fn made(here: &Here, view: &RequestView, contact: Option<String>) -> Result<One, Oops> {
    let state = HelpState::named(&view.row.state).unwrap_or(HelpState::Received);
    let (may, appeal) = (here.may(Right::AnswerRequests), view.row.origin == "appeal");
    let (open, away) = (state.is_open(), state == HelpState::Forwarded);
    let may_forward = here.may(Right::ForwardRequests);
    let doors = Doors {
        take: may && open && !away && view.row.holder != here.actor("").name,
        answer: may && !appeal && state != HelpState::Closed,
        decide: may && appeal && open,
        note: may,
        forward: may_forward && open,
        take_back: may_forward && away,
        close: may && !appeal && state != HelpState::Closed,
        reopen: may && !appeal && !open,
        contact: may && view.has_contact && contact.is_none(),
    };
    let mut agencies: Vec<String> = Vec::new();
    if doors.forward {
        agencies = here.office().site_places().await?.into_iter().map(|place| place.agency).collect();
        agencies.sort();
        agencies.dedup();
    }
    let up = ("/permintaan".to_owned(), here.w().t("requests-title"));
    let base = super::href(view.place.site.as_str(), &speak::number(&view.row));
    Ok(One { doors, contact, agencies, ..frame(here, view, (base, up)) })
}

/// The page with everything but what may be done.
pub(super) fn frame(here: &Here, view: &RequestView, (base, up): (String, (String, String))) -> One {
    let (say, w, row) = (here.say(), here.w(), &view.row);
    let fact = |label: &str, value: String| Fact { label: w.t(label), value, mono: false };
    let mut facts = vec![
        fact("requests-row-site", view.site_name.clone()),
        fact("requests-row-due", say.when(speak::at(row.due))),
        fact("requests-row-desk", desk(w, &row.desk, &row.agency)),
    ];
    if !row.holder.is_empty() {
        facts.push(fact("requests-row-holder", row.holder.clone()));
    }
    if row.origin != "appeal" && !row.about.is_empty() {
        facts.push(Fact { mono: true, ..fact("requests-row-about", row.about.clone()) });
    }
    let number = speak::number(row);
    let received = w.t2("requests-received-at", "number", number.as_str(), "when", say.when(speak::at(row.received)));
    One {
        c: Chrome::of(here, speak::title(w, row)).sub(received).up(up.0, up.1),
        base,
        tag: speak::tag(w, row, here.now),
        left: speak::left(&say, row, here.now),
        erased: row.words.is_empty(),
        words: paragraphs(&row.words),
        from: speak::origin(w, &row.origin),
        facts,
        why: why(w, view),
        explain: explain(here, view),
        visit: visit(&say, view),
        counter: counter(here, view),
        steps: view.steps.iter().map(|step| told(&say, step)).collect(),
        doors: Doors::default(),
        contact: None,
        agencies: Vec::new(),
        desk: false,
        wrong: Vec::new(),
        typed: Typed::default(),
        homeless: Vec::new(),
    }
}

/// What of the gateway's explanation of that moment is shown.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Then {
    action: String,
    plan: Option<String>,
    group: String,
    list: Option<String>,
    clause: Option<Deciding>,
}

#[derive(serde::Deserialize)]
struct Deciding {
    sop: String,
    clause: String,
    revision: u32,
}

/// What the filter said then, of the site asked about.
fn why(w: Words, view: &RequestView) -> Vec<Fact> {
    let Ok(Some(then)) = serde_json::from_str::<Option<Then>>(&view.row.explanation) else { return Vec::new() };
    let fact = |label: &str, value: String| Fact { label: w.t(label), value, mono: false };
    let said = if then.action == "block" { "requests-why-blocked" } else { "requests-why-open" };
    let mut facts = vec![fact("requests-why-then", w.t(said))];
    if let Some(clause) = then.clause {
        facts.push(fact("requests-why-clause", clause.clause));
        let revision = clause.revision.to_string();
        facts.push(fact("requests-why-sop", w.t2("requests-why-revision", "sop", clause.sop, "revision", revision)));
    }
    facts.extend(then.list.map(|list| fact("requests-why-list", list)));
    facts.extend(then.plan.map(|plan| fact("requests-why-plan", plan)));
    if !then.group.is_empty() {
        facts.push(fact("requests-why-group", then.group));
    }
    facts
}

/// Where the site asked about is judged as of now, for the same people.
fn explain(here: &Here, view: &RequestView) -> Option<String> {
    let row = &view.row;
    if row.about.is_empty() || !here.may_at(Right::ExplainSites, Some(&view.place)) {
        return None;
    }
    let then: Option<Then> = serde_json::from_str(&row.explanation).ok().flatten();
    let page = "/periksa?";
    let mut link = form_urlencoded::Serializer::for_suffix(page.to_owned(), page.len());
    link.extend_pairs([("situs", row.about.as_str()), ("lokasi", view.place.site.as_str())]);
    if let Some(then) = then {
        // Without a plan: somebody who had not logged in.
        link.append_pair("paket", then.plan.as_deref().unwrap_or_default());
        link.extend_pairs((!then.group.is_empty()).then_some(("kelompok", then.group.as_str())));
    }
    Some(link.finish())
}

fn counter(here: &Here, view: &RequestView) -> Option<String> {
    let goes_on = view.visit.as_ref().is_some_and(|visit| visit.ended.is_none());
    let number = super::encoded(view.row.visit.as_ref().filter(|_| goes_on)?);
    let seen = here.may_at(Right::SeeCounter, Some(&view.place));
    seen.then(|| format!("/l/{}/loket?q={number}", view.place.site))
}

fn visit(say: &Say, view: &RequestView) -> Vec<Fact> {
    let w = say.words;
    let fact = |label: &str, value: String| Fact { label: w.t(label), value, mono: false };
    let Some(number) = &view.row.visit else { return Vec::new() };
    let mut facts = vec![Fact { mono: true, ..fact("requests-visit-number", number.clone()) }];
    match &view.visit {
        None => facts.push(fact("requests-visit-state", w.t("requests-visit-unknown"))),
        Some(visit) => {
            facts.push(fact("requests-visit-plan", visit.plan.clone()));
            facts.push(fact("requests-visit-since", say.when(speak::at(visit.started))));
            let state = match visit.ended {
                None => w.t("requests-visit-running"),
                Some(ended) => w.t1("requests-visit-ended", "when", say.when(speak::at(ended))),
            };
            facts.push(fact("requests-visit-state", state));
        }
    }
    facts
}

/// Whose turn it is.
fn desk(w: Words, desk: &str, agency: &str) -> String {
    match desk {
        "agency" => agency.to_owned(),
        "site-head" => w.t("requests-desk-site-head"),
        "department" => w.t("requests-desk-department"),
        _ => w.t("requests-desk-helpdesk"),
    }
}

fn told(say: &Say, step: &gapura_controller::StepRow) -> Step {
    let w = say.words;
    let what = match step.kind.as_str() {
        "filed" => w.t("requests-step-filed"),
        "recorded" => w.t("requests-step-recorded"),
        "taken" => w.t("requests-step-taken"),
        "answered" => w.t("requests-step-answered"),
        "granted" => w.t("requests-step-granted"),
        "denied" => w.t("requests-step-denied"),
        "forwarded" => w.t1("requests-step-forwarded", "agency", step.agency.as_str()),
        "returned" => w.t1("requests-step-returned", "agency", step.agency.as_str()),
        "escalated" => w.t1("requests-step-escalated", "desk", desk(w, &step.words, "")),
        "closed" => w.t("requests-step-closed"),
        "reopened" => w.t("requests-step-reopened"),
        _ => w.t("requests-step-note"),
    };
    let words = if step.kind == "escalated" { "" } else { step.words.as_str() };
    let agency = Some(&step.agency).filter(|agency| !agency.is_empty() && step.kind == "answered");
    Step {
        what,
        who: agency.map_or_else(|| step.actor.clone(), |agency| format!("{}, {agency}", step.actor)),
        when: say.when(speak::at(step.at)),
        lines: paragraphs(words),
        told: matches!(step.kind.as_str(), "answered" | "granted" | "denied"),
    }
}

fn paragraphs(words: &str) -> Vec<String> {
    words.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// *Ambil*.
pub(super) async fn take(here: Here, Path((_, text)): Path<(String, String)>, Posted(_): Posted) -> Answer {
    work(&here, &text, Work::Take, "requests-taken").await
}

/// *Kirim jawaban*.
pub(super) async fn answer(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    let close = fields.get("lalu") == "selesai";
    let news = if close { "requests-answered-closed" } else { "requests-answered" };
    work(&here, &text, Work::Answer { words: words(&fields), close }, news).await
}

/// *Kabulkan* or *Tolak*: an appeal's decision.
pub(super) async fn decide(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    let view = look(&here, &text).await?;
    let wrong = match decided(&here, &text, &fields).await {
        Ok(news) => return Ok(to(&super::href(view.place.site.as_str(), &speak::number(&view.row)), news)),
        Err(oops) => oops.of_form(here.w())?,
    };
    let typed = Typed { answer: words(&fields), until: fields.get("sampai").to_owned(), ..Typed::default() };
    again(&made(&here, &look(&here, &text).await?, None).await?.after(typed, wrong))
}

/// Decides; the key of what was done.
pub(super) async fn decided(here: &Here, text: &str, fields: &Fields) -> Result<&'static str, Oops> {
    let accept = fields.get("putusan") == "kabul";
    let until = fields.get("sampai");
    let until = match (accept && !until.is_empty()).then(|| dates::parse(until)) {
        None => None,
        Some(Some(day)) => Some(day),
        Some(None) => return Err(Oops::Refused(here.w().t("requests-bad-date"))),
    };
    let decision = Decision { accept, words: words(fields), until };
    let at = At::Site(&here.site()?.place.site);
    match here.office().decide_appeal(at, &number(text)?, &decision, &here.actor(&decision.words)).await {
        Ok(_) => Ok(if accept { "requests-granted" } else { "requests-denied" }),
        // A clause, its SOP or a sound text of it is missing.
        Err(OfficeError::NotFound { .. } | OfficeError::Refused(_) | OfficeError::Sop(_))
            if until.is_some() && !decision.words.trim().is_empty() =>
        {
            Err(Oops::Refused(here.w().t("requests-no-exception")))
        }
        Err(error) => Err(error.into()),
    }
}

/// *Simpan catatan*.
pub(super) async fn note(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    work(&here, &text, Work::Note { words: words(&fields) }, "requests-noted").await
}

/// *Teruskan*.
pub(super) async fn forward(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    let agency = fields.get("instansi").to_owned();
    work(&here, &text, Work::Forward { agency, words: words(&fields) }, "requests-forwarded").await
}

/// *Tarik kembali*.
pub(super) async fn take_back(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    work(&here, &text, Work::Return { words: words(&fields) }, "requests-returned").await
}

/// *Tutup*.
pub(super) async fn close(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    work(&here, &text, Work::Close { words: words(&fields) }, "requests-closed").await
}

/// *Buka kembali*.
pub(super) async fn reopen(here: Here, Path((_, text)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    work(&here, &text, Work::Reopen { words: words(&fields) }, "requests-reopened").await
}

/// *Tampilkan kontak*: who looked is noted.
pub(super) async fn contact(here: Here, Path((_, text)): Path<(String, String)>, Posted(_): Posted) -> Answer {
    let view = look(&here, &text).await?;
    let contact = here.office().request_contact(At::Site(&view.place.site), &number(&text)?, &here.actor("")).await?;
    page(&made(&here, &view, contact.map(|contact| contact.expose().to_owned())).await?)
}

/// What was written, as the use-cases take it.
pub(super) fn words(fields: &Fields) -> String {
    fields.get("isi").replace("\r\n", "\n")
}

async fn work(here: &Here, text: &str, work: Work, news: &str) -> Answer {
    let view = look(here, text).await?;
    let at = At::Site(&here.site()?.place.site);
    match here.office().work_on(at, &number(text)?, &work, &here.actor("")).await {
        Ok(_) => Ok(to(&super::href(view.place.site.as_str(), &speak::number(&view.row)), news)),
        Err(error) => {
            let wrong = Oops::from(error).of_form(here.w())?;
            again(&made(here, &look(here, text).await?, None).await?.after(Typed::of(&work), wrong))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_shown_even_where_its_field_is_gone() {
        let typed = Typed::of(&Work::Answer { words: "Sudah.".to_owned(), close: true });
        assert_eq!(typed.answer, "Sudah.");
        assert!(typed.homeless(Doors { answer: true, ..Doors::default() }).is_empty());
        assert_eq!(typed.homeless(Doors { note: true, ..Doors::default() }), ["Sudah."]);
        let typed = Typed::of(&Work::Forward { agency: "Dinas PU".to_owned(), words: "Mohon.".to_owned() });
        assert_eq!((typed.agency.as_str(), typed.homeless(Doors::default()).len()), ("Dinas PU", 1));
    }
}
