//! The second lock: a policy-routing rule for each visitor bridge that keeps the gate shut while the nft table is gone.
//!
//! Our nft table sets one bit of the packet mark on every packet from a visitor bridge. The rule says that a packet from the
//! bridge without that bit is unreachable. With the table flushed no packet carries the bit, so nothing is forwarded; visitors
//! get ICMP "unreachable" and the gateway's own addresses stay reachable (the local table is asked first).

use gapura_model::IfName;

use super::codec::{AF_INET, AF_INET6, Message, Request, attrs, text, u32_ne};
use super::{NetError, Route};

/// The bit of the packet mark that opens the second lock; the only bit of packet marks that is ours.
pub const SECOND_LOCK_MARK: u32 = 0x1000_0000;

/// Where the rule stands among the policy-routing rules unless the site says otherwise: after `local` (0), before `main` (32766)
/// and before what VPNs and multi-WAN tools usually add (1000 and up).
pub const SECOND_LOCK_PREF: u32 = 64;

/// The rules to keep: one for each bridge and address family, all at the same preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondLock {
    /// The visitor bridges.
    pub bridges: Vec<IfName>,
    /// Preference of the rules, see [`SECOND_LOCK_PREF`].
    pub pref: u32,
}

/// What [`SecondLock::verify`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Locked {
    /// Rules that are there and right.
    pub right: usize,
    /// Rules that should be there and are not.
    pub missing: usize,
    /// Rules of ours for bridges that are no longer visitor bridges, or twice.
    pub stray: usize,
}

impl Locked {
    /// Whether every bridge is locked in both families.
    pub fn is_shut(self) -> bool {
        self.missing == 0
    }
}

impl SecondLock {
    /// Compares the kernel's rules with these.
    pub fn verify(&self, route: &mut Route) -> Result<Locked, NetError> {
        self.compare(route).map(|(locked, _)| locked)
    }

    /// Adds what is missing, then takes away what is stray. Returns what was found before. Adding comes first and a right rule is
    /// never touched, so the lock is never open in between.
    pub fn ensure(&self, route: &mut Route) -> Result<Locked, NetError> {
        let (found, stray) = self.compare(route)?;
        if found.missing > 0 {
            for (family, bridge) in self.wanted() {
                let request =
                    rule(libc::RTM_NEWRULE, libc::NLM_F_CREATE | libc::NLM_F_EXCL, family, self.pref, bridge.as_str());
                match route.conn().ack("add the second lock's routing rule", request) {
                    Err(error) if error.is(libc::EEXIST) => {}
                    outcome => outcome?,
                }
            }
        }
        delete(route, &stray)?;
        Ok(found)
    }

    /// Takes all rules of this lock away (uninstalling; never part of a restart).
    pub fn remove(&self, route: &mut Route) -> Result<(), NetError> {
        let all: Vec<_> = ours(route, self.pref)?;
        delete(route, &all)
    }

    fn wanted(&self) -> impl Iterator<Item = (u8, &IfName)> {
        [AF_INET, AF_INET6].into_iter().flat_map(|family| self.bridges.iter().map(move |bridge| (family, bridge)))
    }

    fn compare(&self, route: &mut Route) -> Result<(Locked, Vec<Rule>), NetError> {
        let mut rules = ours(route, self.pref)?;
        let mut locked = Locked::default();
        for (family, bridge) in self.wanted() {
            match rules.iter().position(|rule| rule.family == family && rule.bridge == bridge.as_str()) {
                Some(at) => {
                    rules.swap_remove(at);
                    locked.right += 1;
                }
                None => locked.missing += 1,
            }
        }
        locked.stray = rules.len();
        Ok((locked, rules))
    }
}

/// One of our rules in the kernel.
pub(super) struct Rule {
    family: u8,
    pref: u32,
    bridge: String,
}

const FR_ACT_UNREACHABLE: u8 = 7;
const FIB_RULE_INVERT: u32 = 2;
const FRA_IIFNAME: u16 = 3;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_FWMASK: u16 = 16;

fn rule(kind: u16, flags: i32, family: u8, pref: u32, bridge: &str) -> Request {
    // struct fib_rule_hdr: family, dst_len, src_len, tos, table, two reserved, action, flags.
    let header = [family, 0, 0, 0, 0, 0, 0, FR_ACT_UNREACHABLE, 0, 0, 0, 0];
    Request::new(kind, flags)
        .raw(&header)
        .u32(FRA_PRIORITY, pref)
        .text(FRA_IIFNAME, bridge)
        .u32(FRA_FWMARK, 0)
        .u32(FRA_FWMASK, SECOND_LOCK_MARK)
}

fn delete(route: &mut Route, rules: &[Rule]) -> Result<(), NetError> {
    for stray in rules {
        let request = rule(libc::RTM_DELRULE, 0, stray.family, stray.pref, &stray.bridge);
        match route.conn().ack("remove a routing rule of the second lock", request) {
            Err(error) if error.is_absent() => {}
            outcome => outcome?,
        }
    }
    Ok(())
}

/// The rules of exactly our shape at `pref`; other people's rules are left alone.
fn ours(route: &mut Route, pref: u32) -> Result<Vec<Rule>, NetError> {
    let mut all = Vec::new();
    for family in [AF_INET, AF_INET6] {
        let mut header = [0; 12];
        header[0] = family;
        let request = Request::new(libc::RTM_GETRULE, libc::NLM_F_DUMP).raw(&header);
        all.extend(route.conn().dump("list routing rules", &request, |message| parse(message, pref))?);
    }
    Ok(all)
}

/// The attributes a rule of ours may carry besides the four that say what it does: suppressors (14, 13), protocol (21), table (15),
/// where the kernel always reports them.
const INNOCENT: [u16; 5] = [13, 14, 15, 21, FRA_IIFNAME];

pub(super) fn parse(message: Message<'_>, pref: u32) -> Option<Rule> {
    let [family, dst, src, tos, _, _, _, action] = *message.body.first_chunk()?;
    let inverted = message.body.get(8..).and_then(u32_ne)? & FIB_RULE_INVERT != 0;
    let (mut priority, mut mark, mut mask, mut bridge) = (0, 0, 0, None);
    for attr in attrs(message.body, 12) {
        match attr.kind {
            FRA_PRIORITY => priority = u32_ne(attr.data)?,
            FRA_FWMARK => mark = u32_ne(attr.data)?,
            FRA_FWMASK => mask = u32_ne(attr.data)?,
            FRA_IIFNAME => bridge = text(attr.data).map(str::to_owned),
            kind if INNOCENT.contains(&kind) => {}
            _ => return None,
        }
    }
    let plain = message.kind == libc::RTM_NEWRULE && !inverted && (dst, src, tos) == (0, 0, 0);
    let same = action == FR_ACT_UNREACHABLE && priority == pref && mark == 0 && mask == SECOND_LOCK_MARK;
    Some(Rule { family, pref, bridge: bridge.filter(|_| plain && same)? })
}
