//! What this kernel can do, found by trying.

use std::collections::BTreeSet;

use gapura_kernel::net::{NetError, NetFeatures};
use gapura_kernel::{Features, KernelError};

use crate::inspector::is_possible;

use super::report::{Area, Level, Report};

/// A feature: its name, whether it is there, how much it matters when it is not, and what its absence means for visitors.
struct Row {
    name: &'static str,
    there: bool,
    absent: Level,
    effect: &'static str,
}

/// Tries everything and says what is missing or hidden.
pub(super) fn look(hidden: &BTreeSet<String>, inspect: bool, report: &mut Report) {
    match Features::probe() {
        Ok(features) => {
            tell(Area::Packets, &packets(features), hidden, report);
            let hides = |name| hidden.contains(name);
            let features = Features {
                queue: features.queue && !hides("queue"),
                xt_queue: features.xt_queue && !hides("xt-queue"),
                ..features
            };
            queue(features, is_possible(features), inspect, report);
        }
        Err(KernelError::Missing(what)) => {
            report
                .add(Area::Packets, Level::Prevents, "nftables", format!("this kernel lacks {what}"))
                .means("nobody can be let in, and nobody kept out")
                .mend("use a kernel with nftables (Debian's has everything)");
        }
        Err(error) => could_not_try(Area::Packets, "nftables", &error, report),
    }
    match NetFeatures::probe() {
        Ok(features) => tell(Area::Traffic, &traffic(features), hidden, report),
        Err(error) => could_not_try_net(&error, report),
    }
    for name in hidden.iter().filter(|name| !is_known(name)) {
        report
            .add(Area::Configuration, Level::Prevents, "gateway.without", format!("\"{name}\" is no feature"))
            .means("the gateway does not start")
            .mend(format!("take it out; known are {}", NAMES.join(", ")));
    }
}

/// Whether first packets can be led to an inspector, and are.
fn queue(features: Features, possible: bool, inspect: bool, report: &mut Report) {
    const NAME: &str = "queue";
    const EFFECT: &str = "names are judged in DNS alone: who brings an address from elsewhere is not seen";
    let found = match (possible, features.queue) {
        (true, true) => "found",
        (true, false) => "found, by iptables' target",
        (false, _) => "missing",
    };
    match (possible, inspect) {
        (true, true) => {
            report.add(Area::Packets, Level::Ok, NAME, format!("{found}; first packets are inspected"));
        }
        (_, false) => {
            let found = format!("{found}; inspection is switched off");
            report
                .add(Area::Packets, Level::Ok, NAME, found)
                .means(EFFECT)
                .mend("[filter] inspect = true switches it on");
        }
        (false, true) => {
            report
                .add(Area::Packets, Level::Limited, NAME, "missing, or hidden by the configuration")
                .means(EFFECT)
                .mend("use a kernel with NFT_QUEUE and NETFILTER_NETLINK_QUEUE (Debian's has both)");
        }
    }
}

fn could_not_try(area: Area, name: &str, error: &KernelError, report: &mut Report) {
    report.add(area, Level::Unknown, name, gapura_model::with_causes(error)).mend("run this as root");
}

fn could_not_try_net(error: &NetError, report: &mut Report) {
    report.add(Area::Traffic, Level::Unknown, "netlink", gapura_model::with_causes(error)).mend("run this as root");
}

fn tell(area: Area, rows: &[Row], hidden: &BTreeSet<String>, report: &mut Report) {
    for row in rows {
        if row.there && !hidden.contains(row.name) {
            report.add(area, Level::Ok, row.name, "found");
            continue;
        }
        let found = if row.there { "hidden by the configuration" } else { "missing" };
        report.add(area, row.absent, row.name, found).means(row.effect);
    }
}

/// Every name that can be hidden.
const NAMES: [&str; 16] = [
    "owner",
    "persist",
    "timeout-update",
    "destroy",
    "bridge",
    "connlimit",
    "hash",
    "fib",
    "queue",
    "xt-queue",
    "port-blocks",
    "htb",
    "fq-codel",
    "tbf",
    "isolation",
    "policy-rules",
];

fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

fn packets(features: Features) -> [Row; 9] {
    let row = |name, there, absent, effect| Row { name, there, absent, effect };
    [
        row(
            "owner",
            features.owner,
            Level::Limited,
            "another program can flush the gate's table; the second lock keeps the gate shut until it is repaired",
        ),
        row(
            "persist",
            features.persist,
            Level::Limited,
            "the gate's table belongs to nobody, since an owned one would vanish with the daemon; another program can flush it",
        ),
        row(
            "timeout-update",
            features.timeout_update,
            Level::Ok,
            "none: a visit's time is changed in two steps of one batch",
        ),
        row(
            "destroy",
            features.destroy,
            Level::Ok,
            "none: what may be gone is added before it is deleted, in one batch",
        ),
        row(
            "bridge",
            features.bridge,
            Level::Limited,
            "a visitor can pose as DHCP server or router to others on the same bridge; keep visitors apart at the access points",
        ),
        row(
            "connlimit",
            features.connlimit,
            Level::Limited,
            "a device's open flows are not counted; only new flows each second are limited",
        ),
        row(
            "hash",
            features.hash,
            Level::Limited,
            "all devices share one rate for the walled garden instead of one each",
        ),
        row(
            "fib",
            features.fib,
            Level::Limited,
            "a visitor can send with another's address, and asks DNS and portal on every address of the gateway",
        ),
        row(
            "port-blocks",
            features.port_blocks,
            Level::Limited,
            "no NAT attribution: where the department switches it on, nobody's public port is noted, and the status says so",
        ),
    ]
}

fn traffic(features: NetFeatures) -> [Row; 5] {
    let row = |name, there, absent, effect| Row { name, there, absent, effect };
    [
        row(
            "htb",
            features.htb,
            Level::Limited,
            "no speed limits, no plan has a share of the uplink, and one visitor can take all of it",
        ),
        row(
            "fq-codel",
            features.fq_codel,
            Level::Limited,
            "a visitor's own download delays that visitor's calls and games, by about 100 ms",
        ),
        row("tbf", features.tbf, Level::Limited, "without fq-codel too, slow plans get more delay; with it none"),
        row(
            "isolation",
            features.isolation,
            Level::Limited,
            "visitors on two ports of one bridge can reach each other past the gate",
        ),
        row(
            "policy-rules",
            features.policy_rules,
            Level::Limited,
            "no second lock: when the table is flushed the gate stands open until it is repaired, up to 2 s",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_that_can_be_hidden_is_explained() {
        let mut net = NetFeatures::NONE;
        for row in traffic(NetFeatures::NONE) {
            assert!(net.hide(row.name).is_ok() && !row.there && !row.effect.is_empty());
        }
        assert!(NetFeatures::NAMES.iter().all(|name| is_known(name)));
        let known = |name: &str| features().without(&[name]).is_ok();
        assert!(packets(features()).iter().all(|row| known(row.name) && row.there));
        // Both ways to a queue have one row.
        assert_eq!(packets(features()).len() + traffic(NetFeatures::NONE).len() + 2, NAMES.len());
        assert!(known("queue") && known("xt-queue"));
    }

    #[test]
    fn a_queue_is_there_or_not_and_used_or_not() {
        let of = |possible, inspect| {
            let mut report = Report::default();
            queue(Features { queue: false, ..features() }, possible, inspect, &mut report);
            (report.findings()[0].level, report.findings()[0].found.clone())
        };
        assert_eq!(of(true, true), (Level::Ok, "found, by iptables' target; first packets are inspected".to_owned()));
        assert_eq!(of(true, false), (Level::Ok, "found, by iptables' target; inspection is switched off".to_owned()));
        assert_eq!(of(false, false), (Level::Ok, "missing; inspection is switched off".to_owned()));
        assert_eq!(of(false, true).0, Level::Limited);
    }

    #[test]
    fn found_hidden_and_missing_are_told_apart() {
        let mut report = Report::default();
        let hidden = BTreeSet::from(["connlimit".to_owned()]);
        let rows = packets(Features { fib: false, ..features() });
        tell(Area::Packets, &rows, &hidden, &mut report);
        let of = |name: &str| report.findings().iter().find(|finding| finding.name == name).unwrap().clone();
        assert_eq!((of("owner").level, of("owner").effect), (Level::Ok, None));
        assert_eq!(
            (of("connlimit").level, of("connlimit").found.as_str()),
            (Level::Limited, "hidden by the configuration")
        );
        assert_eq!((of("fib").level, of("fib").found.as_str()), (Level::Limited, "missing"));
    }

    fn features() -> Features {
        Features {
            owner: true,
            persist: true,
            timeout_update: true,
            destroy: true,
            bridge: true,
            connlimit: true,
            hash: true,
            fib: true,
            queue: true,
            xt_queue: true,
            port_blocks: true,
        }
    }
}
