//! NAT attribution: whose ports flows leave with.

use std::collections::{BTreeMap, BTreeSet};

use gapura_kernel::{GateConfig, Kernel, Repair, SHARED};
use gapura_model::PortBlock;

use crate::gate::{UPSTREAM, access, config, open, servers, slot};
use crate::lab::Lab;

const UP: &str = UPSTREAM[0];

fn attributing() -> GateConfig {
    GateConfig { port_blocks: true, ..config() }
}

fn block(first: u16, last: u16) -> PortBlock {
    PortBlock::new(first, last).unwrap()
}

fn give(kernel: &mut Kernel, blocks: &[(u16, PortBlock)]) {
    let blocks: BTreeMap<_, _> = blocks.iter().map(|(number, block)| (slot(*number), *block)).collect();
    kernel.set_port_blocks(&blocks).unwrap();
    assert_eq!(kernel.port_blocks(), Some(&blocks));
}

/// Ports that arrived upstream, and what else became of flows.
fn arrived(text: &str) -> (Vec<u16>, Vec<&str>) {
    let (ports, others): (Vec<&str>, Vec<&str>) = text.split(' ').partition(|word| word.parse::<u16>().is_ok());
    (ports.into_iter().map(|port| port.parse().unwrap()).collect(), others)
}

#[test]
fn two_devices_leave_with_ports_of_their_own_blocks_alone_and_others_with_nobodys() {
    let lab = Lab::new("ports");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, attributing(), &[]);
    let blocks = [(0x11, block(1024, 1087)), (0x12, block(1088, 1151))];
    give(&mut kernel, &blocks);
    kernel.grant(&[access(1), access(2)]).unwrap();
    for (who, (_, block)) in ["c1", "c2"].iter().zip(&blocks) {
        for kind in ["ports", "udpports"] {
            let text = lab.py(who, &format!("{kind} {UP} 443 40"));
            let (ports, others) = arrived(&text);
            assert!(others.is_empty(), "{who} {kind}: {text}");
            assert!(ports.iter().all(|port| block.holds(*port)), "{who} {kind}: {text}");
            assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), 40, "each flow has a port of its own: {text}");
        }
        // IPv6 has no blocks: a device's own port stays.
        let text = lab.py(who, &format!("ports {} 443 8", UPSTREAM[1]));
        let (ports, others) = arrived(&text);
        assert!(others.is_empty() && ports.iter().all(|port| *port >= 32_768), "{who}: {text}");
    }
    // A visit without a block, and the gateway itself, use what is nobody's.
    give(&mut kernel, &blocks[..1]);
    for who in ["c2", "gw"] {
        let text = lab.py(who, &format!("ports {UP} 853 20"));
        let (ports, others) = arrived(&text);
        assert!(others.is_empty() && ports.len() == 20, "{who}: {text}");
        assert!(ports.iter().all(|port| *port >= SHARED.0), "{who}: {text}");
    }
    assert_eq!(lab.py("c1", "ping 198.51.100.1"), "yes");
}

#[test]
fn a_block_used_up_refuses_and_never_takes_a_port_of_another() {
    let lab = Lab::new("full");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, attributing(), &[]);
    give(&mut kernel, &[(0x11, block(2048, 2063)), (0x12, block(2064, 2079))]);
    kernel.grant(&[access(1), access(2)]).unwrap();
    for kind in ["ports", "udpports"] {
        let text = lab.py("c1", &format!("{kind} {UP} 443 24"));
        let (ports, others) = arrived(&text);
        println!("{kind}: 16 ports, 24 flows to one service: {} pass, {:?}", ports.len(), others);
        assert!(ports.iter().all(|port| (2048..=2063).contains(port)), "{kind}: {text}");
        assert_eq!((ports.len(), others.len()), (16, 8), "{kind}: {text}");
        // The neighbour has all of its own.
        let text = lab.py("c2", &format!("{kind} {UP} 443 8"));
        let (ports, others) = arrived(&text);
        assert!(others.is_empty() && ports.iter().all(|port| (2064..=2079).contains(port)), "{kind}: {text}");
    }
    // Ports count for each destination: another service can be reached.
    let text = lab.py("c1", &format!("ports {UP} 80 16"));
    let (ports, others) = arrived(&text);
    assert!(others.is_empty() && ports.len() == 16, "{text}");
}

#[test]
fn blocks_outlive_a_restart_are_repaired_and_go_when_it_is_switched_off() {
    let lab = Lab::new("keep");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, attributing(), &["owner", "persist"]);
    let blocks = [(0x11, block(1024, 1087)), (0x12, block(1088, 1151))];
    give(&mut kernel, &blocks);
    kernel.grant(&[access(1), access(2)]).unwrap();
    drop(kernel);
    let mut kernel = open(&lab, attributing(), &["owner", "persist"]);
    assert_eq!(kernel.port_blocks().unwrap().len(), 2, "adopted");
    let within = |lab: &Lab, block: PortBlock| {
        let text = lab.py("c1", &format!("ports {UP} 443 8"));
        let (ports, others) = arrived(&text);
        assert!(others.is_empty() && ports.iter().all(|port| block.holds(*port)), "{text}");
    };
    within(&lab, blocks[0].1);
    // Another block for the same visit.
    give(&mut kernel, &[(0x11, block(4096, 4159)), blocks[1]]);
    within(&lab, block(4096, 4159));
    drop(kernel);
    // A stranger takes an element: it is put back.
    let mut kernel = open(&lab, attributing(), &["owner", "persist"]);
    kernel.doubt();
    let desired = gapura_kernel::Desired { visits: vec![access(1), access(2)], ..Default::default() };
    assert_eq!(kernel.reconcile(&desired).unwrap(), []);
    lab.sh("gw", "nft delete element inet gapura port_blocks '{ 0x20000011 }'");
    kernel.doubt();
    assert_eq!(kernel.reconcile(&desired).unwrap(), [Repair::Setting("port_blocks".to_owned())]);
    within(&lab, block(4096, 4159));
    // Off: the rules of before, and any port.
    assert!(kernel.attribute(false).unwrap());
    assert_eq!(kernel.port_blocks(), None);
    let text = lab.sh("gw", "nft -n list table inet gapura");
    assert!(!text.contains("port_blocks"), "{text}");
    assert_eq!(lab.py("c1", &format!("try {UP} 443")), "upstream");
    assert!(kernel.attribute(true).unwrap());
    assert_eq!(kernel.port_blocks(), Some(&BTreeMap::new()));
}

#[test]
fn a_kernel_that_cannot_goes_on_as_before() {
    let lab = Lab::new("cannot");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, attributing(), &["port-blocks"]);
    assert!(!kernel.attribute(true).unwrap());
    assert_eq!(kernel.port_blocks(), None);
    kernel.grant(&[access(1)]).unwrap();
    assert_eq!(lab.py("c1", &format!("try {UP} 443")), "upstream");
}
