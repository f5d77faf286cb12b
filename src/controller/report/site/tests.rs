use super::*;

const HOUR: i64 = 3_600_000;

fn state(gateway: &str, state: &str, since: i64, until: Option<i64>) -> StateRow {
    let (site, gateway, state) = ("galeri".to_owned(), gateway.to_owned(), state.to_owned());
    StateRow { site, gateway, since: since * HOUR, state, until: until.map(|until| until * HOUR) }
}

fn outage(gateway: &str, kind: &str, started: i64, ended: Option<i64>) -> OutageRow {
    OutageRow {
        site: "galeri".to_owned(),
        id: format!("{gateway}-{kind}-{started}"),
        gateway: gateway.to_owned(),
        kind: kind.to_owned(),
        started: started * HOUR,
        ended: ended.map(|ended| ended * HOUR),
    }
}

/// A month of the hours 0 to 100, seen two hours later; open all the time.
fn told(states: Vec<StateRow>, outages: Vec<OutageRow>) -> Told {
    Told {
        month: "1970-01".parse().unwrap(),
        span: (timestamp(0), timestamp(100 * HOUR)),
        now: timestamp(102 * HOUR),
        plan: Plan { planned: Spans::one(0, 100 * HOUR), closed: Spans::default() },
        hours: Vec::new(),
        states,
        outages,
        blocked: None,
        appeals: MonthAppeals { received: 0, decided: 0, reversed: 0, waiting: 0 },
        requests: Vec::new(),
        tallies: Some(Vec::new()),
    }
}

fn galeri() -> About {
    About {
        name: "Galeri".to_owned(),
        kind: SiteKind::Gallery,
        agency: String::new(),
        regency: "sinjai".to_owned(),
        zone: "UTC".to_owned(),
    }
}

/// Watched and kept, in hours.
fn hours(told: &Told) -> (u64, u64) {
    let hours = SiteMonth::reckon(galeri(), told).hours;
    (hours.watched / 3600, hours.kept / 3600)
}

#[test]
fn one_gateway_that_serves_is_enough() {
    let both = |second: Vec<StateRow>| [vec![state("a", "serving", 10, None)], second].concat();
    // The one that stands by has no uplink, and an outage that nobody ended.
    let standby = both(vec![state("b", "uplink-down", 5, Some(60)), state("b", "silent", 60, None)]);
    assert_eq!(
        hours(&told(standby.clone(), vec![outage("b", "power", 20, None)])),
        (95, 90),
        "from hour 5, served from 10"
    );
    // Both at once.
    let gone = vec![outage("a", "power", 20, Some(30)), outage("b", "gate", 25, Some(40))];
    let serving = both(vec![state("b", "serving", 10, None)]);
    assert_eq!(hours(&told(serving, gone)), (90, 85));
    // Replaced after ten hours; between them nobody served, after the last nobody knows.
    let replaced = vec![state("a", "serving", 0, Some(40)), state("b", "serving", 50, Some(90))];
    assert_eq!(hours(&told(replaced, vec![outage("a", "power", 30, Some(100))])), (90, 70));
}

#[test]
fn a_month_in_which_nothing_was_heard_is_not_a_month_without_visitors() {
    let of = |states| SiteMonth::reckon(galeri(), &told(states, Vec::new()));
    let whole = of(vec![state("a", "silent", -20, None)]);
    assert!(whole.unheard() && of(Vec::new()).unheard());
    let nobody_came = of(vec![state("a", "serving", -20, None)]);
    assert!(!nobody_came.unheard());
    let from_the_middle = of(vec![state("a", "serving", -20, Some(40)), state("a", "silent", 40, None)]);
    assert_eq!((from_the_middle.unheard(), from_the_middle.silent), (false, 60 * 3600));
    let back = vec![state("a", "silent", 40, Some(101)), state("a", "serving", 101, None)];
    assert_eq!(of(back).silent, 0, "heard again before the month was closed");
}

#[test]
fn what_is_tried_over_midnight_is_one_incident_of_the_month_in_which_it_began() {
    let tally = |started: i64, ended: i64| TallyRow {
        site: "galeri".to_owned(),
        id: started.to_string(),
        gateway: "a".to_owned(),
        name: "wrong-codes".to_owned(),
        started: started * HOUR,
        ended: ended * HOUR,
        amount: 5,
    };
    let of = |tallies: Vec<TallyRow>| {
        let told = Told { tallies: Some(tallies), ..told(vec![state("a", "serving", -20, None)], Vec::new()) };
        SiteMonth::reckon(galeri(), &told).attacks.unwrap().remove(&Attack::Guessing).unwrap()
    };
    let before = of(vec![tally(-1, 0), tally(0, 1), tally(1, 2)]);
    assert_eq!((before.count, before.incidents, before.took), (10, 0, vec![]), "it began in the month before");
    let last = of(vec![tally(99, 100)]);
    assert_eq!(
        (last.count, last.incidents, last.took),
        (5, 1, vec![3600]),
        "over, as was seen an hour and a half later"
    );
    let on = of(vec![tally(99, 100), tally(100, 101)]);
    assert_eq!((on.count, on.incidents, on.took), (5, 1, vec![]), "it goes on");
}

#[test]
fn figures_kept_by_earlier_versions_are_read() {
    let kept: SiteMonth = serde_json::from_str(include_str!("kept-1.json")).unwrap();
    assert_eq!((kept.used.visits, kept.people, kept.closed_early, kept.silent), (300, Some(40), 0, 0));
    let newest = include_str!("kept-2.json");
    let kept: SiteMonth = serde_json::from_str(newest).unwrap();
    assert_eq!((kept.closed_early, kept.silent, kept.requests.carried), (25_200, 90_000, 2));
    assert_eq!(serde_json::to_value(&kept).unwrap(), serde_json::from_str::<serde_json::Value>(newest).unwrap());
}

#[test]
fn requests_are_served_when_they_are_answered_before_the_month_ends() {
    let request = |received, due, answered, settled| MonthRequest { received, due, answered, settled };
    let found = requests(
        &[
            request(0, 50_000, Some(9_000), Some(9_000)),
            // Answered too late, though in the month.
            request(0, 10_000, Some(31_000), Some(31_000)),
            // Closed without an answer: nobody waits, nobody was served.
            request(0, 50_000, None, Some(20_000)),
            // Answered at the stroke of midnight and after it: both still waited.
            request(0, 200_000, Some(100_000), Some(100_000)),
            request(99_000, 200_000, Some(120_000), Some(120_000)),
            // Nobody has done anything, and its time is over.
            request(0, 90_000, None, None),
            // Answered, and asked again: it waits.
            request(0, 50_000, Some(3_000), None),
        ],
        (0, 100_000),
    );
    assert_eq!((found.made, found.answered, found.waiting, found.late), (7, 3, 4, 3));
    assert_eq!((found.took, found.carried), (vec![3, 9, 31], 0));
    assert_eq!(requests(&[], (0, 0)), Requests::default());
}

#[test]
fn requests_over_the_border_of_a_month_are_late_when_they_were_due_and_wait_until_they_are_answered() {
    let request = |due, answered| MonthRequest { received: 90, due, answered, settled: answered };
    // Due in the next month and never answered; answered there; answered too late there; due and late in the first.
    let rows = [request(130, None), request(130, Some(110)), request(130, Some(140)), request(95, Some(97))];
    let (first, next) = (requests(&rows, (0, 100)), requests(&rows, (100, 200)));
    assert_eq!((first.made, first.answered, first.carried, first.late, first.waiting), (4, 1, 0, 1, 3));
    assert_eq!((next.made, next.answered, next.carried, next.late, next.waiting), (0, 0, 2, 2, 1));
}
