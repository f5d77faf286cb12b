//! A new router for a site: its code on a delivery note, its request, its approval. *Ganti router* is the same with a
//! predecessor.

use askama::Template;
use gapura_controller::Pending;
use gapura_model::GatewayId;
use std::time::Duration;

use crate::answer::{Answer, Oops, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;
use crate::vouchers::qr::{Qr, draw};

/// How long a code is taken.
const LIFETIME: Duration = Duration::from_hours(24 * 7);

/// A request that waits.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) box_name: String,
    pub(super) hardware: String,
    pub(super) version: String,
    pub(super) key: String,
    pub(super) replaces: String,
    /// False while only the code was made.
    pub(super) pending: bool,
}

#[derive(Template)]
#[template(path = "enrol.html")]
pub(super) struct New {
    pub(super) c: Chrome,
    pub(super) site: String,
    /// The router whose place is taken.
    pub(super) replaces: String,
    pub(super) requests: Vec<Request>,
}

#[derive(Template)]
#[template(path = "enrol-note.html")]
pub(super) struct Note {
    pub(super) c: Chrome,
    pub(super) site: String,
    pub(super) site_name: String,
    pub(super) contact: String,
    pub(super) code: String,
    pub(super) controller: String,
    pub(super) pin: String,
    pub(super) until: String,
    pub(super) replaces: String,
    pub(super) qr: Option<Qr>,
}

pub(super) async fn new(here: Here) -> Answer {
    let site = here.site()?.place.site.clone();
    let fields = here.asked();
    let replaces = fields.get("ganti").parse::<GatewayId>().map(|id| id.as_str().to_owned()).unwrap_or_default();
    let requests = here.office().enrolments().await?.into_iter().filter(|one| one.site == site.as_str());
    let open = requests.filter(|one| one.state == "pending" || (one.state == "open" && one.expires > here.now));
    let title = if replaces.is_empty() { here.w().t("network-enrol") } else { here.w().t("network-replace") };
    let c = Chrome::of(&here, title).up("/gerbang", here.w().t("network-gateways"));
    page(&New { c, site: site.as_str().to_owned(), replaces, requests: open.map(request).collect() })
}

pub(super) fn request(one: Pending) -> Request {
    Request {
        id: one.id,
        pending: one.state == "pending",
        box_name: one.hostname,
        hardware: one.hardware,
        version: one.version,
        key: one.key.map(|key| key.to_string()).unwrap_or_default(),
        replaces: one.replaces.unwrap_or_default(),
    }
}

/// Makes a code, and shows its delivery note: this once.
pub(super) async fn make(here: Here, Posted(fields): Posted) -> Answer {
    let (site, document) = (here.site()?.place.site.clone(), here.site()?.document.clone());
    let replaces = match fields.get("ganti") {
        "" => None,
        text => Some(text.parse::<GatewayId>().map_err(|_| Oops::NotFound)?),
    };
    let who = here.actor(fields.get("alasan"));
    let made = here.office().make_code(&site, replaces.as_ref(), LIFETIME, &who).await?;
    let (code, pin, controller) = (made.code.grouped(), made.pin.to_string(), here.office().controller_url());
    // One line for a phone that scans it: whoever sets the router up pastes it whole.
    let line = format!("gapura {controller} {pin} {code}");
    let c = Chrome::of(&here, here.w().t("network-note"))
        .up(format!("/l/{site}/gerbang-baru"), here.w().t("network-enrol"));
    page(&Note {
        c,
        site: site.as_str().to_owned(),
        site_name: document.name.clone(),
        contact: document.contact.clone(),
        until: here.say().when(made.expires),
        replaces: replaces.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        qr: draw(&line),
        code,
        controller,
        pin,
    })
}

/// A request of this site: others are not this page's to decide.
async fn own(here: &Here, id: &str) -> Result<Pending, Oops> {
    let site = here.site()?.place.site.clone();
    let all = here.office().enrolments().await?;
    all.into_iter().find(|one| one.id == id && one.site == site.as_str()).ok_or(Oops::NotFound)
}

pub(super) async fn approve(here: Here, Posted(fields): Posted) -> Answer {
    let one = own(&here, fields.get("nomor")).await?;
    if !fields.is_on("cocok") {
        return Err(Oops::Refused(here.w().t("network-compare-missing")));
    }
    let gateway = here.office().approve(&one.id, None, &here.actor(fields.get("alasan"))).await?;
    Ok(to(&format!("/l/{}/gerbang/{gateway}", one.site), "gateway-approved"))
}

pub(super) async fn refuse(here: Here, Posted(fields): Posted) -> Answer {
    let one = own(&here, fields.get("nomor")).await?;
    here.office().refuse(&one.id, &here.actor(fields.get("alasan"))).await?;
    Ok(to(&format!("/l/{}/gerbang-baru", one.site), "gateway-refused"))
}
