//! Visits from grant to end.

use std::time::{Duration, Instant};

use gapura_kernel::{Device, Kernel, Quota, Update};
use gapura_model::ByteCount;

use crate::gate::{UPSTREAM, access, config, device, open, servers, slot};
use crate::lab::Lab;

#[test]
fn a_device_meets_the_portal_then_passes_then_is_refused() {
    let lab = Lab::new("visit");
    let _servers = servers(&lab);
    let mut kernel = open(&lab, config(), &[]);
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "portal", "{host} before");
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{host} before");
        assert_eq!(lab.py("c1", &format!("udp {host} 443 5")), "0 5", "{host} before");
    }
    kernel.grant(&[access(1)]).unwrap();
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "upstream", "{host} online");
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "upstream", "{host} online");
        assert_eq!(lab.py("c1", &format!("udp {host} 443 3")), "3 0", "{host} online");
        assert_eq!(lab.py("c2", &format!("try {host} 443")), "RST", "{host} of another");
    }
    let reading = kernel.readings().unwrap()[0];
    assert_eq!(reading.slot, slot(0x11));
    assert!(reading.traffic.up > ByteCount::new(1000) && reading.traffic.down > ByteCount::new(1000), "{reading:?}");
    let ended = kernel.revoke(&[slot(0x11)]).unwrap();
    assert_eq!(ended[0].traffic, reading.traffic);
    for host in UPSTREAM {
        assert_eq!(lab.py("c1", &format!("try {host} 80")), "portal", "{host} after");
        assert_eq!(lab.py("c1", &format!("try {host} 443")), "RST", "{host} after");
    }
    assert!(kernel.readings().unwrap().is_empty());
}
