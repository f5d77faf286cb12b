//! Requests for help: the list, what happened to each, frequent questions, how far the export is.

use gapura_model::{GatewayId, SiteId};
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Arg, Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// How many requests of a site wait for an answer.
    pub WaitingRow {
        /// The site.
        site: String,
        /// How many.
        waiting: i64,
    }
}

row! {
    /// A request. Of an appeal, the text is the appeal's own.
    pub RequestRow {
        /// The site where it was made.
        site: String,
        /// Its number, without dash.
        reference: String,
        /// The router that sent it; empty where staff typed it in.
        gateway: String,
        /// `portal`, `appeal`, `counter` or `telephone`.
        origin: String,
        /// The topic's name on the wire.
        topic: String,
        /// The site asked about; empty for none, or once erased.
        about: String,
        /// The visitor's words; empty once erased.
        words: String,
        /// How to reach the visitor.
        contact: Option<String>,
        /// The visit's short number.
        visit: Option<String>,
        /// What the filter said then (JSON); empty for nothing, or once erased.
        explanation: String,
        /// The state's name on the wire.
        state: String,
        /// Who has taken it; empty for nobody.
        holder: String,
        /// Whose turn it is: `helpdesk`, `site-head`, `department` or `agency`.
        desk: String,
        /// The agency it was last forwarded to; empty for none.
        agency: String,
        /// 0, 1 (escalated to the site head) or 2 (to the department).
        level: i64,
        /// When it was made by the router's clock, ms.
        made: i64,
        /// When it came, ms.
        received: i64,
        /// It is answered by then, ms.
        due: i64,
        /// When something last happened to it, ms.
        changed: i64,
        /// When it was answered or closed, ms.
        settled: Option<i64>,
        /// How many rows the list has in all.
        total: i64,
    }
}

row! {
    /// Something that happened to a request.
    pub StepRow {
        /// The request's site.
        site: String,
        /// The request's number.
        reference: String,
        /// The step's number among all steps; 0 = not kept yet.
        event: i64,
        /// When, ms.
        at: i64,
        /// What.
        kind: String,
        /// Who; `gapura` for the program itself.
        actor: String,
        /// Which agency it concerns; empty for none.
        agency: String,
        /// What was said; empty for nothing, or once erased.
        words: String,
    }
}

row! {
    /// A step with what another system needs to know of its request.
    pub EventRow {
        /// The request's site.
        site: String,
        /// The request's number.
        reference: String,
        /// The step's number among all steps.
        event: i64,
        /// When, ms.
        at: i64,
        /// What.
        kind: String,
        /// Who.
        actor: String,
        /// Which agency it concerns.
        agency: String,
        /// What was said.
        words: String,
        /// Where the request came from.
        origin: String,
        /// What it is about.
        topic: String,
        /// The site asked about.
        about: String,
        /// The visitor's words.
        asked: String,
        /// The state now.
        state: String,
        /// Whose turn it is.
        desk: String,
        /// How far it was escalated.
        level: i64,
        /// When it was made, ms.
        made: i64,
        /// It is answered by then, ms.
        due: i64,
        /// When it was answered or closed, ms.
        settled: Option<i64>,
    }
}

row! {
    /// Frequent questions of the department or a site.
    pub FaqRow {
        /// The site; empty for the department.
        site: String,
        /// The questions (JSON).
        document: String,
        /// When they were written, ms.
        changed: i64,
    }
}

row! {
    /// How far a receiver of the export is.
    pub ExportRow {
        /// Which.
        receiver: String,
        /// The last event it has.
        event: i64,
        /// When it was last told something, ms.
        told: i64,
        /// What went wrong last; empty for nothing.
        trouble: String,
        /// 1 where it is sent nothing more until staff say so.
        stopped: i64,
    }
}

/// Which requests a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestQuery {
    /// Only of these sites; none = all of them.
    pub sites: Option<Vec<String>>,
    /// And those forwarded to these agencies, whatever their site.
    pub agencies: Vec<String>,
    /// Only those still owed an answer, or only those that are not.
    pub open: Option<bool>,
    /// Only those due before.
    pub due_before: Option<Timestamp>,
    /// Only those this person has taken.
    pub holder: Option<String>,
    /// Only those with this in number (written without dash), visit, site asked about or words.
    pub search: String,
    /// Only those received from then on.
    pub received_from: Option<Timestamp>,
    /// Only those received before.
    pub received_before: Option<Timestamp>,
    /// At most so many.
    pub limit: i64,
    /// Behind so many.
    pub offset: i64,
}

impl RequestQuery {
    /// What is looked for, in the order in which counts and the list of those that wait have it.
    fn args(&self) -> Vec<Arg<'_>> {
        args![
            self.sites.as_ref().map_or_else(|| "*".to_owned(), |sites| barred(sites)),
            barred(&self.agencies),
            self.due_before.map_or(0, millis),
            self.holder.as_deref().unwrap_or_default(),
            self.received_from.map_or(0, millis),
            self.received_before.map_or(0, millis),
            pattern(&self.search)
        ]
    }
}

/// Names with a bar on either side, so that each is found whole.
fn barred(names: &[String]) -> String {
    names.iter().fold("|".to_owned(), |text, name| text + &name.replace('|', "") + "|")
}

/// A LIKE pattern that finds `text` anywhere, to the letter but for its case; empty for nothing to find.
fn pattern(text: &str) -> String {
    let text = text.trim().to_uppercase();
    if text.is_empty() {
        return text;
    }
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

impl Tx {
    /// Keeps a request; `false` where it is known.
    pub async fn add_request(&mut self, request: &RequestRow) -> Result<bool, StoreError> {
        let r = request;
        let args = args![
            &r.site,
            &r.reference,
            &r.gateway,
            &r.origin,
            &r.topic,
            &r.about,
            &r.words,
            &r.contact,
            &r.visit,
            &r.explanation,
            &r.state,
            &r.holder,
            &r.desk,
            &r.agency,
            r.level,
            r.made,
            r.received,
            r.due,
            r.changed,
            r.settled
        ];
        Ok(self.execute(sql::REQUEST_ADD, args).await? > 0)
    }

    /// Keeps how far a request is.
    pub async fn put_request(&mut self, request: &RequestRow) -> Result<bool, StoreError> {
        let r = request;
        let args =
            args![&r.site, &r.reference, &r.state, &r.holder, &r.desk, &r.agency, r.level, r.due, r.changed, r.settled];
        Ok(self.execute(sql::REQUEST_PUT, args).await? > 0)
    }

    /// Requests under a number: one, but for a chance in 10^14.
    pub async fn requests_under(&mut self, reference: &str) -> Result<Vec<RequestRow>, StoreError> {
        self.rows(sql::REQUEST_GET, args![reference]).await
    }

    /// A list of requests: those that wait first, the next to be answered on top; then the others, the newest on top.
    pub async fn requests(&mut self, query: &RequestQuery) -> Result<Vec<RequestRow>, StoreError> {
        if query.open == Some(true) {
            // By the index: what was settled is not looked at, however much it is.
            let args = query.args().into_iter().chain(args![query.limit, query.offset]).collect();
            return self.rows(sql::REQUEST_OPEN, args).await;
        }
        let sites = query.sites.as_ref().map_or_else(|| "*".to_owned(), |sites| barred(sites));
        let search = pattern(&query.search);
        let args = args![
            sites,
            barred(&query.agencies),
            query.open == Some(true),
            query.open == Some(false),
            query.due_before.map_or(0, millis),
            query.holder.as_deref().unwrap_or_default(),
            search,
            query.limit,
            query.offset,
            query.received_from.map_or(0, millis),
            query.received_before.map_or(0, millis)
        ];
        self.rows(sql::REQUEST_LIST, args).await
    }

    /// Requests that wait for an answer, by site.
    pub async fn requests_waiting(&mut self) -> Result<Vec<WaitingRow>, StoreError> {
        self.rows(sql::REQUEST_WAITING, args![]).await
    }

    /// How many requests the list of `query` holds: the list's own figure.
    pub async fn count_requests(&mut self, query: &RequestQuery) -> Result<i64, StoreError> {
        let args = query.args();
        if query.open == Some(true) {
            return self.number(sql::REQUEST_OPEN_COUNT, args).await;
        }
        let args = args.into_iter().chain(args![query.open == Some(false)]).collect();
        self.number(sql::REQUEST_COUNT, args).await
    }

    /// A site's requests of which there is something to tell, changed after `since`, the newest first; appeals are told apart.
    pub async fn requests_answered(
        &mut self,
        site: &SiteId,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<RequestRow>, StoreError> {
        self.rows(sql::REQUEST_ANSWERED, args![site.as_str(), millis(since), limit]).await
    }

    /// Requests to escalate: due before `first` and never escalated, or due before `second` and escalated once.
    pub async fn requests_late(
        &mut self,
        (first, second): (Timestamp, Timestamp),
        limit: i64,
    ) -> Result<Vec<RequestRow>, StoreError> {
        self.rows(sql::REQUEST_LATE, args![millis(first), millis(second), limit]).await
    }

    /// How many requests a router's portal sent after `since`.
    pub async fn requests_since(
        &mut self,
        (site, gateway): (&SiteId, &GatewayId),
        since: Timestamp,
    ) -> Result<i64, StoreError> {
        self.number(sql::REQUEST_LATELY, args![site.as_str(), gateway.as_str(), millis(since)]).await
    }

    /// Erases contacts of requests settled before `contact`, and all that was written with those settled before `settled` or
    /// received before `received`; how many requests that touched.
    pub async fn erase_requests(
        &mut self,
        contact: Timestamp,
        settled: Timestamp,
        received: Timestamp,
    ) -> Result<u64, StoreError> {
        let contacts = self.execute(sql::REQUEST_ERASE_CONTACT, args![millis(contact)]).await?;
        self.execute(sql::REQUEST_STEP_ERASE, args![millis(settled), millis(received)]).await?;
        let texts = self.execute(sql::REQUEST_ERASE, args![millis(settled), millis(received)]).await?;
        Ok(contacts + texts)
    }

    /// Keeps a step, under the next number.
    pub async fn add_step(&mut self, step: &StepRow) -> Result<(), StoreError> {
        let s = step;
        let args = args![&s.site, &s.reference, s.at, &s.kind, &s.actor, &s.agency, &s.words];
        self.execute(sql::REQUEST_STEP_ADD, args).await.map(drop)
    }

    /// What happened to a request, the oldest first.
    pub async fn steps(&mut self, site: &str, reference: &str) -> Result<Vec<StepRow>, StoreError> {
        self.rows(sql::REQUEST_STEP_LIST, args![site, reference]).await
    }

    /// What was answered at a site after `since`, the oldest first.
    pub async fn answers_since(&mut self, site: &SiteId, since: Timestamp) -> Result<Vec<StepRow>, StoreError> {
        self.rows(sql::REQUEST_STEP_ANSWERS, args![site.as_str(), millis(since)]).await
    }

    /// Steps of all requests after `event`, in order.
    pub async fn events_after(&mut self, event: i64, limit: i64) -> Result<Vec<EventRow>, StoreError> {
        self.rows(sql::REQUEST_STEP_AFTER, args![event, limit]).await
    }

    /// How far a receiver of the export is.
    pub async fn export(&mut self, receiver: &str) -> Result<Option<ExportRow>, StoreError> {
        self.row(sql::REQUEST_EXPORT_GET, args![receiver]).await
    }

    /// How far all receivers are.
    pub async fn exports(&mut self) -> Result<Vec<ExportRow>, StoreError> {
        self.rows(sql::REQUEST_EXPORT_LIST, args![]).await
    }

    /// Keeps how far a receiver is.
    pub async fn put_export(&mut self, export: &ExportRow) -> Result<(), StoreError> {
        let e = export;
        let args = args![&e.receiver, e.event, e.told, &e.trouble, e.stopped];
        self.execute(sql::REQUEST_EXPORT_PUT, args).await.map(drop)
    }

    /// Frequent questions of the department and, where one is named, of a site.
    pub async fn faq(&mut self, site: Option<&SiteId>) -> Result<Vec<FaqRow>, StoreError> {
        self.rows(sql::FAQ_LIST, args![site.map_or("", SiteId::as_str)]).await
    }

    /// Keeps frequent questions of the department (`None`) or a site.
    pub async fn put_faq(&mut self, site: Option<&SiteId>, document: &str, now: Timestamp) -> Result<(), StoreError> {
        let args = args![site.map_or("", SiteId::as_str), document, millis(now)];
        self.execute(sql::FAQ_PUT, args).await.map(drop)
    }
}
