//! Terbitkan bertahap: when it begins, where it begins, how it goes on, when it stops by itself.

use askama::Template;
use axum::extract::Path;
use gapura_controller::{Right, RolloutChoice, RolloutOrder, RolloutRules};
use gapura_model::SiteId;
use jiff::Timestamp;

use super::number;
use crate::answer::{Answer, Oops, again, page, see_other, to};
use crate::chrome::Chrome;
use crate::dates;
use crate::form::{Fields, Posted};
use crate::here::Here;

/// A site that can be a pilot.
#[derive(Clone, Debug)]
pub(super) struct Pilot {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) heard: bool,
    pub(super) ticked: bool,
}

/// What was typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    /// `sekarang` or `nanti`.
    pub(super) begin: String,
    pub(super) day: String,
    pub(super) clock: String,
    pub(super) shares: String,
    pub(super) settle: String,
    pub(super) refusals: String,
    pub(super) note: String,
}

#[derive(Template)]
#[template(path = "rollout-form.html")]
pub(super) struct New {
    pub(super) c: Chrome,
    pub(super) path: String,
    pub(super) home: String,
    pub(super) pilots: Vec<Pilot>,
    pub(super) typed: Typed,
    /// The zone of what is typed.
    pub(super) zone: String,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(&'static str, String)>,
}

impl New {
    fn wrong_of(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|(name, _)| *name == field).map(|(_, words)| words.as_str())
    }
}

/// What the form is about, for whoever may publish it at all its sites.
async fn known(here: &Here, id: i64) -> Result<(Chrome, Vec<RolloutChoice>, bool), Oops> {
    let (sop, choices) = here.office().rollout_choices(id).await?;
    let whole = here.may_at(Right::ApproveSops, None);
    let own = |choice: &RolloutChoice| here.may_at(Right::ApproveSops, Some(&choice.place));
    if !whole && (choices.is_empty() || !choices.iter().all(own)) {
        return Err(Oops::NotAllowed);
    }
    let w = here.w();
    let c = Chrome::of(here, w.t1("rollout-new", "revision", sop.revision.to_string()))
        .sub(format!("{}: {}", sop.number, sop.title))
        .up(format!("/sop/{id}"), sop.title.clone());
    Ok((c, choices, sop.state == "approved"))
}

/// `/sop/{id}/terbitkan-bertahap`
pub(super) async fn new(here: Here, Path(id): Path<String>) -> Answer {
    let id = number(&id)?;
    let (c, choices, approved) = known(&here, id).await?;
    if !approved {
        return Ok(see_other(&format!("/sop/{id}/peluncuran")));
    }
    let rules = RolloutRules::default();
    let typed = Typed {
        begin: "sekarang".to_owned(),
        shares: "25, 100".to_owned(),
        settle: rules.settle_minutes.to_string(),
        refusals: rules.refusals_least.to_string(),
        ..Typed::default()
    };
    let ticked: Vec<String> = choices.iter().filter(|one| one.proposed).map(|one| one.site.to_string()).collect();
    page(&made(&here, id, c, (&choices, &ticked), typed, Vec::new()))
}

fn made(
    here: &Here,
    id: i64,
    c: Chrome,
    (choices, ticked): (&[RolloutChoice], &[String]),
    typed: Typed,
    wrong: Vec<(&'static str, String)>,
) -> New {
    let pilot = |one: &RolloutChoice| Pilot {
        id: one.site.to_string(),
        name: one.name.clone(),
        heard: one.heard,
        ticked: ticked.iter().any(|site| site == one.site.as_str()),
    };
    New {
        c,
        path: format!("/sop/{id}/terbitkan-bertahap"),
        home: format!("/sop/{id}"),
        pilots: choices.iter().map(pilot).collect(),
        typed,
        zone: here.say().zone(),
        wrong,
    }
}

/// Orders it.
pub(super) async fn order(here: Here, Path(id): Path<String>, Posted(fields): Posted) -> Answer {
    let id = number(&id)?;
    let (c, choices, _) = known(&here, id).await?;
    let ticked: Vec<String> = fields.all("lokasi").map(str::to_owned).collect();
    let typed = typed(&fields);
    let (order, wrong) = read(&here, &typed, &ticked);
    if !wrong.is_empty() {
        let wrong = wrong.into_iter().map(|(field, key)| (field, here.w().t(key))).collect();
        return again(&made(&here, id, c, (&choices, &ticked), typed, wrong));
    }
    match here.office().roll_out(id, &order, &here.actor(&typed.note)).await {
        Ok(_) => Ok(to(&format!("/sop/{id}/peluncuran"), "rollout-begun")),
        Err(error) => {
            let words = Oops::from(error).of_form(here.w())?;
            let wrong = words.into_iter().map(|words| ("formulir", words)).collect();
            again(&made(&here, id, c, (&choices, &ticked), typed, wrong))
        }
    }
}

fn typed(fields: &Fields) -> Typed {
    let get = |name: &str| fields.get(name).to_owned();
    Typed {
        begin: get("mulai"),
        day: get("tanggal"),
        clock: get("pukul"),
        shares: get("gelombang"),
        settle: get("pantau"),
        refusals: get("tolak"),
        note: get("alasan"),
    }
}

/// What was typed as an order, and the fields that cannot be read with what to say of them.
fn read(here: &Here, typed: &Typed, ticked: &[String]) -> (RolloutOrder, Vec<(&'static str, &'static str)>) {
    let mut wrong = Vec::new();
    let at = if typed.begin == "nanti" {
        let at = moment(here, typed);
        wrong.extend(at.is_none().then_some(("tanggal", "rollout-wrong-time")));
        wrong.extend(at.filter(|at| *at <= here.now).map(|_| ("tanggal", "rollout-wrong-past")));
        at
    } else {
        None
    };
    let shares = shares(&typed.shares);
    wrong.extend(shares.is_none().then_some(("gelombang", "rollout-wrong-shares")));
    let settle = typed.settle.parse().ok().filter(|minutes| (1..=RolloutRules::LONGEST_SETTLE).contains(minutes));
    wrong.extend(settle.is_none().then_some(("pantau", "rollout-wrong-settle")));
    let refusals = whole(&typed.refusals);
    wrong.extend(refusals.is_none().then_some(("tolak", "rollout-wrong-refusals")));
    let pilots: Option<Vec<SiteId>> = ticked.iter().map(|site| site.parse().ok()).collect();
    wrong.extend(pilots.as_ref().is_none_or(Vec::is_empty).then_some(("lokasi", "rollout-wrong-pilots")));
    let usual = RolloutRules::default();
    let rules = RolloutRules {
        settle_minutes: settle.unwrap_or(usual.settle_minutes),
        refusals_least: refusals.unwrap_or(usual.refusals_least),
        ..usual
    };
    (RolloutOrder { at, pilots: pilots.unwrap_or_default(), shares: shares.unwrap_or_default(), rules }, wrong)
}

fn moment(here: &Here, typed: &Typed) -> Option<Timestamp> {
    let at = dates::parse(&typed.day)?.to_datetime(dates::time(&typed.clock)?);
    at.to_zoned(here.zone()).ok().map(|at| at.timestamp())
}

/// A whole number, its thousands set apart by points or not: "500", "1.500". "1.5" is none.
fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    let mut groups = text.split('.');
    let first = groups.next()?.len();
    let apart = text.contains('.');
    let well = groups.all(|group| group.len() == 3) && (!apart || (1..=3).contains(&first));
    (well && text.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.'))
        .then(|| text.replace('.', ""))?
        .parse()
        .ok()
}

/// "25, 50, 100", "25 50 100" or "25 % 100 %"; nothing is one wave for all that are left.
fn shares(text: &str) -> Option<Vec<u32>> {
    let parts = text.split([',', ';', ' ', '%', '/']).filter(|part| !part.is_empty());
    let shares: Vec<u32> = parts.map(str::parse).collect::<Result<_, _>>().ok()?;
    let grows = shares.windows(2).all(|pair| pair.first() < pair.last());
    (grows && shares.iter().all(|share| (1..=100).contains(share))).then_some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_whole_or_none() {
        for (text, read) in [
            ("500", Some(500)),
            ("1.500", Some(1_500)),
            (" 12.345.678", Some(12_345_678)),
            ("1.5", None),
            ("1500.000", None),
            (".500", None),
            ("", None),
            ("+5", None),
            ("seribu", None),
        ] {
            assert_eq!(whole(text), read, "{text}");
        }
    }

    #[test]
    fn shares_are_read_as_people_type_them() {
        for (text, read) in [
            ("25, 100", Some(vec![25, 100])),
            ("25%, 50%,100%", Some(vec![25, 50, 100])),
            ("10 30", Some(vec![10, 30])),
            ("", Some(vec![])),
            ("100, 25", None),
            ("0", None),
            ("seperempat", None),
            ("120", None),
        ] {
            assert_eq!(shares(text), read, "{text}");
        }
    }
}
