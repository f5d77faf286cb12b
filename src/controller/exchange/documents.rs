//! What the TOML and JSON files of an export hold, beside documents that stand for themselves (sites, plans, calendars, SOPs).

use gapura_model::{GroupId, PresetId, SiteId};
use gapura_store::{SopRow, timestamp};
use gapura_wire::{Faq, Sha256};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::document::TermsDocument;
use crate::preset::Preset;
use crate::settings::SettingsDocument;

/// `settings.toml`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LevelsFile {
    /// What each level says.
    #[serde(default)]
    pub(crate) level: Vec<LevelEntry>,
    /// Sites in named groups of settings.
    #[serde(default)]
    pub(crate) member: Vec<MemberEntry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LevelEntry {
    /// `department`, `regency`, `agency`, `kind` or `group`.
    pub(crate) level: String,
    /// Whose; empty for the department.
    pub(crate) name: String,
    pub(crate) says: SettingsDocument,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberEntry {
    pub(crate) site: SiteId,
    pub(crate) group: GroupId,
}

/// `terms.toml`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TermsFile {
    #[serde(default)]
    pub(crate) terms: Vec<TermsDocument>,
}

/// `presets.toml`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresetsFile {
    #[serde(default)]
    pub(crate) preset: Vec<PresetEntry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresetEntry {
    pub(crate) id: PresetId,
    /// What it makes.
    pub(crate) makes: Preset,
}

/// `voucher-groups.toml`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupsFile {
    #[serde(default)]
    pub(crate) group: Vec<GroupEntry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupEntry {
    pub(crate) name: GroupId,
    pub(crate) note: String,
    pub(crate) sites: Vec<SiteId>,
}

/// `faq.toml`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaqFile {
    #[serde(default)]
    pub(crate) faq: Vec<FaqEntry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaqEntry {
    /// Whose questions; none: the department's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) site: Option<SiteId>,
    #[serde(default)]
    pub(crate) question: Vec<Faq>,
}

/// One of `sops.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SopEntry {
    /// The file with its text.
    pub(crate) file: String,
    pub(crate) layer: String,
    /// Where it holds, for people.
    pub(crate) of_place: String,
    pub(crate) number: String,
    pub(crate) revision: i64,
    pub(crate) title: String,
    pub(crate) state: String,
    /// Over its text.
    pub(crate) sha256: Sha256,
    /// Over its decree.
    pub(crate) decree_sha256: Option<Sha256>,
    pub(crate) author: String,
    pub(crate) made: Timestamp,
    pub(crate) approver: Option<String>,
    pub(crate) approved: Option<Timestamp>,
    pub(crate) published: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
}

impl SopEntry {
    /// What is said about a SOP; its text has this hash.
    pub(crate) fn new(row: &SopRow) -> Self {
        let sha256 = Sha256::of(row.document.as_bytes());
        let decree: Option<[u8; 32]> = row.decree.as_deref().and_then(|hash| hash.try_into().ok());
        Self {
            file: sop_file(&row.layer, &row.number, row.revision, &sha256),
            layer: row.layer.clone(),
            of_place: row.of_place.clone(),
            number: row.number.clone(),
            revision: row.revision,
            title: row.title.clone(),
            state: row.state.clone(),
            sha256,
            decree_sha256: decree.map(Sha256::from_bytes),
            author: row.author.clone(),
            made: timestamp(row.made),
            approver: row.approver.clone(),
            approved: row.approved.map(timestamp),
            published: row.published.map(timestamp),
            ended: row.ended.map(timestamp),
        }
    }
}

/// What the file with a SOP's text is called: the same in every export of the same text.
fn sop_file(layer: &str, number: &str, revision: i64, sha256: &Sha256) -> String {
    let plain: String = number.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let hash: String = sha256.to_string().chars().take(12).collect();
    format!("sops/{layer}-{}-r{revision}-{hash}.toml", plain.trim_matches(['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sops_file_has_a_plain_name() {
        let hash = Sha256::from_bytes([0xab; 32]);
        assert_eq!(
            sop_file("regency", "../SOP/73.07/KOMINFO 01", 2, &hash),
            "sops/regency-SOP-73.07-KOMINFO-01-r2-abababababab.toml"
        );
    }
}
