//! The delta guard: what waits for a person.

use gapura_lists::guard::{Allowed, Decision, Edition, Protected, Why, judge};
use gapura_lists::{Holds, Reading, Stat, parse};

const ALLOWED: Allowed = Allowed { shrink: 5, grow: 20 };

fn protected() -> Protected {
    let mut protected = Protected::default();
    for pattern in ["bmkg.go.id", "connectivitycheck.gstatic.com", "*.sinjaikab.go.id"] {
        protected.name(pattern.parse().unwrap());
    }
    protected.addresses("203.0.113.0".parse().unwrap(), "203.0.113.255".parse().unwrap());
    protected
}

fn edition(text: &str) -> (Edition, Stat) {
    let protected = protected();
    let mut watch = protected.watch();
    let mut stat = Stat::default();
    let reading = Reading { format: None, holds: Holds::Both };
    parse::read(&mut text.as_bytes(), 0, reading, &mut stat, &mut |entry, place| watch.see(entry, place));
    (Edition::of(&stat, &watch), stat)
}

fn list(names: usize, more: &str) -> String {
    (0..names).fold(String::new(), |text, number| text + &format!("situs{number}.example\n")) + more
}

fn judged(old: Option<&str>, new: &str) -> Vec<String> {
    let old = old.map(|old| edition(old).0);
    let (new, stat) = edition(new);
    match judge(old.as_ref(), &new, &stat, ALLOWED) {
        Decision::Accept => Vec::new(),
        Decision::Hold(why) => why.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn the_stated_share_is_the_limit() {
    let old = list(1000, "");
    assert!(judged(Some(&old), &list(950, "")).is_empty());
    assert!(judged(Some(&old), &list(1200, "")).is_empty());
    assert_eq!(judged(Some(&old), &list(949, "")), ["it shrank from 1000 to 949 entries (5 % is allowed)"]);
    assert_eq!(judged(Some(&old), &list(1201, "")), ["it grew from 1000 to 1201 entries (20 % is allowed)"]);
    assert!(judged(None, &list(5, "")).is_empty(), "the first edition");
    assert!(judged(Some(&list(50, "")), &list(10, "")).is_empty(), "a small list");
    assert_eq!(judged(Some(&old), "# nothing\n"), ["it holds nothing"]);
}

#[test]
fn what_is_protected_is_never_taken_unseen() {
    for (line, hit) in [
        ("bmkg.go.id", Some("bmkg.go.id")),
        ("go.id", Some("bmkg.go.id")),
        ("gstatic.com", Some("connectivitycheck.gstatic.com")),
        ("*.gstatic.com", Some("connectivitycheck.gstatic.com")),
        ("*.bmkg.go.id", None),
        ("www.bmkg.go.id", None),
        ("galeri.sinjaikab.go.id", Some("galeri.sinjaikab.go.id")),
        ("sinjaikab.go.id", Some("sinjaikab.go.id")),
        ("203.0.113.7", Some("203.0.113.0/24")),
        ("203.0.114.7", None),
    ] {
        let told = judged(Some(&list(3, "")), &list(3, &format!("{line}\n")));
        match hit {
            None => assert!(told.is_empty(), "{line}: {told:?}"),
            Some(hit) => {
                assert!(told[0].contains(&format!("hold {hit},")) && told[0].contains("line 4"), "{line}: {told:?}");
            }
        }
    }
}

#[test]
fn what_a_person_has_seen_is_not_asked_again() {
    let old = list(3, "bmkg.go.id\n");
    assert!(judged(Some(&old), &list(4, "bmkg.go.id\n")).is_empty());
    let rest = judged(Some(&old), &list(4, "bmkg.go.id\nconnectivitycheck.gstatic.com\n"));
    assert_eq!(rest.len(), 1);
}

#[test]
fn an_exception_in_the_list_itself_protects() {
    let text = list(
        3,
        "||go.id^\n@@||bmkg.go.id^\n@@||sinjaikab.go.id^\n||dprd.sinjaikab.go.id^\n@@||dprd.sinjaikab.go.id^\n",
    );
    let reading = Reading { format: Some(gapura_lists::Format::Adblock), holds: Holds::Both };
    let protected = protected();
    let mut watch = protected.watch();
    let mut stat = Stat::default();
    parse::read(&mut text.as_bytes(), 0, reading, &mut stat, &mut |entry, place| watch.see(entry, place));
    assert!(watch.hits().is_empty(), "{:?}", watch.hits());
}

#[test]
fn names_below_a_protected_one_count_where_they_are_new() {
    let lines = |names: &mut dyn Iterator<Item = String>| {
        names.fold(String::new(), |text, name| text + &name + ".sinjaikab.go.id\n")
    };
    let with = |names: &[&str]| list(3, &lines(&mut names.iter().map(ToString::to_string)));
    let why = |name: &str, line: u32| format!("it would hold {name}.sinjaikab.go.id, which is protected (line {line})");
    assert!(judged(None, &with(&["dprd", "sekda"])).is_empty(), "what a list is taken up with");
    let old = with(&["dprd"]);
    assert!(judged(Some(&old), &with(&["dprd"])).is_empty(), "what is in force");
    assert_eq!(judged(Some(&old), &with(&["dprd", "a.sekda"])), [why("a.sekda", 5)]);
    // An edition of which it was not looked at yet cannot tell what is new; what is named itself counts all the same.
    let earlier: Edition = serde_json::from_str(r#"{"names":3,"addresses":0,"hits":[]}"#).unwrap();
    let (new, stat) = edition(&with(&["sekda"]));
    assert_eq!(judge(Some(&earlier), &new, &stat, ALLOWED), Decision::Accept);
    assert_eq!(judged(None, &list(3, "bmkg.go.id\n")).len(), 1);
    // More than can be remembered: none of them is judged, what is named still is.
    let many = lines(&mut (0..10_001).map(|n| format!("n{n}")));
    let more = format!("{many}sekda.sinjaikab.go.id\nbmkg.go.id\n");
    assert_eq!(judged(Some(&many), &more), ["it would hold bmkg.go.id, which is protected (line 10003)"]);
}

#[test]
fn a_cut_update_waits() {
    let (new, mut stat) = edition(&list(3, ""));
    assert_eq!(judge(None, &new, &stat, ALLOWED), Decision::Accept);
    stat.cut.push(gapura_lists::parse::Sample { file: 0, line: 3, text: "cut".into() });
    assert_eq!(judge(None, &new, &stat, ALLOWED), Decision::Hold(vec![Why::Cut]));
}
