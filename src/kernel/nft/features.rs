//! What this kernel can do, found by doing it in a scratch table.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::codec::{Batch, ChainSpec, Conn, Family, NewElem, RuleSpec, SetSpec, Writer, kind, msg, obj, read_elements};
use super::filter;
use super::inspection;
use super::port_blocks;
use super::rule::rule;
use super::skeleton::base;
use super::tables::{destroy_element, put_element, table_flags};
use crate::KernelError;

/// Features of nftables that older or smaller kernels lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each feature is there or not, independent of the others")]
pub struct Features {
    /// Tables owned by this program, which no stranger can flush (Linux 5.12).
    pub owner: bool,
    /// Owned tables outlive their owner (Linux 6.9). Without it no table is owned: it would vanish with the daemon.
    pub persist: bool,
    /// An element's timeout changes in place (Linux 6.12); else it is deleted and added in one batch.
    pub timeout_update: bool,
    /// Deleting what may be gone already (Linux 6.3); else it is added first, in the same batch.
    pub destroy: bool,
    /// The bridge family: guards against rogue servers, visitors kept apart.
    pub bridge: bool,
    /// Flows counted per device; else only new flows per second are limited.
    pub connlimit: bool,
    /// Device hashes: each device has its own garden rate; else all share eight times the rate.
    pub hash: bool,
    /// Route look-ups: source address checks, and the bridge's own addresses told from others. Without it visitors' source
    /// addresses are not checked here, DNS and portal answer on every address of the gateway, and port 80 of the gateway's own
    /// address leads to the portal for strangers only.
    pub fib: bool,
    /// Rules that lead packets to a program (`NFT_QUEUE`), for inspecting first packets.
    pub queue: bool,
    /// The same by iptables' target (`NETFILTER_XT_TARGET_NFQUEUE`, `NFT_COMPAT`).
    pub xt_queue: bool,
    /// Public ports taken from a map when masquerading: NAT attribution.
    pub port_blocks: bool,
}

const NAMES: [&str; 11] = [
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
];

impl Features {
    /// Tries everything out in scratch tables that no packet meets; leaves nothing behind.
    ///
    /// # Errors
    /// The netlink socket failed, or the kernel lacks what the gate cannot do without (quota objects in maps, counters in
    /// maps, windows by `meta time`, ranges in maps and concatenations).
    pub fn probe() -> Result<Self, KernelError> {
        let mut conn = Conn::open()?;
        let table = format!("gapura_probe_{}", conn.port());
        let mut can = |family, build: &dyn Fn(&mut Batch)| try_out(&mut conn, &table, family, 0, build);
        if !can(Family::Inet, &|batch| essential(batch, &table))? {
            return Err(KernelError::Missing("nf_tables with inet, quota, ct, counter, time or ranges"));
        }
        let connlimit = set(SetSpec::new("s", &[kind::IFNAME, kind::ETHER]).dynamic(None, 16));
        let features = Self {
            bridge: can(Family::Bridge, &|_| {})?,
            connlimit: can(Family::Inet, &|batch| {
                connlimit(batch, &table);
                one_rule(batch, &table, &rule("c").device_flows_over("s", 1).drop());
            })?,
            hash: can(Family::Inet, &|batch| one_rule(batch, &table, &rule("c").mark_set_hashed(8, 1).done()))?,
            fib: can(Family::Inet, &|batch| one_rule(batch, &table, &rule("c").toward_own_address().accept()))?,
            queue: can(Family::Inet, &|batch| inspection(batch, &table, true))?,
            xt_queue: can(Family::Inet, &|batch| inspection(batch, &table, false))?,
            port_blocks: can(Family::Inet, &|batch| {
                set(port_blocks::map())(batch, &table);
                set_numbered(2, SetSpec::new("uplinks", &[kind::IFNAME]).size(64))(batch, &table);
                let chain = base("masquerading", "nat", 4, 100, true);
                batch.add(msg::NEWCHAIN, Family::Inet, |to| chain.write(to, &table));
                for rule in port_blocks::rules() {
                    batch.append(msg::NEWRULE, Family::Inet, |to| rule.write(to, &table));
                }
            })?,
            destroy: can(Family::Inet, &|batch| {
                set(SetSpec::new("s", &[kind::MARK]))(batch, &table);
                destroy_element(batch, &table, "s", &[0; 4]);
            })?,
            owner: try_out(&mut conn, &table, Family::Inet, table_flags(true, false), &|_| {})?,
            persist: try_out(&mut conn, &table, Family::Inet, table_flags(true, true), &|_| {})?,
            timeout_update: timeout_update(&mut conn, &table)?,
        };
        Ok(features)
    }

    /// Hides features by name, as an older kernel would.
    ///
    /// # Errors
    /// A name that is no feature; the text lists those that are.
    pub fn without(mut self, names: &[&str]) -> Result<Self, String> {
        for name in names {
            let feature = match *name {
                "owner" => &mut self.owner,
                "persist" => &mut self.persist,
                "timeout-update" => &mut self.timeout_update,
                "destroy" => &mut self.destroy,
                "bridge" => &mut self.bridge,
                "connlimit" => &mut self.connlimit,
                "hash" => &mut self.hash,
                "fib" => &mut self.fib,
                "queue" => &mut self.queue,
                "xt-queue" => &mut self.xt_queue,
                "port-blocks" => &mut self.port_blocks,
                other => {
                    return Err(format!(
                        "\"{}\" is no feature; known are {}",
                        other.escape_default(),
                        NAMES.join(", ")
                    ));
                }
            };
            *feature = false;
        }
        Ok(self)
    }
}

/// Creates a table, fills it and deletes it in one transaction: nothing is ever seen of it.
fn try_out(
    conn: &mut Conn,
    table: &str,
    family: Family,
    flags: u32,
    build: &dyn Fn(&mut Batch),
) -> Result<bool, KernelError> {
    let mut batch = Batch::new();
    new_table(&mut batch, table, family, flags);
    build(&mut batch);
    batch.delete(msg::DELTABLE, family, |to| to.text(1, table));
    match conn.commit(batch) {
        Ok(()) => Ok(true),
        Err(KernelError::Refused { source, .. }) if source.raw_os_error() != Some(libc::EPERM) => Ok(false),
        Err(error) => Err(error),
    }
}

fn new_table(batch: &mut Batch, table: &str, family: Family, flags: u32) {
    batch.add_new(msg::NEWTABLE, family, |to| {
        to.text(1, table);
        to.u32(2, flags);
    });
}

fn set(spec: SetSpec) -> impl Fn(&mut Batch, &str) {
    set_numbered(1, spec)
}

fn set_numbered(id: u32, spec: SetSpec) -> impl Fn(&mut Batch, &str) {
    move |batch, table| batch.add(msg::NEWSET, Family::Inet, |to| spec.write(to, table, id))
}

fn one_rule(batch: &mut Batch, table: &str, rule: &RuleSpec) {
    batch.add(msg::NEWCHAIN, Family::Inet, |to| ChainSpec { name: "c", hook: None }.write(to, table));
    batch.append(msg::NEWRULE, Family::Inet, |to| rule.write(to, table));
}

/// What leads first packets to an inspector.
fn inspection(batch: &mut Batch, table: &str, native: bool) {
    for (id, spec) in (1..).zip(inspection::sets()) {
        batch.add(msg::NEWSET, Family::Inet, |to| spec.write(to, table, id));
    }
    for chain in inspection::chains() {
        batch.add(msg::NEWCHAIN, Family::Inet, |to| chain.write(to, table));
    }
    for rule in inspection::leading(native) {
        batch.append(msg::NEWRULE, Family::Inet, |to| rule.write(to, table));
    }
}

fn essential(batch: &mut Batch, table: &str) {
    let sets = [
        SetSpec::new("live", &[kind::MARK]).quotas().timeout(),
        SetSpec::new("up", &[kind::MARK]).map(kind::CLASS).counted().size(16),
        SetSpec::new("open", &[kind::TIME]).interval(),
        SetSpec::new("ports", &[kind::IPV4, kind::PROTO, kind::PORT]).interval(),
        SetSpec::new("ended", &[kind::MARK]).dynamic(Some(1000), 16),
    ];
    for (id, spec) in (1..).zip(sets.into_iter().chain(filter::sets())) {
        batch.add(msg::NEWSET, Family::Inet, |to| spec.write(to, table, id));
    }
    for name in ["lists", "deny"] {
        batch.add(msg::NEWCHAIN, Family::Inet, |to| ChainSpec { name, hook: None }.write(to, table));
    }
    let mut rules = Vec::new();
    filter::rules(&mut rules);
    for rule in &rules {
        batch.append(msg::NEWRULE, Family::Inet, |to| rule.write(to, table));
    }
    batch.add(msg::NEWOBJ, Family::Inet, |to| quota(to, table));
    let elem = NewElem { key: &[1; 4], object: Some("q"), timeout: Some(60_000), ..NewElem::default() };
    put_element(batch, table, "live", &elem);
    one_rule(batch, table, &rule("c").time_in("open").quota("live").count_and_class("up"));
    batch.append(msg::NEWRULE, Family::Inet, |to| rule("c").remember_mark("ended").reset().write(to, table));
}

fn quota(to: &mut Writer<'_>, table: &str) {
    to.text(1, table);
    to.text(2, "q");
    to.u32(3, obj::QUOTA);
    to.nest(4, |to| to.u64(1, 1));
}

/// Adds an element for ten minutes, again for an hour, and reads which it is.
fn timeout_update(conn: &mut Conn, table: &str) -> Result<bool, KernelError> {
    let elem = |timeout| NewElem { key: &[1; 4], timeout: Some(timeout), ..NewElem::default() };
    let mut batch = Batch::new();
    new_table(&mut batch, table, Family::Inet, 0);
    set(SetSpec::new("s", &[kind::MARK]).timeout())(&mut batch, table);
    put_element(&mut batch, table, "s", &elem(600_000));
    conn.commit(batch)?;
    let mut batch = Batch::new();
    put_element(&mut batch, table, "s", &elem(3_600_000));
    let again = conn.commit(batch);
    let mut left = Duration::ZERO;
    let body = |to: &mut Writer<'_>| {
        to.text(1, table);
        to.text(2, "s");
    };
    let read = conn.dump("read the probe", msg::GETSETELEM, Family::Inet.number(), body, |message| {
        for elem in message.into_iter().flat_map(|message| read_elements(message.attrs())) {
            left = left.max(Duration::from_millis(elem.expires.unwrap_or(0)));
        }
    });
    let mut batch = Batch::new();
    batch.delete(msg::DELTABLE, Family::Inet, |to| to.text(1, table));
    conn.commit(batch)?;
    read?;
    Ok(again.is_ok() && left > Duration::from_mins(20))
}

/// A kernel that can do it all.
#[cfg(test)]
pub(super) const fn everything() -> Features {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_hidden_by_name_and_wrong_names_are_told() {
        let all = everything();
        let older = all.without(&NAMES).unwrap();
        assert!(!older.owner && !older.timeout_update && !older.fib);
        assert!(all.without(&["flying"]).unwrap_err().contains("timeout-update"));
    }
}
