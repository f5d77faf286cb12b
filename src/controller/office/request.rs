//! Requests for help: taken from gateways and typed in by staff, shown in lists, told to the sites' portals, erased in time.

use std::collections::BTreeMap;

use gapura_model::{Reference, SiteId, VisitId};
use gapura_store::{AppealRow, RequestQuery, RequestRow, Span, StepRow, Tx, VisitRow, millis, timestamp};
use gapura_wire::{
    AnswerWords, Appeal, Contact, HelpRequest, HelpRequests, HelpRequestsAck, HelpState, HelpTopic, RefusedRequest,
    RequestAnswer, StoredRequest, limits,
};
use jiff::{SignedDuration, Timestamp};

use super::enrol::Member;
use super::print::{FormKey, result_of};
use super::publish::Scope;
use super::request_at::At;
use super::site::parse_site;
use super::{Actor, Change, Office, OfficeError, Published, read_json};
use crate::document::SiteDocument;
use crate::due::due;
use crate::keys::random;
use crate::rights::{Grant, Right, SitePlace, desks, may};
use crate::why::{Why, why};

/// Requests of one gateway in 24 hours; further ones wait at the gateway.
const A_DAY: i64 = 200;
/// A gateway with more of them asks again after so many seconds.
const RETRY_SECONDS: u32 = 3600;
/// Answers in a site's bundle, in bytes of words, the newest first.
const TOLD_BYTES: usize = 256 * 1024;
/// A visit is looked for among those that began so long before its request.
const VISIT: SignedDuration = SignedDuration::from_hours(36);

/// Which requests a person sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Of these sites; none = of all.
    pub sites: Option<Vec<String>>,
    /// And those forwarded to these agencies.
    pub agencies: Vec<String>,
}

impl Reach {
    /// Everything: the command line on the controller's machine.
    pub const ALL: Self = Self { sites: None, agencies: Vec::new() };

    /// What grants open, at sites that stand there.
    pub fn of(grants: &[Grant], places: &[SitePlace]) -> Self {
        let agencies = desks(grants).into_iter().map(str::to_owned).collect();
        if may(grants, Right::SeeRequests, None) {
            return Self { sites: None, agencies };
        }
        let seen = places.iter().filter(|place| may(grants, Right::SeeRequests, Some(place)));
        Self { sites: Some(seen.map(|place| place.site.as_str().to_owned()).collect()), agencies }
    }

    /// Only what was forwarded to one agency.
    pub fn desk(agency: &str) -> Self {
        Self { sites: Some(Vec::new()), agencies: vec![agency.to_owned()] }
    }
}

/// A part of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Somebody owes an answer.
    #[default]
    Waiting,
    /// The same, and its time is over.
    Overdue,
    /// Taken by whoever looks, and still open.
    Mine,
    /// Answered or closed.
    Done,
    /// All of them.
    All,
}

/// A list of requests.
#[derive(Clone, Debug, Default)]
pub struct RequestList {
    /// Its rows, without contacts.
    pub rows: Vec<RequestRow>,
    /// How many there are in all.
    pub total: u64,
}

/// What a list is asked for.
#[derive(Clone, Debug, Default)]
pub struct RequestsAsked<'a> {
    /// Which part.
    pub tab: Tab,
    /// Only of this site.
    pub site: Option<&'a SiteId>,
    /// Who looks.
    pub me: &'a str,
    /// Only what has this in it.
    pub search: &'a str,
    /// Behind so many.
    pub offset: u32,
    /// At most so many.
    pub limit: u32,
}

/// One request with all that is known of it, but for the contact.
#[derive(Clone, Debug)]
pub struct RequestView {
    /// The request.
    pub row: RequestRow,
    /// Whether the visitor left a contact.
    pub has_contact: bool,
    /// What happened to it, the oldest first.
    pub steps: Vec<StepRow>,
    /// The appeal that it is.
    pub appeal: Option<AppealRow>,
    /// The visit in which it was written, where the log has it.
    pub visit: Option<VisitRow>,
    /// The site's name for people.
    pub site_name: String,
    /// Where the site stands.
    pub place: SitePlace,
}

/// A request that staff type in.
#[derive(Clone, Debug)]
pub struct RequestOrder {
    /// At which site.
    pub site: SiteId,
    /// Whether the person called (`true`) or stands at the counter.
    pub by_telephone: bool,
    /// What it is about.
    pub topic: HelpTopic,
    /// The person's words, or what staff understood.
    pub words: String,
    /// How to reach the person; empty for none.
    pub contact: String,
    /// The visit's short number; empty for none.
    pub visit: String,
    /// The site asked about; empty for none.
    pub about: String,
    /// The form's key: sent again, it adds nothing more.
    pub form: Option<FormKey>,
}

impl Office {
    /// Keeps requests of a gateway; the same one again is kept once.
    pub(crate) async fn take_requests(
        &self,
        from: &Member,
        asked: &HelpRequests,
    ) -> Result<HelpRequestsAck, OfficeError> {
        let now = self.now();
        let day_ago = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MIN);
        let mut ack = HelpRequestsAck::default();
        let mut tx = self.store.write().await?;
        let document = document_in(&mut tx, &from.site).await?;
        let mut room = A_DAY - tx.requests_since((&from.site, &from.gateway), day_ago).await?;
        for request in &asked.requests {
            let known = tx.requests_under(request.reference.as_str()).await?;
            if let Some(reason) = request.problem() {
                ack.refused.push(RefusedRequest { reference: request.reference, reason: reason.to_owned() });
            } else if let Some(row) = known.iter().find(|row| row.site == from.site.as_str()) {
                let due = row.settled.is_none().then(|| timestamp(row.due));
                ack.stored.push(StoredRequest { reference: request.reference, due });
            } else if room > 0 {
                room -= 1;
                let due = due(request.topic, &document.hours, now);
                let row = row_of(from, request, (now, due));
                tx.add_request(&row).await?;
                tx.add_step(&step(&row, "filed", "", now)).await?;
                ack.stored.push(StoredRequest { reference: request.reference, due: Some(due) });
            } else {
                ack.retry_seconds = Some(RETRY_SECONDS);
            }
        }
        tx.commit().await?;
        if ack.retry_seconds.is_some() {
            tracing::warn!(gateway = %from.gateway, a_day = A_DAY, "more requests than one gateway may send in a day; the rest wait there");
        }
        Ok(ack)
    }

    /// Puts an appeal into the same list, in the transaction that keeps it.
    pub(super) async fn add_appeal_request(
        &self,
        tx: &mut Tx,
        from: &Member,
        appeal: &Appeal,
    ) -> Result<(), OfficeError> {
        let now = self.now();
        let document = document_in(tx, &from.site).await?;
        let row = RequestRow {
            origin: "appeal".to_owned(),
            topic: HelpTopic::Blocked.as_str().to_owned(),
            made: millis(appeal.at),
            ..blank(&from.site, &appeal.reference, (now, due(HelpTopic::Blocked, &document.hours, now)))
        };
        let row = RequestRow { gateway: from.gateway.as_str().to_owned(), ..row };
        tx.add_request(&row).await?;
        Ok(tx.add_step(&step(&row, "filed", "", now)).await?)
    }

    /// Keeps a request that staff type in, and has the site's portal know its number.
    pub async fn add_request(
        &self,
        order: &RequestOrder,
        who: &Actor,
    ) -> Result<(RequestRow, Vec<Published>), OfficeError> {
        let now = self.now();
        let reference =
            Reference::from_random(&random::<64>()?).ok_or_else(|| OfficeError::Refused(why!("no-number")))?;
        let mistakes = order.mistakes(reference);
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let filled = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        let mut tx = self.store.write().await?;
        if let Some(known) = result_of(&mut tx, &order.site, order.form.as_ref()).await? {
            let rows = tx.requests_under(&known).await?;
            let row = rows.into_iter().find(|row| row.site == order.site.as_str());
            return Ok((row.ok_or_else(|| OfficeError::not_found("request", known))?, Vec::new()));
        }
        let document = document_in(&mut tx, &order.site).await?;
        let row = RequestRow {
            origin: if order.by_telephone { "telephone" } else { "counter" }.to_owned(),
            topic: order.topic.as_str().to_owned(),
            about: order.about.trim().to_owned(),
            words: order.words.trim().to_owned(),
            contact: filled(&order.contact),
            visit: filled(&order.visit).map(|visit| visit.to_uppercase()),
            ..blank(&order.site, &reference, (now, due(order.topic, &document.hours, now)))
        };
        tx.add_request(&row).await?;
        tx.add_step(&StepRow { actor: who.name.clone(), ..step(&row, "recorded", "", now) }).await?;
        let object = format!("request/{reference}");
        let change = Change { action: "request-add", object, before: "", after: order.topic.as_str() };
        self.note(&mut tx, who, change).await?;
        if let Some(form) = &order.form {
            tx.form_is_done((&order.site, &form.to_text()), &row.reference, now).await?;
        }
        let published = self.publish_in(&mut tx, Scope::Site(&order.site)).await?;
        tx.commit().await?;
        Ok((row, published))
    }

    /// A list of requests, within somebody's reach.
    pub async fn requests(&self, reach: &Reach, asked: &RequestsAsked<'_>) -> Result<RequestList, OfficeError> {
        let query = self.query(reach, asked);
        let mut rows = self.store.read().await?.requests(&query).await?;
        let total = rows.first().map_or(0, |row| row.total);
        for row in &mut rows {
            row.contact = None;
        }
        Ok(RequestList { rows, total: u64::try_from(total).unwrap_or_default() })
    }

    /// How many requests a list holds: the list's own query.
    pub async fn count_requests(&self, reach: &Reach, asked: &RequestsAsked<'_>) -> Result<u64, OfficeError> {
        let count = self.store.read().await?.count_requests(&self.query(reach, asked)).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// How many requests of the sites that these grants show wait for an answer: what stands in the menu, and above the list.
    pub async fn waiting(&self, grants: &[Grant]) -> Result<u64, OfficeError> {
        let reach = Reach { agencies: Vec::new(), ..Reach::of(grants, &self.site_places().await?) };
        self.count_requests(&reach, &RequestsAsked::default()).await
    }

    /// How many requests of each site wait for an answer; a site without any is not there.
    pub async fn waiting_by_site(&self) -> Result<BTreeMap<String, u64>, OfficeError> {
        let rows = self.store.read().await?.requests_waiting().await?;
        Ok(rows.into_iter().map(|row| (row.site, u64::try_from(row.waiting).unwrap_or_default())).collect())
    }

    /// How many requests wait at the desks of these grants' agencies.
    pub async fn waiting_at_desks(&self, grants: &[Grant]) -> Result<u64, OfficeError> {
        let reach = Reach { sites: Some(Vec::new()), ..Reach::of(grants, &[]) };
        self.count_requests(&reach, &RequestsAsked::default()).await
    }

    /// One request.
    pub async fn request(&self, at: At<'_>, reference: &Reference) -> Result<RequestView, OfficeError> {
        let mut tx = self.store.read().await?;
        let mut row = request_in(&mut tx, at, reference).await?;
        let site = parse_site(&row.site)?;
        let document = document_in(&mut tx, &site).await?;
        let appeals = tx.appeals_under(reference.as_str()).await?;
        let appeal = appeals.into_iter().find(|appeal| appeal.site == row.site);
        let has_contact = row.contact.take().is_some();
        Ok(RequestView {
            steps: tx.steps(&row.site, &row.reference).await?,
            visit: visit_of(&mut tx, &row, &site).await?,
            appeal: appeal.map(|appeal| AppealRow { contact: None, ..appeal }),
            place: place(&site, &document),
            site_name: document.name,
            has_contact,
            row,
        })
    }

    /// The contact a visitor left; who looked at it is noted.
    pub async fn request_contact(
        &self,
        at: At<'_>,
        reference: &Reference,
        who: &Actor,
    ) -> Result<Option<Contact>, OfficeError> {
        let mut tx = self.store.write().await?;
        let contact = request_in(&mut tx, at, reference).await?.contact;
        let object = format!("request/{reference}");
        self.note(&mut tx, who, Change { action: "request-contact-seen", object, before: "", after: "" }).await?;
        tx.commit().await?;
        Ok(contact.and_then(|contact| contact.parse().ok()))
    }

    /// How far a site's requests of the last 90 days are, the newest first, as far as they fit.
    pub(super) async fn request_answers(&self, tx: &mut Tx, site: &SiteId) -> Result<Vec<RequestAnswer>, OfficeError> {
        let since = self.answered_since();
        let most = i64::try_from(limits::REQUEST_ANSWERS).unwrap_or(i64::MAX);
        let mut said: BTreeMap<String, Vec<AnswerWords>> = BTreeMap::new();
        for step in tx.answers_since(site, since).await? {
            let agency = Some(step.agency).filter(|agency| !agency.is_empty());
            let words = AnswerWords { at: timestamp(step.at), agency, words: step.words };
            said.entry(step.reference).or_default().push(words);
        }
        let (mut answers, mut room) = (Vec::new(), TOLD_BYTES);
        for row in tx.requests_answered(site, since, most).await? {
            let mut words = said.remove(&row.reference).unwrap_or_default();
            let spare = words.len().saturating_sub(limits::ANSWERS);
            words.drain(..spare);
            let octets: usize = words.iter().map(|one| one.words.len()).sum();
            room = match room.checked_sub(octets) {
                Some(room) => room,
                None => break,
            };
            answers.push(answer_of(row, words)?);
        }
        Ok(answers)
    }

    fn query(&self, reach: &Reach, asked: &RequestsAsked<'_>) -> RequestQuery {
        let open = match asked.tab {
            Tab::Waiting | Tab::Overdue | Tab::Mine => Some(true),
            Tab::Done => Some(false),
            Tab::All => None,
        };
        let sites = match (asked.site, &reach.sites) {
            (None, sites) => sites.clone(),
            (Some(site), None) => Some(vec![site.as_str().to_owned()]),
            (Some(site), Some(sites)) => Some(sites.iter().filter(|one| *one == site.as_str()).cloned().collect()),
        };
        // Whoever asks for one site means what was made there.
        let agencies = if asked.site.is_some() { Vec::new() } else { reach.agencies.clone() };
        let number = asked.search.parse::<Reference>().map(|number| number.as_str().to_owned());
        RequestQuery {
            sites,
            agencies,
            open,
            due_before: (asked.tab == Tab::Overdue).then(|| self.now()),
            holder: (asked.tab == Tab::Mine).then(|| asked.me.to_owned()),
            search: number.unwrap_or_else(|_| asked.search.to_owned()),
            limit: i64::from(asked.limit),
            offset: i64::from(asked.offset),
            ..RequestQuery::default()
        }
    }
}

impl RequestOrder {
    /// Everything that keeps it from being kept.
    fn mistakes(&self, reference: Reference) -> Vec<Why> {
        let contact = self.contact.trim();
        let visit = Some(self.visit.trim().to_uppercase()).filter(|visit| !visit.is_empty());
        let as_sent = HelpRequest {
            reference,
            topic: self.topic,
            words: self.words.clone(),
            contact: None,
            visit: None,
            about: None,
            explanation: None,
            at: Timestamp::UNIX_EPOCH,
        };
        let about = Some(self.about.clone()).filter(|about| !about.trim().is_empty());
        let alone = [
            (as_sent.clone(), why!("request-words", most = limits::WORDS_CHARS)),
            (HelpRequest { words: "-".to_owned(), visit, ..as_sent.clone() }, why!("request-visit")),
            (
                HelpRequest { words: "-".to_owned(), about, ..as_sent },
                why!("request-about", most = limits::SUBJECT_CHARS),
            ),
        ];
        let wrong = alone.into_iter().filter(|(one, _)| one.problem().is_some()).map(|(_, why)| why);
        let unreachable = !contact.is_empty() && contact.parse::<Contact>().is_err();
        wrong.chain(unreachable.then(|| why!("request-contact", most = limits::CONTACT_CHARS))).collect()
    }
}

pub(super) async fn request_in(tx: &mut Tx, at: At<'_>, reference: &Reference) -> Result<RequestRow, OfficeError> {
    let found = tx.requests_under(reference.as_str()).await?;
    let what = if at.desk().is_some() { "request at this desk" } else { "request" };
    let only = at.only(found, |row| (&row.site, &row.agency));
    only.ok_or_else(|| OfficeError::not_found(what, reference.to_string()))
}

pub(super) async fn document_in(tx: &mut Tx, site: &SiteId) -> Result<SiteDocument, OfficeError> {
    let row = tx.site(site).await?.ok_or_else(|| OfficeError::not_found("site", site.as_str()))?;
    read_json(&row.document, format!("site {site}"))
}

/// A step of a request by the program itself.
pub(super) fn step(row: &RequestRow, kind: &str, words: &str, now: Timestamp) -> StepRow {
    StepRow {
        site: row.site.clone(),
        reference: row.reference.clone(),
        event: 0,
        at: millis(now),
        kind: kind.to_owned(),
        actor: "gapura".to_owned(),
        agency: String::new(),
        words: words.to_owned(),
    }
}

fn place(site: &SiteId, document: &SiteDocument) -> SitePlace {
    SitePlace { site: site.clone(), agency: document.agency.clone(), regency: document.regency.clone() }
}

/// The visit whose short number stands in a request, among those of its site and day.
async fn visit_of(tx: &mut Tx, row: &RequestRow, site: &SiteId) -> Result<Option<VisitRow>, OfficeError> {
    let Some(short) = &row.visit else { return Ok(None) };
    let made = timestamp(row.made);
    let from = made.checked_sub(VISIT).unwrap_or(Timestamp::MIN);
    let until = made.checked_add(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MAX);
    let visits = tx.visits(&Span { from, until, site: Some(site.clone()), limit: 10_000 }).await?;
    let is_it = |visit: &VisitRow| visit.visit.parse::<VisitId>().is_ok_and(|id| id.short() == *short);
    Ok(visits.into_iter().rev().find(is_it))
}

fn answer_of(row: RequestRow, answers: Vec<AnswerWords>) -> Result<RequestAnswer, OfficeError> {
    let damaged = || OfficeError::damaged("a request")("its number, topic or state is not what was written".into());
    let state = HelpState::named(&row.state).ok_or_else(damaged)?;
    Ok(RequestAnswer {
        reference: row.reference.parse().map_err(|_| damaged())?,
        topic: HelpTopic::named(&row.topic).ok_or_else(damaged)?,
        filed: timestamp(row.made),
        state,
        agency: (state == HelpState::Forwarded).then_some(row.agency),
        due: row.settled.is_none().then(|| timestamp(row.due)),
        answers,
    })
}

fn row_of(from: &Member, request: &HelpRequest, times: (Timestamp, Timestamp)) -> RequestRow {
    RequestRow {
        gateway: from.gateway.as_str().to_owned(),
        origin: "portal".to_owned(),
        topic: request.topic.as_str().to_owned(),
        about: request.about.as_deref().unwrap_or_default().trim().to_owned(),
        words: request.words.trim().to_owned(),
        contact: request.contact.as_ref().map(|contact| contact.expose().to_owned()),
        visit: request.visit.clone(),
        explanation: request.explanation.clone().unwrap_or_default(),
        made: millis(request.at),
        ..blank(&from.site, &request.reference, times)
    }
}

/// A request nobody has looked at.
fn blank(site: &SiteId, reference: &Reference, (now, due): (Timestamp, Timestamp)) -> RequestRow {
    RequestRow {
        site: site.as_str().to_owned(),
        reference: reference.as_str().to_owned(),
        gateway: String::new(),
        origin: String::new(),
        topic: String::new(),
        about: String::new(),
        words: String::new(),
        contact: None,
        visit: None,
        explanation: String::new(),
        state: HelpState::Received.as_str().to_owned(),
        holder: String::new(),
        desk: "helpdesk".to_owned(),
        agency: String::new(),
        level: 0,
        made: millis(now),
        received: millis(now),
        due: millis(due),
        changed: millis(now),
        settled: None,
        total: 1,
    }
}
