//! Every page there is, from the console's own table, with the names in its address filled in and somebody who may see it.

use std::collections::BTreeMap;

use gapura_console::{Entry, Needs};
use gapura_controller::{Right, Role};
use gapura_lab::LabError;

use super::AGENCY;
use super::browser::Door;
use super::department::ROLES;
use crate::BenchError;
use crate::cli::note;

/// A page to be asked for.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// As it stands in the table.
    pub(super) shown: String,
    /// What is asked for.
    pub(super) path: String,
    /// Whose cookie is shown.
    pub(super) cookie: Option<String>,
    /// Only for somebody who has just proved who they are.
    pub(super) fresh: bool,
    /// What it answers with.
    pub(super) expects: &'static [u16],
}

/// The site that is looked at: the one with the most vouchers and requests.
const SITE: &str = "galeri-sinjai-utara";

/// Addresses with a search in them, which are the same pages doing more.
const SEARCHES: [(&str, &str); 7] = [
    ("/permintaan", "?bagian=selesai"),
    ("/permintaan", "?bagian=selesai&cari=formulir"),
    ("/l/{site}/voucer/semua", "?cari=rapat"),
    ("/l/{site}/voucer/semua", "?keadaan=withdrawn"),
    ("/audit", "?orang=jaringan.sinjai"),
    ("/audit", "?orang=loket.mplik-1"),
    ("/audit", "?objek=site/mplik-1"),
];

/// All of them, but for two that show one class's code and one number of today's queue, which a year does not hold, files, and a
/// wall's screen, whose secret is shown once. Of what a year may not hold the page is left out, which is said.
pub(super) fn all(door: &Door, cookies: &BTreeMap<Role, String>) -> Result<Vec<Page>, BenchError> {
    let names = Names::of(door, cookies)?;
    let mut pages = Vec::new();
    let ends = [
        "/kelas/kode",
        "/antrean/struk",
        "/audit/unduh",
        "}/unduh",
        "/{period}/{part}",
        "/{kunci}",
        "/alir",
        "/keputusan",
        "/sso/mulai",
    ];
    let of_one = |path: &str| ends.iter().any(|end| path.ends_with(end));
    for entry in gapura_console::table().into_iter().filter(|entry| entry.method == "GET" && !of_one(entry.path)) {
        let Some(path) = names.fill(&entry) else {
            note(&format!("left out: there is none of {}", entry.path));
            continue;
        };
        let page = |query: &str| Page {
            shown: format!("{}{query}", entry.path),
            path: format!("{path}{query}"),
            fresh: matches!(entry.needs, Needs::Right(right) | Needs::Anywhere(right) if right.needs_fresh_proof()),
            cookie: who(entry.needs).and_then(|role| cookies.get(&role).cloned()),
            // Steps of signing in send whoever is not on the way there back to its beginning; who has one desk goes there.
            expects: match entry.path {
                // What is not approved yet cannot be published: its page sends back.
                "/" | "/instansi" | "/sop/{id}/terbitkan-bertahap" => &[200, 303],
                path if path.starts_with("/masuk") => &[200, 303, 404],
                _ => &[200],
            },
        };
        pages.push(page(""));
        let searches = SEARCHES.iter().filter(|(path, _)| *path == entry.path);
        pages.extend(searches.map(|(_, query)| page(query)));
    }
    // While the proof is fresh.
    pages.sort_by_key(|page| !page.fresh);
    Ok(pages)
}

/// Who may see it: of those with the right, the one who sees most.
fn who(needs: Needs) -> Option<Role> {
    let with = |right: Right| ROLES.into_iter().find(|role| role.rights().contains(&right));
    match needs {
        Needs::Nothing => None,
        Needs::SignedIn => Some(Role::Auditor),
        Needs::Right(right) | Needs::Anywhere(right) => with(right),
        Needs::Desk => Some(Role::AgencyOfficer),
    }
}

/// What stands for the names in addresses.
struct Names {
    /// The site of the request with this number.
    place: String,
    number: String,
    forwarded: String,
    preset: String,
    batch: String,
    calendar: String,
    terms: String,
    /// What a look's frame is asked with.
    frame: String,
    /// A SOP that is a draft, and the newest one in force, which goes out in waves.
    draft: Option<String>,
    rolled: Option<String>,
    /// What of these there is one of, by the address up to its name.
    some: BTreeMap<&'static str, String>,
}

/// Lists whose first link names one of what is listed: the list, whose page it is, and the address up to the name.
const LISTS: [(&str, Role, &str); 5] = [
    ("/laporan-bulanan", Role::Auditor, "/laporan-bulanan/"),
    ("/sop?status=berlaku", Role::NetworkAdmin, "/sop/"),
    ("/retensi", Role::Auditor, "/retensi/musnah/"),
    ("/telusur", Role::Investigator, "/telusur/"),
    ("/peninjauan", Role::NetworkAdmin, "/peninjauan/"),
];

impl Names {
    /// As the pages' own links have them.
    fn of(door: &Door, cookies: &BTreeMap<Role, String>) -> Result<Self, BenchError> {
        let text_of = |role: Role, page: &str| {
            let mut browser = door.open(cookies.get(&role).cloned())?;
            Ok::<_, BenchError>(String::from_utf8_lossy(&browser.get(page)?.body).into_owned())
        };
        let linked = |role: Role, page: &str, before: &str| {
            let text = text_of(role, page)?;
            let end = |c: char| !c.is_ascii_alphanumeric() && c != '-';
            let link = text.split(before).nth(1).and_then(|rest| rest.split(end).next()).map(str::to_owned);
            let none = || LabError::answer(page, format!("no link with {before} in {text:.400}"));
            Ok::<_, BenchError>(link.ok_or_else(none)?)
        };
        let list = text_of(Role::Auditor, "/permintaan?bagian=selesai")?;
        let request = list.split("href=\"/l/").find(|rest| rest.contains("/permintaan/"));
        let request = request.and_then(|rest| rest.split('"').next()?.split_once("/permintaan/"));
        let (place, number) = request.ok_or_else(|| LabError::answer("/permintaan", "no request is linked"))?;
        let mut some = BTreeMap::new();
        for (list, role, before) in LISTS {
            let text = text_of(role, list)?;
            let end = |c: char| !c.is_ascii_alphanumeric() && c != '-';
            let names = text.split(before).skip(1).filter_map(|rest| rest.split(end).next());
            let fits = |name: &&str| !name.is_empty() && !["baru", "statistik", "musnah", "tahan"].contains(name);
            some.extend(names.filter(fits).last().map(|name| (before, name.to_owned())));
        }
        let first = |page| Ok::<_, BenchError>(sop_in(&text_of(Role::SopEditor, page)?));
        let desk = format!("/instansi/{}/permintaan", agency());
        Ok(Self {
            some,
            draft: first("/sop?status=draf")?,
            rolled: first("/sop?status=berlaku")?,
            place: place.to_owned(),
            number: number.to_owned(),
            forwarded: linked(Role::AgencyOfficer, &format!("{desk}?bagian=selesai"), "/permintaan/")?,
            preset: linked(Role::NetworkAdmin, "/pilihan-voucer", "/pilihan-voucer/ubah/")?,
            calendar: linked(Role::NetworkAdmin, "/kalender", "/kalender/ubah/")?,
            terms: linked(Role::NetworkAdmin, "/syarat", "/syarat/versi?v=")?,
            frame: frame_in(&text_of(Role::NetworkAdmin, &format!("/l/{SITE}/rupa"))?)?,
            batch: batch_in(&text_of(Role::Clerk, &format!("/l/{SITE}/voucer/semua?keadaan=unused"))?)?,
        })
    }

    /// The address, if there is what it names.
    fn fill(&self, entry: &Entry) -> Option<String> {
        let sop = match entry.path {
            "/sop/{id}/peluncuran" => Some(&self.rolled),
            "/sop/{id}/teks" | "/sop/{id}/formulir" | "/sop/{id}/dampak" | "/sop/{id}/terbitkan-bertahap" => {
                Some(&self.draft)
            }
            _ => None,
        };
        if let Some(id) = sop {
            return Some(entry.path.replace("{id}", id.as_ref()?));
        }
        if let Some((_, _, before)) = LISTS.iter().find(|(_, _, before)| entry.path.contains(&format!("{before}{{"))) {
            let name = self.some.get(before)?;
            let (start, rest) = entry.path.split_once('}')?;
            let (start, _) = start.rsplit_once('{')?;
            if start.contains('{') {
                // Of another site than the one that is looked at.
                return None;
            }
            return Some(format!("{start}{name}{rest}"));
        }
        let number = if entry.path.starts_with("/instansi") { &self.forwarded } else { &self.number };
        let more = match entry.path {
            path if path.ends_with("/kertas") => format!("?kelompok={}", self.batch),
            "/rupa/bingkai" => format!("?{}", self.frame),
            "/syarat/versi" => format!("?v={}", self.terms),
            _ => String::new(),
        };
        let filled = entry
            .path
            .replace("{site}", if entry.path.contains("{number}") { self.place.as_str() } else { SITE })
            .replace("{gateway}", &format!("gw-{SITE}"))
            .replace("{number}", number)
            .replace("{agency}", &agency())
            .replace("{preset}", &self.preset)
            .replace("{name}", "jaringan.sinjai")
            .replace("{tingkat}/{nama}", "jenis/telecenter")
            .replace("{id}", if entry.path.starts_with("/kalender") { self.calendar.as_str() } else { "umum" });
        Some(filled + &more)
    }
}

/// The number of the first SOP that a page links to.
fn sop_in(text: &str) -> Option<String> {
    let numbers = text.split("href=\"/sop/").skip(1).filter_map(|rest| rest.split('"').next());
    numbers.map(str::to_owned).find(|number| !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()))
}

/// A batch that is named on a page: the day and four letters.
fn batch_in(text: &str) -> Result<String, BenchError> {
    let named = |word: &&str| {
        word.split_once('-').is_some_and(|(day, letters)| {
            day.len() == 8 && letters.len() == 4 && day.bytes().all(|digit| digit.is_ascii_digit())
        })
    };
    let word = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(named);
    Ok(word.map(str::to_owned).ok_or_else(|| LabError::answer("the vouchers not used", "there is no batch"))?)
}

/// What the frame of a page about a look is asked with.
fn frame_in(text: &str) -> Result<String, BenchError> {
    let query = text.split("/rupa/bingkai?").nth(1).and_then(|rest| rest.split('"').next());
    let none = || LabError::answer("a look's page", "there is no frame");
    Ok(query.ok_or_else(none)?.replace("&#38;", "&").replace("&amp;", "&"))
}

/// The agency as it stands in an address.
fn agency() -> String {
    form_urlencoded::byte_serialize(AGENCY.as_bytes()).collect::<String>().replace('+', "%20")
}
