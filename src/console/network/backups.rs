//! Cadangan: which backups there are, how old the newest is, and one now.

use askama::Template;
use gapura_model::ByteCount;

use super::moment;
use crate::answer::{Answer, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

/// A backup.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) made: String,
    pub(super) file: String,
    pub(super) size: String,
    pub(super) by: String,
}

#[derive(Template)]
#[template(path = "backups.html")]
pub(super) struct Backups {
    pub(super) c: Chrome,
    /// Where they go, in words; none where none are scheduled.
    pub(super) plan: Option<String>,
    /// One that is being made: since when, and how much is written.
    pub(super) progress: Option<String>,
    /// Why the last one was not made.
    pub(super) failed: Option<String>,
    pub(super) rows: Vec<Row>,
}

pub(super) async fn backups(here: Here) -> Answer {
    let (w, say) = (here.w(), here.say());
    let all = here.office().backups(30).await?;
    let age = match all.first().map(|last| std::time::Duration::try_from(here.now.duration_since(last.made))) {
        Some(Ok(age)) => w.t1("network-backup-age", "time", say.duration(age)),
        _ => w.t("network-backup-never"),
    };
    let plan = here.office().backup_plan().map(|(directory, every, keep)| {
        let directory = directory.display().to_string();
        let every = w.n("network-every", u64::from(every));
        format!(
            "{} {}",
            w.t2("network-backup-plan", "where", directory, "every", every),
            w.n("network-keeps", u64::from(keep))
        )
    });
    let rows = all.into_iter().map(|one| Row {
        made: moment(&say, one.made),
        file: one.file,
        size: say.bytes(ByteCount::new(one.octets)),
        by: if one.by == "gapura" { w.t("network-by-schedule") } else { one.by },
    });
    let rows = rows.collect();
    let progress = here.office().backup_progress().map(|one| {
        let so_far = say.bytes(ByteCount::new(one.octets));
        w.t2("network-backup-running", "when", say.clock(one.since), "size", so_far)
    });
    let failed = here.office().backup_failed();
    let failed = failed.map(|one| w.t2("network-backup-failed", "when", moment(&say, one.at), "why", one.why));
    page(&Backups { c: Chrome::of(&here, w.t("network-backups")).sub(age), plan, progress, failed, rows })
}

pub(super) async fn make(here: Here, Posted(fields): Posted) -> Answer {
    here.office().ask_for_backup(&here.actor(fields.get("alasan")))?;
    Ok(to("/cadangan", "backup-asked"))
}
