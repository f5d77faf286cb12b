//! The portal's own words.

use std::sync::LazyLock;

use gapura_speech::{Lang, Locale, Words};

const ID: &str = include_str!("locales/id.ftl");
const EN: &str = include_str!("locales/en.ftl");

static LOCALE: LazyLock<Locale> = LazyLock::new(|| Locale::new(&[ID], &[EN]));

/// The portal's words in a language.
pub(crate) fn words(lang: Lang) -> Words {
    Words::new(&LOCALE, lang)
}

#[cfg(test)]
mod tests {
    use gapura_speech::{SHARED, messages};

    use super::*;

    #[test]
    fn every_message_stands_in_every_language_with_the_same_variables() {
        assert_eq!(messages(ID).unwrap(), messages(EN).unwrap());
    }

    #[test]
    fn every_message_is_used_and_every_used_one_exists() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut source = String::new();
        for folder in ["", "pages", "templates"] {
            for entry in std::fs::read_dir(root.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|ext| ext == "rs" || ext == "html") {
                    source.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let (known, shared) = (messages(ID).unwrap(), messages(SHARED).unwrap());
        for key in known.keys() {
            assert!(source.contains(&format!("\"{key}\"")), "{key} is used nowhere");
        }
        for call in [".t(\"", ".t1(\"", ".t2(\"", ".n(\"", ".list(\""] {
            for rest in source.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(known.contains_key(key) || shared.contains_key(key), "{key} is in no locale file");
            }
        }
    }
}
