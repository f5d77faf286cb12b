//! One SOP: its clauses to be read, what has to be looked at beside each, what it changes, what happened, what to do next.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{Right, SopLine, SopSeen, SopState, decree_hash, newer_sop};
use gapura_rules::sop::{Sop, WrittenClause};
use gapura_speech::Say;
use jiff::Timestamp;

use super::changes::{self, Change};
use super::problems::{self, Slip};
use super::speak::{self, Fact, Tag};
use super::{HOME, Page, TabLink, href, number, tabs};
use crate::answer::{Answer, Oops, again, page};
use crate::audit;
use crate::chrome::Chrome;
use crate::here::Here;

/// A clause on the page.
#[derive(Clone, Debug)]
pub(super) struct ClauseView {
    pub(super) number: String,
    pub(super) words: String,
    pub(super) facts: Vec<Fact>,
    pub(super) mandatory: bool,
    /// Ways out of it: what, until when, why.
    pub(super) exceptions: Vec<(String, String, String)>,
    pub(super) slips: Vec<Slip>,
    /// Lists of which nothing is held; whether the clause holds nothing at all.
    pub(super) unheld: Option<(String, bool)>,
}

/// A line of the history.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) what: String,
    pub(super) who: String,
    pub(super) when: String,
    pub(super) reason: String,
}

/// What the person may do with it now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a form of its own on the page")]
pub(super) struct Doors {
    pub(super) edit: bool,
    pub(super) revise: bool,
    pub(super) approve: bool,
    pub(super) publish: bool,
    pub(super) give_back: bool,
    pub(super) attach: bool,
    pub(super) discard: bool,
    pub(super) end: bool,
    pub(super) agree: bool,
    pub(super) keep: bool,
    /// See how its publication goes.
    pub(super) follow: bool,
}

/// What was typed into a form that was refused.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) note: String,
    pub(super) back: String,
    pub(super) discard: String,
    pub(super) end: String,
    pub(super) keep: String,
}

/// Who asks to take it out of force.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) who: String,
    pub(super) when: String,
    pub(super) reason: String,
}

#[derive(Template)]
#[template(path = "sops/one.html")]
pub(super) struct One {
    pub(super) c: Chrome,
    pub(super) base: String,
    pub(super) tag: Tag,
    pub(super) remarks: Vec<Tag>,
    pub(super) tabs: Vec<TabLink>,
    /// What to do next, in a sentence.
    pub(super) next: String,
    pub(super) doors: Doors,
    /// Where its next revision is begun.
    pub(super) fresh: String,
    /// The revision of its number that is newer, where it goes on: address, words.
    pub(super) newer: Option<(String, String)>,
    pub(super) top: Vec<Fact>,
    pub(super) clauses: Vec<ClauseView>,
    /// What concerns no clause.
    pub(super) slips: Vec<Slip>,
    pub(super) errors: usize,
    pub(super) warnings: usize,
    /// The revision before, and what is different.
    pub(super) before: Option<(String, Vec<Change>)>,
    /// Whether two people take it out of force.
    pub(super) binds: bool,
    pub(super) asked: Option<Asked>,
    /// When that was, as the form sends it back.
    pub(super) asked_at: i64,
    /// What somebody gave it back with.
    pub(super) returned: Option<Asked>,
    pub(super) signs: Vec<Fact>,
    /// The decree's hash.
    pub(super) decree: Option<String>,
    /// The whole of it, as the form sends it back.
    pub(super) decree_hash: String,
    pub(super) history: Vec<Step>,
    /// The others of its number: address, words, state.
    pub(super) revisions: Vec<(String, String, Tag)>,
    /// The text, where it cannot be read as clauses any more.
    pub(super) text: Option<String>,
    pub(super) wrong: Vec<String>,
    pub(super) typed: Typed,
}

impl One {
    /// "1 kesalahan dan 2 peringatan".
    fn summary(&self) -> String {
        super::text::summary(self.c.w, self.errors, self.warnings)
    }
}

pub(super) async fn one(here: Here, Path(id): Path<String>) -> Answer {
    page(&look(&here, number(&id)?).await?)
}

/// The page after something was refused: nothing that was typed is lost.
pub(super) async fn refused(here: &Here, id: i64, typed: Typed, oops: Oops) -> Answer {
    let wrong = oops.of_form(here.w())?;
    again(&One { wrong, typed, ..look(here, id).await? })
}

async fn look(here: &Here, id: i64) -> Result<One, Oops> {
    let seen = here.office().see_sop(id, &here.actor("").name).await?;
    let w = here.w();
    let title = seen.line.row.title.clone();
    let mut c = Chrome::of(here, title).sub(sub(&here.say(), &seen.line)).up(HOME, w.t("sops-title"));
    c.stand_at(href(id));
    let rights = (here.may_at(Right::WriteSops, None), here.may_at(Right::ApproveSops, None));
    Ok(made(c, &here.say(), &seen, rights))
}

/// Number, revision and layer.
pub(super) fn sub(say: &Say, line: &SopLine) -> String {
    let (w, row) = (say.words, &line.row);
    let number = w.t2("sops-number", "number", row.number.as_str(), "revision", row.revision.to_string());
    let layer = speak::layer_named(w, &row.layer);
    let place = if row.of_place.is_empty() { layer } else { format!("{layer}: {}", row.of_place) };
    format!("{number}. {place}.")
}

/// What somebody may do, by where it stands and who wrote it.
fn doors(seen: &SopSeen, (write, approve): (bool, bool), newer: bool, errors: usize) -> Doors {
    let state = speak::state(&seen.line.row.state);
    let is = |wanted: SopState| state == Some(wanted);
    let open = is(SopState::Draft) || is(SopState::Approved);
    let (in_force, asked) = (is(SopState::Published), seen.line.ending.is_some());
    Doors {
        edit: write && is(SopState::Draft),
        revise: write && in_force && !newer,
        approve: approve && is(SopState::Draft) && !seen.wrote && errors == 0,
        publish: approve && is(SopState::Approved) && errors == 0,
        give_back: approve && open && !seen.wrote,
        attach: write && open,
        discard: write && open,
        end: approve && in_force && !asked,
        agree: approve && in_force && asked && !seen.asked,
        keep: approve && in_force && asked,
        follow: in_force,
    }
}

pub(super) fn made(c: Chrome, say: &Say, seen: &SopSeen, rights: (bool, bool)) -> One {
    let (w, row) = (say.words, &seen.line.row);
    let state = speak::state(&row.state);
    let all = problems::slips(w, &seen.problems);
    let errors = all.iter().filter(|slip| slip.error).count();
    let newer = newer_sop(row, &seen.revisions);
    let doors = doors(seen, rights, newer.is_some(), errors);
    let written = seen.sop.as_ref().map(Sop::written_clauses).unwrap_or_default();
    let clauses: Vec<ClauseView> = written.iter().map(|clause| view(say, seen, clause, &all)).collect();
    let homed = |slip: &Slip| written.iter().any(|clause| clause.lines.contains(&slip.line));
    let before = seen.before.as_ref().and_then(|(row, old)| {
        let changes = changes::between(say, old.as_ref()?, seen.sop.as_ref()?);
        Some((w.t1("sops-before", "revision", row.revision.to_string()), changes))
    });
    let at = |ms: i64| say.when(Timestamp::from_millisecond(ms).unwrap_or_default());
    let returned = returned(seen);
    One {
        base: href(row.id),
        fresh: format!("{HOME}/baru?dari=revisi:{}", row.id),
        tag: speak::tag(say, &seen.line),
        remarks: speak::remarks(say, &seen.line),
        tabs: tabs(w, row.id, Page::Read, (doors.edit, row.trial.is_some() || doors.discard || doors.give_back)),
        next: next(say, seen, doors, (newer.and_then(|newer| speak::state(&newer.state)), errors)),
        newer: newer.filter(|_| state == Some(SopState::Published)).map(|newer| {
            let draft = speak::state(&newer.state) == Some(SopState::Draft);
            (href(newer.id), w.t(if draft { "sops-open-draft" } else { "sops-open-newer" }))
        }),
        top: seen.sop.as_ref().map(|sop| speak::top(say, sop)).unwrap_or_default(),
        slips: all.iter().filter(|slip| !homed(slip)).cloned().collect(),
        warnings: all.len() - errors,
        errors,
        clauses,
        before,
        binds: seen.binds,
        asked: seen.line.ending.as_ref().map(|ending| Asked {
            who: ending.staff.clone(),
            when: at(ending.asked),
            reason: ending.reason.clone(),
        }),
        asked_at: seen.line.ending.as_ref().map_or(0, |ending| ending.asked),
        returned: returned.map(|line| Asked {
            who: line.actor.clone(),
            when: at(line.at),
            reason: line.reason.clone(),
        }),
        signs: signs(say, &seen.line),
        decree: row.decree.as_deref().map(speak::print),
        decree_hash: decree_hash(row),
        history: seen
            .history
            .iter()
            .map(|line| Step {
                what: audit::did(w, &line.action),
                who: line.actor.clone(),
                when: at(line.at),
                reason: line.reason.clone(),
            })
            .collect(),
        revisions: revisions(say, seen),
        text: seen.sop.is_none().then(|| row.document.clone()),
        doors,
        c,
        wrong: Vec::new(),
        typed: Typed::default(),
    }
}

fn view(say: &Say, seen: &SopSeen, clause: &WrittenClause, all: &[Slip]) -> ClauseView {
    let w = say.words;
    let exceptions = seen.sop.as_ref().map(Sop::written_exceptions).unwrap_or_default();
    let own = exceptions.iter().filter(|one| one.of.contains(&clause.number));
    let unheld = seen.line.unheld.iter().find(|one| one.clause == clause.number);
    let mut facts = speak::clause(say, clause);
    // The words stand as the heading; what is empty says nothing.
    facts.pop();
    facts.retain(|fact| !fact.values.is_empty());
    ClauseView {
        number: clause.number.clone(),
        words: clause.words.trim().to_owned(),
        facts,
        mandatory: clause.mandatory,
        exceptions: own
            .map(|one| (speak::targets(w, &one.targets).join(", "), speak::lasts(say, one), one.reason.clone()))
            .collect(),
        slips: all.iter().filter(|slip| clause.lines.contains(&slip.line)).cloned().collect(),
        unheld: unheld.map(|one| (one.lists.join(", "), one.nothing)),
    }
}

/// Who wrote, approved, published and ended it, and when.
pub(super) fn signs(say: &Say, line: &SopLine) -> Vec<Fact> {
    let (w, row) = (say.words, &line.row);
    let at = |ms: i64| say.when(Timestamp::from_millisecond(ms).unwrap_or_default());
    let fact = |label: &str, values: Vec<String>| Fact { label: w.t(label), values };
    let mut facts = vec![fact("sops-sign-author", vec![row.author.clone(), at(row.made)])];
    if let (Some(approver), Some(approved)) = (&row.approver, row.approved) {
        facts.push(fact("sops-sign-approver", vec![approver.clone(), at(approved)]));
    }
    if let Some(published) = row.published {
        facts.push(fact("sops-sign-published", vec![at(published)]));
    }
    if let Some(ended) = row.ended {
        facts.push(fact("sops-sign-ended", vec![at(ended)]));
    }
    facts.push(fact("sops-sign-print", vec![speak::print(&row.sha256)]));
    facts
}

fn revisions(say: &Say, seen: &SopSeen) -> Vec<(String, String, Tag)> {
    let w = say.words;
    // Each save of a draft leaves the one before behind as discarded: they stand in the list of all, not here.
    let kept = |other: &&gapura_controller::SopRow| {
        other.id != seen.line.row.id && speak::state(&other.state) != Some(SopState::Discarded)
    };
    let others = seen.revisions.iter().filter(kept).take(20);
    let told = others.map(|other| {
        let made = say.day(Timestamp::from_millisecond(other.made).unwrap_or_default());
        let words = w.t2("sops-revision-of", "revision", other.revision.to_string(), "day", made);
        let line = SopLine {
            row: other.clone(),
            overdue: false,
            awaited: None,
            on_trial: false,
            unheld: Vec::new(),
            ending: None,
        };
        (href(other.id), words, speak::tag(say, &line))
    });
    told.collect()
}

/// It was given back, and nothing that could mend it came since: a new text has a history of its own.
fn returned(seen: &SopSeen) -> Option<&gapura_controller::AuditRow> {
    let mut steps = seen.history.iter().filter(|line| ["sop-return", "sop-decree"].contains(&line.action.as_str()));
    let draft = speak::state(&seen.line.row.state) == Some(SopState::Draft);
    steps.next().filter(|line| draft && line.action == "sop-return")
}

/// What is to be done next, and by whom.
fn next(say: &Say, seen: &SopSeen, doors: Doors, (newer, errors): (Option<SopState>, usize)) -> String {
    let (w, row) = (say.words, &seen.line.row);
    match speak::state(&row.state) {
        Some(SopState::Draft) if errors > 0 => w.t("sops-next-mend"),
        Some(SopState::Draft) if returned(seen).is_some() => w.t1("sops-next-returned", "author", row.author.as_str()),
        Some(SopState::Draft) if doors.approve => w.t("sops-next-approve"),
        Some(SopState::Draft) if seen.wrote => w.t("sops-next-second"),
        Some(SopState::Draft) => w.t1("sops-next-waits", "author", row.author.as_str()),
        Some(SopState::Approved) if errors > 0 => w.t("sops-next-approved-wrong"),
        Some(SopState::Approved) if doors.publish => w.t("sops-next-publish"),
        Some(SopState::Approved) => w.t("sops-next-approved"),
        Some(SopState::Published) if doors.agree => w.t("sops-next-agree"),
        Some(SopState::Published) if seen.line.ending.is_some() => w.t("sops-next-ending"),
        Some(SopState::Published) if newer == Some(SopState::Draft) => w.t("sops-next-draft"),
        Some(SopState::Published) if newer.is_some() => w.t("sops-next-newer"),
        Some(SopState::Published) if seen.line.overdue => w.t("sops-next-overdue"),
        Some(SopState::Published) => w.t("sops-next-none"),
        Some(SopState::Replaced | SopState::Retired | SopState::Discarded) | None => w.t("sops-next-over"),
    }
}
