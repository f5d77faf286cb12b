//! Whether the Internet is there.

use std::time::Duration;

use gapura_kernel::net::uplink::{Outcome, Target, probe};
use gapura_model::IfName;

use crate::lab::{Lab, wait_until};

#[test]
fn routers_hosts_and_ports_are_asked_over_the_uplink() {
    let lab = Lab::new("uplink");
    let wan: IfName = "wan0".parse().unwrap();
    let ask = |targets: &[Target]| lab.gateway(|| probe(&wan, targets, Duration::from_millis(1500)).unwrap());
    let hosts = ["198.51.100.1", "2001:db8:100::1"].map(|host| host.parse().unwrap());

    assert_eq!(ask(&[]), Outcome::Answered(Target::Router));
    for host in hosts {
        assert_eq!(ask(&[Target::Ping(host)]), Outcome::Answered(Target::Ping(host)));
        let refused = Target::Tcp((host, 81).into());
        assert_eq!(ask(&[refused]), Outcome::Answered(refused));
    }
    let nobody = Target::Ping("198.51.100.99".parse().unwrap());
    assert_eq!(ask(&[nobody]), Outcome::Silent);
    assert_eq!(ask(&[nobody, Target::Router]), Outcome::Answered(Target::Router));

    // The router is gone, though the cable is not.
    lab.sh("up", "ip addr flush dev eth0; sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1");
    wait_until("the router's silence is noticed", || ask(&[]) == Outcome::Silent);
    for host in hosts {
        assert_eq!(ask(&[Target::Ping(host)]), Outcome::Silent);
    }
    lab.sh("up", "ip addr add 198.51.100.1/24 dev eth0");
    assert_eq!(ask(&[]), Outcome::Answered(Target::Router));

    lab.sh("up", "ip link set eth0 down");
    wait_until("the unplugged cable is noticed", || ask(&[]) == Outcome::NoWay);
}
