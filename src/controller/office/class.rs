//! *Kelas*: seats and phones opened for a class in one press, with a group in the content filter and an end. Of those who come only
//! their number is kept.

use gapura_model::{PlanId, PolicyGroup, SiteId, VoucherCode};
use gapura_rules::hours::OpenState;
use gapura_store::{ClassRow, Tx, millis, timestamp};
use gapura_wire::{OrderId, OrderKind, VoucherTag, limits};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::desk::earlier;
use super::print::{FormKey, result_of};
use super::publish::{Scope, voucher_key};
use super::seats::labels;
use super::site::{document_of, must_exist};
use super::voucher::{Origin, Place, VoucherOrder};
use super::{Actor, Change, Office, OfficeError, read_json, write_json};
use crate::document::SiteDocument;
use crate::keys::random;
use crate::why::{Why, why};

/// A class to be opened.
#[derive(Clone, Debug)]
pub struct ClassOrder {
    /// What staff call it.
    pub title: String,
    /// Its seats, by label.
    pub seats: Vec<String>,
    /// So many phones may be online at once on the class's voucher; 0 = no phones.
    pub phones: u16,
    /// The plan of seats and phones.
    pub plan: PlanId,
    /// The group in the content filter for its time; none = as always.
    pub group: Option<PolicyGroup>,
    /// When it ends (UTC); closing time ends it before.
    pub until: Timestamp,
    /// The key of the form that orders it: sent again, it opens nothing more.
    pub form: Option<FormKey>,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Class {
    /// Its id.
    pub id: Uuid,
    /// What staff call it; empty once forgotten.
    pub title: String,
    /// Its seats, by label.
    pub seats: Vec<String>,
    /// The code for phones, told once when it is opened; later [`Office::class_code`] tells it.
    pub code: Option<String>,
    /// The voucher of its phones, while it is good.
    pub voucher: Option<VoucherTag>,
    /// So many phones at once.
    pub phones: u16,
    /// Its plan.
    pub plan: Option<PlanId>,
    /// Its group in the content filter.
    pub group: Option<PolicyGroup>,
    /// When it was opened (UTC).
    pub made: Timestamp,
    /// When it ends or ended (UTC).
    pub until: Timestamp,
    /// It runs.
    pub runs: bool,
    /// How many came, once somebody said so.
    pub attendance: Option<u32>,
    /// The order that opened it.
    pub order: Option<OrderId>,
}

/// What is kept of a class.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Document {
    seats: Vec<String>,
    tag: Option<VoucherTag>,
    phones: u16,
    plan: Option<PlanId>,
    group: Option<PolicyGroup>,
    order: Option<OrderId>,
}

/// The most who come.
const MOST: u32 = 10_000;
/// The longest class.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

impl Office {
    /// Opens a class: an order for the seats, a voucher for the phones.
    pub async fn open_class(&self, site: &SiteId, class: &ClassOrder, who: &Actor) -> Result<Class, OfficeError> {
        let now = self.now();
        let mut tx = self.store.write().await?;
        if let Some(known) = result_of(&mut tx, site, class.form.as_ref()).await? {
            let id = known.parse().map_err(|error: uuid::Error| OfficeError::damaged("a form")(error.into()))?;
            return seen(&class_in(&mut tx, site, id).await?, now);
        }
        must_exist(&mut tx, Some(site), &class.plan).await?;
        let document = document_of(&mut tx, site).await?;
        let closes = match document.hours.state(now) {
            OpenState::Open { closes } => closes,
            OpenState::Closed { .. } => {
                return Err(OfficeError::Refused(why!("class-closed-site")));
            }
        };
        let mistakes = mistakes(class, &document, now);
        if !mistakes.is_empty() {
            return Err(OfficeError::Mistakes(mistakes));
        }
        let until = closes.map_or(class.until, |closes| closes.min(class.until));
        let id = uuid::Builder::from_random_bytes(random::<16>()?).into_uuid();
        let order = OrderId::from_random(random::<16>()?);
        let (code, tag) = match class.phones {
            0 => (None, None),
            _ => Some(self.class_voucher(&mut tx, site, class, (until, who)).await?).unzip(),
        };
        let what = OrderKind::OpenClass {
            class: id,
            seats: class.seats.clone(),
            plan: class.plan.clone(),
            group: class.group.clone(),
            voucher: tag,
            until,
        };
        // Not the title: that is erased with the class, and the audit log is not.
        let reason = if who.reason.trim().is_empty() { "kelas" } else { who.reason.trim() };
        let who = Actor { name: who.name.clone(), reason: reason.to_owned() };
        self.order_in(&mut tx, site, order, what, &who).await?;
        let kept = Document {
            seats: class.seats.clone(),
            tag,
            phones: class.phones,
            plan: Some(class.plan.clone()),
            group: class.group.clone(),
            order: Some(order),
        };
        let row = ClassRow {
            site: site.as_str().to_owned(),
            id: id.to_string(),
            title: class.title.trim().to_owned(),
            document: write_json(&kept, "a class")?,
            who: who.name.clone(),
            made: millis(now),
            until: millis(until),
            closed: None,
            attendance: None,
        };
        tx.put_class(&row).await?;
        if let Some(form) = &class.form {
            tx.form_is_done((site, &form.to_text()), &row.id, now).await?;
        }
        tx.commit().await?;
        self.desk.ring(site);
        Ok(Class { code: code.as_ref().map(VoucherCode::grouped), ..seen(&row, now)? })
    }

    /// The code for the phones of a class that runs, while it is kept; that somebody looked at it is noted.
    pub async fn class_code(&self, site: &SiteId, id: Uuid, who: &Actor) -> Result<Option<VoucherCode>, OfficeError> {
        let mut tx = self.store.write().await?;
        let row = class_in(&mut tx, site, id).await?;
        let Some(tag) = seen(&row, self.now())?.voucher else { return Ok(None) };
        let Some(voucher) = tx.voucher(site, tag.as_bytes()).await? else { return Ok(None) };
        let sealed = tx.sealed_codes(site, &voucher.batch).await?.into_iter().find(|row| row.tag == tag.as_bytes());
        let kept = sealed.and_then(|row| self.keys.vault.open(site.as_str(), &row.tag, &row.sealed));
        let Some(kept) = kept else { return Ok(None) };
        let object = format!("site/{site}/class/{id}");
        self.note(&mut tx, who, Change { action: "class-code-seen", object, before: "", after: "" }).await?;
        tx.commit().await?;
        Ok(Some(kept.code))
    }

    /// The order to open a class was taken back: it is over, and its voucher with it.
    pub(super) async fn class_never_began(&self, tx: &mut Tx, site: &SiteId, id: Uuid) -> Result<(), OfficeError> {
        let (now, row) = (self.now(), class_in(tx, site, id).await?);
        let kept: Document = read_json(&row.document, format!("class {id}"))?;
        if let Some(tag) = kept.tag
            && tx.revoke_voucher(site, tag.as_bytes(), now).await?
        {
            self.publish_in(tx, Scope::Site(site)).await?;
        }
        Ok(tx.put_class(&ClassRow { closed: Some(millis(now)), ..row }).await?)
    }

    /// Ends a class before its time.
    pub async fn close_class(&self, site: &SiteId, id: Uuid, who: &Actor) -> Result<Class, OfficeError> {
        let now = self.now();
        let mut tx = self.store.write().await?;
        let row = class_in(&mut tx, site, id).await?;
        if !seen(&row, now)?.runs {
            return Err(OfficeError::Refused(why!("class-over")));
        }
        let kept: Document = read_json(&row.document, format!("class {id}"))?;
        let order = OrderId::from_random(random::<16>()?);
        self.order_in(&mut tx, site, order, OrderKind::CloseClass { class: id }, who).await?;
        if let Some(tag) = kept.tag
            && tx.revoke_voucher(site, tag.as_bytes(), now).await?
        {
            self.publish_in(&mut tx, Scope::Site(site)).await?;
        }
        let row = ClassRow { closed: Some(millis(now)), ..row };
        tx.put_class(&row).await?;
        tx.commit().await?;
        self.desk.ring(site);
        seen(&row, now)
    }

    /// Notes how many came, and nothing of who.
    pub async fn set_attendance(&self, site: &SiteId, id: Uuid, came: u32, who: &Actor) -> Result<(), OfficeError> {
        if came > MOST {
            return Err(OfficeError::Mistakes(vec![why!("class-came", came = came, most = MOST).at("attendance")]));
        }
        let mut tx = self.store.write().await?;
        let row = class_in(&mut tx, site, id).await?;
        let before = row.attendance.map(|came| came.to_string()).unwrap_or_default();
        tx.put_class(&ClassRow { attendance: Some(i64::from(came)), ..row }).await?;
        let (object, after) = (format!("site/{site}/class/{id}"), came.to_string());
        self.note(&mut tx, who, Change { action: "class-attendance", object, before: &before, after: &after }).await?;
        Ok(tx.commit().await?)
    }

    /// Classes that run, and those of the last 30 days, the newest first.
    pub async fn classes(&self, site: &SiteId) -> Result<Vec<Class>, OfficeError> {
        let now = self.now();
        let since = earlier(now, SignedDuration::from_hours(24 * 30));
        let rows = self.store.read().await?.classes(site, since, 200).await?;
        rows.iter().map(|row| seen(row, now)).collect()
    }

    /// The groups that a site may give to a class.
    pub async fn class_groups(&self, site: &SiteId) -> Result<Vec<PolicyGroup>, OfficeError> {
        Ok(document_of(&mut self.store.read().await?, site).await?.filter.class_groups.into_iter().collect())
    }

    /// A voucher that is good until the class ends, for all its phones together.
    async fn class_voucher(
        &self,
        tx: &mut Tx,
        site: &SiteId,
        class: &ClassOrder,
        (until, who): (Timestamp, &Actor),
    ) -> Result<(VoucherCode, VoucherTag), OfficeError> {
        let order = VoucherOrder {
            place: Place::Site(site.clone()),
            plan: class.plan.clone(),
            count: 1,
            use_time: None,
            use_before: Some(until),
            devices: Some(class.phones),
            note: class.title.trim().to_owned(),
        };
        let made = self.make_vouchers_in(tx, &order, Origin::default(), who).await?;
        let row = tx.site(site).await?.ok_or_else(|| OfficeError::not_found("site", site.as_str()))?;
        let code = made.codes.into_iter().next();
        let code = code.ok_or_else(|| OfficeError::Refused(why!("no-code")))?;
        let tag = voucher_key(&row)?.tag(&code);
        Ok((code, tag))
    }
}

async fn class_in(tx: &mut Tx, site: &SiteId, id: Uuid) -> Result<ClassRow, OfficeError> {
    tx.class(site, &id.to_string()).await?.ok_or_else(|| OfficeError::not_found("class", id.to_string()))
}

fn seen(row: &ClassRow, now: Timestamp) -> Result<Class, OfficeError> {
    let kept: Document = read_json(&row.document, format!("class {}", row.id))?;
    let id = row.id.parse().map_err(|error: uuid::Error| OfficeError::damaged("a class")(error.into()))?;
    let until = timestamp(row.closed.map_or(row.until, |closed| closed.min(row.until)));
    let runs = until > now;
    Ok(Class {
        id,
        title: row.title.clone(),
        seats: kept.seats,
        code: None,
        voucher: kept.tag.filter(|_| runs),
        phones: kept.phones,
        plan: kept.plan,
        group: kept.group,
        made: timestamp(row.made),
        until,
        runs,
        attendance: row.attendance.and_then(|came| u32::try_from(came).ok()),
        order: kept.order,
    })
}

/// What is wrong with a class; everything at once.
fn mistakes(class: &ClassOrder, site: &SiteDocument, now: Timestamp) -> Vec<Why> {
    let mut found = Vec::new();
    let title = class.title.trim();
    if title.is_empty() || title.chars().count() > limits::TEXT_CHARS {
        found.push(why!("class-title", most = limits::TEXT_CHARS).at("title"));
    }
    if class.until <= now || class.until > super::desk::later(now, LONGEST) {
        found.push(why!("class-until").at("until"));
    }
    if class.seats.is_empty() && class.phones == 0 {
        found.push(why!("class-nobody").at("seats"));
    }
    let known = labels(site);
    for seat in class.seats.iter().filter(|seat| !known.contains(seat)) {
        found.push(why!("class-no-seat", seat = seat).at("seats"));
    }
    if let Some(group) = class.group.as_ref().filter(|group| !site.filter.class_groups.contains(group)) {
        found.push(why!("class-group", group = group.as_str()).at("group").flag("filter.class-groups"));
    }
    found
}
