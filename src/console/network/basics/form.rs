//! The parts of a site's or level's settings as forms have them. Pure.

use std::collections::BTreeSet;

use gapura_controller::{ForwardDocument, SetPart, SettingsDocument};
use gapura_model::{BitRate, SiteKind};
use gapura_wire::{Garden, InDoubt, Text, Uplink, WaysIn, WithoutIndex};

use super::super::input::{Typed, Wrong};

const MEGABIT: u64 = 1_000_000;

/// A form of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::network) enum Part {
    /// What a site is; only at a site.
    Identity,
    Contact,
    Ways,
    Uplink,
    Garden,
    Doubt,
    ClassGroups,
    Forward,
    Nat,
}

/// Kinds of sites, as documents and forms name them.
pub(in crate::network) const KINDS: [(SiteKind, &str); 5] = [
    (SiteKind::Gallery, "gallery"),
    (SiteKind::Hotspot, "hotspot"),
    (SiteKind::Telecenter, "telecenter"),
    (SiteKind::Plik, "plik"),
    (SiteKind::Mplik, "mplik"),
];

impl Part {
    pub(in crate::network) const ALL: [Self; 9] = [
        Self::Identity,
        Self::Contact,
        Self::Ways,
        Self::Uplink,
        Self::Garden,
        Self::Doubt,
        Self::ClassGroups,
        Self::Forward,
        Self::Nat,
    ];

    /// Its name in addresses.
    pub(in crate::network) const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identitas",
            Self::Contact => "bantuan",
            Self::Ways => "masuk",
            Self::Uplink => "kecepatan",
            Self::Garden => "tanpa-masuk",
            Self::Doubt => "ragu",
            Self::ClassGroups => "kelompok-kelas",
            Self::Forward => "zona-nama",
            Self::Nat => "porta-publik",
        }
    }

    /// Its fields.
    pub(in crate::network) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Identity => &["nama", "jenis", "instansi", "kabupaten"],
            Self::Contact => &["kontak", "alamat-id", "alamat-en", "wifi"],
            Self::Ways => &["asal-masuk", "cara", "paket-ketuk", "paket-petugas"],
            Self::Uplink => &["asal-uplink", "turun", "naik"],
            Self::Garden => &["asal-taman", "taman"],
            Self::Doubt => &["jam-ragu", "tanpa-indeks"],
            Self::ClassGroups => &["asal-kelas", "kelas"],
            Self::Forward => &["asal-zona", "zona"],
            Self::Nat => &["blok-porta"],
        }
    }

    /// The field that says whether it is set here, and those that are set then.
    const fn switch(self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Ways => Some(("asal-masuk", &["cara"])),
            Self::Uplink => Some(("asal-uplink", &["turun", "naik"])),
            Self::Garden => Some(("asal-taman", &["taman"])),
            Self::ClassGroups => Some(("asal-kelas", &["kelas"])),
            Self::Forward => Some(("asal-zona", &["zona"])),
            Self::Identity | Self::Contact | Self::Doubt | Self::Nat => None,
        }
    }
}

fn origin(here: bool) -> String {
    if here { "sendiri" } else { "atas" }.to_owned()
}

/// A part as it stands there.
pub(in crate::network) fn written(part: Part, said: &SettingsDocument) -> Typed {
    let plan = |plan: &Option<gapura_model::PlanId>| plan.as_ref().map(ToString::to_string).unwrap_or_default();
    Typed(match part {
        Part::Identity => vec![
            ("nama", said.name.clone().unwrap_or_default()),
            ("jenis", said.kind.map(|kind| kind_name(kind).to_owned()).unwrap_or_default()),
            ("instansi", said.agency.clone().unwrap_or_default()),
            ("kabupaten", said.regency.clone().unwrap_or_default()),
        ],
        Part::Contact => {
            let counter = said.look.texts.get("help-counter").cloned().unwrap_or_default();
            vec![
                ("kontak", said.contact.clone().unwrap_or_default()),
                ("alamat-id", counter.id),
                ("alamat-en", counter.en),
                ("wifi", said.wifi.clone().unwrap_or_default()),
            ]
        }
        Part::Ways => vec![
            ("asal-masuk", origin(said.ways.is_some())),
            ("cara", said.ways.as_ref().map(ways_text).unwrap_or_default()),
            ("paket-ketuk", plan(&said.one_tap_plan)),
            ("paket-petugas", plan(&said.staff_plan)),
        ],
        Part::Uplink => {
            let speed = said.uplink.unwrap_or_default();
            vec![
                ("asal-uplink", origin(said.uplink.is_some())),
                ("turun", megabits(speed.down)),
                ("naik", megabits(speed.up)),
            ]
        }
        Part::Garden => vec![
            ("asal-taman", origin(said.garden.is_some())),
            ("taman", said.garden.iter().flatten().map(garden_line).collect::<Vec<_>>().join("\n")),
        ],
        Part::Doubt => vec![
            ("jam-ragu", said.in_doubt.map(|held| in_doubt_text(held).to_owned()).unwrap_or_default()),
            ("tanpa-indeks", said.filter.without_index.map(|held| index_text(held).to_owned()).unwrap_or_default()),
        ],
        Part::ClassGroups => {
            let groups = said.filter.class_groups.iter().flatten().map(ToString::to_string);
            vec![
                ("asal-kelas", origin(said.filter.class_groups.is_some())),
                ("kelas", groups.collect::<Vec<_>>().join(", ")),
            ]
        }
        Part::Forward => vec![
            ("asal-zona", origin(said.filter.forward.is_some())),
            ("zona", said.filter.forward.iter().flatten().map(forward_line).collect::<Vec<_>>().join("\n")),
        ],
        Part::Nat => vec![("blok-porta", said.nat_attribution.map(|on| nat_text(on).to_owned()).unwrap_or_default())],
    })
}

/// What is meant; all mistakes at once. `said` is what stands there.
pub(in crate::network) fn read(part: Part, typed: &Typed, said: &SettingsDocument) -> Result<SetPart, Vec<Wrong>> {
    let mut wrong: Vec<Wrong> = Vec::new();
    let own = part.switch().is_none_or(|(switch, _)| typed.get(switch) == "sendiri");
    if let Some((switch, fields)) = part.switch().filter(|_| !own) {
        // What was typed is not thrown away because of a button that was left alone.
        let before = written(part, said);
        if fields.iter().any(|field| !typed.get(field).is_empty() && typed.get(field) != before.get(field)) {
            wrong.push((switch, "basics-wrong-follow", String::new()));
        }
    }
    let set = match part {
        Part::Identity => identity(typed, &mut wrong),
        Part::Contact => Some(contact(typed, &mut wrong)),
        Part::Ways => {
            let one_tap = plan(typed, "paket-ketuk", &mut wrong);
            let staff = plan(typed, "paket-petugas", &mut wrong);
            if own && ways(typed) == WaysIn::default() {
                wrong.push(("cara", "basics-wrong-no-way", String::new()));
            }
            Some(SetPart::Ways { ways: own.then(|| ways(typed)), one_tap, staff })
        }
        Part::Uplink => {
            let uplink = own.then(|| uplink(typed, &mut wrong));
            Some(SetPart::Uplink(uplink))
        }
        Part::Garden => Some(SetPart::Garden(own.then(|| garden(typed, &mut wrong)))),
        Part::Doubt => Some(SetPart::Doubt {
            in_doubt: [InDoubt::Open, InDoubt::Closed]
                .into_iter()
                .find(|one| in_doubt_text(*one) == typed.get("jam-ragu")),
            without_index: [WithoutIndex::Closed, WithoutIndex::Plain]
                .into_iter()
                .find(|one| index_text(*one) == typed.get("tanpa-indeks")),
        }),
        Part::ClassGroups => Some(SetPart::ClassGroups(own.then(|| groups(typed, &mut wrong)))),
        Part::Forward => Some(SetPart::Forward(own.then(|| forward(typed, &mut wrong)))),
        Part::Nat => Some(SetPart::Nat([true, false].into_iter().find(|on| nat_text(*on) == typed.get("blok-porta")))),
    };
    match set {
        Some(set) if wrong.is_empty() => Ok(set),
        Some(_) | None => Err(wrong),
    }
}

/// A needed text that is not too long.
fn text(typed: &Typed, field: &'static str, wrong: &mut Vec<Wrong>) -> String {
    let text = typed.get(field);
    if text.is_empty() || text.chars().count() > 200 {
        wrong.push((field, "basics-wrong-text", String::new()));
    }
    text.to_owned()
}

fn identity(typed: &Typed, wrong: &mut Vec<Wrong>) -> Option<SetPart> {
    let name = text(typed, "nama", wrong);
    let kind = kind(typed.get("jenis"));
    if kind.is_none() {
        wrong.push(("jenis", "basics-wrong-kind", String::new()));
    }
    let (agency, regency) = (text(typed, "instansi", wrong), text(typed, "kabupaten", wrong));
    Some(SetPart::Identity { name, kind: kind?, agency, regency })
}

/// The kind of this name.
pub(in crate::network) fn kind(name: &str) -> Option<SiteKind> {
    KINDS.into_iter().find(|(_, known)| *known == name).map(|(kind, _)| kind)
}

fn kind_name(kind: SiteKind) -> &'static str {
    KINDS.into_iter().find(|(known, _)| *known == kind).map_or("", |(_, name)| name)
}

/// Contact, address of the counter, and the network's name; the same fields stand in the form for a new site.
pub(in crate::network) fn contact(typed: &Typed, wrong: &mut Vec<Wrong>) -> SetPart {
    let contact = typed.some("kontak");
    for field in ["kontak", "alamat-id", "alamat-en"] {
        if typed.get(field).chars().count() > 200 {
            wrong.push((field, "basics-wrong-text", String::new()));
        }
    }
    let (id, en) = (typed.get("alamat-id"), typed.get("alamat-en"));
    if id.is_empty() && !en.is_empty() {
        wrong.push(("alamat-id", "looks-wrong-english-only", String::new()));
    }
    let counter = (!id.is_empty()).then(|| Text { id: id.to_owned(), en: en.to_owned() });
    let wifi = typed.some("wifi");
    if wifi.as_ref().is_some_and(|name| name.len() > 32) {
        wrong.push(("wifi", "basics-wrong-wifi", String::new()));
    }
    SetPart::Contact { contact, counter, wifi }
}

/// The ways that are ticked.
pub(in crate::network) fn ways(typed: &Typed) -> WaysIn {
    let is = |way: &str| typed.is_on("cara", way);
    WaysIn { one_tap: is("satu-ketuk"), voucher: is("voucer"), account: is("akun"), staff: is("petugas") }
}

fn ways_text(ways: &WaysIn) -> String {
    let all = [(ways.one_tap, "satu-ketuk"), (ways.voucher, "voucer"), (ways.account, "akun"), (ways.staff, "petugas")];
    all.into_iter().filter(|(on, _)| *on).map(|(_, way)| way).collect::<Vec<_>>().join(",")
}

/// The plan that is chosen.
pub(in crate::network) fn plan(
    typed: &Typed,
    field: &'static str,
    wrong: &mut Vec<Wrong>,
) -> Option<gapura_model::PlanId> {
    let text = typed.some(field)?;
    text.parse().map_err(|_| wrong.push((field, "basics-wrong-plan", String::new()))).ok()
}

fn uplink(typed: &Typed, wrong: &mut Vec<Wrong>) -> Uplink {
    let mut speed = |field: &'static str| {
        let rate = typed.some(field).map(|text| rate(&text));
        if rate == Some(None) {
            wrong.push((field, "basics-wrong-speed", String::new()));
        }
        rate.flatten()
    };
    let down = speed("turun");
    Uplink { down, up: speed("naik") }
}

/// "20" or "2,5" megabits a second.
fn rate(text: &str) -> Option<BitRate> {
    let (whole, part) = text.split_once([',', '.']).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    let thousandths: u64 = format!("{whole}{part:0<3}").parse().ok()?;
    BitRate::new(thousandths * (MEGABIT / 1000))
}

fn megabits(rate: Option<BitRate>) -> String {
    let Some(bits) = rate.map(BitRate::bits_per_second) else { return String::new() };
    let (whole, part) = (bits / MEGABIT, format!("{:03}", bits % MEGABIT / 1000));
    let part = part.trim_end_matches('0');
    if part.is_empty() { whole.to_string() } else { format!("{whole},{part}") }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn garden_line(entry: &Garden) -> String {
    let ports = entry.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    format!("{} {ports}", entry.to).trim_end().to_owned()
}

/// A place a line: a name or network, and ports after it.
fn garden(typed: &Typed, wrong: &mut Vec<Wrong>) -> Vec<Garden> {
    let mut found: Vec<Garden> = Vec::new();
    for line in lines(typed.get("taman")) {
        let (to, ports) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let Ok(to) = to.parse() else {
            wrong.push(("taman", "basics-wrong-place", to.chars().take(80).collect()));
            continue;
        };
        let ports = ports.split([',', ' ']).filter(|port| !port.is_empty());
        let ports: Result<BTreeSet<u16>, _> =
            ports.map(|port| port.parse::<std::num::NonZeroU16>().map(Into::into)).collect();
        match ports {
            Ok(ports) => found.push(Garden { to, ports }),
            Err(_) => wrong.push(("taman", "basics-wrong-ports", line.chars().take(80).collect())),
        }
    }
    found
}

const fn in_doubt_text(held: InDoubt) -> &'static str {
    match held {
        InDoubt::Open => "buka",
        InDoubt::Closed => "tutup",
    }
}

const fn nat_text(on: bool) -> &'static str {
    if on { "catat" } else { "tidak" }
}

const fn index_text(held: WithoutIndex) -> &'static str {
    match held {
        WithoutIndex::Closed => "tutup",
        WithoutIndex::Plain => "biasa",
    }
}

fn groups(typed: &Typed, wrong: &mut Vec<Wrong>) -> BTreeSet<gapura_model::PolicyGroup> {
    let mut found = BTreeSet::new();
    for name in typed.get("kelas").split([',', ' ', '\n']).map(str::trim).filter(|name| !name.is_empty()) {
        match name.parse() {
            Ok(group) => drop(found.insert(group)),
            Err(_) => wrong.push(("kelas", "basics-wrong-group", name.chars().take(80).collect())),
        }
    }
    found
}

fn forward_line(zone: &ForwardDocument) -> String {
    let servers = zone.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("{} {servers}", zone.zone)
}

/// A zone a line: its name, and addresses after it.
fn forward(typed: &Typed, wrong: &mut Vec<Wrong>) -> Vec<ForwardDocument> {
    let mut found = Vec::new();
    for line in lines(typed.get("zona")) {
        let (zone, servers) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let servers = servers.split([',', ' ']).filter(|server| !server.is_empty());
        let servers: Result<Vec<_>, _> = servers.map(str::parse).collect();
        match servers {
            Ok(servers) if !servers.is_empty() && zone.parse::<gapura_model::Name>().is_ok() => {
                found.push(ForwardDocument { zone: zone.to_owned(), servers });
            }
            Ok(_) | Err(_) => wrong.push(("zona", "basics-wrong-zone", line.chars().take(80).collect())),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(part: Part, pairs: &[(&str, &str)]) -> Typed {
        let text = |name: &str| pairs.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
        Typed(part.fields().iter().map(|name| (*name, text(name).to_owned())).collect())
    }

    #[test]
    fn every_part_survives_its_form() {
        let text = "name = \"Galeri\"\nkind = \"plik\"\nagency = \"Kominfo\"\nregency = \"Sinjai\"\ncontact = \"Loket\"\n\
                    wifi = \"galeri\"\nin-doubt = \"open\"\none-tap-plan = \"umum\"\nways = { one-tap = true, staff = true }\n\
                    uplink = { up = 2_500_000, down = 20_000_000 }\n\
                    garden = [{ to = \"go.id\" }, { to = \"203.0.113.0/24\", ports = [443, 8443] }]\n\
                    look = { texts = { help-counter = { id = \"Lantai 2\", en = \"Floor 2\" } } }\n\
                    [filter]\nwithout-index = \"plain\"\nclass-groups = [\"kelas\"]\n\
                    forward = [{ zone = \"sinjaikab.go.id\", servers = [\"10.1.0.53\", \"2001:db8::53\"] }]\n";
        let said: SettingsDocument = toml::from_str(text).unwrap();
        let mut again = SettingsDocument::default();
        for part in Part::ALL {
            let stands = written(part, &said);
            assert!(stands.0.iter().map(|(name, _)| name).eq(part.fields()), "{part:?}");
            read(part, &stands, &said).unwrap().put(&mut again);
            // Where nothing is said, nothing is said by the form either, but for what a site has to say.
            if part != Part::Identity {
                let (nothing, mut empty) = (SettingsDocument::default(), SettingsDocument::default());
                read(part, &written(part, &nothing), &nothing).unwrap().put(&mut empty);
                assert_eq!(empty, nothing, "{part:?}");
            }
        }
        assert_eq!(again, said);
    }

    #[test]
    fn all_mistakes_are_told_with_what_they_are_about() {
        let none = SettingsDocument::default();
        let slips = |part, pairs: &[(&str, &str)]| {
            let wrong = read(part, &typed(part, pairs), &none).unwrap_err();
            wrong
                .into_iter()
                .map(|(field, _, text)| format!("{field} {text}").trim_end().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(slips(Part::Identity, &[]), ["nama", "jenis", "instansi", "kabupaten"]);
        let long = "x".repeat(33);
        assert_eq!(slips(Part::Contact, &[("alamat-en", "Floor 2"), ("wifi", &long)]), ["alamat-id", "wifi"]);
        let garden = "bpjs\n10.0.0.1/8\ngo.id 443,x\ngo.id 0\nbpjs-kesehatan.go.id";
        let garden = slips(Part::Garden, &[("asal-taman", "sendiri"), ("taman", garden)]);
        assert_eq!(garden, ["taman bpjs", "taman 10.0.0.1/8", "taman go.id 443,x", "taman go.id 0"]);
        for bad in ["cepat", "0", "2,5,5", "-1", "1,2345"] {
            assert_eq!(slips(Part::Uplink, &[("asal-uplink", "sendiri"), ("turun", bad)]), ["turun"], "{bad}");
        }
        let zones = "sinjaikab.go.id\nsinjaikab.go.id satu";
        assert_eq!(slips(Part::Forward, &[("asal-zona", "sendiri"), ("zona", zones)]).len(), 2);
        // Something was typed, and the button that says so was not pressed.
        assert_eq!(slips(Part::Uplink, &[("asal-uplink", "atas"), ("turun", "20")]), ["asal-uplink"]);
    }
}
