//! How the portal looks, with every kind of content; the frames hold the portal's own page.

use captive_portal::{Colour as PortalColour, Colours, Look, Offer, Previewed, Site, Text, Viewing, preview};
use jiff::tz::TimeZone;

use super::super::look::form::{COLOURS, TEXTS, Typed};
use super::super::look::list::{Line, List, parts};
use super::super::look::{Both, Colour, Edit, Seen, Shown, empty, label, pair_words};
use crate::chrome::Chrome;
use crate::form::Fields;
use crate::samples::Sample;

fn frame(lang: gapura_speech::Lang, dark: bool) -> String {
    let mut look = Look::new(
        Text::plain("Internet Sinjai"),
        Text::plain("Galeri Internet Sinjai Utara"),
        Text::plain("Diskominfo Kabupaten Sinjai"),
    );
    look.welcome = Some(Text::new("Selamat datang di Sinjai", "Welcome to Sinjai"));
    look.colours.brand = PortalColour::new(0x5a, 0x1f, 0x3c);
    look.colours.brand_2 = PortalColour::new(0x6e, 0x2a, 0x4b);
    let zone = TimeZone::get("Asia/Makassar").unwrap();
    let site = Site { zone, week: None, one_tap: Some(Offer::default()), voucher: true, account: true };
    let now = "2026-11-20T12:14:00Z".parse().unwrap();
    let closes = Some("2026-11-20T14:00:00Z".parse().unwrap());
    preview(look, site, &Viewing { page: Previewed::Welcome, lang, dark, now, closes }).html
}

fn faint_dark(w: gapura_speech::Words) -> Vec<String> {
    let on_brand = PortalColour::new(0x9a, 0xc0, 0xb0);
    let dark = Colours { on_brand, brand: PortalColour::new(0xff, 0xff, 0xff), ..Colours::default() };
    dark.faint().iter().map(|pair| pair_words(w, pair)).collect()
}

pub(super) fn samples(c: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let w = c("/rupa", "looks-title").w;
    let site = "/l/galeri-utara/rupa";
    let shown = |dark: bool| Shown {
        title: w.t(if dark { "looks-dark" } else { "looks-light" }),
        src: format!("look-frame-{}-{}.html", if dark { "dark" } else { "light" }, w.lang().tag()),
    };
    let mut usual = Colours::default();
    let colours = COLOURS.map(|(field, token, label)| Colour {
        field,
        label: w.t(label),
        holds: usual.of(token).unwrap().to_string(),
        from: match token {
            "accent" => empty(w, "#f3a712", Some(w.t("network-level-department"))),
            _ => empty(w, &usual.of(token).unwrap().to_string(), None),
        },
    });
    let texts = TEXTS.map(|(field, _, label, most)| Both {
        field,
        label: w.t(label),
        from: w.t1("looks-empty-from", "level", w.t("network-level-department")),
        most,
    });
    let edit = |typed: &str| Edit {
        c: c(site, "looks-title").sub(w.n("looks-reaches", 1)).up("/l/galeri-utara", "Galeri Sinjai Utara".into()),
        base: site.into(),
        may_set: true,
        typed: Typed::of(&Fields::read(typed.as_bytes())),
        name_from: w.t("looks-empty-usual"),
        logo_from: w.t("looks-empty-usual"),
        colours: colours.to_vec(),
        texts: texts.to_vec(),
        sites: vec![("galeri-utara".into(), "Galeri Sinjai Utara".into())],
        pages: vec![("depan", w.t("looks-page-welcome")), ("syarat", w.t("looks-page-terms"))],
        seen: Seen { site: "galeri-utara".into(), english: false, page: "depan".into() },
        frames: vec![shown(false), shown(true)],
        faint: Vec::new(),
        wrong: Vec::new(),
        unkept: false,
    };
    let typed =
        "sambutan-id=Selamat+datang+di+Sinjai&sambutan-en=Welcome+to+Sinjai&warna-1=%235a1f3c&warna-2=%236e2a4b";
    let pale = Colours { on_brand: PortalColour::new(0x50, 0x50, 0x50), ..Colours::default() };
    let faint = pale.faint().iter().map(|pair| pair_words(w, pair)).collect::<Vec<_>>();
    let wrong = [
        ("nama", "looks-wrong-long"),
        ("sambutan-id", "looks-wrong-english-only"),
        ("warna-1", "looks-wrong-colour"),
        ("logo", "looks-wrong-logo"),
    ];
    let told = |(field, key): (&str, &str)| (field.to_owned(), format!("{}: {}", label(w, field), w.t(key)));
    let wrong = wrong.map(told).to_vec();
    let mistaken = Edit {
        faint: vec![w.t2("looks-faint-at", "what", faint[0].clone(), "sites", "Galeri Sinjai Utara")],
        wrong,
        unkept: true,
        ..edit("nama=Galeri&warna-1=merah&sambutan-en=Welcome&warna-3=%23505050")
    };
    let bare = Edit { sites: Vec::new(), frames: Vec::new(), may_set: false, ..edit("") };
    let mut kept = edit(typed);
    kept.c.news = Some(w.t("news-look-saved"));
    let line = |name: String, href: &str, set: Vec<String>, about: String| Line { href: href.into(), name, set, about };
    let look: gapura_wire::Look = serde_json::from_str(
        r##"{"name":"x","colours":{"brand":"#112233"},"texts":{"welcome":{"id":"x"},"service":{"id":"x"}}}"##,
    )
    .unwrap();
    let logo: gapura_wire::Look =
        serde_json::from_str(r#"{"logo":"<svg viewBox=\"0 0 8 8\"><path d=\"M0 0h8\"/></svg>"}"#).unwrap();
    let list = |sites: Vec<Line>| List {
        c: c("/rupa", "looks-title").sub(w.t("looks-sub")),
        above: vec![
            line(w.t("network-level-department"), "/rupa/dinas/semua", parts(w, &look), w.n("looks-reaches", 24)),
            line(
                w.t1("network-level-group", "name", "pulau"),
                "/rupa/kelompok/pulau",
                parts(w, &logo),
                w.n("looks-reaches", 2),
            ),
        ],
        sites,
    };
    let sites = vec![
        line("Galeri Sinjai Utara".into(), site, parts(w, &look), w.t("network-level-site")),
        line("Hotspot Alun-alun".into(), site, Vec::new(), w.t("looks-usual")),
    ];
    vec![
        Sample::of("looks", &list(sites)),
        Sample::of("looks-empty", &list(Vec::new())),
        Sample::of("look", &kept),
        Sample::of("look-wrong", &mistaken),
        Sample::of("look-faint", &Edit { faint: faint_dark(w), ..edit(typed) }),
        Sample::of("look-bare", &bare),
        Sample { name: "look-frame-light", html: frame(w.lang(), false) },
        Sample { name: "look-frame-dark", html: frame(w.lang(), true) },
    ]
}
