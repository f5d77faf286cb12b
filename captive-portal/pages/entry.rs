//! The ways in: one tap, voucher, account, and the question before another device is disconnected.

use askama::Template;
use gapura_model::VoucherToken;

use crate::{Door, Severity, dress};

use super::chrome::{Chrome, Mark, Problem, Way};
use super::{Scene, render};

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome<'a> {
    c: Chrome<'a>,
    problem: Option<Problem>,
    facts: Vec<(String, String)>,
    one_tap: Option<OneTap>,
    /// The main button where one tap is switched off.
    main: Option<Way>,
    nobody: bool,
    short: Vec<String>,
    read_all: String,
    ways: Vec<Way>,
}

/// The hidden fields of the one-tap form.
pub(super) struct OneTap {
    pub(super) token: String,
    pub(super) terms: String,
}

impl OneTap {
    pub(super) fn of(scene: &Scene<'_>) -> Option<Self> {
        scene.view.site.one_tap.as_ref()?;
        Some(Self { token: scene.token.clone(), terms: scene.dress.terms_tag() })
    }
}

/// The first page.
pub(crate) fn welcome(scene: &Scene<'_>, problem: Option<Problem>) -> String {
    let (w, look, lang) = (scene.w(), &scene.dress.look, scene.lang());
    let h1 = look.welcome.as_ref().map_or_else(|| w.t("welcome-title"), |text| text.get(lang).to_owned());
    let mut c = scene.chrome(h1, w.t("welcome-sub"), Mark::Open);
    raise_alarm(&mut c, scene);
    let one_tap = OneTap::of(scene);
    let mut ways = scene.ways("/");
    let main = if one_tap.is_none() && !ways.is_empty() { Some(ways.remove(0)) } else { None };
    render(&Welcome {
        c,
        problem: problem.or_else(|| wait_problem(scene)),
        facts: facts(scene),
        nobody: one_tap.is_none() && main.is_none(),
        one_tap,
        main,
        short: dress::short_terms(look, lang),
        read_all: match look.terms.since {
            Some(since) => {
                w.t2("terms-read-version", "version", look.terms.version.as_str(), "since", scene.say.date(since))
            }
            None => w.t("terms-read"),
        },
        ways,
    })
}

/// *Awas* takes the heading of the first page, and its first line the heading of the box.
fn raise_alarm(c: &mut Chrome<'_>, scene: &Scene<'_>) {
    let awas = scene.view.notice.as_ref().is_some_and(|notice| notice.severity == Severity::Awas);
    if let Some(notice) = c.notice.as_mut().filter(|notice| awas && !notice.lines.is_empty()) {
        let first = notice.lines.remove(0);
        c.h1 = std::mem::replace(&mut notice.title, first);
        c.title.clone_from(&c.h1);
        c.sub.clear();
    }
}

/// Time, bytes and closing time in three figures.
fn facts(scene: &Scene<'_>) -> Vec<(String, String)> {
    let (w, say) = (scene.w(), &scene.say);
    let mut facts = Vec::new();
    if let Some(offer) = &scene.view.site.one_tap {
        if let Some(time) = offer.time {
            facts.push((say.duration(time), w.t(if offer.daily { "fact-daily" } else { "fact-visit" })));
        }
        if let Some(bytes) = offer.bytes {
            facts.push((say.bytes(bytes), w.t("fact-bytes")));
        }
    }
    match &scene.view.door {
        Door::Open { closes: Some(closes) } if say.trusted() => {
            facts.push((say.bare_clock(*closes), w.t1("fact-closes", "zone", say.zone())));
        }
        Door::Open { closes: None } => facts.push((w.t("fact-always"), w.t("fact-always-note"))),
        Door::Open { .. } | Door::Closed { .. } | Door::Emergency { .. } => {}
    }
    facts
}

/// Guessing is slowed for this device: said before it tries.
fn wait_problem(scene: &Scene<'_>) -> Option<Problem> {
    let wait = scene.view.wait.filter(|wait| !wait.is_zero())?;
    let text = scene.w().t1("refused-wait", "wait", scene.say.duration(wait));
    Some(Problem { class: "warn", ..Problem::new(scene.w().t("not-connected"), text) })
}

#[derive(Template)]
#[template(path = "voucher.html")]
struct Voucher<'a> {
    c: Chrome<'a>,
    token: &'a str,
    problem: Option<Problem>,
    error: String,
    value: String,
    ways: Vec<Way>,
}

/// The voucher form: with a code from a link it asks for confirmation, with an `error` it says what to change.
pub(crate) fn voucher(scene: &Scene<'_>, code: &str, error: Option<String>, problem: Option<Problem>) -> String {
    let w = scene.w();
    let ready = !code.is_empty() && error.is_none() && problem.is_none();
    let (h1, sub) = if ready {
        (w.t("voucher-ready-title"), w.t("voucher-ready-sub"))
    } else {
        (w.t("voucher-title"), w.t("voucher-sub"))
    };
    let mut c = scene.chrome(h1, sub, Mark::Open);
    let problem = match (&error, problem) {
        (Some(_), None) => Some(Problem {
            link: Some((w.t("voucher-check"), "#kode")),
            ..Problem::new(w.t("not-connected"), w.t("voucher-check-more"))
        }),
        (_, problem) => problem.or_else(|| wait_problem(scene)),
    };
    if error.is_some() {
        c.title = w.t1("error-title", "title", w.t("voucher-label"));
    }
    render(&Voucher {
        c,
        token: &scene.token,
        problem,
        error: error.unwrap_or_default(),
        value: code.chars().take(24).collect(),
        ways: scene.ways("/voucer"),
    })
}

#[derive(Template)]
#[template(path = "voucher-link.html")]
struct VoucherLink<'a> {
    c: Chrome<'a>,
    token: &'a str,
    problem: Option<Problem>,
    action: String,
    ways: Vec<Way>,
}

/// Where a voucher's QR code leads: one button. Whatever only looks at the page, a preview for example, uses nothing up.
pub(crate) fn voucher_link(scene: &Scene<'_>, link: &VoucherToken, problem: Option<Problem>) -> String {
    let w = scene.w();
    render(&VoucherLink {
        c: scene.chrome(w.t("voucher-link-title"), w.t("voucher-link-sub"), Mark::Open),
        token: &scene.token,
        problem: problem.or_else(|| wait_problem(scene)),
        action: format!("/v/{}", link.to_text()),
        ways: scene.ways("/v"),
    })
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    c: Chrome<'a>,
    token: &'a str,
    problem: Option<Problem>,
    error: String,
    name: String,
    counter: String,
    ways: Vec<Way>,
}

/// The account form.
pub(crate) fn account(scene: &Scene<'_>, name: &str, error: Option<String>, problem: Option<Problem>) -> String {
    let w = scene.w();
    let mut c = scene.chrome(w.t("account-title"), w.t("account-sub"), Mark::Open);
    let problem = match (&error, problem) {
        (Some(_), None) => Some(Problem {
            link: Some((w.t("account-check"), "#n")),
            ..Problem::new(w.t("not-connected"), w.t("account-check-more"))
        }),
        (_, problem) => problem.or_else(|| wait_problem(scene)),
    };
    if error.is_some() {
        c.title = w.t1("error-title", "title", w.t("account-title"));
    }
    render(&Account {
        c,
        token: &scene.token,
        problem,
        error: error.unwrap_or_default(),
        name: name.chars().take(64).collect(),
        counter: scene
            .dress
            .look
            .help
            .counter
            .as_ref()
            .map_or_else(String::new, |text| text.get(scene.lang()).to_owned()),
        ways: scene.ways("/akun"),
    })
}

#[derive(Template)]
#[template(path = "takeover.html")]
struct Takeover<'a> {
    c: Chrome<'a>,
    token: &'a str,
    text: String,
    action: &'a str,
    code: String,
    name: String,
    terms: String,
}

/// Asks before another device is disconnected. A password is asked for again; it never stands in a page.
pub(crate) fn takeover(scene: &Scene<'_>, allowed: u32, action: &str, code: &str, name: &str) -> String {
    let w = scene.w();
    render(&Takeover {
        c: scene.chrome(w.t("takeover-title"), w.t("takeover-sub"), Mark::Open),
        token: &scene.token,
        text: w.n("takeover-text", u64::from(allowed)),
        action,
        code: code.to_owned(),
        name: name.to_owned(),
        terms: if action == "/masuk" { scene.dress.terms_tag() } else { String::new() },
    })
}
