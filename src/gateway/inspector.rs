//! First-packet inspection, where a site switched it on and its kernel has packet queues: the name that a connection to port
//! 443 asks for is judged by the rules that hold for DNS, and a refused one is reset.
//!
//! It may stop working and must never stop traffic: packets pass where nobody takes them, and an inspector that hangs is
//! unbound within [`LONGEST`] and its rule withdrawn until it is back.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gapura_dns::{Filter, Judgement};
use gapura_inspect::queue::{Blocking, Change, Heart, Probe, Queue, Release, Settings, Watch};
use gapura_inspect::{Asked, Finding, FlowKey, Hello};
use gapura_kernel::{Features, QUEUE, REFUSED};
use gapura_runtime::{Clock, Tasks};
use tokio_util::sync::CancellationToken;

use crate::filter::{Current, Filtering};
use crate::gate::{Command, Handle};

/// An inspector that does not come round for this long hangs.
const LONGEST: Duration = Duration::from_secs(1);
/// It is looked at this often.
const ROUND: Duration = Duration::from_millis(250);
/// A queue that failed is opened again after this long.
const AGAIN: Duration = Duration::from_secs(5);
/// The record type that a connection's name is judged as: an address.
const A: u16 = 1;

/// Whether this kernel leads packets to a program: rules for it (hidden ones count as missing), and the queue itself.
pub(crate) fn is_possible(features: Features) -> bool {
    (features.queue || features.xt_queue) && Probe::new().is_ok_and(|found| found.socket)
}

/// Starts it; without what it needs of the kernel that is said, and all goes on without.
///
/// # Errors
/// The thread could not be started.
pub(crate) fn start(
    filtering: &Arc<Filtering>,
    features: Features,
    gate: Handle,
    clock: Arc<dyn Clock>,
    tasks: &Tasks,
) -> std::io::Result<()> {
    if !is_possible(features) {
        tracing::warn!("filter.inspect: this kernel has no packet queues; names are judged in DNS alone");
        filtering.standing.inspection("not in this kernel");
        return Ok(());
    }
    let shared =
        Arc::new(Shared { heart: Heart::new(clock.now().up), release: Mutex::default(), lost: AtomicBool::default() });
    let inspector = Inspector { current: filtering.current.clone(), clock: clock.clone(), shared: shared.clone() };
    tasks.thread("inspector", move |stop| inspector.work(&stop))?;
    let stopping = tasks.stopping().clone();
    tasks.spawn("inspector: watch", watch(shared, filtering.clone(), gate, clock, stopping));
    Ok(())
}

/// What the inspector and its watch share.
struct Shared {
    heart: Heart,
    /// Gives the queue back from outside.
    release: Mutex<Option<Release>>,
    /// The queue was given back so.
    lost: AtomicBool,
}

struct Inspector {
    current: Current,
    clock: Arc<dyn Clock>,
    shared: Arc<Shared>,
}

impl Inspector {
    fn work(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.open_and_work(stop) {
                tracing::error!(error = %gapura_model::with_causes(&error), "first packets pass uninspected; the queue is opened again");
                let again = self.clock.now().up.after(AGAIN);
                while !stop.is_cancelled() && self.clock.now().up < again {
                    self.shared.heart.beat(self.clock.now().up);
                    std::thread::park_timeout(ROUND);
                }
            }
        }
    }

    fn open_and_work(&self, stop: &CancellationToken) -> Result<(), gapura_inspect::queue::QueueError> {
        let mut queue = Queue::open(Settings::new(QUEUE, Blocking::Mark(REFUSED)))?;
        *self.shared.release.lock().unwrap_or_else(PoisonError::into_inner) = Some(queue.release()?);
        self.shared.lost.store(false, Ordering::Relaxed);
        let mut judge = |flow: &FlowKey, finding: &Finding| may_pass(&self.current, flow.client, finding);
        let over = || stop.is_cancelled() || self.shared.lost.load(Ordering::Relaxed);
        queue.run(&|| self.clock.now().up, &self.shared.heart, &over, &mut judge)
    }
}

/// The rules of DNS on the name that is asked for. What cannot be told passes: its name was judged when it was looked up.
fn may_pass(rules: &dyn Filter, client: IpAddr, finding: &Finding) -> bool {
    let Finding::Hello(Hello { asked: Asked::Name(name), .. }) = finding else { return true };
    let Some(rules) = rules.in_force() else { return true };
    let policy = rules.policy_of(client);
    match rules.name(policy, name, A) {
        Judgement::Blocked(blocked) => {
            rules.count(policy, &blocked);
            false
        }
        Judgement::Open | Judgement::Alias(_) | Judgement::Damaged => true,
    }
}

/// Leads the groups with rules about names to the inspector while it works, and nobody while it hangs.
async fn watch(
    shared: Arc<Shared>,
    filtering: Arc<Filtering>,
    gate: Handle,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
) {
    let groups = filtering.spoken_of();
    let mut watch = Watch::new(shared.heart.clone(), LONGEST);
    let (mut hangs, mut led) = (false, None);
    filtering.standing.inspection("at work");
    loop {
        match watch.look(clock.now().up) {
            Some(Change::Withdraw) => {
                hangs = true;
                shared.lost.store(true, Ordering::Relaxed);
                let release = shared.release.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(Err(error)) = release.map(|release| release.unbind()) {
                    tracing::error!(error = %gapura_model::with_causes(&error), "the hung inspector's queue could not be given back");
                }
                tracing::error!("first-packet inspection hangs: packets pass uninspected until it is back");
                filtering.standing.inspection("hangs");
            }
            Some(Change::Restore) => {
                hangs = false;
                tracing::info!("first-packet inspection is back");
                filtering.standing.inspection("at work");
            }
            None => {}
        }
        let wanted = if hangs { Vec::new() } else { groups.borrow().clone() };
        if led.as_ref() != Some(&wanted) && gate.tell(Command::Inspect(wanted.clone())) {
            led = Some(wanted);
        }
        tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(ROUND) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use gapura_dns::{Blocked, Judge};
    use gapura_inspect::{Over, Undecidable};
    use gapura_model::Name;

    use super::*;

    /// Blocks one name for one client.
    #[derive(Default)]
    struct Office(AtomicU64);

    struct Site(Option<Arc<Office>>);

    impl Filter for Site {
        fn in_force(&self) -> Option<Arc<dyn Judge>> {
            self.0.clone().map(|office| -> Arc<dyn Judge> { office })
        }
    }

    impl Judge for Office {
        fn epoch(&self) -> u64 {
            1
        }

        fn policy_of(&self, client: IpAddr) -> u8 {
            u8::from(client.is_ipv4())
        }

        fn name(&self, policy: u8, name: &Name, _: u16) -> Judgement {
            let blocked = policy == 1 && name.to_string() == "judi.example";
            if blocked { Judgement::Blocked(Blocked::canary()) } else { Judgement::Open }
        }

        fn address(&self, _: u8, _: IpAddr) -> Judgement {
            Judgement::Open
        }

        fn count(&self, _: u8, _: &Blocked) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn answered(&self, _: &[Name], _: &[(IpAddr, u32)]) {}
    }

    #[test]
    fn names_are_judged_as_in_dns_and_what_cannot_be_told_passes() {
        let office = Arc::new(Office::default());
        let site = Site(Some(office.clone()));
        let (four, six): (IpAddr, IpAddr) = ("10.1.1.2".parse().unwrap(), "fd00::2".parse().unwrap());
        let hello = |asked, ech| Finding::Hello(Hello { asked, ech, alpn: Vec::new(), over: Over::Tcp });
        let named = |name: &str, ech| hello(Asked::Name(Box::new(name.parse().unwrap())), ech);
        // Behind an encrypted hello only the name in front is judged.
        for ech in [false, true] {
            assert!(!may_pass(&site, four, &named("judi.example", ech)));
            assert!(may_pass(&site, six, &named("judi.example", ech)), "another policy");
            assert!(may_pass(&site, four, &named("sekolah.example", ech)));
        }
        for asked in [Asked::Nobody, Asked::Address(four)] {
            assert!(may_pass(&site, four, &hello(asked, false)));
        }
        assert!(may_pass(&site, four, &Finding::Undecidable(Undecidable::TooLong)));
        assert!(may_pass(&Site(None), four, &named("judi.example", false)), "DNS is closed then");
        assert_eq!(office.0.load(Ordering::Relaxed), 2);
    }
}
