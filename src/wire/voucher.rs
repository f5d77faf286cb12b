//! Vouchers as they travel: keyed hashes, never codes.

use std::time::Duration;

use gapura_model::{AccountName, HolderId, PlanId, Secret, VoucherCode, VoucherToken};
use gapura_session::Share;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// HMAC-SHA-256 of a voucher's code under its site's key, written as 64 hexadecimal digits; also [`HolderId::Voucher`]'s bytes.
pub type VoucherTag = crate::Sha256;

/// A site's key for voucher codes, 32 bytes. Travels only inside a bundle, over mutual TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VoucherKey(#[serde(with = "crate::bytes::secret_32")] Secret<[u8; 32]>);

impl VoucherKey {
    /// From 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// The key's bytes, for the controller's database.
    pub const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// What stands in the bundle for `code`.
    pub fn tag(&self, code: &VoucherCode) -> VoucherTag {
        self.mac(b"voucher\0", code.expose().as_bytes())
    }

    /// What stands in the bundle for a voucher's one-time token.
    pub fn token_tag(&self, token: &VoucherToken) -> VoucherTag {
        self.mac(b"voucher-token\0", token.expose())
    }

    /// What stands in the bundle for the account `name`.
    pub fn account_tag(&self, name: &AccountName) -> crate::Sha256 {
        self.mac(b"account\0", name.as_str().as_bytes())
    }

    fn mac(&self, domain: &[u8], value: &[u8]) -> crate::Sha256 {
        crate::Sha256::from_bytes(hmac_sha256(self.0.expose(), domain, value))
    }
}

/// A voucher that a site accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    /// Which code: its HMAC under the site's key.
    pub tag: VoucherTag,
    /// Which one-time token lets in as well, once: see [`VoucherKey::token_tag`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<VoucherTag>,
    /// The plan it opens.
    pub plan: PlanId,
    /// *Waktu pakai*: time online it is worth in all, in seconds; none = what the plan says.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "opt_seconds")]
    pub use_time: Option<Duration>,
    /// *Pakai sebelum*: from this moment on (UTC) it opens nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_before: Option<Timestamp>,
    /// Devices at once, 1 or more; none = what the plan says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<u16>,
    /// The voucher was made for a group of sites: the share this site begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// Withdrawn by staff.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

impl Voucher {
    /// The holder its balances belong to.
    pub const fn holder(&self) -> HolderId {
        HolderId::Voucher(*self.tag.as_bytes())
    }
}

/// HMAC-SHA-256 (RFC 2104) over `domain` and `value` joined; `domain` ends with a zero byte, so that no two uses collide.
pub(crate) fn hmac_sha256(key: &[u8; 32], domain: &[u8], value: &[u8]) -> [u8; 32] {
    // RFC 2104 section 2: a short key is padded with zeros to the hash's block of 64 bytes.
    let mut block = [0; 64];
    for (padded, byte) in block.iter_mut().zip(key) {
        *padded = *byte;
    }
    let mut mac = Hmac::<sha2::Sha256>::new(&block.into());
    mac.update(domain);
    mac.update(value);
    mac.finalize().into_bytes().into()
}

/// Whole seconds as a number.
pub(crate) mod opt_seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde's `with` hands over a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        time.map(|time| time.as_secs()).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Duration::from_secs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_is_rfc_2104() {
        // Computed by another implementation over the same key and text.
        let tag = hmac_sha256(&[0x0b; 32], b"", b"Hi There");
        assert_eq!(crate::bytes::hex(&tag), "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
    }

    #[test]
    fn a_code_has_one_tag_per_site() {
        let code: VoucherCode = "ABCDE23456".parse().unwrap();
        let (here, there) = (VoucherKey::new([1; 32]), VoucherKey::new([2; 32]));
        assert_eq!(here.tag(&code), here.tag(&"abcde-23456".parse().unwrap()));
        assert_ne!(here.tag(&code), there.tag(&code));
        assert_ne!(here.account_tag(&"abcde23456".parse().unwrap()), here.tag(&code));
        assert!(!format!("{here:?}").contains("1, 1"));
        // A token is never taken for a code, whatever its bytes are.
        let token = VoucherToken::new(*b"ABCDE23456ABCDE2");
        assert_ne!(here.token_tag(&token), there.token_tag(&token));
        assert_ne!(here.token_tag(&token), here.mac(b"voucher\0", token.expose()));
    }
}
