//! Every page with every kind of content: rendered by a test in both languages, and left for a browser to look at.

use askama::Template;

/// A page as it looks with some content.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Its name, for the file and the picture.
    pub(crate) name: &'static str,
    /// The whole page.
    pub(crate) html: String,
}

impl Sample {
    /// Renders it; a template that fails shows so.
    pub(crate) fn of(name: &'static str, template: &impl Template) -> Self {
        Self { name, html: template.render().unwrap_or_else(|error| format!("⟪{error}⟫")) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use gapura_speech::Lang;

    use super::*;
    use crate::chrome::Chrome;
    use crate::words::words;

    /// What a room shows, in frames made by an address and a heading.
    type Room = fn(&dyn Fn(&str, &str) -> Chrome) -> Vec<Sample>;

    /// Every room's samples in a language.
    fn all(lang: Lang) -> Vec<Sample> {
        let frame = |path: &str, title: &str| Chrome::sample(words(lang), path, words(lang).t(title));
        let rooms: &[Room] = &[
            crate::answer::samples,
            crate::front::samples,
            crate::class::samples,
            crate::dashboard::samples,
            crate::day::samples,
            crate::desk::samples,
            crate::explain::samples,
            crate::explorer::samples,
            crate::lists::samples,
            crate::vouchers::samples,
            crate::signin::samples,
            crate::audit::samples,
            crate::network::samples,
            crate::people::samples,
            crate::profile::samples,
            crate::records::samples,
            crate::reports::samples,
            crate::public::samples,
            crate::requests::samples,
            crate::rollout::samples,
            crate::sops::samples,
            crate::wall::samples,
        ];
        rooms.iter().flat_map(|room| room(&frame)).collect()
    }

    /// The values of an attribute, in their order.
    fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
        let begin = format!(" {attribute}=\"");
        html.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    /// Ids that stand twice (HTML section 3.2.3.1), and labels and descriptions that lead to none.
    fn wrong_ids(html: &str) -> Vec<String> {
        let mut ids = BTreeSet::new();
        let twice = values(html, "id").into_iter().filter(|id| !ids.insert(*id)).map(|id| format!("{id} twice"));
        let mut wrong: Vec<String> = twice.collect();
        let named = ["for", "aria-describedby", "aria-labelledby", "list"].map(|attribute| values(html, attribute));
        let fragments = values(html, "href").into_iter().filter_map(|href| href.strip_prefix('#'));
        let named = named.iter().flatten().flat_map(|value| value.split_whitespace()).chain(fragments);
        wrong.extend(named.filter(|id| !ids.contains(id)).map(|id| format!("no {id}")));
        wrong
    }

    #[test]
    fn every_page_is_left_to_be_looked_at_without_a_missing_word() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/console-pages");
        std::fs::create_dir_all(folder.join("aset")).unwrap();
        crate::assets::leave(&folder);
        for lang in Lang::ALL {
            let samples = all(lang);
            assert!(!samples.is_empty());
            for sample in samples {
                assert!(!sample.html.contains('⟪'), "{} in {}: {}", sample.name, lang.tag(), sample.html);
                assert!(sample.html.contains("</html>"), "{}", sample.name);
                let wrong = wrong_ids(&sample.html);
                assert!(wrong.is_empty(), "{} in {}: {wrong:?}", sample.name, lang.tag());
                assert!(!sample.html.contains("style=") && !sample.html.contains("onclick"), "{}: CSP", sample.name);
                // Beside their style sheets, so that a browser can open the files.
                let html = sample.html.replace("\"/aset/", "\"aset/");
                std::fs::write(folder.join(format!("{}-{}.html", sample.name, lang.tag())), html).unwrap();
            }
        }
    }
}
