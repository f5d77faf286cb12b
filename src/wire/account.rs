//! Signing in with an account.

use gapura_model::{AccountName, PlanId, Secret};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Sha256;

/// A visitor's name and password, for the controller to check; sent only over mutual TLS, never stored by a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountCheck {
    /// The account.
    pub name: AccountName,
    /// The password as typed.
    #[serde(with = "secret_text")]
    pub password: Secret<String>,
}

/// What a gateway may keep for 30 days of an account that signed in there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountGrant {
    /// The Argon2id verifier (PHC text), so that the next sign-in works with the controller away.
    #[serde(with = "secret_text")]
    pub verifier: Secret<String>,
    /// The plan it opens.
    pub plan: PlanId,
    /// Devices at once; none = what the plan says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<u16>,
    /// When the verifier was made (UTC); an [`AccountChange`] after this makes the gateway forget it.
    pub made: Timestamp,
    /// When the gateway forgets it (UTC).
    pub until: Timestamp,
}

/// The controller's word on an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum AccountAnswer {
    /// Name and password fit.
    Accepted(AccountGrant),
    /// They do not, or there is no such account: the two are not told apart.
    Wrong,
    /// The account was closed by staff, or may not be used at this site.
    Closed,
    /// Too many checks at once: ask again in so many seconds.
    Busy {
        /// Seconds to wait.
        retry_seconds: u32,
    },
}

/// An account changed lately: verifiers made before `since` are forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChange {
    /// The account, as [`crate::VoucherKey::account_tag`] of its name.
    pub tag: Sha256,
    /// When (UTC).
    pub since: Timestamp,
    /// Closed by staff: running visits end too. A new password leaves them alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// Secret text, in the clear on the wire and nowhere else.
mod secret_text {
    use gapura_model::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Secret<String>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret<String>, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}
