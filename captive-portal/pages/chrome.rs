//! What every page has: header, language link, notice, footer.

use crate::{Lang, Notice, Severity, look::Logo, look::is_web};
use gapura_speech::{Say, Words};

use super::Scene;

pub(super) const ICON_VOUCHER: &str = "M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4zM14 7v2M14 11v2M14 15v2";
pub(super) const ICON_PERSON: &str = "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c.5-4 3.5-6 8-6s7.5 2 8 6";
pub(super) const ICON_AIR: &str = "M4 10a12 12 0 0 1 16 0M7 13.5a7.5 7.5 0 0 1 10 0M10 17a3 3 0 0 1 4 0";
pub(super) const ICON_CHAT: &str = "M4 5h16v11H10l-4 4v-4H4zM8 9h8M8 12h5";

/// What the gate in the header shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A person in the opening.
    Open,
    /// Nobody in the opening.
    Empty,
    /// A door leaf.
    Shut,
    /// A bar across.
    Bar,
}

/// The frame of a page.
pub(crate) struct Chrome<'a> {
    pub(crate) w: Words,
    pub(crate) lang: Lang,
    pub(crate) prefix: &'static str,
    pub(crate) css: &'a str,
    pub(crate) service: &'a str,
    pub(crate) site: &'a str,
    pub(crate) logo: Option<&'a Logo>,
    pub(crate) title: String,
    pub(crate) h1: String,
    pub(crate) sub: String,
    pub(crate) mark: Mark,
    pub(crate) other_href: String,
    pub(crate) notice: Option<NoticeBox>,
    pub(crate) footer: String,
    pub(crate) garden: Vec<(String, String)>,
}

/// A notice of staff.
pub(crate) struct NoticeBox {
    pub(crate) class: &'static str,
    pub(crate) alarm: bool,
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    pub(crate) link: Option<(String, String)>,
    pub(crate) dates: String,
}

/// A box on top of a form: what went wrong, with a link to the field.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) class: &'static str,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) link: Option<(String, &'static str)>,
}

impl Problem {
    pub(crate) fn new(title: String, text: String) -> Self {
        Self { class: "bad", title, text, link: None }
    }
}

/// A row of a definition list.
pub(crate) struct Row {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) mono: bool,
}

impl Row {
    pub(super) fn new(label: String, value: String) -> Self {
        Self { label, value, mono: false }
    }
}

/// Another door: icon, name, one line.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) href: String,
    pub(crate) icon: &'static str,
    pub(crate) label: String,
    pub(crate) note: String,
}

impl<'a> Scene<'a> {
    pub(super) fn w(&self) -> Words {
        self.say.words
    }

    pub(super) fn lang(&self) -> Lang {
        self.say.words.lang()
    }

    pub(super) fn href(&self, path: &str) -> String {
        format!("{}{path}", self.lang().prefix())
    }

    pub(super) fn chrome(&self, h1: String, sub: String, mark: Mark) -> Chrome<'a> {
        let (w, lang, look) = (self.w(), self.lang(), &self.dress.look);
        let emergency = look.help.emergency.as_deref().unwrap_or("112");
        Chrome {
            w,
            lang,
            prefix: lang.prefix(),
            css: &self.dress.style.css,
            service: look.service.get(lang),
            site: look.site.get(lang),
            logo: look.logo.as_ref(),
            title: h1.clone(),
            h1,
            sub,
            mark,
            other_href: format!("{}{}", lang.other().prefix(), self.path),
            notice: self.view.notice.as_ref().map(|notice| notice_box(notice, &self.say)),
            footer: w.t2("footer", "operator", look.operator.get(lang), "emergency", emergency),
            garden: look.garden.iter().map(|link| (link.label.get(lang).to_owned(), link.url.clone())).collect(),
        }
    }

    /// The ways in that are switched on, `except` the one the page itself is about.
    pub(super) fn ways(&self, except: &str) -> Vec<Way> {
        let (w, site) = (self.w(), &self.view.site);
        let mut ways = Vec::new();
        if site.one_tap.is_some() {
            ways.push(("/", ICON_AIR, "way-one-tap", "way-one-tap-note"));
        }
        if site.voucher {
            ways.push(("/voucer", ICON_VOUCHER, "way-voucher", "way-voucher-note"));
        }
        if site.account && self.passwords {
            ways.push(("/akun", ICON_PERSON, "way-account", "way-account-note"));
        }
        ways.into_iter()
            .filter(|(path, ..)| *path != except)
            .map(|(path, icon, label, note)| Way { href: self.href(path), icon, label: w.t(label), note: w.t(note) })
            .collect()
    }

    /// Whom to ask.
    pub(super) fn way_help(&self) -> Way {
        let w = self.w();
        Way { href: self.href("/bantuan"), icon: ICON_CHAT, label: w.t("way-help"), note: w.t("way-help-note") }
    }
}

fn notice_box(notice: &Notice, say: &Say) -> NoticeBox {
    let (w, lang) = (say.words, say.words.lang());
    let title = notice.title.get(lang);
    let (class, title) = match notice.severity {
        Severity::Info => ("", title.to_owned()),
        Severity::Waspada => ("warn", w.t1("waspada", "title", title)),
        Severity::Siaga => ("warn", w.t1("siaga", "title", title)),
        Severity::Awas => ("alarm", w.t1("awas", "title", title)),
    };
    let mut dates = Vec::new();
    if say.trusted() {
        if let Some(until) = notice.until {
            dates.push(w.t1("note-until", "when", say.when(until)));
        }
        if let Some(issued) = notice.issued {
            let when = w.t2("day-at", "day", say.day(issued), "clock", say.clock(issued));
            dates.push(w.t1("note-issued", "when", when));
        }
    }
    NoticeBox {
        class,
        alarm: notice.severity == Severity::Awas,
        title,
        lines: notice.body.get(lang).lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
        link: notice
            .link
            .as_ref()
            .filter(|(_, url)| is_web(url))
            .map(|(label, url)| (label.get(lang).to_owned(), url.clone())),
        dates: dates.join(" "),
    }
}
