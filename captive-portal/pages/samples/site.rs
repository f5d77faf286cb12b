//! Pages about the content filter, with every kind of content.

use std::collections::BTreeSet;
use std::time::Duration;

use gapura_model::{Name, Reference};

use crate::pages::{self, Asked, Draft, Scene, Slip, Tracked};
use crate::typed::NoSite;
use crate::{AppealRefused, AppealState, Explained, Followed, Ruling, Stage, Text};

use super::at;

type Page = Box<dyn Fn(&Scene<'_>) -> String>;

pub(super) fn name() -> Name {
    "www.situs-taruhan.example".parse().unwrap()
}

pub(super) fn ruling() -> Ruling {
    Ruling {
        words: Text::new(
            "Situs perjudian yang tercantum dalam daftar nasional diblokir di semua lokasi layanan, sepanjang waktu.",
            "Gambling sites on the national list are blocked at every place, at any time.",
        ),
        clause: "4.2".to_owned(),
        clause_text:
            "Situs perjudian yang tercantum dalam daftar TrustPositif diblokir di semua lokasi layanan, sepanjang \
            waktu. Lokasi layanan tidak dapat mengecualikannya."
                .to_owned(),
        sop_title: "SOP Filter Konten Kabupaten Sinjai".to_owned(),
        sop_number: "SOP-07/DISKOMINFO/2026".to_owned(),
        revision: 13,
        basis: vec!["UU 1/2024 Pasal 40 ayat (2b)".to_owned(), "Permenkominfo 5/2020".to_owned()],
        list: Some(Text::plain("TrustPositif")),
        category: Some(Text::new("Perjudian", "Gambling")),
        until: None,
    }
}

fn reference() -> Reference {
    "7KQMA-4X2PB".parse().unwrap()
}

/// Every page, whatever the clock.
pub(super) fn all() -> Vec<(String, Page)> {
    let mut pages: Vec<(String, Page)> = Vec::new();
    let mut add = |name: &str, page: Page| pages.push((name.to_owned(), page));
    add("why", Box::new(|scene| pages::why(scene, &Asked::Nothing)));
    for (name, typed, error) in [
        ("empty", "", NoSite::Empty),
        ("numbers", "http://10.7.0.9:8080/", NoSite::Numbers),
        ("word", "youtube", NoSite::Word),
        ("other", "situs dengan spasi .example", NoSite::Other),
    ] {
        add(&format!("why-no-site-{name}"), Box::new(move |scene| pages::why(scene, &Asked::NoSite { typed, error })));
    }
    for (title, explained) in
        [("open", Explained::Open), ("no-filter", Explained::NoFilter), ("unknown", Explained::Unknown)]
    {
        add(
            &format!("why-{title}"),
            Box::new(move |scene| pages::why(scene, &Asked::Site(&name(), explained.clone()))),
        );
    }
    let own_script: Name = "xn--mgbh0fb.xn--fsq.example".parse().unwrap();
    add("why-open-own-script", Box::new(move |scene| pages::why(scene, &Asked::Site(&own_script, Explained::Open))));
    add("site-blocked-bare", {
        let ruling = Ruling { basis: Vec::new(), clause_text: String::new(), list: None, category: None, ..ruling() };
        Box::new(move |scene| pages::site_blocked(scene, &name(), &ruling))
    });
    for (title, draft) in drafts() {
        add(&format!("appeal{title}"), Box::new(move |scene| pages::appeal(scene, &draft)));
    }
    for (title, refused) in [
        ("wait", AppealRefused::Wait { wait: Duration::from_mins(38) }),
        ("unknown", AppealRefused::Unknown),
        ("busy", AppealRefused::Busy),
        ("storage", AppealRefused::Storage),
        ("device", AppealRefused::UnknownDevice),
        ("not-blocked", AppealRefused::NotBlocked),
    ] {
        let draft = Draft { why: "Untuk tugas sekolah.".to_owned(), ..Draft::of(&name()) };
        add(&format!("appeal-refused-{title}"), Box::new(move |scene| pages::appeal_refused(scene, &draft, refused)));
    }
    for (title, tracked) in [
        ("", Tracked::Nothing),
        ("-no-number", Tracked::NoNumber { typed: "7KQMA-4X".to_owned() }),
        ("-wait", Tracked::Wait { reference: reference(), wait: Duration::from_mins(8) }),
        ("-not-found", Tracked::Known { reference: reference(), found: Followed::NotFound }),
        ("-unavailable", Tracked::Known { reference: reference(), found: Followed::Unavailable }),
    ] {
        add(&format!("follow{title}"), Box::new(move |scene| pages::follow(scene, &tracked)));
    }
    pages
}

/// Those that tell times: also made while the clock is in doubt.
pub(super) fn with_times() -> Vec<(String, Page)> {
    let mut pages: Vec<(String, Page)> = Vec::new();
    let hourly = Ruling {
        words: Text::new(
            "Media sosial diblokir di komputer anak pada jam belajar.",
            "Social media are blocked on children’s computers during study hours.",
        ),
        clause: "7.1".to_owned(),
        clause_text: String::new(),
        list: None,
        category: Some(Text::new("Media sosial", "Social media")),
        until: Some(at("2026-11-20T21:00:00")),
        ..ruling()
    };
    for (title, ruling) in [("site-blocked", ruling()), ("site-blocked-until", hourly)] {
        pages.push((title.to_owned(), Box::new(move |scene| pages::site_blocked(scene, &name(), &ruling))));
    }
    let decided = |granted, opened, words: &str| Stage::Decided {
        granted,
        opened,
        words: words.to_owned(),
        at: at("2026-11-23T10:05:00"),
        until: granted.then(|| jiff::civil::date(2026, 12, 31)),
    };
    for (title, stage) in [
        ("waiting", Stage::Waiting),
        ("received", Stage::Received),
        ("granted", decided(true, true, "Isinya berita, bukan perjudian.\n\nDikecualikan untuk semua lokasi.")),
        ("granted-waiting", decided(true, false, "Isinya berita, bukan perjudian.")),
        ("denied", decided(false, false, "Situs ini memang tempat bertaruh.")),
    ] {
        let state = AppealState { name: name(), filed: at("2026-11-20T20:14:00"), stage };
        let tracked = Tracked::Known { reference: reference(), found: Followed::Found(Box::new(state)) };
        pages.push((format!("followed-{title}"), Box::new(move |scene| pages::follow(scene, &tracked))));
    }
    pages
}

fn drafts() -> Vec<(&'static str, Draft)> {
    let draft = |why: &str, contact: &str, slips: &[Slip]| Draft {
        why: why.to_owned(),
        contact: contact.to_owned(),
        problems: slips.iter().copied().collect::<BTreeSet<_>>(),
        ..Draft::of(&name())
    };
    let long = "Situs ini memuat berita olahraga, bukan taruhan. ".repeat(12);
    vec![
        ("", draft("", "", &[])),
        ("-empty", draft("", "0812 3456 7890", &[Slip::WhyEmpty])),
        ("-long", draft(&long, "", &[Slip::WhyLong])),
        ("-contact-long", draft("Untuk tugas.", &"orang@surel.example ".repeat(6), &[Slip::ContactLong])),
        ("-both", draft("", &"orang@surel.example ".repeat(6), &[Slip::WhyEmpty, Slip::ContactLong])),
        ("-stale", draft("Untuk tugas sekolah.\nTerima kasih.", "", &[Slip::Stale])),
    ]
}

/// The same pages with texts that want out of their place.
pub(super) fn hostile(scene: &Scene<'_>, evil: &str) -> Vec<String> {
    let text = || Text::plain(evil);
    let ruling = Ruling {
        words: text(),
        clause: evil.to_owned(),
        clause_text: evil.to_owned(),
        sop_title: evil.to_owned(),
        sop_number: evil.to_owned(),
        revision: 13,
        basis: vec![evil.to_owned()],
        list: Some(text()),
        category: Some(text()),
        until: None,
    };
    let draft = Draft { why: format!("</textarea>{evil}"), contact: evil.to_owned(), ..Draft::of(&name()) };
    let decided = Stage::Decided {
        granted: false,
        opened: false,
        words: evil.to_owned(),
        at: at("2026-11-23T10:05:00"),
        until: None,
    };
    let state = AppealState { name: name(), filed: at("2026-11-20T20:14:00"), stage: decided };
    vec![
        pages::why(scene, &Asked::NoSite { typed: evil, error: NoSite::Other }),
        pages::site_blocked(scene, &name(), &ruling),
        pages::appeal(scene, &draft),
        pages::follow(scene, &Tracked::NoNumber { typed: evil.to_owned() }),
        pages::follow(scene, &Tracked::Known { reference: reference(), found: Followed::Found(Box::new(state)) }),
    ]
}
