//! *Periksa situs*: why a site is open or blocked somewhere, for somebody, at some time, with the whole trail, beside a draft.
//!
//! Everything that was asked stands in the address, for a ticket; nothing of it is kept here.

mod form;
#[cfg(test)]
mod samples;
mod told;

use askama::Template;
use gapura_controller::{OfficeError, Right, SiteQuestion};

use self::form::{Filled, Read};
use self::told::{Trail, Verdict};
use crate::answer::{Answer, Oops, again, page, see_other};
use crate::chrome::Chrome;
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

/// Its address.
const PATH: &str = "/periksa";

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get(PATH, Needs::Anywhere(Right::ExplainSites), explain);
    let needs = Right::ExplainSites;
    routes.menu(MenuLine { section: Section::Filter, icon: icons::LOOK_UP, words: "explain-title", path: PATH, needs });
}

/// The page.
#[derive(Template)]
#[template(path = "explain.html")]
struct Explain {
    c: Chrome,
    form: Filled,
    /// What is wrong: field and words.
    wrong: Vec<(&'static str, String)>,
    answer: Option<Told>,
}

impl Explain {
    fn wrong_at(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(at, _)| *at == field).map(|(_, words)| words.as_str())
    }
}

/// The answer in words.
#[derive(Clone, Debug)]
struct Told {
    verdicts: Vec<Verdict>,
    trails: Vec<Trail>,
    /// No index, or no SOPs.
    notes: Vec<String>,
    /// What a visitor reads.
    citizen: String,
    /// Label and value.
    technical: Vec<(String, String)>,
    basis: Vec<String>,
    besides: Vec<String>,
    /// Where a request of it begins.
    request: Option<String>,
}

/// The form, and the answer where something was asked.
async fn explain(here: Here) -> Answer {
    let w = here.w();
    let fields = here.asked();
    let form = Filled::of(&here, &fields).await?;
    let c = Chrome::of(&here, w.t("explain-title")).sub(w.t("explain-sub"));
    // From elsewhere a place may be chosen beforehand; what was sent names a site, be it empty.
    if fields.all("situs").next().is_none() {
        return page(&Explain { c, form, wrong: Vec::new(), answer: None });
    }
    let question = match form.read(w) {
        Ok(Read { question, complete: true }) => question,
        // An address that says "now" would say something else tomorrow.
        Ok(Read { complete: false, .. }) => return Ok(see_other(&form.link())),
        Err(wrong) => return again(&Explain { c, form, wrong, answer: None }),
    };
    match answered(&here, &form, question).await {
        Ok(answer) => page(&Explain { c, form, wrong: Vec::new(), answer: Some(answer) }),
        Err(oops) => {
            let wrong = oops.of_form(w)?.into_iter().map(|line| ("draf", line)).collect();
            again(&Explain { c, form, wrong, answer: None })
        }
    }
}

async fn answered(here: &Here, form: &Filled, question: SiteQuestion) -> Result<Told, Oops> {
    let (say, w) = (form.say(here), here.w());
    let answer = match here.office().explain_site(question).await {
        Err(OfficeError::NotFound { .. }) => return Err(Oops::Refused(w.t("explain-no-draft"))),
        answer => answer?,
    };
    let mut notes = Vec::new();
    if answer.sops == 0 {
        notes.push(w.t("explain-no-sops"));
    }
    match answer.index {
        None => notes.push(w.t("explain-no-index")),
        Some(index) => {
            notes.push(w.t2("explain-index", "version", say.number(index.version), "when", say.when(index.built)));
        }
    }
    let mut verdicts = vec![told::verdict(&say, &answer.now, w.t("explain-now"), None)];
    let mut trails = vec![told::trail(&say, &answer.now.explanation, w.t("explain-trail"))];
    if let Some(draft) = &answer.draft {
        let revision = u64::try_from(draft.revision).unwrap_or_default();
        let mut title = w.t2("explain-draft", "sop", draft.number.as_str(), "revision", say.number(revision));
        title = match draft.on {
            Some(day) => w.t2("explain-draft-on", "draft", title, "day", say.date(day)),
            None => w.t1("explain-draft-now", "draft", title),
        };
        verdicts.push(told::verdict(&say, &draft.judged, title, Some(&answer.now)));
        trails.push(told::trail(&say, &draft.judged.explanation, w.t("explain-trail-draft")));
    }
    let now = &answer.now.explanation;
    Ok(Told {
        verdicts,
        trails,
        notes,
        citizen: told::citizen(&say, &answer.now),
        technical: told::technical(&say, now),
        basis: now.clause.as_ref().map(|clause| clause.legal_basis.clone()).unwrap_or_default(),
        besides: now.besides.iter().map(|beside| told::beside(&say, beside)).collect(),
        request: here.may_anywhere(Right::WriteRequests).then(|| form.request(w, now)),
    })
}
