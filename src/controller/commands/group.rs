//! `voucher group`.

use clap::Subcommand;
use gapura_model::{GroupId, SiteId};

use super::output::Output;
use super::{CommandError, Desk};
use crate::office::Group;

/// `gapura controller voucher group ...`
#[derive(Clone, Debug, Subcommand)]
pub enum GroupCommand {
    /// Make a group of sites in one time zone: vouchers made for it are good at each of them.
    #[command(
        after_help = "Example:\n  gapura controller voucher group create sinjai --site galeri-sinjai --site telecenter-tongke"
    )]
    Create {
        /// Its name.
        group: GroupId,
        /// A site; may be given several times.
        #[arg(long = "site", value_name = "SITE")]
        sites: Vec<SiteId>,
        /// A note for staff.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// List groups and their sites.
    #[command(after_help = "Example:\n  gapura controller voucher group list --json")]
    List,
    /// Add a site; vouchers made for the group from now on are good there too.
    #[command(after_help = "Example:\n  gapura controller voucher group add sinjai --site hotspot-pelabuhan")]
    Add {
        /// The group.
        group: GroupId,
        /// The site.
        #[arg(long)]
        site: SiteId,
    },
    /// Take a site out; the group's vouchers are withdrawn there, and its shares go back to the others.
    #[command(after_help = "Example:\n  gapura controller voucher group remove sinjai --site hotspot-pelabuhan")]
    Remove {
        /// The group.
        group: GroupId,
        /// The site.
        #[arg(long)]
        site: SiteId,
    },
    /// Delete a group that has no sites and never had a voucher.
    #[command(after_help = "Example:\n  gapura controller voucher group delete sinjai")]
    Delete {
        /// The group.
        group: GroupId,
    },
}

pub(super) async fn group(command: &GroupCommand, desk: &Desk, out: &mut Output<'_>) -> Result<(), CommandError> {
    match command {
        GroupCommand::Create { group, sites, note } => {
            desk.office.add_group(group, sites, note, &desk.who).await?;
            let text = format!("group {group} with {} sites", sites.len());
            out.value(&serde_json::json!({ "group": group, "sites": sites }), &text)
        }
        GroupCommand::List => {
            let groups = desk.office.groups().await?;
            let line = |group: &Group| [group.name.clone(), group.sites.join(" "), group.note.clone()];
            out.table(&groups, ["group", "sites", "note"], &groups.iter().map(line).collect::<Vec<_>>())
        }
        GroupCommand::Add { group, site } => {
            desk.office.add_to_group(group, site, &desk.who).await?;
            let text = format!("site {site} is in group {group}; vouchers made before are not good there");
            out.value(&serde_json::json!({ "group": group, "added": site }), &text)
        }
        GroupCommand::Remove { group, site } => {
            let (withdrawn, published) = desk.office.remove_from_group(group, site, &desk.who).await?;
            let text = format!("site {site} is out of group {group}; {withdrawn} vouchers are withdrawn there");
            let json =
                serde_json::json!({ "group": group, "removed": site, "withdrawn": withdrawn, "published": published });
            out.value(&json, &text)
        }
        GroupCommand::Delete { group } => {
            desk.office.delete_group(group, &desk.who).await?;
            out.value(&serde_json::json!({ "deleted": group }), &format!("group {group} is deleted"))
        }
    }
}
