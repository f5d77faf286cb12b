//! Frequent questions: the department's and each site's own, in their order, as the portal shows them.

use askama::Template;
use gapura_controller::Right;
use gapura_model::SiteId;
use gapura_wire::{Faq, Text, limits};

use super::sites;
use crate::answer::{Answer, again, page, see_other, to};
use crate::chrome::Chrome;
use crate::form::{Fields, Posted};
use crate::here::Here;

/// Questions that one place writes at most.
const MOST: usize = limits::FAQ / 2;

#[derive(Template)]
#[template(path = "requests/faq-places.html")]
pub(super) struct Places {
    pub(super) c: Chrome,
    /// Address and name.
    pub(super) places: Vec<(String, String)>,
}

/// A question on its way.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) place: usize,
    pub(super) question: String,
    pub(super) answer: String,
    pub(super) question_en: String,
    pub(super) answer_en: String,
    /// What is wrong with it.
    pub(super) wrong: String,
}

#[derive(Template)]
#[template(path = "requests/faq.html")]
pub(super) struct Edit {
    pub(super) c: Chrome,
    pub(super) action: String,
    pub(super) entries: Vec<Entry>,
    pub(super) may_add: bool,
    /// Nothing of this is kept yet.
    pub(super) draft: bool,
    pub(super) mistakes: bool,
    pub(super) question_letters: usize,
    pub(super) answer_letters: usize,
}

/// Where questions may be written; whoever has one place goes there.
pub(super) async fn places(here: Here) -> Answer {
    let w = here.w();
    let mut places = Vec::new();
    if here.may_at(Right::EditFaq, None) {
        places.push(("/tanya-jawab/dinas".to_owned(), w.t("requests-faq-department")));
    }
    let own = sites(&here, Right::EditFaq).await?.into_iter();
    places.extend(own.map(|(place, name)| (format!("/l/{}/tanya-jawab", place.site), name)));
    match places.as_slice() {
        [(only, _)] => Ok(see_other(only)),
        _ => page(&Places { c: Chrome::of(&here, w.t("requests-faq-title")).sub(w.t("requests-faq-places")), places }),
    }
}

fn action(here: &Here) -> String {
    here.site
        .as_ref()
        .map_or_else(|| "/tanya-jawab/dinas".to_owned(), |site| format!("/l/{}/tanya-jawab", site.place.site))
}

fn site(here: &Here) -> Option<&SiteId> {
    here.site.as_ref().map(|site| &site.place.site)
}

/// The questions as they stand.
pub(super) async fn edit(here: Here) -> Answer {
    let known = here.office().faq(site(&here)).await?;
    let entries = known.into_iter().map(|one| Entry {
        question: one.question.id,
        question_en: one.question.en,
        answer: one.answer.id,
        answer_en: one.answer.en,
        ..Entry::default()
    });
    page(&made(&here, entries.collect(), false))
}

/// *Simpan*, or a button that moves, adds or removes a question without keeping anything yet.
pub(super) async fn save(here: Here, Posted(fields): Posted) -> Answer {
    let mut entries = written(&fields);
    let act = fields.get("aksi").to_owned();
    if act != "simpan" {
        arrange(&mut entries, &act);
        return page(&made(&here, entries, true));
    }
    entries.retain(|one| {
        [&one.question, &one.answer, &one.question_en, &one.answer_en].iter().any(|text| !text.is_empty())
    });
    let w = here.w();
    for one in &mut entries {
        one.wrong = wrong(one).map_or_else(String::new, |key| w.t(key));
    }
    if entries.iter().any(|one| !one.wrong.is_empty()) || entries.len() > MOST {
        return again(&made(&here, entries, true));
    }
    let text = |id: String, en: String| Text { id, en };
    let questions: Vec<Faq> = entries
        .into_iter()
        .map(|one| Faq { question: text(one.question, one.question_en), answer: text(one.answer, one.answer_en) })
        .collect();
    here.office().set_faq(site(&here), &questions, &here.actor("")).await?;
    Ok(to(&action(&here), "requests-faq-saved"))
}

/// The questions of a form; a field that is missing is empty.
fn written(fields: &Fields) -> Vec<Entry> {
    let all = |name: &str| fields.all(name).map(|text| text.replace("\r\n", "\n")).collect::<Vec<_>>();
    let [question, answer, question_en, answer_en] = ["t", "j", "ten", "jen"].map(all);
    let at = |texts: &[String], place: usize| texts.get(place).cloned().unwrap_or_default();
    (0..question.len().min(MOST))
        .map(|place| Entry {
            place,
            question: at(&question, place),
            answer: at(&answer, place),
            question_en: at(&question_en, place),
            answer_en: at(&answer_en, place),
            wrong: String::new(),
        })
        .collect()
}

/// Moves, adds or removes: `naik-2`, `turun-2`, `hapus-2`, `tambah`; anything else changes nothing.
fn arrange(entries: &mut Vec<Entry>, act: &str) {
    if act == "tambah" && entries.len() < MOST {
        entries.push(Entry::default());
    }
    let Some((what, place)) = act.rsplit_once('-') else { return };
    let Ok(place) = place.parse::<usize>() else { return };
    match what {
        "naik" if (1..entries.len()).contains(&place) => entries.swap(place - 1, place),
        "turun" if place + 1 < entries.len() => entries.swap(place, place + 1),
        "hapus" if place < entries.len() => drop(entries.remove(place)),
        _ => {}
    }
}

/// The key of what is wrong with a question.
fn wrong(one: &Entry) -> Option<&'static str> {
    let long = |text: &str, most| text.chars().count() > most;
    if one.question.is_empty() || one.answer.is_empty() {
        Some("requests-faq-both")
    } else if one.question_en.is_empty() != one.answer_en.is_empty() {
        Some("requests-faq-both-en")
    } else if long(&one.question, limits::QUESTION_CHARS)
        || long(&one.question_en, limits::QUESTION_CHARS)
        || long(&one.answer, limits::WORDS_CHARS)
        || long(&one.answer_en, limits::WORDS_CHARS)
    {
        Some("requests-faq-long")
    } else {
        None
    }
}

fn made(here: &Here, entries: Vec<Entry>, draft: bool) -> Edit {
    let w = here.w();
    let place = here.site.as_ref().map_or_else(|| w.t("requests-faq-department"), |site| site.document.name.clone());
    let c = Chrome::of(here, w.t("requests-faq-title")).sub(place).up("/tanya-jawab", w.t("requests-faq-title"));
    filled(c, action(here), entries, draft)
}

/// The page around these questions.
pub(super) fn filled(c: Chrome, action: String, mut entries: Vec<Entry>, draft: bool) -> Edit {
    for (place, one) in entries.iter_mut().enumerate() {
        one.place = place;
    }
    Edit {
        c,
        action,
        may_add: entries.len() < MOST,
        mistakes: entries.iter().any(|one| !one.wrong.is_empty()),
        entries,
        draft,
        question_letters: limits::QUESTION_CHARS,
        answer_letters: limits::WORDS_CHARS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_moved_added_and_removed() {
        let mut entries: Vec<Entry> =
            ["a", "b", "c"].map(|question| Entry { question: question.to_owned(), ..Entry::default() }).into();
        let mut after = |act: &str| {
            arrange(&mut entries, act);
            entries.iter().map(|one| one.question.as_str()).collect::<String>()
        };
        assert_eq!(after("naik-2"), "acb");
        assert_eq!(after("turun-0"), "cab");
        for nothing in ["naik-0", "turun-2", "hapus-3", "naik-", "naik-99999999999999999999", "x", "lain-1"] {
            assert_eq!(after(nothing), "cab", "{nothing}");
        }
        assert_eq!(after("hapus-1"), "cb");
        for _ in 0..30 {
            after("tambah");
        }
        assert_eq!(entries.len(), MOST);
    }

    #[test]
    fn a_form_is_read_row_by_row() {
        let fields = Fields::read(b"t=Di+mana%3F&ten=Where%3F&j=Di+loket.&jen=There.&t=Apa%3F&ten=&j=&jen=");
        let entries = written(&fields);
        assert_eq!((entries.len(), entries[0].answer_en.as_str(), entries[1].question.as_str()), (2, "There.", "Apa?"));
        assert_eq!((wrong(&entries[0]), wrong(&entries[1])), (None, Some("requests-faq-both")));
        let half = Entry { answer_en: String::new(), ..entries[0].clone() };
        assert_eq!(wrong(&half), Some("requests-faq-both-en"));
        let long = Entry { question: "a".repeat(limits::QUESTION_CHARS + 1), ..entries[0].clone() };
        assert_eq!(wrong(&long), Some("requests-faq-long"));
    }
}
