//! A look as a form has it. Pure: what the form does not show stays as it was.

use gapura_wire::{Look, Text};

use crate::form::Fields;

/// Colours: field and design token, each with the key of its words.
pub(in crate::network) const COLOURS: [(&str, &str, &str); 7] = [
    ("warna-1", "brand", "looks-colour-brand"),
    ("warna-2", "brand-2", "looks-colour-brand-2"),
    ("warna-3", "on-brand", "looks-colour-on-brand"),
    ("warna-4", "on-brand-2", "looks-colour-on-brand-2"),
    ("warna-5", "accent", "looks-colour-accent"),
    ("warna-6", "accent-edge", "looks-colour-accent-edge"),
    ("warna-7", "on-accent", "looks-colour-on-accent"),
];

/// Texts in both languages: field, name in documents, words, and how long they may be.
pub(in crate::network) const TEXTS: [(&str, &str, &str, usize); 5] = [
    ("sambutan", "welcome", "looks-welcome", 80),
    ("layanan", "service", "looks-service", 60),
    ("jam-bantuan", "help-hours", "looks-help-hours", 200),
    ("loket", "help-counter", "looks-help-counter", 200),
    ("privasi", "privacy", "looks-privacy", 8000),
];

/// A field and the key of what is wrong with it.
pub(in crate::network) type Wrong = (String, &'static str);

/// What stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::network) struct Typed(Vec<(String, String)>);

fn names() -> Vec<String> {
    let texts = TEXTS.iter().flat_map(|(field, ..)| [format!("{field}-id"), format!("{field}-en")]);
    let colours = COLOURS.iter().map(|(field, ..)| (*field).to_owned());
    ["nama", "logo"].into_iter().map(str::to_owned).chain(colours).chain(texts).collect()
}

impl Typed {
    pub(in crate::network) fn of(fields: &Fields) -> Self {
        let field = |name: String| {
            let text = fields.get(&name).to_owned();
            (name, text)
        };
        Self(names().into_iter().map(field).collect())
    }

    pub(in crate::network) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str()).unwrap_or_default()
    }

    /// Fields that are filled, for the address of a preview; the longest text only where it is looked at.
    pub(in crate::network) fn filled(&self, privacy: bool) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        pairs.filter(move |(name, text)| !text.is_empty() && (privacy || !name.starts_with("privasi")))
    }

    /// A look as it stands.
    pub(in crate::network) fn written(look: &Look) -> Self {
        let mut all = vec![
            ("nama".to_owned(), look.name.clone().unwrap_or_default()),
            ("logo".to_owned(), look.logo.as_ref().map(|logo| logo.as_str().to_owned()).unwrap_or_default()),
        ];
        for (field, token, _) in COLOURS {
            let colour = look.colours.get(token).map(ToString::to_string);
            all.push((field.to_owned(), colour.unwrap_or_default()));
        }
        for (field, name, ..) in TEXTS {
            let text = look.texts.get(name).cloned().unwrap_or_default();
            all.extend([(format!("{field}-id"), text.id), (format!("{field}-en"), text.en)]);
        }
        Self(all)
    }

    /// The look that is meant, without what cannot be read, and all mistakes. `old` is the look that is changed.
    pub(in crate::network) fn read(&self, old: &Look) -> (Look, Vec<Wrong>) {
        let (mut look, mut wrong) = (old.clone(), Vec::new());
        let name = self.get("nama");
        if name.chars().count() > 60 {
            wrong.push(("nama".to_owned(), "looks-wrong-long"));
        }
        look.name = (!name.is_empty()).then(|| name.to_owned());
        look.logo = match self.get("logo") {
            "" => None,
            text => text.parse().map_err(|_| wrong.push(("logo".to_owned(), "looks-wrong-logo"))).ok(),
        };
        for (field, token, _) in COLOURS {
            look.colours.remove(token);
            let typed = self.get(field);
            let text = if typed.starts_with('#') || typed.is_empty() { typed.to_owned() } else { format!("#{typed}") };
            match text.parse() {
                Ok(colour) => drop(look.colours.insert(token.to_owned(), colour)),
                Err(_) if typed.is_empty() => {}
                Err(_) => wrong.push((field.to_owned(), "looks-wrong-colour")),
            }
        }
        for (field, name, _, most) in TEXTS {
            look.texts.remove(name);
            let [id, en] = ["id", "en"].map(|lang| (format!("{field}-{lang}"), self.get(&format!("{field}-{lang}"))));
            for (field, text) in [&id, &en] {
                if text.chars().count() > most {
                    wrong.push((field.clone(), "looks-wrong-long"));
                }
            }
            match (id, en) {
                ((_, ""), (_, "")) => {}
                ((field, ""), _) => wrong.push((field, "looks-wrong-english-only")),
                ((_, id), (_, en)) => {
                    let text = Text { id: lines(id), en: lines(en) };
                    drop(look.texts.insert(name.to_owned(), text));
                }
            }
        }
        (look, wrong)
    }
}

/// Line ends as documents have them.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_survives_its_form_and_what_is_not_shown_stays() {
        let mut look = Look { name: Some("Galeri".to_owned()), ..Look::default() };
        look.colours.insert("brand".to_owned(), "#112233".parse().unwrap());
        look.logo = Some("<svg viewBox=\"0 0 8 8\"><path d=\"M0 0h8\"/></svg>".parse().unwrap());
        look.texts.insert("privacy".to_owned(), Text { id: "satu\ndua".to_owned(), en: "one".to_owned() });
        look.texts.insert("other".to_owned(), Text { id: "lain".to_owned(), en: String::new() });
        assert_eq!(Typed::written(&look).read(&look), (look.clone(), Vec::new()));
        let (empty, wrong) = Typed::default().read(&look);
        assert_eq!((empty.texts.len(), wrong.len(), empty.colours.len(), empty.name), (1, 0, 0, None));
        assert_eq!(Typed::written(&look).filled(false).count(), 3);
    }

    #[test]
    fn all_mistakes_are_told_and_what_can_be_read_is_seen() {
        let long = "x".repeat(61);
        let text =
            format!("nama={long}&warna-1=merah&warna-5=f3a712&logo=%3Csvg%3E&sambutan-en=Welcome&layanan-id=Internet");
        let (look, wrong) = Typed::of(&Fields::read(text.as_bytes())).read(&Look::default());
        let fields: Vec<_> = wrong.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["nama", "logo", "warna-1", "sambutan-id"]);
        assert_eq!(look.colours["accent"].to_string(), "#f3a712");
        assert_eq!(look.texts["service"].id, "Internet");
    }
}
