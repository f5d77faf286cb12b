//! What is known of one encrypted connection while it stands: how much it owes, whether it still says anything.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::framed::Framed;
use super::http::Http;
use super::miss::Miss;
use super::question::Question;

/// Questions that may wait on one connection at once.
pub(crate) const PIPELINE: u32 = 128;
/// How often a connection that is to end looks whether somebody still waits on it.
const LOOK: Duration = Duration::from_millis(20);

/// One connection, shared by all who ask over it.
#[derive(Clone)]
pub(crate) enum Line {
    /// DNS messages behind their lengths, over TLS.
    Framed(Framed),
    /// HTTP/2 over TLS.
    Http(Http),
}

/// The state of a connection.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Questions without their answers.
    waiting: AtomicU32,
    /// Questions sent.
    sent: AtomicU64,
    /// Whole answers received, to whatever question.
    heard: AtomicU64,
    /// Nothing was heard for a while although something is owed: others had better go another way.
    silent: AtomicBool,
    closed: AtomicBool,
}

impl Line {
    pub(crate) fn pulse(&self) -> &Pulse {
        match self {
            Self::Framed(framed) => framed.pulse(),
            Self::Http(http) => http.pulse(),
        }
    }

    /// Asks over this connection; `soon` is how long an answer usually takes at most.
    pub(crate) async fn ask(&self, question: &Question, soon: Duration) -> Result<Vec<u8>, Miss> {
        let pulse = self.pulse();
        let before = pulse.heard.load(Ordering::Relaxed);
        let answer = async {
            match self {
                Self::Framed(framed) => framed.ask(question).await,
                Self::Http(http) => http.ask(question).await,
            }
        };
        let mut answer = std::pin::pin!(answer);
        if let Ok(answer) = timeout(soon, &mut answer).await {
            return answer;
        }
        if pulse.heard.load(Ordering::Relaxed) == before {
            pulse.silent.store(true, Ordering::Relaxed);
        }
        answer.await
    }
}

impl Pulse {
    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Whether it has never answered anything.
    pub(crate) fn is_barren(&self) -> bool {
        self.heard.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(crate) fn asks(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn owes_less(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn hears(&self) {
        self.heard.fetch_add(1, Ordering::Relaxed);
        self.silent.store(false, Ordering::Relaxed);
    }

    /// Ends when the connection is of no more use: it owed answers all through `stall` and gave none, or nobody asked
    /// anything for `idle`. Octets that never become an answer count for nothing, however long they drip.
    pub(crate) async fn fades(&self, stall: Duration, idle: Duration) {
        let mut unused = Duration::ZERO;
        loop {
            let (owed, sent, heard) = self.look();
            sleep(stall).await;
            let (_, sent_now, heard_now) = self.look();
            if heard_now != heard {
                unused = Duration::ZERO;
            } else if owed > 0 {
                tracing::debug!("a connection to an upstream owes answers and says nothing");
                return;
            } else if sent_now == sent {
                unused += stall;
                if unused >= idle {
                    return;
                }
            } else {
                unused = Duration::ZERO;
            }
        }
    }

    /// Ends once nobody waits on it.
    pub(crate) async fn settles(&self, nobody_waits: impl Fn() -> bool) {
        while !nobody_waits() {
            sleep(LOOK).await;
        }
    }

    fn look(&self) -> (u32, u64, u64) {
        (self.waiting(), self.sent.load(Ordering::Relaxed), self.heard.load(Ordering::Relaxed))
    }
}
