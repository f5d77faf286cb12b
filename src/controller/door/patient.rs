//! A connection whose other end has to take what it asked for: who does not read holds a place and what was made for them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How slow the other end may be.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// It may take nothing for so long.
    pub pause: Duration,
    /// What it takes gives back a second of that for so many octets.
    pub rate: u32,
}

/// What of a pause is left.
#[derive(Debug)]
struct Left {
    patience: Patience,
    left: Duration,
}

impl Left {
    /// It took `octets` after it was waited for so long.
    fn took(&mut self, octets: usize, waited: Duration) {
        let back =
            Duration::from_secs(1).saturating_mul(u32::try_from(octets).unwrap_or(u32::MAX)) / self.patience.rate;
        self.left = (self.left.saturating_sub(waited) + back).min(self.patience.pause);
    }
}

/// A connection that ends when the other end takes too little.
#[derive(Debug)]
pub(super) struct Patient<T> {
    inner: T,
    left: Left,
    /// Since when it is waited for.
    since: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
}

impl<T> Patient<T> {
    pub(super) fn new(inner: T, patience: Patience) -> Self {
        let left = Left { patience, left: patience.pause };
        Self { inner, left, since: None, alarm: Box::pin(sleep_until(Instant::now())) }
    }

    /// Passes on what came of writing, unless it took too long.
    fn judged(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(done) => {
                let waited = self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
                self.left.took(done.as_ref().copied().unwrap_or_default(), waited);
                Poll::Ready(done)
            }
            Poll::Pending => {
                if self.since.is_none() {
                    let now = Instant::now();
                    self.since = Some(now);
                    self.alarm.as_mut().reset(now + self.left.left);
                }
                ready!(self.alarm.as_mut().poll(context));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other end does not read")))
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, octets);
        self.judged(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, parts);
        self.judged(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context).map_ok(|()| 0);
        self.judged(context, flushed).map_ok(|_| ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.inner).poll_shutdown(context).map_ok(|()| 0);
        self.judged(context, shut).map_ok(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const SHORT: Patience = Patience { pause: Duration::from_millis(300), rate: 1024 };

    /// What became of sending more than fits between the two.
    async fn send(ours: tokio::io::DuplexStream) -> io::ErrorKind {
        let mut ours = Patient::new(ours, SHORT);
        let all = vec![0; 64 * 1024];
        let sent = tokio::time::timeout(Duration::from_mins(1), ours.write_all(&all));
        sent.await.unwrap().unwrap_err().kind()
    }

    #[tokio::test]
    async fn whoever_does_not_read_is_left() {
        let (ours, _theirs) = tokio::io::duplex(1024);
        assert_eq!(send(ours).await, io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_octet_now_and_then_is_not_reading() {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let trickle = async {
            while theirs.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let ended = tokio::select! {
            ended = send(ours) => ended,
            () = trickle => panic!("all was read"),
        };
        assert_eq!(ended, io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_is_taken_gives_time_back() {
        let patience = Patience { pause: Duration::from_secs(30), rate: 1024 };
        let mut left = Left { patience, left: patience.pause };
        left.took(0, Duration::from_secs(20));
        assert_eq!(left.left.as_secs(), 10);
        left.took(5 * 1024, Duration::from_secs(5));
        assert_eq!(left.left.as_secs(), 10, "as quick as it has to be");
        left.took(1024 * 1024, Duration::from_secs(9));
        assert_eq!(left.left.as_secs(), 30, "no more than at first");
        left.took(1, Duration::from_mins(5));
        assert!(left.left < Duration::from_millis(1));
    }
}
