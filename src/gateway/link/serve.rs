//! The link of an enrolled router: loops that wait for the controller, each with its own patience.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gapura_model::{ClockTrust, Generation};
use gapura_runtime::{Clock, Tasks};
use gapura_wire::{
    AccountAnswer, AccountCheck, AuditAnchor, BundleOutcome, BundleVerdict, GatewayState, Heartbeat, PortalBase,
    Record, RenewRequest, SpkiPin, Way,
};
use tokio::sync::{Notify, watch};

use super::backoff::{Backoff, draw};
use super::exchange::{Controller, LinkError};
use super::words::{POWER, words};
use super::{Endpoint, IdentityStore, Membership, desk, filter, requests, tls};
use crate::anchors::{AnchorStore, Kept};
use crate::bundles::BundleStore;
use crate::filter::Filtering;
use crate::gate::{Command, Handle};
use crate::metrics::LinkFigures;
use crate::requests::Requests;

/// What the link needs of the house.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) gate: Handle,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identity: IdentityStore,
    pub(crate) membership: Membership,
    pub(crate) endpoint: Endpoint,
    pub(crate) bundles: Arc<BundleStore>,
    pub(crate) filtering: Arc<Filtering>,
    anchors: AnchorStore,
    pub(crate) requests: Arc<Requests>,
    /// Where visitors reach the portal, for QR codes.
    portal: Option<PortalBase>,
    /// How it fares, for who scrapes that.
    pub(crate) figures: Arc<LinkFigures>,
    /// The controller has been told that a visit ended, or that a voucher is used.
    ended: Arc<Notify>,
    /// What holders used is known here, or nobody knows it.
    balances_known: watch::Sender<bool>,
    /// The connection in force; replaced when the certificate is renewed.
    controller: watch::Sender<Controller>,
}

/// How often the router says how it is.
const HEARTBEAT: Duration = Duration::from_mins(1);
/// How often it looks whether the site is in another state, which is said at once.
const NEWS: Duration = Duration::from_secs(3);
/// How often the outbox is looked at without being told.
const UPLOAD: Duration = Duration::from_mins(1);
/// How often balances go to the controller, for a box that takes this one's place.
const BALANCES: Duration = Duration::from_mins(5);
/// After balances were reported, an ended visit waits this long for the next report.
const BALANCES_REST: Duration = Duration::from_secs(30);
/// How often more is asked for of shares that are low without being told.
const SHARES: Duration = Duration::from_secs(30);
/// A good bundle that could not be kept (a full disk) is asked for again, less and less often.
const ROOM: Backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(30));
/// Between two exchanges about shares, at least.
const SHARES_REST: Duration = Duration::from_secs(1);

impl Link {
    /// Sets up TLS with the router's own certificate.
    ///
    /// # Errors
    /// When the identity on disk is damaged.
    pub(crate) fn new(
        gate: Handle,
        clock: Arc<dyn Clock>,
        identity: IdentityStore,
        membership: Membership,
        endpoint: Endpoint,
        bundles: Arc<BundleStore>,
        (filtering, requests): (Arc<Filtering>, Arc<Requests>),
    ) -> Result<Self, super::enrol::EnrolError> {
        let controller = connect(&identity, membership.controller, &endpoint)?;
        let (controller, _) = watch::channel(controller);
        let (balances_known, _) = watch::channel(false);
        let (ended, anchors) = (Arc::default(), AnchorStore::new(bundles.folder()));
        let portal = None;
        Ok(Self {
            gate,
            clock,
            identity,
            membership,
            endpoint,
            bundles,
            filtering,
            anchors,
            requests,
            portal,
            figures: Arc::default(),
            ended,
            balances_known,
            controller,
        })
    }

    /// Says with each heartbeat where visitors reach the portal.
    pub(crate) fn with_portal(mut self, portal: Option<PortalBase>) -> Self {
        self.portal = portal;
        self
    }

    /// The connection in force, as it is replaced.
    pub(super) fn renewals(&self) -> watch::Receiver<Controller> {
        self.controller.subscribe()
    }

    pub(super) fn controller(&self) -> Controller {
        self.controller.borrow().clone()
    }

    /// Checks a name and password at the controller; `None` when it cannot be asked.
    pub(crate) async fn account(&self, check: &AccountCheck) -> Option<AccountAnswer> {
        match self.controller().account(check).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                tracing::info!(error = %gapura_model::with_causes(&error), "the controller could not be asked about an account");
                None
            }
        }
    }
}

/// TLS with the router's own certificate and the pinned key.
pub(crate) fn connect(
    identity: &IdentityStore,
    pin: SpkiPin,
    endpoint: &Endpoint,
) -> Result<Controller, super::enrol::EnrolError> {
    let client = identity.client()?;
    Ok(Controller::new(endpoint.clone(), tls::client_config(*pin.as_bytes(), client)?))
}

/// Starts the loops; each begins after a random delay, so that a fleet does not come back all at once.
pub(crate) fn serve(link: &Link, tasks: &Tasks) {
    tasks.spawn("link: bundles", until_stopped(tasks, poll_bundles(link.clone())));
    tasks.spawn("link: usage", until_stopped(tasks, upload(link.clone())));
    tasks.spawn("link: heartbeat", until_stopped(tasks, beat(link.clone())));
    tasks.spawn("link: balances", until_stopped(tasks, report_balances(link.clone())));
    tasks.spawn("link: shares", until_stopped(tasks, trade_shares(link.clone())));
    let looking = desk::Looking::new();
    tasks.spawn("link: orders", until_stopped(tasks, desk::take_orders(link.clone(), looking.clone())));
    tasks.spawn("link: online", until_stopped(tasks, desk::tell_online(link.clone(), looking)));
    tasks.spawn("link: indexes", until_stopped(tasks, filter::fetch_indexes(link.clone())));
    tasks.spawn("link: filter counts", until_stopped(tasks, filter::report_counts(link.clone())));
    tasks.spawn("link: appeals", until_stopped(tasks, filter::send_appeals(link.clone())));
    tasks.spawn("link: requests", until_stopped(tasks, requests::send_requests(link.clone())));
    tasks.spawn("link: drafts", until_stopped(tasks, filter::report_drafts(link.clone())));
}

fn until_stopped<W: Future<Output = ()>>(tasks: &Tasks, work: W) -> impl Future<Output = ()> + use<W> {
    let stopping = tasks.stopping().clone();
    async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = work => {}
        }
    }
}

/// The state of one loop's luck with the controller, so that trouble is said once and its end once.
pub(super) struct Luck {
    what: &'static str,
    backoff: Backoff,
    trouble: bool,
}

impl Luck {
    pub(super) fn new(what: &'static str) -> Self {
        Self::with(what, Backoff::new(Duration::from_secs(2), Duration::from_mins(5)))
    }

    /// The same with waits of its own.
    pub(super) const fn with(what: &'static str, backoff: Backoff) -> Self {
        Self { what, backoff, trouble: false }
    }

    pub(super) fn good(&mut self) {
        self.backoff.reset();
        if std::mem::take(&mut self.trouble) {
            tracing::info!(exchange = self.what, "the controller answers again");
        }
    }

    pub(super) async fn bad(&mut self, error: &LinkError) {
        if !std::mem::replace(&mut self.trouble, true) {
            tracing::info!(exchange = self.what, error = %gapura_model::with_causes(error), "the controller does not take part; the site goes on alone");
        }
        self.pause().await;
    }

    pub(super) async fn pause(&mut self) {
        tokio::time::sleep(self.backoff.next(draw())).await;
    }
}

pub(super) async fn start_delay() {
    tokio::time::sleep(Duration::from_millis(draw() % 2_000)).await;
}

async fn poll_bundles(link: Link) {
    start_delay().await;
    let mut luck = Luck::new("bundle");
    let lost = loop {
        match link.gate.lost_balances().await {
            Some(lost) => break lost,
            None => luck.pause().await,
        }
    };
    if link.membership.restore_balances || lost {
        // Before the first bundle, which is what makes vouchers usable here: nobody is given a second quota.
        restore_balances(&link, &mut luck).await;
    }
    link.balances_known.send_replace(true);
    // After a refusal the same bundle is not asked for again: only a newer one helps.
    let mut refused = Generation::default();
    let mut said = None;
    let mut room = Luck::with("bundle", ROOM);
    let mut renewed = link.controller.subscribe();
    loop {
        let after = link.bundles.in_force().max(refused);
        let controller = renewed.borrow_and_update().clone();
        let answer = tokio::select! {
            answer = controller.bundle(after) => answer,
            // A question asked with the former certificate might be refused while it waits.
            _ = renewed.changed() => continue,
        };
        match answer {
            Ok(None) => luck.good(),
            Ok(Some(text)) => {
                luck.good();
                let outcome = take(&link, &text, after).await;
                // Once for each reason: it is tried again and again.
                let why =
                    (outcome.verdict != BundleVerdict::Applied).then(|| (outcome.generation, outcome.detail.clone()));
                if let Some((generation, why)) = why.as_ref().filter(|_| why != said) {
                    tracing::warn!(%generation, why, "a bundle was refused; the last good one stays");
                }
                said = why;
                if let Err(error) = link.controller().outcome(&outcome).await {
                    tracing::info!(error = %gapura_model::with_causes(&error), "the outcome of a bundle could not be reported");
                }
                match outcome.verdict {
                    BundleVerdict::Applied => room.good(),
                    // A full disk or a busy gate: the bundle itself is good, and is asked for again.
                    BundleVerdict::NotApplied => room.pause().await,
                    BundleVerdict::TooLarge
                    | BundleVerdict::Unreadable
                    | BundleVerdict::UnknownKey
                    | BundleVerdict::BadSignature
                    | BundleVerdict::Version
                    | BundleVerdict::WrongSite
                    | BundleVerdict::Older
                    | BundleVerdict::Contradiction
                    | BundleVerdict::Other => {
                        refused = refused.max(outcome.generation).max(after.next());
                        luck.pause().await;
                    }
                }
            }
            Err(error) => luck.bad(&error).await,
        }
    }
}

/// Verifies, stores, applies: in this order, so that a power cut leaves a bundle that was whole.
async fn take(link: &Link, text: &[u8], asked_after: Generation) -> BundleOutcome {
    let read = link.bundles.verified(text, &link.membership);
    let (signed, bundle) = match read {
        Ok(good) => good,
        Err(error) => {
            let verdict = BundleVerdict::from(&error);
            return BundleOutcome {
                generation: asked_after.next(),
                verdict,
                detail: gapura_model::with_causes(&error),
            };
        }
    };
    let generation = bundle.generation;
    let applied = match link.bundles.keep(&signed) {
        Err(error) => Err(gapura_model::with_causes(&error)),
        Ok(()) => link.gate.policy(bundle).await,
    };
    match applied {
        Ok(()) => {
            link.bundles.set_in_force(generation);
            tracing::info!(%generation, "a new bundle is in force");
            BundleOutcome { generation, verdict: BundleVerdict::Applied, detail: String::new() }
        }
        Err(detail) => BundleOutcome { generation, verdict: BundleVerdict::NotApplied, detail },
    }
}

async fn upload(link: Link) {
    start_delay().await;
    let mut luck = Luck::new("usage");
    loop {
        match link.gate.outbox().await {
            None => {
                // Wakes when a visit begins or ends; updates wait for the timer.
                let _ = tokio::time::timeout(UPLOAD, link.gate.outbox_filled()).await;
            }
            Some(batch) => match link.controller().usage(&batch).await {
                Ok(ack) => {
                    luck.good();
                    link.gate.outbox_sent(batch.seq, ack);
                    if batch.records.iter().any(changes_a_balance) {
                        link.ended.notify_one();
                    }
                }
                Err(error) => {
                    if error.is_refusal() {
                        // It would be refused for ever, and hold up all that is behind it.
                        link.gate.outbox_refused(batch.seq);
                    }
                    luck.bad(&error).await;
                }
            },
        }
    }
}

/// A visit that ended, or one that begins with a voucher: the counter waits to see that it is in use.
fn changes_a_balance(record: &Record) -> bool {
    match record {
        Record::Visit(visit) => visit.end.is_some() || visit.way == Way::Voucher && visit.at == visit.start,
        Record::Outage(_) | Record::Tally(_) => false,
    }
}

async fn beat(link: Link) {
    start_delay().await;
    let mut luck = Luck::new("heartbeat");
    loop {
        let Some(mut beat) = link.gate.heartbeat().await else {
            // Too busy to say how it is.
            luck.pause().await;
            continue;
        };
        beat.portal.clone_from(&link.portal);
        let data = link.identity.directory().to_owned();
        let looked = tokio::task::spawn_blocking(move || words(Path::new(POWER), &data)).await;
        beat.words = looked.unwrap_or_default();
        beat.nonce = [draw(), draw()].iter().flat_map(|word| word.to_ne_bytes()).collect();
        match one_beat(&link, &beat).await {
            Ok(()) => {
                luck.good();
                link.figures.answered(link.clock.now().wall);
                rest(&link.gate, beat.state).await;
            }
            Err(error) => {
                link.figures.failed();
                luck.bad(&error).await;
            }
        }
    }
}

/// Until it is time for the next heartbeat: a minute, or until the site is in another state than was said.
async fn rest(gate: &Handle, said: GatewayState) {
    let news = async {
        loop {
            tokio::time::sleep(NEWS).await;
            if gate.heartbeat().await.is_some_and(|beat| beat.state != said) {
                return;
            }
        }
    };
    // Nothing new is as good a reason to go on.
    drop(tokio::time::timeout(HEARTBEAT, news).await);
}

async fn one_beat(link: &Link, beat: &Heartbeat) -> Result<(), LinkError> {
    let reply = link.controller().heartbeat(beat).await?;
    match reply.time.verify(&link.membership.bundle_key, &link.membership.gateway, &beat.nonce) {
        Ok(time) => {
            let doubtful = link.clock.now().trust == ClockTrust::Doubtful;
            link.clock.trust(time);
            if doubtful {
                // A word to the gate, so that hours follow the new time now and not at its next timer.
                link.gate.heartbeat().await;
            }
        }
        Err(error) => tracing::warn!(%error, "the controller's time was not believed"),
    }
    if let Some(anchor) = &reply.audit {
        keep_anchor(link, anchor);
    }
    if !reply.recalled.is_empty() {
        link.gate.tell(Command::Recalled(reply.recalled));
    }
    if reply.renew
        && let Err(error) = renew(link).await
    {
        tracing::warn!(error = %gapura_model::with_causes(error.as_ref()), "the router's certificate could not be renewed; trying again later");
    }
    Ok(())
}

/// Keeps a signed head of the controller's audit log.
fn keep_anchor(link: &Link, anchor: &AuditAnchor) {
    match link.anchors.keep(anchor, &link.membership.bundle_key) {
        Ok(Kept::Known | Kept::New) => {}
        Ok(Kept::Contradicts) => {
            tracing::warn!(
                number = anchor.number,
                "the controller's audit log was cut off or rewritten since it was last signed: hold it against `gapura ctl anchors`"
            );
        }
        Ok(Kept::Foreign) => tracing::warn!("a head of the audit log is not signed by the controller's key"),
        Err(error) => {
            tracing::warn!(error = %gapura_model::with_causes(&error), "a head of the audit log could not be kept");
        }
    }
}

async fn renew(link: &Link) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let csr_pem = link.identity.renewal_request()?;
    let answer = link.controller().renew(&RenewRequest { csr_pem }).await?;
    link.identity.keep_renewed(&answer.certificate_pem)?;
    let controller = connect(&link.identity, link.membership.controller, &link.endpoint)?;
    link.controller.send_replace(controller);
    tracing::info!("the router's certificate was renewed");
    Ok(())
}

async fn report_balances(link: Link) {
    start_delay().await;
    // A router that lost its ledger knows less than it told before, and would take the place of that.
    if link.balances_known.subscribe().wait_for(|known| *known).await.is_err() {
        return;
    }
    let mut luck = Luck::new("balances");
    loop {
        let mut rest = Duration::ZERO;
        if let Some(report) = link.gate.balances().await {
            // Until it arrives: the gate names a holder whose visit has ended only once.
            while let Err(error) = link.controller().report_balances(&report).await {
                luck.bad(&error).await;
            }
            luck.good();
            rest = BALANCES_REST;
        }
        tokio::time::sleep(rest).await;
        let _ = tokio::time::timeout(BALANCES.saturating_sub(rest), link.ended.notified()).await;
    }
}

/// Shares of group vouchers: asks for more, gives back what is wanted elsewhere. What gets lost is said again: by the gate while
/// it is low, by the controller with each heartbeat while it wants something back.
async fn trade_shares(link: Link) {
    start_delay().await;
    let mut luck = Luck::new("shares");
    loop {
        if let Some(report) = link.gate.shares().await {
            match link.controller().shares(&report).await {
                Ok(answer) => {
                    luck.good();
                    link.gate.tell(Command::Lent(Box::new(answer)));
                }
                Err(error) => {
                    luck.bad(&error).await;
                    continue;
                }
            }
        }
        tokio::time::sleep(SHARES_REST).await;
        let _ = tokio::time::timeout(SHARES, link.gate.shares_wanted()).await;
    }
}

/// What the dead box, or this one before it lost its ledger, last reported becomes this one's, once, page by page.
async fn restore_balances(link: &Link, luck: &mut Luck) {
    let (mut after, mut rows) = (None::<String>, 0);
    loop {
        match link.controller().balances(after.as_deref()).await {
            Ok(report) => {
                luck.good();
                let (count, more) = (report.balances.len(), report.more_after.clone());
                if !link.gate.restore_balances(report).await {
                    luck.pause().await;
                    continue;
                }
                rows += count;
                after = more;
                if after.is_none() {
                    break;
                }
            }
            Err(error) => luck.bad(&error).await,
        }
    }
    let membership = Membership { restore_balances: false, ..link.membership.clone() };
    if let Err(error) = link.identity.keep_membership(&membership) {
        tracing::warn!(error = %gapura_model::with_causes(&error), "balances were taken over, but not noted so");
    }
    while !link.gate.tell(Command::BalancesRestored) {
        luck.pause().await;
    }
    tracing::info!(rows, "balances that were last reported for this site were taken over");
}
