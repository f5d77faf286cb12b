//! Where a look is set.

use askama::Template;
use gapura_controller::{Level, Right, SetAt, SiteStands};
use gapura_speech::Words;
use gapura_wire::Look;

use crate::answer::{Answer, page};
use crate::chrome::Chrome;
use crate::here::Here;
use crate::network::at;
use crate::network::calendars::place;

/// A place.
#[derive(Clone, Debug)]
pub(in crate::network) struct Line {
    pub(in crate::network) href: String,
    pub(in crate::network) name: String,
    /// What is set there.
    pub(in crate::network) set: Vec<String>,
    /// How many sites it reaches, or where a site has its look from.
    pub(in crate::network) about: String,
}

#[derive(Template)]
#[template(path = "looks.html")]
pub(in crate::network) struct List {
    pub(in crate::network) c: Chrome,
    pub(in crate::network) above: Vec<Line>,
    pub(in crate::network) sites: Vec<Line>,
}

/// What a look says, in words.
pub(in crate::network) fn parts(w: Words, look: &Look) -> Vec<String> {
    let mut found = Vec::new();
    let mut put = |is: bool, key: &str| found.extend(is.then(|| w.t(key)));
    put(look.name.is_some(), "looks-name");
    put(look.logo.is_some(), "looks-logo");
    put(look.texts.contains_key("welcome"), "looks-welcome");
    put(look.texts.keys().any(|key| key != "welcome"), "looks-texts");
    if !look.colours.is_empty() {
        found.push(w.n("looks-colours-set", look.colours.len() as u64));
    }
    found
}

/// `/rupa`
pub(in crate::network) async fn list(here: Here) -> Answer {
    let w = here.w();
    let tree = here.office().settings_tree().await?;
    let above = at::levels(&here, &tree).into_iter().map(|level| {
        let at = SetAt::Above(level);
        Line {
            href: at::href("rupa", &at),
            name: at::name(&here, &tree, &at),
            set: parts(w, &tree.said(&at).look),
            about: w.n("looks-reaches", at::below(&here, &tree, &at).len() as u64),
        }
    });
    let above = above.collect();
    let seen = tree.sites.iter().filter(|one| here.may_at(Right::SeeNetwork, Some(&place(one))));
    let sites = seen.map(|one| Line {
        href: at::href("rupa", &SetAt::Site(one.site.clone())),
        name: one.document.name.clone(),
        set: parts(w, &one.own.look),
        about: sources(&here, one),
    });
    let sites = sites.collect();
    let c = Chrome::of(&here, w.t("looks-title")).sub(w.t("looks-sub"));
    page(&List { c, above, sites })
}

/// The levels that a site has its look from.
fn sources(here: &Here, one: &SiteStands) -> String {
    let mut levels: Vec<&Level> = Vec::new();
    for origin in one.origins.iter().filter(|origin| origin.field.starts_with("look.")) {
        if !levels.contains(&&origin.holds.from) {
            levels.push(&origin.holds.from);
        }
    }
    levels.sort();
    let names: Vec<String> = levels.into_iter().map(|level| crate::network::site::level(here, level)).collect();
    if names.is_empty() { here.w().t("looks-usual") } else { names.join(", ") }
}
