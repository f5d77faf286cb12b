//! Every address with every role, in and out of its scope, against the table beside: an address that is missing there fails the
//! test.

mod table;

use std::collections::BTreeSet;
use std::time::Duration;

use gapura_controller::{Grant, Role, Scope};
use http::Method;

use super::browser::{Answer, Browser};
use super::office::Department;
use crate::words::words;
use table::{EXPECTED, Line, Who};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    SentToSignIn,
    NotAllowed,
    SentToProve,
    /// The handler was reached, whatever it said.
    Heard,
}

fn fate(answer: &Answer) -> Fate {
    let refused = words(gapura_speech::Lang::Id).t("oops-not-allowed");
    match (answer.status, answer.location()) {
        (303, place) if place == "/masuk" || place.starts_with("/masuk?ke=") => Fate::SentToSignIn,
        (303, place) if place == "/buktikan" || place.starts_with("/buktikan?ke=") => Fate::SentToProve,
        (403, _) if answer.text.contains(&refused) => Fate::NotAllowed,
        _ => Fate::Heard,
    }
}

impl Who {
    /// Whether somebody with this grant may, at this site.
    fn may(self, grant: &Grant, site: &str) -> bool {
        let holds_at = match &grant.scope {
            Scope::Province => true,
            Scope::Regency(name) => name == if site == "galeri" { "Sinjai" } else { "Bone" },
            Scope::Agency(name) => name == if site == "galeri" { "Kominfo" } else { "Pendidikan" },
            Scope::Site(id) => id.as_str() == site,
        };
        match self {
            Self::Anybody | Self::Staff => true,
            Self::Whole(roles) => roles.contains(&grant.role) && grant.scope == Scope::Province,
            Self::AtSite(roles) => roles.contains(&grant.role) && holds_at,
            Self::Anywhere(roles) => roles.contains(&grant.role),
            Self::Desk => grant.role == Role::AgencyOfficer && grant.scope == Scope::Agency("Kominfo".to_owned()),
        }
    }
}

/// All of them; what ends the session is the last.
fn expected() -> Vec<Line> {
    let mut all: Vec<Line> = EXPECTED.iter().flat_map(|room| room.iter().copied()).collect();
    all.sort_by_key(|(_, path, ..)| *path == "/keluar");
    all
}

/// The address with its names filled in; what nothing is known of is called `1`.
fn filled(path: &str, site: &str) -> String {
    let path = path.replace("{site}", site).replace("{name}", "sasaran").replace("{agency}", "Kominfo");
    let part = |part: &str| if part.starts_with('{') { "1".to_owned() } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

async fn ask(browser: &mut Browser, method: &str, path: &str) -> Answer {
    match method {
        "GET" => browser.get(path).await,
        _ => browser.post(path, &[]).await,
    }
}

#[test]
fn every_address_stands_in_the_table_and_nothing_else_does() {
    let known: BTreeSet<_> = expected().iter().map(|(method, path, ..)| (*method, *path)).collect();
    let there: BTreeSet<_> = crate::table().iter().map(|entry| (entry.method, entry.path)).collect();
    let (new, gone) = (there.difference(&known).collect::<Vec<_>>(), known.difference(&there).collect::<Vec<_>>());
    assert!(new.is_empty() && gone.is_empty(), "say who may: {new:?}; not there any more: {gone:?}");
    assert_eq!(known.len(), expected().len());
}

#[test]
fn a_grant_holds_in_its_scope_and_nowhere_else() {
    let grant = |role, scope: &str| Grant { role, scope: scope.parse().unwrap() };
    let (here, there) = (grant(Role::Helpdesk, "agency:Kominfo"), grant(Role::Helpdesk, "regency:Bone"));
    let at = Who::AtSite(&[Role::Helpdesk]);
    assert_eq!([at.may(&here, "galeri"), at.may(&here, "seberang")], [true, false]);
    assert_eq!([at.may(&there, "galeri"), at.may(&there, "seberang")], [false, true]);
    let (whole, anywhere) = (Who::Whole(&[Role::Helpdesk]), Who::Anywhere(&[Role::Helpdesk]));
    assert_eq!([whole.may(&here, "galeri"), anywhere.may(&here, "seberang")], [false, true]);
    let officer = grant(Role::AgencyOfficer, "agency:Kominfo");
    assert_eq!([Who::Desk.may(&officer, "galeri"), Who::Desk.may(&here, "galeri")], [true, false]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_role_reaches_what_is_its_own_and_nothing_else() {
    let department = Department::open("walk").await;
    let clerk = Grant { role: Role::Clerk, scope: "site:galeri".parse().unwrap() };
    department.add("sasaran", vec![clerk]).await;
    let mut stranger = department.browser();
    for (method, path, who, _) in &expected() {
        let fate = fate(&ask(&mut stranger, method, &filled(path, "galeri")).await);
        let open = matches!(who, Who::Anybody);
        // The steps of a sign-in that was not begun lead to its beginning.
        let begins = path.starts_with("/masuk/") && !path.starts_with("/masuk/sso");
        assert_eq!(fate == Fate::Heard, open && !begins, "a stranger at {method} {path}: {fate:?}");
        assert!(open || fate == Fate::SentToSignIn, "{method} {path}: {fate:?}");
    }
    for (number, role) in Role::ALL.iter().enumerate() {
        for (place, scope) in
            ["site:galeri", "site:seberang", "agency:Kominfo", "regency:Bone", "province"].iter().enumerate()
        {
            let grant = Grant { role: *role, scope: scope.parse().unwrap() };
            let name = format!("orang-{number}-{place}");
            let secret = department.add(&name, vec![grant.clone()]).await;
            let mut browser = department.browser();
            department.sign_in(&mut browser, &name, secret.as_deref()).await;
            for (method, path, who, _) in &expected() {
                let sites: &[&str] = if path.contains("{site}") { &["galeri", "seberang"] } else { &["galeri"] };
                for site in sites {
                    let answer = ask(&mut browser, method, &filled(path, site)).await;
                    let expected = if who.may(&grant, site) { Fate::Heard } else { Fate::NotAllowed };
                    // Signing out leads to the sign-in, and so do steps that were not begun.
                    if *path == "/keluar" || path.starts_with("/masuk/") {
                        continue;
                    }
                    let fate = fate(&answer);
                    assert_eq!(fate, expected, "{role} in {scope} at {method} {path} of {site}: {}", answer.text);
                    assert_ne!(answer.status, 500, "{method} {path}: {}", answer.text);
                }
            }
            assert_eq!(browser.cookie, None, "signed out at the end");
        }
    }
    department.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_matters_asks_for_fresh_proof_and_an_old_session_opens_nothing() {
    let department = Department::open("fresh").await;
    let grants = |role: Role| vec![Grant { role, scope: Scope::Province }];
    department.add("sasaran", grants(Role::Clerk)).await;
    for role in Role::ALL {
        let name = format!("orang-{role}");
        let secret = department.add(&name, grants(*role)).await;
        let mut browser = department.browser();
        department.sign_in(&mut browser, &name, secret.as_deref()).await;
        department.clock.advance(Duration::from_mins(6));
        for (method, path, who, fresh) in &expected() {
            let grant = Grant { role: *role, scope: Scope::Province };
            if !who.may(&grant, "galeri") || matches!(who, Who::Anybody) || *path == "/keluar" {
                continue;
            }
            let fate = fate(&ask(&mut browser, method, &filled(path, "galeri")).await);
            let expected = if *fresh { Fate::SentToProve } else { Fate::Heard };
            assert_eq!(fate, expected, "{role} at {method} {path}, six minutes later");
        }
        // A form without this session's token, or from another site, changes nothing.
        let bare = browser.send(Method::POST, "/bahasa", "bahasa=en".to_owned(), &[]).await;
        assert_eq!(bare.status, 403, "{}", bare.text);
        let foreign = [("sec-fetch-site", "cross-site")];
        let foreign = browser.send(Method::POST, "/bahasa", "bahasa=en".to_owned(), &foreign).await;
        assert_eq!(foreign.status, 403, "{}", foreign.text);
        department.clock.advance(Duration::from_mins(31));
        for (method, path, who, _) in expected().iter().filter(|(_, _, who, _)| !matches!(who, Who::Anybody)) {
            let fate = fate(&ask(&mut browser, method, &filled(path, "galeri")).await);
            assert_eq!(fate, Fate::SentToSignIn, "{role} at {method} {path} ({who:?}) after half an hour");
        }
    }
    department.close().await;
}
