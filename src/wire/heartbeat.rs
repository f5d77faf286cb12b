//! A gateway says how it is; the controller answers with the time, signed.

use gapura_model::{BootId, ClockTrust, GatewayId, Generation};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bytes::base64_bytes;
use crate::{AuditAnchor, BundleKey, BundleSigner, KeyId, PortalBase, VoucherTag};

/// What a gateway is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GatewayState {
    /// Not ready yet.
    Starting,
    /// Letting visitors in.
    Serving,
    /// Outside its hours.
    Closed,
    /// The uplink is down.
    UplinkDown,
    /// *Buka darurat*: open to everybody.
    OpenInEmergency,
    /// Serving, with something broken that `gapura doctor` names.
    Degraded,
}

/// Where the gateway's clock was set from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockSource {
    /// Nothing but the last time on disk.
    Disk,
    /// A battery-backed clock.
    Rtc,
    /// The network time protocol.
    Ntp,
    /// The controller's signed time.
    Controller,
}

/// How good the gateway's clock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockQuality {
    /// Whether calendars believe it.
    pub trust: ClockTrust,
    /// Where it comes from.
    pub source: ClockSource,
}

/// Programs on the router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Gapura.
    pub gapura: String,
    /// The kernel's release.
    pub kernel: String,
}

/// What waits to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxState {
    /// Records not yet acknowledged.
    pub records: u64,
    /// Records that were dropped because the outbox was full, since the database was made.
    pub dropped: u64,
}

/// The uplink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UplinkState {
    /// Whether it carries.
    pub up: bool,
    /// Since when (UTC), as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// The content filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterState {
    /// What the bundle says of it is in force, or it says nothing. False: it could not be read, the kernel did not take it, or
    /// no name is answered for want of an index.
    pub in_force: bool,
    /// The version of the index of lists that is used; none: no lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// What a router says of its own surroundings: should it fall silent, these are its last words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Words {
    /// It runs on its battery, which holds so many percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery: Option<u8>,
    /// Its disk is filled to so many percent; only said from 80 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<u8>,
}

/// How a gateway is; sent about every minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// What it is doing.
    pub state: GatewayState,
    /// The run of its kernel.
    pub boot: BootId,
    /// Seconds since that run began.
    pub uptime_seconds: u64,
    /// Programs.
    pub versions: Versions,
    /// Its clock's time as it sent this (UTC).
    pub sent: Timestamp,
    /// How good that clock is.
    pub clock: ClockQuality,
    /// What waits to be sent.
    pub outbox: OutboxState,
    /// The uplink.
    pub uplink: UplinkState,
    /// The bundle in force; 0 = none yet.
    pub generation: Generation,
    /// Visits running.
    pub online: u32,
    /// Where visitors reach its portal; none from a router that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<PortalBase>,
    /// The content filter; none from a router that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterState>,
    /// What it says of its surroundings, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
    /// 16 fresh random bytes that come back in the signed time, so that an old answer cannot be played again.
    #[serde(with = "base64_bytes")]
    pub nonce: Vec<u8>,
}

/// The controller's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatReply {
    /// The controller's time.
    pub time: SignedTime,
    /// The newest bundle published for this site; 0 = none.
    pub generation: Generation,
    /// The certificate is past its half-life: send a [`crate::RenewRequest`].
    pub renew: bool,
    /// Vouchers of groups whose unused share is wanted elsewhere: give back what can be spared (`POST /v1/shares`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recalled: Vec<VoucherTag>,
    /// The newest signed head of the audit log, for the gateway to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditAnchor>,
}

/// What is signed: a time, for one gateway and one heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeStatement {
    /// Always `gapura time 1`: no other signed message can be mistaken for this one.
    pub purpose: String,
    /// For which gateway.
    pub gateway: GatewayId,
    /// The nonce of its heartbeat.
    #[serde(with = "base64_bytes")]
    pub nonce: Vec<u8>,
    /// The controller's clock (UTC) as it answered.
    pub time: Timestamp,
}

/// The controller's time under its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedTime {
    /// The key that signed.
    pub key: KeyId,
    /// Ed25519 signature over `statement`.
    #[serde(with = "base64_bytes")]
    pub signature: Vec<u8>,
    /// JSON of a [`TimeStatement`], byte for byte as signed.
    #[serde(with = "base64_bytes")]
    pub statement: Vec<u8>,
}

/// Why a signed time was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not this controller's signature.
    #[error("the controller's time is not signed by its key")]
    BadSignature,
    /// Not a statement about time.
    #[error("the controller's time cannot be read")]
    Unreadable,
    /// For another gateway or heartbeat.
    #[error("the controller's time answers another question: an old answer was played again")]
    NotForUs,
}

const PURPOSE: &str = "gapura time 1";

impl SignedTime {
    /// Signs `time` for `gateway` and the heartbeat with `nonce`.
    pub fn sign(
        signer: &BundleSigner,
        gateway: GatewayId,
        nonce: Vec<u8>,
        time: Timestamp,
    ) -> Result<Self, serde_json::Error> {
        let statement = serde_json::to_vec(&TimeStatement { purpose: PURPOSE.to_owned(), gateway, nonce, time })?;
        Ok(Self { key: signer.public().id(), signature: signer.signature(&statement), statement })
    }

    /// The time, if `key` signed it for `gateway` and `nonce`.
    pub fn verify(&self, key: &BundleKey, gateway: &GatewayId, nonce: &[u8]) -> Result<Timestamp, TimeError> {
        if self.key != key.id() || !key.verifies(&self.statement, &self.signature) {
            return Err(TimeError::BadSignature);
        }
        let said: TimeStatement = serde_json::from_slice(&self.statement).map_err(|_| TimeError::Unreadable)?;
        if said.purpose == PURPOSE && said.gateway == *gateway && said.nonce == nonce {
            Ok(said.time)
        } else {
            Err(TimeError::NotForUs)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_time_answers_one_question_only() {
        let signer = BundleSigner::from_seed(&[7; 32]);
        let (gateway, other): (GatewayId, GatewayId) = ("gw-1".parse().unwrap(), "gw-2".parse().unwrap());
        let time = Timestamp::from_second(1_800_000_000).unwrap();
        let signed = SignedTime::sign(&signer, gateway.clone(), vec![1; 16], time).unwrap();
        assert_eq!(signed.verify(&signer.public(), &gateway, &[1; 16]), Ok(time));
        assert_eq!(signed.verify(&signer.public(), &gateway, &[2; 16]), Err(TimeError::NotForUs));
        assert_eq!(signed.verify(&signer.public(), &other, &[1; 16]), Err(TimeError::NotForUs));
        assert_eq!(
            signed.verify(&BundleSigner::from_seed(&[8; 32]).public(), &gateway, &[1; 16]),
            Err(TimeError::BadSignature)
        );
    }
}
