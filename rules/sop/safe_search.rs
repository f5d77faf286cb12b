//! Safe search of search engines, and YouTube's restricted mode: by which names they are known, and what is answered.

use std::fmt;

use gapura_model::Name;

/// A service whose results can be restricted by DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Google Search.
    Google,
    /// Bing.
    Bing,
    /// DuckDuckGo.
    Duckduckgo,
    /// Yandex.
    Yandex,
    /// Pixabay.
    Pixabay,
    /// Ecosia.
    Ecosia,
    /// YouTube, also embedded.
    Youtube,
}

/// How far a service is restricted, the strictest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// As the visitor likes.
    #[default]
    Off,
    /// YouTube's moderate mode; only YouTube has it.
    Moderate,
    /// Safe search, YouTube's strict mode.
    Strict,
}

impl Engine {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Google, Self::Bing, Self::Duckduckgo, Self::Yandex, Self::Pixabay, Self::Ecosia, Self::Youtube];

    /// What documents call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Bing => "bing",
            Self::Duckduckgo => "duckduckgo",
            Self::Yandex => "yandex",
            Self::Pixabay => "pixabay",
            Self::Ecosia => "ecosia",
            Self::Youtube => "youtube",
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Strictness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Moderate => "moderate",
            Self::Strict => "strict",
        })
    }
}

/// What one clause says of each service; `None`: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchRule(pub(super) [Option<Strictness>; 7]);

impl SearchRule {
    /// What it says of `engine`.
    pub fn of(&self, engine: Engine) -> Option<Strictness> {
        self.0.get(engine.index()).copied().flatten()
    }

    pub(super) fn set(&mut self, engine: Engine, strictness: Strictness) {
        if let Some(own) = self.0.get_mut(engine.index()) {
            *own = Some(strictness);
        }
    }
}

/// In words: `google strict, youtube moderate`.
impl fmt::Display for SearchRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = Engine::ALL.iter().filter_map(|engine| Some(format!("{engine} {}", self.of(*engine)?)));
        f.write_str(&said.collect::<Vec<_>>().join(", "))
    }
}

/// What holds for a visitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SafeSearch(pub(super) [Strictness; 7]);

impl SafeSearch {
    /// How far `engine` is restricted.
    pub fn of(&self, engine: Engine) -> Strictness {
        self.0.get(engine.index()).copied().unwrap_or_default()
    }

    /// The service `name` belongs to and the name to answer in its place (CNAME, for A, AAAA and HTTPS alike), where it is
    /// restricted.
    pub fn alias(&self, name: &Name) -> Option<(Engine, Name)> {
        if self.is_off() {
            return None;
        }
        let engine = engine_of(name)?;
        let target = match (engine, self.of(engine)) {
            (_, Strictness::Off) => return None,
            (Engine::Google, _) => "forcesafesearch.google.com",
            (Engine::Bing, _) => "strict.bing.com",
            (Engine::Duckduckgo, _) => "safe.duckduckgo.com",
            (Engine::Yandex, _) => "familysearch.yandex.ru",
            (Engine::Pixabay, _) => "safesearch.pixabay.com",
            (Engine::Ecosia, _) => "strict-safe-search.ecosia.org",
            (Engine::Youtube, Strictness::Moderate) => "restrictmoderate.youtube.com",
            (Engine::Youtube, Strictness::Strict) => "restrict.youtube.com",
        };
        target.parse().ok().map(|target| (engine, target))
    }

    /// Whether nothing is restricted.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }
}

/// Names of a service that show results, each alone: what is below them serves other things.
const HOSTS: [(Engine, &[&[u8]]); 6] = [
    (Engine::Bing, &[b"\x03www\x04bing\x03com\0", b"\x0cedgeservices\x04bing\x03com\0"]),
    (
        Engine::Duckduckgo,
        &[b"\x0aduckduckgo\x03com\0", b"\x03www\x0aduckduckgo\x03com\0", b"\x05start\x0aduckduckgo\x03com\0"],
    ),
    (Engine::Yandex, &[b"\x02ya\x02ru\0", b"\x03www\x02ya\x02ru\0"]),
    (Engine::Pixabay, &[b"\x07pixabay\x03com\0", b"\x03www\x07pixabay\x03com\0"]),
    (Engine::Ecosia, &[b"\x06ecosia\x03org\0", b"\x03www\x06ecosia\x03org\0"]),
    (
        Engine::Youtube,
        &[
            b"\x03www\x07youtube\x03com\0",
            b"\x01m\x07youtube\x03com\0",
            b"\x08youtubei\x0agoogleapis\x03com\0",
            b"\x07youtube\x0agoogleapis\x03com\0",
            b"\x03www\x10youtube-nocookie\x03com\0",
        ],
    ),
];

/// The service that shows results under `name`.
fn engine_of(name: &Name) -> Option<Engine> {
    let wire = name.wire();
    if let Some((engine, _)) = HOSTS.iter().find(|(_, hosts)| hosts.contains(&wire)) {
        return Some(*engine);
    }
    // Google and Yandex have a name in nearly every country: google.com, google.co.id, yandex.com.tr.
    let bare = wire.strip_prefix(b"\x03www").unwrap_or(wire);
    if let Some(country) = bare.strip_prefix(b"\x06google") {
        return is_country(country).then_some(Engine::Google);
    }
    bare.strip_prefix(b"\x06yandex").filter(|country| is_country(country)).map(|_| Engine::Yandex)
}

/// `com`, a country's two letters, or `co`, `com` before a country's.
fn is_country(rest: &[u8]) -> bool {
    matches!(rest, b"\x03com\0" | [2, _, _, 0] | [2, b'c', b'o', 2, _, _, 0] | [3, b'c', b'o', b'm', 2, _, _, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restricted_services_answer_under_another_name() {
        let strict = SafeSearch([Strictness::Strict; 7]);
        for (name, alias) in [
            ("www.google.com", Some("forcesafesearch.google.com")),
            ("google.co.id", Some("forcesafesearch.google.com")),
            ("www.google.com.sg", Some("forcesafesearch.google.com")),
            ("forcesafesearch.google.com", None),
            ("mail.google.com", None),
            ("www.google.example.com", None),
            ("connectivitycheck.gstatic.com", None),
            ("www.bing.com", Some("strict.bing.com")),
            ("duckduckgo.com", Some("safe.duckduckgo.com")),
            ("yandex.com.tr", Some("familysearch.yandex.ru")),
            ("m.youtube.com", Some("restrict.youtube.com")),
            ("restrict.youtube.com", None),
        ] {
            let got = strict.alias(&name.parse().unwrap()).map(|(_, alias)| alias.to_string());
            assert_eq!(got.as_deref(), alias, "{name}");
        }
        assert_eq!(SafeSearch::default().alias(&"www.google.com".parse().unwrap()), None);
    }
}
