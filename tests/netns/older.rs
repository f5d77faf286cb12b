//! Everything once with all hidden that Debian 12's kernel 6.1 or OpenWrt lacks.

use gapura_lab::config::SiteWish;
use gapura_lab::daemon::Site;
use gapura_lab::story::Story;

use crate::stand::{LACKING, lab, program};

#[test]
fn the_whole_story_holds_on_an_older_kernel() {
    let gateway_arguments = LACKING.iter().flat_map(|name| ["--without".to_owned(), (*name).to_owned()]).collect();
    let wish = SiteWish { gateway_arguments, packs: true, ..SiteWish::default() };
    let site = Site::start(lab("older", 5, |_| {}), program(), &wish).unwrap_or_else(|error| panic!("{error}"));
    let mut told = Vec::new();
    for step in Story::new(site, None) {
        eprintln!("{}", step.line());
        told.push(step);
    }
    let broken: Vec<String> = told.iter().filter(|step| !step.held).map(gapura_lab::story::Told::line).collect();
    assert!(broken.is_empty() && told.len() >= 15, "{broken:?}");
}
