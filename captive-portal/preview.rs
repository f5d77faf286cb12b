//! Pages as visitors would see them, for whoever chooses a look: real pages in which nothing leads anywhere.

use std::sync::Arc;

use gapura_model::{Moment, Uptime};
use gapura_speech::Say;
use jiff::Timestamp;

use crate::dress::Dress;
use crate::pages::{self, Scene};
use crate::style::Scheme;
use crate::words::words;
use crate::{Door, Lang, Look, Site, State, Uplink, View};

/// Which page is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Previewed {
    /// The first page.
    Welcome,
    /// The terms of use.
    Terms,
    /// What is recorded.
    Privacy,
}

/// How a page is looked at.
#[derive(Clone, Debug)]
pub struct Viewing {
    /// Which one.
    pub page: Previewed,
    /// In which language.
    pub lang: Lang,
    /// As on a dark screen.
    pub dark: bool,
    /// When.
    pub now: Timestamp,
    /// When the site closes; `None`: never.
    pub closes: Option<Timestamp>,
}

/// A page to look at.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The page.
    pub html: String,
    /// The `Content-Security-Policy` to send it with: it may stand in a frame of its own host, and nothing in it runs.
    pub policy: String,
}

/// A page of the portal in `look`, also in one that [`Look::check`] refuses: people see what is wrong with it.
pub fn preview(look: Look, site: Site, viewing: &Viewing) -> Preview {
    let zone = site.zone.clone();
    let view = View {
        site: Arc::new(site),
        state: State::Ready,
        door: Door::Open { closes: viewing.closes },
        uplink: Uplink::Up,
        notice: None,
        wait: None,
    };
    let dress = Dress::unchecked(look, if viewing.dark { Scheme::Dark } else { Scheme::Light });
    let say = Say::new(words(viewing.lang), zone, Moment::trusted(Uptime::default(), viewing.now));
    let scene = Scene { dress: &dress, view: &view, say, path: "/".to_owned(), token: String::new(), passwords: true };
    let html = match viewing.page {
        Previewed::Welcome => pages::welcome(&scene, None),
        Previewed::Terms => pages::terms(&scene),
        Previewed::Privacy => pages::privacy(&scene),
    };
    // Only templates have quotation marks: in what people wrote they are escaped.
    let html = html.replace(" href=\"", " data-href=\"");
    let policy = format!("{}; sandbox", dress.style.policy)
        .replace("form-action 'self'", "form-action 'none'")
        .replace("frame-ancestors 'none'", "frame-ancestors 'self'");
    Preview { html, policy }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{Colour, Text};

    fn viewing(lang: Lang, dark: bool) -> Viewing {
        let now = "2026-11-20T12:14:00Z".parse().unwrap();
        Viewing { page: Previewed::Welcome, lang, dark, now, closes: None }
    }

    fn site() -> Site {
        let zone = TimeZone::get("Asia/Makassar").unwrap();
        Site { zone, week: None, one_tap: Some(crate::Offer::default()), voucher: true, account: true }
    }

    fn look() -> Look {
        let mut look = Look::new(Text::plain("Internet"), Text::plain("Galeri \" href=\"x"), Text::plain("Dinas"));
        look.welcome = Some(Text::new("Selamat datang", "Welcome"));
        // Nobody can read this: it is refused, and shown.
        look.colours.brand = Colour::new(0xff, 0xff, 0xff);
        look
    }

    #[test]
    fn a_look_is_seen_before_it_is_worn_and_nothing_in_it_leads_anywhere() {
        assert!(look().check().is_err());
        let shown = preview(look(), site(), &viewing(Lang::En, false));
        assert!(shown.html.contains("Welcome") && shown.html.contains("--brand:#ffffff"), "{}", shown.html);
        assert!(!shown.html.contains(" href=\"") && shown.html.contains("Galeri &#34; href=&#34;x"), "{}", shown.html);
        for held in ["frame-ancestors 'self'", "form-action 'none'", "; sandbox", "default-src 'none'", "sha256-"] {
            assert!(shown.policy.contains(held), "{held}: {}", shown.policy);
        }
        let terms = Viewing { page: Previewed::Terms, ..viewing(Lang::Id, false) };
        assert!(preview(look(), site(), &terms).html.contains("<h2>1. "));
        let privacy = Viewing { page: Previewed::Privacy, ..viewing(Lang::Id, false) };
        assert!(preview(look(), site(), &privacy).html.contains("Dinas"));
    }

    #[test]
    fn light_and_dark_are_seen_on_any_screen() {
        let [light, dark] = [false, true].map(|dark| preview(look(), site(), &viewing(Lang::Id, dark)));
        assert!(!light.html.contains("prefers-color-scheme") && !dark.html.contains("prefers-color-scheme"));
        assert!(light.html.contains("@media not all{") && dark.html.contains("@media all{"), "{}", dark.html);
        assert_ne!(light.policy, dark.policy);
    }
}
