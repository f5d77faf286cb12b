//! A second implementation of what SOPs mean, written from the three rules and nothing else, and as slow as it likes. It
//! reads generated documents in a shape of its own; the texts go through the real reader.

use proptest::prelude::*;

use super::*;

/// A clause or exception as the naive side knows it. Words stand for themselves.
#[derive(Clone, Debug, Default)]
struct Rule {
    layer: usize,
    number: usize,
    block: bool,
    mandatory: bool,
    all: bool,
    names: Vec<String>,
    ranges: Vec<String>,
    lists: Vec<usize>,
    groups: Vec<&'static str>,
    not_groups: Vec<&'static str>,
    kinds: Vec<&'static str>,
    /// Hours of every day, from and until, in whole hours; until may be less than from.
    hours: Option<(u32, u32)>,
    exceptions: Vec<Rule>,
    /// Of an exception: days of January 2026, the last included.
    days: (u32, u32),
}

const LAYERS: [&str; 5] = ["national", "province", "regency", "agency", "site"];
const GROUPS: [&str; 3] = ["umum", "anak", "staf"];
const LIST_IDS: [&str; 4] = ["judi-1", "judi-2", "dewasa", "doh"];
const NAMES: [&str; 5] = ["a.id", "b.a.id", "c.b.a.id", "z.id", "id"];
const RANGES: [&str; 6] =
    ["192.0.2.0/24", "192.0.2.0/25", "192.0.2.1/32", "0.0.0.0/0", "2001:db8::/32", "2001:db8:1::/48"];

/// The labels of a name from the right, without the dots.
fn labels(name: &str) -> Vec<&str> {
    name.split('.').rev().collect()
}

/// How specifically a written name covers another: labels, and whether it is exact.
fn name_covers(written: &str, name: &str) -> Option<(bool, usize)> {
    if let Some(exact) = written.strip_prefix('=') {
        return (exact == name).then_some((true, 0));
    }
    let below = written.strip_prefix("*.");
    let (own, asked) = (labels(below.unwrap_or(written)), labels(name));
    let starts = asked.len() >= own.len() && asked[..own.len()] == own[..];
    let deep_enough = below.is_none() || asked.len() > own.len();
    (starts && deep_enough).then_some((false, own.len()))
}

/// The bits of an address or a range, most significant first, after a letter for the family.
fn bits(text: &str) -> String {
    let (address, length) = text.split_once('/').unwrap_or((text, "128"));
    let all = match address.parse::<std::net::IpAddr>().unwrap() {
        std::net::IpAddr::V4(v4) => format!("4{:032b}", u32::from(v4)),
        std::net::IpAddr::V6(v6) => format!("6{:0128b}", u128::from(v6)),
    };
    let take = length.parse::<usize>().unwrap() + 1;
    all.chars().take(take).collect()
}

#[derive(Clone, Copy, Debug)]
enum Ask<'a> {
    Name(&'a str),
    Address(&'a str),
}

/// How specifically a rule's targets cover what is asked; greater is more.
fn covers(rule: &Rule, ask: Ask<'_>, held: &[usize]) -> Option<(u32, usize)> {
    let named = match ask {
        Ask::Name(name) => rule
            .names
            .iter()
            .filter_map(|own| name_covers(own, name))
            .max()
            .map(|(exact, labels)| if exact { (3, 0) } else { (2, labels) }),
        Ask::Address(address) => {
            let address = bits(address);
            let covering =
                rule.ranges.iter().map(|range| bits(range)).filter(|range| address.starts_with(range.as_str()));
            covering.map(|range| (2, range.len())).max()
        }
    };
    let listed = rule.lists.iter().any(|list| held.contains(list)).then_some((1, 0));
    let all = (rule.all && matches!(ask, Ask::Name(_))).then_some((0, 0));
    [named, listed, all].into_iter().flatten().max()
}

struct Moment {
    day: u32,
    hour: u32,
}

fn holds(rule: &Rule, group: &str, kind: &str, now: &Moment) -> bool {
    let hours = rule.hours.is_none_or(|(from, until)| {
        if from < until { (from..until).contains(&now.hour) } else { now.hour >= from || now.hour < until }
    });
    hours
        && (rule.groups.is_empty() || rule.groups.contains(&group))
        && !rule.not_groups.contains(&group)
        && (rule.kinds.is_empty() || rule.kinds.contains(&kind))
}

/// What happens, and by which clause: layer and number.
fn verdict(
    rules: &[Rule],
    ask: Ask<'_>,
    held: &[usize],
    group: &str,
    kind: &str,
    now: &Moment,
) -> (bool, Option<(usize, usize)>) {
    let mut lowest = None;
    for layer in 0..5 {
        let mut matching: Vec<((u32, usize), &Rule)> = Vec::new();
        for rule in rules.iter().filter(|rule| rule.layer == layer && holds(rule, group, kind, now)) {
            let excepted = rule.exceptions.iter().any(|exception| {
                (exception.days.0..=exception.days.1).contains(&now.day)
                    && holds(exception, group, kind, now)
                    && (exception.all || covers(exception, ask, held).is_some())
            });
            if let (false, Some(specific)) = (excepted, covers(rule, ask, held)) {
                matching.push((specific, rule));
            }
        }
        let Some(most) = matching.iter().map(|(specific, _)| *specific).max() else { continue };
        matching.retain(|(specific, _)| *specific == most);
        // The stricter holds; of those that say the same a mandatory one speaks, then the first.
        let strict = matching.iter().any(|(_, rule)| rule.block);
        matching.retain(|(_, rule)| rule.block == strict);
        let mandatory = matching.iter().any(|(_, rule)| rule.mandatory);
        matching.retain(|(_, rule)| rule.mandatory == mandatory);
        let winner = matching.iter().map(|(_, rule)| rule.number).min().unwrap();
        let found = (strict, Some((layer, winner)));
        if mandatory {
            return found;
        }
        lowest = Some(found);
    }
    lowest.unwrap_or((false, None))
}

fn quoted<T: AsRef<str>>(words: impl IntoIterator<Item = T>) -> String {
    words.into_iter().map(|word| format!("\"{}\"", word.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The rule's keys in a document.
fn keys(rule: &Rule) -> String {
    let targets = [
        ("names", quoted(&rule.names)),
        ("addresses", quoted(&rule.ranges)),
        ("lists", quoted(rule.lists.iter().map(|list| LIST_IDS[*list]))),
    ];
    let written = targets.iter().filter(|(_, values)| !values.is_empty());
    let mut lines: Vec<String> = written.map(|(key, values)| format!("{key} = [{values}]\n")).collect();
    if rule.all {
        lines.push("all = true\n".to_owned());
    }
    let scope =
        [("groups", quoted(&rule.groups)), ("except-groups", quoted(&rule.not_groups)), ("kinds", quoted(&rule.kinds))];
    let scope: Vec<String> = scope
        .iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(key, values)| format!("{key} = [{values}]"))
        .collect();
    lines.push(format!("scope = {{ {} }}\n", scope.join(", ")));
    lines.concat()
}

/// One document a layer, clauses in reverse of their numbers.
fn documents(rules: &[Rule]) -> Vec<String> {
    let layer = |layer: usize| {
        let own: Vec<&Rule> = rules.iter().filter(|rule| rule.layer == layer).rev().collect();
        let body: String = own.iter().map(|rule| document(rule)).collect();
        (!own.is_empty()).then(|| sop(LAYERS[layer], &body))
    };
    (0..5).filter_map(layer).collect()
}

fn document(rule: &Rule) -> String {
    let action = if rule.block { "block" } else { "open" };
    let hours = rule.hours.map(|(from, until)| format!("hours = {{ spans = [\"{from:02}.00-{until:02}.00\"] }}\n"));
    let keys_of = keys(rule) + &hours.unwrap_or_default();
    let number = u32::try_from(rule.number).unwrap();
    let text = clause(number, &format!("action = \"{action}\"\nmandatory = {}\n{keys_of}", rule.mandatory));
    let exceptions = rule.exceptions.iter().map(|exception| {
        let (from, until) = exception.days;
        format!(
            "[[exception]]\nof = {number}\nreason = \"r\"\nauthor = \"a\"\nfrom = 2026-01-{from:02}\nuntil = 2026-01-{until:02}\n{}",
            keys(exception)
        )
    });
    text + &exceptions.collect::<String>()
}

fn some<T: Clone + std::fmt::Debug + 'static>(of: &'static [T], most: usize) -> impl Strategy<Value = Vec<T>> {
    proptest::sample::subsequence(of, 0..=most)
}

fn targets() -> impl Strategy<Value = Rule> {
    let names = proptest::collection::vec(
        (0..3_usize, 0..NAMES.len()).prop_map(|(sign, name)| format!("{}{}", ["", "=", "*."][sign], NAMES[name])),
        0..3,
    );
    let scope = (some(&GROUPS, 2), some(&GROUPS, 1), some(&["gallery", "plik"], 1));
    (names, some(&RANGES, 2), some(&[0_usize, 1, 2, 3], 2), proptest::bool::weighted(0.2), scope).prop_map(
        |(names, ranges, lists, all, (groups, not_groups, kinds))| {
            let nothing = names.is_empty() && ranges.is_empty() && lists.is_empty();
            // A scope that takes nobody in is an error of its own.
            let not_groups = if groups.is_empty() { not_groups } else { Vec::new() };
            let ranges = ranges.into_iter().map(str::to_owned).collect();
            Rule { names, ranges, lists, all: all || nothing, groups, not_groups, kinds, ..Rule::default() }
        },
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    let exception = (targets(), 1..12_u32, 0..12_u32)
        .prop_map(|(targets, from, days)| Rule { days: (from, from + days), ..targets });
    let hours = proptest::option::of((0..24_u32, 1..24_u32).prop_map(|(from, length)| (from, (from + length) % 24)));
    let exceptions = proptest::collection::vec(exception, 0..2);
    (targets(), 0..5_usize, any::<bool>(), any::<bool>(), hours, exceptions).prop_map(
        |(targets, layer, block, mandatory, hours, exceptions)| Rule {
            layer,
            block,
            mandatory,
            hours,
            exceptions,
            ..targets
        },
    )
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    proptest::collection::vec(rule(), 1..9).prop_map(|mut rules| {
        for (number, rule) in rules.iter_mut().enumerate() {
            rule.number = number + 1;
        }
        rules
    })
}

const ADDRESSES: [&str; 6] = ["192.0.2.1", "192.0.2.2", "192.0.2.200", "198.51.100.1", "2001:db8::1", "2001:db8:1::1"];

/// The policy and the explanation say what the naive side says, of every name and address.
fn agree(
    stack: &Stack,
    rules: &[Rule],
    held: &[usize],
    group: &str,
    kind: &str,
    now: &Moment,
) -> Result<(), TestCaseError> {
    let kind_of = if kind == "gallery" { SiteKind::Gallery } else { SiteKind::Plik };
    let place = Place { kind: kind_of, ..place() };
    let time = at(&format!("2026-01-{:02}T{:02}:30:00+08:00", now.day, now.hour));
    let people = people(group);
    let policy = stack.policy(&place, &people, time);
    let set: ListSet = held.iter().map(|list| ListNumber(u8::try_from(*list).unwrap())).collect();
    let holdings: Vec<Holding> = set.iter().map(|list| Holding { list, line: None }).collect();
    let names = NAMES.iter().flat_map(|name| ["", "x.", "y.x."].map(|below| format!("{below}{name}")));
    let names: Vec<String> = names.collect();
    let asks = names.iter().map(|name| Ask::Name(name)).chain(ADDRESSES.iter().map(|address| Ask::Address(address)));
    for ask in asks {
        let expected = verdict(rules, ask, held, group, kind, now);
        let (decision, asked) = match ask {
            Ask::Name(text) => (policy.name(&name(text), set), Asked::Name(name(text))),
            Ask::Address(text) => {
                let address = text.parse().unwrap();
                (policy.address(address, set), Asked::Address(address))
            }
        };
        let by = decision.clause.and_then(|clause| policy.clause(clause));
        let by = by.map(|text| (text.layer.index(), text.clause.parse::<usize>().unwrap()));
        let blocks = decision.action == Action::Block;
        prop_assert_eq!((blocks, by), expected, "{:?} {:?} {} {} {:?}", ask, held, group, kind, rules);
        let question = Question { asked, holdings: &holdings, place: &place, audience: &people, at: time };
        let explanation = stack.explain(&question);
        prop_assert_eq!(
            (explanation.action, explanation.clause_index),
            (decision.action, decision.clause),
            "{:?}",
            ask
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 280, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn compiled_and_explained_mean_what_the_rules_say(
        rules in rules(),
        more in some(&[0_usize, 1, 2, 3], 4),
        (day, hour) in (5..20_u32, 0..24_u32),
    ) {
        let texts = documents(&rules);
        let files: Vec<String> = (0..texts.len()).map(|at| format!("{at}.toml")).collect();
        let sources: Vec<Source<'_>> = files.iter().zip(&texts).map(|(file, text)| Source { file, text }).collect();
        // Contradictions are generated too: there the stricter holds.
        let (stack, problems) = Stack::adopt(&sources, &lists());
        let shown: Vec<String> = problems.iter().filter(|problem| problem.severity == Severity::Error).map(ToString::to_string).collect();
        prop_assert!(stack.is_some(), "{}", shown.join("\n"));
        let stack = stack.unwrap();
        // 280 times 3 groups, 2 kinds, 3 sets of lists and 21 names and addresses: over 100,000 questions.
        for (group, kind, held) in GROUPS.iter().flat_map(|group| {
            let more = more.clone();
            ["gallery", "plik"].into_iter().flat_map(move |kind| [vec![], vec![1], more.clone()].map(|held| (*group, kind, held)))
        }) {
            agree(&stack, &rules, &held, group, kind, &Moment { day, hour })?;
        }
    }

    #[test]
    fn nothing_an_officer_writes_makes_the_reader_fall(
        pack in 0..4_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 1..6),
    ) {
        let mut text = packs()[pack].text.to_owned();
        for (at, other, change) in changes {
            let lines: Vec<&str> = text.lines().collect();
            let (at, other) = (at.index(lines.len().max(1)), other.index(lines.len().max(1)));
            let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            if changed.is_empty() {
                break;
            }
            match change {
                0 => drop(changed.remove(at)),
                1 => changed[at] = changed[other].clone(),
                2 => changed[at] = changed[at].chars().take(other).collect(),
                _ => changed[at].push_str(["é", "\"", "]", "= {", "\u{0}", "99"][other % 6]),
            }
            text = changed.join("\n");
        }
        let (catalogue, _) = Catalogue::read(pack_lists());
        let (stack, problems) = Stack::read(&[Source { file: "x.toml", text: &text }], &catalogue);
        prop_assert_eq!(stack.is_none(), problems.iter().any(|problem| problem.severity == Severity::Error));
        for problem in &problems {
            prop_assert!(problem.position.line <= text.lines().count().max(1) + 1, "{}", problem);
            prop_assert!(!problem.help.is_empty() && !problem.what.is_empty());
        }
    }
}
