//! A request is heard out: who is answered before all was said would else find the connection broken, and the answer lost.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::HttpBody;
use gapura_runtime::Tasks;
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use tokio::time::timeout;

/// So long is somebody heard out who is answered already.
const TIME: Duration = Duration::from_secs(5);
/// So many octets of it.
const OCTETS: usize = 4 * 1024 * 1024;

/// A request's body. What of it nobody read is taken and passed over, within bounds: closing a connection whose octets were
/// not all taken resets it (RFC 9112 section 9.6), and what was under way to the client is lost.
#[derive(Debug)]
pub(super) struct Hearing {
    body: Option<Incoming>,
    /// `None`: is not heard out.
    tasks: Option<Tasks>,
}

impl Hearing {
    pub(super) const fn new(body: Incoming, tasks: Option<Tasks>) -> Self {
        Self { body: Some(body), tasks }
    }
}

impl HttpBody for Hearing {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        self.body.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        let body = self.body.take().filter(|body| !body.is_end_stream());
        if let (Some(body), Some(tasks)) = (body, &self.tasks) {
            tasks.spawn("hearing a request out", async move { timeout(TIME, pass_over(body)).await });
        }
    }
}

async fn pass_over(mut body: Incoming) {
    let mut octets = 0;
    while let Some(Ok(frame)) = body.frame().await {
        octets += frame.data_ref().map_or(0, Bytes::len);
        if octets > OCTETS {
            return;
        }
    }
}
