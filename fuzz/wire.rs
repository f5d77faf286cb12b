//! What gateways and controllers send each other.

use gapura_wire::{
    AccountAnswer, AccountCheck, BalanceReport, Bundle, BundleOutcome, DeskReply, DeskReport, EnrolAnswer,
    EnrolRequest, Heartbeat, HeartbeatReply, HelpRequests, HelpRequestsAck, Problem, ReceivedBatch, RenewAnswer,
    RenewRequest, ShareAnswer, ShareReport, SignedBundle, UsageAck,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Any text is every message or none; what is read is written so that it reads the same.
pub(crate) fn message(input: &[u8]) {
    if let Some(bundle) = survives::<Bundle>(input) {
        let _ = bundle.check();
    }
    if let Ok(batch) = serde_json::from_slice::<ReceivedBatch>(input) {
        let _ = batch.check();
    }
    let _ = SignedBundle::from_json(input);
    survives::<Heartbeat>(input);
    survives::<HeartbeatReply>(input);
    survives::<EnrolRequest>(input);
    survives::<EnrolAnswer>(input);
    survives::<RenewRequest>(input);
    survives::<RenewAnswer>(input);
    survives::<BalanceReport>(input);
    survives::<ShareReport>(input);
    survives::<ShareAnswer>(input);
    survives::<AccountCheck>(input);
    survives::<AccountAnswer>(input);
    survives::<BundleOutcome>(input);
    if let Some(report) = survives::<DeskReport>(input) {
        let _ = report.problem();
    }
    survives::<DeskReply>(input);
    survives::<UsageAck>(input);
    survives::<Problem>(input);
    if let Some(asked) = survives::<HelpRequests>(input) {
        let _ = asked.requests.iter().filter_map(gapura_wire::HelpRequest::problem).count();
    }
    survives::<HelpRequestsAck>(input);
}

fn survives<T: DeserializeOwned + Serialize>(input: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(input).ok()?;
    let written = serde_json::to_vec(&read).unwrap();
    let again: T = serde_json::from_slice(&written).unwrap();
    assert_eq!(serde_json::to_vec(&again).unwrap(), written);
    Some(read)
}
