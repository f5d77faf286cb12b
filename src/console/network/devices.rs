//! Kursi PC dan perangkat: devices that a site's staff know, added, changed and forgotten.

use std::collections::BTreeSet;
use std::time::Duration;

use askama::Template;
use gapura_controller::{DEVICE_CHARS, OfficeError, Right, SiteDevice};
use gapura_model::MacAddr;
use gapura_speech::Words;
use gapura_wire::{Device, DeviceRole};

use super::input::{self, Input, Kind, Typed, Wrong};
use crate::answer::{Answer, Oops, again, page, to};
use crate::chrome::Chrome;
use crate::form::Posted;
use crate::here::Here;

const FIELDS: [&str; 5] = ["nama", "mac", "peran", "kelompok", "diam"];

const MINUTE: u64 = 60;

const ROLES: [(DeviceRole, &str, &str); 3] = [
    (DeviceRole::Seat, "kursi", "basics-device-seat"),
    (DeviceRole::Trusted, "tepercaya", "basics-device-trusted"),
    (DeviceRole::Blocked, "diblokir", "basics-device-blocked"),
];

/// A device.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) mac: String,
    pub(super) role: String,
    pub(super) group: String,
    pub(super) idle: String,
}

#[derive(Template)]
#[template(path = "devices.html")]
pub(super) struct Devices {
    pub(super) c: Chrome,
    pub(super) id: String,
    pub(super) may_set: bool,
    pub(super) lines: Vec<Line>,
    /// The address of the device that is changed; empty: a new one.
    pub(super) was: String,
    pub(super) inputs: Vec<Input>,
    /// Fields and what is wrong with them.
    pub(super) wrong: Vec<(String, String)>,
}

/// `/l/{site}/perangkat`
pub(super) async fn devices(here: Here) -> Answer {
    let fields = here.asked();
    let known = &here.site()?.document.devices;
    let asked = known.iter().find(|known| known.device.mac.to_string() == fields.get("ubah"));
    let was = asked.map(|one| one.device.mac.to_string()).unwrap_or_default();
    page(&made(&here, was, &asked.map_or_else(fresh, written), Vec::new()).await?)
}

/// A new one is a seat.
fn fresh() -> Typed {
    Typed(vec![("peran", "kursi".to_owned())])
}

fn written(known: &SiteDevice) -> Typed {
    let role = ROLES.into_iter().find(|(role, ..)| *role == known.device.role).map_or("", |(_, key, _)| key);
    Typed(vec![
        ("nama", known.device.label.clone()),
        ("mac", known.device.mac.to_string()),
        ("peran", role.to_owned()),
        ("kelompok", known.policy_group.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("diam", known.device.idle.map(|idle| (idle.as_secs() / MINUTE).to_string()).unwrap_or_default()),
    ])
}

/// The device that is meant; all mistakes at once.
fn read(typed: &Typed, old: Option<&SiteDevice>) -> Result<SiteDevice, Vec<Wrong>> {
    let mut wrong: Vec<Wrong> = Vec::new();
    let label = typed.get("nama");
    if label.is_empty() || label.chars().count() > DEVICE_CHARS {
        wrong.push(("nama", "basics-wrong-device-name", String::new()));
    }
    let mac = typed.get("mac").parse::<MacAddr>();
    if mac.is_err() {
        wrong.push(("mac", "basics-wrong-mac", String::new()));
    }
    let role = ROLES.into_iter().find(|(_, key, _)| *key == typed.get("peran")).map(|(role, ..)| role);
    if role.is_none() {
        wrong.push(("peran", "basics-wrong-role", String::new()));
    }
    let policy_group = match typed.get("kelompok") {
        "" => None,
        text => text.parse().map_err(|_| wrong.push(("kelompok", "plans-wrong-group", String::new()))).ok(),
    };
    let idle = match (typed.get("diam"), old) {
        ("", _) => None,
        // What was left as it stood keeps what the form rounds away.
        (text, Some(old)) if text == written(old).get("diam") => old.device.idle,
        (text, _) => {
            let minutes = text.parse::<u64>().ok().filter(|minutes| (1..=1440).contains(minutes));
            if minutes.is_none() {
                wrong.push(("diam", "basics-wrong-idle", String::new()));
            }
            minutes.map(|minutes| Duration::from_secs(minutes * MINUTE))
        }
    };
    match (mac, role) {
        (Ok(mac), Some(role)) if wrong.is_empty() => {
            Ok(SiteDevice { device: Device { mac, role, label: label.to_owned(), idle }, policy_group })
        }
        _ => Err(wrong),
    }
}

/// Adds or changes one.
pub(super) async fn save(here: Here, Posted(fields): Posted) -> Answer {
    let (w, site) = (here.w(), here.site()?.clone());
    let was = match fields.get("lama") {
        "" => None,
        text => Some(text.parse::<MacAddr>().map_err(|_| Oops::NotFound)?),
    };
    let old = site.document.devices.iter().find(|known| Some(known.device.mac) == was);
    let typed = Typed::of(&fields, &FIELDS);
    let id = &site.place.site;
    let wrong = match read(&typed, old) {
        Ok(device) => match here.office().put_device(id, was, &device, &here.actor("")).await {
            Ok(_) => return Ok(to(&format!("/l/{id}/perangkat"), "device-saved")),
            Err(OfficeError::Mistakes(all)) => input::found(w, &all),
            Err(OfficeError::Refused(why)) => input::found(w, &[why]),
            Err(error) => return Err(error.into()),
        },
        Err(wrong) => input::told(w, wrong),
    };
    again(&made(&here, fields.get("lama").to_owned(), &typed, wrong).await?)
}

/// Forgets one.
pub(super) async fn remove(here: Here, Posted(fields): Posted) -> Answer {
    let id = here.site()?.place.site.clone();
    let mac: MacAddr = fields.get("mac").parse().map_err(|_| Oops::NotFound)?;
    here.office().remove_device(&id, mac, &here.actor("")).await?;
    Ok(to(&format!("/l/{id}/perangkat"), "device-removed"))
}

async fn made(here: &Here, was: String, typed: &Typed, wrong: Vec<(String, String)>) -> Result<Devices, Oops> {
    let (w, site) = (here.w(), here.site()?);
    let document = &site.document;
    let plans = here.office().plans().await?;
    let of_plans = plans.iter().filter_map(|plan| plan.policy_group.as_ref());
    let of_devices = document.devices.iter().filter_map(|known| known.policy_group.as_ref());
    let groups: BTreeSet<String> =
        of_plans.chain(of_devices).chain(&document.filter.class_groups).map(ToString::to_string).collect();
    let mut inputs = inputs(w, groups);
    input::fill(&mut inputs, typed, &wrong);
    let wrong = input::listed(inputs.iter(), wrong);
    let mut lines: Vec<Line> = document.devices.iter().map(|known| line(here, known)).collect();
    lines.sort_by(|one, other| one.name.cmp(&other.name));
    let mut c = Chrome::of(here, w.t("basics-devices"))
        .sub(w.t("basics-devices-sub"))
        .up(format!("/l/{}", site.place.site), document.name.clone());
    c.stand_at(format!("/l/{}/perangkat", site.place.site));
    Ok(Devices { c, id: site.place.site.to_string(), may_set: here.may(Right::SetNetwork), lines, was, inputs, wrong })
}

fn line(here: &Here, known: &SiteDevice) -> Line {
    let w = here.w();
    let role = ROLES.into_iter().find(|(role, ..)| *role == known.device.role);
    Line {
        name: known.device.label.clone(),
        mac: known.device.mac.to_string(),
        role: role.map(|(.., words)| w.t(words)).unwrap_or_default(),
        group: known.policy_group.as_ref().map(ToString::to_string).unwrap_or_default(),
        idle: known.device.idle.map(|idle| here.say().duration(idle)).unwrap_or_default(),
    }
}

/// The fields, empty; groups that are known are suggested.
pub(super) fn inputs(w: Words, groups: BTreeSet<String>) -> Vec<Input> {
    let roles = ROLES.into_iter().map(|(_, key, words)| (key.to_owned(), w.t(words))).collect();
    let groups = groups.into_iter().map(|group| (group, String::new())).collect();
    vec![
        Input::new("peran", w.t("basics-device-role"), Kind::Radio).options(roles),
        Input::new("nama", w.t("basics-device-name"), Kind::Line).hint(w.t("basics-device-name-hint")),
        Input::new("mac", w.t("basics-device-mac"), Kind::Line).hint(w.t("basics-device-mac-hint")),
        Input::new("kelompok", w.t("plans-group"), Kind::Line).hint(w.t("basics-device-group-hint")).options(groups),
        Input::new("diam", w.t("basics-device-idle"), Kind::Line).hint(w.t("basics-device-idle-hint")),
    ]
}
