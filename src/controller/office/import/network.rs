//! What an export holds of the network: plans, terms, calendars, settings, sites.

use std::collections::BTreeMap;

use gapura_model::{GroupId, SiteId};

use super::Taking;
use crate::document::{PlanFile, TermsDocument};
use crate::exchange::{LevelEntry, LevelsFile, MemberEntry, Part, TermsFile};
use crate::keys::random;
use crate::office::settings::{Above, keep_terms, own_of};
use crate::office::site::{keeps_the_time_of_its_groups, limits_are_not_lent, plans_in};
use crate::office::{OfficeError, read_json, write_json};
use crate::settings::{Calendar, Level, SettingsDocument};

impl Taking<'_> {
    pub(super) async fn plans(&mut self) -> Result<(), OfficeError> {
        let Some(file) = self.toml::<PlanFile>("plans.toml") else { return Ok(()) };
        if file.plan.is_empty() {
            return Ok(());
        }
        let wrong = file.mistakes();
        if !wrong.is_empty() {
            self.all_wrong("plans.toml", wrong);
            return Ok(());
        }
        let (rows, known) = (self.tx.plans().await?, plans_in(&mut self.tx).await?);
        for plan in &file.plan {
            let before = known.iter().find(|one| one.id == plan.id);
            if !self.differs(Part::Plans, plan.id.as_str(), before, plan) {
                continue;
            }
            let lent = limits_are_not_lent(&mut self.tx, &rows, plan).await;
            self.fold("", lent)?;
            let text = write_json(plan, "the plan")?;
            let before = before.map(|plan| write_json(plan, "the plan")).transpose()?.unwrap_or_default();
            self.tx.put_plan(&plan.id, &text, self.office.now()).await?;
            self.note("plan-set", format!("plan/{}", plan.id), (&before, &text)).await?;
        }
        Ok(())
    }

    pub(super) async fn terms(&mut self) -> Result<(), OfficeError> {
        let Some(file) = self.toml::<TermsFile>("terms.toml") else { return Ok(()) };
        for terms in &file.terms {
            let row = self.tx.terms(&terms.version).await?;
            let before: Option<TermsDocument> = row.map(|row| read_json(&row.document, "terms")).transpose()?;
            if before.as_ref() == Some(terms) {
                self.part(Part::Terms).same += 1;
                continue;
            }
            // The words of a version never change, whatever is replaced: visitors accepted them.
            let kept = keep_terms(&mut self.tx, Some(terms), self.office.now()).await;
            if self.fold("terms.toml", kept)?.is_some() {
                self.part(Part::Terms).added.push(terms.version.clone());
                let text = write_json(terms, "the terms")?;
                self.note("terms-add", format!("terms/{}", terms.version), ("", &text)).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn calendars(&mut self) -> Result<(), OfficeError> {
        for (name, calendar) in self.all::<Calendar>("calendars/") {
            let wrong = calendar.mistakes();
            if name.parse::<GroupId>().is_err() {
                self.wrong("calendars", format!("\"{name}\" is no name of a calendar"));
                continue;
            }
            if !wrong.is_empty() {
                self.all_wrong(&format!("calendar {name}"), wrong);
                continue;
            }
            let row = self.tx.calendars().await?.into_iter().find(|row| row.name == name);
            let text = row.map(|row| row.document).unwrap_or_default();
            let before: Option<Calendar> =
                (!text.is_empty()).then(|| read_json(&text, format!("calendar {name}"))).transpose()?;
            if self.differs(Part::Calendars, &name, before.as_ref(), &calendar) {
                let after = write_json(&calendar, "the calendar")?;
                self.tx.put_calendar(&name, &after, self.office.now()).await?;
                self.note("calendar-set", format!("calendar/{name}"), (&text, &after)).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn levels(&mut self) -> Result<(), OfficeError> {
        let Some(file) = self.toml::<LevelsFile>("settings.toml") else { return Ok(()) };
        let rows = self.tx.settings().await?;
        for LevelEntry { level, name, says } in &file.level {
            let Some(known) = Level::above(level, name) else {
                self.wrong("settings.toml", format!("\"{level}\" \"{name}\" is no level above the sites"));
                continue;
            };
            let wrong = says.mistakes_above();
            if !wrong.is_empty() {
                self.all_wrong(&format!("settings of {known}"), wrong);
                continue;
            }
            let row = rows.iter().find(|row| (row.level.as_str(), row.name.as_str()) == known.parts());
            let before: Option<SettingsDocument> =
                row.map(|row| read_json(&row.document, format!("settings of {known}"))).transpose()?;
            if self.differs(Part::Settings, &known.to_string(), before.as_ref(), says) {
                let kept = keep_terms(&mut self.tx, says.terms.as_ref(), self.office.now()).await;
                self.fold(&format!("settings of {known}"), kept)?;
                let (parts, text) = (known.parts(), write_json(says, "the settings")?);
                self.tx.put_setting(parts, &text, self.office.now()).await?;
                let before = row.map_or("", |row| row.document.as_str());
                self.note("settings-set", format!("settings/{}/{}", parts.0, parts.1), (before, &text)).await?;
            }
        }
        Ok(())
    }

    /// Which sites of the export are in named groups of settings; they join once they are there.
    fn members(&mut self) -> Vec<MemberEntry> {
        if !self.order.only.contains(&Part::Settings) {
            return Vec::new();
        }
        self.texts
            .get("settings.toml")
            .and_then(|text| toml::from_str::<LevelsFile>(text).ok())
            .unwrap_or_default()
            .member
    }

    pub(super) async fn sites(&mut self) -> Result<(), OfficeError> {
        let mut above = Above::read(&mut self.tx).await?;
        let members = self.members();
        let joining = members.iter().map(|member| (member.site.to_string(), member.group.to_string()));
        // As it will be: what is there in another group is told of below.
        let before = above.members.clone();
        above.members.extend(joining);
        for (name, own) in self.all::<SettingsDocument>("sites/") {
            let Ok(id) = name.parse::<SiteId>() else {
                self.wrong("sites", format!("\"{name}\" is no name of a site"));
                continue;
            };
            let known = own_of(&mut self.tx, &id).await?;
            if !self.differs(Part::Sites, &name, known.as_ref(), &own) {
                continue;
            }
            let settled = match above.settle(&id, &own) {
                Ok(settled) => settled.document,
                Err(wrong) => {
                    self.all_wrong(&format!("site {id}"), wrong);
                    if known.is_none() {
                        self.unsettled.insert(id);
                    }
                    continue;
                }
            };
            let kept = keep_terms(&mut self.tx, own.terms.as_ref(), self.office.now()).await;
            self.fold(&format!("site {id}"), kept)?;
            let keeps = keeps_the_time_of_its_groups(&mut self.tx, &id, &settled).await;
            self.fold("", keeps)?;
            let (text, after) = (write_json(&settled, "the site")?, write_json(&own, "the site")?);
            self.tx.put_site(&id, &text, &random::<32>()?, self.office.now()).await?;
            self.tx.put_own(&id, Some(&after)).await?;
            let known = known.map(|known| write_json(&known, "the site")).transpose()?.unwrap_or_default();
            self.note("site-set", format!("site/{id}"), (&known, &after)).await?;
        }
        self.join(&before, &members).await
    }

    async fn join(&mut self, before: &BTreeMap<String, String>, members: &[MemberEntry]) -> Result<(), OfficeError> {
        for MemberEntry { site, group } in
            members.iter().filter(|member| !self.unsettled.contains(&member.site)).cloned().collect::<Vec<_>>()
        {
            let what = format!("{site} in group {group}");
            let known = before.get(site.as_str());
            if self.tx.site(&site).await?.is_none() {
                self.wrong("settings.toml", format!("there is no site \"{site}\" to be in group {group}"));
            } else if self.differs(Part::Settings, &what, known, &group.to_string()) {
                self.tx.put_member(&site, Some(group.as_str())).await?;
                let known = known.cloned().unwrap_or_default();
                self.note("settings-join", format!("site/{site}"), (&known, group.as_str())).await?;
            }
        }
        Ok(())
    }
}
