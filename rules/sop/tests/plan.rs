//! The kernel's plan says what the policies say, address by address and port by port.

use std::net::IpAddr;

use super::*;

const REGENCY: [&str; 4] = [
    "action = \"block\"\ncategories = [\"judi\"]",
    "action = \"block\"\nservices = [\"tcp/853\", \"esp\"]",
    "action = \"block\"\nservices = [\"tcp/443\", \"udp/443\"]\ncategories = [\"doh\"]\nscope = { groups = [\"anak\"] }",
    "action = \"open\"\nservices = [\"tcp/853\"]\naddresses = [\"203.0.113.53\", \"2001:db8:53::/48\"]",
];

/// What the plan refuses, looked up as the kernel does.
fn refused(plan: &AddressPlan, audience: u8, address: IpAddr, protocol: u8, port: u16) -> bool {
    let class = plan
        .ranges
        .iter()
        .find(|(first, last, _)| *first <= address && address <= *last && first.is_ipv4() == address.is_ipv4());
    let by_class = class.is_some_and(|(_, _, class)| {
        plan.refused.contains(&(*class, audience))
            || plan.refused_services.iter().any(|(own, who, proto, first, last)| {
                own == class && *who == audience && *proto == protocol && (*first..=*last).contains(&port)
            })
    });
    by_class
        || plan.protocols.contains(&(audience, protocol))
        || plan
            .services
            .iter()
            .any(|(who, proto, first, last)| *who == audience && *proto == protocol && (*first..=*last).contains(&port))
}

/// What the plan slows an address to, looked up as the kernel does.
fn slowed(plan: &[(IpAddr, IpAddr, u8, BitRate)], audience: u8, address: IpAddr) -> Option<BitRate> {
    let mut found = plan.iter().filter(|(first, last, who, _)| {
        *who == audience && first.is_ipv4() == address.is_ipv4() && (first..=last).contains(&&address)
    });
    let rate = found.next().map(|(.., rate)| *rate);
    assert!(found.next().is_none(), "{address} stands twice for {audience}: {plan:?}");
    rate
}

#[test]
fn the_plan_slows_what_the_policies_slow() {
    let body: String = (1..)
        .zip([
            "action = \"throttle\"\nrate = \"1 Mbit/s\"\naddresses = [\"198.51.100.8/30\"]\nscope = { groups = [\"anak\"] }",
            "action = \"throttle\"\nrate = \"256 kbit/s\"\ncategories = [\"judi\"]",
            "action = \"throttle\"\nrate = \"none\"\naddresses = [\"203.0.113.0/24\", \"2001:db8:53::/48\"]",
            "action = \"block\"\naddresses = [\"198.51.100.7\"]",
        ])
        .map(|(number, rest)| clause(number, rest))
        .collect();
    let stack = stack(&[sop("regency", &body)]);
    let policies = [
        (1, stack.policy(&place(), &people("umum"), monday())),
        (2, stack.policy(&place(), &people("anak"), monday())),
    ];
    let known: Vec<(IpAddr, IpAddr, ListSet)> = [
        ("198.51.100.0", "198.51.100.9", &[1][..]),
        ("255.255.255.255", "255.255.255.255", &[1]),
        ("2001:db8::", "2001:db8::ff", &[0, 1]),
    ]
    .iter()
    .map(|(first, last, lists)| (first.parse().unwrap(), last.parse().unwrap(), held(lists)))
    .collect();
    let numbered: Vec<(u8, &Policy)> = policies.iter().map(|(number, policy)| (*number, policy)).collect();
    let plan = throttle_plan(&numbered, known.iter().copied());
    let mut rates = std::collections::BTreeSet::new();
    for address in [
        "0.0.0.0",
        "198.51.99.255",
        "198.51.100.0",
        "198.51.100.7",
        "198.51.100.9",
        "198.51.100.10",
        "203.0.113.0",
        "203.0.113.255",
        "203.0.114.0",
        "255.255.255.254",
        "255.255.255.255",
        "::",
        "2001:db8::",
        "2001:db8::ff",
        "2001:db8::100",
        "2001:db8:53::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ] {
        let address: IpAddr = address.parse().unwrap();
        let lists = known
            .iter()
            .find(|(first, last, _)| first.is_ipv4() == address.is_ipv4() && (first..=last).contains(&&address))
            .map_or(ListSet::EMPTY, |(_, _, lists)| *lists);
        for (audience, policy) in &policies {
            let says = policy.address_throttle(address, lists).and_then(|throttle| throttle.rate);
            assert_eq!(slowed(&plan, *audience, address), says, "{address} for {audience}");
            rates.insert((*audience, says));
        }
    }
    // The list, what is taken out, and what holds for children alone are told apart.
    assert_eq!(rates.len(), 5, "{rates:?}");
    assert!(throttle_plan(&[], known.into_iter()).is_empty());
}

#[test]
fn the_plan_refuses_what_the_policies_refuse() {
    let body: String = (1..).zip(REGENCY).map(|(number, rest)| clause(number, rest)).collect();
    let stack = stack(&[sop("regency", &body)]);
    let policies = [
        (7, stack.policy(&place(), &people("umum"), monday())),
        (9, stack.policy(&place(), &people("anak"), monday())),
    ];
    let known: Vec<(IpAddr, IpAddr, ListSet)> = [
        ("0.0.0.0", "0.0.0.255", &[0][..]),
        ("198.51.100.0", "198.51.100.127", &[1]),
        ("198.51.100.64", "198.51.100.255", &[3]),
        ("203.0.113.0", "203.0.113.255", &[3]),
        ("255.255.255.255", "255.255.255.255", &[1]),
        ("2001:db8::", "2001:db8::ffff", &[1, 3]),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &[3]),
    ]
    .iter()
    .map(|(first, last, lists)| (first.parse().unwrap(), last.parse().unwrap(), held(lists)))
    .collect();
    let numbered: Vec<(u8, &Policy)> = policies.iter().map(|(number, policy)| (*number, policy)).collect();
    let plan = address_plan(&numbered, known.iter().copied());
    for pair in plan.ranges.windows(2) {
        assert!(pair[0].1 < pair[1].0, "{pair:?}");
    }
    let addresses = [
        "0.0.0.0",
        "0.0.0.255",
        "0.0.1.0",
        "198.51.100.1",
        "198.51.100.64",
        "198.51.100.127",
        "198.51.100.128",
        "198.51.100.255",
        "198.51.101.0",
        "203.0.113.52",
        "203.0.113.53",
        "203.0.113.54",
        "255.255.255.255",
        "::",
        "2001:db8::1",
        "2001:db8::1:0",
        "2001:db8:53::1",
        "2001:db8:54::",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ];
    let mut refusals = 0;
    for address in addresses.map(|address| address.parse::<IpAddr>().unwrap()) {
        let lists = known
            .iter()
            .filter(|(first, last, _)| *first <= address && address <= *last && first.is_ipv4() == address.is_ipv4());
        let lists = lists.fold(ListSet::EMPTY, |all, (_, _, lists)| all.or(*lists));
        for (audience, policy) in &policies {
            for (protocol, port) in [(6, 443), (6, 853), (6, 80), (17, 443), (17, 853), (50, 0)] {
                let asked = (protocol != 50).then_some(port);
                let expected = policy.address(address, lists).action == Action::Block
                    || policy.service(protocol, asked, address, lists).action == Action::Block;
                refusals += usize::from(expected);
                assert_eq!(
                    refused(&plan, *audience, address, protocol, port),
                    expected,
                    "{audience} {address} {protocol}/{port}"
                );
            }
        }
    }
    assert!(refusals > 50, "{refusals}");
}

#[test]
fn ranges_stay_when_only_an_hour_passes() {
    let body = [
        clause(1, "action = \"block\"\ncategories = [\"judi\"]\nhours = { spans = [\"07.00-15.00\"] }"),
        clause(2, "action = \"block\"\naddresses = [\"192.0.2.0/24\"]\nhours = { spans = [\"15.00-16.00\"] }"),
    ];
    let stack = stack(&[sop("regency", &body.concat())]);
    let known = [("198.51.100.0", "198.51.100.9"), ("198.51.100.10", "198.51.100.11")]
        .map(|(first, last)| (first.parse().unwrap(), last.parse().unwrap(), held(&[1])));
    let plan = |time| {
        let policy = stack.policy(&place(), &people("umum"), at(time));
        address_plan(&[(1, &policy)], known.into_iter())
    };
    let (day, evening) = (plan("2026-01-05T02:00:00Z"), plan("2026-01-05T07:00:00Z"));
    assert_eq!(day.ranges, evening.ranges);
    assert_eq!(day.ranges.len(), 2, "touching ranges of one class are joined");
    assert_eq!((day.refused.len(), evening.refused.len()), (1, 1));
    assert_ne!(day.refused, evening.refused);
}
