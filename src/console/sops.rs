//! The SOP desk: SOPs as staff read, write, try, approve, publish, end and print them.

mod changes;
mod decide;
mod form;
mod impact;
mod list;
mod new;
mod one;
mod print;
mod problems;
#[cfg(test)]
mod samples;
mod speak;
mod text;
mod times;

use gapura_controller::Right;

pub(crate) use self::problems::told;

use crate::answer::Oops;
use crate::icons;
use crate::routes::{MenuLine, Needs, Routes, Section};

#[cfg(test)]
pub(crate) use samples::samples;

/// The key of its line in the menu.
pub(crate) const MENU: &str = "sops-menu";

const HOME: &str = "/sop";

/// Its addresses.
pub(crate) fn routes(routes: &mut Routes) {
    let (see, write, approve) =
        (Needs::Anywhere(Right::SeeSops), Needs::Right(Right::WriteSops), Needs::Right(Right::ApproveSops));
    routes.get("/sop", see, list::list);
    routes.get("/sop/baru", write, new::new);
    routes.post("/sop/simpan", write, text::save);
    routes.get("/sop/{id}", see, one::one);
    routes.get("/sop/{id}/berkas", see, print::file);
    routes.get("/sop/{id}/cetak", see, print::print);
    routes.get("/sop/{id}/dampak", see, impact::impact);
    routes.get("/sop/{id}/keputusan", see, decide::decree);
    routes.get("/sop/{id}/teks", write, text::edit);
    routes.get("/sop/{id}/formulir", write, form::edit);
    routes.post("/sop/{id}/formulir", write, form::save);
    routes.post("/sop/{id}/coba", write, impact::begin);
    routes.post("/sop/{id}/keputusan", write, decide::attach);
    routes.post("/sop/{id}/buang", write, decide::discard);
    routes.post("/sop/{id}/setujui", approve, decide::approve);
    routes.post("/sop/{id}/kembalikan", approve, decide::give_back);
    routes.post("/sop/{id}/terbitkan", approve, decide::publish);
    routes.post("/sop/{id}/akhiri", approve, decide::end);
    routes.post("/sop/{id}/akhiri-setuju", approve, decide::agree);
    routes.post("/sop/{id}/akhiri-batal", approve, decide::keep);
    routes.menu(MenuLine {
        section: Section::Filter,
        icon: icons::SOP,
        words: MENU,
        path: HOME,
        needs: Right::SeeSops,
    });
}

/// The number in an address.
fn number(text: &str) -> Result<i64, Oops> {
    text.parse().map_err(|_| Oops::NotFound)
}

/// The address of a SOP's page.
fn href(id: i64) -> String {
    format!("{HOME}/{id}")
}

/// The pages about one SOP: address, words, whether it is this one.
#[derive(Clone, Debug)]
struct TabLink {
    href: String,
    words: String,
    current: bool,
}

/// One of the pages about a SOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Read,
    Form,
    Text,
    Impact,
}

/// The pages about a SOP that somebody may open.
fn tabs(w: gapura_speech::Words, id: i64, current: Page, (edits, tries): (bool, bool)) -> Vec<TabLink> {
    let all = [
        (Page::Read, "", "sops-tab-read", true),
        (Page::Form, "/formulir", "sops-tab-form", edits),
        (Page::Text, "/teks", "sops-tab-text", edits),
        (Page::Impact, "/dampak", "sops-tab-impact", tries),
    ];
    let shown = all.into_iter().filter(|(page, .., open)| *open || *page == current);
    shown
        .map(|(page, end, words, _)| TabLink {
            href: format!("{}{end}", href(id)),
            words: w.t(words),
            current: page == current,
        })
        .collect()
}
