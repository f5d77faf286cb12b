//! First packets of visits' flows to port 443, led to an inspector that reads the name they ask for. Only where the site
//! switched it on and the kernel has queues; else there is no such chain.
//!
//! The chain comes before the gate's own, since what an inspector lets go on begins again at the next chain. What it refuses
//! comes back with [`REFUSED`] in the packet's mark; the flow is then blocked for good. With nobody at the queue packets pass
//! (`bypass`), and with no group in the set `inspected` none is led there.

use super::codec::{ChainSpec, RuleSpec, SetSpec, kind};
use super::rule::{TCP, UDP, rule};
use super::skeleton::base;
use crate::{Features, GateConfig, KernelError, Mark};

/// The queue's number.
pub const QUEUE: u16 = 4_430;
/// The bit of the packet's mark by which an inspector refuses a flow.
pub const REFUSED: u32 = 0x2000_0000;
/// Packets of the client's direction that are looked at: a handshake, and the longest hello that browsers send with one
/// retransmission.
const FIRST: u64 = 8;
/// HTTPS, over TCP and over QUIC.
const PORT: u16 = 443;
/// A visit's flow that nobody blocked yet, and its policy group.
const VISIT: u32 = Mark::BLOCKED | Mark::IDENTIFIED | 0x00ff_0000;

/// Whether first packets are inspected.
pub(super) const fn is_on(config: &GateConfig, features: Features) -> bool {
    config.inspect && (features.queue || features.xt_queue)
}

pub(super) fn sets() -> Vec<SetSpec> {
    vec![SetSpec::new("inspected", &[kind::MARK])]
}

pub(super) fn chains() -> Vec<ChainSpec> {
    vec![base("inspection", "filter", 2, -10, true)]
}

/// What leads to the queue; `native`: by nftables' own means, else by the target of iptables.
pub(super) fn leading(native: bool) -> Vec<RuleSpec> {
    let to_queue = |protocol| {
        let first = rule("inspection").original().l4(protocol).dport(PORT);
        let first = first.masked_mark_in(VISIT, "inspected").packets_sent_below(FIRST);
        if native { first.queue(QUEUE) } else { first.queue_by_target(QUEUE) }
    };
    vec![to_queue(TCP), to_queue(UDP)]
}

/// What becomes of a refused packet: the first rule of chain `outward`.
pub(super) fn refusal() -> RuleSpec {
    rule("outward").skb_mark_has(REFUSED).mark_or(Mark::BLOCKED).says("an inspector refused it").goto("deny")
}

/// A policy group as the set `inspected` has it.
pub(super) fn key(group: u8) -> Vec<u8> {
    (Mark::IDENTIFIED | u32::from(group) << 16).to_ne_bytes().to_vec()
}

impl super::Kernel {
    /// Leads first packets of these policy groups to the queue from now on, and no others. Nothing happens where inspection
    /// is off.
    ///
    /// # Errors
    /// The kernel refused; nothing changed.
    pub fn set_inspected(&mut self, groups: &[u8]) -> Result<(), KernelError> {
        self.set(|kernel| kernel.settings.inspected = groups.iter().copied().collect(), &["inspected"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nft::codec::Writer;
    use crate::nft::features::everything;
    use crate::nft::skeleton::inet;

    fn features(queue: bool, xt_queue: bool) -> Features {
        Features { queue, xt_queue, ..everything() }
    }

    fn chains_of(inspect: bool, features: Features) -> Vec<&'static str> {
        let config = GateConfig { inspect, ..GateConfig::default() };
        let skeleton = inet(&config, features);
        let about = |rule: &&RuleSpec| rule.chain == "inspection" || rule.comment == Some("an inspector refused it");
        skeleton.rules.iter().filter(about).map(|rule| rule.chain).collect()
    }

    #[test]
    fn rules_are_there_where_it_is_on_and_possible_and_refusals_come_first() {
        assert!(chains_of(false, features(true, true)).is_empty());
        assert!(chains_of(true, features(false, false)).is_empty());
        for possible in [features(true, false), features(false, true)] {
            let chains = chains_of(true, possible);
            assert_eq!(chains.iter().filter(|chain| **chain == "inspection").count(), 2);
            let config = GateConfig { inspect: true, ..GateConfig::default() };
            let skeleton = inet(&config, possible);
            let first = skeleton.rules.iter().find(|rule| rule.chain == "outward").unwrap();
            assert_eq!(*first, refusal());
            assert!(skeleton.chains.iter().any(|chain| chain.name == "inspection"));
        }
    }

    /// The last expressions of a rule, as the kernel reads them: `ct original packets`, to network order, `lt 8`, to a queue.
    fn octets(native: bool) -> Vec<u8> {
        let mut octets = Vec::new();
        let rules = leading(native);
        let exprs = rules[0].exprs.iter().rev().take(4).rev();
        exprs.for_each(|expr| expr.write(&mut Writer(&mut octets), 1));
        octets
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_octets_that_lead_to_a_queue() {
        const PACKETS: &str = "2800018007000100637400001c0002800800010000000008080002000000000e0500030000000000400001800e000100627974656f726465720000002c000280080001000000000808000200000000080800030000000001080004000000000808000500000000083000018008000100636d70002400028008000100000000080800020000000002100003800c0001000000000000000008";
        const NATIVE: &str = "2c0001800a00010071756575650000001c00028006000100114e000006000200000100000600030000010000";
        const TARGET: &str =
            "340001800b0001007461726765740000240002800c0001004e4651554555450008000200000000030c0003004e11010001000000";
        assert_eq!(octets(true), [hex(PACKETS), hex(NATIVE)].concat());
        assert_eq!(octets(false), [hex(PACKETS), hex(TARGET)].concat());
    }
}
