//! The counter: orders to gateways, who is online, PC seats, the queue, classes.

use gapura_model::SiteId;
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// An order of staff.
    pub OrderRow {
        /// The site.
        site: String,
        /// Its id.
        id: String,
        /// What it does, for example `extend`.
        kind: String,
        /// The visit it is about.
        visit: Option<String>,
        /// The order as it is sent (JSON), sealed where it holds a code; empty once that is forgotten.
        document: String,
        /// Who ordered it.
        who: String,
        /// Why.
        reason: String,
        /// `queued`, `done`, `failed` or `taken-back`.
        state: String,
        /// When it was made, ms.
        made: i64,
        /// From when on it is not carried out any more, ms.
        expires: i64,
        /// When its outcome came, or it was taken back, ms.
        told: Option<i64>,
        /// What became of it (JSON).
        outcome: Option<String>,
        /// When it was first handed to the gateway, ms.
        sent: Option<i64>,
    }
}

row! {
    /// Who was online when a site last told it.
    pub DeskViewRow {
        /// The site.
        site: String,
        /// What it told (JSON).
        document: String,
        /// When, ms.
        told: i64,
    }
}

row! {
    /// A PC seat that is out of order or kept for somebody.
    pub SeatRow {
        /// The site.
        site: String,
        /// The seat's label.
        seat: String,
        /// 1 = out of order.
        broken: i64,
        /// The number of the queue that it is kept for; 0 = for somebody without a number.
        ticket: Option<i64>,
        /// Until when it is kept, ms.
        until: Option<i64>,
    }
}

row! {
    /// A number of the queue.
    pub TicketRow {
        /// The site.
        site: String,
        /// The day in the site's zone.
        day: String,
        /// The number, from 1.
        number: i64,
        /// `waiting`, `called`, `present` or `gone`.
        state: String,
        /// When it was taken, ms.
        made: i64,
        /// When it was last called, ms.
        called: Option<i64>,
        /// The seat that it was called to.
        seat: Option<String>,
        /// How often it was called.
        calls: i64,
        /// Who called it last; empty for nobody.
        caller: String,
    }
}

row! {
    /// A class.
    pub ClassRow {
        /// The site.
        site: String,
        /// Its id.
        id: String,
        /// What staff call it.
        title: String,
        /// Seats, plan, group, code (JSON).
        document: String,
        /// Who opened it.
        who: String,
        /// When, ms.
        made: i64,
        /// When it ends by itself, ms.
        until: i64,
        /// When it was ended before that, ms.
        closed: Option<i64>,
        /// How many came.
        attendance: Option<i64>,
    }
}

row! {
    /// What came of a form.
    pub(crate) FormResult {
        /// As whoever kept it wrote it.
        result: String,
    }
}

row! {
    /// A site's id.
    pub(crate) SiteName {
        /// The id.
        site: String,
    }
}

impl Tx {
    /// Keeps an order; `false` where it is known.
    pub async fn add_order(&mut self, order: &OrderRow) -> Result<bool, StoreError> {
        let o = order;
        let args = args![
            &o.site,
            &o.id,
            &o.kind,
            &o.visit,
            &o.document,
            &o.who,
            &o.reason,
            &o.state,
            o.made,
            o.expires,
            o.told,
            &o.outcome
        ];
        Ok(self.execute(sql::DESK_ORDER_ADD, args).await? > 0)
    }

    /// One order.
    pub async fn desk_order(&mut self, site: &SiteId, id: &str) -> Result<Option<OrderRow>, StoreError> {
        self.row(sql::DESK_ORDER_GET, args![site.as_str(), id]).await
    }

    /// A site's orders made since `since`, the newest first.
    pub async fn desk_orders(
        &mut self,
        site: &SiteId,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<OrderRow>, StoreError> {
        self.rows(sql::DESK_ORDER_LIST, args![site.as_str(), millis(since), limit]).await
    }

    /// Orders whose outcome is not known and that may still be carried out, the oldest first.
    pub async fn orders_queued(
        &mut self,
        site: &SiteId,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<OrderRow>, StoreError> {
        self.rows(sql::DESK_ORDER_QUEUED, args![site.as_str(), millis(now), limit]).await
    }

    /// Notes that an order is handed to the gateway; the first time counts.
    pub async fn order_is_sent(&mut self, (site, id): (&SiteId, &str), now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(sql::DESK_ORDER_SENT, args![site.as_str(), id, millis(now)]).await? > 0)
    }

    /// Takes an order back; `false` where the gateway was handed it, or its outcome is known.
    pub async fn take_back_order(&mut self, (site, id): (&SiteId, &str), now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(sql::DESK_ORDER_TAKE_BACK, args![site.as_str(), id, millis(now)]).await? > 0)
    }

    /// Keeps what came of a form; `false` where it was carried out before.
    pub async fn form_is_done(
        &mut self,
        (site, form): (&SiteId, &str),
        result: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self.execute(sql::FORM_DONE_ADD, args![site.as_str(), form, result, millis(now)]).await? > 0)
    }

    /// What came of a form, where it was carried out.
    pub async fn result_of_form(&mut self, site: &SiteId, form: &str) -> Result<Option<String>, StoreError> {
        let row: Option<FormResult> = self.row(sql::FORM_DONE_GET, args![site.as_str(), form]).await?;
        Ok(row.map(|row| row.result))
    }

    /// Forgets forms that were carried out before `before`.
    pub async fn forget_forms(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::FORM_DONE_PRUNE, args![millis(before)]).await
    }

    /// Keeps what became of an order (`done` or `failed`); `false` where it is not known, was taken back, or another router of the site
    /// has done what this one could not.
    pub async fn put_order_outcome(
        &mut self,
        (site, id): (&SiteId, &str),
        (state, outcome): (&str, &str),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let args = args![site.as_str(), id, state, outcome, millis(now)];
        Ok(self.execute(sql::DESK_ORDER_OUTCOME, args).await? > 0)
    }

    /// Orders of which nothing was heard and that expired before `before` failed, for this reason.
    pub async fn orders_are_late(&mut self, outcome: &str, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::DESK_ORDER_LATE, args![outcome, millis(before)]).await
    }

    /// Forgets codes for moving that expired before `now`.
    pub async fn forget_move_codes(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute(sql::DESK_ORDER_BLANK, args![millis(now)]).await
    }

    /// Counts an order, for every server whose gateways wait.
    pub async fn ring_desk(&mut self) -> Result<(), StoreError> {
        self.execute(sql::DESK_BELL_RING, args![]).await.map(drop)
    }

    /// How many orders were counted.
    pub async fn desk_bell(&mut self) -> Result<i64, StoreError> {
        self.number(sql::DESK_BELL_NUMBER, args![]).await
    }

    /// Sites for which orders wait.
    pub async fn sites_with_orders(&mut self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let rows: Vec<SiteName> = self.rows(sql::DESK_SITES_QUEUED, args![millis(now)]).await?;
        Ok(rows.into_iter().map(|row| row.site).collect())
    }

    /// Keeps who is online at a site.
    pub async fn put_desk_view(&mut self, site: &SiteId, document: &str, told: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::DESK_VIEW_PUT, args![site.as_str(), document, millis(told)]).await.map(drop)
    }

    /// Who was online at a site when it was last kept.
    pub async fn desk_view(&mut self, site: &SiteId) -> Result<Option<DeskViewRow>, StoreError> {
        self.row(sql::DESK_VIEW_GET, args![site.as_str()]).await
    }

    /// Keeps what is known of a seat.
    pub async fn put_seat(&mut self, seat: &SeatRow) -> Result<(), StoreError> {
        let args = args![&seat.site, &seat.seat, seat.broken, seat.ticket, seat.until];
        self.execute(sql::DESK_SEAT_PUT, args).await.map(drop)
    }

    /// Seats of which something is known.
    pub async fn seats(&mut self, site: &SiteId) -> Result<Vec<SeatRow>, StoreError> {
        self.rows(sql::DESK_SEAT_LIST, args![site.as_str()]).await
    }

    /// Keeps a number of the queue.
    pub async fn put_ticket(&mut self, ticket: &TicketRow) -> Result<(), StoreError> {
        let t = ticket;
        let args = args![&t.site, &t.day, t.number, &t.state, t.made, t.called, &t.seat, t.calls, &t.caller];
        self.execute(sql::DESK_TICKET_PUT, args).await.map(drop)
    }

    /// A day's numbers.
    pub async fn tickets(&mut self, site: &SiteId, day: &str) -> Result<Vec<TicketRow>, StoreError> {
        self.rows(sql::DESK_TICKET_LIST, args![site.as_str(), day]).await
    }

    /// Keeps a class.
    pub async fn put_class(&mut self, class: &ClassRow) -> Result<(), StoreError> {
        let c = class;
        let args = args![&c.site, &c.id, &c.title, &c.document, &c.who, c.made, c.until, c.closed, c.attendance];
        self.execute(sql::DESK_CLASS_PUT, args).await.map(drop)
    }

    /// One class.
    pub async fn class(&mut self, site: &SiteId, id: &str) -> Result<Option<ClassRow>, StoreError> {
        self.row(sql::DESK_CLASS_GET, args![site.as_str(), id]).await
    }

    /// A site's classes that ended after `since` or run, the newest first.
    pub async fn classes(&mut self, site: &SiteId, since: Timestamp, limit: i64) -> Result<Vec<ClassRow>, StoreError> {
        self.rows(sql::DESK_CLASS_LIST, args![site.as_str(), millis(since), limit]).await
    }

    /// Erases what has had its time: orders and numbers older than `old`, what was said of who is online before `seen`, and of
    /// classes that ended before `old` everything but how many came.
    pub async fn forget_desk(&mut self, old: Timestamp, seen: Timestamp) -> Result<u64, StoreError> {
        let mut gone = self.execute(sql::DESK_ORDER_PRUNE, args![millis(old)]).await?;
        gone += self.execute(sql::DESK_TICKET_PRUNE, args![millis(old)]).await?;
        gone += self.execute(sql::DESK_CLASS_ERASE, args![millis(old)]).await?;
        gone += self.execute(sql::DESK_VIEW_PRUNE, args![millis(seen)]).await?;
        Ok(gone)
    }
}
