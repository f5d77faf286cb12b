//! The room's pages with every kind of content.

use gapura_speech::Words;

use super::board::{Board, Tile, Wall};
use super::screens::{Row, Screens};
use crate::chrome::Chrome;
use crate::samples::Sample;

fn board(w: Words, wrong: bool) -> Board {
    let tile = |class, name: &str, small: &str, figure: &str| Tile {
        class,
        name: name.into(),
        small: small.into(),
        figure: figure.into(),
    };
    let mut tiles: Vec<Tile> = ["Galeri Sinjai Utara", "Alun-alun Sinjai Bersatu", "RSUD Sinjai", "Benteng Balangnipa"]
        .iter()
        .cycle()
        .take(22)
        .map(|name| tile("", name, "", "38"))
        .collect();
    tiles.push(tile("off", "Telecenter Barania", "", &w.t("wall-closed")));
    let mut problems = Vec::new();
    if wrong {
        tiles.push(tile("bad", "Telecenter Pulau Harapan", "", &w.t("wall-silent")));
        problems.push("Telecenter Pulau Harapan: Diam sejak 18.52.".to_owned());
        if let Some(first) = tiles.get_mut(5) {
            *first = tile("warn", "Terminal Sinjai", "Terganggu", "26");
        }
    }
    Board {
        w,
        title: w.t1("wall-title", "place", "Kabupaten Sinjai"),
        date: "Jumat, 20 November 2026".into(),
        clock: "20.14".into(),
        online: "398".into(),
        visits: "3.208".into(),
        volume: ("834".into(), "GB".into()),
        serving: "22".into(),
        all: "24".into(),
        waiting: Some("3".into()),
        tiles,
        problems,
    }
}

pub(crate) fn samples(frame: &dyn Fn(&str, &str) -> Chrome) -> Vec<Sample> {
    let c = || frame("/layar", "screens-title");
    let w = c().w;
    let wall = |wrong| Wall::around(board(w, wrong), "/papan/x/alir".to_owned(), w.lang());
    let row = |id: &str, name: &str, live: bool| Row {
        id: id.into(),
        name: name.into(),
        scope: w.t("staff-scope-province"),
        made: w.t2("screens-by", "when", "20 November 2026", "who", "andi"),
        live,
        state: if live {
            w.t("screens-live")
        } else {
            w.t2("screens-ended", "when", "20 November 2026", "who", "andi")
        },
    };
    let screens = |rows| Screens {
        c: c().sub(w.t("screens-sub")),
        rows,
        scopes: vec![("province".into(), w.t("staff-scope-province"), true)],
        key: "0".repeat(32),
        name: String::new(),
        most: 80,
        wrong: Vec::new(),
        made: None,
        address: String::new(),
    };
    let both = || vec![row("a", "Ruang pantau", true), row("b", "Lobi dinas", false)];
    let made = Screens {
        made: Some(("Ruang pantau".into(), "/papan/0123456789abcdef".into())),
        address: "https://konsol.sinjaikab.go.id/papan/0123456789abcdef0123456789abcdef0123456789abcdef".into(),
        ..screens(both())
    };
    vec![
        Sample::of("wall", &wall(true)),
        Sample::of("wall-calm", &wall(false)),
        Sample::of("screens", &screens(both())),
        Sample::of("screens-empty", &screens(Vec::new())),
        Sample::of("screens-made", &made),
    ]
}
