//! The chart and the heat map: drawn by the server, with every figure in a table beside.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_controller::Used;
use gapura_model::ByteCount;
use gapura_speech::Say;

use super::asked::{Asked, By, Measure};
use super::{Line, hours};

/// A bar.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) x: u64,
    pub(super) y: u64,
    pub(super) width: u64,
    pub(super) height: u64,
    /// Where its name stands, and its name; empty where there is no room.
    pub(super) name_x: u64,
    pub(super) name_y: u64,
    pub(super) name: String,
    /// The figure beside a lying bar.
    pub(super) figure: String,
}

/// The chart.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// Bars stand side by side; else they lie below each other.
    pub(super) stands: bool,
    pub(super) height: u64,
    pub(super) bars: Vec<Bar>,
    /// Height and figure of the lines of standing bars.
    pub(super) lines: Vec<(u64, String)>,
    /// In words.
    pub(super) says: String,
}

const LEFT: u64 = 62;
const RIGHT: u64 = 660;
const TOP: u64 = 12;
const FOOT: u64 = 192;
/// Lying bars: of so many at most.
const LYING: usize = 40;
const ROW: u64 = 26;
const NAMES: u64 = 190;
const FIGURES: u64 = 90;

impl Chart {
    pub(super) fn of(say: &Say, asked: &Asked, lines: &[Line]) -> Option<Self> {
        let most = lines.iter().max_by_key(|line| amount(asked.measure, line.used))?;
        let top = amount(asked.measure, most.used);
        if top == 0 {
            return None;
        }
        let w = say.words;
        let says = w.t2("usage-most", "figure", figure(say, asked.measure, most.used), "at", most.head.clone());
        Some(match asked.by {
            By::Day | By::Hour => Self::standing(say, asked.measure, (lines, top), says),
            By::Site | By::Plan => Self::lying(say, asked.measure, (lines, top), says),
        })
    }

    fn standing(say: &Say, measure: Measure, (lines, top): (&[Line], u64), says: String) -> Self {
        let count = u64::try_from(lines.len()).unwrap_or(1).max(1);
        // In tenths, so that many narrow bars stay where they belong.
        let step = (RIGHT - LEFT) * 10 / count;
        let width = (step * 7 / 100).clamp(1, 44);
        let every = count.div_ceil(16);
        let height = |amount: u64| scaled(amount, FOOT - TOP, top);
        let bars = lines.iter().zip(0_u64..).map(|(line, at)| {
            let middle = LEFT + (step * at + step / 2) / 10;
            let height = height(amount(measure, line.used));
            let name = if at % every == 0 { line.short.clone() } else { String::new() };
            let (x, y) = (middle - width / 2, FOOT - height);
            Bar { x, y, width, height, name_x: middle, name_y: FOOT + 18, name, figure: String::new() }
        });
        let lines = [0, top / 2, top].map(|part| (FOOT - height(part), spoken(say, measure, part))).to_vec();
        Self { stands: true, height: FOOT + 26, bars: bars.collect(), lines, says }
    }

    fn lying(say: &Say, measure: Measure, (lines, top): (&[Line], u64), says: String) -> Self {
        let bars: Vec<Bar> = lines
            .iter()
            .take(LYING)
            .zip(0_u64..)
            .map(|(line, at)| {
                let y = TOP + at * ROW;
                let width = scaled(amount(measure, line.used), RIGHT - NAMES - FIGURES, top);
                let name = shortened(&line.head);
                let figure = figure(say, measure, line.used);
                Bar { x: NAMES, y, width, height: ROW - 8, name_x: NAMES - 8, name_y: y + 14, name, figure }
            })
            .collect();
        let height = TOP + ROW * u64::try_from(bars.len()).unwrap_or_default();
        Self { stands: false, height, bars, lines: Vec::new(), says }
    }
}

/// A name that fits beside a bar.
fn shortened(name: &str) -> String {
    const MOST: usize = 28;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).chain(['…']).collect()
}

/// `amount` of `top`, on a scale of `length`.
fn scaled(amount: u64, length: u64, top: u64) -> u64 {
    let scaled = u128::from(amount) * u128::from(length) / u128::from(top.max(1));
    u64::try_from(scaled).unwrap_or(length)
}

/// A cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) x: u64,
    pub(super) y: u64,
    /// How full: 0 to 5.
    pub(super) level: u64,
    /// Its figure, for the table.
    pub(super) figure: String,
}

/// Weekdays by hours.
#[derive(Clone, Debug)]
pub(super) struct HeatMap {
    pub(super) days: Vec<HeatRow>,
    /// Hours above the columns: the middle of each, and its words.
    pub(super) hours: Vec<(u64, String)>,
    /// Heads of the table's columns.
    pub(super) columns: Vec<String>,
    pub(super) says: String,
}

/// A weekday.
#[derive(Clone, Debug)]
pub(super) struct HeatRow {
    pub(super) name: String,
    pub(super) middle: u64,
    pub(super) cells: Vec<Cell>,
}

const CELL: u64 = 24;
const HEAT_LEFT: u64 = 84;
const HEAT_TOP: u64 = 20;

impl HeatMap {
    pub(super) fn of(say: &Say, measure: Measure, slots: &BTreeMap<(u8, u8), Used>) -> Self {
        let w = say.words;
        let of = |day: u8, hour: u8| slots.get(&(day, hour)).copied().unwrap_or_default();
        let most = slots.iter().max_by_key(|(_, used)| amount(measure, **used));
        let top = most.map_or(0, |(_, used)| amount(measure, *used));
        let weekday = |day: u8| w.list("weekdays", usize::from(day));
        let says = most.map_or_else(String::new, |((day, hour), used)| {
            let at = format!("{} {}", weekday(*day), hours(say, i32::from(*hour) * 60));
            w.t2("usage-most", "figure", figure(say, measure, *used), "at", at)
        });
        let days = (0..7_u8).map(|day| {
            let y = HEAT_TOP + CELL * u64::from(day);
            let cells = (0..24_u8).map(|hour| {
                let used = of(day, hour);
                let amount = amount(measure, used);
                // What is there at all is seen.
                let level = if amount == 0 { 0 } else { scaled(amount, 4, top).min(4) + 1 };
                let figure = if amount == 0 { "–".to_owned() } else { figure(say, measure, used) };
                Cell { x: HEAT_LEFT + CELL * u64::from(hour), y, level, figure }
            });
            HeatRow { name: weekday(day), middle: y + 16, cells: cells.collect() }
        });
        let at = |hour: u8| HEAT_LEFT + CELL * u64::from(hour);
        Self {
            days: days.collect(),
            hours: (0..24_u8).step_by(3).map(|hour| (at(hour), format!("{hour:02}"))).collect(),
            columns: (0..24_u8).map(|hour| format!("{hour:02}")).collect(),
            says,
        }
    }
}

pub(super) const fn amount(measure: Measure, used: Used) -> u64 {
    match measure {
        Measure::Visits => used.visits,
        Measure::Volume => used.octets,
        Measure::Time => used.seconds,
    }
}

fn figure(say: &Say, measure: Measure, used: Used) -> String {
    spoken(say, measure, amount(measure, used))
}

fn spoken(say: &Say, measure: Measure, amount: u64) -> String {
    match measure {
        Measure::Visits => say.number(amount),
        Measure::Volume => say.bytes(ByteCount::new(amount)),
        Measure::Time if amount == 0 => "0".to_owned(),
        Measure::Time if amount >= 3600 => say.words.n("hours", amount / 3600),
        Measure::Time => say.duration(Duration::from_secs(amount)),
    }
}
