//! A visitor who tries without pause: names over the gateway's resolver, new connections to addresses.

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use gapura_lab::clock::{Stopwatch, wait_for};
use gapura_lab::daemon::Site;
use gapura_lab::dns::{ask_udp, kind};
use gapura_lab::traffic::{Knock, knock};
use gapura_lab::{LabError, addr};

use super::revision::Revision;

const PAUSE: Duration = Duration::from_millis(1);
/// A try that hangs is given up and tried again.
const TRY: Duration = Duration::from_secs(2);
const NO_SUCH_NAME: u8 = 3;

/// Where the visitor asks: the gateway's resolver over both families.
pub(super) struct Target {
    resolvers: [(SocketAddr, u16); 2],
}

/// When it was over.
pub(super) struct Seen {
    /// The name is refused over IPv4 and IPv6.
    pub(super) name: Duration,
    /// New connections to both addresses are refused.
    pub(super) addresses: Duration,
}

impl Target {
    /// The gateway as a visitor with the addresses `own` sees it.
    pub(super) fn of(site: &Site, own: &[IpAddr]) -> Result<Self, LabError> {
        let prefix = |address: &IpAddr| match address {
            IpAddr::V6(six) => Some(six.to_bits() >> 64),
            IpAddr::V4(_) => None,
        };
        let near =
            |address: &IpAddr| prefix(address).is_some_and(|router| own.iter().any(|own| prefix(own) == Some(router)));
        let router = site.lab().gw().addresses("br-lan")?.into_iter().find(near);
        let router =
            router.ok_or_else(|| LabError::answer("the gateway", "no IPv6 address of the visitor's prefix"))?;
        Ok(Self {
            resolvers: [
                (SocketAddr::new(addr::LAN.0.into(), addr::port::DNS), kind::A),
                (SocketAddr::new(router, addr::port::DNS), kind::AAAA),
            ],
        })
    }
}

/// Until the name is answered and the addresses take connections; so the answer is in the resolver's cache too.
pub(super) fn open(target: &Target, revision: &Revision, limit: Duration) -> Result<(), LabError> {
    for (server, kind) in target.resolvers {
        wait_for("the name before it is refused", limit, || {
            Ok((ask_udp(server, &revision.name, kind, TRY)?.rcode == 0).then_some(()))
        })?;
    }
    for address in revision.addresses {
        let to = SocketAddr::new(address, addr::port::HTTPS);
        wait_for("the address before it is refused", limit, || Ok((knock(to, TRY).0 == Knock::Open).then_some(())))?;
    }
    Ok(())
}

/// Until names and addresses are refused over both families; `watch` was started with the publication.
pub(super) fn until_refused(
    target: &Target,
    revision: &Revision,
    watch: Stopwatch,
    limit: Duration,
) -> Result<Seen, LabError> {
    thread::scope(|scope| {
        let knocking = scope.spawn(|| {
            each(revision.addresses, "addresses refused", (watch, limit), |address| {
                Ok(knock(SocketAddr::new(address, addr::port::HTTPS), TRY).0 == Knock::Refused)
            })
        });
        let name = each(target.resolvers, "name refused", (watch, limit), |(server, kind)| {
            Ok(ask_udp(server, &revision.name, kind, TRY)?.rcode == NO_SUCH_NAME)
        });
        let addresses = knocking.join().map_err(|_| LabError::answer("a visitor", "its thread panicked"))?;
        Ok(Seen { name: name?, addresses: addresses? })
    })
}

/// When the last of them holds, each looked at without pause until it does.
fn each<T: Copy>(
    all: [T; 2],
    what: &str,
    (watch, limit): (Stopwatch, Duration),
    holds: impl Fn(T) -> Result<bool, LabError>,
) -> Result<Duration, LabError> {
    for one in all {
        while !holds(one)? {
            if watch.elapsed() > limit {
                let last = "still as before".to_owned();
                return Err(LabError::Late { what: what.to_owned(), waited: watch.elapsed(), last });
            }
            thread::sleep(PAUSE);
        }
    }
    Ok(watch.elapsed())
}
