//! Adding people, giving and taking roles, closing accounts. Whatever changes somebody's rights ends their sessions.

use gapura_model::Secret;
use gapura_store::{GrantRow, PersonRow, Tx, millis, timestamp};
use jiff::Timestamp;

use super::super::account::hash;
use super::session::parse_name;
use super::{Actor, Office, OfficeError, TEMPORARY, grants_of, open_person, places, problem, read_grant};
use crate::keys::random;
use crate::rights::{Grant, Right, Scope, may};
use crate::staff::{StaffName, StaffProblem, clashes, temporary};
use crate::why::why;

/// Somebody as an administrator writes them.
#[derive(Clone, Debug)]
pub struct PersonOrder {
    /// The name they sign in with.
    pub name: StaffName,
    /// What others see, for example `Petugas loket`.
    pub title: String,
    /// `id` or `en`.
    pub lang: String,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// Who they are at the identity provider, where there is one.
    pub subject: Option<String>,
}

/// Somebody was added, or given a new password.
#[derive(Clone, Debug)]
pub struct PersonAdded {
    /// The password made for them, to be told once; none where they brought their own.
    pub password: Option<Secret<String>>,
    /// It is good until then.
    pub until: Option<Timestamp>,
}

/// Somebody, as lists show them; nothing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name they sign in with.
    pub name: StaffName,
    /// What others see; erased two years after they left.
    pub title: String,
    /// The language of their pages.
    pub lang: String,
    /// What they may do.
    pub grants: Vec<Grant>,
    /// Whether a second factor is set up.
    pub second_factor: bool,
    /// They have yet to choose their own password, and can until then.
    pub temporary_until: Option<Timestamp>,
    /// Who they are at the identity provider.
    pub subject: Option<String>,
    /// Since when they are there.
    pub made: Timestamp,
    /// When they left.
    pub closed: Option<Timestamp>,
}

/// What the audit log calls the program itself.
const OWN_NAME: &str = "gapura";

impl Office {
    /// Adds somebody, with a password of their own or one that is made here and replaced at the first sign-in.
    pub async fn add_person(
        &self,
        order: &PersonOrder,
        password: Option<Secret<String>>,
        who: &Actor,
    ) -> Result<PersonAdded, OfficeError> {
        let mut wrong = described(&order.title, &order.lang);
        if order.grants.is_empty() {
            wrong.push(StaffProblem::NoGrant);
        }
        if let Some(password) = &password {
            wrong.extend(self.judge(&order.name, password).await?);
        }
        let (verifier, added) = match password {
            Some(_) if !wrong.is_empty() => (String::new(), PersonAdded { password: None, until: None }),
            Some(password) => (hash(password).await?, PersonAdded { password: None, until: None }),
            None => self.made_password().await?,
        };
        let row = PersonRow {
            name: order.name.as_str().to_owned(),
            title: order.title.trim().to_owned(),
            lang: order.lang.clone(),
            verifier,
            temporary_until: added.until.map(millis),
            totp: None,
            totp_step: 0,
            subject: subject(order),
            made: millis(self.now()),
            closed: None,
        };
        let mut tx = self.store.write().await?;
        if tx.person(&row.name).await?.is_some() || row.name == OWN_NAME {
            wrong.push(StaffProblem::NameTaken);
        }
        wrong.extend(subject_taken(&mut tx, &row).await?);
        wrong.extend(fitting(&mut tx, &order.grants).await?);
        if !wrong.is_empty() {
            return Err(OfficeError::Staff(wrong));
        }
        tx.put_person(&row).await?;
        self.put_grants(&mut tx, &row.name, &order.grants, who).await?;
        let after = describe(&row, &order.grants);
        self.note_person(&mut tx, who, "person-add", &row.name, ("", &after)).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// Changes what somebody is called, their language, and who they are at the identity provider; roles stay.
    pub async fn change_person(&self, order: &PersonOrder, who: &Actor) -> Result<(), OfficeError> {
        let mut wrong = described(&order.title, &order.lang);
        let mut tx = self.store.write().await?;
        let before = open_person(&mut tx, &order.name).await?;
        let (title, lang) = (order.title.trim().to_owned(), order.lang.clone());
        let row = PersonRow { title, lang, subject: subject(order), ..before.clone() };
        wrong.extend(subject_taken(&mut tx, &row).await?);
        if !wrong.is_empty() {
            return Err(OfficeError::Staff(wrong));
        }
        tx.put_person(&row).await?;
        if row.subject != before.subject {
            // Whoever was signed in by the former identity is somebody else now.
            tx.clear_sessions(&row.name, None).await?;
        }
        let grants = grants_of(&mut tx, &row.name).await?;
        let (was, mut is) = (describe(&before, &grants), describe(&row, &grants));
        for (what, changed) in [("title", row.title != before.title), ("subject", row.subject != before.subject)] {
            if changed {
                is.extend([", another ", what]);
            }
        }
        self.note_person(&mut tx, who, "person-set", &row.name, (&was, &is)).await?;
        Ok(tx.commit().await?)
    }

    /// Gives somebody exactly these roles, and ends their sessions.
    pub async fn set_grants(&self, name: &StaffName, grants: &[Grant], who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = open_person(&mut tx, name).await?;
        self.replace_grants(&mut tx, &row, grants, who).await?;
        Ok(tx.commit().await?)
    }

    /// Gives somebody one more role, and ends their sessions.
    pub async fn grant(&self, name: &StaffName, grant: &Grant, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = open_person(&mut tx, name).await?;
        let mut grants = grants_of(&mut tx, name.as_str()).await?;
        if grants.contains(grant) {
            return Err(OfficeError::Refused(why!(
                "grant-held",
                name = name.as_str(),
                role = grant.role.to_string(),
                scope = grant.scope.to_string()
            )));
        }
        grants.push(grant.clone());
        self.replace_grants(&mut tx, &row, &grants, who).await?;
        Ok(tx.commit().await?)
    }

    /// Takes a role back, and ends their sessions.
    pub async fn ungrant(&self, name: &StaffName, grant: &Grant, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let row = open_person(&mut tx, name).await?;
        let grants = grants_of(&mut tx, name.as_str()).await?;
        if !grants.contains(grant) {
            return Err(OfficeError::Refused(why!(
                "grant-missing",
                name = name.as_str(),
                role = grant.role.to_string(),
                scope = grant.scope.to_string()
            )));
        }
        let left: Vec<Grant> = grants.into_iter().filter(|one| one != grant).collect();
        self.replace_grants(&mut tx, &row, &left, who).await?;
        Ok(tx.commit().await?)
    }

    /// Closes somebody's account: password, second factor, roles and sessions go at once; the name is never given away again.
    pub async fn close_person(&self, name: &StaffName, who: &Actor) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let before = open_person(&mut tx, name).await?;
        if who.name == name.as_str() {
            return problem(StaffProblem::Oneself);
        }
        let grants = grants_of(&mut tx, name.as_str()).await?;
        keeps_an_administrator(&mut tx, name.as_str(), &grants, &[]).await?;
        let row = PersonRow {
            verifier: String::new(),
            temporary_until: None,
            totp: None,
            subject: None,
            closed: Some(millis(self.now())),
            ..before.clone()
        };
        tx.put_person(&row).await?;
        tx.clear_grants(name.as_str()).await?;
        tx.put_recovery_codes(name.as_str(), &[]).await?;
        tx.clear_sessions(name.as_str(), None).await?;
        let was = describe(&before, &grants);
        self.note_person(&mut tx, who, "person-close", name.as_str(), (&was, "closed")).await?;
        Ok(tx.commit().await?)
    }

    /// Gives somebody a new password to begin with, and ends their sessions.
    pub async fn reset_password(&self, name: &StaffName, who: &Actor) -> Result<PersonAdded, OfficeError> {
        let (verifier, added) = self.made_password().await?;
        let mut tx = self.store.write().await?;
        let before = open_person(&mut tx, name).await?;
        tx.put_person(&PersonRow { verifier, temporary_until: added.until.map(millis), ..before }).await?;
        tx.clear_sessions(name.as_str(), None).await?;
        self.note_person(&mut tx, who, "password-reset", name.as_str(), ("", "")).await?;
        tx.commit().await?;
        Ok(added)
    }

    /// Gives somebody's pages another language.
    pub async fn set_language(&self, staff: &super::Staff, lang: &str) -> Result<(), OfficeError> {
        let mut tx = self.store.write().await?;
        let before = open_person(&mut tx, &staff.name).await?;
        if !LANGUAGES.contains(&lang) {
            return problem(StaffProblem::Language);
        }
        let was = before.lang.clone();
        tx.put_person(&PersonRow { lang: lang.to_owned(), ..before }).await?;
        self.note_person(&mut tx, &staff.actor(""), "language-set", staff.name.as_str(), (&was, lang)).await?;
        Ok(tx.commit().await?)
    }

    /// All people, by name, also those who left.
    pub async fn people(&self) -> Result<Vec<Person>, OfficeError> {
        let mut tx = self.store.read().await?;
        let (rows, grants) = (tx.people().await?, tx.grants(None).await?);
        let of = |row: PersonRow| {
            let own = grants.iter().filter(|grant| grant.person == row.name).map(read_grant);
            let own = own.collect::<Result<_, _>>()?;
            person(row, own)
        };
        rows.into_iter().map(of).collect()
    }

    /// One of them; who looked is noted, for it is a person's record.
    pub async fn person(&self, name: &StaffName, who: &Actor) -> Result<Person, OfficeError> {
        let mut tx = self.store.write().await?;
        let row = tx.person(name.as_str()).await?.ok_or_else(|| OfficeError::not_found("person", name.as_str()))?;
        let grants = grants_of(&mut tx, name.as_str()).await?;
        self.note_person(&mut tx, who, "look", name.as_str(), ("", "")).await?;
        tx.commit().await?;
        person(row, grants)
    }

    async fn made_password(&self) -> Result<(String, PersonAdded), OfficeError> {
        let password = temporary(random()?);
        let until = self.now().checked_add(TEMPORARY).unwrap_or(Timestamp::MAX);
        let verifier = hash(Secret::new(password.expose().clone())).await?;
        Ok((verifier, PersonAdded { password: Some(password), until: Some(until) }))
    }

    async fn put_grants(&self, tx: &mut Tx, name: &str, grants: &[Grant], who: &Actor) -> Result<(), OfficeError> {
        for grant in grants {
            let row = GrantRow {
                person: name.to_owned(),
                role: grant.role.to_string(),
                scope: grant.scope.to_string(),
                given: millis(self.now()),
                given_by: who.name.clone(),
            };
            tx.add_grant(&row).await?;
        }
        Ok(())
    }

    async fn replace_grants(
        &self,
        tx: &mut Tx,
        row: &PersonRow,
        grants: &[Grant],
        who: &Actor,
    ) -> Result<(), OfficeError> {
        let before = grants_of(tx, &row.name).await?;
        let mut wrong = fitting(tx, grants).await?;
        if grants.is_empty() {
            wrong.push(StaffProblem::NoGrant);
        }
        if who.name == row.name {
            wrong.push(StaffProblem::Oneself);
        }
        if !wrong.is_empty() {
            return Err(OfficeError::Staff(wrong));
        }
        keeps_an_administrator(tx, &row.name, &before, grants).await?;
        for gone in before.iter().filter(|grant| !grants.contains(grant)) {
            tx.remove_grant(&row.name, gone.role.as_str(), &gone.scope.to_string()).await?;
        }
        let new: Vec<Grant> = grants.iter().filter(|grant| !before.contains(grant)).cloned().collect();
        self.put_grants(tx, &row.name, &new, who).await?;
        tx.clear_sessions(&row.name, None).await?;
        let (was, is) = (describe(row, &before), describe(row, grants));
        self.note_person(tx, who, "person-grants", &row.name, (&was, &is)).await
    }
}

/// What is wrong with these roles for one person.
async fn fitting(tx: &mut Tx, grants: &[Grant]) -> Result<Vec<StaffProblem>, OfficeError> {
    let places = places(tx).await?;
    let mut wrong = Vec::new();
    for grant in grants {
        if let Scope::Site(site) = &grant.scope
            && !places.iter().any(|place| place.site == *site)
        {
            wrong.push(StaffProblem::NoSite(site.to_string()));
        }
    }
    wrong.extend(clashes(grants, &places).into_iter().map(|(one, other)| StaffProblem::clash(one, other)));
    Ok(wrong)
}

/// Refuses what would leave nobody who may add people everywhere.
async fn keeps_an_administrator(tx: &mut Tx, name: &str, before: &[Grant], after: &[Grant]) -> Result<(), OfficeError> {
    let adds_people = |grants: &[Grant]| may(grants, Right::SetPeople, None);
    if !adds_people(before) || adds_people(after) {
        return Ok(());
    }
    // Grants of those who left are gone with them.
    for row in tx.grants(None).await?.iter().filter(|row| row.person != name) {
        if adds_people(&[read_grant(row)?]) {
            return Ok(());
        }
    }
    problem(StaffProblem::LastAdministrator)
}

fn subject(order: &PersonOrder) -> Option<String> {
    order.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty()).map(str::to_owned)
}

async fn subject_taken(tx: &mut Tx, row: &PersonRow) -> Result<Option<StaffProblem>, OfficeError> {
    let Some(subject) = &row.subject else { return Ok(None) };
    let other = tx.person_of_subject(subject).await?.filter(|other| other.name != row.name);
    Ok(other.map(|_| StaffProblem::SubjectTaken))
}

/// There are pages in these.
const LANGUAGES: &[&str] = &["id", "en"];

fn described(title: &str, lang: &str) -> Vec<StaffProblem> {
    let mut wrong = Vec::new();
    if !(2..=80).contains(&title.trim().chars().count()) || title.chars().any(char::is_control) {
        wrong.push(StaffProblem::Title);
    }
    if !LANGUAGES.contains(&lang) {
        wrong.push(StaffProblem::Language);
    }
    wrong
}

/// What the audit log says of somebody beside their name: what they may do. What they are called and who they are at the identity
/// provider can be erased, the log cannot: it says only that there is something.
fn describe(row: &PersonRow, grants: &[Grant]) -> String {
    let grants: Vec<String> = grants.iter().map(|grant| format!("{} {}", grant.role, grant.scope)).collect();
    let subject = if row.subject.is_some() { ", with a subject" } else { "" };
    format!("{}{subject}, {}", row.lang, grants.join(", "))
}

fn person(row: PersonRow, grants: Vec<Grant>) -> Result<Person, OfficeError> {
    Ok(Person {
        name: parse_name(&row.name)?,
        title: row.title,
        lang: row.lang,
        grants,
        second_factor: row.totp.is_some(),
        temporary_until: row.temporary_until.map(timestamp),
        subject: row.subject,
        made: timestamp(row.made),
        closed: row.closed.map(timestamp),
    })
}
