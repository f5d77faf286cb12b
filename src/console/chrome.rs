//! The frame of a page: menu, place, who is signed in, what was just done.

use gapura_controller::{Right, Scope};
use gapura_speech::{Lang, Words};

use crate::assets;
use crate::form::TOKEN;
use crate::here::Here;
use crate::routes::{MenuDoor, MenuLine, Section};

/// The frame.
#[derive(Clone, Debug)]
pub(crate) struct Chrome {
    pub(crate) w: Words,
    pub(crate) title: String,
    /// The line below the heading.
    pub(crate) sub: String,
    /// The site, or the department.
    pub(crate) place: String,
    pub(crate) sections: Vec<MenuSection>,
    pub(crate) me: Option<Me>,
    /// One page up: address and words.
    pub(crate) crumb: Option<(String, String)>,
    /// What was just done.
    pub(crate) news: Option<String>,
    /// This page's own address.
    pub(crate) path: String,
    /// Where the form of the other language leads back to.
    pub(crate) back: String,
    token: String,
    /// Addresses of what the page needs.
    pub(crate) css: &'static str,
    pub(crate) htmx: &'static str,
    pub(crate) kept: &'static str,
    pub(crate) logo: &'static str,
}

/// A part of the menu.
#[derive(Clone, Debug)]
pub(crate) struct MenuSection {
    pub(crate) title: String,
    pub(crate) lines: Vec<Line>,
}

/// A line of the menu.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) href: String,
    pub(crate) icon: &'static str,
    pub(crate) words: String,
    pub(crate) current: bool,
    /// So many things wait behind it.
    pub(crate) waiting: u64,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub(crate) name: String,
    pub(crate) title: String,
}

impl Chrome {
    /// The frame around a page with this heading.
    pub(crate) fn of(here: &Here, title: String) -> Self {
        let w = here.w();
        let department = || here.app.settings.department.clone();
        let place = here.site.as_ref().map_or_else(department, |site| site.document.name.clone());
        let news = here.news.as_deref().and_then(|key| news(w, key));
        Self {
            w,
            title,
            sub: String::new(),
            place,
            sections: sections(here),
            me: here.person.as_ref().map(|person| Me { name: person.name.clone(), title: person.title.clone() }),
            crumb: None,
            news,
            path: here.path.clone(),
            back: here.back.clone(),
            css: &assets::CSS.path,
            htmx: &assets::HTMX.path,
            kept: &assets::KEPT.path,
            logo: &assets::LOGO.path,
            token: here.person.as_ref().map(|person| person.form.clone()).unwrap_or_default(),
        }
    }

    /// A frame as it stands around samples.
    #[cfg(test)]
    pub(crate) fn sample(w: Words, path: &str, title: String) -> Self {
        Self {
            w,
            title,
            sub: String::new(),
            place: "Galeri Sinjai Utara".to_owned(),
            sections: sample_sections(w, path),
            me: Some(Me { name: "petugas.utara".to_owned(), title: w.t("sample-title") }),
            crumb: None,
            news: None,
            path: path.to_owned(),
            back: path.to_owned(),
            css: &assets::CSS.path,
            htmx: &assets::HTMX.path,
            kept: &assets::KEPT.path,
            logo: &assets::LOGO.path,
            token: String::new(),
        }
    }

    /// Says at which address the page stands, where it is shown at another one.
    pub(crate) fn stand_at(&mut self, path: String) {
        self.back.clone_from(&path);
        self.path = path;
    }

    /// With a line below the heading.
    #[must_use]
    pub(crate) fn sub(mut self, sub: String) -> Self {
        self.sub = sub;
        self
    }

    /// With the way one page up.
    #[must_use]
    pub(crate) fn up(mut self, href: impl Into<String>, words: String) -> Self {
        self.crumb = Some((href.into(), words));
        self
    }

    pub(crate) fn lang(&self) -> Lang {
        self.w.lang()
    }

    /// The field that every form carries.
    pub(crate) fn token_field(&self) -> String {
        format!("<input type=\"hidden\" name=\"{TOKEN}\" value=\"{}\">", self.token)
    }
}

/// The message of a key that begins with `news-`; what else stands in an address is nobody's message.
fn news(w: Words, key: &str) -> Option<String> {
    let plain = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let text = w.t(&format!("news-{key}"));
    (plain && !text.contains('⟪')).then_some(text)
}

fn sections(here: &Here) -> Vec<MenuSection> {
    let open = here.app.menu.iter().filter_map(|door| Some((door.line, href(here, door)?)));
    let waiting = |line: &MenuLine| here.waiting.get(line.words).copied().unwrap_or_default();
    in_sections(here.w(), &here.path, open, waiting)
}

/// The menu as it stands around samples, for somebody who may do everything at a site.
#[cfg(test)]
fn sample_sections(w: Words, path: &str) -> Vec<MenuSection> {
    let lines = crate::routes::menu().into_iter().map(|line| (line, line.path.replace("{site}", "galeri-utara")));
    in_sections(w, path, lines, |line| match line.words {
        "requests-menu" => 3,
        crate::sops::MENU => 1,
        _ => 0,
    })
}

fn in_sections(
    w: Words,
    path: &str,
    lines: impl Iterator<Item = (MenuLine, String)>,
    waiting: impl Fn(&MenuLine) -> u64,
) -> Vec<MenuSection> {
    let lines: Vec<(MenuLine, String)> = lines.collect();
    let nearest = lines.iter().filter_map(|(_, href)| covered(path, href)).max();
    let mut found: Vec<(Section, MenuSection)> = Vec::new();
    for (line, href) in lines {
        let current = nearest.is_some() && covered(path, &href) == nearest;
        let waiting = waiting(&line);
        let shown = Line { current, icon: line.icon, words: w.t(line.words), href, waiting };
        match found.iter_mut().find(|(section, _)| *section == line.section) {
            Some((_, section)) => section.lines.push(shown),
            None => found.push((line.section, MenuSection { title: w.t(title(line.section)), lines: vec![shown] })),
        }
    }
    found.into_iter().map(|(_, section)| section).collect()
}

/// How much of an address a line of the menu covers: a site's own page is above all the others of that site, and the
/// nearest one is where somebody is. What is one site's part of a list over all of them belongs to that list.
fn covered(path: &str, href: &str) -> Option<usize> {
    let path = path.split('?').next().unwrap_or_default();
    let under =
        |path: &str, href: &str| path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if under(path, href) {
        return Some(href.len());
    }
    let (site, rest) = path.strip_prefix("/l/")?.split_once('/')?;
    under(rest, href.strip_prefix('/')?).then(|| "/l/".len() + site.len() + href.len())
}

const fn title(section: Section) -> &'static str {
    match section {
        Section::Service => "menu-service",
        Section::Filter => "menu-filter",
        Section::Network => "menu-network",
        Section::Report => "menu-report",
        Section::Department => "menu-department",
    }
}

/// Where a line leads from here; `None` where the person may not go.
fn href(here: &Here, door: &MenuDoor) -> Option<String> {
    let line = &door.line;
    if !line.path.contains("{site}") {
        let open = if door.whole { here.may_at(line.needs, None) } else { here.may_anywhere(line.needs) };
        return open.then(|| line.path.to_owned());
    }
    let site = match &here.site {
        Some(site) if here.may_at(line.needs, Some(&site.place)) => site.place.site.as_str().to_owned(),
        _ => only_site(here, line.needs)?,
    };
    Some(line.path.replace("{site}", &site))
}

/// The one site that a person works at, where there is only one.
fn only_site(here: &Here, right: Right) -> Option<String> {
    let grants = here.grants().iter().filter(|grant| grant.role.rights().contains(&right));
    let mut sites = grants.map(|grant| match &grant.scope {
        Scope::Site(site) => Some(site.as_str().to_owned()),
        Scope::Province | Scope::Regency(_) | Scope::Agency(_) => None,
    });
    let first = sites.next()??;
    sites.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_line_of_the_menu_is_where_somebody_is() {
        let lines = ["/l/galeri", "/l/galeri/voucer", "/permintaan", "/gerbang", "/paket"];
        for (path, nearest) in [
            ("/l/galeri", "/l/galeri"),
            ("/l/galeri?kabar=x", "/l/galeri"),
            ("/l/galeri/gerbang-baru", "/l/galeri"),
            ("/l/galeri/gerbang/gw-1", "/gerbang"),
            ("/l/galeri/voucer/semua?cari=x", "/l/galeri/voucer"),
            ("/l/galeri/permintaan/7KQMA", "/permintaan"),
            ("/permintaan/baru", "/permintaan"),
            ("/paket/ubah/umum", "/paket"),
        ] {
            let found = lines.into_iter().max_by_key(|href| covered(path, href));
            assert_eq!(found, Some(nearest), "{path}");
        }
        assert_eq!(covered("/l/galeri-dua", "/l/galeri"), None);
        assert_eq!(covered("/profil", "/paket"), None);
    }
}
