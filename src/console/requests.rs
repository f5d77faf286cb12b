//! Requests for help: the list, one of them, a new one, the desk of an agency, frequent questions, what other systems get.

mod agency;
mod appeals;
mod export;
mod faq;
mod list;
mod new;
mod one;
#[cfg(test)]
mod samples;
mod speak;

use gapura_controller::{Right, SitePlace};
use gapura_model::Reference;

use crate::answer::Oops;
use crate::here::Here;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

/// The key of the menu's line, beside which the number of waiting requests stands.
pub(crate) const MENU: &str = "requests-menu";
/// The same of an agency's desk.
pub(crate) const DESK_MENU: &str = "requests-desk-menu";

/// Rows on a page of a list.
const PAGE: u32 = 50;

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    let answer = Needs::Right(Right::AnswerRequests);
    routes.get("/permintaan", Needs::Anywhere(Right::SeeRequests), list::list);
    routes.get("/permintaan/baru", Needs::Anywhere(Right::WriteRequests), new::form);
    routes.post("/permintaan/simpan", Needs::Anywhere(Right::WriteRequests), new::save);
    routes.get("/l/{site}/permintaan/{number}", Needs::Right(Right::SeeRequests), one::one);
    routes.post("/l/{site}/permintaan/{number}/ambil", answer, one::take);
    routes.post("/l/{site}/permintaan/{number}/jawab", answer, one::answer);
    routes.post("/l/{site}/permintaan/{number}/putuskan", answer, one::decide);
    routes.post("/l/{site}/permintaan/{number}/catat", answer, one::note);
    routes.post("/l/{site}/permintaan/{number}/teruskan", Needs::Right(Right::ForwardRequests), one::forward);
    routes.post("/l/{site}/permintaan/{number}/tarik", Needs::Right(Right::ForwardRequests), one::take_back);
    routes.post("/l/{site}/permintaan/{number}/tutup", answer, one::close);
    routes.post("/l/{site}/permintaan/{number}/buka", answer, one::reopen);
    routes.post("/l/{site}/permintaan/{number}/kontak", answer, one::contact);
    let decide = Needs::Right(Right::DecideAppeals);
    routes.get(appeals::PATH, Needs::Anywhere(Right::DecideAppeals), appeals::list);
    routes.get("/l/{site}/peninjauan/{number}", decide, appeals::one);
    routes.post("/l/{site}/peninjauan/{number}/putuskan", decide, appeals::decide);
    routes.get("/instansi", Needs::Anywhere(Right::AnswerForAgency), agency::desks);
    routes.get("/instansi/{agency}/permintaan", Needs::Desk, agency::list);
    routes.get("/instansi/{agency}/permintaan/{number}", Needs::Desk, agency::one);
    routes.post("/instansi/{agency}/permintaan/{number}/jawab", Needs::Desk, agency::answer);
    routes.post("/instansi/{agency}/permintaan/{number}/catat", Needs::Desk, agency::note);
    routes.post("/instansi/{agency}/permintaan/{number}/kembalikan", Needs::Desk, agency::give_back);
    routes.get("/tanya-jawab", Needs::Anywhere(Right::EditFaq), faq::places);
    routes.get("/tanya-jawab/dinas", Needs::Right(Right::EditFaq), faq::edit);
    routes.post("/tanya-jawab/dinas", Needs::Right(Right::EditFaq), faq::save);
    routes.get("/l/{site}/tanya-jawab", Needs::Right(Right::EditFaq), faq::edit);
    routes.post("/l/{site}/tanya-jawab", Needs::Right(Right::EditFaq), faq::save);
    routes.get("/ekspor-permintaan", Needs::Anywhere(Right::Export), export::page);
    routes.post("/ekspor-permintaan/unduh", Needs::Anywhere(Right::Export), export::download);
    routes.post("/ekspor-permintaan/lanjut", Needs::Right(Right::Export), export::resume);
    let line = |section, words, path, needs| MenuLine { section, icon: icons::REQUEST, words, path, needs };
    routes.menu(line(Section::Service, MENU, "/permintaan", Right::SeeRequests));
    routes.menu(line(Section::Service, DESK_MENU, "/instansi", Right::AnswerForAgency));
    routes.menu(line(Section::Filter, "requests-appeals-title", appeals::PATH, Right::DecideAppeals));
    routes.menu(line(Section::Service, "requests-faq-menu", "/tanya-jawab", Right::EditFaq));
    routes.menu(line(Section::Department, "requests-export-menu", "/ekspor-permintaan", Right::Export));
}

/// The number in an address.
fn number(text: &str) -> Result<Reference, Oops> {
    text.parse().map_err(|_| Oops::NotFound)
}

/// A text as it stands in an address.
fn encoded(text: &str) -> String {
    // In a path a space is no plus.
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Where the page about a request at a site is.
fn href(site: &str, number: &str) -> String {
    format!("/l/{site}/permintaan/{number}")
}

/// The sites at which the person may do this, with their names.
async fn sites(here: &Here, right: Right) -> Result<Vec<(SitePlace, String)>, Oops> {
    let all = here.office().sites().await?.into_iter().map(|(site, document)| {
        (SitePlace { site, agency: document.agency, regency: document.regency }, document.name)
    });
    Ok(all.filter(|(place, _)| here.may_at(right, Some(place))).collect())
}
