//! Values as columns hold them, and back.

use std::time::Duration;

use gapura_model::{DeviceId, HolderId};
use jiff::Timestamp;

use crate::LedgerError;

/// Microseconds, for a column.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A duration of microseconds; negative ones are never written.
pub(crate) fn duration(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

/// Octets, for a column.
pub(crate) fn octets(bytes: gapura_model::ByteCount) -> i64 {
    i64::try_from(bytes.get()).unwrap_or(i64::MAX)
}

/// Octets from a column.
pub(crate) fn bytes(octets: i64) -> gapura_model::ByteCount {
    gapura_model::ByteCount::new(u64::try_from(octets).unwrap_or_default())
}

/// A wall time of microseconds since 1970.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A voucher's HMAC as text.
pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A holder as kind and id.
pub(crate) fn holder_key(holder: &HolderId) -> (&'static str, String) {
    match holder {
        HolderId::Voucher(hash) => ("voucher", hex(hash)),
        HolderId::Account(name) => ("account", name.as_str().to_owned()),
        HolderId::Device(DeviceId { lan, mac }) => ("device", format!("{lan} {mac}")),
    }
}

/// The holder of a kind and id.
pub(crate) fn holder(table: &'static str, kind: &str, id: &str) -> Result<HolderId, LedgerError> {
    let read = || match kind {
        "voucher" => {
            let mut hash = [0; 32];
            for (place, byte) in hash.iter_mut().enumerate() {
                *byte = u8::from_str_radix(id.get(place * 2..place * 2 + 2)?, 16).ok()?;
            }
            Some(HolderId::Voucher(hash))
        }
        "account" => id.parse().ok().map(HolderId::Account),
        "device" => {
            let (lan, mac) = id.split_once(' ')?;
            Some(HolderId::Device(DeviceId { lan: lan.parse().ok()?, mac: mac.parse().ok()? }))
        }
        _ => None,
    };
    read().ok_or(LedgerError::Row { table, column: "holder" })
}
