//! The meaning of clauses, case by case.

use super::*;

fn decide(stack: &Stack, group: &str, time: &str, of: &str, lists: &[u8]) -> (Action, Option<String>) {
    let policy = stack.policy(&place(), &people(group), at(time));
    let decision = policy.name(&name(of), held(lists));
    let clause = decision.clause.and_then(|clause| policy.clause(clause));
    (decision.action, clause.map(|clause| format!("{}/{}", clause.layer, clause.clause)))
}

const MONDAY: &str = "2026-01-05T02:00:00Z";

fn by(action: Action, clause: &str) -> (Action, Option<String>) {
    (action, Some(clause.to_owned()))
}

#[test]
fn the_most_specific_target_wins_within_a_layer() {
    let body = [
        clause(1, "action = \"block\"\nall = true"),
        clause(2, "action = \"open\"\ncategories = [\"judi\"]"),
        clause(3, "action = \"block\"\nnames = [\"contoh.id\"]"),
        clause(4, "action = \"open\"\nnames = [\"*.baik.contoh.id\"]"),
        clause(5, "action = \"block\"\nnames = [\"=buruk.baik.contoh.id\"]"),
    ];
    let stack = stack(&[sop("regency", &body.concat())]);
    for (of, lists, expected) in [
        ("lain.id", &[][..], by(Action::Block, "regency/1")),
        ("lain.id", &[1], by(Action::Open, "regency/2")),
        ("lain.id", &[2], by(Action::Block, "regency/1")),
        ("contoh.id", &[1], by(Action::Block, "regency/3")),
        ("baik.contoh.id", &[], by(Action::Block, "regency/3")),
        ("a.baik.contoh.id", &[], by(Action::Open, "regency/4")),
        ("buruk.baik.contoh.id", &[0], by(Action::Block, "regency/5")),
        ("x.buruk.baik.contoh.id", &[], by(Action::Open, "regency/4")),
    ] {
        assert_eq!(decide(&stack, "umum", MONDAY, of, lists), expected, "{of} {lists:?}");
    }
}

#[test]
fn a_lower_layer_loosens_only_what_is_not_mandatory() {
    let national = [
        clause(1, "action = \"block\"\ncategories = [\"judi\"]\nmandatory = true"),
        clause(2, "action = \"block\"\ncategories = [\"dewasa\"]"),
        clause(3, "action = \"open\"\nnames = [\"bmkg.go.id\"]\nmandatory = true"),
    ];
    let site = [
        clause(1, "action = \"open\"\nnames = [\"boleh.id\"]"),
        clause(2, "action = \"block\"\nnames = [\"go.id\", \"ketat.id\"]"),
    ];
    let stack = stack(&[sop("site", &site.concat()), sop("national", &national.concat())]);
    for (of, lists, expected) in [
        ("boleh.id", &[0][..], by(Action::Block, "national/1")),
        ("boleh.id", &[2], by(Action::Open, "site/1")),
        ("www.bmkg.go.id", &[], by(Action::Open, "national/3")),
        ("lain.go.id", &[], by(Action::Block, "site/2")),
        ("ketat.id", &[], by(Action::Block, "site/2")),
        ("lain.id", &[2], by(Action::Block, "national/2")),
        ("lain.id", &[], (Action::Open, None)),
    ] {
        assert_eq!(decide(&stack, "umum", MONDAY, of, lists), expected, "{of} {lists:?}");
    }
}

#[test]
fn the_list_that_decided_is_named() {
    let stack = stack(&[sop("regency", &clause(1, "action = \"block\"\ncategories = [\"judi\"]"))]);
    let policy = stack.policy(&place(), &people("umum"), monday());
    assert_eq!(policy.name(&name("a.id"), held(&[1, 2])).list, Some(ListNumber(1)));
    assert_eq!(policy.name(&name("a.id"), held(&[2])), Decision::default());
    assert_eq!(stack.catalogue().numbered(ListNumber(1)).unwrap().id.as_str(), "judi-2");
}

#[test]
fn scope_and_hours_narrow_a_clause() {
    let body = [
        clause(1, "action = \"block\"\nnames = [\"game.id\"]\nscope = { groups = [\"anak\"], kinds = [\"gallery\"] }"),
        clause(
            2,
            "action = \"block\"\nnames = [\"video.id\"]\nhours = { days = [\"mon\"], spans = [\"07.00-15.00\"] }",
        ),
        clause(3, "action = \"block\"\nnames = [\"jauh.id\"]\nscope = { kinds = [\"plik\"] }"),
        clause(4, "action = \"block\"\nnames = [\"umum.id\"]\nscope = { except-groups = [\"staf\"] }"),
    ];
    let stack = stack(&[sop("regency", &body.concat())]);
    for (group, time, of, action) in [
        ("anak", MONDAY, "game.id", Action::Block),
        ("umum", MONDAY, "game.id", Action::Open),
        ("umum", MONDAY, "video.id", Action::Block),
        ("umum", "2026-01-05T07:00:00Z", "video.id", Action::Open),
        ("umum", "2026-01-06T02:00:00Z", "video.id", Action::Open),
        ("umum", MONDAY, "jauh.id", Action::Open),
        ("umum", MONDAY, "umum.id", Action::Block),
        ("staf", MONDAY, "umum.id", Action::Open),
    ] {
        assert_eq!(decide(&stack, group, time, of, &[]).0, action, "{group} {time} {of}");
    }
}

#[test]
fn an_exception_takes_targets_out_until_its_last_day() {
    let body = [
        clause(1, "action = \"block\"\ncategories = [\"judi\"]\nnames = [\"contoh.id\"]\nmandatory = true"),
        "[[exception]]\nof = 1\nnames = [\"ujian.contoh.id\"]\nlists = [\"judi-2\"]\nreason = \"ujian\"\n\
         author = \"Andi\"\nuntil = 2026-01-05\nscope = { groups = [\"staf\"] }\n"
            .to_owned(),
    ];
    let stack = stack(&[sop("regency", &body.concat())]);
    for (group, time, of, lists, action) in [
        ("staf", MONDAY, "ujian.contoh.id", &[][..], Action::Open),
        ("staf", MONDAY, "a.ujian.contoh.id", &[0], Action::Open),
        ("staf", MONDAY, "contoh.id", &[], Action::Block),
        ("staf", MONDAY, "contoh.id", &[1], Action::Open),
        ("staf", MONDAY, "lain.id", &[0], Action::Block),
        ("staf", MONDAY, "lain.id", &[0, 1], Action::Open),
        ("umum", MONDAY, "ujian.contoh.id", &[], Action::Block),
        // 24.00 WITA of its last day.
        ("staf", "2026-01-05T15:59:59Z", "lain.id", &[1], Action::Open),
        ("staf", "2026-01-05T16:00:00Z", "lain.id", &[1], Action::Block),
    ] {
        assert_eq!(decide(&stack, group, time, of, lists).0, action, "{group} {time} {of} {lists:?}");
    }
}

#[test]
fn a_later_revision_takes_over_on_its_day() {
    let old = sop("regency", &clause(1, "action = \"block\"\nnames = [\"lama.id\"]"));
    let new = sop("regency", &clause(1, "action = \"block\"\nnames = [\"baru.id\"]"));
    let new = new.replace("revision = 1", "revision = 2").replace("2026-01-01", "2026-01-06");
    let stack = stack(&[new, old]);
    let change = at("2026-01-05T16:00:00Z");
    for (time, lama, baru) in
        [(MONDAY, Action::Block, Action::Open), ("2026-01-05T16:00:00Z", Action::Open, Action::Block)]
    {
        assert_eq!(decide(&stack, "umum", time, "lama.id", &[]).0, lama);
        assert_eq!(decide(&stack, "umum", time, "baru.id", &[]).0, baru);
    }
    assert_eq!(stack.next_change(&place(), monday()), Some(change));
    assert_eq!(stack.next_change(&place(), change), None);
}

#[test]
fn the_next_change_is_the_nearest_boundary() {
    let body = [
        clause(1, "action = \"block\"\nnames = [\"a.id\"]\nhours = { spans = [\"07.00-15.00\"] }"),
        clause(
            2,
            "action = \"block\"\nnames = [\"b.id\"]\nhours = { spans = [\"10.30-11.00\"] }\nscope = { kinds = [\"plik\"] }",
        ),
        "[[exception]]\nof = 1\nnames = [\"=c.a.id\"]\nreason = \"r\"\nauthor = \"a\"\nuntil = 2026-01-05\n".to_owned(),
    ];
    let stack = stack(&[sop("regency", &body.concat())]);
    // 15.00 WITA, then the end of the exception's last day, then 07.00.
    for (after, next) in [
        ("2026-01-05T02:00:00Z", "2026-01-05T07:00:00Z"),
        ("2026-01-05T07:00:00Z", "2026-01-05T16:00:00Z"),
        ("2026-01-05T16:00:00Z", "2026-01-05T23:00:00Z"),
    ] {
        assert_eq!(stack.next_change(&place(), at(after)), Some(at(next)), "{after}");
    }
}

#[test]
fn what_is_open_before_login_is_listed_unless_forbidden_above() {
    let national = clause(1, "action = \"block\"\nnames = [\"tutup.id\"]\nmandatory = true");
    let regency = [
        clause(1, "action = \"open-before-login\"\nnames = [\"bpbd.sinjaikab.go.id\", \"*.tutup.id\"]"),
        clause(2, "action = \"open-before-login\"\naddresses = [\"192.0.2.0/24\", \"2001:db8::/48\"]"),
        clause(3, "action = \"open-before-login\"\nnames = [\"plik.id\"]\nscope = { kinds = [\"plik\"] }"),
    ];
    let stack = stack(&[sop("national", &national), sop("regency", &regency.concat())]);
    let garden = stack.garden(&place(), monday());
    let names: Vec<String> = garden.names.iter().map(|(name, _)| name.to_string()).collect();
    let addresses: Vec<String> = garden.addresses.iter().map(|(prefix, _)| prefix.to_string()).collect();
    assert_eq!(names, ["bpbd.sinjaikab.go.id"]);
    assert_eq!(addresses, ["192.0.2.0/24", "2001:db8::/48"]);
    let open = stack.policy(&place(), &people("umum"), monday()).name(&name("bpbd.sinjaikab.go.id"), ListSet::EMPTY);
    assert_eq!((open.action, open.clause), (Action::Open, Some(ClauseIndex(1))));
}

#[test]
fn safe_search_and_throttles_follow_the_same_layers() {
    let regency = [
        clause(
            1,
            "action = \"safe-search\"\nsearch = { every = \"on\", youtube = \"strict\" }\nscope = { groups = [\"anak\"] }",
        ),
        clause(2, "action = \"throttle\"\nrate = \"2 Mbit/s\"\nnames = [\"video.id\"]"),
    ];
    let site = [
        clause(1, "action = \"safe-search\"\nsearch = { youtube = \"off\" }"),
        clause(2, "action = \"throttle\"\nrate = \"none\"\nnames = [\"=video.id\"]"),
    ];
    let stack = stack(&[sop("regency", &regency.concat()), sop("site", &site.concat())]);
    let policy = stack.policy(&place(), &people("anak"), monday());
    assert_eq!(policy.safe_search().of(Engine::Google), Strictness::Strict);
    assert_eq!(policy.safe_search().of(Engine::Youtube), Strictness::Off);
    assert_eq!(policy.safe_search_clause(Engine::Youtube), Some(ClauseIndex(2)));
    assert!(stack.policy(&place(), &people("umum"), monday()).safe_search().is_off());
    let rate = |of: &str| policy.name_throttle(&name(of), ListSet::EMPTY).and_then(|throttle| throttle.rate);
    assert_eq!(rate("www.video.id").map(gapura_model::BitRate::bits_per_second), Some(2_000_000));
    assert_eq!(rate("video.id"), None);
}

#[test]
fn addresses_follow_ranges_then_lists() {
    let body = [
        clause(1, "action = \"block\"\ncategories = [\"judi\"]"),
        clause(2, "action = \"open\"\naddresses = [\"192.0.2.0/24\"]"),
        clause(3, "action = \"block\"\naddresses = [\"192.0.2.128/25\", \"2001:db8::/32\"]"),
    ];
    let stack = stack(&[sop("regency", &body.concat())]);
    let policy = stack.policy(&place(), &people("umum"), monday());
    for (address, lists, action) in [
        ("192.0.2.1", &[1][..], Action::Open),
        ("192.0.2.129", &[], Action::Block),
        ("::ffff:192.0.2.129", &[], Action::Block),
        ("198.51.100.1", &[1], Action::Block),
        ("198.51.100.1", &[], Action::Open),
        ("2001:db8::1", &[], Action::Block),
    ] {
        assert_eq!(policy.address(address.parse().unwrap(), held(lists)).action, action, "{address}");
    }
}
