//! `sop`.

use std::path::PathBuf;

use clap::Subcommand;
use gapura_model::PolicyGroup;
use gapura_store::{SopRow, SopState, timestamp};
use gapura_wire::Sha256;
use serde_json::{Value, json};

use super::output::Output;
use super::rollout::{self, WaveArgs};
use super::{CommandError, Desk};
use crate::office::{Imported, Published, SopFile, TrialResult, Unheld};

/// `gapura controller sop ...`
#[derive(Clone, Debug, Subcommand)]
pub enum SopCommand {
    /// Check SOPs (TOML) together with all that are published, and take them in as drafts.
    #[command(after_help = "Example:\n  gapura controller sop import sop-filter-sinjai.toml --by ani")]
    Import {
        /// The SOPs.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Take in the SOPs that Gapura brings along (national, regency, telecenters, MPLIK).
    #[command(after_help = "Example:\n  gapura controller sop packs --publish")]
    Packs {
        /// Put them in force at once; only while this installation has no approved SOP.
        #[arg(long)]
        publish: bool,
    },
    /// List all SOPs, and which of them are to be looked through again.
    #[command(after_help = "Example:\n  gapura controller sop list --json")]
    List,
    /// Show one SOP with its text.
    #[command(after_help = "Example:\n  gapura controller sop show 3")]
    Show {
        /// Its number in the list.
        id: i64,
    },
    /// Approve a draft that someone else wrote; its text never changes from then on.
    #[command(after_help = "Example:\n  gapura controller sop approve 3 --by budi")]
    Approve {
        /// Its number in the list.
        id: i64,
    },
    /// Put an approved SOP into the bundles of the sites it applies to: at once, or in waves that stop by themselves when a site falls
    /// ill.
    #[command(
        after_help = "Example:\n  gapura controller sop publish 3 --by budi\n  gapura controller sop publish 3 --by budi --canary galeri-utara --waves 25,100 --settle 30\n  gapura controller sop publish 3 --by budi --at 2026-11-27T20:00 --waves 25,50,100"
    )]
    Publish {
        /// Its number in the list.
        id: i64,
        /// In waves.
        #[command(flatten)]
        waves: WaveArgs,
    },
    /// List rollouts, or show who runs what in one: site by site, since when, what failed.
    #[command(after_help = "Example:\n  gapura controller sop rollout\n  gapura controller sop rollout 3 --json")]
    Rollout {
        /// The SOP's number in the list.
        id: Option<i64>,
    },
    /// Stop a rollout: no further wave begins, sites that have the revision keep it.
    #[command(after_help = "Example:\n  gapura controller sop stop 3 --by budi --reason \"tunggu laporan loket\"")]
    Stop {
        /// The SOP's number in the list.
        id: i64,
    },
    /// Go on with a rollout that stopped, in spite of what is wrong now.
    #[command(
        name = "go-on",
        after_help = "Example:\n  gapura controller sop go-on 3 --by budi --reason \"listrik padam, bukan SOP\"\n  gapura controller sop go-on 3 --all --by budi --reason \"perintah kementerian\""
    )]
    GoOn {
        /// The SOP's number in the list.
        id: i64,
        /// Begin all waves that are left at once.
        #[arg(long)]
        all: bool,
    },
    /// Withdraw a revision from every site; the one before is in force again.
    #[command(
        after_help = "Example:\n  gapura controller sop rollback 3 --by budi --reason \"situs sekolah ikut tertutup\""
    )]
    Rollback {
        /// The SOP's number in the list.
        id: i64,
    },
    /// Take a SOP out of force at all its sites at once, or discard a draft. A national or a province's SOP, and one with a
    /// mandatory clause, is taken out of force by two people (--by and --with); any other by one, with a reason.
    #[command(
        after_help = "Example:\n  gapura controller sop retire 3 --by budi --reason \"dicabut\"\n  gapura controller sop retire 1 --by budi --with ani --reason \"diganti SOP baru\""
    )]
    Retire {
        /// Its number in the list.
        id: i64,
        /// The second person, who agrees.
        #[arg(long, value_name = "NAME")]
        with: Option<String>,
    },
    /// Keep the signed decree (PDF) of a SOP that is not published yet (one that is approved becomes a draft again: the
    /// decree is approved with the text); without a file, write the one that is kept.
    #[command(
        after_help = "Example:\n  gapura controller sop decree 3 sk-bupati.pdf\n  gapura controller sop decree 3 --to copy.pdf"
    )]
    Decree {
        /// Its number in the list.
        id: i64,
        /// The signed decree.
        #[arg(value_name = "FILE.pdf", required_unless_present = "to", conflicts_with = "to")]
        file: Option<PathBuf>,
        /// Write the decree that is kept to this file.
        #[arg(long, value_name = "FILE.pdf")]
        to: Option<PathBuf>,
    },
    /// Let gateways try a draft on the names of their last days; nothing is refused by it.
    #[command(after_help = "Example:\n  gapura controller sop shadow 4 --days 3")]
    Shadow {
        /// Its number in the list.
        id: i64,
        /// For so many days.
        #[arg(long, default_value_t = 7)]
        days: u32,
    },
    /// What a draft would change: totals, and names that at least 3 devices asked for on a day.
    #[command(after_help = "Example:\n  gapura controller sop shadow-report 4")]
    ShadowReport {
        /// Its number in the list.
        id: i64,
    },
}

pub(super) async fn sop(command: &SopCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let (office, who) = (&desk.office, &desk.who);
    match command {
        SopCommand::Import { files } => {
            let files = files.iter().map(|path| {
                let failed = |source| CommandError::Io { what: "read the SOP", source };
                Ok(SopFile { file: path.display().to_string(), text: std::fs::read_to_string(path).map_err(failed)? })
            });
            let files = files.collect::<Result<Vec<_>, CommandError>>()?;
            imported(desk, &office.import_sops(&files, who).await?, (&[], &[]), out)
        }
        SopCommand::Packs { publish } => {
            let (drafts, published) = office.import_packs(*publish, who).await?;
            let unheld = if *publish { office.unheld().await? } else { Vec::new() };
            imported(desk, &drafts, (&published, &unheld), out)
        }
        SopCommand::List => {
            let (sops, unheld) = (office.sops().await?, office.unheld().await?);
            let of = |row: &SopRow| unheld.iter().filter(|one| one.id == row.id).collect::<Vec<_>>();
            let line = |row: &SopRow| {
                let due = is_overdue(desk, row).then(|| "overdue".to_owned());
                let nothing: Vec<_> = of(row).iter().filter(|one| one.nothing).map(|one| one.clause.clone()).collect();
                let nothing = (!nothing.is_empty()).then(|| format!("clause {} holds nothing", nothing.join(", ")));
                [
                    row.id.to_string(),
                    row.state.clone(),
                    row.layer.clone(),
                    row.of_place.clone(),
                    row.number.clone(),
                    row.revision.to_string(),
                    row.review_by.clone().unwrap_or_default(),
                    due.into_iter().chain(nothing).collect::<Vec<_>>().join("; "),
                    row.title.clone(),
                ]
            };
            let json: Vec<_> =
                sops.iter().map(|row| with(described(desk, row), "unheld", &of(row))).collect::<Vec<_>>();
            let header = ["sop", "state", "layer", "for", "number", "revision", "review by", "", "title"];
            out.table(&json, header, &sops.iter().map(line).collect::<Vec<_>>())
        }
        SopCommand::Show { id } => {
            let row = office.sop(*id).await?;
            out.value(&with(described(desk, &row), "text", &row.document), &row.document)
        }
        SopCommand::Approve { id } => {
            let (row, warnings) = office.approve_sop(*id, None, who).await?;
            let text = warnings.iter().map(ToString::to_string);
            let hash = row.decree.as_deref().and_then(|bytes| bytes.try_into().ok()).map(Sha256::from_bytes);
            let decree = hash.map_or_else(String::new, |hash| format!(" with the decree {hash}"));
            let text = text.chain([format!("SOP {id} is approved{decree}; publish it next")]);
            let text = text.collect::<Vec<_>>().join("\n");
            out.value(&with(described(desk, &row), "warnings", &warnings), &text)
        }
        SopCommand::Rollout { id } => rollout::rollout(desk, *id, out).await,
        SopCommand::Stop { id } => {
            office.stop_rollout(*id, who).await?;
            rollout::changed(desk, *id, &[], out).await
        }
        SopCommand::GoOn { id, all } => {
            let published = office.go_on(*id, *all, who).await?;
            rollout::changed(desk, *id, &published, out).await
        }
        SopCommand::Rollback { id } => {
            let published = office.roll_back(*id, who).await?;
            rollout::changed(desk, *id, &published, out).await
        }
        SopCommand::Publish { id, waves } if waves.is_staged() => {
            let order = waves.order(desk, *id).await?;
            let (_, published) = office.roll_out(*id, &order, who).await?;
            rollout::changed(desk, *id, &published, out).await
        }
        SopCommand::Publish { id, .. } => {
            let (row, published) = office.publish_sop(*id, who).await?;
            let unheld = office.unheld().await?;
            let unheld: Vec<_> = unheld.into_iter().filter(|one| one.id == *id).collect();
            let json = json!({ "sop": described(desk, &row), "published": published, "unheld": unheld });
            let text = format!("SOP {id}: {} revision {}, {}", row.number, row.revision, in_force(desk, &row));
            let lines = [text, bundles(&published)].into_iter().chain(unheld.iter().map(ToString::to_string));
            out.value(&json, &lines.collect::<Vec<_>>().join("\n"))
        }
        SopCommand::Retire { id, with } => {
            let (row, published) = office.retire_sop(*id, with.as_deref(), who).await?;
            let json = json!({ "sop": described(desk, &row), "published": published });
            out.value(&json, &format!("SOP {id} is {}; {} bundles published", row.state, published.len()))
        }
        SopCommand::Decree { id, file, to } => decree(desk, (*id, file.as_ref(), to.as_ref()), out).await,
        SopCommand::Shadow { id, days } => {
            let (row, published) = office.try_sop(*id, *days, who).await?;
            let json = json!({ "sop": described(desk, &row), "published": published });
            out.value(&json, &format!("SOP {id} is tried at {} sites; ask shadow-report {id} later", published.len()))
        }
        SopCommand::ShadowReport { id } => {
            let result = office.sop_trial(*id).await?;
            out.value(&result, &trial(&result))
        }
    }
}

async fn decree(
    desk: &Desk,
    (id, file, to): (i64, Option<&PathBuf>, Option<&PathBuf>),
    out: &mut Output<'_>,
) -> Result<(), CommandError> {
    if let Some(path) = file {
        let pdf = std::fs::read(path).map_err(|source| CommandError::Io { what: "read the decree", source })?;
        let row = desk.office.attach_decree(id, &pdf, &desk.who).await?;
        return out.value(&described(desk, &row), &format!("the decree is kept with SOP {id}"));
    }
    let pdf = desk.office.decree(id).await?;
    if let Some(path) = to {
        std::fs::write(path, &pdf).map_err(|source| CommandError::Io { what: "write the decree", source })?;
    }
    out.value(&json!({ "octets": pdf.len() }), &format!("{} octets written", pdf.len()))
}

fn imported(
    desk: &Desk,
    imported: &Imported,
    (published, unheld): (&[Published], &[Unheld]),
    out: &mut Output<'_>,
) -> Result<(), CommandError> {
    let warnings = imported.warnings.iter().map(ToString::to_string);
    let live = |row: &SopRow| row.state == SopState::Published.as_str();
    let sops = imported.sops.iter().map(|row| {
        let next = if live(row) { in_force(desk, row) } else { "draft; a second person approves it next".to_owned() };
        format!("SOP {}: {} revision {}, {next}", row.id, row.number, row.revision)
    });
    let replaced = imported.replaced.iter().map(|row| format!("SOP {}, the draft before, is discarded", row.id));
    let empty = unheld.iter().map(ToString::to_string);
    let sent = imported.sops.iter().any(live).then(|| bundles(published));
    let text = warnings.chain(sops).chain(replaced).chain(sent).chain(empty).collect::<Vec<_>>().join("\n");
    let sops: Vec<_> = imported.sops.iter().map(|row| described(desk, row)).collect();
    let replaced: Vec<_> = imported.replaced.iter().map(|row| row.id).collect();
    let json = json!({
        "sops": sops, "replaced": replaced, "warnings": imported.warnings, "published": published,
        "unheld": unheld,
    });
    out.value(&json, &text)
}

/// Since when a published SOP holds, in words.
fn in_force(desk: &Desk, row: &SopRow) -> String {
    match desk.office.awaited(row) {
        Some(day) => format!("published: in force from {day} on"),
        None => "in force".to_owned(),
    }
}

/// Which sites a publication reached, in words.
fn bundles(published: &[Published]) -> String {
    let count = published.len();
    let sites: Vec<String> =
        published.iter().map(|one| format!("{} generation {}", one.site, one.generation)).collect();
    match count {
        0 => "no bundle was published: there is no site yet that this changes anything for".to_owned(),
        1 => format!("a bundle was published for 1 site: {}", sites.join(", ")),
        _ => format!("bundles were published for {count} sites: {}", sites.join(", ")),
    }
}

fn trial(result: &TrialResult) -> String {
    let total = |what: &str, total: gapura_wire::ShadowTotal| {
        format!("{what}: {} names, {} questions", total.names, total.questions)
    };
    let mut lines = vec![
        format!("{} gateways reported", result.gateways),
        total("refused by the draft", result.blocked),
        total("opened by the draft", result.opened),
        total("as they are", result.same),
    ];
    lines.extend(result.names.iter().map(|name| {
        let groups: Vec<_> = name.groups.iter().map(PolicyGroup::as_str).collect();
        let clause = name.clause.as_ref().map_or_else(String::new, |clause| format!(" clause {}", clause.clause));
        let list = name.list.as_ref().map_or_else(String::new, |list| format!(" list {list}"));
        format!("{:>8}  {}  {}  {}{clause}{list}", name.questions, name.then.as_str(), name.name, groups.join(","))
    }));
    lines.join("\n")
}

/// A SOP for programs, without its text.
fn described(desk: &Desk, row: &SopRow) -> Value {
    let hex = |bytes: &[u8]| bytes.try_into().ok().map(Sha256::from_bytes);
    json!({
        "id": row.id, "state": row.state, "layer": row.layer, "for": row.of_place, "number": row.number,
        "revision": row.revision, "title": row.title, "sha256": hex(&row.sha256), "review_by": row.review_by,
        "review_overdue": is_overdue(desk, row), "author": row.author, "made": timestamp(row.made),
        "approver": row.approver, "approved": row.approved.map(timestamp), "published": row.published.map(timestamp),
        "ended": row.ended.map(timestamp), "decree": row.decree.as_deref().and_then(hex), "trial": row.trial,
        "trial_until": row.trial_until.map(timestamp),
    })
}

/// The same, with one field more.
fn with(mut value: Value, field: &str, more: &impl serde::Serialize) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.insert(field.to_owned(), json!(more));
    }
    value
}

/// Whether a published SOP should have been looked through.
fn is_overdue(desk: &Desk, row: &SopRow) -> bool {
    row.state == SopState::Published.as_str() && desk.office.is_overdue(row)
}
