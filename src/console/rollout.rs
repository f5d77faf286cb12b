//! Penerbitan bertahap: a SOP published in waves. Who runs which revision, since when, what failed; stop, go on, take back.

mod form;
#[cfg(test)]
mod samples;
mod speak;

use askama::Template;
use axum::extract::Path;
use gapura_controller::{Cause, OfficeError, Right, RolloutState, RolloutView, Runs};
use gapura_speech::Say;
use jiff::Timestamp;

use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;
use crate::routes::{Needs, Routes};

#[cfg(test)]
pub(crate) use samples::samples;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/sop/{id}/peluncuran", Needs::Anywhere(Right::SeeSops), one);
    routes.post("/sop/{id}/peluncuran/{langkah}", Needs::Anywhere(Right::ApproveSops), act);
    routes.get("/sop/{id}/terbitkan-bertahap", Needs::Anywhere(Right::ApproveSops), form::new);
    routes.post("/sop/{id}/terbitkan-bertahap", Needs::Anywhere(Right::ApproveSops), form::order);
}

/// A tag: its class and words.
#[derive(Clone, Debug)]
struct Tag {
    class: &'static str,
    words: String,
}

/// What stands above the waves.
#[derive(Clone, Debug)]
struct Note {
    class: &'static str,
    title: String,
    text: String,
    /// Where it can be answered.
    answer: Option<String>,
}

/// A wave.
#[derive(Clone, Debug)]
struct Wave {
    class: &'static str,
    name: String,
    tag: Tag,
}

/// A gateway, or a site without one.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    gateway: String,
    revision: String,
    generation: String,
    since: String,
    tag: Tag,
    more: String,
    heard: String,
    wave: String,
}

/// What can be done now: the address's last part, words, and what was typed.
#[derive(Clone, Debug)]
struct Act {
    step: &'static str,
    title: String,
    /// What it leads to.
    about: String,
    button: String,
    class: &'static str,
    typed: String,
    wrong: String,
}

#[derive(Clone, Template)]
#[template(path = "rollout.html")]
struct One {
    c: Chrome,
    path: String,
    /// What is asked anew by itself, while something can change.
    live: bool,
    /// A step that was not done and is not offered any more: why, and what was typed.
    refused: Option<(String, String)>,
    note: Option<Note>,
    waves: Vec<Wave>,
    end: (String, String),
    rows: Vec<Row>,
    health: Vec<(String, String)>,
    limits: Vec<String>,
    acts: Vec<Act>,
}

#[derive(Template)]
#[template(path = "rollout-none.html")]
struct NoRollout {
    c: Chrome,
    /// Where it can be ordered.
    order: Option<String>,
}

/// `/sop/{id}/peluncuran`
async fn one(here: Here, Path(id): Path<String>) -> Answer {
    let (w, id) = (here.w(), number(&id)?);
    let Some(view) = here.office().rollout(id).await? else {
        let (sop, _) = here.office().rollout_choices(id).await?;
        let approved = sop.state == "approved" && here.may_anywhere(Right::ApproveSops);
        let c = Chrome::of(&here, w.t1("rollout-title", "revision", sop.revision.to_string()))
            .sub(format!("{}: {}", sop.number, sop.title))
            .up(format!("/sop/{id}"), sop.title);
        return page(&NoRollout { c, order: approved.then(|| format!("/sop/{id}/terbitkan-bertahap")) });
    };
    page(&made(&here, &view, None))
}

/// The number of a SOP in an address.
fn number(text: &str) -> Result<i64, Oops> {
    text.parse().map_err(|_| Oops::NotFound)
}

/// Whether this person may act on it: at all its sites, as its approver may.
fn may_act(here: &Here, view: &RolloutView) -> bool {
    here.may_at(Right::ApproveSops, None)
        || !view.sites.is_empty() && view.sites.iter().all(|site| here.may_at(Right::ApproveSops, Some(&site.place)))
}

fn made(here: &Here, view: &RolloutView, refused: Option<(&str, &str, String)>) -> One {
    let (w, say, id) = (here.w(), here.say(), view.line.sop);
    let path = format!("/sop/{id}/peluncuran");
    let mut c = Chrome::of(here, w.t1("rollout-title", "revision", view.line.revision.to_string()))
        .sub(speak::about(w, view))
        .up(format!("/sop/{id}"), view.line.title.clone());
    c.stand_at(path.clone());
    let acts = if may_act(here, view) { acts(here, view, refused.clone()) } else { Vec::new() };
    let gone = refused.filter(|(step, ..)| !acts.iter().any(|act| act.step == *step));
    let rows = view.sites.iter().filter(|site| here.may_at(Right::SeeSops, Some(&site.place)));
    One {
        live: matches!(view.line.state, Some(RolloutState::Waiting | RolloutState::Running | RolloutState::Stopped)),
        refused: gone.map(|(_, typed, why)| (why, w.t1("rollout-typed", "words", typed))),
        note: note(here, view, &say, !acts.is_empty()),
        waves: speak::waves(w, &say, view),
        end: speak::end(w, &say, view),
        rows: rows.flat_map(|site| speak::rows(here, view, site)).collect(),
        health: speak::health(w, &say, view, &|site| here.may_at(Right::SeeSops, Some(&site.place))),
        limits: speak::limits(w, &say, view),
        acts,
        c,
        path,
    }
}

/// What is to be known first.
fn note(here: &Here, view: &RolloutView, say: &Say, may_act: bool) -> Option<Note> {
    let w = here.w();
    let at = |at: Timestamp| speak::moment(say, at);
    let by = || w.t2("rollout-by", "who", view.changed_by.as_str(), "words", view.words.as_str());
    // Another address than the page's own: what can be done is loaded anew with it.
    let answer = may_act.then(|| format!("/sop/{}/peluncuran?langkah=1#langkah", view.line.sop));
    Some(match view.line.state? {
        RolloutState::Waiting => Note {
            class: "info",
            title: match view.due {
                Some(due) => w.t1("rollout-waits", "when", say.when(due)),
                None => w.t("rollout-waits-now"),
            },
            text: w.t("rollout-waits-do"),
            answer: None,
        },
        RolloutState::Running => return None,
        RolloutState::Stopped => match &view.cause {
            Some(cause) => Note {
                class: "bad",
                title: w.t1("rollout-stopped-itself", "when", at(view.changed)),
                text: format!("{} {}", sentence(&cause_words(here, view, cause)), w.t("rollout-stopped-do")),
                answer,
            },
            None => Note {
                class: "warn",
                title: w.t1("rollout-stopped", "when", at(view.changed)),
                text: format!("{} {}", by(), w.t("rollout-stopped-do")),
                answer,
            },
        },
        RolloutState::Done => Note {
            class: "good",
            title: w.t1("rollout-done", "when", at(view.changed)),
            text: w.t("rollout-done-about"),
            answer: None,
        },
        RolloutState::RolledBack => Note {
            class: "info",
            title: w.t1(
                if view.line.wave == 0 { "rollout-called-off" } else { "rollout-rolled-back" },
                "when",
                at(view.changed),
            ),
            text: by(),
            answer: None,
        },
    })
}

fn cause_words(here: &Here, view: &RolloutView, cause: &Cause) -> String {
    let name = |id: &gapura_model::SiteId| {
        let known = view.sites.iter().find(|site| site.site == *id);
        match known {
            Some(site) if here.may_at(Right::SeeSops, Some(&site.place)) => site.name.clone(),
            Some(_) | None => here.w().t("rollout-elsewhere"),
        }
    };
    cause.words(&gapura_controller::say(here.lang, here.zone(), here.now), &name)
}

/// With a full stop.
fn sentence(words: &str) -> String {
    if words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}

/// What can be done as it stands; `refused` is a step that was not done: its name, what was typed, why.
fn acts(here: &Here, view: &RolloutView, refused: Option<(&str, &str, String)>) -> Vec<Act> {
    let (w, revision) = (here.w(), view.line.revision.to_string());
    let act = |step: &'static str, title: String, about: String, button: String, class: &'static str| {
        let slip = refused.as_ref().filter(|(of, ..)| *of == step);
        let (typed, wrong) = slip.map_or_else(Default::default, |(_, typed, why)| ((*typed).to_owned(), why.clone()));
        Act { step, title, about, button, class, typed, wrong }
    };
    let mut acts = Vec::new();
    let stopped = view.line.state == Some(RolloutState::Stopped);
    if stopped {
        let about = w.t1("rollout-go-on-about", "minutes", view.rules.settle_minutes.to_string());
        acts.push(act("lanjut", w.t("rollout-go-on"), about, w.t("rollout-go-on-do"), "go"));
    } else if matches!(view.line.state, Some(RolloutState::Waiting | RolloutState::Running)) {
        let about = w.t1("rollout-pause-about", "revision", revision.as_str());
        acts.push(act("jeda", w.t("rollout-pause"), about, w.t("rollout-pause-do"), ""));
    }
    if view.holds_back() {
        let about = w.t1("rollout-all-about", "revision", revision.as_str());
        acts.push(act("semua", w.t("rollout-all"), about, w.t("rollout-all-do"), ""));
    }
    if view.can_roll_back {
        let (title, about, button) = match (view.line.wave, view.former.last()) {
            (0, _) => (w.t("rollout-call-off"), w.t("rollout-call-off-about"), w.t("rollout-call-off-do")),
            (_, Some(former)) => {
                let former = former.to_string();
                let about = w.t2("rollout-back-about", "revision", revision.as_str(), "former", former.as_str());
                (w.t1("rollout-back", "former", former), about, w.t("rollout-back-do"))
            }
            (_, None) => {
                let about = w.t1("rollout-back-none-about", "revision", revision.as_str());
                (w.t1("rollout-back-none", "revision", revision.as_str()), about, w.t("rollout-back-do"))
            }
        };
        acts.push(act("tarik", title, about, button, "bad"));
    }
    acts
}

/// `/sop/{id}/peluncuran/{langkah}`
async fn act(here: Here, Path((id, step)): Path<(String, String)>, Posted(fields): Posted) -> Answer {
    let (office, id) = (here.office(), number(&id)?);
    let view = office.rollout(id).await?.ok_or(Oops::NotFound)?;
    if !may_act(&here, &view) {
        return Err(Oops::NotAllowed);
    }
    let reason = fields.get("alasan");
    if reason.is_empty() {
        let words = here.w().t("rollout-wrong-reason");
        return again(&made(&here, &view, Some((&step, reason, words))));
    }
    let who = here.actor(reason);
    let done = match step.as_str() {
        "jeda" => office.stop_rollout(id, &who).await.map(|()| "rollout-paused"),
        "lanjut" => office.go_on(id, false, &who).await.map(|_| "rollout-goes-on"),
        "semua" => office.go_on(id, true, &who).await.map(|_| "rollout-all-begun"),
        "tarik" => office.roll_back(id, &who).await.map(|_| "rollout-withdrawn"),
        _ => return Err(Oops::NotFound),
    };
    match done {
        Ok(news) => Ok(to(&format!("/sop/{id}/peluncuran"), news)),
        Err(error @ (OfficeError::Refused(_) | OfficeError::Mistakes(_) | OfficeError::Sop(_))) => {
            // As it stands now: somebody else may have been quicker.
            let view = office.rollout(id).await?.ok_or(Oops::NotFound)?;
            let words = Oops::from(error).of_form(here.w())?.join(" ");
            again(&made(&here, &view, Some((&step, reason, words))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a gateway runs the revision.
const fn taken(runs: &Runs) -> bool {
    matches!(runs, Runs::Well { .. } | Runs::Ill { taken: true, .. })
}
