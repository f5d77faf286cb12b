//! A table: a rollout of three waves (one pilot, two sites, three sites), what its gateways do, and what is done then.

use super::*;
use crate::rollout::watch::Seen;

const WAVES: [&[&str]; 3] = [&["p1"], &["a1", "a2"], &["b1", "b2", "b3"]];

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn boot(n: u8) -> gapura_model::BootId {
    format!("5a4f0e3c-8f5e-4a0a-9d5a-0000000000{n:02}").parse().unwrap()
}

const fn up(in_force: u64) -> Fact {
    Fact { presence: Presence::Up, remote: false, in_force, refused: None, filtered: true, boot: None }
}

/// A played rollout: looked at every minute, as the controller does.
struct Play {
    waves: u32,
    wave: u32,
    begun: i64,
    minute: i64,
    rules: RolloutRules,
    sites: BTreeMap<SiteId, (u32, SiteSeen, BTreeMap<GatewayId, Fact>)>,
}

const GENERATION: u64 = 7;

impl Play {
    fn new(waves: &[&[&str]]) -> Self {
        let mut sites = BTreeMap::new();
        for (wave, ids) in (1_u32..).zip(waves) {
            for id in *ids {
                let seen = SiteSeen { most: 500, ..SiteSeen::default() };
                let facts = BTreeMap::from([(format!("gw-{id}").parse().unwrap(), up(GENERATION - 1))]);
                sites.insert(id.parse().unwrap(), (wave, seen, facts));
            }
        }
        let waves = u32::try_from(waves.len()).unwrap();
        Self { waves, wave: 0, begun: 0, minute: 0, rules: RolloutRules::default(), sites }
    }

    /// What a gateway is from now on.
    fn set(&mut self, site: &str, fact: Fact) {
        let facts = &mut self.sites.get_mut(&site.parse::<SiteId>().unwrap()).unwrap().2;
        for known in facts.values_mut() {
            *known = fact;
        }
    }

    fn of(&self, site: &str) -> Fact {
        *self.sites[&site.parse::<SiteId>().unwrap()].2.values().next().unwrap()
    }

    fn take(&mut self, sites: &[&str]) {
        for site in sites {
            self.set(site, Fact { in_force: GENERATION, refused: None, ..self.of(site) });
        }
    }

    fn look(&mut self) -> Step {
        for (wave, seen, facts) in self.sites.values_mut() {
            if *wave > self.wave {
                continue;
            }
            for (gateway, fact) in facts {
                let known = seen.gateways.remove(gateway).unwrap_or_default();
                seen.gateways.insert(gateway.clone(), known.look(*fact, GENERATION, at(self.minute)));
            }
        }
        let sites: Vec<At<'_>> = self
            .sites
            .iter()
            .map(|(site, (wave, seen, facts))| At { site, wave: *wave, generation: GENERATION, seen, facts })
            .collect();
        let picture = Picture {
            rules: self.rules,
            waves: self.waves,
            wave: self.wave,
            begun: at(self.begun),
            due: None,
            sites: &sites,
            now: at(self.minute),
        };
        step(&picture)
    }

    /// Minutes go by until something is to be done, at most so many; begins waves.
    fn run(&mut self, minutes: i64) -> Step {
        let until = self.minute + minutes;
        loop {
            match self.look() {
                Step::Wait if self.minute < until => self.minute += 1,
                Step::Begin(wave) => {
                    (self.wave, self.begun) = (wave, self.minute);
                    // What is known as it begins.
                    self.look();
                    return Step::Begin(wave);
                }
                other @ (Step::Wait | Step::Stop(_) | Step::Finish) => return other,
            }
        }
    }
}

fn stopped(site: &str, trouble: Trouble) -> Step {
    let gateway = format!("gw-{site}").parse().unwrap();
    Step::Stop(Cause::Gateway { site: site.parse().unwrap(), gateway, trouble })
}

#[test]
fn a_rollout_goes_wave_by_wave_and_ends() {
    let mut play = Play::new(&WAVES);
    assert_eq!(play.run(0), Step::Begin(1));
    assert_eq!(play.run(60), Step::Wait, "nobody has taken it");
    play.take(&["p1"]);
    assert_eq!((play.run(29), play.run(1)), (Step::Wait, Step::Begin(2)), "well for half an hour");
    play.take(&["a1"]);
    assert_eq!(play.run(90), Step::Wait, "a2 is heard and has not taken it");
    play.take(&["a2"]);
    assert_eq!((play.run(29), play.run(1)), (Step::Wait, Step::Begin(3)));
    play.take(&["b1", "b2", "b3"]);
    assert_eq!((play.run(29), play.run(1)), (Step::Wait, Step::Finish));
}

#[test]
fn a_rollout_waits_for_its_time() {
    let picture = |due: Option<i64>, now| Picture {
        rules: RolloutRules::default(),
        waves: 2,
        wave: 0,
        begun: at(0),
        due: due.map(at),
        sites: &[],
        now: at(now),
    };
    for (due, now, expected) in [
        (None, 0, Step::Begin(1)),
        (Some(10), 9, Step::Wait),
        (Some(10), 10, Step::Begin(1)),
        (Some(10), 99, Step::Begin(1)),
    ] {
        assert_eq!(step(&picture(due, now)), expected, "{due:?} at {now}");
    }
}

/// What happens at the pilot site after it took the revision, minute by minute, and what that leads to within ten minutes.
#[test]
fn pilots_in_trouble_stop_it() {
    let good = up(GENERATION);
    let refused = Some(GENERATION);
    for (what, then, expected) in [
        ("all is well", good, Step::Wait),
        ("outside its hours", good, Step::Wait),
        ("refused", Fact { refused, in_force: GENERATION - 1, ..good }, stopped("p1", Trouble::Refused)),
        (
            "a later one refused, none taken",
            Fact { refused: Some(GENERATION + 3), in_force: 1, ..good },
            stopped("p1", Trouble::Refused),
        ),
        ("taken, and a later one refused", Fact { refused: Some(GENERATION + 3), ..good }, Step::Wait),
        ("an earlier bundle was refused", Fact { refused: Some(GENERATION - 1), ..good }, Step::Wait),
        ("no filter", Fact { filtered: false, ..good }, stopped("p1", Trouble::Unfiltered)),
        ("silent", Fact { presence: Presence::Silent, ..good }, stopped("p1", Trouble::Silent)),
        ("a silent MPLIK", Fact { presence: Presence::Silent, remote: true, ..good }, Step::Wait),
        ("degraded", Fact { presence: Presence::Degraded, ..good }, stopped("p1", Trouble::Degraded)),
        ("its uplink is down", Fact { presence: Presence::Away, ..good }, Step::Wait),
        ("a later bundle in force", Fact { in_force: GENERATION + 9, ..good }, Step::Wait),
    ] {
        let mut play = Play::new(&WAVES);
        play.run(0);
        play.take(&["p1"]);
        assert_eq!(play.run(5), Step::Wait);
        play.set("p1", then);
        assert_eq!(play.run(10), expected, "{what}");
    }
}

#[test]
fn a_pilot_that_falls_silent_over_the_new_bundle_is_lost_before_it_applied_it() {
    let mut play = Play::new(&WAVES);
    play.run(0);
    play.set("p1", Fact { presence: Presence::Silent, ..up(GENERATION - 1) });
    assert_eq!(play.run(1), stopped("p1", Trouble::Silent));
    // One that was silent before is not lost, and alone it is no pilot.
    let mut play = Play::new(&WAVES);
    play.set("p1", Fact { presence: Presence::Silent, ..up(GENERATION - 1) });
    play.run(0);
    assert_eq!(play.run(600), Step::Wait, "no pilot has taken it");
    play.set("p1", up(GENERATION));
    assert_eq!(play.run(40), Step::Begin(2));
}

#[test]
fn a_filter_out_of_force_for_a_moment_is_no_trouble_and_begins_the_watch_anew() {
    let mut play = Play::new(&WAVES);
    play.run(0);
    play.take(&["p1"]);
    play.run(20);
    play.set("p1", Fact { filtered: false, ..up(GENERATION) });
    assert_eq!(play.run(2), Step::Wait);
    play.set("p1", up(GENERATION));
    assert_eq!((play.run(29), play.run(1)), (Step::Wait, Step::Begin(2)));
    // One without a filter from before is not made worse by the revision; it holds its wave up, and stops nothing.
    let mut play = Play::new(&WAVES);
    play.set("p1", Fact { filtered: false, ..up(GENERATION - 1) });
    play.run(0);
    play.set("p1", Fact { filtered: false, ..up(GENERATION) });
    assert_eq!(play.run(120), Step::Wait);
}

#[test]
fn one_restart_is_no_trouble_and_two_are() {
    let mut play = Play::new(&WAVES);
    play.set("p1", Fact { boot: Some(boot(1)), ..up(GENERATION - 1) });
    play.run(0);
    play.set("p1", Fact { boot: Some(boot(2)), ..up(GENERATION) });
    assert_eq!(play.run(5), Step::Wait);
    play.set("p1", Fact { boot: Some(boot(3)), ..up(GENERATION) });
    assert_eq!(play.run(5), stopped("p1", Trouble::Restarts));
}

#[test]
fn a_silent_site_holds_no_later_wave_up_and_one_in_five_may_be_lost() {
    let mut play = Play::new(&[&["p1"], &["a1", "a2", "a3", "a4", "a5", "a6"], &["b1"]]);
    let silent = Fact { presence: Presence::Silent, ..up(GENERATION - 1) };
    play.set("a6", silent);
    play.run(0);
    play.take(&["p1"]);
    assert_eq!(play.run(30), Step::Begin(2));
    play.take(&["a1", "a2", "a3", "a4", "a5"]);
    play.run(10);
    play.set("a5", Fact { presence: Presence::Silent, ..up(GENERATION) });
    assert_eq!(play.run(19), Step::Wait, "one of six that served is lost: 16 %");
    assert_eq!(play.run(1), Step::Begin(3));
    play.take(&["b1"]);
    play.run(5);
    play.set("a4", Fact { presence: Presence::Silent, ..up(GENERATION) });
    assert_eq!(play.run(5), Step::Stop(Cause::Lost { lost: 2, of: 7 }), "28 %");
    // Who lives with days without uplink is not counted.
    for site in ["a4", "a5"] {
        play.set(site, Fact { remote: true, ..play.of(site) });
    }
    assert_eq!(play.run(60), Step::Finish);
}

#[test]
fn a_whole_wave_that_is_away_is_no_reason_to_wait() {
    let mut play = Play::new(&WAVES);
    for site in ["a1", "a2"] {
        play.set(site, Fact { presence: Presence::Silent, ..up(GENERATION - 1) });
    }
    play.run(0);
    play.take(&["p1"]);
    assert_eq!((play.run(30), play.run(30)), (Step::Begin(2), Step::Begin(3)));
}

#[test]
fn what_refuses_in_a_wave_behind_stops_it_too() {
    let mut play = Play::new(&WAVES);
    play.run(0);
    play.take(&["p1"]);
    play.run(30);
    play.set("p1", Fact { filtered: false, ..up(GENERATION) });
    assert_eq!(play.run(5), stopped("p1", Trouble::Unfiltered));
}

#[test]
fn a_jump_of_refusals_stops_it_above_the_limit_and_not_at_it() {
    for (refused, most, stops) in [(0, 0, false), (500, 500, false), (501, 500, true), (501, 840, false)] {
        let mut play = Play::new(&WAVES);
        play.run(0);
        play.take(&["p1"]);
        let site: SiteId = "p1".parse().unwrap();
        let seen = &mut play.sites.get_mut(&site).unwrap().1;
        (seen.refused, seen.most) = (refused, most);
        let expected = if stops { Step::Stop(Cause::Refusals { site, refused, most }) } else { Step::Wait };
        assert_eq!(play.run(5), expected, "{refused} of {most}");
    }
    let rules = RolloutRules::default();
    assert_eq!([0, 100, 200, u64::MAX].map(|busiest| rules.most_refusals(busiest)), [500, 500, 600, u64::MAX]);
}

#[test]
fn what_somebody_accepted_stops_it_no_more_until_it_comes_again() {
    let mut play = Play::new(&WAVES);
    play.run(0);
    let sick = Fact { refused: Some(GENERATION), ..up(GENERATION - 1) };
    play.set("p1", sick);
    assert_eq!(play.run(1), stopped("p1", Trouble::Refused));
    let (_, seen, _) = play.sites.get_mut(&"p1".parse::<SiteId>().unwrap()).unwrap();
    for known in seen.gateways.values_mut() {
        known.accept(sick, GENERATION, at(play.minute));
    }
    play.begun = play.minute;
    assert_eq!((play.run(29), play.run(1)), (Step::Wait, Step::Begin(2)), "the others go on without it");
    // It takes it, and refuses again: that is new.
    play.take(&["p1"]);
    assert_eq!(play.run(1), Step::Wait);
    play.set("p1", sick);
    assert_eq!(play.run(1), stopped("p1", Trouble::Refused));
}

#[test]
fn one_wave_for_all_needs_no_pilot() {
    let mut play = Play::new(&[&["a1", "a2", "a3"]]);
    for site in ["a1", "a2", "a3"] {
        play.set(site, Fact { presence: Presence::Away, ..up(0) });
    }
    assert_eq!((play.run(0), play.run(30)), (Step::Begin(1), Step::Finish));
    let seen = Seen::default();
    assert_eq!(seen.standing(Fact { presence: Presence::Away, ..up(0) }, GENERATION, at(0)), Standing::Away);
}
