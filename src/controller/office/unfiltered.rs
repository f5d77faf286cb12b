//! Routers whose content filter is not in force: told once when it lasts, and once when it is over.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gapura_model::GatewayId;
use gapura_wire::FilterState;

/// So many heartbeats in a row are worth an alert: a router that is just starting may say so once.
const LASTS: u8 = 2;

/// How often each has said so in a row.
#[derive(Debug, Default)]
pub(super) struct Unfiltered(Mutex<BTreeMap<GatewayId, u8>>);

/// What a heartbeat changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Nothing,
    Begins,
    Over,
}

impl Unfiltered {
    /// Takes what a router says, and raises the alert or ends it.
    pub(super) fn hear(&self, gateway: &GatewayId, filter: Option<FilterState>) {
        match self.news(gateway, filter) {
            News::Nothing => {}
            News::Begins => {
                tracing::warn!(%gateway, "a router's content filter is not in force: `gapura doctor` on it says why");
            }
            News::Over => tracing::info!(%gateway, "the router's content filter is in force again"),
        }
    }

    fn news(&self, gateway: &GatewayId, filter: Option<FilterState>) -> News {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if filter.is_none_or(|filter| filter.in_force) {
            let before = all.remove(gateway).unwrap_or_default();
            return if before >= LASTS { News::Over } else { News::Nothing };
        }
        let often = all.entry(gateway.clone()).or_default();
        *often = often.saturating_add(1);
        if *often == LASTS { News::Begins } else { News::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_raised_once_when_it_lasts_and_ends_once() {
        let all = Unfiltered::default();
        let (one, other): (GatewayId, GatewayId) = ("gw-1".parse().unwrap(), "gw-2".parse().unwrap());
        let hear = |gateway, in_force: Option<bool>| {
            all.news(gateway, in_force.map(|in_force| FilterState { in_force, index: None }))
        };
        assert_eq!(hear(&one, Some(false)), News::Nothing, "it may be starting");
        assert_eq!(hear(&other, Some(false)), News::Nothing);
        assert_eq!(hear(&other, Some(true)), News::Nothing, "nobody was told");
        assert_eq!(hear(&one, Some(false)), News::Begins);
        for _ in 0..1000 {
            assert_eq!(hear(&one, Some(false)), News::Nothing);
        }
        assert_eq!(hear(&one, Some(true)), News::Over);
        assert_eq!(hear(&one, Some(true)), News::Nothing);
        assert_eq!(hear(&one, None), News::Nothing, "an older router says nothing of it");
    }
}
