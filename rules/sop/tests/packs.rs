//! The SOPs that come with Gapura can be put in force as they are, but for the decree's number.

use super::*;

fn pack_stack() -> Stack {
    let (catalogue, problems) = Catalogue::read(pack_lists());
    assert!(problems.is_empty(), "{problems:?}");
    let (stack, problems) = Stack::read(packs(), &catalogue);
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", shown.join("\n"));
    stack.unwrap()
}

#[test]
fn the_packs_have_no_problem_but_the_decrees_number() {
    let stack = pack_stack();
    let today = "2026-03-02".parse().unwrap();
    let problems = stack.check(today, &[Asked::Name(name("gapura.sinjaikab.go.id"))]);
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.iter().all(|problem| problem.id == "fill-in"), "{}", shown.join("\n"));
    let files: Vec<&str> = problems.iter().map(|problem| problem.position.file.as_str()).collect();
    assert_eq!(files, ["kabupaten.toml", "mplik.toml", "telecenter.toml"]);
}

#[test]
fn what_must_never_break_is_open_whatever_a_list_holds() {
    let stack = pack_stack();
    let everything: ListSet = stack.catalogue().entries().iter().map(|entry| entry.number).collect();
    for kind in [SiteKind::Gallery, SiteKind::Telecenter, SiteKind::Mplik] {
        for group in ["umum", "anak"] {
            let policy = stack.policy(&Place { kind, ..place() }, &people(group), at("2026-03-02T02:00:00Z"));
            let needed = protected_names().filter(|(why, _)| *why != Protects::Government);
            for (why, name) in needed {
                assert_eq!(policy.name(&name, everything).action, Action::Open, "{why:?} {name} {kind:?} {group}");
            }
        }
    }
}

#[test]
fn every_list_of_the_catalogue_is_used() {
    let stack = pack_stack();
    let used = stack.clauses.iter().fold(ListSet::EMPTY, |used, bound| used.or(bound.lists));
    let unused = stack.catalogue().entries().iter().filter(|entry| !used.contains(entry.number));
    assert_eq!(unused.map(|entry| entry.id.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
    for source in stack.catalogue().sources() {
        assert!(source.sources.iter().all(|source| source.starts_with("https://")), "{}", source.id);
    }
}

#[test]
fn the_packs_do_what_they_say() {
    let stack = pack_stack();
    let number = |id: &str| stack.catalogue().entry(&id.parse().unwrap()).unwrap().number;
    let asked = |kind, group: &str, time: &str, of: &str, list: Option<&str>| {
        let place = Place { kind, ..place() };
        let held = list.into_iter().map(number).collect();
        let policy = stack.policy(&place, &people(group), at(time));
        let decision = policy.name(&name(of), held);
        let clause = decision.clause.and_then(|clause| policy.clause(clause));
        (decision.action, clause.map(|clause| format!("{} {}", clause.sop, clause.clause)).unwrap_or_default())
    };
    let (gallery, telecenter, mplik) = (SiteKind::Gallery, SiteKind::Telecenter, SiteKind::Mplik);
    // Monday 2 March 2026: 10.00, 12.30 and 20.00 WITA.
    let (morning, noon, evening) = ("2026-03-02T02:00:00Z", "2026-03-02T04:30:00Z", "2026-03-02T12:00:00Z");
    for (kind, group, time, of, list, action, clause) in [
        (gallery, "umum", morning, "contoh.id", None, Action::Open, ""),
        (gallery, "umum", morning, "slot.example", Some("trustpositif"), Action::Block, "NASIONAL-TRUSTPOSITIF 1"),
        (gallery, "staf", evening, "slot.example", Some("judi"), Action::Block, "SOP-FILTER-KONTEN 3"),
        (gallery, "umum", morning, "situs.go.id", Some("judi"), Action::Open, "SOP-FILTER-KONTEN 1"),
        (gallery, "umum", morning, "situs.go.id", Some("trustpositif"), Action::Block, "NASIONAL-TRUSTPOSITIF 1"),
        (gallery, "umum", morning, "www.google.com", Some("trustpositif"), Action::Open, "NASIONAL-TRUSTPOSITIF 2"),
        (gallery, "anak", morning, "data.bmkg.go.id", Some("trustpositif"), Action::Open, "NASIONAL-TRUSTPOSITIF 4"),
        (gallery, "umum", morning, "dns.example", Some("doh"), Action::Block, "SOP-FILTER-KONTEN 7"),
        (gallery, "staf", morning, "dns.example", Some("doh"), Action::Open, ""),
        (gallery, "anak", morning, "gim.example", Some("gim"), Action::Block, "SOP-FILTER-KONTEN 11"),
        (gallery, "anak", evening, "gim.example", Some("gim"), Action::Open, ""),
        (gallery, "umum", morning, "gim.example", Some("gim"), Action::Open, ""),
        (telecenter, "umum", morning, "gim.example", Some("gim"), Action::Block, "SOP-FILTER-TELECENTER 2"),
        (telecenter, "umum", noon, "gim.example", Some("gim"), Action::Open, ""),
        (telecenter, "anak", noon, "gim.example", Some("gim"), Action::Block, "SOP-FILTER-KONTEN 11"),
        (gallery, "anak", evening, "vpn.example", Some("vpn"), Action::Block, "SOP-FILTER-KONTEN 13"),
        (mplik, "umum", morning, "download.windowsupdate.com", None, Action::Block, "SOP-FILTER-MPLIK 2"),
        (mplik, "staf", morning, "download.windowsupdate.com", None, Action::Open, ""),
        (mplik, "umum", morning, "a.ctldl.windowsupdate.com", None, Action::Block, "SOP-FILTER-MPLIK 2"),
    ] {
        assert_eq!(asked(kind, group, time, of, list), (action, clause.to_owned()), "{group} {time} {of} {list:?}");
    }
    let policy = |group: &str| stack.policy(&place(), &people(group), at(morning));
    assert_eq!(policy("anak").safe_search().of(Engine::Youtube), Strictness::Strict);
    assert!(policy("umum").safe_search().is_off());
    let far = "198.51.100.1".parse().unwrap();
    let refused = |group: &str, protocol, port| policy(group).service(protocol, port, far, ListSet::EMPTY).action;
    assert_eq!(refused("umum", 6, Some(853)), Action::Block);
    assert_eq!(refused("staf", 6, Some(853)), Action::Open);
    assert_eq!(refused("anak", 17, Some(443)), Action::Block);
    assert_eq!(refused("umum", 17, Some(443)), Action::Open);
    assert_eq!(refused("anak", 50, None), Action::Block);
    assert_eq!(refused("umum", 17, Some(51820)), Action::Open);
    let doh = [number("doh-alamat")].into_iter().collect();
    assert_eq!(policy("umum").service(6, Some(443), far, doh).action, Action::Block);
    assert_eq!(policy("umum").service(6, Some(80), far, doh).action, Action::Open);
    // Shared addresses stay open for web sites though the list has some of them; what serves DNS alone is refused.
    let toward = |protocol, address: &str| {
        policy("anak").service(
            protocol,
            Some(443),
            address.parse().unwrap(),
            [number("doh-alamat")].into_iter().collect(),
        )
    };
    for (address, tcp) in [
        ("104.21.33.14", Action::Open),
        ("104.26.12.240", Action::Open),
        ("172.67.139.164", Action::Open),
        ("188.114.97.0", Action::Open),
        ("2606:4700:3032::6815:5b0e", Action::Open),
        ("2a06:98c1:3120::1", Action::Open),
        ("104.16.249.249", Action::Block),
        ("172.64.41.4", Action::Block),
        ("2606:4700:4700::1111", Action::Block),
        ("2606:4700::6810:f8f9", Action::Block),
        ("2a06:98c1:52::4", Action::Block),
        ("162.159.61.4", Action::Block),
        ("9.9.9.9", Action::Block),
    ] {
        assert_eq!((toward(6, address).action, toward(17, address).action), (tcp, Action::Block), "{address}");
    }
    let garden = stack.garden(&place(), at(morning));
    let garden: Vec<String> = garden.names.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(garden, ["bmkg.go.id", "bnpb.go.id", "basarnas.go.id", "lapor.go.id"]);
}
