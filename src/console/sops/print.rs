//! A SOP as the official paper, and as the file that holds.

use askama::Template;
use axum::extract::Path;
use axum::response::IntoResponse as _;
use gapura_controller::{SopSeen, SopState};
use gapura_rules::sop::Sop;
use gapura_speech::Say;
use http::{HeaderValue, header};
use jiff::Timestamp;

use super::speak::{self, Fact};
use super::{href, number};
use crate::answer::{Answer, Oops, page};
use crate::assets;
use crate::chrome::Chrome;
use crate::here::Here;

/// A clause on paper.
#[derive(Clone, Debug)]
pub(super) struct Paragraph {
    pub(super) number: String,
    pub(super) words: String,
    pub(super) facts: Vec<Fact>,
    pub(super) mandatory: bool,
}

/// Somebody who signs: as what, who, and when.
#[derive(Clone, Debug)]
pub(super) struct Signatory {
    pub(super) role: String,
    pub(super) name: String,
    pub(super) when: String,
}

#[derive(Template)]
#[template(path = "sops/print.html")]
pub(super) struct Paper {
    pub(super) c: Chrome,
    pub(super) base: String,
    pub(super) script: Option<&'static str>,
    pub(super) owner: String,
    pub(super) title: String,
    pub(super) number: String,
    pub(super) dates: String,
    /// It is no rule yet, or no more: said across the top.
    pub(super) standing: Option<String>,
    pub(super) basis: Vec<String>,
    pub(super) scope: String,
    pub(super) clauses: Vec<Paragraph>,
    pub(super) exceptions: Vec<(String, String, String)>,
    pub(super) signatories: Vec<Signatory>,
    pub(super) decree: Option<String>,
    pub(super) print: String,
}

pub(super) async fn print(here: Here, Path(id): Path<String>) -> Answer {
    let id = number(&id)?;
    let seen = here.office().show_sop(id, "").await?;
    let w = here.w();
    let script = here.asked().is_on("cetak").then(|| assets::PRINT.path.as_str());
    let row = &seen.line.row;
    let title = w.t1("sops-print-title", "revision", row.revision.to_string());
    let c = Chrome::of(&here, title).sub(w.t("sops-print-sub")).up(href(id), row.title.clone());
    let paper = made(c, &here.say(), &seen).ok_or_else(|| Oops::Refused(w.t("sops-print-unread")))?;
    page(&Paper { script, ..paper })
}

pub(super) fn made(c: Chrome, say: &Say, seen: &SopSeen) -> Option<Paper> {
    let (w, row, sop) = (say.words, &seen.line.row, seen.sop.as_ref()?);
    let standing = match speak::state(&row.state) {
        Some(SopState::Published) => None,
        _ => Some(w.t1("sops-print-standing", "state", speak::tag(say, &seen.line).words)),
    };
    let (from, until) = (say.date(sop.effective_from()), say.date(sop.review_by()));
    let scope = speak::scope(w, sop.scope());
    Some(Paper {
        c,
        base: href(row.id),
        script: None,
        owner: sop.owner().to_owned(),
        title: sop.title().to_owned(),
        number: w.t2("sops-print-number", "number", sop.number(), "revision", sop.revision().to_string()),
        dates: w.t2("sops-print-dates", "from", from, "until", until),
        standing,
        basis: sop.legal_basis().map(str::to_owned).collect(),
        scope: if scope.is_empty() { w.t("sops-scope-everyone") } else { scope.join("; ") },
        clauses: clauses(say, sop),
        exceptions: sop
            .written_exceptions()
            .iter()
            .map(|one| (speak::exception(w, one), speak::lasts(say, one), one.reason.clone()))
            .collect(),
        signatories: signatories(say, seen),
        decree: row.decree.as_deref().map(speak::print),
        print: speak::print(&row.sha256),
    })
}

fn clauses(say: &Say, sop: &Sop) -> Vec<Paragraph> {
    let all = sop.written_clauses();
    let paragraph = |clause: &gapura_rules::sop::WrittenClause| {
        let mut facts = speak::clause(say, clause);
        // The words are the rule; what binds is said beside them, what citizens read is said on their page.
        facts.truncate(4);
        facts.retain(|fact| !fact.values.is_empty());
        Paragraph {
            number: clause.number.clone(),
            words: clause.words.trim().to_owned(),
            facts,
            mandatory: clause.mandatory,
        }
    };
    all.iter().map(paragraph).collect()
}

/// Everybody who wrote at it, who approved it, and the head who signs by hand.
fn signatories(say: &Say, seen: &SopSeen) -> Vec<Signatory> {
    let (w, row) = (say.words, &seen.line.row);
    let day = |ms: i64| say.day(Timestamp::from_millisecond(ms).unwrap_or_default());
    let of = |role: &str, name: String, when: String| Signatory { role: w.t(role), name, when };
    let approved = row.approved.map(day).unwrap_or_default();
    vec![
        of("sops-print-author", row.author.clone(), day(row.made)),
        of("sops-print-approver", row.approver.clone().unwrap_or_default(), approved),
        of("sops-print-head", String::new(), String::new()),
    ]
}

/// The text, byte for byte.
pub(super) async fn file(here: Here, Path(id): Path<String>) -> Answer {
    let row = here.office().sop(number(&id)?).await?;
    let name = format!("attachment; filename=\"sop-{}-revisi-{}.toml\"", row.id, row.revision);
    let name = HeaderValue::from_str(&name).map_err(|_| Oops::Broken)?;
    let kind = HeaderValue::from_static("application/toml");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], row.document).into_response())
}
