//! Messages: Fluent files embedded in the binary.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use crate::Lang;

/// The messages of every room, in Bahasa Indonesia: for tests that look for messages nobody wrote.
pub const SHARED: &str = ID;

const ID: &str = include_str!("locales/id.ftl");
const EN: &str = include_str!("locales/en.ftl");

/// The messages of one room, in every language, and those that every room has.
pub struct Locale([FluentBundle<FluentResource>; 2]);

impl std::fmt::Debug for Locale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Locale")
    }
}

impl Locale {
    /// From Fluent sources (Project Fluent syntax 1.0). A message that cannot be read is left out, and shows as its key.
    pub fn new(id: &[&str], en: &[&str]) -> Self {
        Self([bundle(Lang::Id, ID, id), bundle(Lang::En, EN, en)])
    }

    fn of(&self, lang: Lang) -> &FluentBundle<FluentResource> {
        let [id, en] = &self.0;
        match lang {
            Lang::Id => id,
            Lang::En => en,
        }
    }
}

fn bundle(lang: Lang, shared: &str, own: &[&str]) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![lang.tag().parse::<LanguageIdentifier>().unwrap_or_default()]);
    bundle.set_use_isolating(false);
    for source in std::iter::once(&shared).chain(own) {
        let resource = match FluentResource::try_new((*source).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// A message's variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Words.
    Text(String),
    /// A number: a message may have other words for one than for many.
    Number(u64),
}

/// Words in one language. A key without a message gives the key in `⟪⟫`, which tests look for on every page.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    lang: Lang,
    locale: &'static Locale,
}

impl Words {
    /// The words of `locale` in `lang`.
    pub const fn new(locale: &'static Locale, lang: Lang) -> Self {
        Self { lang, locale }
    }

    /// The language.
    pub const fn lang(self) -> Lang {
        self.lang
    }

    /// A message without variables.
    pub fn t(self, key: &str) -> String {
        self.format(key, None)
    }

    /// A message with one variable.
    pub fn t1(self, key: &str, name: &str, value: impl Into<String>) -> String {
        let mut args = FluentArgs::with_capacity(1);
        args.set(name.to_owned(), value.into());
        self.format(key, Some(&args))
    }

    /// A message with two variables.
    pub fn t2(self, key: &str, a: &str, x: impl Into<String>, b: &str, y: impl Into<String>) -> String {
        let mut args = FluentArgs::with_capacity(2);
        args.set(a.to_owned(), x.into());
        args.set(b.to_owned(), y.into());
        self.format(key, Some(&args))
    }

    /// A message with any variables.
    pub fn with<'a>(self, key: &str, values: impl IntoIterator<Item = (&'a str, Value)>) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            match value {
                Value::Text(text) => args.set(name.to_owned(), text),
                Value::Number(number) => args.set(name.to_owned(), FluentValue::from(number)),
            }
        }
        self.format(key, Some(&args))
    }

    /// A number with its word, plural where the language has one; the variable is `n`.
    pub fn n(self, key: &str, n: u64) -> String {
        let mut args = FluentArgs::with_capacity(1);
        args.set("n", FluentValue::from(n));
        self.format(key, Some(&args))
    }

    /// Entry `index` of a list that the locale file writes in one message, with commas.
    pub fn list(self, key: &str, index: usize) -> String {
        self.t(key).split(", ").nth(index).unwrap_or_default().to_owned()
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = self.locale.of(self.lang);
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

/// Keys of messages with the variables they use.
pub type Messages = BTreeMap<String, BTreeSet<String>>;

/// The messages of a source, for tests that compare languages. Sources keep to one line a message, plural variants aside.
///
/// # Errors
/// A source that is not Fluent, or a key that is there twice, in words.
pub fn messages(source: &str) -> Result<Messages, String> {
    if let Err((_, errors)) = FluentResource::try_new(source.to_owned()) {
        return Err(format!("not Fluent: {errors:?}"));
    }
    let mut found = Messages::new();
    let mut key = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if !line.starts_with([' ', '}'])
            && let Some((name, _)) = line.split_once(" =")
        {
            name.clone_into(&mut key);
            if found.insert(key.clone(), BTreeSet::new()).is_some() {
                return Err(format!("{key} twice"));
            }
        }
        for variable in line.split('$').skip(1) {
            let name = variable.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            found.entry(key.clone()).or_default().insert(name.to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shared_message_stands_in_every_language_with_the_same_variables() {
        assert_eq!(messages(ID).unwrap(), messages(EN).unwrap());
    }

    #[test]
    fn a_source_that_is_wrong_is_named() {
        assert!(messages("a = {").is_err() && messages("a = 1\na = 2\n").is_err());
        assert_eq!(messages("a = {$n} x\n").unwrap()["a"], ["n".to_owned()].into());
    }
}
