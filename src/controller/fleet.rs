//! Certificates of routers: two years, for one key, named by the controller.

use std::time::Duration;

use gapura_model::GatewayId;
use gapura_wire::{Sha256, SpkiPin, limits};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateSigningRequestParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, PublicKeyData as _, SerialNumber,
};
use rustls_pki_types::CertificateDer;

use crate::keys::{Keys, KeysError, name, random};

/// How long a certificate is good: two years.
pub(crate) const LIFETIME: Duration = Duration::from_hours(2 * 365 * 24);

/// A certificate begins this much before it is made, for machines whose clocks are not quite together.
const BACKDATED: Duration = Duration::from_hours(1);

/// A certificate request that may be signed.
pub(crate) struct Request {
    params: CertificateSigningRequestParams,
    /// The pin of the router's key.
    pub(crate) key: SpkiPin,
}

/// A new certificate.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate and the fleet's, PEM, leaf first.
    pub chain_pem: String,
    /// SHA-256 over the leaf's DER.
    pub fingerprint: [u8; 32],
    /// First instant (UTC).
    pub not_before: Timestamp,
    /// Last instant (UTC).
    pub not_after: Timestamp,
}

/// A certificate could not be given.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The request is too large.
    #[error("the certificate request has {0} bytes, more than {most}", most = limits::CSR_BYTES)]
    TooLarge(usize),
    /// The request cannot be read, or its signature is not by its own key.
    #[error("the certificate request is not usable ({0}): send PKCS #10 in PEM, signed by its own key")]
    Unusable(rcgen::Error),
    /// The key's kind.
    #[error("the certificate request has a key of another kind: use ECDSA P-256, P-384 or Ed25519")]
    KeyKind,
    /// It could not be signed.
    #[error("cannot sign the certificate")]
    Sign(#[source] rcgen::Error),
    /// No randomness for the serial number.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl Request {
    /// Reads and checks a request; its subject and extensions are not looked at.
    pub(crate) fn parse(pem: &str) -> Result<Self, CertificateError> {
        if pem.len() > limits::CSR_BYTES {
            return Err(CertificateError::TooLarge(pem.len()));
        }
        let params = CertificateSigningRequestParams::from_pem(pem).map_err(CertificateError::Unusable)?;
        let kinds = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519];
        if !kinds.contains(&params.public_key.algorithm()) {
            return Err(CertificateError::KeyKind);
        }
        let key = SpkiPin::of_spki(&params.public_key.subject_public_key_info());
        Ok(Self { params, key })
    }

    /// A certificate for `gateway` from `now` on.
    pub(crate) fn issue(
        mut self,
        keys: &Keys,
        gateway: &GatewayId,
        now: Timestamp,
    ) -> Result<Issued, CertificateError> {
        let (not_before, not_after) = (moved(now, BACKDATED, -1), moved(now, LIFETIME, 1));
        let [first, rest @ ..] = random::<16>()?;
        let mut serial = vec![first & 0x7f | 0x40];
        serial.extend(rest);
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name = name(gateway.as_str());
        params.serial_number = Some(SerialNumber::from(serial));
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        params.not_before = epoch + seconds(not_before);
        params.not_after = epoch + seconds(not_after);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        self.params.params = params;
        let certificate = self.params.signed_by(&keys.issuer).map_err(CertificateError::Sign)?;
        let fingerprint = fingerprint(certificate.der());
        let chain_pem = format!("{}{}", certificate.pem(), keys.fleet_pem);
        Ok(Issued { chain_pem, fingerprint, not_before, not_after })
    }
}

/// What a certificate is known by.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    *Sha256::of(certificate).as_bytes()
}

fn moved(from: Timestamp, by: Duration, sign: i32) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or_default() * sign;
    from.checked_add(by).unwrap_or(from)
}

fn seconds(at: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default())
}
