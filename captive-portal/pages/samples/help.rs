//! Help and requests, with every kind of content.

use std::time::Duration;

use gapura_model::Reference;

use crate::pages::{self, HelpSlip, Plea, Scene, Tracked};
use crate::{Followed, HelpAnswer, HelpRefused, HelpStage, HelpState, HelpTopic};

use super::at;

type Page = Box<dyn Fn(&Scene<'_>) -> String>;

fn reference() -> Reference {
    "7KQMA-4X2PB".parse().unwrap()
}

fn plea(words: &str, contact: &str, slips: &[HelpSlip]) -> Plea {
    Plea {
        words: words.to_owned(),
        contact: contact.to_owned(),
        problems: slips.iter().copied().collect(),
        ..Plea::default()
    }
}

/// Every page, whatever the clock.
pub(super) fn all() -> Vec<(String, Page)> {
    let long = "Sejak kemarin ponsel saya tersambung tetapi tidak ada Internet. ".repeat(18);
    let contact = "orang@surel.example ".repeat(6);
    let about = Plea { about: Some(super::site::name()), topic: HelpTopic::Blocked, ..Plea::default() };
    let pleas = [
        ("help", Plea::default()),
        ("help-about", about),
        ("help-empty", plea("", "0812 3456 7890", &[HelpSlip::WordsEmpty])),
        ("help-long", plea(&long, "", &[HelpSlip::WordsLong])),
        ("help-contact-long", plea("Tolong.", &contact, &[HelpSlip::ContactLong])),
        ("help-both", plea("", &contact, &[HelpSlip::WordsEmpty, HelpSlip::ContactLong])),
        ("help-stale", plea("Tidak bisa masuk.\nTerima kasih.", "", &[HelpSlip::Stale])),
    ];
    let mut pages: Vec<(String, Page)> = Vec::new();
    for (name, plea) in pleas {
        pages.push((name.to_owned(), Box::new(move |scene| pages::help(scene, &plea, None))));
    }
    for (name, refused) in [
        ("wait", HelpRefused::Wait { wait: Duration::from_mins(38) }),
        ("busy", HelpRefused::Busy),
        ("storage", HelpRefused::Storage),
        ("device", HelpRefused::UnknownDevice),
    ] {
        let plea = plea("Tidak bisa masuk.", "", &[]);
        pages.push((format!("help-refused-{name}"), Box::new(move |scene| pages::help(scene, &plea, Some(refused)))));
    }
    pages
}

fn helped(stage: HelpStage, answers: Vec<HelpAnswer>) -> Page {
    let due = (!matches!(stage, HelpStage::Waiting)).then(|| at("2026-11-24T16:00:00"));
    let state = HelpState { topic: HelpTopic::Complaint, filed: at("2026-11-20T20:14:00"), stage, due, answers };
    let tracked = Tracked::Known { reference: reference(), found: Followed::Help(Box::new(state)) };
    Box::new(move |scene| pages::follow(scene, &tracked))
}

/// Those that tell times: also made while the clock is in doubt.
pub(super) fn with_times() -> Vec<(String, Page)> {
    let agency = || "Dinas Pendidikan Kabupaten Sinjai".to_owned();
    let answer = |agency: Option<String>, words: &str| HelpAnswer {
        at: at("2026-11-23T10:05:00"),
        agency,
        words: words.to_owned(),
    };
    let two = vec![
        answer(None, "Kami teruskan kepada sekolah."),
        answer(Some(agency()), "Ruang komputer dibuka lagi hari Rabu.\n\nTerima kasih."),
    ];
    let pages = [
        ("helped-waiting", HelpStage::Waiting, Vec::new()),
        ("helped-received", HelpStage::Received, Vec::new()),
        ("helped-in-work", HelpStage::InWork, Vec::new()),
        ("helped-forwarded", HelpStage::Forwarded { agency: agency() }, vec![answer(None, "Kami teruskan.")]),
        ("helped-answered", HelpStage::Answered, two.clone()),
        ("helped-closed", HelpStage::Closed, two),
        ("helped-refused", HelpStage::Refused, Vec::new()),
    ];
    pages.into_iter().map(|(name, stage, answers)| (name.to_owned(), helped(stage, answers))).collect()
}

/// The same pages with texts that want out of their place.
pub(super) fn hostile(scene: &Scene<'_>, evil: &str) -> Vec<String> {
    let answer = |agency| HelpAnswer { at: at("2026-11-23T10:05:00"), agency, words: evil.to_owned() };
    vec![
        pages::help(scene, &plea(&format!("</textarea>{evil}"), evil, &[]), None),
        helped(HelpStage::Forwarded { agency: evil.to_owned() }, vec![answer(Some(evil.to_owned())), answer(None)])(
            scene,
        ),
    ]
}
