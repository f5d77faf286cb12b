//! What stands on a board: pure.

use askama::Template;
use gapura_controller::{Condition, Right, Scope, Screen, SiteNow, SitePlace, Tone, may_over};
use gapura_model::ByteCount;
use gapura_speech::{Lang, Say, Words};

use super::feed::Figures;
use crate::assets;
use crate::dashboard::class;

/// Tiles on a board: more could not be read from ten metres.
const TILES: usize = 24;
/// Sentences in the red strip.
const PROBLEMS: usize = 3;

/// A tile.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    pub(super) class: &'static str,
    pub(super) name: String,
    /// A second line where something is wrong; may be empty.
    pub(super) small: String,
    pub(super) figure: String,
}

/// What changes.
#[derive(Clone, Debug, Template)]
#[template(path = "wall-board.html")]
pub(super) struct Board {
    pub(super) w: Words,
    pub(super) title: String,
    pub(super) date: String,
    pub(super) clock: String,
    pub(super) online: String,
    pub(super) visits: String,
    /// Figure and unit.
    pub(super) volume: (String, String),
    pub(super) serving: String,
    pub(super) all: String,
    /// None where whoever made the screen may not see requests.
    pub(super) waiting: Option<String>,
    pub(super) tiles: Vec<Tile>,
    /// What is wrong; nothing: the strip is not there.
    pub(super) problems: Vec<String>,
}

/// The page around it.
#[derive(Template)]
#[template(path = "wall.html")]
pub(super) struct Wall {
    board: Board,
    lang: Lang,
    stream: String,
    css: &'static str,
    script: &'static str,
    logo: &'static str,
}

impl Wall {
    pub(super) fn around(board: Board, stream: String, lang: Lang) -> Self {
        Self { board, lang, stream, css: &assets::CSS.path, script: &assets::WALL.path, logo: &assets::LOGO.path }
    }
}

/// What this screen shows. `spoken` has the controller's words.
pub(super) fn board(seen: &Figures, screen: &Screen, (say, spoken): &(Say, Say), department: &str) -> Board {
    let w = say.words;
    let own = |site: &&SiteNow| screen.scope.covers(Some(&site.place));
    let mut sites: Vec<&SiteNow> = seen.summary.sites.iter().filter(own).collect();
    let today = say.today();
    let used = seen
        .summary
        .days
        .iter()
        .filter(|day| day.day == today && sites.iter().any(|site| site.place.site.as_str() == day.site));
    let (visits, octets) = used.fold((0_u64, 0_u64), |(visits, octets), day| {
        (visits.saturating_add(day.visits), octets.saturating_add(day.octets))
    });
    let places: Vec<SitePlace> = seen.summary.sites.iter().map(|site| site.place.clone()).collect();
    let maker = seen.grants.get(&screen.made_by).map_or(&[][..], Vec::as_slice);
    let may_tell = may_over(maker, Right::SeeRequests, &screen.scope, &places);
    let waiting: u64 = sites.iter().filter_map(|site| seen.waiting.get(site.place.site.as_str())).sum();
    let volume = say.bytes(ByteCount::new(octets));
    let volume = volume
        .split_once('\u{a0}')
        .map_or((volume.clone(), String::new()), |(figure, unit)| (figure.to_owned(), unit.to_owned()));
    let number = |count: usize| say.number(u64::try_from(count).unwrap_or(u64::MAX));
    let wrong: Vec<&&SiteNow> = sites.iter().filter(|site| site.tone() == Tone::Bad).collect();
    let problem = |site: &&&SiteNow| {
        let words = site.condition.as_ref().map(|condition| condition.words(spoken)).unwrap_or_default();
        w.t2("wall-problem", "place", site.name.as_str(), "words", words)
    };
    let problems = wrong.iter().take(PROBLEMS).map(problem).collect();
    let (serving, all) = (sites.iter().filter(|site| site.serves()).count(), sites.len());
    let online: u64 = sites.iter().map(|site| site.online).sum();
    let left = sites.len().saturating_sub(TILES);
    if left > 0 {
        // What is wrong is never among those that are left out.
        sites.sort_by_key(|site| (site.tone(), std::cmp::Reverse(site.online)));
        sites.truncate(TILES - 1);
    }
    let mut tiles: Vec<Tile> = sites.iter().map(|site| tile(say, spoken, site)).collect();
    if left > 0 {
        let name = w.n("wall-more", u64::try_from(left + 1).unwrap_or(u64::MAX));
        tiles.push(Tile { class: "off", name, small: String::new(), figure: String::new() });
    }
    let place = match &screen.scope {
        Scope::Province => department.to_owned(),
        Scope::Regency(name) | Scope::Agency(name) => name.clone(),
        Scope::Site(_) => sites.first().map_or_else(String::new, |site| site.name.clone()),
    };
    Board {
        w,
        title: w.t1("wall-title", "place", place),
        date: format!("{}, {}", say.weekday(today.weekday()), say.date(today)),
        clock: say.bare_clock(say.now()),
        online: say.number(online),
        visits: say.number(visits),
        volume,
        serving: number(serving),
        all: number(all),
        waiting: may_tell.then(|| say.number(waiting)),
        tiles,
        problems,
    }
}

fn tile(say: &Say, spoken: &Say, site: &SiteNow) -> Tile {
    let w = say.words;
    let online = say.number(site.online);
    let (small, figure) = match &site.condition {
        Some(Condition::Serving) => (String::new(), online),
        Some(Condition::Silent { .. }) => (String::new(), w.t("wall-silent")),
        Some(Condition::Closed { .. }) => (String::new(), w.t("wall-closed")),
        Some(condition) => (condition.words(spoken), online),
        None => (w.t("dash-no-gateway"), String::new()),
    };
    Tile { class: class(site.tone()), name: site.name.clone(), small, figure }
}
