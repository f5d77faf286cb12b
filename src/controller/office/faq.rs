//! Frequent questions: the department's, and a site's own after them.

use gapura_model::SiteId;
use gapura_store::FaqRow;
use gapura_wire::{Faq, Text, limits};

use super::publish::Scope;
use super::{Actor, Change, Office, OfficeError, Published, read_json, write_json};
use crate::why::{Why, why};

/// Questions of the department, and of each site: together they fill a bundle.
const EACH: usize = limits::FAQ / 2;

impl Office {
    /// Questions of the department (`None`) or of a site alone, in their order.
    pub async fn faq(&self, site: Option<&SiteId>) -> Result<Vec<Faq>, OfficeError> {
        let rows = self.store.read().await?.faq(site).await?;
        let own = rows.into_iter().find(|row| row.site == site.map_or("", SiteId::as_str));
        own.map_or_else(|| Ok(Vec::new()), |row| read_json(&row.document, "frequent questions"))
    }

    /// Writes the questions of the department (`None`) or of a site, all of them in their order, and publishes them.
    pub async fn set_faq(
        &self,
        site: Option<&SiteId>,
        questions: &[Faq],
        who: &Actor,
    ) -> Result<Vec<Published>, OfficeError> {
        let questions: Vec<Faq> = questions.iter().map(trimmed).collect();
        let wrong = mistakes(&questions);
        if !wrong.is_empty() {
            return Err(OfficeError::Mistakes(wrong));
        }
        let text = write_json(&questions, "the questions")?;
        let mut tx = self.store.write().await?;
        if let Some(site) = site
            && tx.site(site).await?.is_none()
        {
            return Err(OfficeError::not_found("site", site.as_str()));
        }
        let rows = tx.faq(site).await?;
        let before = rows.into_iter().find(|row| row.site == site.map_or("", SiteId::as_str));
        tx.put_faq(site, &text, self.now()).await?;
        let object = site.map_or_else(|| "faq".to_owned(), |site| format!("faq/{site}"));
        let before = before.map(|row| row.document).unwrap_or_default();
        self.note(&mut tx, who, Change { action: "faq-set", object, before: &before, after: &text }).await?;
        let published = self.publish_in(&mut tx, site.map_or(Scope::All, Scope::Site)).await?;
        tx.commit().await?;
        Ok(published)
    }
}

/// What a site's portal shows of all questions: the department's, then its own.
pub(super) fn of_site(all: &[FaqRow], site: &str) -> Result<Vec<Faq>, OfficeError> {
    let mut shown = Vec::new();
    for row in all.iter().filter(|row| row.site.is_empty() || row.site == site) {
        shown.extend(read_json::<Vec<Faq>>(&row.document, "frequent questions")?);
    }
    shown.truncate(limits::FAQ);
    Ok(shown)
}

pub(super) fn trimmed(one: &Faq) -> Faq {
    let text = |text: &Text| Text { id: text.id.trim().to_owned(), en: text.en.trim().to_owned() };
    Faq { question: text(&one.question), answer: text(&one.answer) }
}

pub(super) fn mistakes(questions: &[Faq]) -> Vec<Why> {
    let long = |text: &Text, most| text.id.chars().count() > most || text.en.chars().count() > most;
    let mut wrong = Vec::new();
    if questions.len() > EACH {
        wrong.push(why!("faq-many", most = EACH));
    }
    for (number, one) in (1_u64..).zip(questions) {
        if one.question.id.is_empty() || one.answer.id.is_empty() {
            wrong.push(why!("faq-indonesian", number = number));
        }
        if one.question.en.is_empty() != one.answer.en.is_empty() {
            wrong.push(why!("faq-english", number = number));
        }
        if long(&one.question, limits::QUESTION_CHARS) || long(&one.answer, limits::WORDS_CHARS) {
            let (question, answer) = (limits::QUESTION_CHARS, limits::WORDS_CHARS);
            wrong.push(why!("faq-long", number = number, question = question, answer = answer));
        }
        let texts = [&one.question.id, &one.question.en, &one.answer.id, &one.answer.en];
        if texts.iter().any(|text| text.chars().any(|c| c.is_control() && c != '\n' && c != '\r')) {
            wrong.push(why!("faq-controls", number = number));
        }
    }
    wrong
}
