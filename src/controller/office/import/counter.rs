//! What an export holds of the counter and the filter: groups, presets, questions, SOPs.

use std::collections::BTreeMap;

use gapura_model::SiteId;
use gapura_store::{SopRow, SopState};
use gapura_wire::{Faq, Sha256};

use super::Taking;
use crate::exchange::{FaqEntry, FaqFile, GroupEntry, GroupsFile, Part, PresetEntry, PresetsFile, SopEntry};
use crate::office::faq::{mistakes as faq_mistakes, trimmed};
use crate::office::group::groups_in;
use crate::office::preset::presets_in;
use crate::office::site::plans_in;
use crate::office::sop::SopFile;
use crate::office::{OfficeError, read_json, write_json};
use crate::preset::{PresetMistake, PresetPlace};

impl Taking<'_> {
    pub(super) async fn groups(&mut self) -> Result<(), OfficeError> {
        let Some(file) = self.toml::<GroupsFile>("voucher-groups.toml") else { return Ok(()) };
        for GroupEntry { name, note, sites } in &file.group {
            let known = groups_in(&mut self.tx).await?.into_iter().find(|group| group.name == name.as_str());
            if known.as_ref().is_some_and(|group| group.note != *note) {
                self.part(Part::VoucherGroups).left_out.push(format!("the note of {name}: that here stays"));
            }
            let before = known.map(|group| group.sites);
            let mut wanted: Vec<String> = sites.iter().map(SiteId::to_string).collect();
            wanted.sort_unstable();
            if !self.differs(Part::VoucherGroups, name.as_str(), before.as_ref(), &wanted) {
                continue;
            }
            if before.is_none() {
                self.tx.add_group(name, note, self.office.now()).await?;
            }
            let there = before.unwrap_or_default();
            // Vouchers of a site that leaves are withdrawn there: a person decides that.
            for site in there.iter().filter(|site| !wanted.contains(site)) {
                self.wrong(
                    "voucher-groups",
                    format!("group {name} has site {site} besides: take it out first, or leave this part out"),
                );
            }
            for site in sites.iter().filter(|site| !there.iter().any(|known| known == site.as_str())) {
                if !self.unsettled.contains(site) {
                    let entered = self.office.enter_group(&mut self.tx, name, site).await;
                    self.fold(&format!("group {name}"), entered)?;
                }
            }
            self.note("group-make", format!("group/{name}"), (&there.join(" "), &wanted.join(" "))).await?;
        }
        Ok(())
    }

    pub(super) async fn presets(&mut self) -> Result<(), OfficeError> {
        let Some(file) = self.toml::<PresetsFile>("presets.toml") else { return Ok(()) };
        let (known, plans) = (presets_in(&mut self.tx).await?, plans_in(&mut self.tx).await?);
        let today = self.office.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        for PresetEntry { id, makes } in &file.preset {
            let before = known.iter().find(|(other, _)| other == id).map(|(_, preset)| preset);
            let mut wrong = makes.mistakes(today);
            if wrong == [PresetMistake::UseBefore] && before != Some(makes) {
                self.part(Part::Presets).left_out.push(format!("{id}: its day to use vouchers before is over"));
                continue;
            }
            wrong.retain(|mistake| *mistake != PresetMistake::UseBefore);
            if !plans.iter().any(|plan| plan.id == makes.plan) {
                wrong.push(PresetMistake::Plan);
            }
            if let PresetPlace::Site(site) = &makes.place
                && !self.unsettled.contains(site)
                && self.tx.site(site).await?.is_none()
            {
                wrong.push(PresetMistake::Site);
            }
            self.all_wrong(&format!("preset {id}"), wrong.into_iter().map(preset_words));
            if self.differs(Part::Presets, id.as_str(), before, makes) {
                let text = write_json(makes, "a preset")?;
                let before = before.map(|preset| write_json(preset, "a preset")).transpose()?.unwrap_or_default();
                self.tx.put_preset(id.as_str(), &text, self.office.now()).await?;
                self.note("preset-set", format!("preset/{id}"), (&before, &text)).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn faq(&mut self) -> Result<(), OfficeError> {
        let Some(file) = self.toml::<FaqFile>("faq.toml") else { return Ok(()) };
        for FaqEntry { site, question } in &file.faq {
            let name = site.as_ref().map_or("the department", SiteId::as_str).to_owned();
            if let Some(site) = site
                && self.tx.site(site).await?.is_none()
            {
                if !self.unsettled.contains(site) {
                    self.wrong("faq.toml", format!("there is no site \"{site}\""));
                }
                continue;
            }
            let question: Vec<Faq> = question.iter().map(trimmed).collect();
            self.all_wrong(&format!("questions of {name}"), faq_mistakes(&question));
            let rows = self.tx.faq(site.as_ref()).await?;
            let row = rows.into_iter().find(|row| row.site == site.as_ref().map_or("", SiteId::as_str));
            let text = row.map(|row| row.document).unwrap_or_default();
            let before: Option<Vec<Faq>> =
                (!text.is_empty()).then(|| read_json(&text, "frequent questions")).transpose()?;
            if self.differs(Part::Faq, &name, before.as_ref(), &question) {
                let after = write_json(&question, "the questions")?;
                self.tx.put_faq(site.as_ref(), &after, self.office.now()).await?;
                let object = site.as_ref().map_or_else(|| "faq".to_owned(), |site| format!("faq/{site}"));
                self.note("faq-set", object, (&text, &after)).await?;
            }
        }
        Ok(())
    }

    /// The published ones, as drafts: two people put them in force here as well.
    pub(super) async fn sops(&mut self) -> Result<(), OfficeError> {
        let Some(text) = self.texts.get("sops.json") else { return Ok(()) };
        let entries: Vec<SopEntry> = match serde_json::from_str(text) {
            Ok(entries) => entries,
            Err(error) => {
                self.wrong("sops.json", error);
                return Ok(());
            }
        };
        let mut newest: BTreeMap<(&str, &str), &SopEntry> = BTreeMap::new();
        for entry in &entries {
            if entry.state != SopState::Published.as_str() {
                continue;
            }
            let kept = newest.entry((&entry.layer, &entry.number)).or_insert(entry);
            if kept.revision < entry.revision {
                *kept = entry;
            }
        }
        let over = entries.len() - newest.len();
        if over > 0 {
            self.part(Part::Sops).left_out.push(format!("{over} that are not, or no longer, in force"));
        }
        let (known, mut files) = (self.tx.sops().await?, Vec::new());
        for entry in newest.into_values() {
            let live = |state: &str| {
                [SopState::Draft, SopState::Approved, SopState::Published].iter().any(|one| one.as_str() == state)
            };
            let same = |row: &&SopRow| {
                row.layer == entry.layer && row.number == entry.number && row.revision == entry.revision
            };
            let there = known.iter().filter(same).find(|row| live(&row.state)).map(|row| row.sha256.clone());
            let name = format!("{} revision {}", entry.number, entry.revision);
            let Some(text) = self.texts.get(&entry.file).cloned() else {
                self.wrong("sops.json", format!("{} is missing", entry.file));
                continue;
            };
            let sha256 = Sha256::of(text.as_bytes()).as_bytes().to_vec();
            if self.differs(Part::Sops, &name, there.as_ref(), &sha256) {
                files.push(SopFile { file: entry.file.clone(), text });
            }
        }
        if !files.is_empty() && self.mistakes.is_empty() {
            let imported = self.office.import_in(&mut self.tx, &files, self.who).await;
            self.fold("", imported)?;
        }
        Ok(())
    }
}

const fn preset_words(mistake: PresetMistake) -> &'static str {
    match mistake {
        PresetMistake::Name => "its name is missing or too long for a tile",
        PresetMistake::Plan => "there is no such plan",
        PresetMistake::UseTime => "its time of use is none or longer than a year",
        PresetMistake::UseBefore => "its day to use vouchers before is over or too far ahead",
        PresetMistake::Devices => "its number of devices is none or too large",
        PresetMistake::Colour => "its colour is none of 1 to 5",
        PresetMistake::Site => "there is no such site",
    }
}
