//! Requests for help on their way to the controller.

use std::time::Duration;

use gapura_wire::{HelpRequests, limits};

use super::serve::{Link, Luck, start_delay};

/// Requests that were not taken are offered again this often.
const AGAIN: Duration = Duration::from_mins(1);

/// Sends requests until the controller has them.
pub(super) async fn send_requests(link: Link) {
    start_delay().await;
    let mut luck = Luck::new("requests");
    loop {
        let mut rest = AGAIN;
        let waiting = link.requests.waiting(limits::REQUESTS);
        if !waiting.is_empty() {
            match link.controller().requests(&HelpRequests { requests: waiting }).await {
                Ok(ack) => {
                    luck.good();
                    link.requests.told(&ack);
                    if let Some(seconds) = ack.retry_seconds {
                        rest = Duration::from_secs(seconds.into()).max(AGAIN);
                        tokio::time::sleep(rest).await;
                    }
                    if ack.retry_seconds.is_none() && !(ack.stored.is_empty() && ack.refused.is_empty()) {
                        continue;
                    }
                }
                Err(error) => {
                    luck.bad(&error).await;
                    continue;
                }
            }
        }
        let _ = tokio::time::timeout(rest, link.requests.filed()).await;
    }
}
