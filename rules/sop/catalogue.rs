//! The lists a document may name: from an index, or from `lists.toml`.

use std::collections::{BTreeMap, BTreeSet};

use gapura_model::{CategoryId, ListId, ListNumber, ListSet};

use super::problem::{Problem, Source, sort};
use super::reader::{Reader, Table};

/// What a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Domain names.
    Names,
    /// Addresses and ranges of them.
    Addresses,
    /// Both.
    Both,
}

impl Holds {
    /// Whether there may be names in it.
    pub const fn names(self) -> bool {
        matches!(self, Self::Names | Self::Both)
    }

    /// Whether there may be addresses in it.
    pub const fn addresses(self) -> bool {
        matches!(self, Self::Addresses | Self::Both)
    }
}

/// One list, as rules need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Its number in the index.
    pub number: ListNumber,
    /// Its name in documents.
    pub id: ListId,
    /// What it is about.
    pub category: CategoryId,
    /// Its name for people.
    pub title: String,
    /// What it holds.
    pub holds: Holds,
}

/// Where a list comes from, as `lists.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSource {
    /// The list.
    pub id: ListId,
    /// Addresses (`https://`), files or directories; their lines together are the list.
    pub sources: Vec<String>,
    /// Of sources that are tar archives: which file in them; none means the only one that is called `domains`.
    pub member: Option<String>,
    /// How its lines are written: `auto`, or a format by name.
    pub format: String,
    /// Under which terms it may be used.
    pub licence: String,
    /// By how many percent an update may shrink or grow it before a person has to agree, 1 to 100.
    pub guard_percent: u8,
}

/// All lists there are.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    entries: Vec<CatalogueEntry>,
    sources: Vec<ListSource>,
}

/// How lines of a list may be written.
pub const LIST_FORMATS: [&str; 10] =
    ["auto", "domains", "hosts", "dnsmasq", "adblock", "rpz", "wildcard", "cidr", "addresses", "urls"];

const KEYS: [&str; 9] = ["id", "category", "title", "holds", "sources", "member", "format", "licence", "guard"];

impl Catalogue {
    /// The lists of an index. Of two with the same id or number the first counts.
    pub fn new(entries: Vec<CatalogueEntry>) -> Self {
        let (mut ids, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        let mut kept = entries;
        kept.retain(|entry| ids.insert(entry.id.clone()) && numbers.insert(entry.number));
        Self { entries: kept, sources: Vec::new() }
    }

    /// Reads `lists.toml`: `[[list]]` with `id`, `category`, `title`, `holds` (`names`, `addresses`, `both`), `sources`,
    /// `member` (which file of sources that are tar archives, `adult/domains`), `format` (`auto` where left out), `licence` and `guard` (`"5%"`, which is also what holds where it is left out).
    /// Lists are numbered as they stand. What could be read is returned beside the problems.
    pub fn read(source: Source<'_>) -> (Self, Vec<Problem>) {
        let (catalogue, mut problems) = Reader::read(source, |reader, root| {
            reader.keys(root, &["list"]);
            if !root.has("list") {
                reader.missing(root.at, "list", "[[list]]");
            }
            let mut catalogue = Self::default();
            for table in reader.tables(root, "list") {
                catalogue.read_list(reader, table);
            }
            catalogue
        });
        sort(&mut problems);
        (catalogue, problems)
    }

    fn read_list(&mut self, reader: &mut Reader<'_>, table: Table<'_, '_>) {
        reader.keys(table, &KEYS);
        let slug = "a name of a-z, 0-9 and -";
        let id = reader.needed(table, "id", "\"trustpositif\"");
        let id = id.and_then(|text| match text.value.parse::<ListId>() {
            Ok(id) if self.entry(&id).is_none() => Some(id),
            Ok(_) => {
                reader.wrong("twice", text.at, format!("list `{}` is there twice", text.value), "give it another id");
                None
            }
            Err(error) => {
                reader.wrong("name", text.at, error.to_string(), format!("write {slug}"));
                None
            }
        });
        let category = reader.needed(table, "category", "\"judi\"").and_then(|text| {
            let category = text.value.parse::<CategoryId>();
            category.map_err(|error| reader.wrong("name", text.at, error.to_string(), format!("write {slug}"))).ok()
        });
        let title = reader.needed(table, "title", "\"Judi daring\"");
        let holds = reader.needed(table, "holds", "\"names\"").and_then(|text| {
            let holds = match text.value.as_str() {
                "names" => Holds::Names,
                "addresses" => Holds::Addresses,
                "both" => Holds::Both,
                _ => {
                    let what = format!("\"{}\" is not something a list holds", text.value);
                    reader.wrong("holds", text.at, what, "write \"names\", \"addresses\" or \"both\"");
                    return None;
                }
            };
            Some(holds)
        });
        let source = Self::read_source(reader, table);
        let number = u8::try_from(self.entries.len()).ok().map(ListNumber);
        if number.is_none() {
            reader.wrong("too-many", table.at, "an index holds at most 256 lists", "join lists of one category");
        }
        let (Some(id), Some(category), Some(title), Some(holds), Some(number)) = (id, category, title, holds, number)
        else {
            return;
        };
        self.sources.push(source(id.clone()));
        self.entries.push(CatalogueEntry { number, id, category, title: title.value, holds });
    }

    /// Everything about where it comes from; the id is the caller's.
    fn read_source(reader: &mut Reader<'_>, table: Table<'_, '_>) -> impl FnOnce(ListId) -> ListSource + use<> {
        if !table.has("sources") {
            reader.missing(table.at, "sources", "[\"https://lists.example/domains.txt\"]");
        }
        let sources = reader.texts(table, "sources");
        for source in &sources {
            if source.value.starts_with("http://") {
                let help = "use https://, or fetch it yourself and name the file";
                reader.wrong("source", source.at, "a list over plain http can be changed on its way", help);
            }
        }
        let member = reader.text(table, "member").and_then(|member| {
            let parts = || member.value.split('/');
            if !member.value.is_empty() && parts().all(|part| !part.is_empty() && part != "..") {
                return Some(member.value);
            }
            let what = format!("\"{}\" is no file within an archive", member.value);
            reader.wrong("member", member.at, what, "write its path in the archive, for example \"adult/domains\"");
            None
        });
        let format = reader.text(table, "format").map_or_else(
            || "auto".to_owned(),
            |format| {
                if !LIST_FORMATS.contains(&format.value.as_str()) {
                    let what = format!("\"{}\" is not a format of lists", format.value);
                    reader.wrong("format", format.at, what, format!("write one of {}", LIST_FORMATS.join(", ")));
                }
                format.value
            },
        );
        let licence = reader.needed(table, "licence", "\"MIT\"").map_or_else(String::new, |licence| licence.value);
        let guard_percent = reader.text(table, "guard").map_or(5, |guard| {
            let percent = guard.value.strip_suffix('%').and_then(|percent| percent.trim().parse::<u8>().ok());
            percent.filter(|percent| (1..=100).contains(percent)).unwrap_or_else(|| {
                reader.wrong("guard", guard.at, "`guard` is a share from 1% to 100%", "write guard = \"5%\"");
                5
            })
        });
        let sources = sources.into_iter().map(|source| source.value).collect();
        move |id| ListSource { id, sources, member, format, licence, guard_percent }
    }

    /// The lists, as they were given.
    pub fn entries(&self) -> &[CatalogueEntry] {
        &self.entries
    }

    /// Where they come from; empty for the lists of an index.
    pub fn sources(&self) -> &[ListSource] {
        &self.sources
    }

    /// The list of this name.
    pub fn entry(&self, id: &ListId) -> Option<&CatalogueEntry> {
        self.entries.iter().find(|entry| entry.id == *id)
    }

    /// The list of this number.
    pub fn numbered(&self, number: ListNumber) -> Option<&CatalogueEntry> {
        self.entries.iter().find(|entry| entry.number == number)
    }

    /// All lists of a category.
    pub fn category(&self, category: &CategoryId) -> ListSet {
        self.entries.iter().filter(|entry| entry.category == *category).map(|entry| entry.number).collect()
    }

    /// The categories there are, each with its lists.
    pub fn categories(&self) -> BTreeMap<&CategoryId, ListSet> {
        self.entries.iter().map(|entry| (&entry.category, self.category(&entry.category))).collect()
    }
}
