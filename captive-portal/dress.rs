//! A checked [`Look`] with everything that is worked out once: sheet, policy, and the identity of the terms.

use sha2::{Digest, Sha256};

use crate::style::{Scheme, Style};
use crate::{Lang, Look, LookError, TermsId, token::hex, words::words};

/// What the portal wears.
#[derive(Clone, Debug)]
pub(crate) struct Dress {
    pub(crate) look: Look,
    pub(crate) style: Style,
    pub(crate) terms: TermsId,
}

impl Dress {
    pub(crate) fn new(look: Look) -> Result<Self, LookError> {
        look.check()?;
        Ok(Self::unchecked(look, Scheme::OfTheScreen))
    }

    /// The same for a look that nobody but its author sees yet.
    pub(crate) fn unchecked(look: Look, scheme: Scheme) -> Self {
        let style = Style::new(&look.colours, scheme);
        let mut hash = Sha256::new();
        if let Some(known) = look.terms.hash {
            hash.update(known);
        }
        for lang in Lang::ALL {
            hash.update(lang.tag());
            for line in short_terms(&look, lang) {
                hash.update([0]);
                hash.update(line);
            }
            for line in &look.terms.lines {
                hash.update([3]);
                hash.update(line.get(lang));
            }
            for (title, text) in clauses(&look, lang) {
                hash.update([1]);
                hash.update(title);
                hash.update([2]);
                hash.update(text);
            }
        }
        let terms = TermsId { version: look.terms.version.clone(), hash: hash.finalize().into() };
        Self { look, style, terms }
    }

    /// The terms as a form carries them: what was read, whatever its name.
    pub(crate) fn terms_tag(&self) -> String {
        hex(self.terms.hash.get(..12).unwrap_or_default())
    }

    /// "9f3c 77ab 41d0 e2b6".
    pub(crate) fn terms_print(&self) -> String {
        let groups: Vec<_> = self.look.terms.hash.unwrap_or(self.terms.hash).chunks(2).take(4).map(hex).collect();
        groups.join(" ")
    }
}

/// Lines of the operator's text that stand on the first page where there is no shorter one.
const FIRST_LINES: usize = 4;

/// The terms in a few lines: the operator's, or general ones.
pub(crate) fn short_terms(look: &Look, lang: Lang) -> Vec<String> {
    if look.terms.short.is_empty() {
        if !look.terms.lines.is_empty() {
            return look.terms.lines.iter().take(FIRST_LINES).map(|line| line.get(lang).to_owned()).collect();
        }
        let w = words(lang);
        return vec![w.t("terms-short-1"), w.t("terms-short-2"), w.t("terms-short-3"), w.t("terms-short-4")];
    }
    look.terms.short.iter().map(|line| line.get(lang).to_owned()).collect()
}

/// The clauses of the terms: heading and text; general ones where the operator has no text at all.
pub(crate) fn clauses(look: &Look, lang: Lang) -> Vec<(String, String)> {
    if look.terms.clauses.is_empty() && look.terms.lines.is_empty() {
        let w = words(lang);
        return vec![
            (w.t("terms-1-title"), w.t("terms-1")),
            (w.t("terms-2-title"), w.t("terms-2")),
            (w.t("terms-3-title"), w.t("terms-3")),
            (w.t("terms-4-title"), w.t("terms-4")),
            (w.t("terms-5-title"), w.t("terms-5")),
        ];
    }
    look.terms.clauses.iter().map(|c| (c.title.get(lang).to_owned(), c.text.get(lang).to_owned())).collect()
}
