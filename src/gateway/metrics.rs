//! `GET /metrics`: what the rooms of this daemon count, for Prometheus. Only totals and states: never a person, a device, an
//! address or a visited name.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use gapura_dns::Counters;
use gapura_metrics::{Page, bind, process, serve};
use gapura_runtime::Tasks;
use gapura_wire::GatewayState;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::OnceCell;

use crate::config::MetricsSection;
use crate::gate::{Figures, Handle};
use crate::link::Link;

/// How the link to the controller fares.
#[derive(Debug, Default)]
pub(crate) struct LinkFigures {
    /// When the controller last answered a heartbeat, in seconds since 1970; 0: never.
    contact: AtomicI64,
    heartbeats: AtomicU64,
    failed: AtomicU64,
    /// Whether the last one was answered.
    up: AtomicU64,
}

impl LinkFigures {
    /// The controller answered a heartbeat.
    pub(crate) fn answered(&self, at: Timestamp) {
        self.contact.store(at.as_second(), Ordering::Relaxed);
        self.heartbeats.fetch_add(1, Ordering::Relaxed);
        self.up.store(1, Ordering::Relaxed);
    }

    /// It did not.
    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.up.store(0, Ordering::Relaxed);
    }
}

/// What is asked when somebody scrapes.
pub(crate) struct Sources {
    pub(crate) gate: Handle,
    pub(crate) dns: Arc<Counters>,
    /// Set once the router is in the fleet; none where it runs alone.
    pub(crate) link: Option<Arc<OnceCell<Link>>>,
    /// The portal's certificate chain.
    pub(crate) certificate: Option<PathBuf>,
}

/// Answers scrapers until the process stops. A router must serve visitors all the same if nobody can scrape it.
pub(crate) fn start(section: Option<&MetricsSection>, sources: Sources, tasks: &Tasks) {
    let Some(MetricsSection { listen }) = section else { return };
    let (listen, sources, of_server) = (*listen, Arc::new(sources), tasks.clone());
    tasks.spawn("metrics", async move {
        match bind(listen).await {
            Ok(listener) => {
                tracing::info!(%listen, "figures are served at /metrics");
                let write = move |page| write(page, sources.clone());
                serve(listener, of_server, write).await;
            }
            Err(error) => tracing::error!(%listen, %error, "figures cannot be served: is another program there?"),
        }
    });
}

async fn write(mut page: Page, sources: Arc<Sources>) -> Page {
    let figures = sources.gate.figures().await;
    page.gauge("gapura_gateway_up", "Whether the gate answered this scrape; without, its figures are missing.", |it| {
        it.value(figures.is_some());
    });
    if let Some(figures) = figures {
        visits(&mut page, &figures);
        state(&mut page, &figures);
        kernel(&mut page, &figures);
    }
    names(&mut page, &sources.dns);
    link(&mut page, sources.link.as_ref().and_then(|link| link.get()));
    let chain = sources.certificate.as_ref().and_then(|path| std::fs::read(path).ok());
    page.gauge(
        "gapura_gateway_portal_certificate_expiry_timestamp_seconds",
        "When the certificate of the HTTPS portal ends, in seconds since 1970.",
        |it| it.known(chain.as_deref().and_then(certificate_end)),
    );
    process(&mut page, env!("CARGO_PKG_VERSION"));
    page
}

fn visits(page: &mut Page, figures: &Figures) {
    page.gauge("gapura_gateway_visits_online", "Visits running.", |it| it.value(figures.online));
    page.counter("gapura_gateway_logins", "Visits begun or gone on with, by the way in.", |it| {
        figures.logins.iter().for_each(|(way, count)| it.with(&[("way", way)], *count));
    });
    page.counter("gapura_gateway_refusals", "Visitors that were not let in, by the reason they were told.", |it| {
        figures.refusals.iter().for_each(|(reason, count)| it.with(&[("reason", reason)], *count));
    });
    page.counter("gapura_gateway_visitor_bytes", "Octets of visitors, from (up) and to (down) their devices.", |it| {
        it.with(&[("direction", "up")], figures.traffic.up.get());
        it.with(&[("direction", "down")], figures.traffic.down.get());
    });
    page.histogram(
        "gapura_gateway_round_seconds",
        "One turn of the gate: decide, write down, tell the kernel, for all who waited.",
        |it| it.took(&[], &figures.rounds),
    );
}

fn state(page: &mut Page, figures: &Figures) {
    let states = [
        (GatewayState::Starting, "starting"),
        (GatewayState::Serving, "serving"),
        (GatewayState::Closed, "closed"),
        (GatewayState::UplinkDown, "uplink-down"),
        (GatewayState::OpenInEmergency, "open-in-emergency"),
        (GatewayState::Degraded, "degraded"),
    ];
    page.gauge("gapura_gateway_state", "1 for the state it is in, 0 for the others.", |it| {
        for (state, word) in states {
            it.with(&[("state", word)], figures.state == state);
        }
    });
    let mut flag = |name, help, is: bool| page.gauge(name, help, |it| it.value(is));
    flag("gapura_gateway_hours_open", "Whether the site is within its hours.", figures.open);
    flag("gapura_gateway_emergency_open", "Whether the gate stands open for everybody.", figures.emergency);
    flag("gapura_gateway_uplink_up", "Whether the Internet is there.", figures.uplink);
    flag("gapura_gateway_clock_trusted", "Whether the wall clock may be believed.", figures.clock_trusted);
    flag(
        "gapura_gateway_storage_troubled",
        "Whether the disk does not take what is to be kept.",
        figures.storage_troubled,
    );
    flag(
        "gapura_gateway_filter_in_force",
        "Whether the content filter holds as the bundle says.",
        figures.filter.in_force,
    );
    page.gauge(
        "gapura_gateway_filter_index_version",
        "The version of the index of lists in use; none: no lists.",
        |it| {
            it.known(figures.filter.index);
        },
    );
    page.gauge("gapura_gateway_alerts", "What staff should see to at this router (gapura ctl status).", |it| {
        it.value(figures.alerts);
    });
    page.gauge("gapura_gateway_bundle_generation", "The generation of the bundle in force; 0: none yet.", |it| {
        it.value(figures.generation);
    });
    page.gauge("gapura_gateway_outbox_records", "Records for the controller that it does not have yet.", |it| {
        it.value(figures.outbox.records);
    });
    page.counter(
        "gapura_gateway_outbox_dropped",
        "Records dropped because the outbox was full, since the ledger was made.",
        |it| {
            it.value(figures.outbox.dropped);
        },
    );
}

fn kernel(page: &mut Page, figures: &Figures) {
    page.counter(
        "gapura_gateway_kernel_repairs",
        "Times the kernel's state was found changed and was repaired.",
        |it| {
            it.value(figures.repairs);
        },
    );
    page.counter(
        "gapura_gateway_incidents",
        "What should not happen in a visitor network: packets, flows or attempts, by kind.",
        |it| figures.tallies.iter().for_each(|(kind, count)| it.with(&[("kind", kind)], *count)),
    );
}

fn names(page: &mut Page, counters: &Counters) {
    let figures = counters.read();
    page.counter("gapura_gateway_dns_queries", "Questions that arrived, by transport.", |it| {
        it.with(&[("transport", "udp")], figures.udp_queries);
        it.with(&[("transport", "tcp")], figures.tcp_queries);
    });
    page.counter("gapura_gateway_dns_answers", "What became of questions.", |it| {
        for (result, count) in [
            ("own", figures.own),
            ("cached", figures.cached),
            ("stale", figures.stale),
            ("forwarded", figures.forwarded),
            ("coalesced", figures.coalesced),
            ("blocked", figures.blocked),
            ("aliased", figures.aliased),
            ("unjudged", figures.unjudged),
            ("failed", figures.failures),
            ("refused", figures.refused),
            ("malformed", figures.malformed),
            ("unsent", figures.unsent),
        ] {
            it.with(&[("result", result)], count);
        }
    });
    page.counter("gapura_gateway_dns_upstream_answers", "Answers that upstreams gave.", |it| {
        it.value(figures.upstream_answers);
    });
    page.counter("gapura_gateway_dns_upstream_seconds", "Time waited for those, in sum.", |it| {
        it.value(figures.upstream_micros as f64 / 1e6);
    });
    page.counter(
        "gapura_gateway_dns_upstream_timeouts",
        "Waits for an upstream that passed without an answer.",
        |it| {
            it.value(figures.upstream_timeouts);
        },
    );
}

fn link(page: &mut Page, link: Option<&Link>) {
    let figures = link.map(|link| &link.figures);
    let read = |of: fn(&LinkFigures) -> &AtomicU64| figures.map(|figures| of(figures).load(Ordering::Relaxed));
    page.gauge("gapura_gateway_controller_up", "Whether the controller answered the last heartbeat.", |it| {
        it.known(read(|of| &of.up));
    });
    page.gauge(
        "gapura_gateway_controller_contact_timestamp_seconds",
        "When it last answered one, in seconds since 1970.",
        |it| it.known(figures.map(|of| of.contact.load(Ordering::Relaxed)).filter(|at| *at > 0)),
    );
    page.counter("gapura_gateway_heartbeats", "Heartbeats, by whether the controller answered.", |it| {
        for (result, count) in [("answered", read(|of| &of.heartbeats)), ("failed", read(|of| &of.failed))] {
            if let Some(count) = count {
                it.with(&[("result", result)], count);
            }
        }
    });
    page.gauge(
        "gapura_gateway_certificate_expiry_timestamp_seconds",
        "When this router's certificate for the controller ends, in seconds since 1970.",
        |it| it.known(link.and_then(|link| link.identity.certificate()).as_deref().and_then(certificate_end)),
    );
}

/// When the first certificate of a chain (PEM) ends.
fn certificate_end(pem: &[u8]) -> Option<i64> {
    let leaf = CertificateDer::pem_slice_iter(pem).next()?.ok()?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&leaf).ok()?;
    Some(certificate.validity().not_after.timestamp())
}
