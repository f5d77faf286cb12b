//! Kelompok lokasi: vouchers that are good at several sites, made and seen together; and the groups of sites themselves.

use askama::Template;
use gapura_controller::preset::MOST_AT_ONCE;
use gapura_controller::{Group, GroupBatch, PrintError, PrintMistake, PrintOrder, Right, SitePlace};
use gapura_model::{GroupId, SiteId};
use jiff::Timestamp;

use super::{form_key, speak};
use crate::answer::{Answer, Oops, again, page, see_other, to};
use crate::chrome::Chrome;
use crate::form::{Fields, Posted};
use crate::here::Here;
#[cfg(test)]
use crate::samples::Sample;

/// Where vouchers of groups are.
const HOME: &str = "/voucer-kelompok";
/// Where groups are made.
const SITES: &str = "/kelompok-lokasi";
/// Batches of a group in sight.
const LAST: u32 = 20;

/// A batch.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) name: String,
    pub(super) what: String,
    pub(super) tags: Vec<(&'static str, String)>,
    /// Where it is printed again.
    pub(super) print: Option<String>,
    /// It can be withdrawn.
    pub(super) revoke: bool,
}

/// A group, and what is typed into its form.
#[derive(Clone, Debug, Default)]
pub(super) struct One {
    pub(super) name: String,
    pub(super) note: String,
    pub(super) sites: Vec<String>,
    pub(super) may_make: bool,
    /// The form's key.
    pub(super) key: String,
    /// Id and words of each preset that is offered at all of its sites.
    pub(super) choices: Vec<(String, String)>,
    pub(super) count: String,
    pub(super) chosen: String,
    pub(super) typed: String,
    pub(super) wrong: Vec<String>,
    pub(super) batches: Vec<Batch>,
}

#[derive(Template)]
#[template(path = "vouchers-groups.html")]
pub(super) struct Groups {
    pub(super) c: Chrome,
    pub(super) most: u32,
    pub(super) may_set: bool,
    pub(super) found: Vec<One>,
}

/// A group as the department sees it: its sites, and those it could have.
#[derive(Clone, Debug)]
pub(super) struct Members {
    pub(super) name: String,
    pub(super) note: String,
    pub(super) sites: Vec<(String, String)>,
    pub(super) others: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "site-groups.html")]
pub(super) struct SiteGroups {
    pub(super) c: Chrome,
    pub(super) wrong: Vec<String>,
    pub(super) typed: (String, String),
    pub(super) members: Vec<Members>,
}

fn places<'a>(group: &Group, all: &'a [SitePlace]) -> Vec<&'a SitePlace> {
    all.iter().filter(|place| group.sites.iter().any(|site| site == place.site.as_str())).collect()
}

/// Whether the person may do this at every site of the group.
fn may(here: &Here, right: Right, group: &Group, all: &[SitePlace]) -> bool {
    let places = places(group, all);
    !places.is_empty() && places.into_iter().all(|place| here.may_at(right, Some(place)))
}

/// `/voucer-kelompok`
pub(super) async fn groups(here: Here) -> Answer {
    page(&seen(&here).await?)
}

async fn seen(here: &Here) -> Result<Groups, Oops> {
    let w = here.w();
    let (all, named) = (here.office().site_places().await?, here.office().sites().await?);
    let mut found = Vec::new();
    for group in here.office().groups().await? {
        if !places(&group, &all).into_iter().any(|place| here.may_at(Right::SeeVouchers, Some(place))) {
            continue;
        }
        let id: GroupId = group.name.parse().map_err(|_| Oops::Broken)?;
        let may_make = may(here, Right::MakeVouchers, &group, &all);
        let may_revoke = may(here, Right::RevokeVouchers, &group, &all);
        let batches = here.office().group_batches(&id, (LAST, 0)).await?;
        let names = named.iter().filter(|(site, _)| group.sites.iter().any(|one| one == site.as_str()));
        found.push(One {
            sites: names.map(|(_, document)| document.name.clone()).collect(),
            may_make,
            key: form_key()?,
            choices: if may_make { choices(here, &group).await? } else { Vec::new() },
            count: "24".to_owned(),
            batches: batches.iter().map(|one| batch(here, one, (may_make, may_revoke))).collect(),
            name: group.name,
            note: group.note,
            ..One::default()
        });
    }
    Ok(Groups {
        c: Chrome::of(here, w.t("vouchers-groups")).sub(w.t("vouchers-groups-sub")),
        most: MOST_AT_ONCE,
        may_set: here.may_at(Right::SetNetwork, None),
        found,
    })
}

/// The presets that are offered at every site of a group.
async fn choices(here: &Here, group: &Group) -> Result<Vec<(String, String)>, Oops> {
    let mut found: Option<Vec<(String, String)>> = None;
    for site in &group.sites {
        let site: SiteId = site.parse().map_err(|_| Oops::Broken)?;
        let tiles = here.office().tiles(&site).await?;
        let here_too = |id: &str| tiles.iter().any(|tile| tile.id.as_str() == id);
        found = Some(match found {
            None => tiles.iter().map(|tile| (tile.id.to_string(), tile.preset.name.id.clone())).collect(),
            Some(known) => known.into_iter().filter(|(id, _)| here_too(id)).collect(),
        });
    }
    Ok(found.unwrap_or_default())
}

fn batch(here: &Here, batch: &GroupBatch, (print, revoke): (bool, bool)) -> Batch {
    let (w, say) = (here.w(), here.say());
    let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default();
    let many = |n: i64| u64::try_from(n).unwrap_or_default();
    let over = batch.use_before.map(at).is_some_and(|before| before <= here.now);
    let mut tags = vec![("off", w.n("vouchers-n-codes", many(batch.amount)))];
    if batch.used > 0 {
        tags.push(("good", w.n("vouchers-n-used", many(batch.used))));
    }
    if batch.good < batch.amount {
        tags.push(("bad", w.n("vouchers-n-withdrawn", many(batch.amount - batch.good))));
    }
    let mut what = format!("{}, {}", batch.plan, speak::moment(&say, at(batch.made)));
    if let Some(before) = batch.use_before.map(at) {
        what = format!("{what}, {}", w.t1("vouchers-use-before", "when", speak::spoken(&say, before)));
    }
    if !batch.note.is_empty() {
        what = format!("{what}, {}", batch.note);
    }
    let kept = batch.kept_at.as_ref().filter(|_| print && !over);
    Batch {
        print: kept.map(|site| format!("/l/{site}/voucer/kertas?kelompok={}", batch.batch)),
        revoke: revoke && !over && batch.good > 0,
        name: batch.batch.clone(),
        what,
        tags,
    }
}

/// The group of a form, if the person may do this at all of its sites.
async fn asked(here: &Here, fields: &Fields, right: Right) -> Result<(GroupId, Group), Oops> {
    let id: GroupId = fields.get("grup").parse().map_err(|_| Oops::NotFound)?;
    let group = here.office().groups().await?.into_iter().find(|one| one.name == id.as_str());
    let group = group.ok_or(Oops::NotFound)?;
    let all = here.office().site_places().await?;
    if may(here, right, &group, &all) { Ok((id, group)) } else { Err(Oops::NotAllowed) }
}

/// Makes vouchers, and leads to their paper.
pub(super) async fn make(here: Here, Posted(fields): Posted) -> Answer {
    let (id, group) = asked(&here, &fields, Right::MakeVouchers).await?;
    let first = group.sites.first().and_then(|site| site.parse::<SiteId>().ok()).ok_or(Oops::NotFound)?;
    let form = fields.get("kunci").parse().map_err(|_| Oops::Stale)?;
    let w = here.w();
    let Ok(preset) = fields.get("pilihan").parse() else {
        return kept(&here, &fields, vec![w.t("vouchers-groups-preset")]).await;
    };
    let order = PrintOrder {
        site: first.clone(),
        preset,
        count: fields.get("jumlah").parse().unwrap_or_default(),
        use_before: None,
        note: fields.get("catatan").to_owned(),
        form,
    };
    match here.office().print_group_vouchers(&id, &order, &here.actor("")).await {
        Ok(printed) => {
            let known = if printed.again { "&lagi=1" } else { "" };
            Ok(see_other(&format!("/l/{first}/voucer/kertas?kelompok={}{known}", printed.batch)))
        }
        Err(PrintError::Mistakes(mistakes)) => {
            let told = |mistake| match mistake {
                PrintMistake::Count => w.n("vouchers-count-wrong", u64::from(MOST_AT_ONCE)),
                PrintMistake::NoteMissing => w.t("vouchers-note-missing"),
                PrintMistake::NoteUnfit => w.t("vouchers-note-unfit"),
                PrintMistake::Preset => w.t("vouchers-groups-preset"),
                PrintMistake::UseBefore(why) => speak::no_time(w, why),
            };
            kept(&here, &fields, mistakes.into_iter().map(told).collect()).await
        }
        Err(PrintError::Office(error)) => kept(&here, &fields, Oops::from(error).of_form(w)?).await,
    }
}

/// The page with what was typed.
async fn kept(here: &Here, fields: &Fields, wrong: Vec<String>) -> Answer {
    let mut shown = seen(here).await?;
    if let Some(one) = shown.found.iter_mut().find(|one| one.name == fields.get("grup")) {
        fields.get("jumlah").clone_into(&mut one.count);
        fields.get("pilihan").clone_into(&mut one.chosen);
        fields.get("catatan").clone_into(&mut one.typed);
        one.wrong = wrong;
    }
    again(&shown)
}

/// Withdraws a batch at every site.
pub(super) async fn revoke(here: Here, Posted(fields): Posted) -> Answer {
    let (id, _) = asked(&here, &fields, Right::RevokeVouchers).await?;
    if fields.get("alasan").is_empty() {
        return Err(Oops::Refused(here.w().t("vouchers-reason-missing")));
    }
    here.office().revoke_group_batch(&id, fields.get("kelompok"), &here.actor(fields.get("alasan"))).await?;
    Ok(to(HOME, "vouchers-revoked"))
}

/// `/kelompok-lokasi`
pub(super) async fn sites(here: Here) -> Answer {
    page(&members(&here).await?)
}

async fn members(here: &Here) -> Result<SiteGroups, Oops> {
    let w = here.w();
    let named: Vec<(String, String)> =
        here.office().sites().await?.into_iter().map(|(id, document)| (id.to_string(), document.name)).collect();
    let groups = here.office().groups().await?.into_iter().map(|group| {
        let (sites, others) = named.iter().cloned().partition(|(id, _)| group.sites.contains(id));
        Members { name: group.name, note: group.note, sites, others }
    });
    Ok(SiteGroups {
        c: Chrome::of(here, w.t("site-groups")).sub(w.t("site-groups-sub")),
        wrong: Vec::new(),
        typed: (String::new(), String::new()),
        members: groups.collect(),
    })
}

/// Makes a group, takes a site in or out, or takes an empty group away.
pub(super) async fn set(here: Here, Posted(fields): Posted) -> Answer {
    match changed(&here, &fields).await {
        Ok(news) => Ok(to(SITES, news)),
        Err(oops) => {
            let wrong = oops.of_form(here.w())?;
            let typed = (fields.get("nama").to_owned(), fields.get("catatan").to_owned());
            again(&SiteGroups { wrong, typed, ..members(&here).await? })
        }
    }
}

async fn changed(here: &Here, fields: &Fields) -> Result<&'static str, Oops> {
    let (office, who) = (here.office(), here.actor(fields.get("alasan")));
    let site = || fields.get("lokasi").parse::<SiteId>().map_err(|_| Oops::NotFound);
    let group = |field: &str| fields.get(field).parse::<GroupId>();
    if fields.get("apa") == "baru" {
        let name = group("nama").map_err(|_| Oops::Refused(here.w().t("levels-wrong-id")))?;
        office.add_group(&name, &[], fields.get("catatan"), &who).await?;
        return Ok("site-group-made");
    }
    let group = group("grup").map_err(|_| Oops::NotFound)?;
    match fields.get("apa") {
        "masuk" => office.add_to_group(&group, &site()?, &who).await.map(|()| "site-group-changed"),
        "keluar" if fields.get("alasan").is_empty() => {
            return Err(Oops::Refused(here.w().t("site-groups-reason-missing")));
        }
        "keluar" => office.remove_from_group(&group, &site()?, &who).await.map(|_| "site-group-changed"),
        "hapus" => office.delete_group(&group, &who).await.map(|()| "site-group-gone"),
        _ => return Err(Oops::NotFound),
    }
    .map_err(Oops::from)
}

/// These pages, to be looked at.
#[cfg(test)]
pub(super) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let w = frame("/voucer-kelompok", "vouchers-groups").w;
    let groups = |some: bool| {
        let one = One {
            name: "sinjai-utara".to_owned(),
            note: "pusat kota".to_owned(),
            sites: vec!["Galeri Sinjai Utara".to_owned(), "Telecenter Bulupoddo".to_owned()],
            may_make: true,
            choices: vec![("pelajar".to_owned(), "Pelajar".to_owned())],
            count: "24".to_owned(),
            typed: "lomba".to_owned(),
            wrong: vec![w.t("vouchers-groups-preset")],
            batches: vec![Batch {
                name: "20261121-7KQM".to_owned(),
                what: "umum, 20.14, lomba".to_owned(),
                tags: vec![("off", w.n("vouchers-n-codes", 24)), ("good", w.n("vouchers-n-used", 3))],
                print: Some("/l/galeri-utara/voucer/kertas?kelompok=20261121-7KQM".to_owned()),
                revoke: true,
            }],
            ..One::default()
        };
        Groups {
            c: frame("/voucer-kelompok", "vouchers-groups"),
            most: 1000,
            may_set: true,
            found: if some { vec![one] } else { Vec::new() },
        }
    };
    let site_groups = || {
        let one = |sites: &[&str]| Members {
            name: format!("sinjai-{}", sites.len()),
            note: "pusat kota".to_owned(),
            sites: sites.iter().map(|name| ((*name).to_owned(), (*name).to_owned())).collect(),
            others: vec![("telecenter".to_owned(), "Telecenter Bulupoddo".to_owned())],
        };
        SiteGroups {
            c: frame("/kelompok-lokasi", "site-groups"),
            wrong: vec![w.t("levels-wrong-id")],
            typed: ("Sinjai Utara".to_owned(), String::new()),
            members: vec![one(&["Galeri Sinjai Utara"]), one(&[])],
        }
    };
    vec![
        Sample::of("vouchers-groups", &groups(true)),
        Sample::of("vouchers-groups-none", &groups(false)),
        Sample::of("site-groups", &site_groups()),
    ]
}
