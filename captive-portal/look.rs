//! What configuration says about the portal's looks and texts, checked as a whole before it is worn.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Colour, Text};

/// Names, texts and colours of a site's portal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The service, as it stands in window titles: "Internet Sinjai".
    pub service: Text,
    /// The site, as it stands on top of every page: "Galeri Internet Sinjai Utara".
    pub site: Text,
    /// Who answers for it: "Diskominfo Kabupaten Sinjai".
    pub operator: Text,
    /// The first page's heading; "Selamat datang" where it is missing.
    #[serde(default)]
    pub welcome: Option<Text>,
    /// The name under which visitors find this page again, if there is one: "internet.sinjaikab.go.id".
    #[serde(default)]
    pub address: Option<String>,
    /// A mark to stand beside the site's name; the gate where it is missing.
    #[serde(default)]
    pub logo: Option<Logo>,
    /// Colours.
    #[serde(default)]
    pub colours: Colours,
    /// Terms of use.
    #[serde(default)]
    pub terms: Terms,
    /// What is recorded, line by line; a general text where it is empty.
    #[serde(default)]
    pub privacy: Vec<Text>,
    /// Which public ports a visit has is recorded: said whatever the text is.
    #[serde(default)]
    pub ports_recorded: bool,
    /// Where to ask.
    #[serde(default)]
    pub help: Help,
    /// Addresses that stay open without signing in (the walled garden).
    #[serde(default)]
    pub garden: Vec<Link>,
    /// Places nearby that are open around the clock.
    #[serde(default)]
    pub nearby: Vec<Nearby>,
}

/// A mark in one colour. Only path data: nothing in it can run or load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logo {
    /// The SVG `viewBox`: four numbers.
    pub view_box: String,
    /// The SVG paths' `d`; together at most 2,000 bytes.
    pub paths: Vec<String>,
}

/// The colours a government changes. All else follows from the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Colours {
    /// Header.
    pub brand: Colour,
    /// Second brand surface.
    pub brand_2: Colour,
    /// Text on brand.
    pub on_brand: Colour,
    /// Quieter text on brand.
    pub on_brand_2: Colour,
    /// The one main button, the ground line.
    pub accent: Colour,
    /// Its lower edge.
    pub accent_edge: Colour,
    /// Text on it.
    pub on_accent: Colour,
}

impl Default for Colours {
    fn default() -> Self {
        Self {
            brand: Colour::new(0x0b, 0x4a, 0x50),
            brand_2: Colour::new(0x0f, 0x5f, 0x66),
            on_brand: Colour::new(0xff, 0xff, 0xff),
            on_brand_2: Colour::new(0xcf, 0xe6, 0xe3),
            accent: Colour::new(0xf3, 0xa7, 0x12),
            accent_edge: Colour::new(0x8a, 0x57, 0x00),
            on_accent: Colour::new(0x14, 0x29, 0x2b),
        }
    }
}

impl Colours {
    /// `brand` and `brand_2` on a dark page: the same hue with less light.
    pub(crate) fn dark(&self) -> [Colour; 2] {
        [self.brand.dimmed(72), self.brand_2.dimmed(72)]
    }
}

/// Terms of use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// The operator's own name for them, for example `2026-1`; empty for the general text that comes with the program.
    pub version: String,
    /// In force since.
    pub since: Option<Date>,
    /// The text in a few lines; where it is empty the first lines of `lines`, else general ones.
    pub short: Vec<Text>,
    /// The whole text, a paragraph each, without headings.
    pub lines: Vec<Text>,
    /// The whole text, with headings; a general text where this and `lines` are empty.
    pub clauses: Vec<Clause>,
    /// SHA-256 under which the operator keeps the text, so that the print on the page is that of the record; worked out from
    /// the texts above where there is none.
    pub hash: Option<[u8; 32]>,
}

/// A numbered clause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Heading.
    pub title: Text,
    /// Text.
    pub text: Text,
}

/// Where to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Help {
    /// Telephone, as it is dialled: `+` and digits.
    pub phone: Option<String>,
    /// Telephone, as it is read: "(0482) 555 0112".
    pub phone_text: Option<String>,
    /// When and how somebody answers: "Telepon atau WhatsApp, 08.00–22.00 WITA".
    pub hours: Option<Text>,
    /// Where somebody sits: "Loket di lantai 1".
    pub counter: Option<Text>,
    /// Emergency number; "112" where it is missing.
    pub emergency: Option<String>,
    /// Questions and answers beyond those that come with the program.
    pub questions: Vec<Clause>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What it says.
    pub label: Text,
    /// `http://` or `https://`.
    pub url: String,
}

/// A place nearby.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nearby {
    /// Its name.
    pub name: Text,
    /// "450 m, hotspot luar ruang".
    pub note: Text,
}

/// Everything that is wrong with a [`Look`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the portal's look was not changed:\n{}", .0.join("\n"))]
pub struct LookError(pub Vec<String>);

impl Look {
    /// A portal with these names and everything else as it comes.
    pub fn new(service: Text, site: Text, operator: Text) -> Self {
        Self {
            service,
            site,
            operator,
            welcome: None,
            address: None,
            logo: None,
            colours: Colours::default(),
            terms: Terms::default(),
            privacy: Vec::new(),
            ports_recorded: false,
            help: Help::default(),
            garden: Vec::new(),
            nearby: Vec::new(),
        }
    }

    /// Checks everything and reports every mistake.
    pub fn check(&self) -> Result<(), LookError> {
        let mut wrong = Vec::new();
        self.colours.check(&mut wrong);
        if let Some(logo) = &self.logo {
            logo.check(&mut wrong);
        }
        for link in &self.garden {
            if !is_web(&link.url) {
                wrong.push(format!("garden: \"{}\" is not an http:// or https:// address", link.url));
            }
        }
        for phone in [&self.help.phone, &self.help.emergency].into_iter().flatten() {
            let digits = phone.strip_prefix('+').unwrap_or(phone);
            if !(3..=16).contains(&digits.len()) || !digits.bytes().all(|c| c.is_ascii_digit()) {
                wrong.push(format!("help: \"{phone}\" cannot be dialled: write + and digits"));
            }
        }
        for (name, text) in [("service", &self.service), ("site", &self.site), ("operator", &self.operator)] {
            if text.id.trim().is_empty() || text.id.len() > 120 {
                wrong.push(format!("{name}: write 1 to 120 characters"));
            }
        }
        let texts = self.terms.clauses.iter().map(|clause| &clause.text).chain(&self.terms.lines);
        let length = texts.map(|text| text.id.len().max(text.en.as_ref().map_or(0, String::len))).sum::<usize>();
        if length > 20_000 {
            wrong.push(format!("terms: {length} bytes are too much for a slow phone: write at most 20000"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(LookError(wrong)) }
    }
}

impl Colours {
    /// The colours of a design token, for example `on-brand`; `None` where a site has no say.
    pub fn of(&mut self, token: &str) -> Option<&mut Colour> {
        Some(match token {
            "brand" => &mut self.brand,
            "brand-2" => &mut self.brand_2,
            "on-brand" => &mut self.on_brand,
            "on-brand-2" => &mut self.on_brand_2,
            "accent" => &mut self.accent,
            "accent-edge" => &mut self.accent_edge,
            "on-accent" => &mut self.on_accent,
            _ => return None,
        })
    }

    /// Pairs that people cannot read.
    pub fn faint(&self) -> Vec<Faint> {
        let [dark, dark_2] = self.dark();
        let pairs = [
            (("on-brand", self.on_brand), ("brand", self.brand), false),
            (("on-brand-2", self.on_brand_2), ("brand", self.brand), false),
            (("on-brand", self.on_brand), ("brand-2", self.brand_2), false),
            (("on-brand", self.on_brand), ("brand", dark), true),
            (("on-brand-2", self.on_brand_2), ("brand", dark), true),
            (("on-brand", self.on_brand), ("brand-2", dark_2), true),
            (("on-accent", self.on_accent), ("accent", self.accent), false),
        ];
        let faint = |(front, back, dark): ((_, Colour), (_, Colour), _)| Faint {
            front,
            back,
            dark,
            contrast: front.1.contrast(back.1),
        };
        pairs.map(faint).into_iter().filter(|pair| pair.contrast < Faint::LEAST).collect()
    }

    fn check(&self, wrong: &mut Vec<String>) {
        for Faint { front: (front_name, front), back: (back_name, back), dark, contrast } in self.faint() {
            let (front_name, back_name) = (front_name.replace('-', "_"), back_name.replace('-', "_"));
            let dark = if dark { " (dark)" } else { "" };
            wrong.push(format!(
                "colours: {front_name} {front} on {back_name}{dark} {back} has a contrast of {contrast:.1}:1; people need 4.5:1"
            ));
        }
    }
}

/// Two colours that people cannot read on each other, by the names of their design tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Faint {
    /// What is written.
    pub front: (&'static str, Colour),
    /// What it is written on.
    pub back: (&'static str, Colour),
    /// On dark screens, where the back has less light.
    pub dark: bool,
    /// Their contrast ratio.
    pub contrast: f64,
}

impl Faint {
    /// The least contrast of text (WCAG 2.2, success criterion 1.4.3).
    pub const LEAST: f64 = 4.5;
}

impl Logo {
    fn check(&self, wrong: &mut Vec<String>) {
        let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | ' ');
        if self.view_box.split_whitespace().count() != 4 || !self.view_box.chars().all(number) {
            wrong.push("logo: view_box has to be four numbers, for example \"0 0 80 60\"".to_owned());
        }
        let path = |c: char| c.is_ascii_digit() || "MmLlHhVvCcSsQqTtAaZzEe.,+- \n".contains(c);
        if !self.paths.iter().all(|d| d.chars().all(path)) {
            wrong.push("logo: paths may only hold SVG path data".to_owned());
        }
        if self.paths.iter().map(String::len).sum::<usize>() > 2_000 {
            wrong.push("logo: the paths are longer than 2000 bytes together".to_owned());
        }
    }
}

/// An address that a browser opens as a page: nothing else may become a link.
pub(crate) fn is_web(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && url.len() <= 500 && rest.bytes().all(|c| c.is_ascii_graphic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look() -> Look {
        Look::new(Text::plain("Internet Sinjai"), Text::plain("Galeri"), Text::plain("Diskominfo"))
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        assert_eq!(look().check(), Ok(()));
        let mut bad = look();
        bad.colours.on_accent = Colour::new(0xff, 0xff, 0xff);
        bad.logo = Some(Logo { view_box: "0 0 80".into(), paths: vec!["M0 0\"/><script>".into()] });
        bad.garden = vec![Link { label: Text::plain("x"), url: "javascript:alert(1)".into() }];
        bad.help.phone = Some("0482 x".into());
        bad.site = Text::plain(" ");
        let LookError(wrong) = bad.check().unwrap_err();
        assert_eq!(wrong.len(), 6, "{wrong:#?}");
        assert!(wrong[0].contains("on_accent #ffffff on accent #f3a712"), "{}", wrong[0]);
    }

    #[test]
    fn a_look_is_written_as_people_write_configuration() {
        let text = r##"{"service": "Internet Sinjai", "site": {"id": "Galeri", "en": "Gallery"}, "operator": "Diskominfo",
            "colours": {"brand": "#400000"}, "terms": {"version": "2", "since": "2026-10-01"}, "help": {"phone": "+62482"}}"##;
        let look: Look = serde_json::from_str(text).unwrap();
        assert_eq!((look.site.get(crate::Lang::En), look.service.get(crate::Lang::En)), ("Gallery", "Internet Sinjai"));
        assert_eq!((look.colours.brand, look.colours.accent), (Colour::new(0x40, 0, 0), Colours::default().accent));
        assert_eq!(look.check(), Ok(()));
        let back: Look = serde_json::from_str(&serde_json::to_string(&look).unwrap()).unwrap();
        assert_eq!(back, look);
        assert!(
            serde_json::from_str::<Look>(r#"{"service": "a", "site": "b", "operator": "c", "color": {}}"#).is_err()
        );
    }
}
