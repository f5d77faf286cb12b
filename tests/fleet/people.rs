//! What visitors do on the portal.

use std::time::Duration;

use gapura_lab::clock::wait_for;
use gapura_lab::upstream::UPSTREAM_PAGE;
use gapura_lab::visit::{Family, Page};
use gapura_lab::{Visitor, counters};

use crate::world::World;

/// Any page of the Internet.
const ANY: &str = "http://halaman.contoh.example/";

/// *Setuju dan sambungkan*.
pub fn one_tap(visitor: &Visitor) -> Page {
    submit(visitor, &page(visitor, "/"), "/masuk", &[])
}

/// Types a voucher's code.
pub fn redeem(visitor: &Visitor, code: &str) -> Page {
    submit(visitor, &page(visitor, "/voucer"), "/voucer", &[("kode", code)])
}

/// Signs in with an account.
pub fn sign_in(visitor: &Visitor, name: &str, password: &str) -> Page {
    submit(visitor, &page(visitor, "/akun"), "/akun", &[("nama", name), ("sandi", password)])
}

/// Presses *Keluar* on the status page.
pub fn log_out(visitor: &Visitor) -> Page {
    submit(visitor, &page(visitor, "/status"), "/keluar", &[])
}

/// A page of the portal by its path.
pub fn page(visitor: &Visitor, path: &str) -> Page {
    visitor.open(&format!("http://{}:8080{path}", gapura_lab::addr::LAN.0), Family::V4).unwrap()
}

/// Sends the form of `page` whose action ends with `action`.
pub fn submit(visitor: &Visitor, page: &Page, action: &str, filled: &[(&str, &str)]) -> Page {
    let forms = page.forms();
    let form = forms.iter().find(|form| form.action.split('?').next().unwrap_or_default().ends_with(action));
    let form = form.unwrap_or_else(|| panic!("no form {action} on {}: {}", page.url, words(page)));
    visitor.submit(page, form, filled, Family::V4).unwrap()
}

/// Whether the Internet answers over this family, and not a portal in its place.
pub fn is_online(visitor: &Visitor, family: Family) -> bool {
    visitor.open(ANY, family).is_ok_and(|page| page.reply.text().contains(UPSTREAM_PAGE))
}

/// Whether the page is the one of a visitor who is in.
pub fn is_in(page: &Page) -> bool {
    page.forms().iter().any(|form| form.action.contains("/keluar"))
}

/// Until the visitor's access is as wanted over both families.
pub fn wait_until_online(visitor: &Visitor, wanted: bool) {
    for family in Family::BOTH {
        wait_for("access to begin or end", Duration::from_secs(5), || {
            Ok((is_online(visitor, family) == wanted).then_some(()))
        })
        .unwrap();
    }
}

/// Bytes a visitor received and sent, counted by the receivers' kernels.
pub fn moved(world: &World, number: u16, what: impl FnOnce(&Visitor)) -> (u64, u64) {
    let visitor = world.lab.visitor(number).unwrap();
    let before = (counters::read(visitor.ns()).unwrap(), counters::read(world.lab.internet()).unwrap());
    what(visitor);
    let down = counters::read(visitor.ns()).unwrap().since(before.0).received;
    let up = counters::read(world.lab.internet()).unwrap().since(before.1).received;
    (up, down)
}

/// A page without its styles, to read in a failure.
pub fn words(page: &Page) -> String {
    let text = page.reply.text();
    text.split_once("<main").map_or(text.clone(), |(_, main)| main.to_owned())
}
