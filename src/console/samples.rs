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
            crate::public::samples,
            crate::requests::samples,
            crate::rollout::samples,
            crate::sops::samples,
            crate::wall::samples,
        ];
        rooms.iter().flat_map(|room| room(&frame)).collect()
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
                assert!(!sample.html.contains("style=") && !sample.html.contains("onclick"), "{}: CSP", sample.name);
                // Beside their style sheets, so that a browser can open the files.
                let html = sample.html.replace("\"/aset/", "\"aset/");
                std::fs::write(folder.join(format!("{}-{}.html", sample.name, lang.tag())), html).unwrap();
            }
        }
    }
}
