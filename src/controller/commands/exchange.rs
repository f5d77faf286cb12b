//! `export` and `import`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::{CommandError, Desk};
use crate::exchange::Part;
use crate::office::ImportOrder;

/// `gapura controller export DIR|FILE.tar`
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  gapura controller export /srv/ekspor-2026-11\n  gapura controller export /mnt/usb/ekspor.tar --json --reason 'data terbuka 2026'\n\nWithout passwords, codes and keys, in TOML, CSV (RFC 4180, UTC) and JSON; manifest.json names every file with its\nSHA-256. It holds names of staff and what visitors wrote: keep it like a backup, which brings a controller back as it\nwas (gapura controller backup)."
)]
pub struct ExportArgs {
    /// The directory to make, or an archive whose name ends in .tar.
    #[arg(value_name = "DIR|FILE.tar")]
    pub target: PathBuf,
    /// Also how to reach visitors who asked or appealed; the audit log says so.
    #[arg(long)]
    pub with_contacts: bool,
}

/// `gapura controller import DIR|FILE.tar`
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Example:\n  gapura controller import /mnt/usb/ekspor.tar --dry-run\n  gapura controller import /mnt/usb/ekspor.tar --only plans,presets\n\nAll of it or nothing. What is there in other words already is refused; --replace lets the export have its way. SOPs come\nin as drafts that two people put in force. Passwords, codes and records are not taken in: the answer says what to do."
)]
pub struct ImportArgs {
    /// The directory, or the .tar file.
    #[arg(value_name = "DIR|FILE.tar")]
    pub source: PathBuf,
    /// Only these parts.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART,..")]
    pub only: Vec<Part>,
    /// Replace what is there in other words.
    #[arg(long)]
    pub replace: bool,
    /// Only say what would be done.
    #[arg(long)]
    pub dry_run: bool,
}

pub(super) async fn export(args: &ExportArgs, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let target = std::path::absolute(&args.target)
        .map_err(|source| CommandError::Io { what: "tell where the export is to be", source })?;
    let manifest = desk.office.export(&target, args.with_contacts, &desk.who).await?;
    let mut lines: Vec<String> =
        manifest.files.iter().map(|file| format!("{:>10}  {}", file.entries, file.path)).collect();
    lines.push(format!("{} files in {}, as of {}", manifest.files.len() + 1, target.display(), manifest.made));
    out.value(&manifest, &lines.join("\n"))
}

pub(super) async fn import(args: &ImportArgs, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    let only: BTreeSet<Part> =
        if args.only.is_empty() { Part::ALL.into_iter().collect() } else { args.only.iter().copied().collect() };
    let order = ImportOrder { only, replace: args.replace, dry_run: args.dry_run };
    let taken = desk.office.import(&args.source, &order, &desk.who).await?;
    let mut lines = Vec::new();
    for part in &taken.parts {
        let name = part.part.as_str();
        lines.push(format!(
            "{name}: {} added, {} replaced, {} the same, {} left out",
            part.added.len(),
            part.replaced.len(),
            part.same,
            part.left_out.len()
        ));
        lines.extend(part.added.iter().map(|one| format!("  added {one}")));
        lines.extend(part.replaced.iter().map(|one| format!("  replaced {one}")));
        lines.extend(part.left_out.iter().map(|why| format!("  left out {why}")));
    }
    lines.extend(taken.not_taken.iter().cloned());
    lines.extend(taken.published.iter().map(|one| format!("published {} generation {}", one.site, one.generation)));
    if taken.dry_run {
        lines.push("nothing was changed: --dry-run".to_owned());
    }
    out.value(&taken, &lines.join("\n"))
}
