//! `GET /metrics` over plain HTTP, for a scraper on this machine or in the management network.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gapura_runtime::Tasks;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::page::{Format, Page};

/// Scrapers at once; further ones wait.
const SCRAPERS: usize = 4;
/// A connection that says nothing for so long is closed.
const PATIENCE: Duration = Duration::from_secs(10);
/// No scraper keeps its connection for longer.
const LONGEST: Duration = Duration::from_mins(10);

/// Takes the address figures are read at.
///
/// # Errors
/// When another program has it.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers until the process stops; what is on the page is written anew for each scrape.
pub async fn serve<F, Fut>(listener: TcpListener, tasks: Tasks, write: F)
where
    F: Fn(Page) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Page> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(SCRAPERS));
    loop {
        let accepted = tokio::select! {
            () = tasks.stopping().cancelled() => return,
            accepted = async {
                let place = places.clone().acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
        };
        let (Ok((stream, peer)), Ok(place)) = accepted else {
            // Out of files, most likely: that passes.
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let (write, stopping) = (write.clone(), tasks.stopping().clone());
        tasks.spawn("metrics: scraper", async move {
            let _place = place;
            let service = service_fn(move |request| answer(request, write.clone()));
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(16 * 1024);
            let connection = http.serve_connection(TokioIo::new(stream), service);
            tokio::pin!(connection);
            tokio::select! {
                ended = &mut connection => if let Err(error) = ended {
                    tracing::debug!(%peer, %error, "a scraper's connection broke off");
                },
                () = tokio::time::sleep(LONGEST) => {}
                () = stopping.cancelled() => {}
            }
        });
    }
}

async fn answer<F, Fut>(request: Request<Incoming>, write: F) -> Result<Response<Full<Bytes>>, Infallible>
where
    F: Fn(Page) -> Fut,
    Fut: Future<Output = Page>,
{
    let plain = |status: StatusCode, text: &'static str| {
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != "/metrics" {
        return Ok(plain(StatusCode::NOT_FOUND, "figures are at /metrics\n"));
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "figures are only read\n");
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
        return Ok(response);
    }
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let (format, text) = write(Page::new(Format::of(accept))).await.finish();
    let mut response = Response::new(Full::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(format.content_type()));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}
