//! A new draft: from nothing, from a SOP that Gapura brings along, or as the next revision of one that was published.

use askama::Template;
use gapura_controller::{SopState, newer_sop};
use gapura_rules::sop::{Catalogue, Source, Stack, packs};
use jiff::civil::Date;

use super::{HOME, text};
use crate::answer::{Answer, Oops, page};
use crate::chrome::Chrome;
use crate::here::Here;

/// Something to begin with.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) about: String,
}

#[derive(Template)]
#[template(path = "sops/new.html")]
pub(super) struct New {
    pub(super) c: Chrome,
    pub(super) revisions: Vec<Choice>,
    pub(super) packs: Vec<Choice>,
}

/// What SOPs begin with.
const TEMPLATE: &str = include_str!("template.toml");

pub(super) async fn new(here: Here) -> Answer {
    let from = here.asked().get("dari").to_owned();
    let text = match from.split_once(':') {
        None if from.is_empty() => return choose(&here).await,
        None if from == "kosong" => template(here.say().today()),
        Some(("paket", file)) => {
            let pack = packs().iter().find(|pack| pack.file == file).ok_or(Oops::NotFound)?;
            pack.text.to_owned()
        }
        Some(("revisi", id)) => here.office().next_revision(super::number(id)?).await?,
        None | Some(_) => return Err(Oops::NotFound),
    };
    let problems = here.office().check_sop(&text).await?;
    page(&text::fresh(&here, text, &problems))
}

/// The template with days that make sense from today on.
pub(super) fn template(today: Date) -> String {
    let year = today.checked_add(jiff::Span::new().years(1)).unwrap_or(today);
    TEMPLATE.replace("2000-01-01", &today.to_string()).replace("2001-01-01", &year.to_string())
}

async fn choose(here: &Here) -> Answer {
    let w = here.w();
    let all = here.office().sops().await?;
    let newest = all.iter().filter(|row| newer_sop(row, &all).is_none());
    let published = newest.filter(|row| row.state == SopState::Published.as_str());
    let revisions = published.map(|row| Choice {
        href: format!("{HOME}/baru?dari=revisi:{}", row.id),
        about: w.t2("sops-number", "number", row.number.as_str(), "revision", row.revision.to_string()),
        name: row.title.clone(),
    });
    let c = Chrome::of(here, w.t("sops-new")).sub(w.t("sops-new-sub")).up(HOME, w.t("sops-title"));
    page(&New { c, revisions: revisions.collect(), packs: pack_choices() })
}

/// The SOPs that Gapura brings along, by the title each gives itself.
pub(super) fn pack_choices() -> Vec<Choice> {
    let choice = |pack: &Source<'_>| {
        let (stack, _) = Stack::adopt(&[*pack], &Catalogue::default());
        let read =
            stack.and_then(|stack| stack.sops().next().map(|sop| (sop.title().to_owned(), sop.number().to_owned())));
        let (name, about) = read.unwrap_or_else(|| (pack.file.to_owned(), String::new()));
        Choice { href: format!("{HOME}/baru?dari=paket:{}", pack.file), name, about }
    };
    packs().iter().map(choice).collect()
}

#[cfg(test)]
mod tests {
    use gapura_rules::sop::{Severity, pack_lists};

    use super::*;

    #[test]
    fn the_template_can_be_kept_as_it_is_and_says_what_is_to_be_filled_in() {
        let (catalogue, _) = Catalogue::read(pack_lists());
        let text = template(jiff::civil::date(2026, 11, 21));
        assert!(text.contains("effective-from = 2026-11-21") && text.contains("review-by = 2027-11-21"), "{text}");
        let (stack, problems) = Stack::read(&[Source { file: "x", text: &text }], &catalogue);
        assert!(problems.iter().all(|problem| problem.severity == Severity::Warning), "{problems:?}");
        let warnings = stack.unwrap().check(jiff::civil::date(2026, 11, 21), &[]);
        assert!(warnings.iter().any(|problem| problem.id == "fill-in"), "{warnings:?}");
    }
}
