//! Records a second into the usage log, beside a bare insert of the same rows.
//!
//! Batches are as gateways send them: JSON, read and stored by the controller's own use-case, exactly once, with the sums of their
//! hours; sixteen gateways send at once, as after an outage of the controller. Beside it stands what the database does at best for the same
//! rows: one connection that inserts each batch's rows into the same table, in one statement and one commit, and does nothing else. Both
//! commits are durable. In turns, so that a busy machine slows both.
//!
//! The first case calls the use-case in this process, the second sends over HTTP and mutual TLS, a connection for the batches of a
//! gateway that follow each other, as a backlog is sent.

mod bare;
mod batches;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gapura_controller::{Enlisted, Serving, SiteDocument, load_config, serve};
use gapura_lab::LabError;
use gapura_lab::clock::Stopwatch;
use gapura_lab::config::{SiteWish, plan_file, site_document};
use gapura_runtime::{Believe, ClockStart, SystemClock, Tasks};
use gapura_wire::UsageAck;
use http::{Method, StatusCode};
use tokio::task::JoinSet;

use self::bare::Bare;
use self::batches::Batch;
use crate::cli::{Effort, note};
use crate::client::{Caller, Identity};
use crate::home::{Gone, controller_toml};
use crate::postgres::{Durable, Postgres};
use crate::{BenchError, Line, Metric, Report};

/// Ingest keeps up at least so much of the bare insert.
const WANTED: f64 = 0.7;
/// Gateways that send at once.
const SENDERS: usize = 16;
/// Records in a batch: what piled up in a long outage, what a busy gallery tells at once, an ordinary minute.
const SIZES: [usize; 3] = [1000, 100, 10];
const GRACE: Duration = Duration::from_secs(10);

/// Measures both databases.
pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), BenchError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(BenchError::io("start a runtime"))?;
    let home = Gone::make("ingest")?;
    for kind in ["sqlite", "postgres"] {
        let directory = home.path().join(kind);
        let server = match kind {
            "postgres" => Some(Postgres::start(&home.path().join("server"), Durable::Yes)?),
            _ => None,
        };
        let database = match &server {
            Some(server) => server.database()?,
            None => format!("sqlite:{}", directory.join("controller.db").display()),
        };
        runtime.block_on(one(kind, &directory, &database, effort, report))?;
    }
    Ok(())
}

/// One database, with a controller that serves it.
async fn one(
    kind: &str,
    directory: &Path,
    database: &str,
    effort: Effort,
    report: &mut Report,
) -> Result<(), BenchError> {
    let (config, _) = controller_toml(directory, database, 2048)?;
    let config = load_config(&config).map_err(wrong("the configuration"))?;
    let clock = Arc::new(SystemClock::start(ClockStart { believe: Believe::Always, floor: None }));
    let tasks = Tasks::new();
    let serving = serve(&config, clock, &tasks).await.map_err(wrong("the controller"))?;
    let fleet = Fleet::new(&serving).await?;
    let mut bare = Bare::open(database).await?;
    let (rounds, total) = (effort.rounds(7, 3), if effort.quick { 4_000 } else { 20_000 });
    // What is inserted bare is never sent: a gateway's numbers have no gap.
    let (mut numbers, mut of_rows) = (batches::Numbers::of_series(0), batches::Numbers::of_series(1));
    for size in SIZES {
        let each = (total / size / SENDERS).max(1);
        note(&format!("{kind}: {} batches of {size} records, {rounds} rounds", each * SENDERS));
        let (mut bare_runs, mut runs, mut sent_runs) = (Vec::new(), Vec::new(), Vec::new());
        // The first round warms up caches and statements.
        for round in 0..=rounds {
            gapura_lab::signal::check()?;
            let rows = fleet.batches(&mut of_rows, each, size)?;
            let (stored, sent) = (fleet.batches(&mut numbers, each, size)?, fleet.batches(&mut numbers, each, size)?);
            let beside = bare.insert(&rows).await?;
            let (own, over_http) = (fleet.store(stored).await?, fleet.send(sent).await?);
            if round > 0 {
                bare_runs.push(beside);
                runs.push(own);
                sent_runs.push(over_http);
            }
        }
        for (how, runs) in [("", runs), (" over HTTPS", sent_runs)] {
            let case = format!("{SENDERS} at once, batches of {size}, {kind}{how}");
            let line = Line::alone("ingest", &case, Metric::Rate, "records/s", runs);
            let line = line.beside("bare insert", bare_runs.clone());
            if line.ratio.is_some_and(|ratio| ratio < WANTED) {
                note(&format!("{case}: less than {WANTED} of the bare insert"));
            }
            report.add(&line)?;
        }
    }
    fleet.nothing_lost(&serving, bare.rows()).await?;
    bare.close().await;
    let left = tasks.shutdown(GRACE, std::future::pending()).await;
    serving.office.store().close().await;
    if left == gapura_runtime::Left::default() {
        Ok(())
    } else {
        Err(BenchError::void(kind, format!("the controller did not stop: {left:?}")))
    }
}

/// The gateways that send.
struct Fleet {
    members: Vec<(Enlisted, Caller)>,
    office: gapura_controller::Office,
    /// Records that were acknowledged.
    stored: AtomicUsize,
}

impl Fleet {
    async fn new(serving: &Serving) -> Result<Self, BenchError> {
        let office = &serving.office;
        let who = gapura_controller::Actor { name: "bench".to_owned(), reason: String::new() };
        let plans = toml::from_str(&plan_file(&SiteWish::default())?).map_err(wrong("the plans"))?;
        office.set_plans(&plans, &who).await.map_err(wrong("the plans"))?;
        let document: SiteDocument =
            toml::from_str(&site_document(&SiteWish::default())?).map_err(wrong("the site's document"))?;
        let identities = (0..SENDERS).map(|_| Identity::new()).collect::<Result<Vec<_>, _>>()?;
        let requests = identities.iter().map(Identity::request).collect::<Result<Vec<_>, _>>()?;
        let enlisted = office.enlist("ukur", &document, &requests).await.map_err(wrong("the fleet"))?;
        let members = enlisted.into_iter().zip(identities).map(|(member, identity)| {
            let caller = Caller::new(serving.address, &identity, &member.chain_pem)?;
            Ok((member, caller))
        });
        let members = members.collect::<Result<Vec<_>, BenchError>>()?;
        Ok(Self { members, office: office.clone(), stored: AtomicUsize::new(0) })
    }

    /// For each gateway `each` batches of `size` new visits.
    fn batches(&self, numbers: &mut batches::Numbers, each: usize, size: usize) -> Result<Vec<Vec<Batch>>, BenchError> {
        let members = self.members.iter();
        members.map(|(member, _)| (0..each).map(|_| numbers.batch(member, size)).collect()).collect()
    }

    /// Has the use-case take them; records a second.
    async fn store(&self, all: Vec<Vec<Batch>>) -> Result<f64, BenchError> {
        let (mut senders, watch) = (JoinSet::new(), Stopwatch::start());
        let records: usize = all.iter().flatten().map(|batch| batch.rows.len()).sum();
        for ((member, _), batches) in self.members.iter().zip(all) {
            let (office, member) = (self.office.clone(), member.clone());
            senders.spawn(async move {
                for batch in batches {
                    let ack = office.take_usage(&member, &batch.body).await.map_err(wrong("a batch"))?;
                    acknowledged(ack.as_ref(), &batch)?;
                }
                Ok::<_, BenchError>(())
            });
        }
        self.finish(senders, records).await?;
        Ok(records as f64 / watch.elapsed().as_secs_f64())
    }

    /// Sends them over HTTPS; records a second.
    async fn send(&self, all: Vec<Vec<Batch>>) -> Result<f64, BenchError> {
        let (mut senders, watch) = (JoinSet::new(), Stopwatch::start());
        let records: usize = all.iter().flatten().map(|batch| batch.rows.len()).sum();
        for ((_, caller), batches) in self.members.iter().zip(all) {
            let caller = caller.clone();
            senders.spawn(async move {
                let mut connection = caller.connect().await?;
                for batch in batches {
                    let (status, body) = connection.ask(Method::POST, "/v1/usage", batch.body.clone()).await?;
                    let ack = (status == StatusCode::OK).then(|| serde_json::from_slice(&body).ok()).flatten();
                    acknowledged(ack.as_ref(), &batch)?;
                }
                Ok::<_, BenchError>(())
            });
        }
        self.finish(senders, records).await?;
        Ok(records as f64 / watch.elapsed().as_secs_f64())
    }

    async fn finish(&self, mut senders: JoinSet<Result<(), BenchError>>, records: usize) -> Result<(), BenchError> {
        while let Some(sent) = senders.join_next().await {
            sent.map_err(wrong("a sender"))??;
        }
        self.stored.fetch_add(records, Ordering::Relaxed);
        Ok(())
    }

    /// The log holds all that was acknowledged, and the hours add up to it.
    async fn nothing_lost(&self, serving: &Serving, bare: usize) -> Result<(), BenchError> {
        let span = batches::span();
        let stored = self.stored.load(Ordering::Relaxed);
        let mut tx = serving.office.store().read().await.map_err(wrong("the log"))?;
        let sums = tx.visit_sums(&span).await.map_err(wrong("the log"))?;
        let hours = tx.day_sums((span.from, span.until), 0).await.map_err(wrong("the sums"))?;
        let visits: i64 = sums.iter().map(|sum| sum.visits).sum();
        let in_hours: i64 = hours.iter().map(|sum| sum.visits).sum();
        let expected = |figure: usize| i64::try_from(figure).unwrap_or(i64::MAX);
        if (visits, in_hours) == (expected(stored + bare), expected(stored)) {
            return Ok(());
        }
        let why = format!("{stored} records and {bare} rows were taken; the log holds {visits}, its hours {in_hours}");
        Err(BenchError::void("ingest", why))
    }
}

fn acknowledged(ack: Option<&UsageAck>, batch: &Batch) -> Result<(), BenchError> {
    match ack {
        Some(ack) if ack.refused.is_empty() && !ack.repeated && ack.seq == batch.seq && ack.next == batch.seq + 1 => {
            Ok(())
        }
        other => Err(BenchError::void("ingest", format!("batch {} came to {other:?}", batch.seq))),
    }
}

fn wrong<E: std::error::Error>(what: &str) -> impl Fn(E) -> BenchError {
    move |error| LabError::answer(what, gapura_model::with_causes(&error)).into()
}
