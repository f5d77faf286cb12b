//! What the controller counts while it serves: requests, batches, verdicts, connections. Totals of this process, which no label
//! makes more of than there are routes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use gapura_metrics::{Counter, FAST, Histogram, Page, SLOW, Timer};
use http::Method;
use tokio::sync::Semaphore;

/// Everything.
#[derive(Debug)]
pub struct Meters {
    /// The gateways' API.
    pub(crate) api: Served,
    /// The staff's console.
    console: Served,
    /// How long a batch took, from its reading to its commit.
    pub(crate) ingest: Arc<Histogram>,
    batches: Counter,
    repeated: Counter,
    records: Counter,
    unstored: Counter,
    verdicts: Mutex<BTreeMap<String, u64>>,
    doors: Mutex<BTreeMap<&'static str, (usize, Arc<Semaphore>)>>,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            api: Served::new(SLOW),
            console: Served::new(FAST),
            ingest: Arc::new(Histogram::new(FAST)),
            batches: Counter::default(),
            repeated: Counter::default(),
            records: Counter::default(),
            unstored: Counter::default(),
            verdicts: Mutex::default(),
            doors: Mutex::default(),
        }
    }
}

impl Meters {
    /// A batch was taken.
    pub(crate) fn ingested(&self, repeated: bool, records: usize, unstored: usize) {
        self.batches.one();
        if repeated {
            return self.repeated.one();
        }
        self.records.add(u64::try_from(records).unwrap_or_default());
        self.unstored.add(u64::try_from(unstored).unwrap_or_default());
    }

    /// A gateway judged a bundle.
    pub(crate) fn verdict(&self, verdict: &str) {
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        *verdicts.entry(verdict.to_owned()).or_default() += 1;
    }

    /// So many places there are behind a door.
    pub fn door(&self, name: &'static str, places: &Arc<Semaphore>) {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.insert(name, (places.available_permits(), Arc::clone(places)));
    }

    pub(crate) fn write(&self, page: &mut Page) {
        self.api.write(
            page,
            [
                "gapura_controller_api_requests",
                "gapura_controller_api_request_seconds",
                "gapura_controller_api_requests_in_flight",
            ],
            "gateways' API",
        );
        self.console.write(
            page,
            [
                "gapura_controller_console_requests",
                "gapura_controller_console_request_seconds",
                "gapura_controller_console_requests_in_flight",
            ],
            "console",
        );
        let mut count = |name, help, counter: &Counter| page.counter(name, help, |it| it.value(counter.get()));
        count(
            "gapura_controller_ingest_batches",
            "Batches of usage records taken, repeated ones included.",
            &self.batches,
        );
        count(
            "gapura_controller_ingest_repeated_batches",
            "Batches that came again and were not stored again.",
            &self.repeated,
        );
        count(
            "gapura_controller_ingest_records",
            "Usage records in batches that came for the first time.",
            &self.records,
        );
        count(
            "gapura_controller_ingest_refused_records",
            "Of them, those that were refused or kept unread.",
            &self.unstored,
        );
        page.histogram(
            "gapura_controller_ingest_seconds",
            "What a batch took, from its reading to its commit.",
            |it| {
                it.took(&[], &self.ingest);
            },
        );
        page.counter("gapura_controller_bundle_verdicts", "What gateways did with bundles.", |it| {
            let verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
            for (verdict, count) in &*verdicts {
                it.with(&[("verdict", verdict)], *count);
            }
        });
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner).clone();
        page.gauge("gapura_controller_connections", "Connections open, by what they are for.", |it| {
            for (name, (most, places)) in &doors {
                it.with(&[("door", name)], most.saturating_sub(places.available_permits()));
            }
        });
        page.gauge("gapura_controller_connections_max", "Connections that may be open.", |it| {
            for (name, (most, _)) in &doors {
                it.with(&[("door", name)], *most);
            }
        });
        page.histogram(
            "gapura_controller_db_transaction_seconds",
            "Transactions, from when one was asked for until its end; a write's wait for its turn included.",
            |it| {
                it.took(&[("kind", "read")], gapura_store::reading());
                it.took(&[("kind", "write")], gapura_store::writing());
            },
        );
    }
}

/// Requests that one router answers.
#[derive(Debug)]
pub(crate) struct Served {
    bounds: &'static [f64],
    by_status: Mutex<BTreeMap<(String, &'static str, u16), u64>>,
    by_route: Mutex<BTreeMap<String, Route>>,
}

#[derive(Clone, Debug)]
struct Route {
    seconds: Arc<Histogram>,
    /// Each request that is being answered holds a copy.
    running: Arc<()>,
}

impl Served {
    fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, by_status: Mutex::default(), by_route: Mutex::default() }
    }

    fn route(&self, pattern: &str) -> Route {
        let mut routes = self.by_route.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(pattern) {
            return route.clone();
        }
        let route = Route { seconds: Arc::new(Histogram::new(self.bounds)), running: Arc::default() };
        routes.insert(pattern.to_owned(), route.clone());
        route
    }

    fn answered(&self, pattern: &str, method: &'static str, status: u16) {
        let mut counts = self.by_status.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((pattern.to_owned(), method, status)).or_default() += 1;
    }

    fn write(&self, page: &mut Page, [requests, seconds, in_flight]: [&'static str; 3], of: &str) {
        page.counter(requests, &format!("Requests of the {of}, by the route's pattern."), |it| {
            let counts = self.by_status.lock().unwrap_or_else(PoisonError::into_inner);
            for ((route, method, status), count) in &*counts {
                it.with(&[("route", route), ("method", method), ("status", &status.to_string())], *count);
            }
        });
        let routes = self.by_route.lock().unwrap_or_else(PoisonError::into_inner).clone();
        page.histogram(seconds, &format!("What requests of the {of} took until their answer began, by route."), |it| {
            for (route, one) in &routes {
                it.took(&[("route", route)], &one.seconds);
            }
        });
        page.gauge(
            in_flight,
            &format!("Requests of the {of} being answered now, those that wait for news included."),
            |it| {
                for (route, one) in &routes {
                    // One copy in the table, one in ours.
                    it.with(&[("route", route)], Arc::strong_count(&one.running).saturating_sub(2));
                }
            },
        );
    }
}

/// Which router is measured.
#[derive(Clone, Copy, Debug)]
pub enum Meter {
    /// The gateways' API.
    Api,
    /// The staff's console.
    Console,
}

/// Notes what was asked, what came of it and how long it took: by the route's pattern, never by the address itself.
pub async fn measure(State((meters, which)): State<(Arc<Meters>, Meter)>, request: Request, next: Next) -> Response {
    let served = match which {
        Meter::Api => &meters.api,
        Meter::Console => &meters.console,
    };
    let pattern = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let pattern = pattern.unwrap_or_else(|| "nowhere".to_owned());
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    };
    let route = served.route(&pattern);
    let timer = Timer::start(&route.seconds);
    let response = next.run(request).await;
    drop((timer, route));
    served.answered(&pattern, method, response.status().as_u16());
    response
}
