//! The notice on every page: what staff at this router put up, else the department's.

use std::time::Duration;

use captive_portal::{Notice, Severity, Text};
use gapura_model::{Moment, Uptime};
use gapura_wire::Bundle;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::run::Gate;
use crate::ctl;
use crate::policy::both;

/// The longest a notice of the department stands without being published again.
const LONGEST: Duration = Duration::from_hours(720);

/// A notice that staff at this router put up, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StaffNotice {
    text: String,
    severity: ctl::Severity,
    issued: Timestamp,
    until: Timestamp,
}

impl StaffNotice {
    /// As visitors read it, and when it ends; `None` where it ended before `now`.
    fn shown(&self, now: &Moment) -> Option<(Notice, Uptime)> {
        let left = Some(now.until_wall(self.until)).filter(|left| !left.is_zero())?;
        let (title, body) = self.text.split_once('\n').unwrap_or((&self.text, ""));
        let severity = match self.severity {
            ctl::Severity::Info => Severity::Info,
            ctl::Severity::Waspada => Severity::Waspada,
            ctl::Severity::Siaga => Severity::Siaga,
            ctl::Severity::Awas => Severity::Awas,
        };
        let notice = Notice {
            severity,
            title: Text::plain(title),
            body: Text::plain(body),
            issued: Some(self.issued),
            until: Some(self.until),
            link: None,
        };
        Some((notice, now.up.after(left)))
    }
}

impl Gate {
    /// Staff put a notice up for `seconds`, or take away the one that stands.
    pub(super) fn set_notice(
        &mut self,
        now: &Moment,
        text: Option<String>,
        severity: ctl::Severity,
        seconds: u64,
    ) -> Value {
        let until = now.wall_after(Duration::from_secs(seconds));
        let put_up = text.map(|text| StaffNotice { text, severity, issued: now.wall, until });
        self.notice = put_up.as_ref().and_then(|notice| notice.shown(now));
        self.memory.keep_notice(put_up.as_ref());
        let shown = self.notice.as_ref().map(|(notice, _)| notice.title.id.clone());
        let action = if shown.is_some() { "notice-shown" } else { "notice-removed" };
        self.memory.audit(now, action, &shown.unwrap_or_default());
        json!({ "notice": self.notice.is_some() })
    }

    /// The notice that staff had put up before a restart, if it has not ended.
    pub(super) fn recall_notice(&mut self, now: &Moment) {
        self.notice = self.memory.notice().and_then(|notice| notice.shown(now));
    }

    /// The notice that stands has ended: the department's, if it has one.
    pub(super) fn notice_ends(&mut self, now: &Moment) {
        if self.notice.as_ref().is_some_and(|(_, until)| *until <= now.up) {
            self.notice = self.bundle.as_deref().and_then(|bundle| of_department(bundle, now));
        }
    }
}

/// The most serious notice of the bundle that has not ended.
pub(super) fn of_department(bundle: &Bundle, now: &Moment) -> Option<(Notice, Uptime)> {
    let running = bundle.notices.iter().filter(|notice| notice.until > now.wall);
    let notice = running.max_by_key(|notice| notice.severity)?;
    let severity = match notice.severity {
        gapura_wire::Severity::Info => Severity::Info,
        gapura_wire::Severity::Warning => Severity::Waspada,
        gapura_wire::Severity::Danger => Severity::Awas,
    };
    let lasts = now.until_wall(notice.until).min(LONGEST);
    let (title, body) = (both(&notice.text), Text::plain(""));
    let shown = Notice { severity, title, body, issued: Some(bundle.published), until: Some(notice.until), link: None };
    Some((shown, now.up.after(lasts)))
}
