//! Languages, and texts that come from configuration in more than one of them.

use serde::{Deserialize, Serialize};

/// A language that pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Bahasa Indonesia.
    #[default]
    Id,
    /// English.
    En,
}

impl Lang {
    /// Every language, the first being the default.
    pub const ALL: [Self; 2] = [Self::Id, Self::En];

    /// The BCP 47 tag, as in `<html lang>`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }

    /// The other language, one tap away on every page.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Id => Self::En,
            Self::En => Self::Id,
        }
    }

    /// What paths in this language begin with: nothing, or `/en`.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Id => "",
            Self::En => "/en",
        }
    }
}

/// A text from configuration: Bahasa Indonesia always, English where somebody wrote it.
///
/// In TOML either `"Selamat datang"` or `{ id = "Selamat datang", en = "Welcome" }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "TextForm")]
pub struct Text {
    /// Bahasa Indonesia.
    pub id: String,
    /// English; Bahasa Indonesia is shown where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl Text {
    /// A text in both languages.
    pub fn new(id: impl Into<String>, en: impl Into<String>) -> Self {
        Self { id: id.into(), en: Some(en.into()) }
    }

    /// A text that is the same in every language: a name, say.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { id: text.into(), en: None }
    }

    /// The text in `lang`, or in Bahasa Indonesia.
    pub fn get(&self, lang: Lang) -> &str {
        match (lang, &self.en) {
            (Lang::En, Some(en)) => en,
            (Lang::En, None) | (Lang::Id, _) => &self.id,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextForm {
    Plain(String),
    Both {
        id: String,
        #[serde(default)]
        en: Option<String>,
    },
}

impl From<TextForm> for Text {
    fn from(form: TextForm) -> Self {
        match form {
            TextForm::Plain(id) => Self { id, en: None },
            TextForm::Both { id, en } => Self { id, en },
        }
    }
}
