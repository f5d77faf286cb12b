//! The story that `gapura demo --once` tells: issue section 2, each step measured with real packets.

use std::collections::BTreeMap;
use std::time::Duration;

use gapura_model::with_causes;
use serde_json::json;

use crate::LabError;
use crate::clock::Stopwatch;
use crate::counters::IpBytes;
use crate::daemon::Site;

mod entry;
mod filter;
mod limits;
mod outside;
mod sabotage;

pub use sabotage::Sabotage;

/// The whole story takes no longer.
pub const LONGEST: Duration = Duration::from_mins(1);

/// A step: its name and what it does. An error is the reason why it did not hold.
type Step = (&'static str, fn(&mut Scene) -> Result<Measured, LabError>);

const STEPS: &[Step] = &[
    ("address", outside::address),
    ("before login", outside::before_login),
    ("name service", outside::names),
    ("isolation", outside::isolation),
    ("portal page", entry::page),
    ("one tap", entry::one_tap),
    ("after login", entry::after_login),
    ("blocked site", filter::blocked_site),
    // Nobody else sends anything between these two: upstream's counter is the quota's.
    ("voucher", entry::voucher),
    ("quota", limits::quota),
    ("speed", limits::speed),
    ("ending", limits::ending),
    ("blocked device", limits::blocked),
    ("flush", limits::flush),
    ("usage", limits::usage),
    ("closing", limits::closing),
];

/// What the steps share.
#[derive(Debug)]
struct Scene {
    site: Site,
    sabotage: Option<Sabotage>,
    /// Counters of visitor 2 and of upstream when the quota voucher was redeemed.
    before_quota: Option<(IpBytes, IpBytes)>,
}

/// What a step measured: words for people, figures for programs.
#[derive(Debug, Default)]
struct Measured {
    words: Vec<String>,
    figures: BTreeMap<&'static str, f64>,
}

/// One step told.
#[derive(Clone, Debug)]
pub struct Told {
    /// From 1.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// It held.
    pub held: bool,
    /// What was measured, or why it did not hold.
    pub words: String,
    /// Figures by name; the unit is in the name.
    pub figures: BTreeMap<&'static str, f64>,
    /// How long it took.
    pub took: Duration,
}

/// The story, told step by step; it stops after the first step that did not hold.
#[derive(Debug)]
pub struct Story {
    scene: Scene,
    next: usize,
    watch: Stopwatch,
    over: bool,
}

impl Story {
    /// The story of `site`, with one thing broken on purpose or none.
    pub fn new(site: Site, sabotage: Option<Sabotage>) -> Self {
        Self { scene: Scene { site, sabotage, before_quota: None }, next: 0, watch: Stopwatch::start(), over: false }
    }

    /// How many steps it has.
    pub fn len(&self) -> usize {
        STEPS.len()
    }

    /// It always has steps.
    pub fn is_empty(&self) -> bool {
        STEPS.is_empty()
    }

    /// The last lines of the gateway's log: why a step may have broken.
    pub fn last_words(&self) -> String {
        self.scene.site.last_words()
    }

    /// Since it began.
    pub fn elapsed(&self) -> Duration {
        self.watch.elapsed()
    }
}

impl Iterator for Story {
    type Item = Told;

    fn next(&mut self) -> Option<Told> {
        let (name, step) = *STEPS.get(self.next).filter(|_| !self.over)?;
        self.next += 1;
        let watch = Stopwatch::start();
        let result = if self.watch.elapsed() < LONGEST {
            step(&mut self.scene)
        } else {
            Err(LabError::Late { what: "the story".into(), waited: self.watch.elapsed(), last: String::new() })
        };
        let took = watch.elapsed();
        let (held, words, figures) = match result {
            Ok(measured) => (true, measured.words.join(", "), measured.figures),
            Err(error) => (false, with_causes(&error), BTreeMap::new()),
        };
        self.over = !held;
        Some(Told { number: self.next, name: name.into(), held, words, figures, took })
    }
}

impl Told {
    /// As people read it.
    pub fn line(&self) -> String {
        let mark = if self.held { "ok " } else { "NO " };
        format!("{mark} {:02} {}: {} ({:.1} s)", self.number, self.name, self.words, self.took.as_secs_f64())
    }

    /// As programs read it.
    pub fn json(&self) -> String {
        let Self { number, name, held, words, figures, took } = self;
        json!({ "step": number, "name": name, "ok": held, "measured": words, "figures": figures,
                "seconds": took.as_secs_f64() })
        .to_string()
    }
}

impl Measured {
    fn say(&mut self, words: impl Into<String>) -> &mut Self {
        self.words.push(words.into());
        self
    }

    fn figure(&mut self, name: &'static str, value: f64) -> &mut Self {
        self.figures.insert(name, value);
        self
    }
}

/// `Err` with `words` unless it holds.
fn hold(holds: bool, words: impl FnOnce() -> String) -> Result<(), LabError> {
    if holds { Ok(()) } else { Err(LabError::answer("did not hold", words())) }
}

/// Milliseconds as people read them.
fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
