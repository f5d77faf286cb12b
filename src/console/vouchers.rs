//! Vouchers at the counter: Cetak Cepat, all vouchers, batches, paper; and the presets that the department decides.

mod all;
mod batches;
mod groups;
mod paper;
mod presets;
pub(crate) mod qr;
mod quick;
#[cfg(test)]
mod samples;
mod speak;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use gapura_controller::Right;
use http::{HeaderMap, HeaderValue, header};

use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    routes.get("/l/{site}/voucer", Needs::Right(Right::SeeVouchers), quick::quick);
    routes.post("/l/{site}/voucer/cetak", Needs::Right(Right::MakeVouchers), quick::make);
    routes.get("/l/{site}/voucer/semua", Needs::Right(Right::SeeVouchers), all::all);
    routes.post("/l/{site}/voucer/cabut", Needs::Right(Right::RevokeVouchers), all::revoke);
    routes.get("/l/{site}/voucer/kelompok", Needs::Right(Right::SeeVouchers), batches::batches);
    // Whoever sees codes could use them: only those who may make vouchers open the paper.
    routes.get("/l/{site}/voucer/kertas", Needs::Right(Right::MakeVouchers), paper::paper);
    routes.get("/voucer-kelompok", Needs::Anywhere(Right::SeeVouchers), groups::groups);
    routes.post("/voucer-kelompok/cetak", Needs::Anywhere(Right::MakeVouchers), groups::make);
    routes.post("/voucer-kelompok/cabut", Needs::Anywhere(Right::RevokeVouchers), groups::revoke);
    routes.get("/kelompok-lokasi", Needs::Right(Right::SetNetwork), groups::sites);
    routes.post("/kelompok-lokasi", Needs::Right(Right::SetNetwork), groups::set);
    routes.get("/pilihan-voucer", Needs::Right(Right::SetNetwork), presets::list);
    routes.get("/pilihan-voucer/baru", Needs::Right(Right::SetNetwork), presets::new);
    routes.get("/pilihan-voucer/ubah/{preset}", Needs::Right(Right::SetNetwork), presets::edit);
    routes.post("/pilihan-voucer/simpan", Needs::Right(Right::SetNetwork), presets::save);
    routes.post("/pilihan-voucer/hapus", Needs::Right(Right::SetNetwork), presets::remove);
    routes.menu(MenuLine {
        section: Section::Service,
        icon: icons::VOUCHER,
        words: "vouchers-menu",
        path: "/l/{site}/voucer",
        needs: Right::SeeVouchers,
    });
    routes.menu(MenuLine {
        section: Section::Service,
        icon: icons::VOUCHER,
        words: "vouchers-groups",
        path: "/voucer-kelompok",
        needs: Right::SeeVouchers,
    });
    routes.menu(MenuLine {
        section: Section::Network,
        icon: icons::SITE,
        words: "site-groups",
        path: "/kelompok-lokasi",
        needs: Right::SetNetwork,
    });
    routes.menu(MenuLine {
        section: Section::Network,
        icon: icons::VOUCHER,
        words: "vouchers-presets-menu",
        path: "/pilihan-voucer",
        needs: Right::SetNetwork,
    });
}

/// A tab above the room's pages.
#[derive(Clone, Debug)]
struct Tab {
    href: String,
    words: String,
    current: bool,
}

const TABS: [(&str, &str); 3] =
    [("", "vouchers-tab-quick"), ("/semua", "vouchers-tab-all"), ("/kelompok", "vouchers-tab-batches")];

fn tabs(w: gapura_speech::Words, base: &str, current: &str) -> Vec<Tab> {
    let tab = |(path, words): (&str, &str)| Tab {
        href: format!("{base}{path}"),
        words: w.t(words),
        current: path == current,
    };
    TABS.into_iter().map(tab).collect()
}

/// Where the room's pages about this site are.
fn base(here: &Here) -> String {
    here.site.as_ref().map_or_else(String::new, |site| format!("/l/{}/voucer", site.place.site))
}

/// A form's own key, fresh for each form on each page.
fn form_key() -> Result<String, crate::answer::Oops> {
    let key = gapura_controller::FormKey::draw().map_err(gapura_controller::OfficeError::from)?;
    Ok(key.to_text())
}

/// Which paper vouchers are printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paper {
    /// A receipt, 58 mm.
    Roll58,
    /// A receipt, 80 mm.
    Roll80,
    /// A4, 24 codes.
    A4,
    /// A4, ten cards.
    Cards,
    /// A4, four in large print.
    Large,
}

impl Paper {
    const ALL: [Self; 5] = [Self::Roll58, Self::Roll80, Self::A4, Self::Cards, Self::Large];

    const fn key(self) -> &'static str {
        match self {
            Self::Roll58 => "58",
            Self::Roll80 => "80",
            Self::A4 => "a4",
            Self::Cards => "kartu",
            Self::Large => "besar",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Roll58 => "vouchers-paper-58",
            Self::Roll80 => "vouchers-paper-80",
            Self::A4 => "vouchers-paper-a4",
            Self::Cards => "vouchers-paper-cards",
            Self::Large => "vouchers-paper-large",
        }
    }

    const fn is_roll(self) -> bool {
        matches!(self, Self::Roll58 | Self::Roll80)
    }

    /// Vouchers on one page.
    const fn on_a_page(self) -> usize {
        match self {
            Self::Roll58 | Self::Roll80 => 1,
            Self::A4 => 24,
            Self::Cards => 10,
            Self::Large => 4,
        }
    }
}

impl FromStr for Paper {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|paper| paper.key() == text).ok_or(())
    }
}

impl fmt::Display for Paper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// The paper that this browser printed on last: one for a single voucher, one for many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Papers {
    one: Paper,
    many: Paper,
}

/// Whether this browser last printed a single voucher on a roll of 80 mm.
pub(crate) fn prints_wide(headers: &HeaderMap) -> bool {
    Papers::remembered(headers).one == Paper::Roll80
}

/// Only over TLS, only from this host (RFC 6265bis section 4.1.3). Says nothing of the person.
const COOKIE: &str = "__Host-gapura-kertas";

impl Papers {
    fn remembered(headers: &HeaderMap) -> Self {
        let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|text| text.split(';'));
        let kept = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('=')?.split_once('.'));
        let (one, many) = kept.unwrap_or_default();
        Self { one: one.parse().unwrap_or(Paper::Roll58), many: many.parse().unwrap_or(Paper::A4) }
    }

    /// The header that has the browser remember it for a year.
    fn remember(self) -> Option<HeaderValue> {
        let Self { one, many } = self;
        let text = format!("{COOKIE}={one}.{many}; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax");
        HeaderValue::from_str(&text).ok()
    }
}
