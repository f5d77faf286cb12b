//! What this kernel can do, found out by trying in a scratch network namespace; never guessed from a version.

use gapura_model::IfName;
use serde::{Deserialize, Serialize};

use super::codec::Request;
use super::shaper::Leaf;
use super::{LinkIndex, NetError, Route};

/// What the kernel offers beside nftables. A missing feature degrades in the way its field says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "features are independent of each other")]
pub struct NetFeatures {
    /// Hierarchical token buckets; without them no speed limits and no fair shares at all.
    pub htb: bool,
    /// `fq_codel` queues; without them [`NetFeatures::tbf`].
    pub fq_codel: bool,
    /// `tbf` queues (used to cut aggregates into frames); without them plain byte queues of at least 68 kB, and more delay on
    /// slow plans.
    pub tbf: bool,
    /// Isolated bridge ports; without them visitors on two ports of one bridge can reach each other past the gate.
    pub isolation: bool,
    /// Policy-routing rules; without them there is no second lock, and a flushed table leaves the gate to the reconciler.
    pub policy_rules: bool,
}

/// No feature of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no feature \"{name}\"; these can be hidden: {}", NetFeatures::NAMES.join(", "))]
pub struct UnknownFeature {
    /// The name that was given.
    pub name: String,
}

impl NetFeatures {
    /// The names [`NetFeatures::hide`] knows.
    pub const NAMES: [&str; 5] = ["htb", "fq-codel", "tbf", "isolation", "policy-rules"];
    /// Nothing at all.
    pub const NONE: Self = Self { htb: false, fq_codel: false, tbf: false, isolation: false, policy_rules: false };

    /// Tries everything. Real interfaces, rules and namespaces are not touched: the trying happens in a network namespace that
    /// exists only for it, or, where the process may not make one, on an interface of our own that is deleted afterwards.
    pub fn probe() -> Result<Self, NetError> {
        let trial = std::thread::Builder::new().name("kernel-probe".to_owned()).spawn(|| {
            let apart = scratch::enter_new_network_namespace().is_ok();
            try_everything(apart)
        });
        let failed = |source| NetError::Process { action: "try the kernel's features", source };
        trial.map_err(failed)?.join().map_err(|_| failed(std::io::Error::other("the trying thread died")))?
    }

    /// Acts as if the kernel lacked the feature.
    pub fn hide(&mut self, name: &str) -> Result<(), UnknownFeature> {
        let field = match name {
            "htb" => &mut self.htb,
            "fq-codel" => &mut self.fq_codel,
            "tbf" => &mut self.tbf,
            "isolation" => &mut self.isolation,
            "policy-rules" => &mut self.policy_rules,
            _ => return Err(UnknownFeature { name: name.to_owned() }),
        };
        *field = false;
        Ok(())
    }

    /// The best queue for a visitor's class.
    pub const fn leaf(&self) -> Leaf {
        if self.fq_codel {
            Leaf::FqCodel
        } else if self.tbf {
            Leaf::Segmenting
        } else {
            Leaf::Bytes
        }
    }
}

/// Making a network namespace is one system call that the compiler cannot check.
mod scratch {
    use rustix::thread::UnshareFlags;

    /// Moves the calling thread alone into a new, empty network namespace.
    #[expect(
        unsafe_code,
        reason = "unshare(2) is unsafe for flags that split memory or descriptors; the network is neither"
    )]
    pub(super) fn enter_new_network_namespace() -> rustix::io::Result<()> {
        // SAFETY: CLONE_NEWNET changes only which network the calling thread's new sockets belong to.
        unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }
    }
}

fn try_everything(apart: bool) -> Result<NetFeatures, NetError> {
    let mut route = Route::open()?;
    let bridge = scratch_name("gpb")?;
    let port = scratch_name("gpp")?;
    let result = try_on(&mut route, &bridge, &port, apart);
    if !apart {
        for name in [&port, &bridge] {
            if let Ok(Some(link)) = route.find_link(name) {
                let request = Request::new(libc::RTM_DELLINK, 0).raw(&super::links::link_header(0, link.index, 0, 0));
                let _ = route.conn().ack("delete a scratch interface", request);
            }
        }
    }
    result
}

fn try_on(route: &mut Route, bridge: &IfName, port: &IfName, apart: bool) -> Result<NetFeatures, NetError> {
    create(route, bridge, "bridge", None)?;
    let bridge_index = route.link(bridge)?.index;
    let mut features = NetFeatures::NONE;
    features.htb = super::shaper::can_lay_root(route, bridge_index);
    if features.htb {
        let can = |route: &mut Route, leaf| super::shaper::can_use_leaf(route, bridge_index, leaf);
        features.fq_codel = can(route, Leaf::FqCodel);
        features.tbf = can(route, Leaf::Segmenting);
    }
    let made = ["veth", "dummy", "ifb"].iter().any(|kind| create(route, port, kind, Some(bridge_index)).is_ok());
    if made {
        let index = route.link(port)?.index;
        features.isolation = route.isolate_index(index, true).is_ok() && route.link(port)?.isolated == Some(true);
    }
    features.policy_rules = can_add_rules(route, bridge, apart);
    Ok(features)
}

/// In a namespace of its own the rule is added; elsewhere only listed, so that nothing real is touched.
fn can_add_rules(route: &mut Route, bridge: &IfName, apart: bool) -> bool {
    let lock = super::SecondLock { bridges: vec![bridge.clone()], pref: super::SECOND_LOCK_PREF };
    if apart {
        lock.ensure(route).is_ok() && lock.verify(route).is_ok_and(super::Locked::is_shut)
    } else {
        lock.verify(route).is_ok()
    }
}

fn create(route: &mut Route, name: &IfName, kind: &str, master: Option<LinkIndex>) -> Result<(), NetError> {
    let mut request = Request::new(libc::RTM_NEWLINK, libc::NLM_F_CREATE | libc::NLM_F_EXCL)
        .raw(&[0; 16])
        .text(libc::IFLA_IFNAME, name.as_str())
        .nest(libc::IFLA_LINKINFO, |info| info.text(libc::IFLA_INFO_KIND, kind));
    if let Some(master) = master {
        request = request.u32(libc::IFLA_MASTER, master.get());
    }
    route.conn().ack("create a scratch interface", request)
}

/// A name nobody else has: ours, with the process and thread numbers.
fn scratch_name(prefix: &str) -> Result<IfName, NetError> {
    let number = rustix::thread::gettid().as_raw_nonzero().get();
    let text = format!("{prefix}{number:x}");
    text.parse()
        .map_err(|error| NetError::Process { action: "name a scratch interface", source: std::io::Error::other(error) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_can_be_hidden_and_others_are_refused() {
        let all = NetFeatures { htb: true, fq_codel: true, tbf: true, isolation: true, policy_rules: true };
        let mut hidden = all;
        for name in NetFeatures::NAMES {
            hidden.hide(name).unwrap();
        }
        assert_eq!(hidden, NetFeatures::NONE);
        assert!(hidden.hide("cake").unwrap_err().to_string().contains("fq-codel"));
    }

    #[test]
    fn the_names_are_those_of_the_fields() {
        assert_eq!(NetFeatures::NONE.leaf(), Leaf::Bytes);
        assert_eq!(NetFeatures { tbf: true, ..NetFeatures::NONE }.leaf(), Leaf::Segmenting);
    }
}
