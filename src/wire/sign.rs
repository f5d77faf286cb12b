//! Bundles under a signature: exact bytes, Ed25519, and the only way from bytes to a [`Bundle`].

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use gapura_model::{Generation, SiteId};
use serde::{Deserialize, Serialize};

use crate::bytes::{base64, base64_bytes, hex, parse_base64, parse_hex};
use crate::{Bundle, Sha256, VERSION, limits};

/// Which signing key: the first 8 bytes of SHA-256 over the public key, as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId([u8; 8]);

impl TryFrom<String> for KeyId {
    type Error = crate::ParseHexError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse_hex(&text).map(Self)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The public key that bundles and times are checked with, written `ed25519:` and 44 characters of base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BundleKey(VerifyingKey);

/// A text is not a bundle key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a signing key: expected \"ed25519:\" and 44 characters of base64 of a strong public key")]
pub struct ParseBundleKeyError;

impl BundleKey {
    /// Its id.
    pub fn id(&self) -> KeyId {
        KeyId(Sha256::of(self.0.as_bytes()).as_bytes().first_chunk().copied().unwrap_or_default())
    }

    /// Whether `signature` (64 bytes) over an index's root is this key's.
    pub fn verifies_index(&self, root: &[u8; 32], signature: &[u8]) -> bool {
        self.verifies(&index_message(root), signature)
    }

    /// Whether `signature` (64 bytes) over `message` is this key's, by the strict rule that leaves no malleable forms.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }
}

impl FromStr for BundleKey {
    type Err = ParseBundleKeyError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.trim().strip_prefix("ed25519:").and_then(parse_base64::<32>).ok_or(ParseBundleKeyError)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| ParseBundleKeyError)?;
        if key.is_weak() { Err(ParseBundleKeyError) } else { Ok(Self(key)) }
    }
}

impl TryFrom<String> for BundleKey {
    type Error = ParseBundleKeyError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BundleKey> for String {
    fn from(key: BundleKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for BundleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519:{}", base64(self.0.as_bytes()))
    }
}

/// The controller's signing key.
pub struct BundleSigner(SigningKey);

impl fmt::Debug for BundleSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BundleSigner([secret])")
    }
}

impl BundleSigner {
    /// From a 32-byte secret seed (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The key gateways check with.
    pub fn public(&self) -> BundleKey {
        BundleKey(self.0.verifying_key())
    }

    /// Writes `bundle` down once and signs exactly those bytes.
    pub fn sign(&self, bundle: &Bundle) -> Result<SignedBundle, BundleError> {
        let bytes = serde_json::to_vec(bundle).map_err(BundleError::Unreadable)?;
        if bytes.len() > limits::BUNDLE_BYTES {
            return Err(BundleError::TooLarge { bytes: bytes.len() });
        }
        let signature = self.signature(&bytes);
        Ok(SignedBundle { key: self.public().id(), signature, bundle: bytes })
    }

    /// The signature (64 bytes) over an index's root.
    pub fn sign_index(&self, root: &[u8; 32]) -> Vec<u8> {
        self.signature(&index_message(root))
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).to_bytes().to_vec()
    }
}

/// What is signed of an index: no other signed message begins so (bundles and times begin with a brace).
fn index_message(root: &[u8; 32]) -> Vec<u8> {
    [b"gapura index 1\0".as_slice(), root].concat()
}

/// A bundle as it is sent and stored: exact bytes, a detached signature and which key made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBundle {
    /// The key that signed.
    pub key: KeyId,
    /// Ed25519 signature over `bundle`, 64 bytes.
    #[serde(with = "base64_bytes")]
    pub signature: Vec<u8>,
    /// The bundle's JSON, byte for byte as signed.
    #[serde(with = "base64_bytes")]
    pub bundle: Vec<u8>,
}

/// Why a bundle was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Larger than [`limits::BUNDLE_BYTES`].
    #[error("the bundle has {bytes} bytes, more than the {} that are read", limits::BUNDLE_BYTES)]
    TooLarge {
        /// How large.
        bytes: usize,
    },
    /// Not JSON of a bundle.
    #[error("the bundle cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// Signed by a key that this gateway was not given.
    #[error("the bundle is signed by key {found}, not by {expected}: enrol again if the controller's key was replaced")]
    UnknownKey {
        /// The key named in the envelope.
        found: KeyId,
        /// The key that was given at enrolment.
        expected: KeyId,
    },
    /// The signature does not fit the bytes.
    #[error("the bundle's signature is wrong: it was damaged or changed on the way")]
    BadSignature,
    /// Another version of the format.
    #[error("the bundle has format version {found}, this program reads {VERSION}: upgrade the router")]
    Version {
        /// The version found.
        found: u32,
    },
    /// For another site.
    #[error("the bundle is for site {found}, this router serves {expected}")]
    WrongSite {
        /// The site it is for.
        found: SiteId,
        /// The site of this router.
        expected: SiteId,
    },
    /// Older than the one in force.
    #[error("the bundle has generation {found}, older than {in_force} which is in force")]
    Older {
        /// Its generation.
        found: Generation,
        /// The generation in force.
        in_force: Generation,
    },
    /// Well signed and yet not usable, for example a plan that is not there.
    #[error("the bundle contradicts itself: {0}")]
    Contradiction(String),
}

impl SignedBundle {
    /// Reads the form that is sent and stored on disk, without believing it yet.
    pub fn from_json(text: &[u8]) -> Result<Self, BundleError> {
        if text.len() > limits::SIGNED_BUNDLE_BYTES {
            return Err(BundleError::TooLarge { bytes: text.len() });
        }
        serde_json::from_slice(text).map_err(BundleError::Unreadable)
    }

    /// The form that is sent and stored on disk.
    pub fn to_json(&self) -> Result<Vec<u8>, BundleError> {
        serde_json::to_vec(self).map_err(BundleError::Unreadable)
    }

    /// Believes the bundle if `key` signed it, for `site`, and it is not older than `in_force` (the same generation is taken
    /// again: a gateway reads its stored bundle at start).
    pub fn verify(&self, key: &BundleKey, site: &SiteId, in_force: Generation) -> Result<Bundle, BundleError> {
        if self.bundle.len() > limits::BUNDLE_BYTES {
            return Err(BundleError::TooLarge { bytes: self.bundle.len() });
        }
        if self.key != key.id() {
            return Err(BundleError::UnknownKey { found: self.key, expected: key.id() });
        }
        if !key.verifies(&self.bundle, &self.signature) {
            return Err(BundleError::BadSignature);
        }
        let Envelope { version } = serde_json::from_slice(&self.bundle).map_err(BundleError::Unreadable)?;
        if version != VERSION {
            return Err(BundleError::Version { found: version });
        }
        let bundle: Bundle = serde_json::from_slice(&self.bundle).map_err(BundleError::Unreadable)?;
        if bundle.site.id != *site {
            return Err(BundleError::WrongSite { found: bundle.site.id, expected: site.clone() });
        }
        if bundle.generation < in_force {
            return Err(BundleError::Older { found: bundle.generation, in_force });
        }
        bundle.check().map_err(BundleError::Contradiction)?;
        Ok(bundle)
    }
}

/// What is read first: a later version may have other fields.
#[derive(Deserialize)]
struct Envelope {
    version: u32,
}
