//! A content filter as a test sets it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gapura_dns::{Blocked, Filter, Judge, Judgement};
use gapura_model::Name;

/// A name and the addresses told for it.
pub(crate) type Told = (String, Vec<(IpAddr, u32)>);

/// A filter over a few names: what it says about a name, for everybody or for one policy.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) epoch: AtomicU64,
    pub(crate) names: Mutex<HashMap<(Option<u8>, String), Judgement>>,
    pub(crate) addresses: Mutex<HashMap<IpAddr, Judgement>>,
    pub(crate) private: Mutex<Option<Judgement>>,
    pub(crate) canaries_open: bool,
    /// Clients of the second policy; all others are of the first.
    pub(crate) second: Vec<IpAddr>,
    pub(crate) asked: AtomicUsize,
    pub(crate) counted: Mutex<Vec<(u8, u32)>>,
    pub(crate) told: Mutex<Vec<Told>>,
}

impl Rules {
    pub(crate) fn say(&self, policy: Option<u8>, name: &str, judgement: Judgement) {
        self.names.lock().unwrap().insert((policy, name.to_owned()), judgement);
    }

    pub(crate) fn publish(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }
}

/// [`Rules`] behind the traits.
#[derive(Clone)]
pub(crate) struct Office(pub(crate) Arc<Rules>);

impl Filter for Office {
    fn in_force(&self) -> Option<Arc<dyn Judge>> {
        (self.0.epoch.load(Ordering::SeqCst) > 0).then(|| Arc::new(self.clone()) as Arc<dyn Judge>)
    }
}

impl Judge for Office {
    fn epoch(&self) -> u64 {
        self.0.epoch.load(Ordering::SeqCst)
    }

    fn policy_of(&self, client: IpAddr) -> u8 {
        1 + u8::from(self.0.second.contains(&client))
    }

    fn name(&self, policy: u8, name: &Name, _qtype: u16) -> Judgement {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let names = self.0.names.lock().unwrap();
        let mut suffix = name.to_string();
        loop {
            for key in [(Some(policy), suffix.clone()), (None, suffix.clone())] {
                if let Some(judgement) = names.get(&key) {
                    return judgement.clone();
                }
            }
            match suffix.split_once('.') {
                Some((_, parent)) if !parent.is_empty() => suffix = parent.to_owned(),
                _ => return Judgement::Open,
            }
        }
    }

    fn address(&self, _policy: u8, address: IpAddr) -> Judgement {
        self.0.addresses.lock().unwrap().get(&address).cloned().unwrap_or(Judgement::Open)
    }

    fn private_address(&self, _policy: u8, name: &Name, _address: IpAddr) -> Judgement {
        if name.to_string().ends_with("dinas.go.id") {
            return Judgement::Open;
        }
        self.0.private.lock().unwrap().clone().unwrap_or(Judgement::Open)
    }

    fn canary(&self, _policy: u8, _name: &Name) -> Judgement {
        if self.0.canaries_open { Judgement::Open } else { Judgement::Blocked(Blocked::canary()) }
    }

    fn count(&self, policy: u8, blocked: &Blocked) {
        self.0.counted.lock().unwrap().push((policy, blocked.reason));
    }

    fn answered(&self, names: &[Name], addresses: &[(IpAddr, u32)]) {
        let told = names.iter().map(|name| (name.to_string(), addresses.to_vec()));
        self.0.told.lock().unwrap().extend(told);
    }
}
