//! The console's words.

use std::sync::LazyLock;

use gapura_speech::{Lang, Locale, Words};

macro_rules! rooms {
    ($($room:literal),* $(,)?) => {
        const ID: &[&str] = &[$(include_str!(concat!("locales/id/", $room, ".ftl"))),*];
        const EN: &[&str] = &[$(include_str!(concat!("locales/en/", $room, ".ftl"))),*];
    };
}

rooms! { "console", "audit", "basics", "calendars", "class", "dash", "day", "desk", "explain", "hours", "levels", "lists", "looks", "network", "people", "plans", "profile", "public", "records", "reports", "requests", "rollout", "signin", "sops", "staff", "terms", "usage", "vouchers" }

static LOCALE: LazyLock<Locale> = LazyLock::new(|| Locale::new(ID, EN));

/// The console's words in a language.
pub(crate) fn words(lang: Lang) -> Words {
    Words::new(&LOCALE, lang)
}

#[cfg(test)]
mod tests {
    use gapura_speech::{Messages, SHARED, messages};

    use super::*;

    fn all(sources: &[&str]) -> Messages {
        let mut found = Messages::new();
        for source in sources {
            for (key, variables) in messages(source).unwrap() {
                assert!(found.insert(key.clone(), variables).is_none(), "{key} stands in two rooms");
            }
        }
        found
    }

    fn source_of(folder: &std::path::Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                source_of(&path, into);
            } else if path.extension().is_some_and(|ext| ext == "rs" || ext == "html") {
                into.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_message_stands_in_every_language_with_the_same_variables() {
        assert_eq!(all(ID), all(EN));
    }

    #[test]
    fn every_message_is_used_and_every_used_one_exists() {
        let mut source = String::new();
        source_of(std::path::Path::new(env!("CARGO_MANIFEST_DIR")), &mut source);
        let (known, shared) = (all(ID), messages(SHARED).unwrap());
        for key in known.keys() {
            // What was just done is named without its `news-` (see `answer::to`).
            let bare = key.strip_prefix("news-").unwrap_or(key);
            let used = [key, bare].iter().any(|name| source.contains(&format!("\"{name}\"")));
            assert!(used, "{key} is used nowhere");
        }
        for call in [".t(\"", ".t1(\"", ".t2(\"", ".n(\"", ".list(\""] {
            for rest in source.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(known.contains_key(key) || shared.contains_key(key), "{key} is in no locale file");
            }
        }
    }
}
