//! The rules every packet meets: tables, sets, chains. Nothing in here is per visitor.
//!
//! An established packet of a visit costs a compare of its TCP flags and one of its direction, one lookup for "alive, bytes left"
//! and one that counts and classes. Identity, hours, bans, garden and filters are asked on first packets and misses only.

use super::codec::{ChainSpec, Family, Hook, RuleSpec, SetSpec, Writer, kind};
use super::filter;
use super::inspection;
use super::port_blocks;
use super::rule::{ICMP, ICMP6, Ip, Rule, TCP, UDP, rule};
use crate::{Features, GateConfig, Mark};

/// The bit of the packet mark that says "the gate has seen it": without it a policy rule makes visitors' packets unreachable.
pub(crate) const SEEN: u32 = 0x1000_0000;
const GARDEN_MASK: u32 = 0xe000_ffff;
const GARDEN_BUCKETS: u32 = 8192;
const FRESH: (u32, u32) = (Mark::IDENTIFIED | Mark::PASS, Mark::IDENTIFIED);
const ESTABLISHED_RELATED: u32 = 6;
const NEW: u32 = 8;

/// One table, ready to be written.
#[derive(Clone, Debug)]
pub(crate) struct Skeleton {
    pub(crate) family: Family,
    pub(crate) counters: &'static [&'static str],
    pub(crate) sets: Vec<SetSpec>,
    pub(crate) chains: Vec<ChainSpec>,
    pub(crate) rules: Vec<RuleSpec>,
    /// Put before all others while a map is being replaced.
    pub(crate) holding: Vec<RuleSpec>,
}

impl Skeleton {
    /// A name for exactly these rules, kept in the table as an empty chain: an adopted table with the same name has the same rules.
    pub(crate) fn stamp(&self) -> String {
        let mut bytes = Vec::new();
        let mut to = Writer(&mut bytes);
        self.counters.iter().for_each(|name| to.text(1, name));
        self.sets.iter().for_each(|set| set.write(&mut to, "", 0));
        self.chains.iter().for_each(|chain| chain.write(&mut to, ""));
        self.rules.iter().for_each(|rule| rule.write(&mut to, ""));
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        format!("stamp_{hash:016x}")
    }
}

pub(super) const fn base(
    name: &'static str,
    kind: &'static str,
    number: u32,
    priority: i32,
    accept: bool,
) -> ChainSpec {
    ChainSpec { name, hook: Some(Hook { kind, number, priority, accept }) }
}

pub(super) const fn plain(name: &'static str) -> ChainSpec {
    ChainSpec { name, hook: None }
}

/// `table inet`.
pub(crate) fn inet(config: &GateConfig, features: Features) -> Skeleton {
    let mut rules = second_lock(config);
    first_packets(&mut rules, config, features);
    let attributing = port_blocks::is_on(config, features);
    if attributing {
        rules.extend(port_blocks::rules());
    }
    rules.push(rule("masquerading").oif("uplinks").family(Ip::V4).masquerade());
    rules.push(rule("masquerading").oif("uplinks").unique_local_source().masquerade());
    let inspecting = inspection::is_on(config, features);
    if inspecting {
        rules.extend(inspection::leading(features.queue));
        rules.push(inspection::refusal());
    }
    every_packet(&mut rules, config);
    slow_path(&mut rules, config, features);
    refusals(&mut rules);
    own_services(&mut rules, features);
    let (mut sets, mut chains) = (sets(config), chains());
    if attributing {
        sets.push(port_blocks::map());
    }
    if inspecting {
        sets.extend(inspection::sets());
        chains.extend(inspection::chains());
    }
    let counters = &["spoofed_source", "too_many_flows", "refused"];
    Skeleton { family: Family::Inet, counters, sets, chains, rules, holding: holding() }
}

/// Where a miss ends: flows that passed and were not blocked go on for the moment in which maps are replaced.
fn holding() -> Vec<RuleSpec> {
    let passed = |chain| rule(chain).mark(Mark::PASS | Mark::BLOCKED, Mark::PASS).says("a map is being replaced");
    ["slow", "ended_flow"].map(|chain| passed(chain).accept()).into()
}

fn chains() -> Vec<ChainSpec> {
    vec![
        base("lock", "filter", 0, -150, true),
        base("first", "nat", 0, -100, true),
        plain("known"),
        plain("stranger"),
        base("masquerading", "nat", 4, 100, true),
        base("forward", "filter", 2, 0, false),
        plain("outward"),
        plain("others"),
        plain("slow"),
        plain("filters"),
        plain("destinations"),
        plain("lists"),
        plain("emergency_out"),
        plain("garden"),
        plain("garden_rate"),
        plain("ended_flow"),
        plain("moved_flow"),
        plain("deny"),
        base("input", "filter", 1, 0, true),
        plain("from_visitors"),
        plain("from_uplinks"),
    ]
}

/// Every packet comes by here, in both directions: one or two bridges are compared by name, only more are looked up.
fn second_lock(config: &GateConfig) -> Vec<RuleSpec> {
    let lock = |from: Rule| from.says("second lock: the gate has seen it").skb_mark_or(SEEN).done();
    match config.lans.as_slice() {
        [] | [_, _, _, ..] => vec![lock(rule("lock").iif("lans"))],
        few => few.iter().map(|lan| lock(rule("lock").iif_is(lan))).collect(),
    }
}

fn sets(config: &GateConfig) -> Vec<SetSpec> {
    use kind::{
        CLASS, ETHER, ICMP as ICMP_TYPE, ICMP6 as ICMP6_TYPE, IFNAME, INTEGER, IPV4, IPV6, MARK, PORT, PROTO, TIME,
    };
    let devices = config.devices.saturating_add(config.devices / 4).max(256);
    let device = [IFNAME, ETHER];
    let new = SetSpec::new;
    let mut sets = vec![
        new("lans", &[IFNAME]).size(64),
        new("uplinks", &[IFNAME]).size(64),
        new("staff", &[IFNAME]).size(64),
        new("emergency", &[IFNAME]).timeout(),
        new("dev", &device).map(MARK).timeout(),
        new("dev_always", &device).map(MARK).timeout(),
        new("banned", &device).timeout(),
        new("live", &[MARK]).quotas().timeout(),
        new("vis_up", &[MARK]).quotas().timeout(),
        new("vis_dn", &[MARK]).quotas().timeout(),
        new("hold_up", &[MARK]).quotas(),
        new("hold_dn", &[MARK]).quotas(),
        new("slowable", &[MARK]).timeout(),
        new("up", &[MARK]).map(CLASS).counted().size(devices),
        new("dn", &[MARK]).map(CLASS).counted().size(devices),
        new("slow_up", &[MARK]).map(CLASS).counted(),
        new("slow_dn", &[MARK]).map(CLASS).counted(),
        new("moved", &[MARK]).map(MARK).timeout(),
        new("ended", &[MARK]).dynamic(Some(600_000), 65_535),
        new("open", &[TIME]).interval(),
        new("garden4", &[IPV4, PROTO, PORT]).timeout(),
        new("garden6", &[IPV6, PROTO, PORT]).timeout(),
        new("garden_net4", &[IPV4, PROTO, PORT]).interval(),
        new("garden_net6", &[IPV6, PROTO, PORT]).interval(),
        new("garden_use", &[MARK]).dynamic(Some(60_000), GARDEN_BUCKETS * 2),
        new("allowed4", &[IPV4]).interval(),
        new("allowed6", &[IPV6]).interval(),
        new("refused4", &[IPV4]).interval(),
        new("refused6", &[IPV6]).interval(),
        new("refused_ports", &[PROTO, PORT]),
        new("local_ports", &[PROTO, PORT]),
        new("management4", &[IPV4]).interval(),
        new("management6", &[IPV6]).interval(),
        new("management_ports", &[PROTO, PORT]),
        new("visitor_icmp", &[ICMP_TYPE]),
        new("visitor_icmp6", &[ICMP6_TYPE]),
        new("uplink_icmp6", &[ICMP6_TYPE]),
        new("floods", &device).dynamic(Some(10_000), config.strangers),
        new("rejects", &device).dynamic(Some(10_000), config.strangers),
        new("flows", &device).dynamic(None, config.strangers),
        new("flow_rate", &device).dynamic(Some(10_000), config.strangers),
        new("resets", &[INTEGER]).dynamic(Some(10_000), 65_535),
    ];
    sets.extend(filter::sets());
    sets
}

/// The nat chain sees the first packet of a flow: source check, DNS, portal, garden, identity.
fn first_packets(rules: &mut Vec<RuleSpec>, config: &GateConfig, features: Features) {
    let portal = config.portal_port;
    let first = || rule("first");
    rules.push(first().iif_not("lans").accept());
    if features.fib {
        rules.push(first().spoofed().count("spoofed_source").drop());
    }
    rules.push(first().l4(UDP).dport(53).redirect(config.dns_port));
    rules.push(first().l4(TCP).dport(53).redirect(config.dns_port));
    if features.fib {
        rules.push(first().l4(TCP).dport(80).toward_own_address().redirect(portal));
    }
    rules.push(first().iif("emergency").says("open for everybody").accept());
    rules.push(first().device_in("banned").goto("stranger"));
    for (ip, named, prefixes) in [(Ip::V4, "garden4", "garden_net4"), (Ip::V6, "garden6", "garden_net6")] {
        for set in [named, prefixes] {
            let found = first().toward_service(ip, set);
            let marked = if features.hash {
                found.mark_set_hashed(GARDEN_BUCKETS, Mark::GARDEN)
            } else {
                found.mark_set(Mark::GARDEN)
            };
            rules.push(marked.accept());
        }
    }
    rules.push(first().time_in("open").identify("dev").goto("known"));
    rules.push(first().identify("dev_always").goto("known"));
    rules.push(first().goto("stranger"));

    rules.push(rule("known").l4(TCP).dport(80).mark_with_in(Mark::PASS, "ended").redirect(portal));
    rules.push(rule("known").accept());

    let stranger = || rule("stranger");
    rules.push(stranger().for_host(false).accept());
    if features.fib {
        rules.push(stranger().toward_own_address().accept());
    }
    rules.push(stranger().l4(TCP).dport(80).says("the captive portal").redirect(portal));
    rules.push(stranger().l4(TCP).accept());
    rules.push(stranger().l4(UDP).dport(67).accept());
    rules.push(stranger().l4(UDP).dport(547).accept());
    rules.push(stranger().device_limit("floods", 5, 5).says("enough to hear the refusal").accept());
    rules.push(stranger().device_in("floods").drop());
    rules.push(stranger().limit(50, 50).accept());
    rules.push(stranger().drop());
}

fn every_packet(rules: &mut Vec<RuleSpec>, config: &GateConfig) {
    let forward = || rule("forward");
    if config.clamp_mss {
        // Before everything else: a SYN sent again, and the answer to one, belong to flows that may pass already.
        rules.push(forward().syn().clamp());
    }
    rules.push(forward().original().goto("outward"));
    rules.push(forward().quota("live").count_and_class("dn"));
    rules.push(forward().quota("vis_dn").and_quota("hold_dn").count_and_class("dn"));
    rules.push(forward().mark_in("slowable").count_and_class("slow_dn"));
    rules.push(forward().mark(GARDEN_MASK, Mark::GARDEN).goto("garden_rate"));
    rules.push(forward().oif("emergency").state(ESTABLISHED_RELATED).accept());
    rules.push(forward().oif("lans").goto("ended_flow"));
    rules.push(forward().oif("staff").state(ESTABLISHED_RELATED).accept());

    rules.push(rule("outward").quota("live").count_and_class("up"));
    rules.push(rule("outward").quota("vis_up").and_quota("hold_up").count_and_class("up"));
    rules.push(rule("outward").mark_in("slowable").count_and_class("slow_up"));
    rules.push(rule("outward").iif("lans").goto("slow"));
    rules.push(rule("outward").goto("others"));

    rules.push(rule("others").oif("lans").drop());
    rules.push(rule("others").iif("staff").accept());
    rules.push(rule("others").drop());
}

/// First packets and misses: who is it, where does it go, may it.
fn slow_path(rules: &mut Vec<RuleSpec>, config: &GateConfig, features: Features) {
    let slow = || rule("slow");
    rules.push(slow().iif("emergency").goto("emergency_out"));
    rules.push(slow().mark(FRESH.0, FRESH.1).goto("filters"));
    rules.push(slow().mark_has(Mark::BLOCKED).goto("deny"));
    rules.push(slow().device_in("banned").goto("deny"));
    rules.push(slow().mark(GARDEN_MASK, Mark::GARDEN).goto("garden"));
    rules.push(slow().time_in("open").identify("dev").goto("filters"));
    rules.push(slow().identify("dev_always").goto("filters"));
    rules.push(slow().goto("deny"));

    let filters = || rule("filters");
    rules.push(filters().jump("destinations"));
    rules.push(too_many_flows("filters", config, features));
    rules.push(filters().mark_or(Mark::PASS).done());
    rules.push(filters().quota("live").count_and_class("up"));
    rules.push(filters().quota("vis_up").and_quota("hold_up").count_and_class("up"));
    rules.push(filters().mark_in("slowable").count_and_class("slow_up"));
    rules.push(filters().remember_mark("ended").says("port 80 now leads to the portal").done());
    rules.push(filters().goto("deny"));

    let to = || rule("destinations");
    rules.push(to().oif("lans").says("visitors do not reach each other").goto("deny"));
    rules.push(to().to(Ip::V4, "allowed4").goto("lists"));
    rules.push(to().to(Ip::V6, "allowed6").goto("lists"));
    rules.push(to().oif_not("uplinks").goto("deny"));
    rules.push(to().to(Ip::V4, "refused4").goto("deny"));
    rules.push(to().to(Ip::V6, "refused6").goto("deny"));
    rules.push(to().goto("lists"));
    rules.push(rule("lists").service("refused_ports").goto("deny"));
    filter::rules(rules);

    // Nobody's visit: policy group 0. What the garden opens stays the garden's.
    rules.push(rule("emergency_out").mark(GARDEN_MASK, Mark::GARDEN).goto("garden"));
    rules.push(rule("emergency_out").jump("destinations"));
    rules.push(too_many_flows("emergency_out", config, features));
    rules.push(rule("emergency_out").accept());

    // A name opens what its owner's DNS says: never a neighbour, and inside only what the site lists itself.
    let garden = || rule("garden");
    rules.push(garden().oif("lans").says("visitors do not reach each other").goto("deny"));
    rules.push(garden().state(ESTABLISHED_RELATED).goto("garden_rate"));
    for (ip, listed, allowed) in [(Ip::V4, "garden_net4", "allowed4"), (Ip::V6, "garden_net6", "allowed6")] {
        rules.push(garden().toward_service(ip, listed).goto("garden_rate"));
        rules.push(garden().to(ip, allowed).goto("garden_rate"));
    }
    rules.push(garden().oif_not("uplinks").goto("deny"));
    rules.push(garden().to(Ip::V4, "refused4").goto("deny"));
    rules.push(garden().to(Ip::V6, "refused6").goto("deny"));
    rules.push(garden().goto("garden_rate"));

    // Without hashes all devices share one bucket.
    let rate = if features.hash { config.garden_rate } else { config.garden_rate.saturating_mul(8) };
    rules.push(rule("garden_rate").mark_rate("garden_use", rate.max(1)).accept());
    rules.push(rule("garden_rate").drop());
}

/// The first packet of a flow more than a device may have; without counts of flows, of one more than it may open so fast.
fn too_many_flows(chain: &'static str, config: &GateConfig, features: Features) -> RuleSpec {
    let fresh = rule(chain).state(NEW);
    let over = if features.connlimit {
        fresh.device_flows_over("flows", config.flows_per_device)
    } else {
        let rate = u64::from(config.flows_per_device / 10).max(10);
        fresh.device_limit_over("flow_rate", rate, config.flows_per_device)
    };
    over.count("too_many_flows").goto("deny")
}

/// A refusal is heard at once: reset or ICMP, in both directions.
fn refusals(rules: &mut Vec<RuleSpec>) {
    const UNAGGREGATED: u32 = 1600;
    let deny = || rule("deny").count("refused");
    rules.push(deny().l4(TCP).reset());
    rules.push(rule("deny").device_limit("rejects", 10, 10).prohibited());
    rules.push(rule("deny").device_in("rejects").drop());
    rules.push(rule("deny").limit(100, 100).prohibited());
    rules.push(rule("deny").drop());

    // A download in flight when its visit ends: its next packets reach the client as resets (RFC 5961: a client that doubts one
    // answers, and that answer is reset with the exact number).
    // Where bytes ran out, long packets would break the limit. A server that goes on hears a reset itself.
    let ended = || rule("ended_flow");
    rules.push(ended().mark_by("moved").says("a newer generation of the visit").goto("moved_flow"));
    rules.push(ended().mark(FRESH.0 | Mark::BLOCKED, FRESH.0).remember_mark("ended").done());
    // Blocked from now on: what the client sends in this flow is reset, even where only the way down has ended.
    rules.push(ended().l4(TCP).mark(FRESH.0, FRESH.0).mark_or(Mark::BLOCKED).done());
    for map in ["live", "vis_dn"] {
        rules.push(ended().l4(TCP).longer_than(UNAGGREGATED).mark_without_in(Mark::BLOCKED, map).drop());
    }
    rules.push(ended().l4(TCP).state(ESTABLISHED_RELATED).flow_limit("resets").make_reset().accept());
    rules.push(ended().l4(TCP).reset());
    rules.push(ended().drop());

    // Where filters are asked again, nothing passes before the device's next packet went through them.
    let moved = || rule("moved_flow");
    rules.push(moved().quota("live").count_and_class("dn"));
    rules.push(moved().quota("vis_dn").and_quota("hold_dn").count_and_class("dn"));
    rules.push(moved().mark_in("slowable").count_and_class("slow_dn"));
    rules.push(moved().drop());
}

/// What the gateway itself answers.
fn own_services(rules: &mut Vec<RuleSpec>, features: Features) {
    rules.push(rule("input").iif("lans").goto("from_visitors"));
    rules.push(rule("input").iif("uplinks").goto("from_uplinks"));

    let visitors = || rule("from_visitors");
    rules.push(visitors().state(ESTABLISHED_RELATED).accept());
    rules.push(visitors().icmp_type(ICMP6, "visitor_icmp6").accept());
    rules.push(visitors().icmp_type(ICMP, "visitor_icmp").accept());
    rules.push(visitors().l4(UDP).dport(67).accept());
    rules.push(visitors().l4(UDP).dport(547).accept());
    let own = || if features.fib { visitors().toward_own_address() } else { visitors() };
    rules.push(own().icmp_is(ICMP6, 128).accept());
    rules.push(own().icmp_is(ICMP, 8).accept());
    rules.push(own().service("local_ports").accept());
    rules.push(visitors().l4(TCP).reset());
    rules.push(visitors().drop());

    let uplinks = || rule("from_uplinks");
    rules.push(uplinks().state(ESTABLISHED_RELATED).accept());
    rules.push(uplinks().l4(UDP).sport(67).dport(68).accept());
    rules.push(uplinks().l4(UDP).sport(547).dport(546).accept());
    rules.push(uplinks().icmp_type(ICMP6, "uplink_icmp6").accept());
    rules.push(uplinks().icmp_is(ICMP6, 128).limit(10, 10).accept());
    rules.push(uplinks().icmp_is(ICMP, 8).limit(10, 10).accept());
    rules.push(uplinks().from(Ip::V4, "management4").service("management_ports").accept());
    rules.push(uplinks().from(Ip::V6, "management6").service("management_ports").accept());
    rules.push(uplinks().drop());
}

/// `table bridge`: guards on visitor ports.
pub(crate) fn bridge(config: &GateConfig) -> Skeleton {
    let mut rules = vec![rule("ports").iif("ports").goto("guard")];
    let guard = || rule("guard");
    // Every frame of a visitor comes by here: what is neither DHCP nor forged leaves as early as it can.
    rules.push(guard().frame_from(Ip::V4, "gateway4").count("spoofed_gateway").drop());
    rules.push(guard().frame(Ip::V4).l4(UDP).sport(67).count("rogue_dhcp").drop());
    rules.push(guard().frame(Ip::V4).accept());
    rules.push(guard().frame_from(Ip::V6, "gateway6").count("spoofed_gateway").drop());
    rules.push(guard().frame_arp().arp_sender("gateway4").count("spoofed_gateway").drop());
    rules.push(guard().frame(Ip::V6).l4(UDP).sport(547).count("rogue_dhcp").drop());
    rules.push(guard().frame(Ip::V6).icmp_is(ICMP6, 134).count("rogue_ra").drop());
    rules.push(guard().frame(Ip::V6).icmp_is(ICMP6, 137).count("rogue_ra").drop());
    rules.push(guard().frame(Ip::V6).icmp_is(ICMP6, 136).nd_target("gateway6").count("spoofed_gateway").drop());
    if config.isolate {
        rules.push(rule("between").iif("ports").oif("ports").count("isolated").drop());
    }
    Skeleton {
        family: Family::Bridge,
        counters: &["rogue_dhcp", "rogue_ra", "spoofed_gateway", "isolated"],
        sets: vec![
            SetSpec::new("ports", &[kind::IFNAME]).size(256),
            SetSpec::new("gateway4", &[kind::IPV4]),
            SetSpec::new("gateway6", &[kind::IPV6]),
        ],
        chains: vec![base("ports", "filter", 0, -200, true), plain("guard"), base("between", "filter", 2, -200, true)],
        rules,
        holding: Vec::new(),
    }
}
