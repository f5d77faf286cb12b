//! The flow table.

use gapura_kernel::net::Conntrack;

use crate::lab::{Lab, wait_until};

#[test]
fn flows_of_one_mark_are_forgotten_in_both_families_and_others_stay() {
    let lab = Lab::new("ct");
    lab.nft(
        "table inet kn { chain forward { type filter hook forward priority 0; policy accept;
	ip saddr 10.7.0.11 ct mark set 0x60000010
	ip6 saddr fd07::11 ct mark set 0x60000010
	ip saddr 10.7.0.12 ct mark set 0x60000011
}
}
",
    );
    let _server = lab.background("up", "iperf3 -s -p 5300");
    wait_until("iperf3 listens", || lab.sh("up", "ss -Hltn sport = :5300").contains("LISTEN"));
    for (side, target) in [("c1", "198.51.100.1"), ("c1", "2001:db8:100::1"), ("c2", "198.51.100.1")] {
        lab.sh(side, &format!("iperf3 -c {target} -p 5300 -n 1k"));
    }
    lab.gateway(|| {
        let mut table = Conntrack::open().unwrap();
        wait_until("three flows", || table.flows(0x6000_0000, 0x6000_0000).unwrap().len() >= 3);
        let first = table.flows(0x10, 0xffff).unwrap();
        assert!(first.iter().any(|flow| flow.source.is_ipv4()) && first.iter().any(|flow| flow.source.is_ipv6()));
        let second = table.flows(0x11, 0xffff).unwrap();
        assert!(!second.is_empty() && second.iter().all(|flow| flow.protocol == 6));
        let in_use = table.in_use().unwrap();
        assert!(in_use.flows >= 3 && in_use.max.is_none_or(|max| max > 0));

        table.delete(0x10, 0xffff).unwrap();
        assert_eq!(table.flows(0x10, 0xffff).unwrap(), []);
        assert_eq!(table.flows(0x11, 0xffff).unwrap(), second);
        table.delete(0x10, 0xffff).unwrap();
        assert!(table.delete(0, 0).is_err());
        assert_eq!(table.flows(0x11, 0xffff).unwrap(), second);
    });
}
