//! The portal's own words: Fluent files embedded in the binary.

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use crate::Lang;

const ID: &str = include_str!("locales/id.ftl");
const EN: &str = include_str!("locales/en.ftl");

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 2]> =
    LazyLock::new(|| [bundle(Lang::Id, ID), bundle(Lang::En, EN)]);

fn bundle(lang: Lang, source: &str) -> FluentBundle<FluentResource> {
    // A test parses both files; a broken message is left out here and shows as its key.
    let resource = match FluentResource::try_new(source.to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    };
    let mut bundle = FluentBundle::new_concurrent(vec![lang.tag().parse::<LanguageIdentifier>().unwrap_or_default()]);
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

/// Words in one language. A key without a message gives the key in `⟪⟫`, which a test looks for on every page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words(Lang);

impl Words {
    pub(crate) const fn new(lang: Lang) -> Self {
        Self(lang)
    }

    pub(crate) const fn lang(self) -> Lang {
        self.0
    }

    pub(crate) fn t(self, key: &str) -> String {
        self.format(key, None)
    }

    pub(crate) fn t1(self, key: &str, name: &str, value: impl Into<String>) -> String {
        let mut args = FluentArgs::with_capacity(1);
        args.set(name.to_owned(), value.into());
        self.format(key, Some(&args))
    }

    pub(crate) fn t2(self, key: &str, a: &str, x: impl Into<String>, b: &str, y: impl Into<String>) -> String {
        let mut args = FluentArgs::with_capacity(2);
        args.set(a.to_owned(), x.into());
        args.set(b.to_owned(), y.into());
        self.format(key, Some(&args))
    }

    /// A number with its word, plural where the language has one; the variable is `n`.
    pub(crate) fn n(self, key: &str, n: u64) -> String {
        let mut args = FluentArgs::with_capacity(1);
        args.set("n", FluentValue::from(n));
        self.format(key, Some(&args))
    }

    /// Entry `index` of a list that the locale file writes in one message, with commas.
    pub(crate) fn list(self, key: &str, index: usize) -> String {
        self.t(key).split(", ").nth(index).unwrap_or_default().to_owned()
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let [id, en] = &*BUNDLES;
        let bundle = match self.0 {
            Lang::Id => id,
            Lang::En => en,
        };
        let mut errors = Vec::new();
        let text = bundle
            .get_message(key)
            .and_then(|message| message.value())
            .map(|pattern| bundle.format_pattern(pattern, args, &mut errors).into_owned());
        match text {
            Some(text) if errors.is_empty() => text,
            Some(_) | None => format!("⟪{key}⟫"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Keys with the variables they use. The files keep to one line a message, plural variants aside.
    fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
        assert!(FluentResource::try_new(source.to_owned()).is_ok());
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if !line.starts_with([' ', '}'])
                && let Some((name, _)) = line.split_once(" =")
            {
                name.clone_into(&mut key);
                assert!(found.insert(key.clone(), BTreeSet::new()).is_none(), "{key} twice");
            }
            for variable in line.split('$').skip(1) {
                let name = variable.split(|c: char| !c.is_alphanumeric()).next().unwrap();
                found.get_mut(&key).unwrap().insert(name.to_owned());
            }
        }
        found
    }

    #[test]
    fn every_message_stands_in_every_language_with_the_same_variables() {
        assert_eq!(messages(ID), messages(EN));
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
        let known = messages(ID);
        for key in known.keys() {
            assert!(source.contains(&format!("\"{key}\"")), "{key} is used nowhere");
        }
        for call in [".t(\"", ".t1(\"", ".t2(\"", ".n(\"", ".list(\""] {
            for rest in source.split(call).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(known.contains_key(key), "{key} is in no locale file");
            }
        }
    }
}
