//! The one style sheet: inlined into every page, named by its hash in the policy.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::look::Colours;

const SHEET: &str = include_str!("portal.css");

/// The sheet with a site's colours, and the policy header that allows just it.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) css: String,
    pub(crate) policy: String,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// As the visitor's screen asks for it.
    OfTheScreen,
    /// Light on every screen.
    Light,
    /// Dark on every screen.
    Dark,
}

impl Style {
    pub(crate) fn new(colours: &Colours, scheme: Scheme) -> Self {
        let mut css = minify(SHEET);
        if *colours != Colours::default() {
            let Colours { brand, brand_2, on_brand, on_brand_2, accent, accent_edge, on_accent } = colours;
            let [dark, dark_2] = colours.dark();
            let _ = write!(
                css,
                ":root{{--brand:{brand};--brand-2:{brand_2};--on-brand:{on_brand};--on-brand-2:{on_brand_2};\
                 --accent:{accent};--accent-edge:{accent_edge};--on-accent:{on_accent}}}\
                 @media (prefers-color-scheme:dark){{:root{{--brand:{dark};--brand-2:{dark_2}}}}}"
            );
        }
        let forced = match scheme {
            Scheme::OfTheScreen => None,
            Scheme::Light => Some(("not all", "light")),
            Scheme::Dark => Some(("all", "dark")),
        };
        if let Some((media, scheme)) = forced {
            css = css.replace("(prefers-color-scheme:dark)", media);
            let _ = write!(css, ":root{{color-scheme:{scheme}}}");
        }
        let hash = STANDARD.encode(Sha256::digest(css.as_bytes()));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        );
        Self { css, policy }
    }
}

/// Drops comments, line ends and the spaces that mean nothing in our own sheet.
fn minify(css: &str) -> String {
    let mut bare = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    let mut out = String::with_capacity(bare.len());
    for c in bare.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        let last = out.chars().next_back();
        match c {
            ' ' if last.is_none_or(|last| matches!(last, ' ' | '{' | '}' | ';' | ',' | ':' | '>')) => {}
            '{' | '}' | ';' | ',' | '>' => {
                out.truncate(out.trim_end_matches([' ', if c == '}' { ';' } else { ' ' }]).len());
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_shrinks_and_keeps_its_meaning() {
        assert_eq!(
            minify("/* x */\n a b , i {\n  color : red; margin:0 auto ;\n}\n"),
            "a b,i{color :red;margin:0 auto}"
        );
        let css = Style::new(&Colours::default(), Scheme::OfTheScreen).css;
        assert!(css.contains("max-width:100%}") && css.contains("@media (prefers-color-scheme:dark){:root{"), "{css}");
        assert!(css.len() < SHEET.len() && !css.contains("/*") && !css.contains('<'));
        assert_eq!(css.matches('{').count(), css.matches('}').count());
    }

    #[test]
    fn a_governments_colours_come_last() {
        let colours = Colours { brand: crate::Colour::new(0x40, 0, 0), ..Colours::default() };
        let style = Style::new(&colours, Scheme::OfTheScreen);
        assert!(style.css.contains("--brand:#400000") && style.css.ends_with("--brand-2:#0a4449}}"), "{}", style.css);
        assert_ne!(style.policy, Style::new(&Colours::default(), Scheme::OfTheScreen).policy);
    }
}
