//! What a visitor is told who was not let in.

use http::StatusCode;

use crate::{Period, Refused};

use super::chrome::{Mark, Problem};
use super::message::{self, Said};
use super::{Scene, welcome};

/// Where on a form a refusal belongs.
pub(crate) enum FieldError {
    /// Beside the field.
    Field(String),
    /// On top of the form.
    Form(Problem),
    /// Not on the form at all: a page of its own.
    Page,
}

/// A refusal that the same form can answer.
pub(crate) fn field_error(scene: &Scene<'_>, refused: &Refused) -> FieldError {
    let (w, say) = (scene.w(), &scene.say);
    match refused {
        Refused::UnknownCode => FieldError::Field(w.t("refused-unknown-code")),
        Refused::LinkUsed => FieldError::Field(w.t("refused-link-used")),
        Refused::UsedUp => FieldError::Field(w.t("refused-used-up")),
        Refused::UseBefore { passed } => FieldError::Field(w.t1("refused-use-before", "day", say.day(*passed))),
        Refused::WrongSite { site: None } => FieldError::Field(w.t("refused-wrong-site")),
        Refused::WrongSite { site: Some(site) } => {
            FieldError::Field(w.t1("refused-wrong-site-named", "site", site.as_str()))
        }
        Refused::WrongPassword => FieldError::Field(w.t("refused-password")),
        Refused::TooManyDevices { allowed, .. } => {
            let text = w.n("refused-devices", u64::from(*allowed));
            FieldError::Form(Problem::new(w.t("not-connected"), text))
        }
        Refused::Wait { wait } => {
            let wait = (*wait).max(std::time::Duration::from_secs(1));
            let text = w.t1("refused-wait", "wait", say.duration(wait));
            FieldError::Form(Problem { class: "warn", ..Problem::new(w.t("not-connected"), text) })
        }
        Refused::ShareUsed
        | Refused::PasswordNeedsHttps
        | Refused::DayTimeGone { .. }
        | Refused::MonthTimeGone { .. }
        | Refused::BytesGone { .. }
        | Refused::Pause { .. }
        | Refused::Closed { .. }
        | Refused::UplinkDown
        | Refused::Busy
        | Refused::Storage
        | Refused::UnknownDevice
        | Refused::Blocked
        | Refused::WayOff
        | Refused::TermsChanged
        | Refused::ClockDoubtful
        | Refused::NotOffered => FieldError::Page,
    }
}

/// A refusal as a page of its own, with its HTTP status.
pub(crate) fn refused(scene: &Scene<'_>, refused: &Refused) -> (StatusCode, String) {
    let (w, say) = (scene.w(), &scene.say);
    let when = |key: &str, at: Option<jiff::Timestamp>| match at {
        Some(at) if say.trusted() => w.t1(key, "when", say.renewal(at)),
        Some(_) | None => String::new(),
    };
    let with_ways = |title: String, sub: String, lines: Vec<String>| {
        let mut ways = scene.ways("/");
        ways.push(scene.way_help());
        message::message(scene, Said { ways, garden: true, ..Said::new(title, sub, Mark::Empty, lines) })
    };
    let retry = |title: &str, text: &str| {
        let said = Said::new(w.t(title), String::new(), Mark::Shut, vec![w.t(text)]);
        message::message(scene, Said { action: Some((w.t("try-again"), "/")), ..said })
    };
    let ok = |page: String| (StatusCode::OK, page);
    match refused {
        Refused::DayTimeGone { again } => {
            ok(with_ways(w.t("ended-day-title"), when("again-time", Some(*again)), Vec::new()))
        }
        Refused::MonthTimeGone { again } => {
            ok(with_ways(w.t("ended-month-title"), when("again-time", Some(*again)), Vec::new()))
        }
        Refused::BytesGone { period, again } => {
            let title = match period {
                Period::Visit => "ended-bytes-title",
                Period::Day => "ended-bytes-day-title",
                Period::Month => "ended-bytes-month-title",
                Period::Voucher => "ended-bytes-voucher-title",
            };
            ok(with_ways(w.t(title), when("again-bytes", *again), Vec::new()))
        }
        Refused::ShareUsed => ok(with_ways(w.t("ended-share-title"), String::new(), vec![w.t("ended-share-text")])),
        Refused::Pause { until } => {
            let text = if say.trusted() { vec![w.t1("refused-pause", "when", say.when(*until))] } else { Vec::new() };
            ok(with_ways(w.t("refused-pause-title"), String::new(), text))
        }
        Refused::Closed { opens } => {
            let sub = when("closed-opens", *opens);
            let sub = if sub.is_empty() { w.t("closed-unknown") } else { sub };
            ok(message::message(scene, Said::new(w.t("closed-title"), sub, Mark::Shut, vec![w.t("closed-text")])))
        }
        Refused::UplinkDown => ok(message::uplink_down(scene, None)),
        Refused::UnknownDevice => ok(message::unknown(scene)),
        Refused::Blocked => ok(message::blocked(scene, None)),
        Refused::PasswordNeedsHttps => {
            ok(with_ways(w.t("refused-https-title"), String::new(), vec![w.t("refused-https")]))
        }
        Refused::WayOff => ok(with_ways(w.t("refused-way-off-title"), String::new(), vec![w.t("refused-way-off")])),
        Refused::NotOffered => {
            ok(with_ways(w.t("refused-not-offered-title"), String::new(), vec![w.t("refused-not-offered")]))
        }
        Refused::TermsChanged => {
            let problem = Problem { class: "warn", ..Problem::new(w.t("not-connected"), w.t("refused-terms")) };
            ok(welcome(scene, Some(problem)))
        }
        Refused::Busy => (StatusCode::SERVICE_UNAVAILABLE, retry("refused-busy-title", "refused-busy")),
        Refused::Storage => (StatusCode::SERVICE_UNAVAILABLE, retry("refused-storage-title", "refused-storage")),
        Refused::ClockDoubtful => (StatusCode::SERVICE_UNAVAILABLE, retry("refused-clock-title", "refused-clock")),
        // These belong on a form; asked for here, the first page carries them.
        Refused::UnknownCode
        | Refused::LinkUsed
        | Refused::UsedUp
        | Refused::UseBefore { .. }
        | Refused::WrongSite { .. }
        | Refused::WrongPassword
        | Refused::TooManyDevices { .. }
        | Refused::Wait { .. } => {
            let problem = match field_error(scene, refused) {
                FieldError::Form(problem) => Some(problem),
                FieldError::Field(text) => Some(Problem::new(w.t("not-connected"), text)),
                FieldError::Page => None,
            };
            ok(welcome(scene, problem))
        }
    }
}
