use std::collections::BTreeSet;
use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::samples;

/// One initial TCP window (STANDARDS: first page at most 14 KB compressed, styles included).
const MOST: usize = 14 * 1024;
/// What the design aims at.
const AIM: usize = 6 * 1024;

fn gzip(html: &str) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(html.as_bytes()).unwrap();
    encoder.finish().unwrap().len()
}

/// The values of an attribute.
fn attribute<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    html.split(&format!(" {name}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn every_page_in_every_language_is_whole_and_small() {
    for page in samples::all() {
        let (name, html) = (format!("{} ({})", page.name, page.lang.tag()), &page.html);
        assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"), "{name}: cut off");
        for sign in ['⟪', '⟫'] {
            let (before, _) = html.split_once(sign).unwrap_or(("", ""));
            assert!(
                before.is_empty(),
                "{name}: a message is missing or lacks a variable near {}",
                &html[before.len()..][..60]
            );
        }
        let text = html.split("</style>").nth(1).unwrap();
        assert!(!text.contains('{') && !text.contains('}') && !text.contains("{$"), "{name}: a stray variable");
        let size = gzip(html);
        assert!(size <= MOST, "{name}: {size} bytes compressed");
        assert!(size <= AIM, "{name}: {size} bytes compressed, more than the design aims at");
    }
}

#[test]
fn every_page_keeps_to_the_rules_of_the_house() {
    for page in samples::all() {
        let (name, html) = (format!("{} ({})", page.name, page.lang.tag()), &page.html);
        assert!(html.contains(&format!("<html lang=\"{}\">", page.lang.tag())), "{name}: language");
        for once in ["<h1>", "<main ", "<header ", "<footer>", "<title>", "class=\"skip\""] {
            assert_eq!(html.matches(once).count(), 1, "{name}: {once}");
        }
        assert!(html.matches("btn go").count() <= 1, "{name}: more than one main button");
        for never in ["<script", " style=", "http-equiv", "target=", " src=", "@import", "url(", "<img", "javascript:"]
        {
            assert!(!html.contains(never), "{name}: {never}");
        }
        let ids: Vec<_> = attribute(html, "id");
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{name}: an id stands twice");
        let fields = ["<input", "<textarea"].into_iter().flat_map(|kind| html.split(kind).skip(1));
        for input in fields.map(|rest| rest.split('>').next().unwrap()) {
            let labelled =
                attribute(input, "id").first().is_some_and(|id| html.contains(&format!("<label for=\"{id}\"")));
            assert!(labelled || input.contains("type=\"hidden\""), "{name}: an input without a label:{input}");
        }
        for list in ["aria-describedby", "aria-labelledby"] {
            for id in attribute(html, list).iter().flat_map(|ids| ids.split(' ')) {
                assert!(ids.contains(&id), "{name}: {list} names {id}");
            }
        }
        for href in attribute(html, "href") {
            let known = ["https://www.bmkg.go.id/", "https://www.lapor.go.id/"];
            let own = href.starts_with('/') || href.starts_with('#') || href.starts_with("tel:");
            assert!(own || known.contains(&href), "{name}: a link to {href}");
            if href.starts_with('/') && !html.contains(&format!("href=\"{href}\" lang=")) {
                assert_eq!(
                    href.starts_with("/en/"),
                    page.lang == crate::Lang::En,
                    "{name}: {href} changes the language"
                );
            }
        }
        for form in html.split("<form ").skip(1).map(|rest| rest.split("</form>").next().unwrap()) {
            // Questions change nothing: they need no token, and none may get into an address.
            let asks =
                ["situs", "lacak"].iter().any(|page| form.split('>').next().unwrap().contains(&format!("/{page}\"")));
            let (post, token) = (form.starts_with("method=\"post\""), form.contains("name=\"t\""));
            assert!(if asks { !post && !form.contains("hidden") } else { post && token }, "{name}: the form's token");
        }
    }
}

#[test]
fn nothing_leaves_its_place_in_a_page() {
    for html in samples::hostile() {
        assert!(html.matches("</textarea").count() == html.matches("<textarea").count(), "{html}");
        assert!(!html.contains("<script") && !html.contains("<b>\"") && !html.contains("javascript:"), "{html}");
        assert!(html.contains("&#60;script&#62;") || html.contains("&lt;script&gt;"), "{html}");
    }
}

#[test]
fn every_page_answers_until_when_in_the_sites_zone() {
    for page in samples::all().iter().filter(|page| page.lang == crate::Lang::Id) {
        let html = page.html.replace('\u{a0}', " ");
        let says = |text: &str| assert!(html.contains(text), "{}: \"{text}\" is missing", page.name);
        match page.name.as_str() {
            "closed" => says("Buka kembali besok pukul 08.00 WITA."),
            "closed-holiday" => says("Buka kembali Senin, 23 November 2026 pukul 08.00 WITA."),
            "quota-day" => says("Kuota baru pukul 00.00 WITA."),
            "status" => says("Berakhir pukul 21.26 WITA."),
            "status-soon-5-closing" => {
                says("Sambungan terputus pukul 20.18 WITA.");
                says("Tambah kuota 100 MB");
                assert!(
                    !html.contains("Perpanjang") && !html.contains("masih dapat memperpanjang"),
                    "never past closing"
                );
            }
            "emergency" => says("Sampai pukul 23.30 WITA."),
            "site-blocked-until" => says("Pemblokiran ini berlaku sampai pukul 21.00 WITA."),
            "helped-received" => says("Dijawab paling lambat Selasa, 24 November 2026 pukul 16.00 WITA."),
            "followed-denied" => says("23 November 2026 pukul 10.05 WITA"),
            "refused-use-before" => says("19 November 2026"),
            "uplink-down" => says("Internet sedang terganggu"),
            _ => {}
        }
    }
}

/// Leaves every page in `target/portal-pages`, for `make browser` and for looking at them.
#[test]
fn every_page_is_left_to_be_looked_at() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/portal-pages");
    std::fs::create_dir_all(&folder).unwrap();
    for page in samples::all() {
        std::fs::write(folder.join(format!("{}-{}.html", page.name, page.lang.tag())), page.html).unwrap();
    }
}
