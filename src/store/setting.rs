//! What is set above the sites, and what sites set themselves; terms and calendars.

use gapura_model::SiteId;
use jiff::Timestamp;

use crate::sql;
use crate::tx::{Tx, args, row};
use crate::{StoreError, millis};

row! {
    /// What one level above the sites says.
    pub SettingRow {
        /// `department`, `regency`, `agency`, `kind` or `group`.
        level: String,
        /// Whose; empty for the department.
        name: String,
        /// What (JSON).
        document: String,
        /// When it was changed, ms.
        changed: i64,
    }
}

row! {
    /// The named group a site belongs to.
    pub MemberRow {
        /// The site.
        site: String,
        /// The group.
        of_group: String,
    }
}

row! {
    /// A site's document, and what of it the site sets itself.
    pub OwnRow {
        /// The site.
        id: String,
        /// What comes of all levels (JSON).
        document: String,
        /// What it sets itself (JSON); none: all of it.
        own: Option<String>,
    }
}

row! {
    /// A version of terms; never changed.
    pub TermsRow {
        /// Its name.
        version: String,
        /// What it says (JSON).
        document: String,
        /// When it was written down, ms.
        made: i64,
    }
}

row! {
    /// How many visits of a site accepted a version of terms.
    pub AcceptedRow {
        /// The version.
        terms: String,
        /// Visits.
        visits: i64,
    }
}

row! {
    /// A calendar of holidays.
    pub CalendarRow {
        /// Its name.
        name: String,
        /// Its days (JSON).
        document: String,
        /// When it was changed, ms.
        changed: i64,
    }
}

impl Tx {
    /// Writes what a level says.
    pub async fn put_setting(
        &mut self,
        (level, name): (&str, &str),
        document: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.execute(sql::SETTING_PUT, args![level, name, document, millis(now)]).await.map(drop)
    }

    /// Removes what a level says; whether there was anything.
    pub async fn remove_setting(&mut self, (level, name): (&str, &str)) -> Result<bool, StoreError> {
        Ok(self.execute(sql::SETTING_REMOVE, args![level, name]).await? > 0)
    }

    /// What all levels above the sites say.
    pub async fn settings(&mut self) -> Result<Vec<SettingRow>, StoreError> {
        self.rows(sql::SETTING_LIST, args![]).await
    }

    /// Puts a site into a named group, out of any other; none: into no group.
    pub async fn put_member(&mut self, site: &SiteId, group: Option<&str>) -> Result<(), StoreError> {
        match group {
            Some(group) => self.execute(sql::SETTING_JOIN, args![site.as_str(), group]).await.map(drop),
            None => self.execute(sql::SETTING_LEAVE, args![site.as_str()]).await.map(drop),
        }
    }

    /// Which sites are in named groups.
    pub async fn members(&mut self) -> Result<Vec<MemberRow>, StoreError> {
        self.rows(sql::SETTING_MEMBERS, args![]).await
    }

    /// What sites set themselves.
    pub async fn own_documents(&mut self) -> Result<Vec<OwnRow>, StoreError> {
        self.rows(sql::SITE_OWN_LIST, args![]).await
    }

    /// Writes what a site sets itself; none: its document states everything.
    pub async fn put_own(&mut self, site: &SiteId, own: Option<&str>) -> Result<(), StoreError> {
        self.execute(sql::SITE_OWN_PUT, args![site.as_str(), own]).await.map(drop)
    }

    /// Writes a version of terms down; `false` where there is one of this name.
    pub async fn add_terms(&mut self, version: &str, document: &str, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(sql::TERMS_ADD, args![version, document, millis(now)]).await? > 0)
    }

    /// A version of terms.
    pub async fn terms(&mut self, version: &str) -> Result<Option<TermsRow>, StoreError> {
        self.row(sql::TERMS_GET, args![version]).await
    }

    /// All versions of terms, the latest first.
    pub async fn all_terms(&mut self) -> Result<Vec<TermsRow>, StoreError> {
        self.rows(sql::TERMS_LIST, args![]).await
    }

    /// How many visits of a site that began since then accepted which version of terms.
    pub async fn accepted_terms(&mut self, site: &SiteId, since: Timestamp) -> Result<Vec<AcceptedRow>, StoreError> {
        self.rows(sql::TERMS_ACCEPTED, args![site.as_str(), millis(since)]).await
    }

    /// Writes a calendar.
    pub async fn put_calendar(&mut self, name: &str, document: &str, now: Timestamp) -> Result<(), StoreError> {
        self.execute(sql::CALENDAR_PUT, args![name, document, millis(now)]).await.map(drop)
    }

    /// Removes a calendar; whether it was there.
    pub async fn remove_calendar(&mut self, name: &str) -> Result<bool, StoreError> {
        Ok(self.execute(sql::CALENDAR_REMOVE, args![name]).await? > 0)
    }

    /// All calendars, by name.
    pub async fn calendars(&mut self) -> Result<Vec<CalendarRow>, StoreError> {
        self.rows(sql::CALENDAR_LIST, args![]).await
    }
}
