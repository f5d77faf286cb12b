//! Sets and rules of the filter. They hang in chain `lists`, which first packets and misses reach, and no packet of a flow that
//! passes already.

use super::plan::MAPS;
use crate::nft::codec::{RuleSpec, SetSpec, kind};
use crate::nft::rule::{Ip, rule};

pub(in crate::nft) fn sets() -> Vec<SetSpec> {
    use kind::{IPV4, IPV6, MARK, PORT, PROTO};
    let maps = MAPS.iter().zip([IPV4, IPV4, IPV6, IPV6]);
    let maps = maps.map(|(name, address)| SetSpec::new(name, &[address]).interval().map(MARK));
    let small = [
        SetSpec::new("filter_classes", &[MARK, MARK, MARK]),
        SetSpec::new("filter_class_ports", &[MARK, MARK, MARK, PROTO, PORT]).interval(),
        SetSpec::new("filter_ports", &[MARK, PROTO, PORT]).interval(),
        SetSpec::new("filter_protocols", &[MARK, PROTO]),
        SetSpec::new("filter_stamps", &[MARK, IPV6]),
    ];
    maps.chain(small).collect()
}

/// What is refused to the flow's policy group.
pub(in crate::nft) fn rules(rules: &mut Vec<RuleSpec>) {
    let lists = || rule("lists");
    rules.push(lists().group(0).protocol(1).found_in("filter_protocols").goto("deny"));
    // An authentication header is read over to find the protocol of IPv6.
    rules.push(lists().family(Ip::V6).group(0).next_header(1).found_in("filter_protocols").goto("deny"));
    rules.push(lists().group(0).protocol(1).port(2).found_in("filter_ports").goto("deny"));
    for (number, map) in (0..).zip(MAPS) {
        let class = |words| lists().class_of(if number < 2 { Ip::V4 } else { Ip::V6 }, number, map, words).group(2);
        rules.push(class(3).found_in("filter_classes").goto("deny"));
        rules.push(class(4).protocol(3).port(4).found_in("filter_class_ports").goto("deny"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::GateConfig;
    use crate::nft::codec::{Expr, Verdict};
    use crate::nft::features::everything;
    use crate::nft::skeleton::inet;

    #[test]
    fn a_packet_of_a_flow_that_passes_meets_as_many_rules_as_without_a_filter() {
        let features = everything();
        let config = GateConfig { lans: vec!["br-lan".parse().unwrap()], ..GateConfig::default() };
        let skeleton = inet(&config, features);
        let mut rules: BTreeMap<&str, Vec<&RuleSpec>> = BTreeMap::new();
        for rule in &skeleton.rules {
            rules.entry(rule.chain).or_default().push(rule);
        }
        // Up: the bridge's mark, MSS, direction, alive. Down: the same, but alive before the other direction is told apart.
        assert_eq!(rules["lock"].len(), 1);
        let until_counted = |chain: &str| {
            let counted = |rule: &&RuleSpec| rule.exprs.last() == Some(&Expr::End(Verdict::Accept));
            rules[chain].iter().position(counted).unwrap() + 1
        };
        assert_eq!((until_counted("forward"), until_counted("outward")), (3, 1));
        let asks = |expr: &Expr| matches!(expr, Expr::Lookup { set, .. } if set.starts_with("filter"));
        let filters = |rule: &&RuleSpec| rule.exprs.iter().any(asks);
        let chains: Vec<&str> = skeleton.rules.iter().filter(filters).map(|rule| rule.chain).collect();
        assert_eq!(chains, ["lists"; 11]);
        let into = |rule: &&RuleSpec, chain| matches!(rule.exprs.last(), Some(Expr::End(Verdict::Goto(to) | Verdict::Jump(to))) if *to == chain);
        let from = |chain: &'static str| {
            skeleton.rules.iter().filter(|rule| into(rule, chain)).map(|rule| rule.chain).collect::<Vec<_>>()
        };
        assert_eq!(from("lists"), ["destinations"; 3]);
        assert_eq!(from("destinations"), ["filters", "emergency_out"]);
        assert_eq!(from("filters"), ["slow"; 3]);
    }
}
