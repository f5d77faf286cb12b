//! Everything goes out in open formats, from one picture of the database.

mod records;

use std::path::Path;

use futures_util::StreamExt as _;
use gapura_model::SiteId;
use gapura_store::{Table, Tx, timestamp};
use serde::Serialize;
use tokio::sync::mpsc;

use super::group::groups_in;
use super::preset::presets_in;
use super::site::{parse_site, plans_in};
use super::{Actor, Change, Office, OfficeError, read_json};
use crate::document::{PlanFile, TermsDocument};
use crate::exchange::{
    ExchangeError, FaqEntry, FaqFile, GroupEntry, GroupsFile, LevelEntry, LevelsFile, Manifest, MemberEntry, Piece,
    PresetEntry, PresetsFile, SopEntry, TABLES, TermsFile, Written, line, write,
};
use crate::settings::{Calendar, SettingsDocument};

/// Pieces that wait at most.
const WAITING: usize = 4;
/// A piece of a table is sent when it has so many octets.
const PIECE: usize = 256 * 1024;

impl Office {
    /// Writes everything but secrets into a directory, or a tar archive where the name ends in `.tar`; with how visitors can be
    /// reached only where that is asked for. That it was done is noted first.
    pub async fn export(&self, target: &Path, contacts: bool, who: &Actor) -> Result<Manifest, OfficeError> {
        if target.symlink_metadata().is_ok() {
            return Err(ExchangeError::Exists(target.to_owned()).into());
        }
        let with = if contacts { "with" } else { "without" };
        let after = format!("{} {with} contacts", target.display());
        let mut tx = self.store.write().await?;
        let change = Change { action: "export", object: "export".to_owned(), before: "", after: &after };
        self.note(&mut tx, who, change).await?;
        tx.commit().await?;

        let (pieces, taken) = mpsc::channel(WAITING);
        let (file, made) = (target.to_owned(), self.now());
        let writing = tokio::task::spawn_blocking(move || write(&file, (made, contacts), taken));
        let poured = pour(&mut self.store.read().await?, &Out(pieces), contacts).await;
        let written = writing.await.map_err(|_| ExchangeError::Stopped)?;
        // Whichever failed first closed the channel to the other.
        match (poured, written) {
            (Err(OfficeError::Exchange(ExchangeError::Stopped)) | Ok(()), Err(error)) => Err(error.into()),
            (Err(error), _) => Err(error),
            (Ok(()), Ok(manifest)) => Ok(manifest),
        }
    }
}

/// Where files go.
struct Out(mpsc::Sender<Piece>);

impl Out {
    async fn send(&self, piece: Piece) -> Result<(), OfficeError> {
        Ok(self.0.send(piece).await.map_err(|_| ExchangeError::Stopped)?)
    }

    async fn file(&self, path: impl Into<String>, text: impl Into<Vec<u8>>, entries: usize) -> Result<(), OfficeError> {
        self.send(Piece::File(path.into())).await?;
        self.send(Piece::More(text.into(), entries as u64)).await
    }

    async fn toml<T: Serialize>(
        &self,
        path: impl Into<String>,
        document: &T,
        entries: usize,
    ) -> Result<(), OfficeError> {
        let text = toml::to_string_pretty(document);
        let text = text.map_err(|error| ExchangeError::Text("a document", error.to_string()))?;
        self.file(path, text, entries).await
    }
}

async fn pour(tx: &mut Tx, out: &Out, contacts: bool) -> Result<(), OfficeError> {
    let sites = sites(tx, out).await?;
    settings(tx, out).await?;
    counter(tx, out, &sites).await?;
    sops(tx, out).await?;
    people(tx, out).await?;
    let tables = tx.tables().await?;
    for written in TABLES {
        table(tx, out, (&tables, written, contacts)).await?;
    }
    records::requests(tx, out, (&tables, contacts)).await?;
    records::audit(tx, out).await?;
    out.send(Piece::End).await
}

async fn sites(tx: &mut Tx, out: &Out) -> Result<Vec<SiteId>, OfficeError> {
    let mut sites = Vec::new();
    for row in tx.own_documents().await? {
        let own: SettingsDocument = read_json(row.own.as_deref().unwrap_or(&row.document), format!("site {}", row.id))?;
        out.toml(format!("sites/{}.toml", row.id), &own, 1).await?;
        sites.push(parse_site(&row.id)?);
    }
    Ok(sites)
}

async fn settings(tx: &mut Tx, out: &Out) -> Result<(), OfficeError> {
    let plan = plans_in(tx).await?;
    let count = plan.len();
    out.toml("plans.toml", &PlanFile { plan }, count).await?;

    let mut terms = Vec::new();
    for row in tx.all_terms().await? {
        terms.push(read_json::<TermsDocument>(&row.document, format!("terms {}", row.version))?);
    }
    terms.sort_by(|a, b| a.version.cmp(&b.version));
    let count = terms.len();
    out.toml("terms.toml", &TermsFile { terms }, count).await?;

    for row in tx.calendars().await? {
        let calendar: Calendar = read_json(&row.document, format!("calendar {}", row.name))?;
        out.toml(format!("calendars/{}.toml", row.name), &calendar, calendar.holiday.len()).await?;
    }

    let mut file = LevelsFile::default();
    for row in tx.settings().await? {
        let says = read_json(&row.document, format!("settings of {} {}", row.level, row.name))?;
        file.level.push(LevelEntry { level: row.level, name: row.name, says });
    }
    for row in tx.members().await? {
        let damaged = |error: gapura_model::ParseNameError| OfficeError::damaged("a group of settings")(error.into());
        file.member.push(MemberEntry { site: parse_site(&row.site)?, group: row.of_group.parse().map_err(damaged)? });
    }
    file.level.sort_by(|a, b| (&a.level, &a.name).cmp(&(&b.level, &b.name)));
    file.member.sort_by(|a, b| a.site.cmp(&b.site));
    out.toml("settings.toml", &file, file.level.len()).await
}

/// Groups, presets, questions.
async fn counter(tx: &mut Tx, out: &Out, sites: &[SiteId]) -> Result<(), OfficeError> {
    let mut group = Vec::new();
    for one in groups_in(tx).await? {
        let damaged = |error: gapura_model::ParseNameError| OfficeError::damaged("a group")(error.into());
        let sites = one.sites.iter().map(|site| parse_site(site)).collect::<Result<_, _>>()?;
        group.push(GroupEntry { name: one.name.parse().map_err(damaged)?, note: one.note, sites });
    }
    group.sort_by(|a, b| a.name.cmp(&b.name));
    let count = group.len();
    out.toml("voucher-groups.toml", &GroupsFile { group }, count).await?;

    let preset: Vec<PresetEntry> =
        presets_in(tx).await?.into_iter().map(|(id, makes)| PresetEntry { id, makes }).collect();
    let count = preset.len();
    out.toml("presets.toml", &PresetsFile { preset }, count).await?;

    let mut faq = Vec::new();
    for site in std::iter::once(None).chain(sites.iter().map(Some)) {
        for row in tx.faq(site).await?.into_iter().filter(|row| row.site == site.map_or("", SiteId::as_str)) {
            let question = read_json(&row.document, "frequent questions")?;
            faq.push(FaqEntry { site: site.cloned(), question });
        }
    }
    let count = faq.iter().map(|entry| entry.question.len()).sum();
    out.toml("faq.toml", &FaqFile { faq }, count).await
}

async fn sops(tx: &mut Tx, out: &Out) -> Result<(), OfficeError> {
    let mut entries: Vec<SopEntry> = Vec::new();
    for row in tx.sops().await? {
        let Some(row) = tx.sop(row.id).await? else { continue };
        let entry = SopEntry::new(&row);
        // The same text may have been a draft twice.
        if entries.iter().all(|other| other.file != entry.file) {
            out.file(entry.file.clone(), row.document, 1).await?;
        }
        entries.push(entry);
    }
    let text = serde_json::to_vec_pretty(&entries);
    let text = text.map_err(|error| ExchangeError::Text("the list of SOPs", error.to_string()))?;
    out.file("sops.json", text, entries.len()).await
}

async fn people(tx: &mut Tx, out: &Out) -> Result<(), OfficeError> {
    let (people, grants) = (tx.people().await?, tx.grants(None).await?);
    let mut text = Vec::new();
    line(&mut text, ["name", "title", "lang", "grants", "made", "closed"]);
    for one in &people {
        let held = grants.iter().filter(|grant| grant.person == one.name);
        let held: Vec<String> = held.map(|grant| format!("{} {}", grant.role, grant.scope)).collect();
        let closed = one.closed.map_or_else(String::new, |at| timestamp(at).to_string());
        let cells = [&one.name, &one.title, &one.lang, &held.join("; "), &timestamp(one.made).to_string(), &closed];
        line(&mut text, cells.map(String::as_str));
    }
    out.file("people.csv", text, people.len()).await
}

/// A table with those of its columns only.
fn narrowed(tables: &[Table], name: &str, columns: &[&str]) -> Result<Table, OfficeError> {
    let missing = || OfficeError::damaged(format!("table {name}"))("it has not the columns that it should".into());
    let table = tables.iter().find(|table| table.name == name).ok_or_else(missing)?;
    let column =
        |wanted: &&str| table.columns.iter().find(|column| column.name == *wanted).cloned().ok_or_else(missing);
    Ok(Table { name: name.to_owned(), columns: columns.iter().map(column).collect::<Result<_, _>>()? })
}

/// Row by row: a year has millions of visits.
async fn table(
    tx: &mut Tx,
    out: &Out,
    (tables, written, contacts): (&[Table], &Written, bool),
) -> Result<(), OfficeError> {
    let columns = written.columns(contacts);
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let table = narrowed(tables, written.table, &names)?;
    let mut text = Vec::new();
    line(&mut text, names);
    out.file(written.path, std::mem::take(&mut text), 0).await?;
    let (mut rows, mut count) = (tx.pour(&table), 0);
    while let Some(row) = rows.next().await.transpose()? {
        let cells: Vec<String> = row.iter().zip(&columns).map(|(cell, (_, shown))| shown.text(cell)).collect();
        line(&mut text, cells.iter().map(String::as_str));
        count += 1;
        if text.len() >= PIECE {
            out.send(Piece::More(std::mem::take(&mut text), std::mem::take(&mut count))).await?;
        }
    }
    out.send(Piece::More(text, count)).await
}
